"""Texts taken from bytes of JSON are those that a parser gives, and what is no record is left to it."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.errors import RecordError
from cleaner.kernels.octets import is_utf8
from cleaner.memory.corpus import BatchLearner
from cleaner.memory.counting import PageCounter, by_key
from cleaner.memory.page_texts import PageTexts
from cleaner.memory.sites import SiteRule
from cleaner.memory.texts import JsonTexts, Texts, octets_of
from cleaner.records.fields import Fields
from cleaner.records.files import Batch
from cleaner.records.json_bytes import parse

FIELDS = Fields()
TAKE = JsonTexts(FIELDS)
ODD = ['"', "\\", "/", "\t", "\r", "\x00", "\x7f", "\u2028", "é", "水", "😀", "\ud800", "\udc00", "\ufeff", "\n\n", "{", "}"]
strings = st.one_of(st.text(max_size=30), st.lists(st.sampled_from([*ODD, "word ", "line\n"]), max_size=12).map("".join))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), strings),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3),
    max_leaves=6,
)
records = st.fixed_dictionaries({"text": strings}, optional={"url": strings, "html": values, "id": values, "more": values})


def slowly(data: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    """Pairs of text and URL in no order, and how many lines are bad."""
    text_of, found, bad = PageTexts(FIELDS), [], 0
    for line in data.split(b"\n"):
        if line and not line.isspace():
            try:
                record = parse(line)
            except RecordError:
                bad += 1
                continue
            page = text_of(record)
            if page is not None:
                found.append((octets_of(page.text), octets_of(record.get("url"))))
    return sorted(found), bad


def quickly(data: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    texts, urls, containers, bad = BatchLearner(FIELDS, SiteRule("host"))._records(data)
    lines = [bytes(texts.data[place : place + 1]) for place in texts.breaks.tolist()]
    assert lines == [b"\n"] * len(lines)
    assert len(containers) in (0, len(texts))
    assert len(lines) == bytes(texts.data[: texts.base[-1]]).count(b"\n")
    return sorted(zip(map(texts.raw, range(len(texts))), urls, strict=True)), bad


def dumped(record: dict[str, Any], form: int) -> bytes:
    if form == 0:
        return json.dumps(record).encode()
    if form == 1:
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return json.dumps(record, separators=(" ,\t", " : ")).replace("/", "\\/").encode()


@settings(max_examples=300, deadline=None)
@given(made=st.lists(st.tuples(records, st.integers(0, 2)), max_size=5), end=st.sampled_from([b"", b"\n", b" \r\n\n"]))
def test_records_of_any_form(made: list[tuple[dict[str, Any], int]], end: bytes) -> None:
    data = b"\n".join(dumped(record, form) for record, form in made) + end
    assert quickly(data) == slowly(data)


@settings(max_examples=600, deadline=None)
@given(record=records, form=st.integers(0, 2), change=st.data())
def test_damaged_records(record: dict[str, Any], form: int, change: st.DataObject) -> None:
    data = dumped(record, form)
    at = change.draw(st.integers(0, len(data)))
    more = change.draw(st.sampled_from([b"", b'"', b"\\", b"\\u12", b"\x01", b"\xc3", b"\xed\xa0\x80", b"}", b",", b"0", b"-", b"e"]))
    data = data[:at] + more + data[at + change.draw(st.integers(0, 2)) :]
    assert quickly(b'{"text":"a b"}\n' + data + b"\n") == slowly(b'{"text":"a b"}\n' + data + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        *('{"text":"a","n":?}'.replace("?", number) for number in ("01", "1.", ".5", "-", "-0", "1e5", "1E+05", "1e", "9" * 400, "+1")),
        *('{"text":"a","n":?}'.replace("?", value) for value in ("tru", "nul", "true", "falsy", "NaN", "[1,]", "[", "{}", '{"a":}', "[[]]")),
        *('{"text":"a","n":?}'.replace("?", "[" * depth + "]" * depth) for depth in (59, 60, 61, 3000)),
        *('{"text":"?"}'.replace("?", text) for text in ("\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\x", " \\n ", "")),
        '{"text":"a","text":"b"}', '{"text":"a","text":null}', '{"te\\u0078t":"a"}', '{"text":"a","te\\u0078t":"b"}',
        '{"text":"a",}', '{"text":"a"} x', '{"text":"a"', '{"text" "a"}', "{}", "[]", '\ufeff{"text":"a"}', '{"text":{"text":"a"}}',
        '{"url":"u","text":"a","url":7}', '{"text":"a\nb"}', '{"text":"a\\nb\\u000ac"}', '{"html":"<p>One</p>","text":" "}',
    ],
)  # fmt: skip
def test_lines(line: str) -> None:
    assert quickly(line.encode()) == slowly(line.encode())


def test_ordinary_records_are_not_left_to_the_slow_reader() -> None:
    data = b'{"id":1,"text":"A \\"line\\"\\n\\u00fcber\\ttabs","url":"https:\\/\\/a.example\\/x","m":{"text":[1.5,null,{}]}}\n'
    texts, urls, strange = TAKE(data)
    assert (texts.raw(0).decode(), urls, strange) == ('A "line"\nüber\ttabs', [b"https://a.example/x"], [])


def test_fields_inside_others() -> None:
    learner = BatchLearner(Fields("doc.text", url="doc.url"), SiteRule("host"))
    piece = learner(Batch("", "jsonl", 1, 1, 0, b'{"doc":{"text":"One line","url":"http://a.example/"}}'))
    assert list(piece.names.values()) == ["a.example"]


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.binary(max_size=24), st.text(max_size=12).map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_validity(data: bytes) -> None:
    try:
        valid = bool(data.decode()) or True
    except UnicodeDecodeError:
        valid = False
    assert is_utf8(np.frombuffer(data + b"\n", np.uint8)) == valid


def test_joined_texts() -> None:
    both = Texts.of(["a\nb", ""]) + Texts.of([b"c"])
    assert [both.raw(number) for number in range(len(both))] == [b"a\nb", b"", b"c"]
    assert both.breaks.tolist() == [1, 3, 4, 6]


@pytest.mark.parametrize("rows", [0, 1, 2, 500, 3000])
def test_pairs_are_sorted_and_pages_counted(rows: int) -> None:
    rng = random.Random(rows)
    keys = [rng.choice((1, 2, 3 << 40, 2**64 - 1, rng.getrandbits(64))) for _ in range(rows)]
    pages = [rng.getrandbits(62) % 250 << 56 | rng.randrange(3) for _ in range(rows)]
    double = sorted({page & ~3 for page in pages if page % 5 == 0 and page > 3})
    origin = dict.fromkeys(double, 0)
    arrays = (np.array(values, np.uint64) for values in (keys, pages))
    ordered, shown = by_key(*arrays)
    assert sorted(zip(ordered.tolist(), shown.tolist(), strict=True)) == sorted(zip(keys, pages, strict=True))
    assert ordered.tolist() == sorted(keys)
    counter = PageCounter(np.array(double, np.uint64), np.zeros(len(double), np.uint64))
    found, witness, counts = counter(ordered, shown, 2)
    expected: dict[int, set[tuple[int, int]]] = {}
    for key, page in zip(keys, pages, strict=True):
        expected.setdefault(key, set()).add((origin.get(page & ~3, page & ~3), page & 3))
    kept = {key: own for key, own in sorted(expected.items()) if len({page for page, _ in own}) >= 2}
    assert found.tolist() == list(kept)
    for key, page, row in zip(found.tolist(), witness.tolist(), counts.tolist(), strict=True):
        assert page == min(page for page, _ in kept[key])
        assert row[3] == len({page for page, _ in kept[key]})
        assert row[:3] == [sum(zone == own for _, own in kept[key]) for zone in range(3)]
