"""Site memory on Spark: pages that are one are joined site by site, lines are counted by key, and one task puts the
memory file together. The file is the one that `cleaner learn` writes.

No task holds a site: the pages of a large one are joined by the engine, and lines spill to disk where they are counted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cleaner.adapters.spark.memory.containers import AddTallies, EmitHeld, TallyHeld
from cleaner.adapters.spark.memory.file import WRITTEN, PutTogether
from cleaner.adapters.spark.memory.large_sites import LargeSites
from cleaner.adapters.spark.memory.lines import FOREMOST, LINES, SPOOLED, CountLines, CountShared, EmitLines
from cleaner.adapters.spark.memory.pages import PAGES, SHARED, EmitPages, JoinPages, WriteShared
from cleaner.adapters.spark.memory.plan import Plan, in_parts, write_names
from cleaner.adapters.spark.memory.reading import MADE, ReadPages
from cleaner.adapters.spark.memory.texts import TEXTS, EmitTexts, KeepTexts, WriteExamples
from cleaner.adapters.spark.sketching import CHUNK_BYTES
from cleaner.adapters.spark.sources import LINE, ORIGIN, Corpus, of_frame
from cleaner.errors import ConfigError
from cleaner.memory.sites import DOMAIN, SiteRule
from cleaner.records.fields import Fields

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PART_PAGES: Final = 1 << 16
_PART_TEXTS: Final = 64 << 20
_PART_LINES: Final = 1 << 25
_PART: Final = "part int"


@dataclass(frozen=True, slots=True)
class Learned:
    """The counts of a run."""

    pages: int
    without_site: int
    bad: int
    sites: int
    lines: int


@dataclass(frozen=True, kw_only=True)
class LearnRun:
    """One run; see `learn`. `part_pages`: pages of small sites that one task holds, and how many make a site large."""

    corpus: Corpus
    output: str
    folder: Path
    fields: Fields = field(default_factory=Fields)
    site: str = DOMAIN
    least: int = 2
    chunk_bytes: int = CHUNK_BYTES
    part_pages: int = _PART_PAGES
    part_lines: int = _PART_LINES
    spooled: int = SPOOLED

    @property
    def spark(self) -> SparkSession:
        """The session of the corpus."""
        return self.corpus.frame.sparkSession

    @property
    def _cores(self) -> int:
        return int(self.spark.sparkContext.defaultParallelism)

    def __call__(self) -> Learned:
        """Do it."""
        made, plan = self._read()
        chunks = len(made)
        pages, without, bad = (sum(int(row[name]) for row in made) for name in ("pages", "without_site", "bad"))
        tasks = max(1, min(chunks, max(2 * self._cores, chunks // 8)))
        numbers = self.spark.range(0, chunks, 1, tasks)
        self._join_pages(plan, numbers, pages, tasks)
        texts = in_parts(numbers.mapInArrow(EmitTexts(plan), TEXTS), plan.site_parts, self._cores)
        texts.mapInArrow(KeepTexts(plan), _PART).count()
        self._count_lines(plan, numbers)
        if any(row["held"] for row in made):
            self._add_containers(plan, numbers)
        together = PutTogether(plan, os.path.abspath(self.output))
        row = self.spark.range(0, 1, 1, 1).mapInArrow(together, WRITTEN).collect()[0]
        return Learned(pages, without, bad, int(row[0]), int(row[1]))

    def _read(self) -> tuple[list[Any], Plan]:
        """Counts of the chunks, and the plan of what to do with them."""
        lines = self.corpus.lines
        plan = Plan(str(self.folder), self.fields, lines, self.site, self.least, chunk_bytes=self.chunk_bytes)
        wanted = [LINE] if lines else [self.fields.text, self.fields.url]
        # One row per chunk, of some hundred bytes: what Spark itself keeps of a split.
        made = self.corpus.frame.select(*wanted, *ORIGIN).mapInArrow(ReadPages(plan), MADE).collect()
        write_names(self.folder, [row["name"] for row in made])
        pages, rows, sampled = (sum(int(row[name]) for row in made) for name in ("pages", "lines", "sampled"))
        by_site = max(self._cores, -(-pages // self.part_pages), -(-sampled // _PART_TEXTS))
        by_line = max(self._cores, -(-rows // self.part_lines))
        return made, replace(plan, site_parts=by_site, line_parts=by_line)

    def _join_pages(self, plan: Plan, numbers: DataFrame, pages: int, tasks: int) -> None:
        """Pages that are one; what each chunk has to know of it stands beside it then."""
        large = LargeSites(plan, self._store, pages, self.part_pages)(numbers)
        found = in_parts(numbers.mapInArrow(EmitPages(plan), PAGES), plan.site_parts, self._cores)
        shared = found.mapInArrow(JoinPages(plan), SHARED)
        if large is not None:
            shared = shared.union(large)
        shared.repartition(tasks, "chunk").mapInArrow(WriteShared(plan), "chunk int").count()

    def _count_lines(self, plan: Plan, numbers: DataFrame) -> None:
        """Lines with their counts, and texts of those that are shown."""
        shared = in_parts(numbers.mapInArrow(EmitLines(plan, shared=True), LINES), plan.line_parts, self._cores)
        counted = numbers.mapInArrow(EmitLines(plan), LINES)
        counted = counted.union(shared.mapInArrow(CountShared(plan, self.spooled), LINES))
        foremost = in_parts(counted, plan.line_parts, self._cores).mapInArrow(CountLines(plan, self.spooled), FOREMOST)
        in_parts(foremost, plan.site_parts, self._cores).mapInArrow(WriteExamples(plan), _PART).count()

    def _add_containers(self, plan: Plan, numbers: DataFrame) -> None:
        """What containers hold, of which it is known by now whether it recurs."""
        held = in_parts(numbers.mapInArrow(EmitHeld(plan), LINES), plan.line_parts, self._cores)
        tallies = in_parts(held.mapInArrow(TallyHeld(plan, self.spooled), LINES), plan.line_parts, self._cores)
        tallies.mapInArrow(AddTallies(plan), _PART).count()

    def _store(self, frame: DataFrame, name: str) -> DataFrame:
        path = (self.folder / "frames" / name).as_uri()
        frame.write.parquet(path)
        return self.spark.read.schema(frame.schema).parquet(path)


def learn(
    frame: DataFrame | Corpus,
    output: str,
    *,
    work: str,
    text: str = "text",
    url: str = "url",
    site: str = DOMAIN,
    min_pages: int = 2,
    fields: Fields | None = None,
    **options: Any,
) -> Learned:
    """Learn a site memory from the columns `text` and `url`, and write it to `output`, as `cleaner learn` does.

    `work` is a folder under the same path on all machines, and `output` a file there too; what is left in `work`
    afterwards may be removed.
    """
    SiteRule(site)
    if min_pages < 1:
        raise ConfigError(f"min_pages: expected a number of at least 1, found {min_pages}")
    folder = Path(work).absolute() / f"run-{os.urandom(8).hex()}"
    folder.mkdir(parents=True)
    return LearnRun(
        corpus=frame if isinstance(frame, Corpus) else of_frame(frame),
        output=output,
        folder=folder,
        fields=fields or Fields(text=text, url=url),
        site=site,
        least=min_pages,
        **options,
    )()
