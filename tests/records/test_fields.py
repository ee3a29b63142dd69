"""Fields: dotted paths, presets, and the guess."""

from __future__ import annotations

import pytest

from cleaner.errors import ConfigError
from cleaner.records.fields import PRESETS, Fields, getter, guess, override, preset, resolve, shape_name

SAMPLES = {
    "fineweb": {"text": "t", "id": "i", "dump": "d", "url": "u", "language": "en", "language_score": 0.9},
    "datatrove": {"text": "t", "id": "i", "media": [], "metadata": {"url": "u", "language": "en", "title": "x"}},
    "c4": {"text": "t", "timestamp": "2019", "url": "u"},
    "redpajama": {"raw_content": "t", "url": "u", "digest": "d", "language": "en", "title": "x"},
    "oscar": {
        "content": "t",
        "warc_headers": {"warc-record-id": "i", "warc-target-uri": "u", "content-length": "3"},
        "metadata": {"identification": {"label": "en", "prob": 0.9}, "annotation": []},
    },
    "hplt": {"text": "t", "id": "i", "u": "u", "lang": "en"},
    "cms": {"id": 7, "title": "x", "body": "t", "url": "u", "language": "en"},
}


@pytest.mark.parametrize("name", SAMPLES)
def test_presets_and_guess_agree_on_known_shapes(name):
    record = SAMPLES[name]
    for fields in (PRESETS[name], guess(record)):
        assert getter(fields.text)(record) == "t"
        assert getter(fields.url)(record) == "u"
        assert not fields.lang or getter(fields.lang)(record) == "en"
        assert not fields.html


def test_guess_of_html():
    assert guess({"html": "<p>", "url": "u"}) == Fields("text", html="html", id="", url="url")


def test_guess_finds_nothing():
    assert guess({"text": None, "n": 1}) is None


def test_shape_name():
    assert shape_name(guess(SAMPLES["fineweb"])) == "fineweb"
    assert shape_name(Fields("nothing like it")) == ""


def test_paths():
    record = {"a.b": 1, "a": {"b": 2, "c.d": {"e": 3}}, "x": "leaf"}
    assert getter("a.b")(record) == 1
    assert getter("a.c.d.e")(record) == 3
    assert resolve(record, "a.c.d.e") == ("a", "c.d", "e")
    assert getter("x.y")(record) is None
    assert getter("nothing")(record) is None
    assert getter("")(record) is None


def test_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="fineweb\\?"):
        preset("finewebb")


def test_override():
    assert override(Fields(), text="body", url=None) == Fields("body")
    with pytest.raises(ConfigError, match="'texts'"):
        override(Fields(), texts="x")
