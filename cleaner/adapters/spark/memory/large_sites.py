"""Pages that are one, of sites too large for a task: joined by the engine, as `cleaner.memory.pages` does it.

Nothing here is as large as a site: a line that all of its pages share is counted where pages were read and dropped, pages
with the same lines are hung on the smallest of them, and what is sorted spills to disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.components import components
from cleaner.adapters.spark.memory.pages import PAGES, CountSites, EmitPages
from cleaner.adapters.spark.memory.plan import LARGE, NUMBERS, Plan, WriteTable, column, unsigned
from cleaner.adapters.spark.sketching import write_once
from cleaner.kernels.site_counts import PAGE_BITS
from cleaner.kernels.site_lines import SKETCH
from cleaner.memory.pages import BUCKET, SHARED_LEAST, TEMPLATE_LEAST, TEMPLATE_SHARE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    Store = Callable[[DataFrame, str], DataFrame]

COUNTED: Final = "counted"
"""The table of large sites with their pages, those that are one counted once."""
_FILE_PAGES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class LargeSites:
    """Joins the pages of sites of which more than `most` were read, and writes them to the work folder.

    `store(frame, name)` writes a frame and gives what reads it again; `pages` are all that were read; `numbers` those of
    the chunks.
    """

    plan: Plan
    store: Store
    pages: int
    most: int

    def __call__(self, numbers: DataFrame) -> DataFrame | None:
        """Rows about shared pages, as of `JoinPages`; `None` where no site is large."""
        if self.pages <= self.most or not self._found(numbers):
            return None
        rows = self.store(_rows(numbers.mapInArrow(EmitPages(self.plan, large=True), PAGES)), "large-rows")
        distinct = self.store(_distinct(rows), "large-distinct")
        pairs = self.store(_equal(distinct).unionByName(_similar(distinct)), "large-pairs")
        doubles = components(pairs, store=self.store, name="large-doubles")
        known = self.store(
            rows.groupBy("page").agg(_f().min("site").alias("site"), _f().count("*").alias("times")), "large"
        )
        self._write(known, doubles)
        return _shared(rows, known, doubles)

    def _found(self, numbers: DataFrame) -> int:
        """Write the table of large sites; how many there are."""
        sites = (
            numbers.mapInArrow(CountSites(self.plan), NUMBERS).groupBy("number").agg(_f().sum("value").alias("value"))
        )
        return self._table(sites.where(f"value > {self.most}"), LARGE)

    def _table(self, frame: DataFrame, kind: str) -> int:
        return int(frame.repartition(1).mapInArrow(WriteTable(self.plan, kind), "count long").collect()[0][0])

    def _write(self, known: DataFrame, doubles: DataFrame) -> None:
        """The pages to files, and how many of them each site has."""
        files = max(1, -(-self.pages // _FILE_PAGES))
        ordered = known.select("page", "site").repartition(files, "page").sortWithinPartitions("page")
        ordered.mapInArrow(WritePages(self.plan), "count long").count()
        gone = doubles.selectExpr("node as page", "1 as gone")
        left = (
            known.join(gone, "page", "left").groupBy("site").agg(_f().expr("sum(1 - coalesce(gone, 0))").alias("value"))
        )
        self._table(left.select(_f().col("site").alias("number"), "value"), COUNTED)


def _f() -> Any:
    from pyspark.sql import functions

    return functions


def _rows(pages: DataFrame) -> DataFrame:
    """Pages with the keys of their sketches. Numbers of pages lose the bits that are 0: then they are not negative."""
    slots = ", ".join(f"r{3 + at}" for at in range(SKETCH))
    keys = f"filter(array({slots}), one -> one != 0) as keys"
    return pages.selectExpr("chunk", f"shiftrightunsigned(r0, {PAGE_BITS}) as page", "r1 as site", "r2 as digest", keys)


def _distinct(rows: DataFrame) -> DataFrame:
    """Pages that were read as they are, once; one page that was read in several forms is as many rows."""
    found = rows.select("page", "site", "digest", "keys").distinct()
    return found.selectExpr("*", "xxhash64(page, digest, keys) as row")


def _equal(distinct: DataFrame) -> DataFrame:
    """Pages of a site with the same lines, hung on the smallest."""
    least = distinct.groupBy("site", "digest").agg(_f().min("page").alias("least"), _f().max("page").alias("last"))
    pairs = distinct.join(least.where("least != last"), ["site", "digest"])
    return pairs.where("page != least").selectExpr("page as node", "least as other")


def _similar(distinct: DataFrame) -> DataFrame:
    """Pairs of pages of a site that share enough paragraphs."""
    entries = distinct.selectExpr("site", "page", "row", "size(keys) as size", "explode(keys) as key")
    # Where a site has few pages that differ, a bucket is small when it holds a share of them.
    many = TEMPLATE_SHARE * BUCKET
    few = distinct.groupBy("site").agg(_f().count("*").alias("rows")).where(f"rows < {many}")
    most = f"greatest({TEMPLATE_LEAST}, coalesce(rows, {many}) div {TEMPLATE_SHARE})"
    buckets = (
        entries.groupBy("site", "key").agg(_f().count("*").alias("members")).where(f"members between 2 and {BUCKET}")
    )
    buckets = buckets.join(few, "site", "left").where(f"members <= {most}").select("site", "key")
    members = entries.join(buckets, ["site", "key"])
    sides = [
        members.select("site", "key", *(_named(name, side) for name in ("row", "page", "size"))) for side in (1, 2)
    ]
    pairs = sides[0].join(sides[1], ["site", "key"]).where("row_1 < row_2 and page_1 != page_2")
    shared = pairs.groupBy("row_1", "row_2", "page_1", "page_2").agg(
        _f().count("*").alias("shared"), _f().expr("min(least(size_1, size_2))").alias("smaller")
    )
    enough = shared.where(f"shared >= {SHARED_LEAST} and 2 * shared >= smaller")
    return enough.selectExpr("greatest(page_1, page_2) as node", "least(page_1, page_2) as other").distinct()


def _named(name: str, side: int) -> Column:
    found: Column = _f().col(name).alias(f"{name}_{side}")
    return found


def _shared(rows: DataFrame, known: DataFrame, doubles: DataFrame) -> DataFrame:
    """Chunks with those of their pages that are read elsewhere too, and what these count as."""
    marks = doubles.selectExpr("node as page", "other as origin")
    marks = marks.union(doubles.selectExpr("other as page", "other as origin"))
    marks = marks.union(known.where("times > 1").selectExpr("page", "page as origin"))
    marks = marks.groupBy("page").agg(_f().min("origin").alias("origin"))
    numbers = (f"shiftleft({name}, {PAGE_BITS}) as {name}" for name in ("page", "origin"))
    return rows.select("chunk", "page").distinct().join(marks, "page").selectExpr("chunk", *numbers, "0 as spare")


@dataclass(frozen=True, slots=True)
class WritePages:
    """Writes pages, in order of their numbers, with their sites: a file for each partition."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows of (page, site) to how many there are."""
        from pyspark import TaskContext

        found = [batch for batch in batches if batch.num_rows]
        context = TaskContext.get()
        if found and context:
            pages = unsigned(column(found, 0)) << PAGE_BITS
            write_once(
                self.plan.file(LARGE + "-pages", context.partitionId()),
                {"pages": pages, "page_sites": unsigned(column(found, 1))},
                {},
            )
        yield blobs.record_batch({"count": [sum(batch.num_rows for batch in found)]}, blobs.arrow_schema("count long"))
