"""datatrove: a pipeline step, with statistics per rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from datatrove.pipeline.base import PipelineStep

from cleaner.adapters.arrow import default_engine
from cleaner.edits import Result
from cleaner.in_columns import EDIT_FIELDS, dropped, edit_rows, judge
from cleaner.pipeline import BatchEngine
from cleaner.records.fields import getter
from cleaner.records.files import BATCH_BYTES


class CleanStep(PipelineStep):  # type: ignore[misc]
    """Cleans documents; everything else of them passes as it is.

    `url`, `lang`, `title` and `html` name keys of the metadata (dotted paths reach further down). A document without a text
    is cleaned from its HTML where `html` names one. `edits` names a key of the metadata for what was removed and by which
    rule, `error` one for why a document was not judged. `drop_empty` drops documents of which nothing is left. The
    statistics count documents, and per rule the edits and the characters they removed.
    """

    type = "✂️ - FORMAT"
    name = "🧹 cleaner"

    def __init__(
        self,
        engine: BatchEngine | None = None,
        *,
        html: str = "",
        url: str = "url",
        lang: str = "language",
        title: str = "title",
        edits: str = "",
        error: str = "",
        drop_empty: bool = False,
    ) -> None:
        """`engine` is a `Cleaner` (None: one with all shipped rules, made in the worker)."""
        super().__init__()
        self.engine = engine
        self.html, self.url, self.lang, self.title = html, url, lang, title
        self.edits, self.error, self.drop_empty = edits, error, drop_empty

    def run(self, data: Iterable[Any] | None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """The documents in order, cleaned."""
        self.engine = self.engine or default_engine()
        held: list[Any] = []
        size = 0
        for document in data or ():
            held.append(document)
            size += len(document.text)
            if size >= BATCH_BYTES:
                yield from self._cleaned(held)
                held, size = [], 0
        yield from self._cleaned(held)

    def _cleaned(self, documents: list[Any]) -> Iterator[Any]:
        if not documents:
            return
        assert self.engine is not None  # noqa: S101 - made by `run`
        pages = self._values(documents, self.html) if self.html else None
        texts = [one.text if one.text or not (pages and pages[row]) else None for row, one in enumerate(documents)]
        with self.track_time("batch"):
            results = judge(
                self.engine,
                texts,
                pages,
                urls=self._values(documents, self.url),
                langs=self._values(documents, self.lang),
                titles=self._values(documents, self.title),
            )
        for document, result in zip(documents, results, strict=True):
            self.stat_update("total")
            if result is not None:
                self._apply(document, result)
            if self.drop_empty and dropped(result) is not None:
                self.stat_update("dropped")
                continue
            self.stat_update("forwarded")
            self.update_doc_stats(document)
            yield document

    @staticmethod
    def _values(documents: list[Any], path: str) -> list[str | None]:
        get = getter(path)
        found = (get(document.metadata) for document in documents)
        return [value if isinstance(value, str) else None for value in found]

    def _apply(self, document: Any, result: Result) -> None:
        if result.error:
            self.stat_update("not_judged")
            if self.error:
                document.metadata[self.error] = result.error
            return
        document.text = result.text
        if not result.edits:
            return
        self.stat_update("changed")
        for edit in result.edits:
            self.stat_update(f"edits of {edit.rule}", unit="edit")
            self.stat_update(f"characters of {edit.rule}", value=edit.end - edit.start, unit="edit")
        if self.edits:
            document.metadata[self.edits] = [
                dict(zip(EDIT_FIELDS, row, strict=True)) for row in edit_rows(result) or ()
            ]
