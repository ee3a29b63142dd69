"""Rows that stand in a text before, and pairs of rows that belong to an image."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.folds import fold_words
from cleaner.kernels.kinds import (
    BRACKET,
    COMMA,
    CONTENTS,
    DENSE,
    DIGIT,
    DIVIDER,
    EXACT,
    PAIR,
    PAIR_IN_PROSE,
    PAIR_LOOSE,
    QUOTE,
    SHORT,
    STOP,
    TITLE_AGAIN,
    UPPER,
)  # fmt: skip
from cleaner.kernels.repeats import slots_for

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
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


@inner
def _stems(chars: Array, words: Array, many: Number, least: Number, letters: Number, out: Array) -> Number:
    """Hashes of the beginnings, of so many letters, of a folded line's words of at least `least`; how many.

    Of a line with hardly any spaces they are all its pairs of neighbours.
    """
    count, made = words[0, many], 0
    if many * 12 < count:
        for at in range(count - 1):
            out[made] = ((np.uint64(chars[at]) << np.uint64(21) | np.uint64(chars[at + 1])) + np.uint64(1)) * _MIX
            made += 1
        return made
    for word in range(many):
        begin, end = words[0, word], words[1, word]
        if end - begin < least:
            continue
        value = np.uint64(0)
        for at in range(begin, min(end, begin + letters)):
            value = (value ^ np.uint64(chars[at])) * _MIX
            value ^= value >> np.uint64(29)
        out[made] = max(value, np.uint64(1))
        made += 1
    return made


@inner
def _place(table: Array, size: Number, key: Array) -> Number:
    """The slot of a key among the first `size` of a hash table, or that where it would be."""
    slot = np.int64((key >> np.uint64(20)) & np.uint64(size - 1))
    while table[slot] != np.uint64(0) and table[slot] != key:
        slot = (slot + 1) & (size - 1)
    return slot


@inner
def _fill(keys: Array, many: Number, table: Array, size: Number) -> Number:
    """Put keys[:many] into the first `size` slots of a table; how many different ones there are."""
    table[:size] = np.uint64(0)
    found = 0
    for at in range(many):
        slot = _place(table, size, keys[at])
        found += table[slot] == np.uint64(0)
        table[slot] = keys[at]
    return found


@inner
def _shared(
    codes: Array, start: Array, end: Array, row: Number, least: Number, letters: Number, chars: Array, origin: Array,
    words: Array, hashes: Array, stems: Array, tables: Array,
) -> tuple[Number, Number]:  # fmt: skip
    """How many stems a row and the next share, and how many the one with fewer has. Scratch as for `liken`."""
    fewest, size = np.int64(0), np.int64(0)
    for side in range(2):
        many = fold_words(codes, start[row + side], end[row + side], chars, origin, words, hashes)
        made = _stems(chars, words, many, least, letters, stems)
        size = slots_for(made)
        distinct = _fill(stems, made, tables[side], size)
        if side:
            fewest = min(fewest, distinct)
        else:
            fewest, first = distinct, size
    both = 0
    for slot in range(size):
        key = tables[1, slot]
        both += key != np.uint64(0) and tables[0, _place(tables[0], first, key)] == key
    return both, fewest


@inner
def _are_alike(both: Number, fewest: Number, share: Number) -> Number:
    """Whether two lines share enough of the shorter one's stems."""
    return both >= 1 and both >= share * fewest and both >= min(2, fewest)


@kernel(
    "void", "u4[]", "i4[]", "i4[]", "i4[]", "i4[,]", "i4[,]", "i8", "i8", "f8", "u4[]", "i8[]", "i8[,]", "u8[]", "u8[]", "u8[,]",
    "u2[]",
)  # fmt: skip
def liken(
    codes: Array, start: Array, end: Array, words_of: Array, counts: Array, pairs: Array, many: Number, low: Number,
    share: Number, chars: Array, origin: Array, words: Array, hashes: Array, stems: Array, tables: Array, marks: Array,
) -> None:  # fmt: skip
    """Mark both rows of those of pairs[:many], which are as in `captions`, that say nearly the same.

    Rows of `low` words that share so much of the beginnings of their words are a `PAIR`, or `PAIR_IN_PROSE` where they are
    `SURE`; others with prose around them that share one long word `PAIR_LOOSE`. Three of a kind are entries of something.
    Scratch: `chars`, `origin`, `words` (2 rows), `hashes` and `stems` for twice the code points of a row and 4 more, `tables` (2
    rows) for eight times as many and 16.
    """
    for pair in range(many):
        row, kind = pairs[pair, 0], pairs[pair, 1]
        if kind & SUBHEAD:
            both, fewest = _shared(codes, start, end, row + 1, 3, 5, chars, origin, words, hashes, stems, tables)
            if _are_alike(both, fewest, share):
                continue
        mark = 0
        if min(_weight(words_of, counts, row), _weight(words_of, counts, row + 1)) >= 2 * low:
            both, fewest = _shared(codes, start, end, row, 3, 5, chars, origin, words, hashes, stems, tables)
            if _are_alike(both, fewest, share):
                mark = PAIR_IN_PROSE if kind & SURE else PAIR
        if not mark and kind & BETWEEN:
            both, fewest = _shared(codes, start, end, row, 4, 4, chars, origin, words, hashes, stems, tables)
            mark = PAIR_LOOSE if both else 0
        marks[row] |= mark
        marks[row + 1] |= mark
