"""Rows that stand in a text before, and pairs of rows that belong to an image."""

from __future__ import annotations

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import (
    BRACKET,
    COMMA,
    CONTENTS,
    DENSE,
    DIGIT,
    DIVIDER,
    EXACT,
    QUOTE,
    SHORT,
    STOP,
    TITLE_AGAIN,
    UPPER,
)  # fmt: skip

SUBHEAD, SURE, BETWEEN = 1, 2, 4
"""Of a pair: a subhead follows it; both read as sentences, with prose around them; there is prose around them."""


@inner
def _ending(kinds: Array, start: Number, end: Number) -> Number:
    """The kind of the last code point that is no closing quote or bracket."""
    last = kinds[end - 1]
    return kinds[max(end - 2, start)] if last == QUOTE or last == BRACKET else last


@inner
def _weight(words: Array, counts: Array, row: Number) -> Number:
    return 2 * np.int64(words[row]) + np.int64(counts[row, DENSE])


@inner
def _entries(group: Array, prose: Array, listed: Array, copy: Array, times: Array, before: Array, out: Array) -> None:
    """Mark in `out` the rows that are entries of a table of contents.

    Neighbours that return once, further down and in the same order, with prose between them.
    """
    n = len(group)
    copy[:], times[:] = n, 0
    before[0] = 0
    for row in range(n):
        before[row + 1] = before[row] + prose[row]
        times[group[row]] += 1
        if group[row] != row:
            copy[group[row]] = min(copy[group[row]], row)
    for row in range(n - 1):
        here, below = copy[row], copy[row + 1]
        once = times[row] == 2 and times[row + 1] == 2
        if once and here < below < n and before[below] > before[here] and not prose[row] and not listed[row]:
            out[row] |= CONTENTS
            out[row + 1] |= CONTENTS


@kernel(
    "void", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[,]", "b1[]", "b1[]", "i4[]", "i8", "i8", "i4[,]", "u2[]",
)  # fmt: skip
def exact(
    kinds: Array, first: Array, start: Array, end: Array, words: Array, counts: Array, prose: Array, listed: Array,
    group: Array, least: Number, head: Number, scratch: Array, out: Array,
) -> None:  # fmt: skip
    """Mark in `out` rows that stand in their text before, as `EXACT`, `TITLE_AGAIN` or `SHORT`, and entries as `CONTENTS`.

    Rows without prose need `least` words and a stop to be exact copies, and a neighbour that does not return with them; of
    others those among the first `head` rows may be the title. `scratch` is (3, rows + 1).
    """
    n = len(group)
    some = False
    for row in range(n):
        some = some or group[row] != row
    if not some:
        return
    _entries(group, prose, listed, scratch[0], scratch[1], scratch[2], out)
    for doc in range(len(first) - 1):
        for row in range(first[doc], first[doc + 1]):
            known = np.int64(group[row])
            if known == row:
                continue
            above = known > 0 and group[row - 1] == known - 1
            below = row + 1 < n and group[row + 1] == known + 1
            closed = _ending(kinds, np.int64(start[row]), np.int64(end[row])) == STOP
            wordy = _weight(words, counts, row) >= 2 * least and closed and not (above or below)
            if (prose[row] or wordy) and not listed[row]:
                out[row] |= EXACT
            elif words[row] > 0 and not out[known] & CONTENTS:
                out[row] |= TITLE_AGAIN if row - first[doc] < head else SHORT


@inner
def _is_plain(words: Array, capitals: Array, counts: Array, row: Number) -> Number:
    """Whether a row reads as a sentence without an end: hardly a number or divider, not a heading in capitals."""
    titled = words[row] > 0 and 20 * capitals[row] > 13 * words[row] and counts[row, UPPER] > 0
    return counts[row, DIGIT] <= 4 and counts[row, DIVIDER] <= 1 and _weight(words, counts, row) >= 10 and not titled


@inner
def _can_caption(
    kinds: Array, start: Array, end: Array, words: Array, counts: Array, listed: Array, low: Number, high: Number, row: Number
) -> Number:
    """Whether a row has from `low` to `high` words and no end, and is not `listed`."""
    weight = _weight(words, counts, row)
    if not 2 * low <= weight <= 2 * high or listed[row]:
        return False
    last = _ending(kinds, np.int64(start[row]), np.int64(end[row]))
    return last != STOP and last != COMMA


@kernel(
    "i8", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[,]", "b1[]", "b1[]", "i8", "i8", "b1[]", "i4[,]",
)  # fmt: skip
def captions(
    kinds: Array, first: Array, start: Array, end: Array, words: Array, capitals: Array, counts: Array, prose: Array,
    listed: Array, low: Number, high: Number, able: Array, out: Array,
) -> Number:  # fmt: skip
    """Fill `out` (row, `SUBHEAD`, `SURE` and `BETWEEN`) with rows that may be an alternative text, a caption below; how many.

    Two rows of `low` to `high` words without an end, prose directly above; what follows is none of them, or a subhead: one
    more, with prose below it. `able` is scratch.
    """
    made = 0
    for row in range(len(able)):
        able[row] = _can_caption(kinds, start, end, words, counts, listed, low, high, row)
    for doc in range(len(first) - 1):
        stop = first[doc + 1]
        for row in range(first[doc] + 1, stop - 1):
            if not (able[row] and able[row + 1] and prose[row - 1]):
                continue
            inside = row + 2 < stop
            ends = not (inside and able[row + 2])
            subhead = not ends and row + 3 < stop and prose[row + 3]
            if ends or subhead:
                between = subhead or (inside and prose[row + 2])
                plain = _is_plain(words, capitals, counts, row) and _is_plain(words, capitals, counts, row + 1)
                sure = SURE if between and plain else 0
                out[made, 0], out[made, 1] = row, (SUBHEAD if subhead else 0) | sure | (BETWEEN if between else 0)
                made += 1
    return made
