"""Arrow: record batches and tables through the engine, in the calling thread, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cleaner import __version__
from cleaner.in_columns import BatchColumns, Outputs, judge
from cleaner.records import arrow
from cleaner.records.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cleaner.engine import Cleaner
    from cleaner.pipeline import BatchEngine


class ArrowCleaner:
    """A function from record batch (or table) to record batch (or table), cheap to pickle.

    `text`, `html`, `url`, `lang`, `title` name columns, or fields of structs by dotted path. A record is cleaned from its
    text, or where that is null from its HTML (texts or bytes); where both are null it passes. The cleaned text takes the
    place of the old one, or goes into the column `result`; `edits`, `dropped`, `error` name further columns to be made
    (see `cleaner.in_columns.Outputs`). String types, nulls, other columns and the schema's metadata stay as they are.
    """

    def __init__(
        self,
        engine: BatchEngine | None = None,
        *,
        text: str = "text",
        html: str = "",
        url: str = "",
        lang: str = "",
        title: str = "",
        result: str = "",
        edits: str = "",
        dropped: str = "",
        error: str = "",
        annotate: bool = False,
        drop_empty: bool = False,
        drop_html: bool = False,
    ) -> None:
        """`engine` is a `Cleaner` (None: one with all shipped rules)."""
        fields = Fields(text=text, html=html, id="", url=url, lang=lang, title=title)
        outputs = Outputs(
            result=result,
            edits=edits,
            dropped=dropped,
            error=error,
            annotate=annotate,
            drop_empty=drop_empty,
            drop_html=drop_html,
        )
        self.engine: BatchEngine = engine if engine is not None else default_engine()
        self.columns = BatchColumns(fields, outputs)

    def __getstate__(self) -> tuple[Any, ...]:
        # Hosts that keep results tell by this what they were made with; the engine's options alone do not name its rules.
        return self.engine, self.columns, __version__, getattr(self.engine, "digest", "")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.engine, self.columns, *_ = state

    def __call__(self, batch: Any) -> Any:
        """The cleaned record batch, or the cleaned table; `ConfigError` where a column is not there or not of texts."""
        if isinstance(batch, arrow.arrow().Table):
            cleaned = [self._clean(part) for part in batch.to_batches()]
            return arrow.arrow().Table.from_batches(cleaned, schema=self.schema(batch.schema))
        return self._clean(batch)

    def _clean(self, batch: Any) -> Any:
        return self.columns.write(batch, judge(self.engine, **self.columns.read(batch)))

    def texts(self, values: Any) -> Any:
        """The cleaned texts of an Arrow array or column, of the same type; nulls stay."""
        table = arrow.arrow().table([values], names=[self.columns.fields.text])
        found = self(table).column(self.columns.outputs.result or self.columns.fields.text)
        return found if isinstance(values, arrow.arrow().ChunkedArray) else found.combine_chunks()

    def map(self, batches: Iterable[Any]) -> Iterator[Any]:
        """The cleaned record batches, one by one."""
        return map(self, batches)

    def schema(self, schema: Any) -> Any:
        """The schema of what becomes of record batches with `schema`."""
        return self.columns.schema(schema)


def clean_arrow(batch: Any, engine: BatchEngine | None = None, **options: Any) -> Any:
    """One record batch or table through an `ArrowCleaner` with these options; for many, make one and keep it."""
    return ArrowCleaner(engine, **options)(batch)


def default_engine() -> Cleaner:
    """A cleaner with all shipped rules."""
    from cleaner.engine import Cleaner

    return Cleaner()
