"""After the search: what is known of each text goes back to its chunk, clusters choose which text stays, and how alike
those are that go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.bands import JOIN, RULE, SAME
from cleaner.adapters.spark.layout import Selected, layout, rows_of
from cleaner.adapters.spark.sketching import write_once
from cleaner.dedup import clusters as clustering
from cleaner.dedup.paragraphs import NEAR
from cleaner.dedup.store import Arrays
from cleaner.dedup.verify import Comparer, packed

PLACED: Final = "chunk int, kind byte, node long, other long"
SCORED: Final = "cluster long, node long, score double"
REMOVED: Final = "chunk int, node long, kept long, similarity double, place int"
_PAIRS: Final = 1 << 16
_BLOCK: Final = 64
"""Pairs of texts of so many neighbouring chunks are compared by one task, so that chunks are opened once."""


def columns_of(batches: Iterator[Any], count: int) -> list[NDArray[Any]]:
    """The columns of all batches together."""
    found = [[column.to_numpy(zero_copy_only=False) for column in batch.columns] for batch in batches if batch.num_rows]
    if not found:
        return [np.empty(0, np.int64) for _ in range(count)]
    return [np.concatenate([row[at] for row in found]) for at in range(count)]


@dataclass(frozen=True, slots=True)
class Place:
    """Adds the chunk of `node`: from (kind, node, other) to (chunk, kind, node, other)."""

    folder: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        schema = blobs.arrow_schema(PLACED)
        found = layout(self.folder)
        for batch in batches:
            kind, node, other = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
            columns = {"chunk": found.chunks_of(node), "kind": kind, "node": node, "other": other}
            yield blobs.record_batch(columns, schema)


def by_chunk(batches: Iterator[Any], count: int) -> Iterator[tuple[int, list[NDArray[Any]]]]:
    """Rows (the chunk first) of all batches, chunk by chunk, each in the order of its second last column's nodes."""
    columns = columns_of(batches, count)
    order = np.lexsort((columns[-2], columns[0])) if count == 4 else np.lexsort((columns[1], columns[0]))
    chunks = columns[0][order]
    for chunk in np.unique(chunks).tolist():
        low, high = np.searchsorted(chunks, (chunk, chunk + 1))
        yield int(chunk), [column[order[low:high]] for column in columns]


@dataclass(frozen=True, slots=True)
class WriteKnown:
    """Writes what is known of the texts of each chunk beside it: roots, equal ones before, rules."""

    folder: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        found = layout(self.folder)
        done = []
        for chunk, (_, kind, node, other) in by_chunk(batches, 4):
            rows = node - found.texts[chunk]
            sections: dict[str, Any] = {}
            for number, name, values in ((JOIN, "root", "roots"), (SAME, "same", "same"), (RULE, "rule", "rules")):
                mine = kind == number
                sections[f"{name}_rows"] = rows[mine]
                sections[values] = other[mine].astype(np.uint64)
            write_once(Path(self.folder) / f"known-{chunk:08}", sections, {})
            done.append(chunk)
        yield blobs.record_batch({"chunk": done}, blobs.arrow_schema("chunk int"))


@dataclass(frozen=True, slots=True)
class ReadScores:
    """From (chunk, kind, node, other) to (cluster, node, score); of the first of a cluster too."""

    folder: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        schema = blobs.arrow_schema(SCORED)
        found = layout(self.folder)
        for chunk, (_, _, node, other) in by_chunk(batches, 4):
            stored = Arrays(found.path(chunk))
            scores = rows_of(stored, "scores", node - found.texts[chunk])
            stored.close()
            yield blobs.record_batch({"cluster": other, "node": node, "score": scores}, schema)


def choose_best(batches: Iterator[Any]) -> Iterator[Any]:
    """From (cluster, node, score) of whole clusters to (node, kept) of those that do not stay."""
    cluster, node, score = columns_of(batches, 3)
    order = np.argsort(node)
    cluster, node, score = cluster[order], node[order], score[order]
    _, first, index = np.unique(cluster, return_index=True, return_inverse=True)
    kept = clustering.best(first[index].reshape(-1), score)
    gone = np.flatnonzero(kept != np.arange(len(kept)))
    yield blobs.record_batch(
        {"node": node[gone], "other": node[kept[gone]]}, blobs.arrow_schema("node long, other long")
    )


@dataclass(frozen=True, slots=True)
class PairPlace:
    """Adds the neighbourhood in which a pair (node, kept) is compared."""

    folder: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        found = layout(self.folder)
        schema = blobs.arrow_schema("node long, other long, place long")
        blocks = len(found) // _BLOCK + 1
        for batch in batches:
            node, other = (column.to_numpy() for column in batch.columns)
            place = found.chunks_of(node) // _BLOCK * blocks + found.chunks_of(other) // _BLOCK
            yield blobs.record_batch({"node": node, "other": other, "place": place}, schema)


@dataclass(frozen=True, slots=True)
class CompareKept:
    """From (node, kept, …) to what is removed: chunk, node, kept and their similarity. `scale`: how many partitions."""

    folder: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        found = layout(self.folder)
        node, kept, _ = columns_of(batches, 3)
        order = np.lexsort((node, kept))
        node, kept = node[order], kept[order]
        schema = blobs.arrow_schema(REMOVED)
        for first in range(0, len(node), _PAIRS):
            pairs = slice(first, first + _PAIRS)
            similarity = self._similarity(node[pairs], kept[pairs])
            yield blobs.record_batch(
                {
                    "chunk": found.chunks_of(node[pairs]),
                    "node": node[pairs],
                    "kept": kept[pairs],
                    "similarity": similarity,
                    "place": found.chunks_of(kept[pairs]),
                },
                schema,
            )

    def _similarity(self, node: NDArray[Any], kept: NDArray[Any]) -> NDArray[np.float64]:
        numbers = np.unique(np.concatenate((node, kept)))
        texts = Selected(layout(self.folder), numbers.astype(np.uint64))
        left, right = np.searchsorted(numbers, kept), np.searchsorted(numbers, node)
        digests = texts.digests()
        unlike = np.flatnonzero(
            (digests[left] != digests[right]).any(axis=1) | (texts.sizes[left] != texts.sizes[right])
        )
        similarity = np.ones(len(node))
        similarity[unlike] = Comparer(texts)(packed(left[unlike], right[unlike]), 0.0)
        texts.close()
        return similarity


@dataclass(frozen=True, slots=True)
class WriteGone:
    """Writes which texts of each chunk do not stay, with those that stay for them."""

    folder: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        found = layout(self.folder)
        done = []
        for chunk, (_, node, kept, similarity, _) in by_chunk(batches, 5):
            sections = {"rows": node - found.texts[chunk], "kept": kept, "similarity": similarity}
            write_once(Path(self.folder) / f"gone-{chunk:08}", sections, {})
            done.append(chunk)
        yield blobs.record_batch({"chunk": done}, blobs.arrow_schema("chunk int"))


def gone_of(folder: str, chunk: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Rows of a chunk's texts that do not stay, what stays for them, and their similarities."""
    path = Path(folder) / f"gone-{chunk:08}"
    if not path.exists():
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    stored = Arrays(path)
    found = stored.read("rows"), stored.read("kept"), stored.read("similarity")
    stored.close()
    return found


@dataclass(frozen=True, slots=True)
class Near:
    """Which paragraphs go because they are near one that stays."""

    folder: str
    threshold: float
    long: int

    def cuts(self, chunk: int, rules: tuple[str, ...], known: dict[str, Any]) -> dict[int, tuple[str, float]]:
        """Rule and score per row of a chunk, those by equals included."""
        found = dict.fromkeys(known["rule_rows"].tolist(), ("", 1.0))
        for row, rule in zip(known["rule_rows"].tolist(), known["rules"].tolist(), strict=True):
            found[row] = (rules[rule], 1.0)
        rows, kept, similarity = gone_of(self.folder, chunk)
        if not len(rows):
            return found
        mine = layout(self.folder)
        stored = Arrays(mine.path(chunk))
        owners = rows_of(stored, "owners", rows) + mine.records[chunk]
        sizes = rows_of(stored, "sizes", rows)
        stored.close()
        same = dict(zip(known["same_rows"].tolist(), known["same"].tolist(), strict=True))
        kept_owner = _owners(self.folder, kept)
        for at, row in enumerate(rows.tolist()):
            alike = similarity[at] >= self.threshold and sizes[at] >= self.long and owners[at] != kept_owner[at]
            if alike and row not in found and same.get(row, -1) != kept[at]:
                found[row] = (NEAR, round(float(similarity[at]), 4))
        return found


def _owners(folder: str, numbers: NDArray[Any]) -> NDArray[Any]:
    """The record of each paragraph, by number."""
    unique, index = np.unique(numbers, return_inverse=True)
    texts = Selected(layout(folder), unique.astype(np.uint64))
    chunk, _ = texts.places()
    owners = texts.rows("owners") + layout(folder).records[chunk]
    texts.close()
    found: NDArray[Any] = owners[index.reshape(-1)]
    return found


def known_of(folder: str, chunk: int) -> dict[str, Any]:
    """What `WriteKnown` wrote of a chunk."""
    names = ("root_rows", "roots", "same_rows", "same", "rule_rows", "rules")
    path = Path(folder) / f"known-{chunk:08}"
    if not path.exists():
        return {name: np.empty(0, np.int64) for name in names}
    stored = Arrays(path)
    found = {name: stored.read(name) for name in names}
    stored.close()
    return found


MapArrow = Callable[[Iterator[Any]], Iterator[Any]]
