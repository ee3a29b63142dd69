"""From pairs of line and page to how many pages show each line."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.memory.rows import Keys

Counts = NDArray[np.uint32]
_MOST_BITS: Final = 24


def sorted_pairs(keys: Keys, pages: Keys) -> tuple[Keys, Keys]:
    """Pairs (arrays that nobody else needs) in the order of their keys."""
    from cleaner.kernels.site_counts import PASSES, sort_pairs

    others = np.empty_like(keys), np.empty_like(pages)
    moved = sort_pairs(keys, pages, *others, np.empty((PASSES, 256), np.int64))
    return others if moved else (keys, pages)


def by_key(keys: Keys, *columns: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Rows (arrays that nobody else needs) in the order of their keys."""
    if len(columns) == 1 and columns[0].dtype == np.uint64:
        return sorted_pairs(keys, columns[0])
    keys, order = sorted_pairs(keys, np.arange(len(keys), dtype=np.uint64))
    return keys, *(column[order] for column in columns)


class PageCounter:
    """Counts pages, of which some (`double`, in order) count as others (`origin`)."""

    def __init__(self, double: Keys, origin: Keys) -> None:
        bits = min(len(double).bit_length(), _MOST_BITS) or 1
        self._shift = 64 - bits
        borders = np.arange(1 << bits, dtype=np.uint64) << np.uint64(self._shift)
        self._double, self._origin, self._places = double, origin, np.searchsorted(double, borders).astype(np.int64)

    def __call__(self, keys: Keys, pages: Keys, least: int) -> tuple[Keys, Keys, Counts]:
        """Of sorted pairs: keys on at least `least` pages, one of the pages of each, and its counts, see
        `cleaner.memory.store.SECTIONS`. The place of the line stands in the low bits of a page."""
        from cleaner.kernels.site_counts import COUNTS, count_pages

        most = len(keys) // max(least, 1) + 1
        out, witness, counts = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty((most, COUNTS), np.uint32)
        known = self._double, self._origin, self._places, self._shift
        made = count_pages(keys, pages, *known, least, np.empty(len(keys), np.uint64), out, witness, counts)
        return out[:made].copy(), witness[:made].copy(), counts[:made].copy()
