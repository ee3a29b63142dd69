"""Runs of an index: band keys in order, with the rows they belong to.

A run is written once, merged into larger ones, and never changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.store import Arrays, write_arrays

Keys = NDArray[np.uint64]
Rows = NDArray[np.uint32]


def write_run(path: Path, keys: Sequence[Keys], rows: NDArray[np.int64]) -> None:
    """A run of `len(keys)` bands with one key per row; `rows` are the numbers of the rows."""
    ordered_keys = np.empty((len(keys), len(rows)), np.uint64)
    ordered_rows = np.empty((len(keys), len(rows)), np.uint32)
    for band, column in enumerate(keys):
        order = np.argsort(column, kind="stable")
        ordered_keys[band], ordered_rows[band] = column[order], rows[order]
    write_arrays(path, {"keys": ordered_keys, "rows": ordered_rows})


class Run:
    """An opened run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._arrays = Arrays(path)

    @property
    def bands(self) -> int:
        """How many bands there are (one of them is that of the ids)."""
        return self._arrays.shape("keys")[0]

    def __len__(self) -> int:
        return self._arrays.shape("keys")[1]

    def band(self, number: int) -> tuple[Keys, Rows]:
        """The keys of a band in order, and their rows."""
        width = len(self)
        if not width:
            return np.empty(0, np.uint64), np.empty(0, np.uint32)
        return self._arrays.read("keys", number, number + 1)[0], self._arrays.read("rows", number, number + 1)[0]

    def find(self, band: int, wanted: Keys, *, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Places in `wanted` and rows with the same key, at most `most` rows per key, and how many were left out."""
        if not len(self):
            return np.empty(0, np.int64), np.empty(0, np.int64), 0
        keys, rows = self._arrays.mapped("keys")[band], self._arrays.mapped("rows")[band]
        order = np.argsort(wanted)
        first = np.searchsorted(keys, wanted[order], "left")
        last = np.searchsorted(keys, wanted[order], "right")
        left_out = int(np.maximum(last - first - most, 0).sum())
        last = np.minimum(last, first + most)
        counts = last - first
        places = np.repeat(order, counts)
        offsets = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return places, rows[np.repeat(first, counts) + offsets].astype(np.int64), left_out

    def close(self) -> None:
        """Close the file."""
        self._arrays.close()


def merge_runs(path: Path, runs: Sequence[Run]) -> None:
    """All keys of `runs` in one run."""
    total = sum(map(len, runs))
    bands = runs[0].bands
    ordered_keys = np.empty((bands, total), np.uint64)
    ordered_rows = np.empty((bands, total), np.uint32)
    for band in range(bands):
        parts = [run.band(band) for run in runs]
        keys, rows = np.concatenate([one for one, _ in parts]), np.concatenate([one for _, one in parts])
        order = np.argsort(keys, kind="stable")
        ordered_keys[band], ordered_rows[band] = keys[order], rows[order]
    write_arrays(path, {"keys": ordered_keys, "rows": ordered_rows})
