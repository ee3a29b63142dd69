"""Near-duplicate documents and repeated paragraphs on Spark: the same result as on one machine.

Sketches are written as chunk files to a work folder that all executors reach. What travels between tasks are band keys
with the numbers of texts, pairs of numbers, and components; shingle sets are read where they lie.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cleaner.adapters.spark import bands, choosing, sketching
from cleaner.adapters.spark.bands import CUT, ENTRIES, FOUND, JOIN, RULE, SAME, SLICE, Search
from cleaner.adapters.spark.components import IN_ONE_TASK, PAIRS, components
from cleaner.adapters.spark.layout import write_layout
from cleaner.adapters.spark.sources import LINE, ORIGIN, Corpus, of_frame
from cleaner.adapters.spark.writing import CutRows, KeepRows, RemovedRows
from cleaner.dedup.paragraphs import long_shingles
from cleaner.dedup.reading import Keep, Reading
from cleaner.dedup.settings import Settings
from cleaner.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SHARD_TEXTS: Final = 2_000_000
"""Keys of one band that one task holds."""
_EARLY: Final = 1
"""Bands that are searched before the others: what they join is not compared again in the others."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Texts (documents or paragraphs), documents, lines that could not be read, buckets cut, pairs left out at most."""

    texts: int
    documents: int
    bad: int
    cut_buckets: int
    cut_pairs: int


@dataclass(frozen=True)
class Deduplicated:
    """`kept`: the rows that stay, or with their paragraphs cut. `removed` (documents): rows of JSON, one per document.

    Both are made when they are used, from the work folder, which must be there until then.
    """

    kept: DataFrame
    removed: DataFrame | None
    counts: Counts


@dataclass(frozen=True, kw_only=True)
class DedupRun:
    """One run; see `dedup`."""

    corpus: Corpus
    work: Path
    settings: Settings = field(default_factory=Settings)
    reading: Reading = field(default_factory=Reading)
    paragraphs: bool = False
    max_documents: int = 3
    min_words: int = 20
    chunk_bytes: int = sketching.CHUNK_BYTES
    in_one_task: int = IN_ONE_TASK
    slice_texts: int = 1 << 16

    @property
    def spark(self) -> SparkSession:
        """The session of the corpus."""
        return self.corpus.frame.sparkSession

    @cached_property
    def _rows(self) -> sketching.Rows:
        return sketching.Rows(
            reading=self.reading, lines=self.corpus.lines, paragraphs=self.paragraphs, chunk_bytes=self.chunk_bytes
        )

    @property
    def _folder(self) -> str:
        return str(self.work)

    def __call__(self) -> Deduplicated:
        """Do it."""
        chunks, counts = self._sketch()
        early = self._search(chunks, counts.texts, 0, min(_EARLY, self.settings.bands), "early")
        joined = components(
            early.where(f"kind = {JOIN}").select("node", "other"),
            store=self._store,
            name="joined-early",
            in_one_task=self.in_one_task,
        )
        cuts = [early]
        if self.settings.threshold < 1.0 and self.settings.bands > _EARLY:
            self._tell(joined, early, chunks)
            late = self._search(chunks, counts.texts, _EARLY, self.settings.bands, "late")
            pairs = joined.unionByName(late.where(f"kind = {JOIN}").select("node", "other"))
            joined = components(pairs, store=self._store, name="joined", in_one_task=self.in_one_task)
            cuts.append(late)
        elif self.paragraphs:
            self._tell(joined, early, chunks)
        self._choose(joined, chunks)
        return Deduplicated(*self._outputs(chunks), self._with_cuts(counts, cuts))

    def _sketch(self) -> tuple[int, Counts]:
        wanted = self.corpus.frame.select(*self._rows.wanted())
        work = sketching.SketchRows(self._folder, self.settings, self._rows)
        # One row per chunk, of some hundred bytes: what Spark itself keeps of a split.
        made = wanted.mapInArrow(work, sketching.MADE).collect()
        write_layout(self.work, sketching.made_rows(made))
        texts, documents, bad = (sum(int(row[name]) for row in made) for name in ("texts", "records", "bad"))
        return len(made), Counts(texts, documents, bad, 0, 0)

    def _search(self, chunks: int, texts: int, first: int, last: int, name: str) -> DataFrame:
        search = Search(
            folder=self._folder,
            settings=self.settings,
            first=first,
            last=last,
            shards=max(self._parallelism if last - first < self._parallelism else 1, -(-texts // _SHARD_TEXTS)),
            smallest=long_shingles(self.min_words, self.settings) if self.paragraphs else 0,
            most=self.max_documents if self.paragraphs else 0,
            slice_texts=self.slice_texts,
        )
        entries = self._numbers(chunks).mapInArrow(bands.EmitKeys(search), ENTRIES)
        tasks = self._search_tasks(search, texts)
        found = self._store(by_number(entries, tasks, "part").mapInArrow(bands.FindJoins(search), FOUND), f"found-{name}")
        slices = found.where(f"kind = {SLICE}")
        count = slices.count()
        if not count:
            return found
        spread = slices.repartition(min(count, 4096)).mapInArrow(bands.FindInSlices(search), FOUND)
        return found.unionByName(self._store(spread, f"slices-{name}"))

    def _search_tasks(self, search: Search, texts: int) -> int:
        """As many tasks as partitions where these are large; where they are small, each task takes several."""
        keys = texts * (search.last - search.first)
        return min(search.parts, max(2 * self._parallelism, -(-keys // _SHARD_TEXTS)))

    @property
    def _parallelism(self) -> int:
        return int(self.spark.sparkContext.defaultParallelism)

    def _numbers(self, chunks: int) -> DataFrame:
        """The numbers of all chunks, a few per task."""
        return self.spark.range(0, chunks, 1, self._tasks(chunks))

    def _tasks(self, chunks: int) -> int:
        return max(1, min(chunks, max(2 * self._parallelism, chunks // 8)))

    def _store(self, frame: DataFrame, name: str) -> DataFrame:
        path = (self.work / "frames" / name).as_uri()
        frame.write.parquet(path)
        return self.spark.read.schema(frame.schema).parquet(path)

    def _tell(self, joined: DataFrame, early: DataFrame, chunks: int) -> None:
        """What is known so far goes to the chunks."""
        known = joined.selectExpr(f"cast({JOIN} as byte) as kind", "node", "other")
        told = early.where(f"kind in ({SAME}, {RULE})").select("kind", "node", "other")
        placed = known.unionByName(told).mapInArrow(choosing.Place(self._folder), choosing.PLACED)
        by_chunk = placed.repartition(self._tasks(chunks), "chunk")
        by_chunk.mapInArrow(choosing.WriteKnown(self._folder), "chunk int").count()

    def _choose(self, joined: DataFrame, chunks: int) -> None:
        """Which text of each cluster stays, and how alike the others are to it, goes to the chunks."""
        kept = joined
        if self.reading.keep != "first":
            members = joined.unionByName(joined.select("other", "other").toDF("node", "other").distinct())
            placed = members.selectExpr(f"cast({JOIN} as byte) as kind", "node", "other")
            placed = placed.mapInArrow(choosing.Place(self._folder), choosing.PLACED)
            scored = placed.repartition(self._tasks(chunks), "chunk").mapInArrow(
                choosing.ReadScores(self._folder), choosing.SCORED
            )
            kept = scored.repartition(2 * self._parallelism, "cluster").mapInArrow(choosing.choose_best, PAIRS)
        pairs = kept.mapInArrow(choosing.PairPlace(self._folder), f"{PAIRS}, place long")
        tasks = self._tasks(chunks)
        compared = pairs.repartition(tasks, "place").mapInArrow(choosing.CompareKept(self._folder), choosing.REMOVED)
        compared.repartition(tasks, "chunk").mapInArrow(choosing.WriteGone(self._folder), "chunk int").count()

    def _outputs(self, chunks: int) -> tuple[DataFrame, DataFrame | None]:
        frame = self.corpus.frame
        schema = frame.drop(*ORIGIN).schema
        if self.paragraphs:
            long = long_shingles(self.min_words, self.settings)
            near = choosing.Near(self._folder, self.settings.threshold, long)
            return frame.mapInArrow(CutRows(self._folder, self._rows, near), schema), None
        kept = frame.mapInArrow(KeepRows(self._folder, self._rows), schema)
        return kept, self._numbers(chunks).mapInArrow(RemovedRows(self._folder), f"{LINE} string")

    def _with_cuts(self, counts: Counts, found: Sequence[DataFrame]) -> Counts:
        from pyspark.sql import functions as f

        buckets = pairs = 0
        for frame in found:
            row = frame.where(f"kind = {CUT}").agg(f.sum("node"), f.sum("other")).collect()[0]
            buckets, pairs = buckets + int(row[0] or 0), pairs + int(row[1] or 0)
        return Counts(counts.texts, counts.documents, counts.bad, buckets, pairs)


def by_number(frame: DataFrame, parts: int, column: str) -> DataFrame:
    """Rows with the same number in `column` in one partition, numbers spread evenly where Spark can do that."""
    if hasattr(frame, "repartitionById"):
        from pyspark.sql import functions as f

        found: DataFrame = frame.repartitionById(parts, f.col(column))
        return found
    return frame.repartition(parts, column)


def dedup(
    frame: DataFrame | Corpus,
    *,
    work: str,
    level: str = "document",
    text: str = "text",
    id: str = "id",  # noqa: A002 - it is the name of the column
    keep: Keep = "first",
    score: str = "",
    threshold: float = 0.8,
    ngram: int = 5,
    unit: str = "auto",
    max_documents: int = 3,
    min_words: int = 20,
    **options: Any,
) -> Deduplicated:
    """Near-duplicate documents dropped (`level` `document`) or repeated paragraphs cut (`paragraph`).

    `frame` is a DataFrame with the columns `text` and `id` (and `score`), which must give the same rows in the same
    partitions whenever it is run (one read from files, or persisted), or what `sources.read` gives. `work` is a folder
    under the same path on all machines; what is left there afterwards may be removed. The options are those of
    `cleaner dedup`.
    """
    if level not in ("document", "paragraph"):
        raise ConfigError(f"level {level!r}: expected document or paragraph")
    # Workers live longer than runs and remember what they read: no two runs share a folder.
    folder = Path(work).absolute() / f"run-{os.urandom(8).hex()}"
    folder.mkdir(parents=True)
    return DedupRun(
        corpus=frame if isinstance(frame, Corpus) else of_frame(frame),
        work=folder,
        settings=Settings(threshold=threshold, ngram=ngram, unit=unit),
        reading=Reading(text=text, id=id, keep=keep, score=score),
        paragraphs=level == "paragraph",
        max_documents=max_documents,
        min_words=min_words,
        **options,
    )()
