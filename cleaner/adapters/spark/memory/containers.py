"""Containers: lines go to the tasks that know which of them recur, and what each container holds is added up by container."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.memory.lines import SPOOLED, Spool, packed, part_of, unpacked
from cleaner.adapters.spark.memory.plan import Plan, chunk_runs, parts_of, shared_pages
from cleaner.adapters.spark.sketching import write_once
from cleaner.dedup.store import Arrays
from cleaner.memory.containers import Tallies, added, distinct, recurring, tallied, told
from cleaner.memory.counting import Counts
from cleaner.memory.learn import HELD, Held
from cleaner.memory.pages import origins_of
from cleaner.memory.rows import Keys

CONTAINERS: Final = "containers"
_HELD: Final = ("<u8", "<u8", "<u8", "<u4", "<u8")
_TALLIES: Final = ("<u8", "<u8", "2<i8")


@dataclass(frozen=True, slots=True)
class EmitHeld:
    """From numbers of chunks to the lines of their pages that stand in containers, in the parts of the lines."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From numbers to rows."""
        for chunk, run in chunk_runs(self.plan, batches):
            keys = run.read("held_keys")
            if not len(keys):
                continue
            containers, pages, weights = (run.read(f"held_{name}") for name in HELD)
            records = run.read("records")
            order = np.argsort(records[:, 0])
            site = records[order, 1][np.searchsorted(records[order, 0], pages)]
            pages = origins_of(pages, *shared_pages(self.plan, chunk))
            yield packed(part_of(self.plan, keys), keys, containers, pages, weights, site)


@dataclass(frozen=True, slots=True)
class TallyHeld:
    """Weighs what containers hold of the lines of a part, which have been counted before."""

    plan: Plan
    spooled: int = SPOOLED

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From lines in containers to tallies, in the parts of the containers."""
        for part, rows in parts_of(batches):
            counted = Arrays(self.plan.file("lines", part))
            keys, counts = counted.read("keys"), counted.read("counts")
            counted.close()
            with Spool(*HELD, "sites", rows=self.spooled) as spool:
                for columns in unpacked(rows, _HELD):
                    spool.add(columns)
                for lines, containers, pages, weights, sites in spool.ranges():
                    found = _weighed(Held(lines, containers, pages, weights), sites, keys, counts)
                    yield packed(part_of(self.plan, found.containers), *found)


def _weighed(held: Held, sites: Keys, keys: Keys, counts: Counts) -> Tallies:
    known, first = np.unique(held.containers, return_index=True)
    once = distinct(held)
    of_site = sites[first][np.searchsorted(known, once.containers)]
    return tallied(once.containers, of_site, once.weights, recurring(once.lines, keys, counts))


@dataclass(frozen=True, slots=True)
class AddTallies:
    """Adds up what is known of the containers of a part, and writes what a memory keeps."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From tallies in the order of their parts to numbers of parts."""
        done = []
        for part, rows in parts_of(batches):
            found = told(added(Tallies(*columns) for columns in unpacked(rows, _TALLIES)), self.plan.least)
            sections: dict[str, NDArray[Any]] = {
                "containers": found.containers,
                "container_sites": found.sites,
                "container_sums": found.sums,
            }
            write_once(self.plan.file(CONTAINERS, part), sections, {})
            done.append(part)
        yield blobs.record_batch({"part": done}, blobs.arrow_schema("part int"))
