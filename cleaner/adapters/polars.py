"""Polars: an expression for a column of texts, and a step for data frames and lazy frames."""

from __future__ import annotations

from typing import Any

from cleaner.adapters.arrow import ArrowCleaner
from cleaner.errors import ConfigError


def _polars() -> Any:
    try:
        import polars
    except ImportError as error:
        raise ConfigError(f"polars: not installed ({error}); install the extra `adapters`") from error
    return polars


def cleaned(column: str, clean: ArrowCleaner | None = None) -> Any:
    """The expression of a column with its texts cleaned; nulls stay."""
    pl = _polars()
    cleaner = clean or ArrowCleaner()

    def texts(values: Any) -> Any:
        return pl.from_arrow(cleaner.texts(values.to_arrow())).alias(values.name)

    return pl.col(column).map_batches(texts, return_dtype=pl.String, is_elementwise=True)


def clean_frame(frame: Any, clean: ArrowCleaner | None = None) -> Any:
    """A data frame or a lazy frame, cleaned by an `ArrowCleaner`, with the columns it makes.

    A lazy frame is cleaned batch by batch, also by the streaming engine.
    """
    pl = _polars()
    cleaner = clean or ArrowCleaner()

    def run(part: Any) -> Any:
        return pl.from_arrow(cleaner(part.to_arrow()))

    if isinstance(frame, pl.LazyFrame):
        schema = run(pl.DataFrame(schema=frame.collect_schema())).schema
        return frame.map_batches(run, schema=schema, streamable=True)
    return run(frame)
