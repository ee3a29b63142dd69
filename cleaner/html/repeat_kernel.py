"""More measures of blocks as compiled loops: what a page says twice, what it consists of, and what stands beside a line.

Import this inside functions: it brings numba along.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.compiled import inner
from cleaner.html.kernel import Array, kernel
from cleaner.html.measure_kernel import around, cap, log, ratio
from cleaner.kernels.kinds import FAR, FOLD_MASK

_FNV: Final = np.uint64(0xCBF29CE484222325)
_FNV_PRIME: Final = np.uint64(0x100000001B3)
_LETTERS: Final = np.uint32(FOLD_MASK)
PRICE_WORDS: Final = 15
"""A line with a digit and a sign and fewer words than this may be a price."""


@inner
def _hash(codes: Array, begin: int, end: int) -> np.uint64:
    """A number for a line's folded letters (Fowler, Noll and Vo)."""
    out = _FNV
    for at in range(begin, end):
        out = (out ^ np.uint64(codes[at] & _LETTERS)) * _FNV_PRIME
    return out ^ (out >> np.uint64(29))


@inner
def _copies(keys: Array, low: int, copies: Array, number: Array, before: Array, after: Array) -> int:
    """Per line of a page: how many lines are the same, which of them it is, and the rows of its neighbours among them,
    -1 for none. Gives the number of distinct lines."""
    order = np.argsort(keys, kind="mergesort")
    n = len(keys)
    begin = distinct = 0
    while begin < n:
        end = begin
        while end < n and keys[order[end]] == keys[order[begin]]:
            end += 1
        for at in range(begin, end):
            row = low + order[at]
            copies[row], number[row] = end - begin, at - begin + 1
            before[row] = low + order[at - 1] if at > begin else -1
            after[row] = low + order[at + 1] if at + 1 < end else -1
        distinct += 1
        begin = end
    return distinct


@inner
def _inside(flag: Array, chars: Array, low: int, high: int) -> int:
    total = 0
    for row in range(low, high):
        total += chars[row] if flag[row] else 0
    return total


@kernel("void", "i4[]", "u4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i8", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "u1[]", "i8",
        "u1[,]", "u1[,]")  # fmt: skip
def repeats(
    first: Array, codes: Array, start: Array, stop: Array, words: Array, path: Array, paths: int, chars: Array,
    block: Array, parent: Array, begin: Array, end: Array, tag: Array, article: int, flags: Array, out: Array,
) -> None:  # fmt: skip
    """What a page says more than once, and what it consists of.

    `flags` are, per row: it has a digit, it has a sign, it ends in a stop, it is inside `main`, `article`, `nav`.
    """
    digit, sign, closed, in_main, in_article, in_nav = flags[0], flags[1], flags[2], flags[3], flags[4], flags[5]
    rows = len(chars)
    same_rows = np.empty((4, rows), np.int32)
    copies, number, before, after = same_rows[0], same_rows[1], same_rows[2], same_rows[3]
    alike = np.zeros((paths, 6), np.int64)
    sums = np.zeros((5, rows + 1), np.int64)
    total, same, late, prices, articles = sums[0], sums[1], sums[2], sums[3], sums[4]
    for element in range(len(tag)):
        if tag[element] == article and end[element] > begin[element]:
            articles[begin[element]] += 1
    keys = np.empty(rows, np.uint64)
    for row in range(rows):
        keys[row] = _hash(codes, start[row], stop[row])
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        if low == high:
            continue
        distinct = _copies(keys[low:high], low, copies, number, before, after)
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
            low, high = first[page], first[page + 1]
            for row in range(low, high):
                other = row + step
                inside = low <= other < high
                for place in range(len(seen)):
                    out[at + place, row] = values[seen[place], other] if inside else 0
                out[at + len(seen), row] = inside and path[row] == path[other]
        at += len(seen) + 1


@kernel("void", "i4[]", "u1[]", "i4[]", "u1[r]", "u1[,]")
def ranks(first: Array, score: Array, chars: Array, logs: Array, out: Array) -> None:
    """Where a line's first score stands among those of its page, and what the page promises at its best cut.

    The best cut is the one with the greatest expected F, as in `cleaner.html.cut.PageCut`.
    """
    size, mass = np.zeros(256, np.int64), np.zeros(256, np.int64)
    above, right = np.zeros(257, np.int64), np.zeros(257, np.int64)
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        size[:] = 0
        for row in range(low, high):
            size[score[row]] += max(chars[row], 1)
        for value in range(255, -1, -1):
            mass[value] = size[value] * value
            above[value] = above[value + 1] + size[value]
            right[value] = right[value + 1] + mass[value]
        best = cut = 0
        for value in range(255, -1, -1):
            quality = 510 * right[value] // max(255 * above[value] + right[0], 1)
            if size[value] and quality > best:
                best, cut = quality, value
        for row in range(low, high):
            value = score[row]
            out[0, row] = ratio(above[value + 1], above[0], 128)
            out[1, row] = min(best, 255)
            out[2, row] = ratio(right[value + 1], right[0], 64)
            out[3, row] = cut
            out[4, row] = value >= cut
            out[5, row] = log(logs, above[cut])


@inner
def _ordered(likely: Array, low: int, high: int, begin: Array, order: Array) -> None:
    """Put the rows of a page into `order`, the likeliest first, of equals the first; `begin` is scratch, one per chance."""
    begin[:] = 0
    for row in range(low, high):
        begin[255 - likely[row]] += 1
    at = low
    for value in range(256):
        size = begin[value]
        begin[value] = at
        at += size
    for row in range(low, high):
        value = 255 - likely[row]
        order[begin[value]] = row
        begin[value] += 1


@kernel("void", "i4[]", "u1[]", "i4[]", "i8", "i8", "i8", "f8", "i8", "b1[]")
def best_lines(
    first: Array, likely: Array, weight: Array, least: int, most: int, promise: int, hope: float, few: int, stays: Array
) -> None:
    """Which lines stay of pages, see `cleaner.html.cut.PageCut.best_lines`; `promise` is in words times 510."""
    order, begin = np.empty(len(likely), np.int64), np.empty(256, np.int64)
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        if low == high:
            continue
        _ordered(likely, low, high, begin, order)
        expected = 0
        for row in range(low, high):
            expected += np.int64(likely[row]) * max(weight[row], 1)
        hit = taken = np.int64(0)
        quality, cut = -1.0, 0
        for row in order[low:high]:
            words = np.int64(max(weight[row], 1))
            hit += likely[row] * words
            taken += 255 * words
            reached = hit / max(taken + expected, 1)
            if reached > quality:
                quality, cut = reached, likely[row]
        cut = min(max(cut, least), most, likely[order[low]])
        hit = taken = np.int64(0)
        for row in range(low, high):
            stays[row] = likely[row] >= cut
            if stays[row]:
                words = np.int64(max(weight[row], 1))
                hit += likely[row] * words
                taken += 255 * words
        if hit < promise and 2 * hit < hope * (taken + expected) and high - low > few:
            stays[low:high] = False
