"""Content words and what paragraphs share of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import DENSE, FOLD_MASK, MARK

_STEM: Final = 5
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_SLOT_BITS: Final = 19
"""Half a million slots: two words of a text share one about as often as they share a stem."""


@inner
def _slot(codes: Array, at: Number, size: Number) -> Number:
    value = np.uint64(0)
    for place in range(at, at + size):
        value = (value * _MIX) ^ np.uint64(codes[place] & np.uint32(FOLD_MASK))
    return np.int64((value * _MIX) >> np.uint64(64 - _SLOT_BITS))


@inner
def _is_long(kinds: Array, at: Number, end: Number) -> Number:
    """Whether the word that begins at `at` has enough letters."""
    if at + _STEM > end:
        return False
    long = True
    for step in range(1, _STEM):
        long &= kinds[at + step] <= MARK
    return long


@inner
def _renumber(number: Array, low: Number, high: Number, table: Array, fresh: Number) -> Number:
    """Replace the slots number[low:high] by numbers from `fresh` on; returns the next one that is free."""
    size = 16
    while size < 2 * (high - low):
        size *= 2
    table[:size, 0] = -1
    for at in range(low, high):
        place = number[at] & (size - 1)
        while table[place, 0] >= 0 and table[place, 0] != number[at]:
            place = (place + 1) & (size - 1)
        if table[place, 0] < 0:
            table[place, 0], table[place, 1] = number[at], fresh
            fresh += 1
        number[at] = table[place, 1]
    return fresh


@kernel("i8", "u4[]", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[,]", "i4[,]", "i4[]", "i4[]")
def content(
    codes: Array, kinds: Array, word_at: Array, first: Array, start: Array, end: Array, words: Array, counts: Array,
    table: Array, number: Array, row_of: Array,
) -> Number:  # fmt: skip
    """Fill `number` and `row_of`, one per content word, ordered by row; returns how many there are.

    Words get the same number where they share text and slot, and no two texts share a number. `table` (slots, 2) is scratch:
    at least 16 slots, and four times the words of any text.
    """
    made, fresh, word = 0, 0, 0
    for doc in range(len(first) - 1):
        low = made
        for row in range(first[doc], first[doc + 1]):
            for at in word_at[word : word + words[row]]:
                if _is_long(kinds, at, end[row]):
                    number[made], row_of[made] = _slot(codes, at, _STEM), row
                    made += 1
            word += words[row]
            if counts[row, DENSE] > 1:
                for at in range(start[row], end[row] - 1):
                    if kinds[at] == DENSE and kinds[at + 1] == DENSE:
                        number[made], row_of[made] = _slot(codes, at, 2), row
                        made += 1
        fresh = _renumber(number, low, made, table, fresh)
    return made


@kernel("void", "i4[]", "i4[]", "b1[]", "i4[,]", "i4[]", "i4[]")
def shared(number: Array, row: Array, prose: Array, ends: Array, words: Array, out: Array) -> None:
    """Count per row the content words (`words`), and those that stand in another row of prose too (`out`); both zeros.

    `ends` (2, the largest number and 1) is scratch.
    """
    # The first and the last paragraph that has a word: where both are the row itself, no other one has it.
    first, last = ends[0], ends[1]
    first[:] = -1
    for at in range(len(number)):
        if prose[row[at]]:
            if first[number[at]] < 0:
                first[number[at]] = row[at]
            last[number[at]] = row[at]
    for at in range(len(number)):
        words[row[at]] += 1
        one = first[number[at]]
        out[row[at]] += one >= 0 and (one != row[at] or last[number[at]] != row[at])
