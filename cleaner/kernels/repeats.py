"""What is alike in a text: equal rows, rows with common passages, and how much two rows have in common."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.folds import fold_words
from cleaner.kernels.kinds import (
    BRACKET,
    CONTAINED,
    DENSE,
    FOLD_MASK,
    FOLDED_SPACE,
    GLUED,
    NEAR,
    PULL_QUOTE,
    QUOTE,
    SHORT,
    STOP,
    TITLE_WITH_SITE,
)  # fmt: skip

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_WINDOW: Final = 16
"""Characters of an anchor: two to four words, rare enough to be few and short enough to survive small edits."""
CROWD: Final = 6
"""An anchor that more rows share than this belongs to a formula of the text (a template, a refrain), not to a repeat."""
_EDGE: Final = 12
_FULL_STOPS: Final = (0x2E, 0x3002, 0x0964)


@inner
def slots_for(entries: Number) -> Number:
    """Slots of a hash table that is at most half full."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@inner
def _row_hash(points: Array, start: Number, end: Number) -> Array:
    """A hash of a row's length and its two ends."""
    value = np.uint64(end - start)
    for at in range(start, min(start + _EDGE, end)):
        value = (value ^ np.uint64(points[at])) * _MIX
    for at in range(max(end - _EDGE, start), end):
        value = (value ^ np.uint64(points[at])) * _MIX
    return value ^ (value >> np.uint64(32))


@inner
def _equal(points: Array, one: Number, other: Number, size: Number) -> Number:
    for step in range(size):
        if points[one + step] != points[other + step]:
            return False
    return True


@kernel("void", "u4[r]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]")
def groups(points: Array, first: Array, start: Array, end: Array, table: Array, group: Array) -> None:
    """Fill `group`: per row the first row of its text with the same line.

    `table` is scratch: at least 16 slots, and four times the rows of any text.
    """
    for doc in range(len(first) - 1):
        low, high = first[doc], first[doc + 1]
        size = slots_for(high - low)
        table[:size] = -1
        for row in range(low, high):
            length = end[row] - start[row]
            slot = np.int64(_row_hash(points, start[row], end[row]) & np.uint64(size - 1))
            while table[slot] >= 0:
                known = table[slot]
                if end[known] - start[known] == length and _equal(points, start[known], start[row], length):
                    break
                slot = (slot + 1) & (size - 1)
            if table[slot] < 0:
                table[slot] = row
            group[row] = table[slot]


@inner
def _is_anchor(points: Array, at: Number) -> Number:
    """Whether what follows makes this place one of those compared: every second, chosen by content."""
    head = np.uint64(points[at])
    for step in range(1, 4):
        head = head * _MIX + np.uint64(points[at + step])
    return (head >> np.uint64(40)) & np.uint64(1) == np.uint64(0)


@inner
def _add_anchor(points: Array, codes: Array, at: Number, row: Number, keys: Array, rows: Array, made: Number) -> Number:
    """Add what begins at `at` to the anchors if it is one; returns how many there are then."""
    if not _is_anchor(points, at):
        return made
    value, other = np.uint64(0), np.uint64(0)
    for step in range(_WINDOW // 2):  # two at a time: a product has to wait for the one before
        value = value * _MIX + np.uint64(codes[at + step] & np.uint32(FOLD_MASK))
        other = other * _MIX + np.uint64(codes[at + _WINDOW // 2 + step] & np.uint32(FOLD_MASK))
    value = (value ^ (value >> np.uint64(31))) * _MIX + other
    keys[made], rows[made] = value ^ (value >> np.uint64(29)), row
    return made + 1


@inner
def _anchors(
    points: Array, codes: Array, kinds: Array, word_at: Array, words: Array, counts: Array, start: Array, end: Array,
    row: Number, word: Number, keys: Array, rows: Array, made: Number,
) -> Number:  # fmt: skip
    """Add the anchors of a row whose words begin at word_at[word:]; returns how many there are then."""
    last = end[row] - _WINDOW
    for at in word_at[word : word + words[row]]:
        if at > last:
            break
        made = _add_anchor(points, codes, at, row, keys, rows, made)
    if counts[row, DENSE]:
        for at in range(start[row], last + 1):
            if kinds[at] == DENSE:
                made = _add_anchor(points, codes, at, row, keys, rows, made)
    return made


@inner
def _pair_up(
    keys: Array, rows: Array, count: Number, table: Array, members: Array, pairs: Array, made: Number
) -> tuple[Number, Number]:
    """Add the pairs of rows that share an anchor, once for each; returns how many, and whether crowds were left out."""
    size = slots_for(count)
    members[:size, 0] = 0
    crowded = False
    for index in range(count):
        slot = np.int64(keys[index] & np.uint64(size - 1))
        while members[slot, 0] and table[slot] != keys[index]:
            slot = (slot + 1) & (size - 1)
        table[slot] = keys[index]
        known = members[slot, 0]
        if known <= CROWD and (known == 0 or members[slot, known] != rows[index]):
            members[slot, 0] = known + 1
            members[slot, known + 1] = rows[index]
    for slot in range(size):
        known = members[slot, 0]
        crowded = crowded or known > CROWD
        if 2 <= known <= CROWD:
            for one in range(1, known):
                for other in range(one + 1, known + 1):
                    pairs[made] = (np.int64(members[slot, one]) << 32) | np.int64(members[slot, other])
                    made += 1
    return made, crowded


@inner
def _sink(values: Array, low: Number, at: Number, size: Number) -> None:
    """Let values[low + at] sink to its place in the heap values[low : low + size]."""
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and values[low + child + 1] > values[low + child]:
            child += 1
        if values[low + at] >= values[low + child]:
            break
        values[low + at], values[low + child] = values[low + child], values[low + at]
        at = child


@inner
def _sort(values: Array, low: Number, high: Number) -> None:
    """Order values[low:high]; in no case slow, and without the size of a library's sorting."""
    size = high - low
    for at in range(size // 2 - 1, -1, -1):
        _sink(values, low, at, size)
    for last in range(size - 1, 0, -1):
        values[low], values[low + last] = values[low + last], values[low]
        _sink(values, low, 0, last)


@inner
def _able(words: Array, counts: Array, prose: Array, listed: Array, least: Number, row: Number) -> Number:
    """Whether a row is long enough to be compared with others, and of a kind that is.

    A paragraph of dialogue that begins with a dash looks like an item of a list; a quotation of it may go.
    """
    weight = 2 * np.int64(words[row]) + np.int64(counts[row, DENSE])
    return weight >= 2 * least and (prose[row] or not listed[row])


@kernel(
    "i8", "u4[r]", "u4[]", "u1[]", "i4[]", "i4[]", "i4[,]", "i4[]", "i4[]", "i4[]", "b1[]", "b1[]", "i4[]", "i8", "u8[]",
    "i4[]", "u8[]", "i4[,]", "i8[]", "b1[]", "i4[,]",
)  # fmt: skip
def pairs_of_rows(
    points: Array, codes: Array, kinds: Array, word_at: Array, words: Array, counts: Array, first: Array, start: Array,
    end: Array, prose: Array, listed: Array, group: Array, least: Number, keys: Array, rows: Array, table: Array,
    members: Array, pairs: Array, crowded: Array, out: Array,
) -> Number:  # fmt: skip
    """Fill `out` (pairs, 2) with rows, the earlier first, that share two anchors and are not equal; in order; how many.

    Compared are rows of `least` words that are `prose` or not `listed`. An anchor is one that a few rows share; `crowded` gets
    per text whether one was left out because too many do. `out` needs room for half as many pairs as `pairs` of all texts.
    Scratch: `keys` and `rows` for the code points of a text, `table` and `members` (slots, CROWD + 2) for four times as many,
    `pairs` for three times as many and 3.
    """
    word, kept = 0, 0
    for doc in range(len(first) - 1):
        many, count, made = 0, 0, 0
        for row in range(first[doc], first[doc + 1]):
            if _able(words, counts, prose, listed, least, row):
                while word < len(word_at) and word_at[word] < start[row]:
                    word += 1
                many += 1
                count = _anchors(points, codes, kinds, word_at, words, counts, start, end, row, word, keys, rows, count)
        if many > 1:
            made, crowded[doc] = _pair_up(keys, rows, count, table, members, pairs, made)
        _sort(pairs, 0, made)
        for at in range(1, made):
            again = pairs[at] == pairs[at - 1] and (at == 1 or pairs[at] != pairs[at - 2])
            one, other = pairs[at] >> np.int64(32), pairs[at] & np.int64(0xFFFFFFFF)
            if again and group[one] != group[other]:
                out[kept, 0], out[kept, 1] = one, other
                kept += 1
    return kept


@inner
def _units(chars: Array, words: Array, hashes: Array, many: Number, units: Array) -> Number:
    """Hashes of a folded line's words, or its characters where it has hardly any spaces; returns how many."""
    count = words[0, many]
    if many * 12 >= count:
        for word in range(many):
            units[word] = hashes[word]
        return many
    made = 0
    for at in range(count):
        if chars[at] != np.uint32(FOLDED_SPACE):
            units[made] = (np.uint64(chars[at]) + np.uint64(1)) * _MIX
            made += 1
    return made


@inner
def _triple(units: Array, at: Number) -> Array:
    value = ((units[at] * _MIX + units[at + 1]) * _MIX + units[at + 2]) * _MIX
    return (value ^ (value >> np.uint64(31))) | np.uint64(1)


@inner
def _share(units: Array, many: Number, others: Array, more: Number, table: Array) -> Number:
    """How many of the triples of units[:many] stand in others[:more]."""
    size = slots_for(more)
    table[:size] = np.uint64(0)
    for at in range(more - 2):
        key = _triple(others, at)
        slot = np.int64((key >> np.uint64(20)) & np.uint64(size - 1))
        while table[slot] != np.uint64(0) and table[slot] != key:
            slot = (slot + 1) & (size - 1)
        table[slot] = key
    found = 0
    for at in range(many - 2):
        key = _triple(units, at)
        slot = np.int64((key >> np.uint64(20)) & np.uint64(size - 1))
        while table[slot] != np.uint64(0) and table[slot] != key:
            slot = (slot + 1) & (size - 1)
        found += table[slot] == key
    return found


@inner
def _compare(
    codes: Array, start: Array, end: Array, pair: Array, chars: Array, origin: Array, words: Array, units: Array, table: Array,
    facts: Array,
) -> None:  # fmt: skip
    """Compare two rows: `facts` gets both folded lengths, and how many word triples the shorter one (of equals the second)
    has and shares with the other. Scratch as for `compare`."""
    many_one, many_two = 0, 0
    for side in range(2):
        row = pair[side]
        count = fold_words(codes, start[row], end[row], chars, origin, words, units[2])
        facts[side] = words[0, count]
        many_one, many_two = many_two, _units(chars, words, units[2], count, units[side])
    shorter = 1 if facts[1] <= facts[0] else 0
    few, more = (many_two, many_one) if shorter else (many_one, many_two)
    facts[2] = max(few - 2, 0)
    facts[3] = _share(units[shorter], few, units[1 - shorter], more, table)


@kernel(
    "i8", "u4[]", "u1[]", "i4[]", "i4[]", "b1[]", "b1[]", "i4[,]", "f8", "f8", "f8", "u4[]", "i8[]", "i8[,]", "u8[,]", "u8[]",
    "i4[,]", "i4[,]",
)  # fmt: skip
def compare(
    codes: Array, kinds: Array, start: Array, end: Array, prose: Array, listed: Array, pairs: Array, quoted: Number,
    share: Number, whole: Number, chars: Array, origin: Array, words: Array, units: Array, table: Array, facts: Array,
    out: Array,
) -> Number:  # fmt: skip
    """Fill `out` (row that stays, row that goes, mark) with those of `pairs` (earlier, later row) that say the same; how many.

    `facts` (pairs, 4) are as in `_compare`. What they share is at least `quoted` of the shorter row's triples; `share` of them
    make rows of about a length `NEAR` and prose `CONTAINED`, `whole` what has quotation marks in one place only a `PULL_QUOTE`.
    Scratch: `chars`, `origin`, `words` (2 rows) and `units` (3 rows) for twice the code points of a row and 4 more, `table` for
    eight times as many and 16.
    """
    kept = 0
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        _compare(codes, start, end, pairs[pair], chars, origin, words, units, table, facts[pair])
        first, second = np.float64(facts[pair, 0]), np.float64(facts[pair, 1])
        common = np.float64(facts[pair, 3]) / np.float64(facts[pair, 2]) if facts[pair, 2] else 0.0
        stays, goes = (one, other) if second <= first else (other, one)
        if common < quoted or (listed[stays] and listed[goes]):
            continue
        spoken, told = kinds[start[stays]] == QUOTE, kinds[start[goes]] == QUOTE
        mark = SHORT
        if common >= whole and spoken != told:
            mark = PULL_QUOTE
        elif min(first, second) >= 0.9 * max(first, second) and common >= share and (prose[one] or prose[other]):
            stays, goes, mark = one, other, NEAR
        elif told:
            mark = PULL_QUOTE
        elif spoken or (prose[goes] and common >= share):
            mark = CONTAINED
        out[kept, 0], out[kept, 1], out[kept, 2] = stays, goes, mark
        kept += 1
    return kept


@inner
def _is_short_quote(
    kinds: Array, start: Array, end: Array, words: Array, counts: Array, listed: Array, low: Number, high: Number, row: Number
) -> Number:
    """Whether a row stands in quotation marks, perhaps a bracket behind them, and has `low` to less than `high` words."""
    if kinds[start[row]] != QUOTE or listed[row]:
        return False
    last, before = kinds[end[row] - 1], kinds[max(end[row] - 2, start[row])]
    closed = last == QUOTE or (last == BRACKET and before == QUOTE)
    return closed and 2 * low <= 2 * np.int64(words[row]) + np.int64(counts[row, DENSE]) < 2 * high


@kernel(
    "i8", "u4[]", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[,]", "b1[]", "i8", "i8", "i8", "u4[,]", "i8[]", "i8[,]", "u8[]",
    "i4[,]",
)  # fmt: skip
def short_quotes(
    codes: Array, kinds: Array, first: Array, start: Array, end: Array, words_of: Array, counts: Array, listed: Array,
    low: Number, high: Number, near: Number, chars: Array, origin: Array, words: Array, hashes: Array, out: Array,
) -> Number:  # fmt: skip
    """Fill `out` (row, other row) with the rows of `low` to less than `high` words in quotation marks, and with the first row
    of more words, among so many `near` by, that begins with just these, or -1; returns how many rows.

    Scratch: `chars` and `words` (2 rows), `origin` and `hashes` for twice the code points of a row and 4 more.
    """
    made = 0
    for doc in range(len(first) - 1):
        for row in range(first[doc], first[doc + 1]):
            if not _is_short_quote(kinds, start, end, words_of, counts, listed, low, high, row):
                continue
            many = fold_words(codes, start[row], end[row], chars[0], origin, words, hashes)
            size = words[0, many]
            weight = 2 * np.int64(words_of[row]) + np.int64(counts[row, DENSE])
            found = -1
            for other in range(max(row - near, first[doc]), min(row + near + 1, first[doc + 1])):
                if 2 * np.int64(words_of[other]) + np.int64(counts[other, DENSE]) <= weight:
                    continue
                many = fold_words(codes, start[other], end[other], chars[1], origin, words, hashes)
                same = words[0, many] > size and chars[1, size] == np.uint32(FOLDED_SPACE)
                if same and _equal_chars(chars[0], chars[1], size):
                    found = other
                    break
            out[made, 0], out[made, 1] = row, found
            made += 1
    return made


@inner
def _equal_chars(one: Array, other: Array, size: Number) -> Number:
    for at in range(size):
        if one[at] != other[at]:
            return False
    return True


@inner
def ends_in_stop(points: Array, kinds: Array, start: Number, end: Number) -> Number:
    """Whether a line ends in a full stop or a quotation mark, as sentences do and titles do not."""
    sign, last, before = points[end - 1], kinds[end - 1], kinds[max(end - 2, start)]
    stopped = sign == _FULL_STOPS[0] or sign == _FULL_STOPS[1] or sign == _FULL_STOPS[2]
    return stopped or last == QUOTE or (last == BRACKET and before == STOP)


@kernel(
    "void", "u4[r]", "u1[]", "u4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i8", "i8", "i8", "u4[,]", "i8[]", "i8[]", "u8[]", "i8[,]",
    "u2[]",
)  # fmt: skip
def glued(
    points: Array, kinds: Array, codes: Array, first: Array, start: Array, end: Array, listed: Array, longest: Number,
    least: Number, most: Number, chars: Array, size: Array, origin: Array, hashes: Array, words: Array, out: Array,
) -> None:  # fmt: skip
    """Mark in `out` lines among the first of each text that end in another of them as `GLUED`, unless they are `listed` or end
    in a stop, else those that begin with another as `TITLE_WITH_SITE`.

    Only lines shorter than `longest`; the other needs at least `least` folded characters, and 2 to `most` are left. As many
    lines of a text are looked at as `chars` and `size` have rows; these, `origin`, `hashes` and `words` (2 rows) are scratch
    with room for twice `longest` and 4 more.
    """
    head = len(size)
    for doc in range(len(first) - 1):
        low = first[doc]
        rows = min(first[doc + 1] - low, head)
        for at in range(rows):
            size[at] = -1
            if end[low + at] - start[low + at] < longest:
                many = fold_words(codes, start[low + at], end[low + at], chars[at], origin, words, hashes)
                size[at] = words[0, many]
        for at in range(rows):
            for other in range(rows):
                rest = size[at] - size[other]
                if at == other or size[other] < least or not 2 <= rest <= most:
                    continue
                text, title = chars[at], chars[other]
                ends, begins = True, text[size[other]] == np.uint32(FOLDED_SPACE)
                for step in range(size[other]):
                    ends = ends and text[rest + step] == title[step]
                    begins = begins and text[step] == title[step]
                    if not (ends or begins):
                        break
                row = low + at
                if ends and not (listed[row] or ends_in_stop(points, kinds, start[row], end[row])):
                    out[row] |= GLUED
                elif begins and not ends:
                    out[row] |= TITLE_WITH_SITE
