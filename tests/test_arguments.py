"""Wrong types are told with the name of the argument."""

from __future__ import annotations

import pytest

from cleaner import Cleaner, load_rules
from cleaner.errors import ConfigError

TEXT = "Share on Facebook\nThe boat left the quay at six in the morning."


@pytest.fixture(scope="module")
def cleaner():
    return Cleaner(languages=["en"])


@pytest.mark.parametrize("text", [5, ["a"], 1.5, object()])
def test_a_text_is_a_text(cleaner, text):
    for call in (cleaner.clean, cleaner.explain, lambda one: cleaner.clean_batch([TEXT, one])):
        with pytest.raises(TypeError, match=f"^text: expected str or bytes, found {type(text).__name__}$"):
            call(text)


def test_what_is_taken_for_a_text(cleaner):
    cleaned = cleaner.clean(TEXT).text
    assert cleaned != TEXT
    for text in (TEXT.encode(), bytearray(TEXT.encode())):
        assert cleaner.clean(text).text == cleaned
    assert cleaner.clean(None).text == ""
    assert [result.text for result in cleaner.clean_batch(text for text in (TEXT, TEXT))] == [cleaned] * 2


@pytest.mark.parametrize("texts", ["abc", b"abc"])
def test_one_text_is_not_several(cleaner, texts):
    with pytest.raises(TypeError, match="^texts: expected a list"):
        cleaner.clean_batch(texts)


@pytest.mark.parametrize("name", ["urls", "langs", "titles", "htmls"])
def test_what_is_told_of_texts_is_one_value_for_each(cleaner, name):
    with pytest.raises(ValueError, match=f"^{name}: expected one for each of 2 texts, found 1"):
        cleaner.clean_batch([TEXT, TEXT], **{name: ["en"]})
    with pytest.raises(TypeError, match=f"^{name}: expected .* or None, found int"):
        cleaner.clean_batch([TEXT, TEXT], **{name: [None, 5]})
    with pytest.raises(TypeError, match=f"^{name}: expected a list, found str"):
        cleaner.clean_batch([TEXT, TEXT], **{name: "en"})


@pytest.mark.parametrize("name", ["languages", "packs", "select", "ignore", "rules"])
@pytest.mark.parametrize("value", ["/", 5])
def test_a_lone_string_is_no_list(name, value):
    with pytest.raises(ConfigError, match=f"^{name}: expected a list, found "):
        Cleaner(**{name: value})
    if name in ("languages", "select", "ignore"):
        with pytest.raises(ConfigError, match=f"^{name}: expected a list, found "):
            load_rules(**{name: value})


@pytest.mark.parametrize("score", ["0.5", 0, 1, float("nan"), 2])
def test_a_score_is_a_number_between(score):
    with pytest.raises(ConfigError, match="^min_score: expected a number between 0 and 1"):
        Cleaner(min_score=score)


def test_rules_are_rules():
    with pytest.raises(ConfigError, match="^rules: expected rules"):
        Cleaner(rules=["share"])


@pytest.mark.parametrize("jobs", [0, -1, "2"])
def test_jobs(cleaner, jobs):
    with pytest.raises(ConfigError, match="^jobs: "):
        cleaner.clean_records([{"text": TEXT}], jobs=jobs)


@pytest.mark.parametrize("jobs", [1, 2])
def test_records_are_dicts(cleaner, jobs):
    with pytest.raises(TypeError, match="^records: "):
        cleaner.clean_records({"text": TEXT})
    with pytest.raises(ConfigError, match="^records: expected dicts, found str"):
        list(cleaner.clean_records([{"text": TEXT}, TEXT], jobs=jobs))
