"""Parquet shards in a run of documents: row groups into chunk files, and the rows that stay into shards of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.clusters import Clusters
from cleaner.dedup.ranges import RANGE_BYTES, Range
from cleaner.dedup.reading import OTHER, TEXT, Columns, RangeReader
from cleaner.dedup.writing import Documents, id_table
from cleaner.errors import ConfigError, RecordError
from cleaner.records import arrow
from cleaner.records.json_bytes import dumps
from cleaner.records.parquet import ParquetInput, ParquetOutput, Rows, Shard, copy_whole, layout
from cleaner.records.workers import OrderedPool

ANNOTATION: Final = "cleaner_dedup"
"""The column that tells of a document that would go: the id of the one that stays for it, and their similarity."""


class Group(NamedTuple):
    """A row group of an input, and its rows as ranges (row numbers from 0) in order."""

    number: int
    ranges: tuple[Range, ...]


def groups(paths: Sequence[str]) -> Iterator[Group]:
    """The row groups of all inputs, in ranges of about `RANGE_BYTES`. Which rows are in a range depends on the files alone."""
    number = 0
    for source, path in enumerate(paths):
        with ParquetInput(path) as found:
            first = 0
            for group in range(found.groups):
                about = found.metadata.row_group(group)
                end = first + about.num_rows
                step = max(1, RANGE_BYTES * about.num_rows // max(1, about.total_byte_size))
                firsts = range(first, end, step)
                made = (Range(number + at, source, path, one, min(one + step, end)) for at, one in enumerate(firsts))
                yield Group(group, tuple(made))
                number, first = number + len(firsts), end


class GroupReader:
    """Turns the ranges of a row group into chunk files; gives the number of its rows. Picklable."""

    def __init__(self, reader: RangeReader) -> None:
        """`reader` says what is read, and writes it."""
        self._reader = reader
        self._open: ParquetInput | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": None}

    def __call__(self, group: Group) -> int:
        """Read, sketch and write what is not there yet."""
        ranges = group.ranges
        if not all(self._reader.path(one.number).exists() for one in ranges):
            found = self._input(ranges[0].path)
            used = self._used(found.schema)
            rows = found.read(group=group.number, columns=used, size=RANGE_BYTES)
            for one, batches in zip(ranges, _cut(rows, [one.last - one.first for one in ranges]), strict=True):
                path = self._reader.path(one.number)
                if not path.exists():
                    self._reader.write(path, self._columns(batches), {})
        return sum(one.last - one.first for one in ranges)

    def _input(self, path: str) -> ParquetInput:
        """The input, which stays open for its next row group."""
        if self._open is None or self._open.name != path:
            self.close()
            self._open = ParquetInput(path)
        return self._open

    def close(self) -> None:
        """Close the input that is open."""
        if self._open:
            self._open.close()
            self._open = None

    def _used(self, schema: Any) -> list[str]:
        reading = self._reader.reading
        text = arrow.find(schema, reading.text)
        if text is None:
            raise ConfigError(f"column {reading.text!r}: not there; expected one of {', '.join(schema.names)}")
        kind = arrow.field(schema, text).type
        if not arrow.is_text(kind):
            raise ConfigError(f"column {reading.text!r}: expected texts, found {kind}")
        paths = (text, *(arrow.find(schema, path) for path in (reading.id, reading.score)))
        return list(dict.fromkeys(path[0] for path in paths if path))

    def _columns(self, batches: Sequence[Any]) -> Columns:
        """The rows of a range; those without a text are no documents, and stay."""
        pa = arrow.arrow()
        table = pa.Table.from_batches(batches)
        reading = self._reader.reading
        values = _values(table, reading.text)
        there = arrow.valid(values)
        texts = values.drop_null() if values.null_count else values
        kinds = np.where(there, TEXT, OTHER).astype(np.uint8)
        ids = _values(table, reading.id)
        named = [b""] * len(texts) if ids is None else _ids(_of_texts(ids, there))
        columns = Columns(bytearray(kinds.tobytes()), texts, named, [], [])
        if reading.keep != "first" or not self._reader.takes_arrow:
            columns.texts = texts.to_pylist()
        if score_of := self._reader.score():
            records = [{}] * len(texts) if not reading.score else _score_records(table, reading.score, there)
            columns.scores = [score_of(one, text) for one, text in zip(records, columns.texts, strict=True)]
        return columns


def _of_texts(values: Any, there: NDArray[np.bool_]) -> list[Any]:
    """The values of the rows that have a text."""
    listed: list[Any] = values.to_pylist()
    return listed if there.all() else list(compress(listed, there.tolist()))


def _score_records(table: Any, path: str, there: NDArray[np.bool_]) -> list[dict[str, Any]]:
    scores = _values(table, path)
    if scores is None:
        return [{}] * table.num_rows
    return [{path: value} for value in _of_texts(scores, there)]


def _values(table: Any, path: str) -> Any:
    """The values at a path in one array, or None for no such column."""
    found = arrow.find(table.schema, path)
    if not found:
        return None
    values = arrow.column(table, found)
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def _ids(values: list[Any]) -> list[bytes]:
    """The ids of rows as JSON; nothing where a row has none."""
    if {str, int}.issuperset(map(type, values)):
        return list(map(dumps, values))
    return [dumps(value) if isinstance(value, str | int) else b"" for value in values]


def _cut(rows: Iterator[Rows], sizes: Sequence[int]) -> Iterator[list[Any]]:
    """The batches of `rows` cut into consecutive lists of so many rows."""
    rest: Any = None
    for size in sizes:
        held = []
        while size:
            batch = next(rows).batch if rest is None else rest
            part = batch.slice(0, size)
            rest = batch.slice(part.num_rows) if part.num_rows < batch.num_rows else None
            held.append(part)
            size -= part.num_rows
        yield held


def read_groups(
    paths: Sequence[str], reader: RangeReader, *, jobs: int, tick: Callable[[int, int], None]
) -> list[Range]:
    """All inputs through `reader`, in this process or in `jobs` others; their ranges."""
    found = list(groups(paths))
    total = sum(one.ranges[-1].last - one.ranges[0].first for one in found if one.ranges)
    work = GroupReader(reader)
    todo = [one for one in found if one.ranges]
    sizes: Iterator[int] = map(work, todo)
    if jobs > 1 and len(todo) > 1:
        sizes = OrderedPool(work, jobs=jobs, split=lambda _: (), give_up=_unreadable).map(todo)
    done = 0
    for size in sizes:
        done += size
        tick(done, total)
    work.close()
    return [one for group in found for one in group.ranges]


def _unreadable(group: Group, reason: str) -> int:
    raise RecordError(f"{group.ranges[0].path}: row group {group.number} cannot be read: {reason}")


class ShardWriter:
    """Writes shards: the rows that stay, or all rows with an annotation. Picklable."""

    def __init__(
        self, documents: Documents, clusters: Clusters, shards: Sequence[Shard], folder: Path, text: str, annotate: bool
    ) -> None:
        """`folder` takes a mark for each shard that is written; `text` is the path of the texts."""
        self._documents, self._clusters, self._shards = documents, clusters, shards
        self._folder, self._text, self._annotate = folder, text, annotate

    def __call__(self, number: int) -> int:
        """Write a shard, unless an earlier run has."""
        shard, mark = self._shards[number], self._folder / f"written-{number:05}"
        if mark.exists() and Path(shard.output).exists():
            return number
        chunks = [chunk for chunk, one in enumerate(self._documents.ranges) if one.source == number]
        stays, notes = self._stays(chunks), self._notes(chunks) if self._annotate else {}
        if stays.all() and not self._annotate:
            copy_whole(shard)
        else:
            self._write(shard, stays, notes)
        mark.touch()
        return number

    def _write(self, shard: Shard, stays: NDArray[np.bool_], notes: Mapping[int, tuple[str, float]]) -> None:
        with ParquetInput(shard.source) as found:
            schema = found.schema
            if self._annotate:
                schema = arrow.put(arrow.no_rows(schema), ANNOTATION, _annotations(0, {})).schema
            out = ParquetOutput(shard.output, schema, layout(found.metadata, plain=[self._text]))
            try:
                self._copy(found, out, stays, notes)
            except BaseException:
                out.abandon()
                raise
            out.finish()

    def _copy(
        self,
        found: ParquetInput,
        out: ParquetOutput,
        stays: NDArray[np.bool_],
        notes: Mapping[int, tuple[str, float]],
    ) -> None:
        for rows in found.read(size=RANGE_BYTES):
            first, batch = rows.first - 1, rows.batch
            if self._annotate:
                mine = {row - first: notes[row] for row in range(first, first + batch.num_rows) if row in notes}
                batch = arrow.put(batch, ANNOTATION, _annotations(batch.num_rows, mine))
            elif not (kept := stays[first : first + batch.num_rows]).all():
                for part in arrow.kept_rows(batch, kept):
                    out.write(part, ends_group=False)
                batch = batch.slice(0, 0)
            out.write(batch, ends_group=rows.ends_group)

    def _stays(self, chunks: Sequence[int]) -> NDArray[np.bool_]:
        gone = self._clusters.kept != np.arange(len(self._clusters.kept))
        return np.concatenate([np.empty(0, np.bool_), *(self._documents.mask(chunk, gone) for chunk in chunks)])

    def _notes(self, chunks: Sequence[int]) -> dict[int, tuple[str, float]]:
        """Per row of a shard that would go: the id of the one that stays for it, and their similarity."""
        documents, clusters = self._documents, self._clusters
        kept_ids = id_table(documents, clusters, documents.first_lines())
        notes, row = {}, 0
        for chunk in chunks:
            kinds = documents.corpus.chunk(chunk).read("kinds")
            texts = np.flatnonzero(kinds == TEXT)
            first, last = documents.corpus.first[chunk], documents.corpus.first[chunk + 1]
            low, high = np.searchsorted(clusters.removed, (first, last))
            for text in clusters.removed[low:high].tolist():
                kept = json.loads(kept_ids(int(clusters.kept[text])))
                similarity = round(float(clusters.similarity[text]), 4)
                notes[row + int(texts[text - first])] = (str(kept), similarity)
            row += len(kinds)
        return notes


def _annotations(count: int, notes: dict[int, tuple[str, float]]) -> Any:
    pa = arrow.arrow()
    kept = arrow.from_texts([notes[row][0] if row in notes else None for row in range(count)])
    alike = arrow.from_numbers(np.array([notes[row][1] if row in notes else 0.0 for row in range(count)], np.float64))
    fields = [pa.field("kept", pa.string()), pa.field("similarity", pa.float64())]
    return pa.StructArray.from_arrays([kept, alike], fields=fields, mask=kept.is_null())


def write_shards(writer: ShardWriter, count: int, *, jobs: int, tick: Callable[[int], None]) -> None:
    """All shards, in this process or in `jobs` others."""
    done: Iterator[int] = map(writer, range(count))
    if jobs > 1 and count > 1:
        done = OrderedPool(writer, jobs=jobs, split=lambda _: (), give_up=_unwritable).map(range(count))
    for number in done:
        tick(number)


def _unwritable(number: int, reason: str) -> int:
    raise RecordError(f"shard {number + 1} cannot be written: {reason}")
