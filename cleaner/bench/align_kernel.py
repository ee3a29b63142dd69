"""The compiled part of lining up a page's words with its gold text.

Import this inside functions: it brings numba along.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cleaner import compiled
from cleaner.compiled import Function

Array = Any


def _kernel(result: str, *parameters: str) -> Callable[[Function], Function]:
    def compile_(function: Function) -> Function:
        with compiled.compiling([Path(__file__)]) as cached:
            return compiled.kernel(cached, result, *parameters)(function)

    return compile_


@_kernel("void", "i4[]", "i4[]", "i8", "b1[]", "b1[]")
def longest_common(words: Array, gold: Array, known: int, hit: Array, used: Array) -> None:
    """Mark a longest common subsequence of two lists of word numbers below `known`: in `hit` and in `used`.

    One bit per word of `gold`, 64 at a time (Hyyrö, 2004); the bits of every row are kept to find the way back.
    """
    n, m = len(words), len(gold)
    size = (m + 63) // 64
    one = np.uint64(1)
    places = np.zeros((known, size), np.uint64)
    for at in range(m):
        places[gold[at], at >> 6] |= one << np.uint64(at & 63)
    rows = np.empty((n + 1, size), np.uint64)
    rows[0] = ~np.uint64(0)
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


@_kernel("i8", "i4[]", "i4[]", "i4[]", "b1[]")
def overlap(words: Array, line: Array, left: Array, keep: Array) -> int:
    """How many words of the lines `keep` are in the bag `left` (a count per word number), which loses them."""
    found = 0
    for at in range(len(words)):
        if keep[line[at]] and left[words[at]] > 0:
            left[words[at]] -= 1
            found += 1
    return found
