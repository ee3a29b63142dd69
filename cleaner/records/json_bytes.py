"""JSON as bytes: reading a record, finding a value's place in it, and putting another value there.

A changed record differs from what came in by the bytes of the changed value only, so integers of any size, spellings
of numbers, repeated keys and escapes of everything else survive. `orjson` reads; where it refuses what JSON allows (lone
surrogates, `NaN`, depth) the standard library takes over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import Any, Final, NamedTuple

import orjson

from cleaner.errors import RecordError

BOM: Final = b"\xef\xbb\xbf"
Span = tuple[int, int]
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_COLON: Final = re.compile(rb"[ \t\n\r]*:[ \t\n\r]*(?=\")")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BACKSLASH: Final = 0x5C


class Member(NamedTuple):
    """One member of an object: its key and the places of key and value in the line."""

    key: str
    key_start: int
    start: int
    end: int


def parse(line: bytes) -> dict[str, Any]:
    """The record in `line`; `RecordError` with the reason when it is none. Only its strings are to be relied on."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        record = _parse_slowly(line, error)
    if type(record) is not dict:
        raise RecordError(f"expected a JSON object, found {_NAMES.get(type(record), 'a number')}")
    return record


_NAMES: Final = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}


def _parse_slowly(line: bytes, first: Exception) -> Any:
    line = line.removeprefix(BOM)
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"not UTF-8: byte 0x{line[error.start]:02x} at column {error.start + 1}") from None
    try:
        return json.loads(text, parse_int=_number)
    except RecursionError:
        raise RecordError("nested too deeply") from None
    except ValueError:
        raise RecordError(f"not JSON: {first}") from None


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) < 4000 else digits  # longer ones are refused by `int`


def dumps(value: object) -> bytes:
    """`value` as compact JSON; lone surrogates are escaped, numbers of any size kept."""
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):
        return _escaping_surrogates(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _escaping_surrogates(text: str) -> bytes:
    """`text`, which is JSON already, as bytes: lone surrogates, which have no bytes, as escapes."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()


def encode(text: str, *, ascii_only: bool = False) -> bytes:
    """A JSON string; with `ascii_only` everything beyond ASCII is escaped."""
    return json.dumps(text).encode() if ascii_only and not text.isascii() else dumps(text)


def locate(line: bytes, keys: tuple[str, ...]) -> Span | None:
    """Where in `line` (valid JSON, an object) the value under `keys` stands; of repeated keys the last one counts."""
    if len(keys) == 1 and (span := _locate_fast(line, keys[0])):
        return span
    if not keys:
        return None
    start = end = 0
    for key in keys:
        found = None
        for member in members(line, start):
            found = member if member.key == key else found
        if found is None:
            return None
        start, end = found.start, found.end
    return start, end


def _locate_fast(line: bytes, key: str) -> Span | None:
    """The place of a string that is surely the value of the top-level `key`, or None where a scan has to tell.

    Sure is: the key is spelled out once in the whole line, outside of which no escape could spell it another time, and no
    second object can have begun before it.
    A quoted word in valid JSON is a token of its own unless a backslash stands before its first quote.
    """
    token = b'"%s"' % key.encode() if _PLAIN_KEY.fullmatch(key) else b""
    at = line.find(token) if token else -1
    if at < 0 or line[at - 1] == _BACKSLASH or line.count(b"{", 0, at) != 1:
        return None
    colon = _COLON.match(line, at + len(token))
    if not colon:
        return None
    start = colon.end()
    end = string_end(line, start)
    if line.find(token, end) >= 0 or line.find(b"\\u", 0, at) >= 0 or line.find(b"\\u", end) >= 0:
        return None
    return start, end


def string_end(line: bytes, start: int) -> int:
    """The place after the string that begins at `start`."""
    quote = line.find(b'"', start + 1)
    while line[quote - 1] == _BACKSLASH:
        before = quote - 1
        while line[before - 1] == _BACKSLASH:
            before -= 1
        if (quote - before) % 2 == 0:
            break
        quote = line.find(b'"', quote + 1)
    return quote + 1


def members(line: bytes, start: int = 0) -> Iterator[Member]:
    """The members of the object that begins at or after `start` in `line` (valid JSON)."""
    text = line.decode("latin-1")  # one character per byte, so places agree; JSON's own signs are ASCII
    scan = JSONDecoder(parse_int=str, parse_float=str).scan_once  # type: ignore[attr-defined]
    at = text.index("{", start) + 1
    while True:
        at = _skip_space(text, at)
        if text[at] == "}":
            return
        if text[at] == ",":
            at = _skip_space(text, at + 1)
        key_start = at
        _, at = scanstring(text, at + 1, False)
        key: str = json.loads(line[key_start:at])
        value = _skip_space(text, _skip_space(text, at) + 1)
        _, at = scan(text, value)
        yield Member(key, key_start, value, at)


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def splice(line: bytes, span: Span, value: bytes) -> bytes:
    """`line` with `value` in place of `span`."""
    return b"".join((line[: span[0]], value, line[span[1] :]))


def put(line: bytes, key: str, value: bytes) -> bytes:
    """`line` with the top-level `key` set to `value`: in its place, or as the last member."""
    last = None
    for member in members(line):
        if member.key == key:
            return splice(line, locate(line, (key,)) or (member.start, member.end), value)
        last = member
    at = last.end if last else line.index(b"{") + 1
    return b"".join((line[:at], b"," if last else b"", dumps(key), b":", value, line[at:]))


def remove(line: bytes, key: str) -> bytes:
    """`line` without the top-level `key`, however often it stands there."""
    while True:
        found = list(members(line))
        number = next((number for number, member in enumerate(found) if member.key == key), None)
        if number is None:
            return line
        start = found[number].key_start
        if number + 1 < len(found):
            line = line[:start] + line[found[number + 1].key_start :]
        else:
            line = line[: found[number - 1].end if number else start] + line[found[number].end :]
