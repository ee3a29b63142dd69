"""Batches through the pipeline: nothing lost, nothing changed that need not be."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.errors import ConfigError
from cleaner.in_memory import clean_records
from cleaner.pipeline import BatchCleaner, Options, split_batch
from cleaner.records import ledger
from cleaner.records.fields import Fields
from cleaner.records.files import Batch
from tests.standin import AdRemover


def batch(*lines: bytes, first: int = 1) -> Batch:
    data = b"".join(line + b"\n" for line in lines)
    return Batch("in.jsonl", "jsonl", first, len(lines), 0, data)


def clean(*lines: bytes, fields: Fields = Fields(), first: int = 1, **options: bool):  # noqa: B008
    return BatchCleaner(AdRemover(), fields, Options(**options))(batch(*lines, first=first))


def entries(portion):
    return [json.loads(ledger.numbered(number + 1, body)) for number, body in portion.ledger]


def test_unchanged_records_leave_as_they_came():
    lines = [b'{ "text" : "caf\\u00e9" , "n": 1.0e+05 }', b"", b"  ", b'{"n":1}', b'{"text":null}\r']
    portion = clean(*lines)
    assert portion.lines == b"".join(line + b"\n" for line in lines)
    stats = portion.stats
    assert (stats.records, stats.unchanged, stats.no_text, stats.blank, stats.changed) == (3, 1, 2, 2, 0)


def test_a_changed_record_keeps_everything_else():
    line = (
        b'{"id":123456789012345678901234567890, "x":1.50,"text":"AD buy\\nbody \\ud83d\\ude00","x":[NaN],"z":"\\ud800"}'
    )
    portion = clean(line, ledger=True)
    assert portion.lines == line.replace(b"AD buy\\n", b"") + b"\n"
    [entry] = entries(portion)
    assert entry["id"] == 123456789012345678901234567890
    assert entry["edits"] == [[0, 7, "test.ad/line", 0.97, "AD buy\n"]]
    assert portion.stats.rules == {"test.ad/line": [1, 7]}


def test_big_integers_as_identifiers():
    [entry] = entries(clean(b'{"id":123456789012345678901234,"text":"AD x"}', ledger=True))
    assert entry["id"] == "123456789012345678901234"


def test_lone_surrogates_are_cleaned():
    portion = clean(b'{"text":"a \\udfff b\\nAD c"}')
    assert portion.lines == b'{"text":"a \\udfff b"}\n'


def test_bad_lines_go_to_the_quarantine():
    portion = clean(b'{"text":"a"}', b'{"text":', b"[]", b'{"text":"\xff"}', b'{"text":"AD z"}', first=7, ledger=True)
    assert portion.lines == b'{"text":"a"}\n{"text":""}\n'
    noted = [json.loads(line) for line in portion.quarantine.splitlines()]
    assert [(note["file"], note["line"]) for note in noted] == [("in.jsonl", 8), ("in.jsonl", 9), ("in.jsonl", 10)]
    assert noted[0]["raw"] == '{"text":'
    assert base64.b64decode(noted[2]["raw_base64"]) == b'{"text":"\xff"}'
    assert [(entry["line"], entry["at"]) for entry in entries(portion)] == [(2, "in.jsonl:11")]
    assert (portion.stats.quarantined, portion.stats.records, portion.count) == (3, 5, 2)


def test_an_engine_that_raises_costs_nothing():
    portion = clean(b'{"text":"AD a"}', b'{"text":"RAISE AD"}', b'{"text":"AD b"}')
    assert portion.lines == b'{"text":""}\n{"text":"RAISE AD"}\n{"text":""}\n'
    assert json.loads(portion.quarantine) == {
        "file": "in.jsonl",
        "line": 2,
        "reason": "ValueError: asked for",
        "passed": True,
    }
    assert portion.stats.passed == 1


def test_annotate_leaves_the_text():
    line = b'{"text":"AD a\\nb","n":1}'
    assert clean(line, annotate=True).lines == (
        b'{"text":"AD a\\nb","n":1,"cleaner":{"edits":[[0,5,"test.ad/line",0.97]]}}\n'
    )
    again = clean(clean(line, annotate=True).lines[:-1], annotate=True)
    assert again.lines == clean(line, annotate=True).lines


def test_nested_text_and_what_the_engine_is_told():
    told = {}

    class Listening(AdRemover):
        def clean_batch(self, texts, **known):
            told.update(known)
            return super().clean_batch(texts)

    fields = Fields("doc.text", url="meta.url", lang="lang", title="")
    line = b'{"doc":{"text":"AD a\\nb"},"meta":{"url":"u"},"lang":{"en":1},"text":"AD"}'
    portion = BatchCleaner(Listening(), fields)(batch(line))
    assert portion.lines == line.replace(b"AD a\\n", b"") + b"\n"
    assert told == {"urls": ["u"], "langs": [None]}


def test_html():
    fields = Fields(html="html")
    lines = [b'{"html":"<p>AD x\\n</p>body"}', b'{"html":"BROKEN"}', b'{"html":"<p>","text":"AD q"}']
    portion = clean(*lines, fields=fields, ledger=True)
    out = portion.lines.split(b"\n")
    assert out[0] == b'{"html":"<p>AD x\\n</p>body","text":"body"}'
    assert out[1] == lines[1]
    assert out[2] == b'{"html":"<p>","text":""}'
    assert json.loads(portion.quarantine)["reason"] == "not a page"
    assert entries(portion)[0]["was"] is None
    dropped = clean(lines[0], fields=fields, drop_html=True)
    assert dropped.lines == b'{"text":"body"}\n'


def test_drop_empty():
    portion = clean(b'{"text":"AD a"}', b'{"text":"b"}', b'{"text":"AD c"}', drop_empty=True, ledger=True)
    assert portion.lines == b'{"text":"b"}\n'
    assert [(entry["line"], entry["dropped"]) for entry in entries(portion)] == [(1, "only ads"), (2, "only ads")]
    assert (portion.stats.dropped, portion.stats.changed, portion.stats.unchanged) == (2, 0, 1)


def test_warc_becomes_records():
    data = (
        b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://a.example/\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
    )
    data += b"WARC-Date: 2024\r\nContent-Length: 9\r\n\r\nAD x\nbody\r\n\r\n"
    one = Batch("x.wet", "warc", 1, 2, 0, data * 2)
    portion = BatchCleaner(AdRemover(), Fields(), Options(ledger=True))(one)
    assert portion.lines == b'{"id":"urn:uuid:1","url":"http://a.example/","date":"2024","text":"body"}\n' * 2
    assert [entry["at"] for entry in entries(portion)] == ["x.wet:1", "x.wet:2"]
    parts = split_batch(one)
    assert b"".join(part.data for part in parts) == one.data
    assert [(part.first, part.count) for part in parts] == [(1, 1), (2, 1)]


def test_a_line_in_pieces_passes():
    work = BatchCleaner(AdRemover(), Fields())
    portions = [
        work(Batch("f", "piece", 3, count, 0, data)) for count, data in [(0, b'{"te'), (0, b"xt"), (1, b'":"AD"}')]
    ]
    assert b"".join(portion.lines for portion in portions) == b'{"text":"AD"}\n'
    assert [portion.place is None for portion in portions] == [True, True, False]
    assert json.loads(portions[2].quarantine)["line"] == 3


def test_a_text_field_is_needed():
    with pytest.raises(ConfigError):
        BatchCleaner(AdRemover(), Fields(""))


texts = st.lists(
    st.sampled_from(["AD a", "AD ünïcödé \ud800", "body / text", 'quo"te', "", "😀", "\x00\t"]), max_size=5
)


@settings(max_examples=150)
@given(st.lists(texts.map("\n".join), max_size=6), st.booleans(), st.booleans(), st.booleans())
def test_restore_gives_the_very_bytes(contents, ascii_only, slashes, drop):
    lines = []
    for number, text in enumerate(contents):
        raw = json.dumps(text, ensure_ascii=ascii_only or "\ud800" in text)
        raw = raw.replace("/", "\\/") if slashes else raw
        lines.append(f'{{"id":{number},"text" : {raw},"y":1E2}}'.encode())
    portion = clean(*lines, ledger=True, drop_empty=drop)
    noted = [ledger.numbered(number + 1, body) for number, body in portion.ledger]
    assert list(ledger.restored(portion.lines.split(b"\n")[:-1], noted, "text")) == lines


def test_restore_of_pages():
    lines = [b'{"html":"<b>AD x</b>y"}', b'{"text":7,"html":"<b>AD x"}', b'{"text":"AD"}']
    portion = clean(*lines, fields=Fields(html="html"), ledger=True)
    noted = [ledger.numbered(number + 1, body) for number, body in portion.ledger]
    assert list(ledger.restored(portion.lines.split(b"\n")[:-1], noted, "text")) == lines


def test_clean_records():
    records = [{"text": f"AD {number}\nbody {number}", "n": number} for number in range(150)]
    expected = [{"text": f"body {number}", "n": number} for number in range(150)]
    before = json.dumps(records)
    for jobs in (1, 2):
        assert list(clean_records(AdRemover(), iter(records), jobs=jobs)) == expected
    assert json.dumps(records) == before


def test_clean_records_with_trouble():
    records = [{"text": "AD a"}, {"text": "RAISE"}, {"n": 1}, {"text": "EXIT"}, {"text": "AD b\nc"}]
    out = list(clean_records(AdRemover(), records, jobs=2))
    assert [record.get("text") for record in out] == ["", "RAISE", None, "EXIT", "c"]
    assert out[1]["cleaner"] == {"error": "ValueError: asked for"}
    assert "exit status 9" in out[3]["cleaner"]["error"]


def test_clean_records_nested_and_annotated():
    records = [{"doc": {"text": "AD a\nb", "k": 1}}]
    assert list(clean_records(AdRemover(), records, fields=Fields("doc.text"))) == [{"doc": {"text": "b", "k": 1}}]
    assert records == [{"doc": {"text": "AD a\nb", "k": 1}}]
    [annotated] = clean_records(AdRemover(), records, fields=Fields("doc.text"), annotate=True)
    assert annotated == {**records[0], "cleaner": {"edits": [[0, 5, "test.ad/line", 0.97]]}}
