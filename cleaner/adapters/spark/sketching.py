"""Rows to chunk files: the same texts, sketches and ids as a run over files on one machine keeps of a range."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from cleaner.adapters.spark.blobs import arrow_schema, record_batch
from cleaner.adapters.spark.layout import chunk_name
from cleaner.adapters.spark.sources import LINE, ORIGIN, Origin, chunks
from cleaner.dedup.paragraphs import ParagraphReader
from cleaner.dedup.reading import OTHER, TEXT, Columns, RangeReader, Reading
from cleaner.dedup.settings import Settings
from cleaner.dedup.sketch import starts_of
from cleaner.dedup.store import write_arrays
from cleaner.records.json_bytes import dumps

CHUNK_BYTES: Final = 16 << 20
MADE: Final = (
    "source int, path string, block long, part int, texts long, records long, lines long, bytes long, bad long"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How rows are read: lines of JSON, or columns; with their paragraphs as texts or whole."""

    reading: Reading
    lines: bool
    paragraphs: bool = False
    chunk_bytes: int = CHUNK_BYTES

    @property
    def measured(self) -> str:
        """The column that is measured when rows are gathered into chunks."""
        return LINE if self.lines else self.reading.text

    def wanted(self) -> list[str]:
        """The columns that are read."""
        named = [LINE] if self.lines else [self.reading.text, self.reading.id, self.reading.score]
        return [*dict.fromkeys(name for name in named if name), *ORIGIN]

    def reader(self, settings: Settings) -> RangeReader:
        """What turns texts into sketches."""
        kind = ParagraphReader if self.paragraphs else RangeReader
        return kind(Path(), settings, self.reading)

    def columns(self, table: Any, reader: RangeReader) -> Columns:
        """What a table of rows holds."""
        if self.lines:
            return reader.columns_of(raw_lines(table))
        texts = table.column(self.reading.text).to_pylist()
        kinds = bytearray(TEXT if isinstance(text, str) else OTHER for text in texts)
        places = [place for place, kind in enumerate(kinds) if kind == TEXT]
        found = Columns(kinds, [texts[place] for place in places], [], [], [])
        ids = table.column(self.reading.id).to_pylist() if self.reading.id in table.column_names else None
        for place in places:
            value = ids[place] if ids else None
            found.ids.append(dumps(value) if isinstance(value, str | int) else b"")
        if score_of := reader.score():
            name = self.reading.score
            scores = table.column(name).to_pylist() if name else texts
            found.scores.extend(score_of({name: scores[place]}, texts[place]) for place in places)
        return found


def raw_lines(table: Any) -> list[bytes]:
    """The lines of a table as bytes."""
    import pyarrow as pa

    return [line or b"" for line in table.column(LINE).cast(pa.large_binary()).to_pylist()]


@dataclass(frozen=True, slots=True)
class SketchRows:
    """Writes the chunk files of a partition; gives a row of counts for each."""

    folder: str
    settings: Settings
    rows: Rows

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        schema = arrow_schema(MADE)
        reader = self.rows.reader(self.settings)
        for origin, table in chunks(batches, self.rows.measured, self.rows.chunk_bytes):
            columns = self.rows.columns(table, reader)
            sections = {"kinds": np.frombuffer(bytes(columns.kinds), np.uint8), **reader.sketched(columns)}
            sections["set_starts"] = starts_of(sections["sizes"])[:-1] * 8
            name = chunk_name(origin)
            write_once(Path(self.folder) / name, sections, {"bad": columns.bad})
            counts = {
                **dict(zip(("source", "path", "block", "part"), ([value] for value in origin), strict=True)),
                "texts": [len(sections["sizes"])],
                "records": [len(columns.texts)],
                "lines": [len(columns.kinds)],
                "bytes": [table.nbytes],
                "bad": [len(columns.bad)],
            }
            yield record_batch(counts, schema)


def write_once(path: Path, sections: dict[str, Any], about: dict[str, Any]) -> None:
    """Write a file of arrays so that several tasks may do it at a time: all write the same."""
    own = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    write_arrays(own, sections, about=about)
    own.replace(path)


def made_rows(rows: list[Any]) -> list[tuple[Origin, int, int, int]]:
    """The rows of counts as `write_layout` takes them."""
    return [
        (Origin(row.source, row.path, row.block, row.part), int(row.texts), int(row.records), int(row.lines))
        for row in rows
    ]
