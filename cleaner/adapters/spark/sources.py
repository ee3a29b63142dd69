"""Corpora that Spark reads and writes: JSON lines as they are, or Parquet, in an order that does not depend on tasks.

Each row carries where it comes from (input, file, beginning of the split), so that rows can be numbered in the order of
the inputs, whatever the order in which Spark hands out splits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from cleaner.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LINE: Final = "value"
"""The column of a corpus of JSON lines."""
SOURCE, PATH, BLOCK = "cleaner_source", "cleaner_path", "cleaner_block"
ORIGIN: Final = (SOURCE, PATH, BLOCK)
_ROW_BYTES: Final = 64
"""What a row counts beside its text, so that chunks of tiny rows stay small too."""


@dataclass(frozen=True)
class Corpus:
    """A DataFrame and where its texts are: `lines` of JSON in the column `value`, or columns of their own."""

    frame: DataFrame
    lines: bool

    @property
    def column(self) -> str:
        """The column that is measured when rows are gathered into chunks."""
        return LINE


class Origin(NamedTuple):
    """Where a chunk of rows stands: input, file, beginning of the split in the file, number of the chunk there."""

    source: int
    path: str
    block: int
    part: int


def is_parquet(path: str) -> bool:
    """Whether a path names Parquet, by its ending: `.parquet` of a file, folder or pattern."""
    return ".parquet" in path.rstrip("/").rsplit("/", 1)[-1]


def read(spark: SparkSession, paths: Sequence[str], *, form: str = "") -> Corpus:
    """The rows of `paths` (any that Spark can reach) with their origins; `form` is `jsonl` or `parquet`, or told by names."""
    parquet = {form == "parquet" if form else is_parquet(path) for path in paths}
    if len(parquet) != 1:
        raise ConfigError(f"inputs: expected one form, found JSON lines and Parquet among {' '.join(paths)}")
    from pyspark.sql import functions as f

    def one(number: int, path: str) -> DataFrame:
        reader = spark.read
        frame = reader.parquet(path) if True in parquet else reader.option("lineSep", "\n").text(path)
        columns = [f.lit(number).alias(SOURCE), f.col("_metadata.file_path").alias(PATH)]
        return frame.select("*", *columns, f.col("_metadata.file_block_start").alias(BLOCK))

    frames = [one(number, path) for number, path in enumerate(paths)]
    return Corpus(reduce(lambda left, right: left.unionByName(right), frames), lines=True not in parquet)


def of_frame(frame: DataFrame) -> Corpus:
    """A DataFrame as a corpus in the order of its partitions; it must give the same rows in them whenever it is run."""
    from pyspark.sql import functions as f

    if PATH in frame.columns:
        return Corpus(frame, lines=False)
    place = f.spark_partition_id().cast("long").alias(BLOCK)
    return Corpus(frame.select("*", f.lit(0).alias(SOURCE), f.lit("").alias(PATH), place), lines=False)


def write(frame: DataFrame, path: str, *, lines: bool, compression: str = "") -> None:
    """Write rows to a folder, one file per partition: JSON lines, or Parquet."""
    writer = frame.write.mode("errorifexists")
    if compression:
        writer = writer.option("compression", compression)
    if lines:
        writer.option("lineSep", "\n").text(path)
    else:
        writer.parquet(path)


def chunks(batches: Iterator[Any], measured: str, size: int) -> Iterator[tuple[Origin, Any]]:
    """Rows of Arrow batches as tables of about `size` bytes in the column `measured`, each of one split.

    Where a chunk ends depends on its rows alone, not on how they came in batches.
    """
    import pyarrow as pa

    gathered: list[Any] = []
    origin: Origin | None = None
    filled = 0
    for batch in batches:
        for first, last, source, path, block in _runs(batch):
            if origin is None or origin[:3] != (source, path, block):
                if origin is not None and gathered:
                    yield origin, pa.Table.from_batches(gathered)
                origin, gathered, filled = Origin(source, path, block, 0), [], 0
            lengths = pa.compute.fill_null(pa.compute.binary_length(batch.column(measured)), 0)
            ends = np.cumsum(lengths.to_numpy(zero_copy_only=False)[first:last].astype(np.int64) + _ROW_BYTES)
            at, passed = 0, 0
            while at < last - first:
                cut = int(np.searchsorted(ends, passed + size - filled)) + 1
                stop = min(cut, last - first)
                gathered.append(batch.slice(first + at, stop - at))
                filled += int(ends[stop - 1]) - passed
                passed = int(ends[stop - 1])
                if filled >= size:
                    yield origin, pa.Table.from_batches(gathered)
                    origin, gathered, filled = origin._replace(part=origin.part + 1), [], 0
                at = stop
    if origin is not None and gathered:
        yield origin, pa.Table.from_batches(gathered)


def _runs(batch: Any) -> Iterator[tuple[int, int, int, str, int]]:
    """Stretches of rows of one split: first, end, input, file, block."""
    import pyarrow.compute  # noqa: F401 - `pa.compute` is used by `chunks`

    if not batch.num_rows:
        return
    names = batch.column(PATH).dictionary_encode()
    marks = names.indices.to_numpy(), batch.column(BLOCK).to_numpy(), batch.column(SOURCE).to_numpy()
    changed = np.zeros(batch.num_rows, bool)
    changed[0] = True
    for values in marks:
        changed[1:] |= values[1:] != values[:-1]
    firsts = np.flatnonzero(changed).tolist()
    for first, last in zip(firsts, [*firsts[1:], batch.num_rows], strict=True):
        name = names.dictionary[int(marks[0][first])].as_py()
        yield first, last, int(marks[2][first]), name, int(marks[1][first])
