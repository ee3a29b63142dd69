"""From UTF-8 bytes to word shingles, MinHash signatures and band keys."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.dedup.kernel.base import PARITIES, Array, Number, inlined, inner, kernel
from cleaner.dedup.kernel.mixing import MIX_A, MIX_B, mix32, mix64

_U32, _U64 = np.uint32, np.uint64
_WORD_SEED: Final = _U64(0x9E3779B97F4A7C15)
_WORD_MUL: Final = _U64(0xFF51AFD7ED558CCD)
_ROLL: Final = _U64(0xD6E8FEB86659FD93)
_ALONE: Final = _U32(1 << 31)
_POINT: Final = _U32((1 << 21) - 1)
_PARITY_BITS: Final = 64 * PARITIES


@inlined
def _decode(data: Array, at: Number, end: Number) -> Number:
    """The code point of several bytes at `at` and the place after it; never reads at or beyond `end`."""
    lead = _U32(data[at])
    if lead >= 0xF0 and at + 3 < end:
        point = ((lead & _U32(7)) << _U32(18)) | (_U32(data[at + 1] & 63) << _U32(12))
        point |= (_U32(data[at + 2] & 63) << _U32(6)) | _U32(data[at + 3] & 63)
        return _U32(min(point, _U32(0x10FFFF))), at + 4
    if lead >= 0xE0 and at + 2 < end:
        point = ((lead & _U32(15)) << _U32(12)) | (_U32(data[at + 1] & 63) << _U32(6)) | _U32(data[at + 2] & 63)
        return _U32(point), at + 3
    if lead >= 0xC0 and at + 1 < end:
        return _U32(((lead & _U32(31)) << _U32(6)) | _U32(data[at + 1] & 63)), at + 2
    return _U32(0), at + 1


@inner
def _words(data: Array, at: Number, end: Number, table: Array, out: Array) -> Number:
    """Hashes of the words of data[at:end] into `out`; returns how many.

    Without a branch at the ends of words, which no processor can foresee: the hash so far is written at each step, and
    the place moves on where a word ends. `out` needs room for one hash more than there are bytes.
    """
    count = 0
    state = _WORD_SEED
    while at < end:
        byte = data[at]
        if byte < 128:
            entry = table[byte]
            at += 1
        else:
            point, at = _decode(data, at, end)
            entry = table[point] if point < len(table) else _U32(0)
        inside = (entry != 0) & (entry < _ALONE)
        out[count] = state
        count += (state != _WORD_SEED) & (not inside)
        state = (state ^ _U64(entry)) * _WORD_MUL if inside else _WORD_SEED
        if entry >= _ALONE:
            out[count] = (_WORD_SEED ^ _U64(entry & _POINT)) * _WORD_MUL
            count += 1
    out[count] = state
    count += state != _WORD_SEED
    return count


@inner
def _shingles(words: Array, count: Number, ngram: Number) -> Number:
    """Replace words[:count] by hashes of all runs of `ngram` words (of all words where there are fewer).

    Returns how many there are. A run's hash is a polynomial over its words' hashes, rolled from one run to the next.
    """
    first = min(count, ngram)
    power = _U64(1)
    for _ in range(first):
        power *= _ROLL
    for index in range(count):
        words[index] = (words[index] ^ (words[index] >> _U64(32))) * MIX_B
    rolled = _U64(0)
    for index in range(first):
        rolled = rolled * _ROLL + words[index]
    leaving = words[0]
    words[0] = mix64(rolled)
    made = 1
    for index in range(first, count):
        rolled = rolled * _ROLL + words[index] - power * leaving
        leaving = words[made]
        words[made] = mix64(rolled)
        made += 1
    return made


@inner
def _no_words(data: Array, at: Number, end: Number) -> Number:
    """The hash of a text without words: of all its bytes but ASCII white space."""
    state = _ROLL
    for index in range(at, end):
        if data[index] > 32:
            state = (state ^ _U64(data[index])) * _WORD_MUL
            state ^= state >> _U64(29)
    return mix64(state)


@inner
def _distinct(values: Array, count: Number, slots: Array, out: Array) -> Number:
    """Distinct values of values[:count], in order, into `out`; `slots` is scratch, a power of two > 2 * count."""
    size = 16
    while size < 2 * count:
        size *= 2
    mask = _U64(size - 1)
    slots[:size] = _U64(0)
    made = 0
    for index in range(count):
        value = values[index]
        if value == 0:
            value = _U64(1)
        at = value & mask
        while slots[at] != 0 and slots[at] != value:
            at = (at + _U64(1)) & mask
        if slots[at] == 0:
            slots[at] = value
            out[made] = value
            made += 1
    return made


@inner
def _signature(values: Array, count: Number, permutations: Array, out: Array) -> None:
    """The affine32 MinHash of values[:count] into `out`."""
    width = len(out)
    factors, terms = permutations[0], permutations[1]
    for k in range(width):
        out[k] = _U32(0xFFFFFFFF)
    index = 0
    while index + 4 <= count:
        a, b = mix32(_U32(values[index])), mix32(_U32(values[index + 1]))
        c, d = mix32(_U32(values[index + 2])), mix32(_U32(values[index + 3]))
        for k in range(width):
            factor, term = factors[k], terms[k]
            least = min(_U32(factor * a + term), _U32(factor * b + term))
            other = min(_U32(factor * c + term), _U32(factor * d + term))
            out[k] = min(out[k], min(least, other))
        index += 4
    while index < count:
        a = mix32(_U32(values[index]))
        for k in range(width):
            out[k] = min(out[k], _U32(factors[k] * a + terms[k]))
        index += 1


@inner
def _parities(values: Array, count: Number, out: Array) -> None:
    """Of how many of values[:count] that fall to the same bit of `out` (bytes) the number is odd, bit by bit."""
    out[:] = 0
    for index in range(count):
        at = np.int64(values[index] >> _U64(32)) & (_PARITY_BITS - 1)
        out[at >> 3] ^= np.uint8(1 << (at & 7))


@inner
def _band_keys(signature: Array, rows: Number, out: Array) -> None:
    for band in range(len(out)):
        key = _WORD_SEED + _U64(band)
        for row in range(band * rows, (band + 1) * rows):
            key = (key ^ _U64(signature[row])) * MIX_A
            key ^= key >> _U64(29)
        out[band] = mix64(key)


@kernel("i8", "u1[r]", "i8[]", "u4[]", "i8", "u4[,]", "i8", "u8[]", "u8[]", "u4[]", "u8[]", "i4[]", "u8[,]", "u8[,]", "u1[,]",
        "u4[,]")  # fmt: skip
def sketch(
    data: Array, starts: Array, table: Array, ngram: Number, permutations: Array, rows: Number, words: Array, slots: Array,
    signature: Array, sets: Array, sizes: Array, digests: Array, keys: Array, marks: Array, signatures: Array,
) -> Number:  # fmt: skip
    """Sketch the texts data[starts[i]:starts[i+1]]; returns how many values of `sets` were filled.

    Per text: `sizes` its number of distinct shingles (they follow one another in `sets`), `digests` two sums over them,
    `keys` (texts, bands) the hashes of its bands of `rows` values, `marks` the low byte of each MinHash value and
    behind them `PARITIES` words of parities, and `signatures` the values themselves (where that array has rows).
    `words` and `slots` are scratch for the longest text: its bytes + 2, and a power of two > 2 (bytes + 1); `signature` is
    scratch for one signature.
    """
    filled = 0
    bands = keys.shape[1]
    for text in range(len(starts) - 1):
        at, end = starts[text], starts[text + 1]
        count = _words(data, at, end, table, words)
        target = sets[filled:]
        if count:
            made = _distinct(words, _shingles(words, count, ngram), slots, target)
        else:
            target[0] = max(_no_words(data, at, end), _U64(1))
            made = 1
        sizes[text] = made
        filled += made
        low, high = _U64(0), _U64(0)
        for index in range(made):
            low += target[index]
            high += mix64(target[index] ^ _ROLL)
        digests[text, 0], digests[text, 1] = mix64(low), high
        if bands or len(signatures):
            _signature(target, made, permutations, signature)
        if len(signatures):
            for index in range(len(signature)):
                signatures[text, index] = signature[index]
        if bands:
            for index in range(len(signature)):
                marks[text, index] = signature[index] & _U32(255)
            _parities(target, made, marks[text, len(signature) :])
        _band_keys(signature, rows, keys[text])
    return filled
