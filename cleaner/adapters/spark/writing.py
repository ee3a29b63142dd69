"""The last pass over the rows of a corpus: what stays, what is cut, and what is told about the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.choosing import Near, gone_of, known_of
from cleaner.adapters.spark.layout import Selected, layout, rows_of
from cleaner.adapters.spark.sketching import Rows, raw_lines
from cleaner.adapters.spark.sources import LINE, ORIGIN, Origin, chunks
from cleaner.dedup.paragraphs import RULES, Cuts
from cleaner.dedup.reading import BAD, TEXT
from cleaner.dedup.store import Arrays
from cleaner.edits import apply
from cleaner.errors import RecordError
from cleaner.paragraph_cuts import CutParagraphs
from cleaner.pipeline import Options
from cleaner.records.fields import Fields
from cleaner.records.files import Batch
from cleaner.records.json_bytes import dumps


@dataclass(frozen=True, slots=True)
class _LastPass:
    """Goes through the rows again, chunk by chunk as they were sketched."""

    folder: str
    rows: Rows

    def _tables(self, batches: Iterator[Any]) -> Iterator[tuple[int, NDArray[np.uint8], Any]]:
        """Numbers of chunks, kinds of their rows, and the rows."""
        found = layout(self.folder)
        for origin, table in chunks(batches, self.rows.measured, self.rows.chunk_bytes):
            chunk = _number(self.folder, origin)
            stored = Arrays(found.path(chunk))
            kinds = stored.read("kinds")
            stored.close()
            if len(kinds) != table.num_rows:
                raise _changed(origin)
            yield chunk, kinds, table


def _number(folder: str, origin: Origin) -> int:
    try:
        return layout(folder).of(origin)
    except KeyError:
        raise _changed(origin) from None


def _changed(origin: Origin) -> RecordError:
    return RecordError(
        f"{origin.path or 'partition'} at {origin.block}: other rows than when they were read first; "
        "persist the DataFrame, or write it to files first"
    )


def _plain(table: Any) -> Any:
    return table.drop_columns([name for name in ORIGIN if name in table.column_names])


class KeepRows(_LastPass):
    """The rows that stay; those without a text pass, those that cannot be read do not."""

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        import pyarrow as pa

        for chunk, kinds, table in self._tables(batches):
            stays = kinds != BAD
            stays[np.flatnonzero(kinds == TEXT)[gone_of(self.folder, chunk)[0]]] = False
            yield from _plain(table).filter(pa.array(stays)).to_batches()


@dataclass(frozen=True, slots=True)
class RemovedRows:
    """From numbers of chunks to rows of JSON about what was removed there."""

    folder: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        schema = blobs.arrow_schema(f"{LINE} string")
        for batch in batches:
            for chunk in batch.column(0).to_pylist():
                yield blobs.record_batch({LINE: self._of_chunk(chunk)}, schema)

    def _of_chunk(self, chunk: int) -> list[str]:
        rows, kept, similarity = gone_of(self.folder, chunk)
        if not len(rows):
            return []
        mine = rows + layout(self.folder).texts[chunk]
        numbers = np.unique(np.concatenate((mine, kept)))
        ids = _ids(self.folder, numbers)
        found = zip(
            *(np.searchsorted(numbers, one).tolist() for one in (mine, kept)), similarity.round(4).tolist(), strict=True
        )
        return [
            (b'{"id":%b,"kept":%b,"similarity":%b}' % (ids[own], ids[other], dumps(alike))).decode()
            for own, other, alike in found
        ]


def _ids(folder: str, numbers: NDArray[Any]) -> list[bytes]:
    """The ids of texts as JSON; one without gets its place, `file:line`."""
    found = layout(folder)
    texts = Selected(found, numbers.astype(np.uint64))
    ids = texts.ids()
    chunk, row = texts.places()
    for at in [at for at, value in enumerate(ids) if not value]:
        number = int(chunk[at])
        places = np.flatnonzero(texts.chunk(number).read("kinds") == TEXT)
        line = int(found.lines[number]) + int(places[row[at]])
        ids[at] = dumps(f"{found.paths[int(found.files[number])]}:{line}")
    texts.close()
    return ids


@dataclass(frozen=True, slots=True)
class CutRows(_LastPass):
    """The rows with repeated paragraphs cut from their texts."""

    near: Near

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        for chunk, kinds, table in self._tables(batches):
            cuts = self._cuts(chunk, kinds)
            if self.rows.lines:
                yield from self._lines(cuts, table).to_batches()
            else:
                yield from self._column(cuts, table).to_batches()

    def _cuts(self, chunk: int, kinds: NDArray[np.uint8]) -> Cuts:
        found = self.near.cuts(chunk, RULES, known_of(self.folder, chunk))
        rows = np.array(sorted(found), np.int64)
        stored = Arrays(layout(self.folder).path(chunk))
        owners, starts, stops = (rows_of(stored, name, rows) for name in ("owners", "starts", "stops"))
        stored.close()
        return Cuts(
            inputs=np.zeros(len(rows), np.int32),
            lines=np.flatnonzero(kinds == TEXT)[owners] + 1,
            starts=starts,
            ends=stops,
            rules=np.array([RULES.index(found[row][0]) for row in rows.tolist()], np.uint8),
            scores=np.array([found[row][1] for row in rows.tolist()], np.float64),
        )

    def _lines(self, cuts: Cuts, table: Any) -> Any:
        import pyarrow as pa

        lines = raw_lines(table)
        cutter = CutParagraphs(cuts, Fields(text=self.rows.reading.text, id=self.rows.reading.id), Options())
        portion = cutter(Batch("", "jsonl", 1, len(lines), 0, b"\n".join(lines) + b"\n"))
        kept = portion.lines.split(b"\n")[:-1]
        return pa.table({LINE: pa.array([line.decode() for line in kept], pa.string())})

    def _column(self, cuts: Cuts, table: Any) -> Any:
        import pyarrow as pa

        plain, name = _plain(table), self.rows.reading.text
        texts = plain.column(name).to_pylist()
        for line in np.unique(cuts.lines).tolist():
            texts[line - 1] = apply(texts[line - 1], cuts.edits(0, line, texts[line - 1]))
        at = plain.schema.get_field_index(name)
        return plain.set_column(at, plain.schema.field(at), pa.array(texts, plain.schema.field(at).type))
