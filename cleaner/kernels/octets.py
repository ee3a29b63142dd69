"""Bytes eight at a time, and code points in UTF-8.

Places are unsigned where an array is read, so that compiled code need not ask whether they count from its end; eight such
reads are one for the processor.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel

ONES: Final = np.uint64(0x0101010101010101)
HIGHS: Final = np.uint64(0x8080808080808080)
PADDING: Final = 8
"""Bytes behind a text that may be read or written with its last ones."""
_U64 = np.uint64
_SEVEN: Final = np.uint64(56)
_SPACES: Final = np.uint64(1 << 9 | 1 << 10 | 1 << 12 | 1 << 13 | 1 << 32)


def key_of(name: str) -> int:
    """The first eight bytes of a name as a little-endian number."""
    return int.from_bytes(name.encode()[:8].ljust(8, b"\0"), "little")


@inner
def octets(data: Array, at: Number) -> Number:
    """The eight bytes from `at` on as a number, the first of them the lowest."""
    u = _U64(at)
    low = _U64(data[u]) | _U64(data[u + _U64(1)]) << _U64(8)
    low |= _U64(data[u + _U64(2)]) << _U64(16) | _U64(data[u + _U64(3)]) << _U64(24)
    low |= _U64(data[u + _U64(4)]) << _U64(32) | _U64(data[u + _U64(5)]) << _U64(40)
    return low | _U64(data[u + _U64(6)]) << _U64(48) | _U64(data[u + _U64(7)]) << _U64(56)


@inner
def put_octets(out: Array, to: Number, word: Number) -> None:
    """Write what `octets` read."""
    u = _U64(to)
    for place in range(8):
        out[u + _U64(place)] = np.uint8((word >> _U64(8 * place)) & _U64(255))


@inner
def first_hit(hits: Number) -> Number:
    """Which byte of a word is the first with its high bit set; there must be one."""
    return np.int64((((hits - _U64(1)) & ONES) * ONES) >> _SEVEN) - 1


@inner
def hits_of(word: Number, repeated: Number) -> Number:
    """The high bits of the bytes of a word that are the one that `repeated` consists of. Of several words' hits joined, the
    first is right; later ones need not be."""
    other = word ^ repeated
    return (other - ONES) & ~other & HIGHS


@inner
def find_byte(data: Array, words: Array, at: Number, char: Number) -> Number:
    """The first place from `at` on where `char` stands, the size of `data` or more where none does; `words` are the eights
    of `data`."""
    pattern = _U64(char) * ONES
    word = at >> 3
    passed = (_U64(1) << _U64(8 * (at & 7))) - _U64(1)
    while word < len(words):
        rest = (words[word] ^ pattern) | passed
        hits = hits_of(rest, _U64(0))
        if hits:
            return (word << 3) + first_hit(hits)
        passed = _U64(0)
        word += 1
    at = max(at, word << 3)
    while at < len(data) and data[at] != char:
        at += 1
    return at


@inner
def is_space(char: Number) -> Number:
    """Whether a byte is white space of HTML."""
    return char <= 32 and _SPACES >> np.uint64(char) & np.uint64(1) != 0


@inner
def is_at(data: Array, at: Number, end: Number, word: Array) -> Number:
    """Whether the bytes `word` stand at `at`, before `end`."""
    if at + len(word) > end:
        return False
    for step in range(len(word)):
        if data[at + step] != word[step]:
            return False
    return True


@inner
def continuations(data: Array, start: Number, end: Number) -> Number:
    """How many bytes of data[start:end] only continue a code point; reads up to `PADDING` bytes more."""
    total = np.int64(0)
    at = start
    while at < end:
        counts = _U64(0)
        stop = min(at + 1024, end)  # a byte of `counts` holds 255
        while at + 8 <= stop:
            word = octets(data, at)
            counts += (word >> _U64(7)) & ~(word >> _U64(6)) & ONES
            at += 8
        if at < stop:
            word = octets(data, at) & ((_U64(1) << _U64(8 * (stop - at))) - _U64(1))
            counts += (word >> _U64(7)) & ~(word >> _U64(6)) & ONES
            at = stop
        total += np.int64(((counts & _U64(0x00FF00FF00FF00FF)) * _U64(0x0001000100010001)) >> _U64(48))
        total += np.int64((((counts >> _U64(8)) & _U64(0x00FF00FF00FF00FF)) * _U64(0x0001000100010001)) >> _U64(48))
    return total


@inner
def _continuing(word: Number) -> Number:
    """How many of eight bytes only continue a code point."""
    return np.int64((((word >> _U64(7)) & ~(word >> _U64(6)) & ONES) * ONES) >> _SEVEN)


@inner
def code_point(data: Array, at: Number) -> tuple[Number, Number]:
    """The code point of several bytes at `at`, in valid UTF-8, and the place after it."""
    u = _U64(at)
    lead = np.uint32(data[u])
    second = np.uint32(data[u + _U64(1)] & 63)
    if lead < 0xE0:
        return (lead & np.uint32(31)) << np.uint32(6) | second, at + 2
    third = np.uint32(data[u + _U64(2)] & 63)
    if lead < 0xF0:
        return (lead & np.uint32(15)) << np.uint32(12) | second << np.uint32(6) | third, at + 3
    point = (lead & np.uint32(7)) << np.uint32(18) | second << np.uint32(12) | third << np.uint32(6)
    return point | np.uint32(data[u + _U64(3)] & 63), at + 4


@inner
def put_code_point(out: Array, to: Number, point: Number) -> Number:
    """Write a code point as UTF-8; gives the place after it."""
    if point < 0x80:
        out[to] = point
        return to + 1
    if point < 0x800:
        out[to] = 0xC0 | point >> 6
        out[to + 1] = 0x80 | point & 63
        return to + 2
    if point < 0x10000:
        out[to] = 0xE0 | point >> 12
        out[to + 1] = 0x80 | point >> 6 & 63
        out[to + 2] = 0x80 | point & 63
        return to + 3
    out[to] = 0xF0 | point >> 18
    out[to + 1] = 0x80 | point >> 12 & 63
    out[to + 2] = 0x80 | point >> 6 & 63
    out[to + 3] = 0x80 | point & 63
    return to + 4


@inner
def _misplaced(byte: Number, before: Number, second: Number, third: Number) -> Number:
    """Whether a byte cannot stand behind the three `before` it, of which `third` is the farthest, in valid UTF-8."""
    continues = (byte & 0xC0) == 0x80
    expected = (before >= 0xC0) | (second >= 0xE0) | (third >= 0xF0)
    never = (byte == 0xC0) | (byte == 0xC1) | (byte >= 0xF5)
    long = ((before == 0xE0) & (byte < 0xA0)) | ((before == 0xF0) & (byte < 0x90))
    beyond = ((before == 0xED) & (byte > 0x9F)) | ((before == 0xF4) & (byte > 0x8F))
    return (continues != expected) | never | long | beyond


@kernel("b1", "u1[r]")
def is_utf8(data: Array) -> Number:
    """Whether `data`, which ends with an ASCII character, is valid UTF-8."""
    bad = False
    for at in range(min(len(data), 3)):
        before = data[at - 1] if at else np.uint8(0)
        bad |= _misplaced(data[at], before, data[0] if at == 2 else np.uint8(0), np.uint8(0))
    for at in range(3, len(data)):
        u = _U64(at)
        bad |= _misplaced(data[u], data[u - _U64(1)], data[u - _U64(2)], data[u - _U64(3)])
    return not bad


@kernel("void", "u1[r]", "i8[r]", "i8[r]", "i8", "i8[,]")
def cut(texts: Array, base: Array, chosen: Array, half: Number, out: Array) -> None:
    """Of each chosen text (with a character behind it, like all) the place after its first `half` code points and that of
    the last ones; where these are not beyond the first, the text has no more than both."""
    for index in range(len(chosen)):
        start, end = base[chosen[index]], base[chosen[index] + 1] - 1
        out[index, 0], out[index, 1] = end, start
        if end - start <= 2 * half:
            continue
        left, at = half, start
        while left >= 8 and at + 8 <= end:
            left -= 8 - _continuing(octets(texts, at))
            at += 8
        while at < end and (left > 0 or texts[_U64(at)] & 0xC0 == 0x80):
            left -= texts[_U64(at)] & 0xC0 != 0x80
            at += 1
        out[index, 0] = at
        left, at = half, end
        while left >= 8 and at - 8 >= start:
            at -= 8
            left -= 8 - _continuing(octets(texts, at))
        while at > start and left > 0:
            at -= 1
            left -= texts[_U64(at)] & 0xC0 != 0x80
        out[index, 1] = at
