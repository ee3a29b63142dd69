"""Arrow's reader and writer of Parquet without what surrounds them.

`pyarrow.parquet` loads every remote file system that Arrow knows when it is imported, as much CPU time as reading 30 MB
takes. The two classes that do the work are loaded alone here; where a version of Arrow has them in another shape, those of
`pyarrow.parquet` take their place. Both give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cleaner.records.arrow import arrow

_BUFFER: Final = 1 << 20
_VERSION: Final = "2.6"
BLOCK_ROWS: Final = 64
"""Rows that Arrow writes at a time: where a column is in pieces of a multiple of them, its pages are those of one piece.

Only after so many does it look whether a page is full (1 MiB), and texts are long: with the 1,024 that it takes by itself,
pages would be of ten times that size, in memory as in the file.
"""
_OTHER_SHAPE: Final = (ImportError, AttributeError, TypeError, IndexError)


class Reader:
    """An opened file: its schema and metadata, and the rows of a row group in batches. Arrow's own exceptions pass."""

    def __init__(self, path: str) -> None:
        arrow()  # its absence is told in words
        self._tops: list[str] | None = None
        try:
            self._file = _bare_reader(path)
            self._tops = [path[0] for path in self._file.column_paths]
        except _OTHER_SHAPE:
            self._file = arrow("pyarrow.parquet").ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
        self.schema = self._file.schema_arrow
        self.metadata = self._file.metadata

    def batches(self, group: int, size: int, columns: Sequence[str] | None) -> Iterator[Any]:
        """The rows of a row group, `size` at a time; of all columns, or of those named."""
        known: dict[str, Any] = {"row_groups": [group], "use_threads": False}
        if self._tops is None:
            return iter(self._file.iter_batches(size, columns=columns, **known))
        leaves = [leaf for leaf, name in enumerate(self._tops) if columns is None or name in columns]
        return iter(self._file.iter_batches(size, column_indices=leaves, **known))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _bare_reader(path: str) -> Any:
    from pyarrow import _parquet

    reader = _parquet.ParquetReader()
    try:
        reader.open(path, buffer_size=_BUFFER, pre_buffer=False, arrow_extensions_enabled=True)
    except TypeError:  # a version that reads extension types always, or never
        reader.open(path, buffer_size=_BUFFER, pre_buffer=False)
    return reader


def writer(file: Any, schema: Any, options: dict[str, Any]) -> Any:
    """A writer of `schema` into an Arrow file, with the methods `write_table(table, row_group_size)` and `close()`."""
    try:
        return _bare_writer(file, schema, options)
    except (*_OTHER_SHAPE, ValueError):
        return arrow("pyarrow.parquet").ParquetWriter(
            file, schema, version=_VERSION, write_batch_size=BLOCK_ROWS, **options
        )


def _bare_writer(file: Any, schema: Any, options: dict[str, Any]) -> Any:
    from pyarrow import _parquet

    return _parquet.ParquetWriter(
        file, schema, version=_VERSION, writer_engine_version="V2", write_batch_size=BLOCK_ROWS, **options
    )
