"""From rows to the sorted run of each chunk of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.layout import chunk_name
from cleaner.adapters.spark.memory.plan import Plan
from cleaner.adapters.spark.sketching import raw_lines, write_once
from cleaner.adapters.spark.sources import LINE, chunks
from cleaner.memory.corpus import BatchLearner
from cleaner.memory.learn import Collector, PageLearner, Piece
from cleaner.memory.sites import SiteRule
from cleaner.memory.texts import Texts, octets_of
from cleaner.records.files import Batch

MADE: Final = "name string, pages long, lines long, sampled long, held long, without_site long, bad long"
_PAGES_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class ReadPages:
    """Writes the sorted run of each chunk of rows; gives a row of counts for each."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows."""
        plan = self.plan
        learner = BatchLearner(plan.fields, SiteRule(plan.site))
        schema = blobs.arrow_schema(MADE)
        for origin, table in chunks(batches, LINE if plan.lines else plan.fields.text, plan.chunk_bytes):
            bad = 0
            with Collector() as collector:
                for piece in self._pieces(table, learner):
                    collector.add(piece)
                    bad += piece.bad
                sections = collector.gathered()
            name = "pages-" + chunk_name(origin)
            write_once(Path(plan.folder) / name, sections, {})
            counts = (len(sections["records"]), len(sections["keys"]), len(sections["texts"]), len(sections["held_keys"]))
            row = [[value] for value in (name, *counts, collector.without_site, bad)]
            yield blobs.record_batch(dict(zip(schema.names, row, strict=True)), schema)

    def _pieces(self, table: Any, learner: BatchLearner) -> Iterator[Piece]:
        if self.plan.lines:
            lines = raw_lines(table)
            for first in range(0, len(lines), _PAGES_AT_ONCE):
                part = lines[first : first + _PAGES_AT_ONCE]
                yield learner(Batch("", "jsonl", 1, len(part), 0, b"\n".join(part) + b"\n"))
            return
        pages = PageLearner(SiteRule(self.plan.site))
        texts, urls = table.column(self.plan.fields.text), table.column(self.plan.fields.url)
        for first in range(0, max(len(texts), 1), _PAGES_AT_ONCE):
            found = zip(
                *(values.slice(first, _PAGES_AT_ONCE).to_pylist() for values in (texts, urls)),
                strict=True,
            )
            pairs = [(text, url) for text, url in found if isinstance(text, str)]
            yield pages(Texts.of([text for text, _ in pairs]), [octets_of(url) for _, url in pairs])
