"""Candidates: band keys travel to where all equal ones meet, and each partition is searched as one machine would do it.

A partition holds buckets of one band whole. It is searched with the functions of `cleaner.dedup.clusters`: firsts with
all others, then all pairs within the same bound; sets are read from the chunk files. A bucket that is too large for one
task leaves in slices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.layout import Layout, Selected, layout
from cleaner.dedup import clusters as clustering
from cleaner.dedup.clusters import Ids, Progress
from cleaner.dedup.paragraphs import STAYS, rules_of_equals
from cleaner.dedup.settings import Settings
from cleaner.dedup.store import Arrays
from cleaner.dedup.verify import Comparer

ENTRIES: Final = "part int, chunk int, data binary"
FOUND: Final = "kind byte, node long, other long, data binary"
JOIN, SAME, RULE, SLICE, CUT = 0, 1, 2, 3, 4
"""Kinds of rows: `other` is of the cluster of `node`; is the first that is equal; the number of the rule by which `node`
goes; a slice of a large bucket; buckets that were cut and pairs left out."""
_SLICE: Final = 1 << 16
"""Texts of a bucket that one task compares with those that follow them."""
_LOW: Final = np.uint64(0xFFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched, and how: `first` to `last` are the bands, each in `shards` partitions.

    `first` = 0 also joins equal sets. `smallest` sets are compared at all. With `most` (paragraphs), rules of those that
    are equal to earlier ones are told.
    """

    folder: str
    settings: Settings
    first: int
    last: int
    shards: int
    smallest: int = 0
    most: int = 0
    slice_texts: int = _SLICE

    @property
    def parts(self) -> int:
        """The number of partitions."""
        return (self.last - self.first) * self.shards


@dataclass(frozen=True, slots=True)
class EmitKeys:
    """From numbers of chunks to the keys of their texts, per partition."""

    search: Search

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        schema = blobs.arrow_schema(ENTRIES)
        found = layout(self.search.folder)
        for batch in batches:
            for chunk in batch.column(0).to_pylist():
                rows = list(self._of_chunk(found, chunk))
                parts, data = [row[0] for row in rows], [row[1] for row in rows]
                yield blobs.record_batch({"part": parts, "chunk": [chunk] * len(rows), "data": data}, schema)

    def _of_chunk(self, found: Layout, chunk: int) -> Iterator[tuple[int, bytes]]:
        search = self.search
        stored = Arrays(found.path(chunk))
        sizes = stored.read("sizes")
        roots = np.zeros(len(sizes), np.uint64)  # 0: not joined with anything
        chosen = np.arange(len(sizes), dtype=np.uint32)
        if search.first:
            stays = sizes >= search.smallest
            known = Path(search.folder) / f"known-{chunk:08}"
            if known.exists():
                joined = Arrays(known)
                stays[joined.read("same_rows")] = False
                roots[joined.read("root_rows")] = joined.read("roots") + np.uint64(1)
                joined.close()
            chosen = np.flatnonzero(stays).astype(np.uint32)
        columns: list[NDArray[Any]] = [sizes, roots]
        if not search.first:
            columns = [sizes, stored.read("digests")]
            columns += [stored.read("owners").astype(np.uint32)] if search.most else []
        for band in range(search.first, search.last):
            keys = stored.read("keys", band, band + 1)[0][chosen]
            yield from self._of_band(keys, chosen, columns, band)
        stored.close()

    def _of_band(
        self, keys: NDArray[np.uint64], chosen: NDArray[np.uint32], columns: Sequence[NDArray[Any]], band: int
    ) -> Iterator[tuple[int, bytes]]:
        shards = self.search.shards
        shard = (keys & _LOW) % np.uint64(shards)
        order = np.argsort(shard, kind="stable")
        bounds = np.searchsorted(shard[order], np.arange(shards + 1)).tolist()
        for number in range(shards):
            rows = order[bounds[number] : bounds[number + 1]]
            if not len(rows):
                continue
            texts = chosen[rows]
            gaps = np.diff(texts, prepend=np.uint32(0))
            part = (band - self.search.first) * shards + number
            yield part, blobs.pack_keys(keys[rows]) + blobs.pack([gaps, *(column[texts] for column in columns)])


@dataclass(slots=True)
class _Part:
    """All entries of a partition, in the order of their texts."""

    keys: NDArray[np.uint64]
    numbers: NDArray[np.uint64]
    sizes: NDArray[np.int32]
    digests: NDArray[np.uint64]
    roots: NDArray[np.uint64]
    records: Ids

    def take(self, rows: NDArray[Any]) -> _Part:
        """The entries in `rows`."""
        return _Part(
            *(self.keys[rows], self.numbers[rows], self.sizes[rows], self.digests[rows], self.roots[rows]),
            self.records[rows] if len(self.records) else self.records,
        )


class _Bucketed(Selected):
    """The texts of a partition, with the keys of its one band."""

    def __init__(self, found: Layout, part: _Part) -> None:
        super().__init__(found, part.numbers, part.sizes)
        self._keys, self._digests = part.keys, part.digests

    def keys(self, band: int) -> NDArray[np.uint64]:
        """See `Banded`."""
        return self._keys

    def digests(self) -> NDArray[np.uint64]:
        """See `Banded`."""
        return self._digests


@dataclass(frozen=True, slots=True)
class FindJoins:
    """Searches partitions of keys."""

    search: Search

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        found = layout(self.search.folder)
        parts: dict[int, list[tuple[int, bytes]]] = {}
        for batch in batches:
            for part, chunk, data in zip(*(batch.column(at).to_pylist() for at in range(3)), strict=True):
                parts.setdefault(part, []).append((chunk, data))
        schema = blobs.arrow_schema(FOUND)
        for part in sorted(parts):
            entries = _read_part(self.search, found, parts.pop(part))
            if len(entries.keys):
                yield from (rows.batch(schema) for rows in self._search(found, entries))

    def _search(self, found: Layout, part: _Part) -> Iterator[Rows]:
        search = self.search
        settings = search.settings.with_bands(1)
        texts = _Bucketed(found, part)
        if search.first:
            parent = _joined(part.roots)
            progress = clustering.going_on(parent.copy(), np.arange(len(parent)), np.arange(len(parent)))
        else:
            progress = clustering.start(texts, smallest=search.smallest)
            parent = np.arange(len(part.keys))
            yield from self._equal(part, progress)
        compare = Comparer(texts)
        yield from self._slices(part, progress)
        clustering.find(texts, settings, compare=compare, progress=progress)
        yield _new_joins(part.roots, part.numbers, parent, progress)
        texts.close()

    def _equal(self, part: _Part, progress: Progress) -> Iterator[Rows]:
        later = np.flatnonzero(progress.same != np.arange(len(progress.same)))
        yield Rows(SAME, part.numbers[later], part.numbers[progress.same[later]])
        if self.search.most:
            long = self.search.smallest
            rules = rules_of_equals(progress.same, part.records, part.sizes, long=long, max_documents=self.search.most)
            gone = np.flatnonzero(rules != STAYS)
            yield Rows(RULE, part.numbers[gone], rules[gone].astype(np.uint64))

    def _slices(self, part: _Part, progress: Progress) -> Iterator[Rows]:
        """Large buckets leave the search, in slices; what is cut there is told."""
        if self.search.settings.threshold == 1.0:
            return
        order = progress.distinct[np.lexsort((part.sizes[progress.distinct], part.keys[progress.distinct]))]
        for low, high in _stretches(part.keys[order]):
            count = high - low
            reach = clustering.reach(count)
            if reach < count - 1:
                left = (count - reach) * (count - reach - 1) // 2
                yield Rows(CUT, np.array([1], np.uint64), np.array([left], np.uint64))
            if count <= self.search.slice_texts:
                continue
            members = order[low:high]
            progress.distinct = np.setdiff1d(progress.distinct, members, assume_unique=True)
            first = int(members.min())
            blob = []
            for at in range(0, count, self.search.slice_texts):
                own = members[at : at + self.search.slice_texts + reach]
                rows = np.concatenate(([first], own))
                head = np.full(len(rows), min(reach, len(own)), np.uint32)
                blob.append(blobs.pack([head, part.numbers[rows], part.sizes[rows], part.roots[rows]]))
            yield Rows(SLICE, np.arange(len(blob), dtype=np.uint64), np.zeros(len(blob), np.uint64), blob)


@dataclass(frozen=True, slots=True)
class FindInSlices:
    """Searches slices of large buckets: the first text of the bucket with all of it, and each with those that follow."""

    search: Search

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        found = layout(self.search.folder)
        schema = blobs.arrow_schema(FOUND)
        for batch in batches:
            for data in batch.column("data").to_pylist():
                yield self._search(found, data).batch(schema)

    def _search(self, found: Layout, data: bytes) -> Rows:
        head, numbers, sizes, roots = blobs.unpack(data, ("<u4", "<u8", "<i4", "<u8"))
        numbers, rows = np.unique(numbers, return_index=True)
        members = np.unique(np.searchsorted(numbers, blobs.unpack(data, ("<u4", "<u8"))[1][1:]))
        nothing = np.empty((len(rows), 0), np.uint64)
        part = _Part(np.zeros(len(rows), np.uint64), numbers, sizes[rows], nothing, roots[rows], np.empty(0, np.int64))
        settings = self.search.settings.with_bands(1)
        texts = _Bucketed(found, part)
        compare = Comparer(texts)
        parent = _joined(part.roots) if self.search.first else np.arange(len(rows))
        progress = clustering.going_on(parent.copy(), np.arange(len(rows)), np.arange(len(rows)))
        clustering.join_firsts(texts, settings, progress, compare=compare)
        progress.distinct = members
        looks = int(head[0]) * len(members)
        clustering.join_others(texts, settings, progress, compare=compare, looks=looks)
        texts.close()
        return _new_joins(part.roots, numbers, parent, progress)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one kind."""

    kind: int
    nodes: NDArray[np.uint64]
    others: NDArray[np.uint64]
    data: Sequence[bytes] | None = None

    def batch(self, schema: Any) -> Any:
        """As an Arrow batch."""
        count = len(self.nodes)
        columns = {"kind": np.full(count, self.kind, np.int8), "node": self.nodes, "other": self.others}
        return blobs.record_batch({**columns, "data": self.data or [None] * count}, schema)


def _read_part(search: Search, found: Layout, rows: Sequence[tuple[int, bytes]]) -> _Part:
    """The entries of a partition that share their key with others."""
    kinds = ("<u4", "<i4", "2<u8", "<u4")[: 4 if search.most else 3] if not search.first else ("<u4", "<i4", "<u8")
    columns: list[list[NDArray[Any]]] = [[] for _ in range(6)]
    for chunk, data in rows:
        keys, rest = blobs.unpack_keys(data)
        gaps, sizes, third, *owners = blobs.unpack(rest, kinds)
        numbers = np.cumsum(gaps, dtype=np.uint64) + np.uint64(found.texts[chunk])
        records = owners[0].astype(np.int64) + found.records[chunk] if owners else np.empty(0, np.int64)
        nothing = np.empty((len(keys), 0), np.uint64)
        digests, roots = (nothing, third) if search.first else (third, np.zeros(len(keys), np.uint64))
        for column, values in zip(columns, (keys, numbers, sizes, digests, roots, records), strict=True):
            column.append(values)
    part = _Part(*(np.concatenate(column) for column in columns))
    order = np.argsort(part.keys)
    ordered = part.keys[order]
    equal = ordered[1:] == ordered[:-1]
    shared = np.zeros(len(order), bool)
    shared[1:] |= equal
    shared[:-1] |= equal
    chosen = order[shared]
    part = part.take(chosen[np.argsort(part.numbers[chosen])])
    # 0 stands for a text that was not joined: it is the root of its own cluster.
    part.roots = np.where(part.roots > 0, part.roots - np.uint64(1), part.numbers)
    return part


def _joined(roots: NDArray[np.uint64]) -> Ids:
    """Per text the first of those with the same root."""
    _, first, index = np.unique(roots, return_index=True, return_inverse=True)
    return first[index]


def _new_joins(roots: NDArray[np.uint64], numbers: NDArray[np.uint64], before: Ids, progress: Progress) -> Rows:
    """Roots that were found to be of one cluster, each pair once."""
    moved = np.flatnonzero(progress.parent != before)
    low, high = roots[progress.parent[moved]], roots[moved]
    pairs = np.unique(np.stack((np.minimum(low, high), np.maximum(low, high)), axis=-1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return Rows(JOIN, pairs[:, 1], pairs[:, 0])


def _stretches(keys: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    """Where stretches of several equal keys begin and end."""
    cuts = np.flatnonzero(np.diff(keys, prepend=keys[:1] + np.uint64(1), append=keys[-1:] + np.uint64(1)))
    lengths = np.diff(cuts)
    for at in np.flatnonzero(lengths > 1).tolist():
        yield int(cuts[at]), int(cuts[at + 1])
