"""The compiled part of lining up a page's words with its gold text."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.machine import Library

Array = Any
Numbers = NDArray[np.int32]
Marks = NDArray[np.bool_]
LIBRARY: Final = Library(__package__, ("align_kernel",), [Path(__file__)])


def longest_common(words: Numbers, gold: Numbers, known: int, hit: Marks, used: Marks) -> None:
    """Mark a longest common subsequence of two lists of word numbers below `known`: in `hit` and in `used`, which come empty."""
    size = (len(gold) + 63) // 64
    _longest_common(words, gold, np.zeros((known, size), np.uint64), np.empty((len(words) + 1, size), np.uint64), hit, used)


@LIBRARY.kernel("void", "i4[]", "i4[]", "u8[,]", "u8[,]", "b1[]", "b1[]")
def _longest_common(words: Array, gold: Array, places: Array, rows: Array, hit: Array, used: Array) -> None:
    """One bit per word of `gold`, 64 at a time (Hyyrö, 2004); the bits of every row are kept to find the way back.

    `places`, zeros, has a row per word number, `rows` (len(words) + 1) is scratch.
    """
    n, m = len(words), len(gold)
    size = rows.shape[1]
    one = np.uint64(1)
    for at in range(m):
        places[gold[at], at >> 6] |= one << np.uint64(at & 63)
    rows[0, :] = ~np.uint64(0)
    for row in range(n):
        carry = np.uint64(0)
        for part in range(size):
            old = rows[row, part]
            common = old & places[words[row], part]
            total = old + common
            over = np.uint64(total < old)
            total += carry
            carry = over | np.uint64(total < carry)
            rows[row + 1, part] = total | (old - common)
    row, column = n, m
    while row and column:
        part, bit = (column - 1) >> 6, one << np.uint64((column - 1) & 63)
        if rows[row, part] & bit:
            column -= 1
            continue
        row -= 1
        if row and not rows[row, part] & bit:
            continue
        column -= 1
        hit[row], used[column] = True, True


@LIBRARY.kernel("i8", "i4[]", "i4[]", "i4[]", "b1[]")
def overlap(words: Array, line: Array, left: Array, keep: Array) -> int:
    """How many words of the lines `keep` are in the bag `left` (a count per word number), which loses them."""
    found = 0
    for at in range(len(words)):
        if keep[line[at]] and left[words[at]] > 0:
            left[words[at]] -= 1
            found += 1
    return found
