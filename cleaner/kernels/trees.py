"""Scoring by oblivious trees, many lines at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, kernel

_CHUNK: Final = 256
"""Lines that are asked together: their answers stay in the nearest cache."""


@kernel("void", "u1[,]", "i8[]", "u1[]", "i2[]", "i8", "i4[]")
def score(values: Array, feature: Array, border: Array, leaves: Array, depth: Number, out: Array) -> None:
    """Add the leaves that each line of `values` (measures, lines) reaches to `out`; depths up to 8."""
    n = values.shape[1]
    number = np.empty(_CHUNK, np.uint8)
    trees = len(feature) // depth
    for start in range(0, n, _CHUNK):
        size = min(_CHUNK, n - start)
        for tree in range(trees):
            ask = tree * depth
            column, limit = values[feature[ask]], border[ask]
            for line in range(size):
                number[line] = column[start + line] > limit
            for level in range(1, depth):
                column, limit = values[feature[ask + level]], border[ask + level]
                bit = np.uint8(1 << level)
                for line in range(size):
                    number[line] |= bit if column[start + line] > limit else np.uint8(0)
            base = tree << depth
            for line in range(size):
                out[start + line] += leaves[base + number[line]]
