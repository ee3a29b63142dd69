"""Hugging Face datasets: a function for `map(batched=True)`, also over several processes and over streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cleaner.adapters.arrow import ArrowCleaner
from cleaner.errors import ConfigError
from cleaner.in_columns import EDIT_FIELDS, dropped, edit_rows, is_new, judge
from cleaner.records.fields import getter

Batch = Mapping[str, Sequence[Any]]


class DatasetCleaner(ArrowCleaner):
    """A function from a batch (a list per column) to the columns that it changes or makes.

    Takes the options of `ArrowCleaner`. It is pickled with the digest of its rules, which makes the fingerprint of what
    `map` stores: the same rules find the stored result again, changed rules do not. With `drop_empty` all columns are
    given back. For data sets in the format `arrow` it is the same as `ArrowCleaner`.
    """

    def __call__(self, batch: Any) -> Any:
        """The columns; `ConfigError` where there is neither a text nor an HTML column."""
        if not isinstance(batch, Mapping):
            return super().__call__(batch)
        fields, outputs = self.columns.fields, self.columns.outputs
        if fields.text not in batch and (not fields.html or _column(batch, fields.html) is None):
            named = " or ".join(repr(path) for path in (fields.text, fields.html) if path)
            raise ConfigError(f"column {named}: not there; expected one of {', '.join(batch)}")
        before = batch.get(fields.text) or [None] * len(next(iter(batch.values())))
        results = judge(
            self.engine,
            before,
            _column(batch, fields.html),
            **{f"{name}s": _column(batch, getattr(fields, name)) for name in ("url", "lang", "title")},
        )
        made: dict[str, list[Any]] = {}
        if not outputs.annotate:
            made[outputs.result or fields.text] = [
                result.text if result is not None and is_new(result, old is not None) else old
                for old, result in zip(before, results, strict=True)
            ]
        if outputs.edits:
            made[outputs.edits] = [as_dicts(edit_rows(result)) for result in results]
        if outputs.dropped:
            made[outputs.dropped] = [dropped(result) for result in results]
        if outputs.error:
            made[outputs.error] = [result.error if result else None for result in results]
        if outputs.drop_empty:
            stays = [dropped(result) is None for result in results]
            made = {
                name: [value for value, there in zip(values, stays, strict=True) if there]
                for name, values in {**batch, **made}.items()
            }
        return made


def as_dicts(rows: Sequence[Sequence[Any]] | None) -> list[dict[str, Any]] | None:
    """Rows of the edits column as dicts."""
    return None if rows is None else [dict(zip(EDIT_FIELDS, row, strict=True)) for row in rows]


def _column(batch: Batch, path: str) -> Sequence[Any] | None:
    """The values at a dotted path, of a column or inside of one; None for no such column."""
    if not path or path in batch:
        return batch.get(path)
    head, _, rest = path.partition(".")
    if head not in batch:
        return None
    get = getter(rest)
    return [get(value) if isinstance(value, Mapping) else None for value in batch[head]]
