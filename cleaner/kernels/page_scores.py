"""What the first scores of a page's lines say of each other, and which lines stay."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.measures import around, log, ratio, since, until

VALUES: Final = 257
"""As many as scores can have, and one."""
_SCORED: Final = 400
"""Bytes of a line beyond which its score weighs no more."""
_LIKELY: Final = 128
_RANKED: Final = 31
"""The first of the measures that `_rank` gives."""


@inner
def _mean(mass: Number, size: Number) -> Number:
    return min(mass // max(size, 1), 255)


@inner
def _rank(low: Number, high: Number, score: Array, chars: Array, logs: Array, size: Array, sums: Array, out: Array) -> None:
    """Where a line's first score stands among those of its page, and what the page promises at its best cut.

    The best cut is the one with the greatest expected F, as in `cleaner.html.cut.PageCut`.
    """
    above, right = sums[0], sums[1]
    size[:] = 0
    for row in range(low, high):
        size[score[row]] += max(chars[row], 1)
    above[256], right[256] = 0, 0
    for value in range(255, -1, -1):
        above[value] = above[value + 1] + size[value]
        right[value] = right[value + 1] + size[value] * value
    best = cut = 0
    for value in range(255, -1, -1):
        if size[value]:
            quality = 510 * right[value] // max(255 * above[value] + right[0], 1)
            if quality > best:
                best, cut = quality, value
    for row in range(low, high):
        value = np.int64(score[row])
        out[0, row] = ratio(above[value + 1], above[0], 128)
        out[1, row] = min(best, 255)
        out[2, row] = ratio(right[value + 1], right[0], 64)
        out[3, row] = cut
        out[4, row] = value >= cut
        out[5, row] = log(logs, above[cut])


@kernel("void", "i4[]", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i8[]", "i4[]", "i4[]", "i4[]", "u1[]", "u1[r]", "u1[r]",
        "i8[,]", "i8[,]", "i8[,]", "b1[]", "i8[,]", "u1[,]")  # fmt: skip
def second(
    first: Array, score: Array, chars: Array, block: Array, path: Array, item: Array, group: Array, parent: Array,
    begin: Array, end: Array, tag: Array, levels: Array, logs: Array, sums: Array, of_path: Array, of_group: Array,
    likely: Array, values: Array, out: Array,
) -> None:  # fmt: skip
    """What the first scores of neighbours, containers and likewise rows say, and where each stands among its page's.

    Scratch: `sums` (3, lines + 1), `of_path` (paths, 2), `of_group` (groups, 2), `likely` per row, `values` (3, `VALUES`).
    """
    rows = len(score)
    total, sizes, kept = sums[0], sums[1], sums[2]
    total[0], sizes[0], kept[0] = 0, 0, 0
    of_path[:, :] = 0
    of_group[:, :] = 0
    for row in range(rows):
        size = min(np.int64(chars[row]), _SCORED)
        mass = np.int64(score[row]) * size
        likely[row] = score[row] >= _LIKELY
        total[row + 1], sizes[row + 1] = total[row] + mass, sizes[row] + size
        kept[row + 1] = kept[row] + (size if likely[row] else 0)
        of_path[path[row], 0] += mass
        of_path[path[row], 1] += size
        number = group[item[row]]
        of_group[number, 0] += mass
        of_group[number, 1] += size
    since(likely, first, out[24])
    until(likely, first, out[25])
    for page in range(len(first) - 1):
        low, high = np.int64(first[page]), np.int64(first[page + 1])
        peak = 0
        for row in range(low, high):
            peak = max(peak, score[row])
        above = section = low
        seen = False
        stop = low
        for row in range(low, high):
            if levels[tag[block[row]]] > 0:
                above, section, seen = row, row, True
            if row >= stop:
                stop = row + 1
                while stop < high and levels[tag[block[stop]]] == 0:
                    stop += 1
            mass, size = total[row + 1] - total[row], sizes[row + 1] - sizes[row]
            out[0, row] = score[row]
            out[1, row] = _mean(total[high] - total[low], sizes[high] - sizes[low])
            at = 2
            for step in range(-4, 5):
                if step:
                    other = row + step
                    out[at, row] = score[other] if low <= other < high else 0
                    at += 1
            for reach in (2, 5, 12, 30):
                out[at, row] = _mean(around(total, row, low, high, reach), around(sizes, row, low, high, reach))
                at += 1
            out[14, row] = _mean(total[row] - total[low], sizes[row] - sizes[low])
            out[15, row] = _mean(total[high] - total[row + 1], sizes[high] - sizes[row + 1])
            element = block[row]
            for level in range(4):
                a, b = begin[element], end[element]
                out[16 + level, row] = _mean(total[b] - total[a] - mass, sizes[b] - sizes[a] - size)
                element = parent[element]
            out[20, row] = _mean(of_path[path[row], 0] - mass, of_path[path[row], 1] - size)
            number = group[item[row]]
            out[21, row] = _mean(of_group[number, 0] - mass, of_group[number, 1] - size)
            a, b = begin[item[row]], end[item[row]]
            out[22, row] = _mean(total[b] - total[a] - mass, sizes[b] - sizes[a] - size)
            out[23, row] = peak
            out[26, row] = log(logs, kept[row] - kept[low])
            out[27, row] = log(logs, kept[high] - kept[row + 1])
            out[28, row] = log(logs, kept[high] - kept[low])
            out[29, row] = score[above] if seen else 0
            out[30, row] = _mean(total[stop] - total[section] - mass, sizes[stop] - sizes[section] - size)
        _rank(low, high, score, chars, logs, values[0], values[1:], out[_RANKED:])


@kernel("void", "i4[]", "u1[]", "i4[]", "i8", "i8", "i8", "f8", "i8", "i8[]", "b1[]")
def best_lines(
    first: Array, likely: Array, weight: Array, least: Number, most: Number, promise: Number, hope: Number, few: Number,
    size: Array, stays: Array,
) -> None:  # fmt: skip
    """Which lines stay of pages, see `cleaner.html.cut.PageCut.best_lines`; `promise` is in words times 510.

    Between lines that are equally likely no cut lies, so their words are counted together: `size` is scratch, one per chance.
    """
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        if low == high:
            continue
        size[:] = 0
        expected = top = np.int64(0)
        for row in range(low, high):
            words = np.int64(max(weight[row], 1))
            size[likely[row]] += words
            expected += np.int64(likely[row]) * words
            top = max(top, np.int64(likely[row]))
        hit = taken = np.int64(0)
        quality, cut = -1.0, np.int64(0)
        for value in range(top, -1, -1):
            if size[value]:
                hit += value * size[value]
                taken += 255 * size[value]
                reached = hit / max(taken + expected, 1)
                if reached > quality:
                    quality, cut = reached, np.int64(value)
        cut = min(max(cut, least), most, top)
        hit = taken = np.int64(0)
        for row in range(low, high):
            stays[row] = likely[row] >= cut
            if stays[row]:
                words = np.int64(max(weight[row], 1))
                hit += likely[row] * words
                taken += 255 * words
        if hit < promise and 2 * hit < hope * (taken + expected) and high - low > few:
            stays[low:high] = False
