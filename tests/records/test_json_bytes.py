"""Splicing: a changed record differs from what came in by the bytes of the changed value only."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.errors import RecordError
from cleaner.records.json_bytes import dumps, encode, locate, members, parse, put, remove, splice, string_end

texts = st.text(st.characters(codec=None, categories=None) | st.sampled_from('"\\/\n\tab:,{}[]text'), max_size=30)
keys = st.sampled_from(["text", 'te"xt', "text\\", "id", "metadata", "a/b", "ключ", "t\u0000"]) | texts
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def lines(draw):
    """A record as pairs (keys may repeat) and one way to write it."""
    pairs = draw(st.lists(st.tuples(keys, values), max_size=5))
    ascii_only = draw(st.booleans())
    colon, comma = draw(st.sampled_from([(":", ","), (": ", ", "), (" :\t", " ,\r ")]))

    def write(value):
        if isinstance(value, dict):
            return "{" + comma.join(json.dumps(k) + colon + write(v) for k, v in value.items()) + "}"
        text = json.dumps(value, ensure_ascii=ascii_only or not encodable(value))
        return text.replace("/", "\\/") if draw(st.booleans()) and isinstance(value, str) else text

    def key(name):
        if draw(st.integers(0, 5)) == 0 and name:
            return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else c for c in name if encodable(c)) + '"'
        return json.dumps(name)

    return (" {" + comma.join(key(k) + colon + write(v) for k, v in pairs) + "} ").encode()


def encodable(value):
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@settings(max_examples=500)
@given(lines(), texts)
def test_splice_changes_the_value_and_nothing_else(line, new):
    record = json.loads(line)
    span = locate(line, ("text",))
    if "text" not in record:
        assert span is None
        return
    assert span
    raw = line[span[0] : span[1]]
    assert json.loads(raw) == record["text"]
    changed = splice(line, span, encode(new, ascii_only=raw.isascii()))
    assert json.loads(changed) == {**record, "text": new}
    assert splice(changed, locate(changed, ("text",)), raw) == line


@settings(max_examples=200)
@given(lines())
def test_members_are_those_of_the_parser(line):
    record = json.loads(line)
    found = {member.key: json.loads(line[member.start : member.end]) for member in members(line)}
    assert json.dumps(found) == json.dumps(record)


@settings(max_examples=200)
@given(lines(), keys, values)
def test_put_and_remove(line, key, value):
    record = json.loads(line)
    changed = put(line, key, dumps(value))
    assert json.dumps(json.loads(changed)[key]) == json.dumps(value)
    assert json.dumps(record.keys() - {key} == json.loads(changed).keys() - {key})
    rest = {name: inner for name, inner in record.items() if name != key}
    assert json.dumps(json.loads(remove(line, key))) == json.dumps(rest)
    if key not in record:
        assert remove(changed, key) == line


def test_nested_value():
    line = b'{"text":"no","metadata":{"x":[{"text":"no"}],"text" : "yes"},"x":1}'
    start, end = locate(line, ("metadata", "text"))
    assert line[start:end] == b'"yes"'
    assert locate(line, ("metadata", "nothing")) is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"m":{"text":"inner"},"text":"outer"}',
        b'{"m":"\\"text\\":\\"inner\\"","text":"outer"}',
        b'{"m":"a \\"text","text":"outer"}',
        b'{"text":"first","text":"outer"}',
        b'{"text":"first","te\\u0078t":"outer"}',
        b'{"te\\u0078t":"outer","m":{"text":"inner"}}',
        b'{"m":["text"],"text":"outer"}',
        b'{"m":"text","text":"outer"}',
        b'\xef\xbb\xbf{"text":"outer"}',
        b'{"n":123456789012345678901234567890,"f":1.0e+05,"text":"outer"}',
    ],
)
def test_the_value_that_counts(line):
    start, end = locate(line, ("text",))
    assert line[start:end] == b'"outer"'
    assert parse(line)["text"] == "outer"


@given(texts)
def test_string_end(text):
    raw = dumps(text)
    assert string_end(b"  " + raw + b'"x"', 2) == len(raw) + 2


@given(texts, st.booleans())
def test_encode(text, ascii_only):
    raw = encode(text, ascii_only=ascii_only)
    assert json.loads(raw) == text
    assert raw.isascii() or not ascii_only


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text":"a', "not JSON"),
        (b'{"text":"a\tb"}', "not JSON"),
        (b"[1]", "expected a JSON object, found an array"),
        (b"7", "expected a JSON object, found a number"),
        (b"null", "found null"),
        (b'{"text":"caf\xe9"}', "not UTF-8: byte 0xe9 at column 13"),
        (b"[" * 100_000, "nested too deeply|not JSON"),
        (b"\x00", "not JSON"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
    ],
)
def test_what_is_no_record(line, reason):
    with pytest.raises(RecordError, match=reason):
        parse(line)


def test_what_orjson_refuses():
    assert parse(b'{"text":"a\\ud800b"}')["text"] == "a\ud800b"
    assert math.isnan(parse(b'{"x":NaN}')["x"])
    assert parse(b'\xef\xbb\xbf{"text":"x"}') == {"text": "x"}
    assert parse(b'{"x":NaN,"n":' + b"9" * 5000 + b',"text":"t"}')["text"] == "t"


def test_dumps_keeps_big_numbers_and_surrogates():
    assert dumps({"n": 10**30, "s": "\ud800é"}) == '{"n":1000000000000000000000000000000,"s":"\\ud800é"}'.encode()


def test_a_key_of_an_inner_object_is_not_the_record_s():
    assert locate(b'{"":{"text":""}}', ("text",)) is None
    assert locate(b'{"meta":{"text":"in"},"text":"out"}', ("text",)) == (29, 34)
