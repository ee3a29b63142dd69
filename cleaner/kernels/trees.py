"""Scoring by oblivious trees, many lines at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel

CHUNK: Final = 256
"""Lines that are asked together: their answers stay in the nearest cache."""
ABREAST: Final = 4
"""Trees whose leaves are added at once, so that a sum is read and written once for all of them."""
_USUAL: Final = 6
"""Questions of a tree in the shipped forests."""


@inner
def _answer(values: Array, feature: Array, border: Array, ask: Number, depth: Number, start: Number, number: Array) -> None:
    """Fill `number`: per line from `start` on, the leaf it reaches in the tree whose questions begin at `ask`."""
    size = len(number)
    column, limit = values[feature[ask]][start : start + size], border[ask]
    for line in range(size):
        number[line] = column[line] > limit
    for level in range(1, depth):
        column, limit = values[feature[ask + level]][start : start + size], border[ask + level]
        bit = np.uint8(1 << level)
        for line in range(size):
            number[line] |= bit if column[line] > limit else np.uint8(0)


@inner
def _answer_six(values: Array, feature: Array, border: Array, ask: Number, start: Number, number: Array) -> None:
    """The same for a tree of six questions, which the shipped ones have: answered in one go, no answer is stored and read
    again before the leaf is known."""
    size = len(number)
    stop = start + size
    a, b, c = values[feature[ask]][start:stop], values[feature[ask + 1]][start:stop], values[feature[ask + 2]][start:stop]
    d, e, f = values[feature[ask + 3]][start:stop], values[feature[ask + 4]][start:stop], values[feature[ask + 5]][start:stop]
    above = border[ask : ask + 6]
    of_a, of_b, of_c, of_d, of_e, of_f = above[0], above[1], above[2], above[3], above[4], above[5]
    none = np.uint8(0)
    for line in range(size):
        leaf = np.uint8(a[line] > of_a)
        leaf |= np.uint8(2) if b[line] > of_b else none
        leaf |= np.uint8(4) if c[line] > of_c else none
        leaf |= np.uint8(8) if d[line] > of_d else none
        leaf |= np.uint8(16) if e[line] > of_e else none
        leaf |= np.uint8(32) if f[line] > of_f else none
        number[line] = leaf


@kernel("void", "u1[,]", "i8[]", "u1[]", "i2[]", "i8", "u1[,]", "i4[]")
def score(values: Array, feature: Array, border: Array, leaves: Array, depth: Number, numbers: Array, out: Array) -> None:
    """Add the leaves that each line of `values` (measures, lines) reaches to `out`; depths up to 8.

    `numbers` (ABREAST, CHUNK) is scratch.
    """
    n = values.shape[1]
    trees = len(feature) // depth
    size_of_tree = 1 << depth
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        sums = out[start : start + size]
        one, two, three, four = numbers[0][:size], numbers[1][:size], numbers[2][:size], numbers[3][:size]
        for tree in range(0, trees - trees % ABREAST, ABREAST):
            for step in range(ABREAST):
                if depth == _USUAL:
                    _answer_six(values, feature, border, (tree + step) * _USUAL, start, numbers[step][:size])
                else:
                    _answer(values, feature, border, (tree + step) * depth, depth, start, numbers[step][:size])
            base = tree << depth
            first, second = leaves[base : base + size_of_tree], leaves[base + size_of_tree : base + 2 * size_of_tree]
            base += 2 * size_of_tree
            third, fourth = leaves[base : base + size_of_tree], leaves[base + size_of_tree : base + 2 * size_of_tree]
            for line in range(size):
                left = np.int32(first[one[line]]) + np.int32(second[two[line]])
                sums[line] += left + (np.int32(third[three[line]]) + np.int32(fourth[four[line]]))
        for tree in range(trees - trees % ABREAST, trees):
            _answer(values, feature, border, tree * depth, depth, start, one)
            first = leaves[tree << depth : (tree + 1) << depth]
            for line in range(size):
                sums[line] += first[one[line]]


@kernel("void", "i4[]", "u1[]", "u1[]")
def look_up(values: Array, table: Array, out: Array) -> None:
    """Fill `out` with the entry of a table for each of `values`; zero is in its middle, and its ends stand for all beyond."""
    reach = len(table) // 2
    for at in range(len(values)):
        out[at] = table[min(max(np.int64(values[at]), -reach), reach) + reach]
