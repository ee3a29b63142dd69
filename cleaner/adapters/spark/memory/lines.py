"""Lines counted by key: added up where their pages were read, then in as many parts as they need, spilled to disk there.

What is counted adds up whatever the order, so a line on all pages of a site is a row per chunk, and no part holds it whole.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.memory.plan import Plan, chunk_runs, parts_of, shared_pages, signed
from cleaner.adapters.spark.sketching import write_once
from cleaner.dedup.store import Arrays, write_arrays
from cleaner.kernels.site_counts import COUNTS, PAGE_BITS
from cleaner.memory.build import foremost, ranges
from cleaner.memory.counting import Counts, PageCounter, by_key
from cleaner.memory.learn import STEP, Run
from cleaner.memory.rows import Keys

LINES: Final = "part int, data binary"
FOREMOST: Final = "part int, key long, site long, pages long"
SPOOLED: Final = 1 << 20
"""Rows that a task holds before it writes them to disk, in order."""
_COUNTED: Final = ("<u8", "<u8", f"{COUNTS}<u4")
_RAW: Final = ("<u8", "<u8", "<u8")


class Spool:
    """Rows with a key each: in memory while they are few, in sorted files beyond that. Use it as a context manager.

    `names` are those of the columns beside the key.
    """

    def __init__(self, *names: str, rows: int = SPOOLED) -> None:
        self._names, self._limit = ("keys", *names), rows
        self._held: list[list[NDArray[Any]]] = []
        self._rows = 0
        self._folder = tempfile.TemporaryDirectory(prefix="cleaner-learn-")
        self._files: list[Arrays] = []

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        for stored in self._files:
            stored.close()
        self._folder.cleanup()

    def add(self, columns: list[NDArray[Any]]) -> None:
        """Take some rows: their keys, and their other columns."""
        self._held.append(columns)
        self._rows += len(columns[0])
        if self._rows >= self._limit:
            path = Path(self._folder.name) / f"{len(self._files):06}"
            write_arrays(path, self._sorted())
            self._files.append(Arrays(path))

    def _sorted(self) -> dict[str, NDArray[Any]]:
        columns = [np.concatenate(parts) for parts in zip(*self._held, strict=True)]
        self._held, self._rows = [], 0
        found = dict(zip(self._names, by_key(*columns), strict=True))
        return {**found, "some": found["keys"][::STEP]}

    def ranges(self) -> Iterator[tuple[NDArray[Any], ...]]:
        """The rows in the order of their keys, about as many at a time as are held; equal keys are never parted."""
        runs = [Run(stored) for stored in self._files]
        return ranges([*runs, Run(self._sorted())] if self._held else runs, *self._names[1:], rows=self._limit)


@dataclass(frozen=True, slots=True)
class EmitLines:
    """From numbers of chunks to the lines of their pages, counted; with `shared`, one by one those of the pages that are
    read elsewhere too, which are spread by line and page."""

    plan: Plan
    shared: bool = False

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From numbers to rows."""
        for chunk, run in chunk_runs(self.plan, batches):
            shared, origin = shared_pages(self.plan, chunk)
            if self.shared and not len(shared):
                continue
            keys, pages, records = run.read("keys"), run.read("pages"), run.read("records")
            order = np.argsort(records[:, 0])
            numbers, sites = records[order, 0], records[order, 1]
            page = pages >> PAGE_BITS << PAGE_BITS
            at = np.minimum(np.searchsorted(shared, page), max(len(shared) - 1, 0))
            mine = shared[at] == page if len(shared) else np.zeros(len(page), bool)
            if self.shared:
                site = sites[np.searchsorted(numbers, page[mine])]
                counts_as = origin[at[mine]]
                part = ((keys[mine] >> np.uint64(1)) ^ (counts_as >> PAGE_BITS)) % np.uint64(self.plan.line_parts)
                yield packed(part, keys[mine], site, counts_as + (pages - page)[mine])
            else:
                counted, witness, counts = counts_of(keys[~mine], pages[~mine])
                site = sites[np.searchsorted(numbers, witness)] if len(numbers) else witness
                yield packed(part_of(self.plan, counted), counted, site, counts)


def part_of(plan: Plan, keys: Keys) -> Keys:
    """The part of each line. The low bit of a key is always set."""
    return (keys >> np.uint64(1)) % np.uint64(plan.line_parts)


def packed(part: Keys, *columns: NDArray[Any]) -> Any:
    """Rows of each part as a row for Spark."""
    order = np.argsort(part, kind="stable")
    numbers, firsts = np.unique(part[order], return_index=True)
    data = []
    for first, last in pairwise([*firsts.tolist(), len(order)]):
        rows = order[first:last]
        data.append(blobs.pack([values[rows] for values in columns]))
    return blobs.record_batch({"part": numbers, "data": data}, blobs.arrow_schema(LINES))


def counts_of(keys: Keys, pages: Keys, least: int = 1) -> tuple[Keys, Keys, Counts]:
    """Keys (sorted before) with one of the pages of each and their counts."""
    none = np.empty(0, np.uint64)
    return PageCounter(none, none)(keys, pages, least)


def unpacked(batches: Iterator[Any], kinds: tuple[str, ...]) -> Iterator[list[NDArray[Any]]]:
    """The columns of the rows that `packed` made, a row at a time."""
    for batch in batches:
        for data in batch.column(1):
            yield blobs.unpack(data.as_py(), kinds)


@dataclass(frozen=True, slots=True)
class CountShared:
    """Counts the lines of pages that are read several times: each page once for a line."""

    plan: Plan
    spooled: int = SPOOLED

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From lines with their pages to counts."""
        for _, rows in parts_of(batches):
            with Spool("sites", "pages", rows=self.spooled) as spool:
                for columns in unpacked(rows, _RAW):
                    spool.add(columns)
                for keys, sites, pages in spool.ranges():
                    found, _, counts = counts_of(keys, pages)
                    yield packed(part_of(self.plan, found), found, sites[np.searchsorted(keys, found)], counts)


@dataclass(frozen=True, slots=True)
class CountLines:
    """Adds up the counts of the lines of a part and writes those on enough pages; those on most pages of their sites go
    where the sites' examples are chosen."""

    plan: Plan
    spooled: int = SPOOLED

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From counts to lines of parts of sites."""
        schema = blobs.arrow_schema(FOREMOST)
        for part, rows in parts_of(batches):
            kept: list[tuple[Keys, Keys, Counts]] = []
            with Spool("sites", "counts", rows=self.spooled) as spool:
                for columns in unpacked(rows, _COUNTED):
                    spool.add(columns)
                for keys, sites, counts in spool.ranges():
                    kept.append(self._added(keys, sites, counts))
                    yield blobs.record_batch(self._foremost(*kept[-1]), schema)
            keys, sites, counts = (np.concatenate(columns) for columns in zip(*kept, strict=True))
            write_once(self.plan.file("lines", part), {"keys": keys, "sites": sites, "counts": counts}, {})

    def _added(self, keys: Keys, sites: Keys, counts: Counts) -> tuple[Keys, Keys, Counts]:
        firsts = np.flatnonzero(np.diff(keys, prepend=np.uint64(0)))  # no key is 0
        total = np.add.reduceat(counts, firsts, axis=0)
        enough = np.flatnonzero(total[:, 3] >= self.plan.least)
        rows = firsts[enough]
        return keys[rows], sites[rows], total[enough]

    def _foremost(self, keys: Keys, sites: Keys, counts: Counts) -> dict[str, NDArray[Any]]:
        rows = np.searchsorted(keys, foremost(keys, sites, counts))
        part = sites[rows] % np.uint64(self.plan.site_parts)
        pages = counts[rows, 3].astype(np.int64)
        return {"part": part, "key": signed(keys[rows]), "site": signed(sites[rows]), "pages": pages}
