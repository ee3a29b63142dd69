"""Pages that are one are joined, site by site, a part of the sites at a time; each chunk is told which of its pages are
read elsewhere too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.choosing import by_chunk
from cleaner.adapters.spark.memory.plan import LARGE, Plan, chunk_runs, column, parts_of, signed, table_of, unsigned
from cleaner.adapters.spark.sketching import write_once
from cleaner.memory.build import all_pages
from cleaner.memory.learn import Run
from cleaner.memory.pages import origins_of
from cleaner.memory.rows import Keys

_WIDTH: Final = 11
RECORD: Final = ", ".join(f"r{number} long" for number in range(_WIDTH))
"""A page: its number, its site, its digest and the eight numbers of its sketch."""
PAGES: Final = f"part int, chunk int, {RECORD}"
SHARED: Final = "chunk int, page long, origin long, spare int"


@dataclass(frozen=True, slots=True)
class EmitPages:
    """From numbers of chunks to their pages, with the part of the sites each belongs to: those of large sites, or the
    others."""

    plan: Plan
    large: bool = False

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From numbers to rows."""
        schema = blobs.arrow_schema(PAGES)
        large, _ = table_of(self.plan, LARGE)
        for chunk, run in chunk_runs(self.plan, batches):
            records = run.read("records")
            records = records[np.isin(records[:, 1], large) == self.large]
            columns = {f"r{at}": signed(records[:, at]) for at in range(_WIDTH)}
            part = records[:, 1] % np.uint64(self.plan.site_parts)
            yield blobs.record_batch({"part": part, "chunk": np.full(len(part), chunk), **columns}, schema)


@dataclass(frozen=True, slots=True)
class JoinPages:
    """Joins the pages of the sites of a part; tells the chunks which of their pages are read elsewhere too."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From pages in the order of their parts to rows about shared pages."""
        for part, rows in parts_of(batches):
            yield self._part(part, list(rows))

    def _part(self, part: int, rows: list[Any]) -> Any:
        chunk = column(rows, 1)
        records = unsigned(np.stack([column(rows, 2 + at) for at in range(_WIDTH)], axis=1))
        known = all_pages([Run({"records": records})])
        sections = {
            "sites": known.sites,
            "site_pages": known.site_pages,
            "pages": known.number,
            "page_sites": known.site,
        }
        write_once(self.plan.file("sites", part), sections, {})
        numbers, counts = np.unique(records[:, 0], return_counts=True)
        shared = np.unique(np.concatenate((numbers[counts > 1], known.double, known.origin)))
        mine = np.flatnonzero(np.isin(records[:, 0], shared))
        page = records[mine, 0]
        origin = origins_of(page, known.double, known.origin)
        columns = {"chunk": chunk[mine], "page": signed(page), "origin": signed(origin), "spare": np.zeros(len(mine))}
        return blobs.record_batch(columns, blobs.arrow_schema(SHARED))


@dataclass(frozen=True, slots=True)
class WriteShared:
    """Writes the shared pages of each chunk beside it."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows about shared pages to numbers of chunks."""
        done = []
        for chunk, (_, page, origin, _) in by_chunk(batches, 4):
            pages, first = np.unique(unsigned(page), return_index=True)
            write_once(self.plan.file("shared", chunk), {"page": pages, "origin": unsigned(origin)[first]}, {})
            done.append(chunk)
        yield blobs.record_batch({"chunk": done}, blobs.arrow_schema("chunk int"))


def site_counts(records: Keys) -> tuple[Keys, NDArray[np.int64]]:
    """The sites of some pages, and how many pages each has."""
    sites, counts = np.unique(records[:, 1], return_counts=True)
    return sites, counts.astype(np.int64)


@dataclass(frozen=True, slots=True)
class CountSites:
    """From numbers of chunks to their sites, with how many pages of each were read."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From numbers to rows of (number, value)."""
        for _, run in chunk_runs(self.plan, batches):
            sites, counts = site_counts(run.read("records"))
            yield blobs.record_batch(
                {"number": signed(sites), "value": counts}, blobs.arrow_schema("number long, value long")
            )
