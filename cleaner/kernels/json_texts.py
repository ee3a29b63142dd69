"""From lines of JSON to their texts and URLs, without an object in between.

A line is taken only where all of it is surely a record with a text that is not blank; what is not, is no JSON, or is unusual
(escapes in keys, deep nesting, halves of surrogate pairs) is named for a slower reader to decide.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.octets import HIGHS, ONES, first_hit, octets, put_code_point, put_octets

TAKEN, STRANGE, BREAKS = 0, 1, 2
"""What is counted: texts, lines left to others, line feeds in and behind texts."""
_U64 = np.uint64
_DEPTH: Final = 60
_QUOTE, _BACKSLASH, _COMMA, _COLON, _OPEN, _CLOSE, _LIST, _END = 0x22, 0x5C, 0x2C, 0x3A, 0x7B, 0x7D, 0x5B, 0x5D
_FEED, _LOW_N, _LOW_U = 0x0A, 0x6E, 0x75


@inner
def _special(word: Number) -> Number:
    """The high bit of the first byte that ends a plain part of a string: a quote, a backslash or a control character."""
    quote, slash = word ^ (ONES * _U64(_QUOTE)), word ^ (ONES * _U64(_BACKSLASH))
    return ((quote - ONES) & ~quote | (slash - ONES) & ~slash | (word - ONES * _U64(0x20)) & ~word) & HIGHS


@inner
def _plain(data: Array, at: Number, limit: Number) -> Number:
    """The first place from `at` on that is not plain; eight bytes can be read up to `limit`."""
    while at <= limit:
        hits = _special(octets(data, at))
        if hits:
            return at + first_hit(hits)
        at += 8
    while data[_U64(at)] >= 0x20 and data[_U64(at)] != _QUOTE and data[_U64(at)] != _BACKSLASH:
        at += 1
    return at


@inner
def _copy_plain(data: Array, at: Number, limit: Number, out: Array, to: Number) -> tuple[Number, Number]:
    """The same, copying to `out`; gives the places reached in both."""
    while at <= limit:
        word = octets(data, at)
        put_octets(out, to, word)
        hits = _special(word)
        if hits:
            passed = first_hit(hits)
            return at + passed, to + passed
        at += 8
        to += 8
    while data[_U64(at)] >= 0x20 and data[_U64(at)] != _QUOTE and data[_U64(at)] != _BACKSLASH:
        out[_U64(to)] = data[_U64(at)]
        at += 1
        to += 1
    return at, to


@inner
def _space(data: Array, at: Number) -> Number:
    while data[_U64(at)] == 0x20 or data[_U64(at)] == 0x09 or data[_U64(at)] == 0x0D:
        at += 1
    return at


@inner
def _hex(data: Array, at: Number) -> Number:
    """The value of four hexadecimal digits, or -1."""
    value = 0
    for place in range(4):
        digit = np.int64(data[_U64(at + place)])
        if 0x30 <= digit <= 0x39:
            digit -= 0x30
        elif 0x61 <= digit | 0x20 <= 0x66:
            digit = (digit | 0x20) - 0x57
        else:
            return -1
        value = value << 4 | digit
    return value


@inner
def _escaped(data: Array, at: Number) -> tuple[Number, Number]:
    """The code point of the escape whose backslash is at `at`, or -1, and the place after it."""
    char = np.int64(data[_U64(at + 1)])
    if char == _LOW_U:
        point = np.int64(_hex(data, at + 2))
        if point < 0xD800 or point >= 0xE000:
            return point, at + 6
        if point >= 0xDC00 or data[_U64(at + 6)] != _BACKSLASH or data[_U64(at + 7)] != _LOW_U:
            return np.int64(-1), at
        low = np.int64(_hex(data, at + 8))
        if low < 0xDC00 or low >= 0xE000:
            return np.int64(-1), at
        return 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00), at + 12
    if char == _QUOTE or char == _BACKSLASH or char == 0x2F:
        return char, at + 2
    if char == _LOW_N:
        return np.int64(_FEED), at + 2
    if char == 0x74:
        return np.int64(0x09), at + 2
    if char == 0x72:
        return np.int64(0x0D), at + 2
    if char == 0x62:
        return np.int64(0x08), at + 2
    if char == 0x66:
        return np.int64(0x0C), at + 2
    return np.int64(-1), at


@inner
def _skip_string(data: Array, at: Number, limit: Number) -> Number:
    """The place after the string whose first character is at `at`, or -1."""
    while True:
        at = _plain(data, at, limit)
        char = data[_U64(at)]
        if char == _QUOTE:
            return at + 1
        if char != _BACKSLASH:
            return -1
        point, at = _escaped(data, at)
        if point < 0:
            return -1


@inner
def _copy_string(
    data: Array, at: Number, limit: Number, out: Array, to: Number, breaks: Array, count: Number
) -> tuple[Number, Number, Number]:
    """The same, copying what it stands for to `out` from `to` on, and the places of its line feeds there to `breaks` from
    `count` on; gives the place reached in the line, or -1, in `out`, and in `breaks`."""
    while True:
        at, to = _copy_plain(data, at, limit, out, to)
        char = data[_U64(at)]
        if char == _QUOTE:
            return at + 1, to, count
        if char != _BACKSLASH:
            return -1, to, count
        point, at = _escaped(data, at)
        if point < 0:
            return -1, to, count
        if point == _FEED:
            breaks[_U64(count)] = to
            count += 1
        to = put_code_point(out, to, point)


@inner
def _digits(data: Array, at: Number) -> Number:
    while 0x30 <= data[_U64(at)] <= 0x39:
        at += 1
    return at


@inner
def _number(data: Array, at: Number) -> Number:
    """The place after a number, or -1."""
    if data[_U64(at)] == 0x2D:
        at += 1
    stop = at + 1 if data[_U64(at)] == 0x30 else _digits(data, at)
    if stop == at:
        return -1
    at = stop
    if data[_U64(at)] == 0x2E:
        stop = _digits(data, at + 1)
        if stop == at + 1:
            return -1
        at = stop
    if data[_U64(at)] | 0x20 == 0x65:
        at += 1
        if data[_U64(at)] == 0x2B or data[_U64(at)] == 0x2D:
            at += 1
        stop = _digits(data, at)
        if stop == at:
            return -1
        at = stop
    return at


@inner
def _literal(data: Array, at: Number) -> Number:
    """The place after `true`, `false` or `null`, or -1."""
    word = np.uint32(0)
    for place in range(4):  # stops at the line's end
        if data[_U64(at + place)] == _FEED:
            return -1
        word = word << np.uint32(8) | np.uint32(data[_U64(at + place)])
    if word == np.uint32(0x74727565) or word == np.uint32(0x6E756C6C):
        return at + 4
    return at + 5 if word == np.uint32(0x66616C73) and data[_U64(at + 4)] == 0x65 else -1


@inner
def _key(data: Array, at: Number, limit: Number) -> Number:
    """The place of the value behind the key at `at`, or -1."""
    if data[_U64(at)] != _QUOTE:
        return -1
    at = _skip_string(data, at + 1, limit)
    if at < 0:
        return -1
    at = _space(data, at)
    return _space(data, at + 1) if data[_U64(at)] == _COLON else -1


@inner
def _value(data: Array, at: Number, limit: Number) -> Number:
    """The place after a value of any kind, or -1."""
    depth, kinds = 0, _U64(0)  # the lowest bit of `kinds` says whether the innermost is an object
    while True:
        char = data[_U64(at)]
        inside = char == _OPEN or char == _LIST
        if inside:
            if depth == _DEPTH:
                return -1
            depth += 1
            kinds = kinds << _U64(1) | _U64(char == _OPEN)
            at = _space(data, at + 1)
            if data[_U64(at)] != (_CLOSE if char == _OPEN else _END):
                if char == _OPEN:
                    at = _key(data, at, limit)
                    if at < 0:
                        return -1
                continue
        elif char == _QUOTE:
            at = _skip_string(data, at + 1, limit)
        elif char == 0x2D or 0x30 <= char <= 0x39:
            at = _number(data, at)
        else:
            at = _literal(data, at)
        if at < 0:
            return -1
        while True:
            if depth == 0:
                return at
            at = _space(data, at)
            char = data[_U64(at)]
            if char == _COMMA:
                at = _space(data, at + 1)
                if kinds & _U64(1):
                    at = _key(data, at, limit)
                    if at < 0:
                        return -1
                break
            if char != (_CLOSE if kinds & _U64(1) else _END):
                return -1
            depth -= 1
            kinds >>= _U64(1)
            at += 1


@inner
def _is(data: Array, start: Number, end: Number, name: Array) -> Number:
    if end - start != len(name):
        return False
    for place in range(len(name)):
        if data[_U64(start + place)] != name[place]:
            return False
    return True


@inner
def _solid(data: Array, start: Number, end: Number) -> Number:
    """Whether there is an ASCII character that is neither white space nor a control character."""
    while start < end:
        if 0x20 < data[_U64(start)] < 0x7F:
            return True
        start += 1
    return False


@inner
def _line_end(data: Array, at: Number) -> Number:
    while data[_U64(at)] != _FEED:
        at += 1
    return at


@kernel("void", "u1[r]", "u1[r]", "u1[r]", "u1[]", "i8[]", "i8[]", "u1[]", "i8[]", "i8[,]", "i8[]")
def take_texts(
    data: Array, text_name: Array, url_name: Array, texts: Array, base: Array, breaks: Array, urls: Array, url_ends: Array,
    strange: Array, counts: Array,
) -> None:  # fmt: skip
    """Take the texts and URLs of the records in `data`: valid UTF-8 that ends with a line feed.

    Fills `texts` (those of `text_name`, each with a line feed behind it), `base` (where each begins and where the last one
    ends), `breaks` (where line feeds are), `urls` with `url_ends` (one after another, nothing for a record without one),
    `strange` (start and end of lines left to others) and `counts`. `texts` and `urls` need room for the data and
    `PADDING`, `breaks` for half of it and one more, the others for one more than there are lines.
    """
    limit = len(data) - 8
    pages, odd, lines, to, url_to = 0, 0, 0, 0, 0
    base[0] = 0
    at = 0
    while at < len(data):
        start = at
        at = _space(data, at)
        if data[_U64(at)] == _FEED:
            at += 1
            continue
        text_end, url_end, last = -1, url_to, lines
        good = data[_U64(at)] == _OPEN
        while good:
            begin = _space(data, at + 1) + 1
            if data[_U64(begin - 1)] != _QUOTE:
                good = False
                break
            end = _plain(data, begin, limit)
            if data[_U64(end)] != _QUOTE:
                good = False
                break
            at = _space(data, end + 1)
            if data[_U64(at)] != _COLON:
                good = False
                break
            at = _space(data, at + 1)
            string = data[_U64(at)] == _QUOTE
            if _is(data, begin, end, text_name):
                text_end = -1
                if string:
                    at, text_end, last = _copy_string(data, at + 1, limit, texts, to, breaks, lines)
            elif _is(data, begin, end, url_name):
                url_end = url_to
                if string:
                    at, url_end, _ = _copy_string(data, at + 1, limit, urls, url_to, breaks, last)
            elif string:
                at = _skip_string(data, at + 1, limit)
            if not string:
                at = _value(data, at, limit)
            if at < 0:
                good = False
                break
            at = _space(data, at)
            if data[_U64(at)] != _COMMA:
                good = data[_U64(at)] == _CLOSE
                at = _space(data, at + 1) if good else at
                good = good and data[_U64(at)] == _FEED
                break
        if good and _solid(texts, to, text_end):
            texts[_U64(text_end)] = _FEED
            breaks[_U64(last)] = text_end
            to, url_to, lines = text_end + 1, url_end, last + 1
            url_ends[pages] = url_to
            pages += 1
            base[pages] = to
        else:
            at = _line_end(data, start)
            strange[odd, 0] = start
            strange[odd, 1] = at
            odd += 1
        at += 1
    counts[TAKEN] = pages
    counts[STRANGE] = odd
    counts[BREAKS] = lines
