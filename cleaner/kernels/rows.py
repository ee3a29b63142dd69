"""From code points to rows: kinds, stripped bounds, counts per kind, words."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import (
    BRACKET,
    COMMA,
    DENSE,
    DIGIT,
    DIVIDER,
    KIND_SHIFT,
    KINDS,
    MARK,
    NEWLINE,
    QUOTE,
    SIGN,
    SPACE,
    STOP,
    UNKNOWN,
    UPPER,
)  # fmt: skip

DOC, LINE_START, LINE_END, START, END, LINE_OF, WORDS, CAPITALS, INK, WEIGHT = range(10)
BOUNDS: Final = 10
_LOW_KINDS: Final = (UPPER, MARK, DENSE, DIGIT, STOP, COMMA, QUOTE, BRACKET)
_CHUNK: Final = 255
"""So many code points can be counted before a counter of eight bits runs over."""


def _lanes() -> tuple[Array, Array]:
    """What a code point adds to two words of eight counters each; the index is its kind, + 16 after a letter."""
    low, high = np.zeros(32, np.uint64), np.zeros(32, np.uint64)
    for kind in range(KINDS):
        for after_letter in (0, 16):
            if kind in _LOW_KINDS:
                low[kind + after_letter] = 1 << (8 * _LOW_KINDS.index(kind))
            value = {DIVIDER: 1, SIGN: 1 << 8, SPACE: 1 << 32}.get(kind, 0)
            if kind <= MARK and not after_letter:
                value += (1 << 16) + ((kind == UPPER) << 24)
            high[kind + after_letter] = value
    return low, high


_LOW, _HIGH = _lanes()


@kernel("i8", "u4[r]", "u4[]", "u4[]", "u1[]", "i4[]")
def classify(points: Array, table: Array, codes: Array, kinds: Array, breaks: Array) -> Number:
    """Fill `codes` and `kinds`, one per code point, and `breaks`, where line feeds stand; says how many are unknown.

    `breaks` has a place for each code point, and one more for how many line feeds there are.
    """
    unknown = 0
    made = 0
    for place in range(len(points)):
        code = table[points[place]]
        codes[place] = code
        kinds[place] = code >> np.uint32(KIND_SHIFT)
        unknown += code == np.uint32(UNKNOWN)
        if points[place] == np.uint32(10):
            breaks[made] = place
            made += 1
    breaks[len(breaks) - 1] = made
    return unknown


@inner
def _lane(packed: Array, number: Number) -> Number:
    return np.int64((packed >> np.uint64(8 * number)) & np.uint64(255))


@inner
def _count(
    kinds: Array, start: Number, end: Number, word_at: Array, word: Number, counts: Array, bounds: Array, row: Number
) -> Number:
    """Count the code points of one row; returns the number of word starts so far."""
    counts[row, :] = 0
    words, capitals, spaces = 0, 0, 0
    before = 0
    at = start
    while at < end:
        stop = min(at + _CHUNK, end)
        low, high = np.uint64(0), np.uint64(0)
        while at < stop:
            kind = np.int64(kinds[at])
            index = kind + before
            low += _LOW[index]
            high += _HIGH[index]
            letter = np.int64(kind <= MARK)
            word_at[word] = at
            word += letter & (before == 0)
            before = letter << 4
            at += 1
        counts[row, UPPER] += _lane(low, 0)
        counts[row, MARK] += _lane(low, 1)
        counts[row, DENSE] += _lane(low, 2)
        counts[row, DIGIT] += _lane(low, 3)
        counts[row, STOP] += _lane(low, 4)
        counts[row, COMMA] += _lane(low, 5)
        counts[row, QUOTE] += _lane(low, 6)
        counts[row, BRACKET] += _lane(low, 7)
        counts[row, DIVIDER] += _lane(high, 0)
        counts[row, SIGN] += _lane(high, 1)
        words += _lane(high, 2)
        capitals += _lane(high, 3)
        spaces += _lane(high, 4)
    bounds[WORDS, row] = words
    bounds[CAPITALS, row] = capitals
    bounds[INK, row] = end - start - spaces
    bounds[WEIGHT, row] = 2 * words + np.int64(counts[row, DENSE])
    return word


@kernel("i8", "u1[]", "i4[]", "i4[]", "i4[,]", "u1[]", "i4[,]", "i4[]", "i4[]")
def rows(
    kinds: Array, base: Array, breaks: Array, bounds: Array, blanks: Array, counts: Array, word_at: Array, first: Array
) -> Number:
    """Fill the columns of the rows (`bounds`, `blanks`, `counts`), the starts of words and each text's first row.

    Returns the number of rows; that of words is left in the last place of `word_at`.
    """
    row, word, doc, blank = 0, 0, 0, 0
    begin = 0
    first[0] = 0
    for line in range(len(breaks)):
        stop = np.int64(breaks[line])
        while doc + 1 < len(base) and begin >= base[doc + 1]:
            doc += 1
            first[doc] = row
        start, end = begin, stop
        while start < end and kinds[start] == SPACE:
            start += 1
        while start < end and kinds[end - 1] == SPACE:
            end -= 1
        if start < end:
            bounds[DOC, row], bounds[LINE_OF, row] = doc, line
            bounds[LINE_START, row], bounds[LINE_END, row] = begin, stop
            bounds[START, row], bounds[END, row] = start, end
            blanks[row] = 0 if first[doc] == row else min(blank, 3)
            blank = 0
            word = _count(kinds, start, end, word_at, word, counts, bounds, row)
            counts[row, NEWLINE] = 1
            row += 1
        else:
            blank += 1
            if row > first[doc]:
                counts[row - 1, NEWLINE] += 1
        begin = stop + 1
    for left in range(doc + 1, len(first)):
        first[left] = row
    word_at[len(word_at) - 1] = word
    return row
