"""Clean on Spark: rows through the engine in Spark's Python workers, each of which builds its engine once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.sketching import raw_lines
from cleaner.adapters.spark.sources import LINE, ORIGIN, Corpus
from cleaner.errors import ConfigError, IndexMismatch
from cleaner.pipeline import BatchCleaner, Options
from cleaner.records.fields import Fields
from cleaner.records.files import BATCH_BYTES, Batch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from cleaner.engine import Cleaner

QUARANTINE: Final = "quarantine"
_engines: dict[str, Cleaner] = {}
"""The engine of this worker; another one takes its place when a job asks for it."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What an engine is made of, in a form that travels: options, and names of files that Spark has brought along."""

    options: Mapping[str, Any]
    files: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    def load(self) -> Cleaner:
        """The engine, built once per process; `IndexMismatch` where the installed rules are not those of the driver."""
        found = _engines.get(self.digest)
        if found is None:
            from cleaner.engine import Cleaner

            found = Cleaner(**self.options, **{name: _brought(value) for name, value in self.files.items()})
            if found.digest != self.digest:
                raise IndexMismatch(f"rules on this executor: expected digest {self.digest}, found {found.digest}")
            _engines.clear()
            _engines[self.digest] = found
        return found


def _brought(value: Any) -> Any:
    from pyspark import SparkFiles

    return [SparkFiles.get(one) for one in value] if isinstance(value, list) else SparkFiles.get(value)


def engine(spark: SparkSession, **options: Any) -> Engine:
    """An engine with the options of `Cleaner`; packs, weights and memory are brought to each executor once."""
    from cleaner.engine import Cleaner

    digest = Cleaner(**options).digest
    files: dict[str, Any] = {}
    for name in ("packs", "weights", "memory"):
        value = options.get(name)
        if value is None or isinstance(value, bool):
            continue
        paths = [value] if name != "packs" else list(value)
        if not all(isinstance(path, str | os.PathLike) for path in paths):
            raise ConfigError(f"{name}: expected the path of a file, which can be brought to executors")
        for path in paths:
            spark.sparkContext.addFile(os.path.abspath(path), recursive=os.path.isdir(path))
        names = [os.path.basename(os.path.abspath(path)) for path in paths]
        files[name] = names if name == "packs" else names[0]
    rest = {name: value for name, value in options.items() if name not in files}
    return Engine(rest, files, digest)


@dataclass(frozen=True, slots=True)
class CleanLines:
    """Lines of JSON through the pipeline of the command line; those that cannot be read go to a column of their own."""

    engine: Engine
    fields: Fields
    options: Options = field(default_factory=Options)

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        schema = blobs.arrow_schema(f"{LINE} string, {QUARANTINE} string")
        work = BatchCleaner(self.engine.load(), self.fields, self.options)
        for batch in batches:
            for data in _portions(raw_lines(batch)):
                portion = work(Batch("", "jsonl", 1, len(data), 0, b"\n".join(data) + b"\n"))
                lines, bad = _split(portion.lines), _split(portion.quarantine)
                columns = {LINE: [*lines, *[None] * len(bad)], QUARANTINE: [*[None] * len(lines), *bad]}
                yield blobs.record_batch(columns, schema)


def _portions(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Lines, as many at a time as are judged at once."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= BATCH_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _split(lines: bytes) -> list[str]:
    return [line.decode() for line in lines.split(b"\n")[:-1]]


@dataclass(frozen=True, slots=True)
class CleanColumns:
    """Record batches through the Arrow adapter."""

    engine: Engine
    columns: Mapping[str, Any]

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        from cleaner.adapters.arrow import ArrowCleaner

        yield from ArrowCleaner(self.engine.load(), **self.columns).map(batches)


def clean(
    frame: DataFrame,
    *,
    text: str = "text",
    html: str = "",
    url: str = "",
    lang: str = "",
    title: str = "",
    columns: Mapping[str, Any] | None = None,
    **options: Any,
) -> DataFrame:
    """The rows of `frame` with their texts cleaned; columns by name, `options` those of `Cleaner`.

    `columns` are further arguments of `cleaner.adapters.arrow.ArrowCleaner`: columns of edits or reasons, for example.
    """
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    from cleaner.adapters.arrow import ArrowCleaner

    found = engine(frame.sparkSession, **options)
    named = {"text": text, "html": html, "url": url, "lang": lang, "title": title, **(columns or {})}
    named = {name: value for name, value in named.items() if value}
    schema = from_arrow_schema(ArrowCleaner(found.load(), **named).schema(to_arrow_schema(frame.schema)))
    return frame.mapInArrow(CleanColumns(found, named), schema)


def clean_corpus(corpus: Corpus, found: Engine, *, fields: Fields, options: Options | None = None) -> DataFrame:
    """Lines of JSON as `cleaner clean` leaves them: a column `value`, and one of rows of the quarantine."""
    frame = corpus.frame.drop(*ORIGIN)
    schema = f"{LINE} string, {QUARANTINE} string"
    return frame.mapInArrow(CleanLines(found, fields, options or Options()), schema)
