"""What the steps of learning share: the plan of a run, the chunks of its work folder, and rows that come part by part."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.deduping import by_number
from cleaner.adapters.spark.sketching import CHUNK_BYTES, write_once
from cleaner.dedup.store import Arrays
from cleaner.memory.learn import Run
from cleaner.memory.rows import Keys
from cleaner.memory.sites import DOMAIN
from cleaner.records.fields import Fields

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NUMBERS: Final = "number long, value long"
LARGE: Final = "large"


@dataclass(frozen=True, slots=True)
class Plan:
    """What all steps know. Names of chunks stand in the work folder once they are made.

    `site_parts` and `line_parts`: how many parts pages by site, and lines by key, come in.
    """

    folder: str
    fields: Fields
    lines: bool
    site: str = DOMAIN
    least: int = 2
    site_parts: int = 1
    line_parts: int = 1
    chunk_bytes: int = CHUNK_BYTES

    def file(self, kind: str, number: int) -> Path:
        """A file of the work folder."""
        return Path(self.folder) / f"{kind}-{number:08}"

    def files(self, kind: str) -> list[Path]:
        """All files of a kind, in the order of their numbers."""
        return sorted(Path(self.folder).glob(f"{kind}-{'[0-9]' * 8}"))


def write_names(folder: Path, names: list[str]) -> None:
    """Write down the names of the chunks: their places in order are their numbers."""
    (folder / "names.json").write_text(json.dumps(sorted(names)))


@functools.lru_cache(2)
def _names(folder: str) -> list[str]:
    names: list[str] = json.loads((Path(folder) / "names.json").read_bytes())
    return names


def chunk_runs(plan: Plan, batches: Iterator[Any]) -> Iterator[tuple[int, Run]]:
    """From numbers of chunks to what was read of them."""
    names = _names(plan.folder)
    for batch in batches:
        for chunk in batch.column(0).to_pylist():
            stored = Arrays(Path(plan.folder) / names[chunk])
            yield chunk, Run(stored)
            stored.close()


def in_parts(frame: DataFrame, parts: int, cores: int) -> DataFrame:
    """Rows in the order of their column `part`, equal ones in one task, small parts several to a task."""
    tasks = min(parts, max(2 * cores, -(-parts // 8)))
    return by_number(frame, tasks, "part").sortWithinPartitions("part")


def parts_of(batches: Iterator[Any]) -> Iterator[tuple[int, Iterator[Any]]]:
    """Batches whose rows are in the order of their first column: each number there with its rows, as they come."""
    for part, pieces in groupby(_stretches(batches), key=itemgetter(0)):
        yield part, (piece for _, piece in pieces)


def _stretches(batches: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    """Stretches of rows with the same number in their first column."""
    for batch in batches:
        if batch.num_rows:
            part = batch.column(0).to_numpy()
            firsts = np.flatnonzero(np.diff(part, prepend=part[0] - 1)).tolist()
            for first, last in zip(firsts, [*firsts[1:], len(part)], strict=True):
                yield int(part[first]), batch.slice(first, last - first)


def column(batches: list[Any], at: int) -> NDArray[Any]:
    """A column of numbers of several batches."""
    return np.concatenate([batch.column(at).to_numpy(zero_copy_only=False) for batch in batches])


def signed(values: Keys) -> NDArray[np.int64]:
    """Numbers as Spark holds them."""
    return np.ascontiguousarray(values).view(np.int64)


def unsigned(values: NDArray[np.int64]) -> Keys:
    """Numbers as they were before `signed`."""
    return np.ascontiguousarray(values).view(np.uint64)


@dataclass(frozen=True, slots=True)
class WriteTable:
    """One task writes rows of (number, value), in order of the numbers, to a file of the work folder."""

    plan: Plan
    kind: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to how many there are."""
        found = [[batch.column(at).to_numpy() for at in (0, 1)] for batch in batches if batch.num_rows]
        numbers, values = np.concatenate(found, axis=1) if found else np.empty((2, 0), np.int64)
        order = np.argsort(unsigned(numbers))
        write_once(
            self.plan.file(self.kind, 0),
            {"sites": unsigned(numbers)[order], "site_pages": values[order].astype(np.uint32)},
            {},
        )
        yield blobs.record_batch({"count": [len(order)]}, blobs.arrow_schema("count long"))


def table_of(plan: Plan, kind: str) -> tuple[Keys, NDArray[np.uint32]]:
    """Numbers and values that `WriteTable` wrote; none where it did not."""
    found = stored_columns(plan.file(kind, 0), "sites", "site_pages")
    return found or (np.empty(0, np.uint64), np.empty(0, np.uint32))


def stored_columns(path: Path, one: str, other: str) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Two sections of a file of the work folder; `None` where no task wrote it."""
    if not path.exists():
        return None
    stored = Arrays(path)
    found = stored.read(one), stored.read(other)
    stored.close()
    return found


def shared_pages(plan: Plan, chunk: int) -> tuple[Keys, Keys]:
    """Pages of a chunk that are read elsewhere too, in order, and the pages they count as."""
    found = stored_columns(plan.file("shared", chunk), "page", "origin")
    return found or (np.empty(0, np.uint64), np.empty(0, np.uint64))
