"""Parquet files: shards by folder, rows in batches of bounded size, written aside and renamed.

What is written has the schema, the metadata, the compression and the row groups of what was read; row groups of more than
`GROUP_BYTES` are cut into pieces of about that size, so that nobody has to hold one. Where they are cut depends on the
input alone, never on the size of batches or the number of workers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from cleaner.errors import ConfigError, RecordError
from cleaner.records.arrow import arrow
from cleaner.records.files import BATCH_BYTES, STDIN
from cleaner.records.outputs import STDOUT, part_of, publish
from cleaner.records.parquet_core import BLOCK_ROWS, Reader, writer

SUFFIXES: Final = (".parquet", ".parq", ".pq")
GROUP_BYTES: Final = 64 << 20
_MAGIC: Final = b"PAR1"
_COPY_BYTES: Final = 1 << 20


class Rows(NamedTuple):
    """Consecutive rows of a shard: the number of the first (from 1), the rows, and whether a row group ends with them."""

    first: int
    batch: Any
    ends_group: bool


@dataclass(frozen=True, slots=True)
class Shard:
    """One input file, its output, and its name among the shards: a relative path."""

    source: str
    output: str
    name: str

    def beside(self, folder: str, suffix: str) -> str:
        """Where something that belongs to this shard lies in another folder (empty for none)."""
        return os.path.join(folder, self.name + suffix) if folder else ""


def is_parquet(path: str) -> bool:
    """Whether `path` is a regular file that begins like Parquet, or a folder."""
    if path == STDIN or not os.path.exists(path):
        return False
    if os.path.isdir(path):
        return True
    if not os.path.isfile(path):
        return False
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC
    return False


def wants_parquet(inputs: Sequence[str], output: str) -> bool:
    """Whether a command reads or writes Parquet; `ConfigError` where it would have to turn it into something else."""
    found = [is_parquet(path) for path in inputs]
    for path in inputs:
        if os.path.isdir(path) and not _named(path):
            raise RecordError(f"{path}: cannot be read: it is a folder, with no Parquet files in it")
    if not any(found):
        if output.endswith(SUFFIXES):
            raise ConfigError(f"output {output}: Parquet is written from Parquet; expected Parquet inputs")
        return False
    if not all(found):
        other = inputs[found.index(False)]
        raise ConfigError(f"input {other}: expected Parquet like the other inputs")
    if output == STDOUT:
        raise ConfigError("output: Parquet cannot go to stdout; expected -o with a file or a folder")
    return True


def plan_shards(inputs: Sequence[str], output: str) -> tuple[list[Shard], bool]:
    """The shards of `inputs` in order, and whether `output` is a folder (else it is the only shard's file).

    One file goes to a file, unless `output` is a folder or ends in a slash. Shards in a folder keep their relative path.
    `ConfigError` where two shards have one name, or one would be written over its input.
    """
    named = [one for path in inputs for one in _named(path)]
    folder = len(named) > 1 or os.path.isdir(inputs[0]) or os.path.isdir(output) or output.endswith(os.sep)
    seen: dict[str, str] = {}
    shards = []
    for source, name in named:
        if name in seen:
            raise ConfigError(f"inputs {seen[name]} and {source}: expected different names, both are {name}")
        seen[name] = source
        target = os.path.join(output, name) if folder else output
        if os.path.abspath(target) == os.path.abspath(source):
            raise ConfigError(f"output {target}: it is the input; expected another file")
        shards.append(Shard(source, target, name))
    return shards, folder


def _named(path: str) -> list[tuple[str, str]]:
    """The Parquet files of an input and their names; hidden ones and those that begin with `_` are no shards."""
    if not os.path.isdir(path):
        return [(path, os.path.basename(path))]
    found = []
    for place, folders, files in os.walk(path):
        folders[:] = sorted(one for one in folders if not one.startswith((".", "_")))
        for name in files:
            if name.endswith(SUFFIXES) and not name.startswith((".", "_")):
                full = os.path.join(place, name)
                found.append((full, os.path.relpath(full, path)))
    return sorted(found, key=lambda one: one[1].split(os.sep))


def copy_whole(shard: Shard) -> None:
    """The output of a shard in which nothing changes: the bytes of the input."""
    path, part = shard.output, part_of(shard.output)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(shard.source, "rb") as source, open(part, "wb") as out:
                shutil.copyfileobj(source, out, _COPY_BYTES)
                out.flush()
                os.fsync(out.fileno())
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror}") from error
    publish(path)


class ParquetInput:
    """An opened Parquet file. `RecordError` where it cannot be opened or read."""

    def __init__(self, path: str) -> None:
        self.name = path
        with _told(path):
            self._file = Reader(path)
        self.schema = self._file.schema
        self.metadata = self._file.metadata
        self.size = os.path.getsize(path)

    @property
    def groups(self) -> int:
        """The number of row groups."""
        return int(self.metadata.num_row_groups)

    def full(self, name: str) -> bool:
        """Whether the file says of a column that it has no nulls; False of structs, and where it does not say."""
        groups = [self.metadata.row_group(number) for number in range(self.groups)]
        if not groups:
            return False
        leaves = [leaf for leaf in range(groups[0].num_columns) if groups[0].column(leaf).path_in_schema == name]
        told = [group.column(leaf).statistics for group in groups for leaf in leaves]
        return bool(leaves) and all(one is not None and one.has_null_count and not one.null_count for one in told)

    def spans(self, group: int) -> list[int]:
        """The sizes in rows of the pieces of a row group."""
        about = self.metadata.row_group(group)
        rows, size = int(about.num_rows), int(about.total_byte_size)
        pieces = max(1, min(rows, size // GROUP_BYTES)) if rows else 0
        return [rows * (piece + 1) // pieces - rows * piece // pieces for piece in range(pieces)]

    def read(
        self, *, columns: Sequence[str] | None = None, size: int = BATCH_BYTES, group: int | None = None
    ) -> Iterator[Rows]:
        """All rows, or those of one row group, in batches of about `size` bytes that end where pieces end."""
        groups = range(self.groups) if group is None else (group,)
        first = 1 + sum(self.metadata.row_group(number).num_rows for number in range(groups[0] if groups else 0))
        for number in groups:
            for rows in self._read_group(number, first, columns, size):
                yield rows
                first = rows.first + rows.batch.num_rows

    def _read_group(self, number: int, first: int, columns: Sequence[str] | None, size: int) -> Iterator[Rows]:
        spans = self.spans(number)
        if not spans:
            return
        about = self.metadata.row_group(number)
        step = max(1, size * about.num_rows // max(1, about.total_byte_size))
        if step > BLOCK_ROWS // 2:  # whole blocks, which are written as they are
            step = -(-step // BLOCK_ROWS) * BLOCK_ROWS
        step = min(step, max(spans))
        left = spans.pop(0)
        with _told(self.name):
            for batch in self._file.batches(number, step, columns):
                while batch.num_rows:
                    part = batch.slice(0, left)
                    left -= part.num_rows
                    batch = batch.slice(part.num_rows)
                    yield Rows(first, part, left == 0)
                    first += part.num_rows
                    left = left or (spans.pop(0) if spans else 0)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Name the file in what Arrow has to say about it."""
    pa = arrow()
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise RecordError(f"{path}: cannot be read as Parquet: {error}") from error


def layout(metadata: Any, *, plain: Sequence[str]) -> dict[str, Any]:
    """How columns are compressed and encoded, as `ParquetWriter` wants it: as in the file of `metadata`.

    A dictionary of the values is not tried for the columns `plain`, whose values hardly ever repeat.
    """
    if not metadata.num_row_groups:
        return {"compression": "zstd"}
    about = metadata.row_group(0)
    columns = [about.column(number) for number in range(about.num_columns)]
    codecs = {one.path_in_schema: _codec(one.compression) for one in columns}
    repeated = [
        one.path_in_schema
        for one in columns
        if one.path_in_schema not in plain and any("DICTIONARY" in encoding for encoding in one.encodings)
    ]
    one_codec = next(iter(codecs.values()), "zstd") if len(set(codecs.values())) < 2 else codecs
    return {"compression": one_codec, "use_dictionary": repeated or False}


def _codec(name: str) -> str:
    known = name.lower()
    if known == "uncompressed":
        return "none"
    return known if arrow().Codec.is_available(known) else "zstd"


class ParquetOutput:
    """A Parquet file in the making. Batches are gathered until a row group is whole."""

    def __init__(self, path: str, schema: Any, options: dict[str, Any]) -> None:
        self.path = path
        self.schema = schema
        self._held: list[Any] = []
        self._blocks: list[Any] = []
        self._rows = 0
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            # Arrow's own kind of file: through one of Python's, everything would be copied once more.
            self._file = arrow().OSFile(part_of(path), "wb")
        except OSError as error:
            raise RecordError(f"{path}: cannot be written: {os.strerror(error.errno) if error.errno else error}") from error
        try:
            self._writer = writer(self._file, schema, options)
        except BaseException:
            self._file.close()
            Path(part_of(path)).unlink()
            raise

    def write(self, batch: Any, *, ends_group: bool) -> None:
        """Append rows; with the last of a row group it is written."""
        self._held.append(batch)
        self._rows += batch.num_rows
        if self._rows >= BLOCK_ROWS:
            self._settle(self._rows // BLOCK_ROWS * BLOCK_ROWS)
        if not ends_group:
            return
        self._settle(self._rows)
        table = arrow().Table.from_batches(self._blocks, schema=self.schema)
        self._blocks.clear()
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)

    def _settle(self, rows: int) -> None:
        """Make a block of the first `rows` that are held, and let go of what they came in."""
        if not rows:
            self._held.clear()
            return
        # Where pages end depends on where the pieces of a column end: always at the same rows.
        table = arrow().Table.from_batches(self._held, schema=self.schema).combine_chunks()
        self._blocks += table.slice(0, rows).to_batches()
        self._rows -= rows
        self._held = table.slice(rows).to_batches() if self._rows else []

    def close_part(self) -> None:
        """Write the end of the file, without the renaming."""
        self._writer.close()
        os.fsync(self._file.fileno())
        self._file.close()

    def finish(self) -> None:
        """Write the end of the file and give it its name."""
        self.close_part()
        publish(self.path)

    def abandon(self) -> None:
        """Close and remove what was written."""
        with contextlib.suppress(Exception):
            self._writer.close()
        self._file.close()
        Path(part_of(self.path)).unlink(missing_ok=True)
