"""What a page says more than once, what it consists of, and what stands beside each of its lines."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import FAR, FOLD_MASK
from cleaner.kernels.measures import around, cap, ratio
from cleaner.kernels.page_groups import place_of

COPIES: Final = 4
"""Rows of the scratch for what is told of lines that are the same."""
PRICE_WORDS: Final = 15
"""A line with a digit and a sign and fewer words than this may be a price."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_LETTERS: Final = np.uint32(FOLD_MASK)


@inner
def _hash(codes: Array, begin: Number, end: Number) -> Number:
    """A number for a line's folded letters. That two lines of a page share it does not happen by chance."""
    value = np.uint64(end - begin) * _MIX
    at = np.int64(begin)
    while at + 2 <= end:
        two = np.uint64(codes[at] & _LETTERS) | np.uint64(codes[at + 1] & _LETTERS) << np.uint64(32)
        value = (value ^ two) * _MIX
        value ^= value >> np.uint64(29)
        at += 2
    if at < end:
        value = (value ^ np.uint64(codes[at] & _LETTERS)) * _MIX
        value ^= value >> np.uint64(29)
    return value


@inner
def _copies(
    low: Number, high: Number, codes: Array, start: Array, stop: Array, keys: Array, owner: Array, copies: Array, number: Array,
    before: Array, after: Array,
) -> Number:  # fmt: skip
    """Per line of a page: how many lines are the same, which of them it is, and the rows of its neighbours among them,
    -1 for none. Gives the number of distinct lines.

    `keys` and `owner` are a table of lines, where those of pages before may still stand.
    """
    distinct = 0
    for row in range(low, high):
        key = _hash(codes, start[row], stop[row])
        place = place_of(keys, owner, key)
        last = np.int64(owner[place])
        keys[place], owner[place] = key, row
        after[row] = -1
        if last >= low:
            number[row], before[row], after[last] = number[last] + 1, last, row
        else:
            number[row], before[row] = 1, -1
            distinct += 1
    for row in range(high - 1, low - 1, -1):
        copies[row] = number[row] if after[row] < 0 else copies[after[row]]
    return distinct


@inner
def _inside(flag: Array, chars: Array, low: Number, high: Number) -> Number:
    total = 0
    for row in range(low, high):
        total += chars[row] if flag[row] else 0
    return total


@kernel("void", "i4[]", "u4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "u1[]", "i8",
        "u1[,]", "i8[r]", "u8[]", "i4[]", "i4[,]", "i8[,]", "i8[,]", "u1[,]")  # fmt: skip
def repeats(
    first: Array, codes: Array, start: Array, stop: Array, words: Array, path: Array, chars: Array, block: Array,
    parent: Array, begin: Array, end: Array, tag: Array, article: Number, values: Array, flags: Array, keys: Array,
    owner: Array, same_rows: Array, sums: Array, alike: Array, out: Array,
) -> None:  # fmt: skip
    """What a page says more than once, and what it consists of.

    `flags` are the rows of `values` that say: it has a digit, it has a sign, it ends in a stop, it is inside `main`,
    `article`, `nav`. Scratch: `keys` and `owner`, a table for as many keys as there are rows, `same_rows` (COPIES, lines),
    and the shared `sums` and `alike`.
    """
    digit, sign, closed = values[flags[0]], values[flags[1]], values[flags[2]]
    in_main, in_article, in_nav = values[flags[3]], values[flags[4]], values[flags[5]]
    copies, number, before, after = same_rows[0], same_rows[1], same_rows[2], same_rows[3]
    total, same, late, prices, articles = sums[0], sums[1], sums[2], sums[3], sums[4]
    total[0], same[0], late[0], prices[0] = 0, 0, 0, 0
    articles[:] = 0
    alike[:, :6] = 0
    owner[:] = -1
    for element in range(len(tag)):
        if tag[element] == article and end[element] > begin[element]:
            articles[begin[element]] += 1
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        if low == high:
            continue
        distinct = _copies(low, high, codes, start, stop, keys, owner, copies, number, before, after)
        starts = 0
        for row in range(low, high):
            size = chars[row]
            price = digit[row] and sign[row] and words[row] < PRICE_WORDS
            total[row + 1] = total[row] + size
            same[row + 1] = same[row] + (size if copies[row] > 1 else 0)
            late[row + 1] = late[row] + (size if number[row] > 1 else 0)
            prices[row + 1] = prices[row] + price
            starts += articles[row]
            group = alike[path[row]]
            group[0] += 1
            group[1] += copies[row] > 1
            group[2] += number[row] == 1
            group[3] += digit[row] > 0
            group[4] += closed[row] > 0
        size = total[high] - total[low]
        main, inner_article = _inside(in_main, chars, low, high), _inside(in_article, chars, low, high)
        menus = _inside(in_nav, chars, low, high)
        for row in range(low, high):
            group = alike[path[row]]
            group[5] += 1
            out[0, row] = cap(copies[row])
            out[1, row] = cap(number[row])
            out[2, row] = cap(row - before[row]) if before[row] >= 0 else FAR
            out[3, row] = cap(after[row] - row) if after[row] >= 0 else FAR
            out[4, row] = ratio(group[1], group[0], 64)
            out[5, row] = ratio(group[2], group[0], 64)
            element = parent[block[row]]
            for level in range(2):
                a, b = max(begin[element], low), min(end[element], high)
                out[6 + level, row] = ratio(same[b] - same[a], total[b] - total[a], 64)
                out[8 + level, row] = ratio(late[b] - late[a], total[b] - total[a], 64)
                element = parent[element]
            out[10, row] = ratio(around(late, row, low, high, 2), around(total, row, low, high, 2), 64)
            out[11, row] = ratio(around(late, row, low, high, 6), around(total, row, low, high, 6), 64)
            out[12, row] = ratio(same[high] - same[low], size, 128)
            out[13, row] = ratio(late[high] - late[low], size, 128)
            out[14, row] = ratio(group[3], group[0], 64)
            out[15, row] = ratio(group[4], group[0], 64)
            out[16, row] = ratio(group[5], group[0], 64)
            out[17, row] = cap(around(prices, row, low, high, 4))
            out[18, row] = cap(prices[high] - prices[low])
            out[19, row] = ratio(main, size, 64)
            out[20, row] = ratio(inner_article, size, 64)
            out[21, row] = cap(starts)
            out[22, row] = ratio(menus, size, 64)
            out[23, row] = ratio(distinct, high - low, 64)
            previous, following = before[row], after[row]
            out[24, row] = (previous >= 0 and path[previous] == path[row]) or (
                following >= 0 and path[following] == path[row]
            )


@kernel("void", "i4[]", "i4[]", "i8[r]", "i8[r]", "u1[,]", "u1[,]")
def neighbours(first: Array, path: Array, seen: Array, steps: Array, values: Array, out: Array) -> None:
    """The rows `seen` of `values` as the lines some `steps` away have them, and whether those are likewise; 0 beyond."""
    at = 0
    for step in steps:
        for page in range(len(first) - 1):
            low, high = np.int64(first[page]), np.int64(first[page + 1])
            begin, end = min(max(low - step, low), high), max(min(high - step, high), low)
            for place in range(len(seen) + 1):
                out[at + place, low:begin] = 0
                out[at + place, max(begin, end) : high] = 0
            if begin >= end:
                continue
            for place in range(len(seen)):
                target, source = out[at + place][begin:end], values[seen[place]][begin + step : end + step]
                for row in range(end - begin):
                    target[row] = source[row]
            for row in range(begin, end):
                out[at + len(seen), row] = path[row] == path[row + step]
        at += len(seen) + 1
