"""The way back for Parquet: the rows of a shard as they were, from what was written and its ledger."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from cleaner.edits import restore
from cleaner.errors import ConfigError, RecordError
from cleaner.records import arrow
from cleaner.records.arrow import Path
from cleaner.records.ledger import edits_from
from cleaner.records.parquet import ParquetInput, ParquetOutput, Rows, layout
from cleaner.shard_pieces import from_bytes

Entry = Mapping[str, Any]


def restore_shard(source: str, ledger: Iterable[bytes], output: str, text_path: str) -> None:
    """Write the original rows of `source` to `output`; `ledger` are the lines of its ledger without the header.

    `RecordError` names the first row that does not fit its entry. A text column that the run had to make stays, empty.
    """
    with ParquetInput(source) as found:
        text = arrow.find(found.schema, text_path)
        if text is None:
            raise ConfigError(f"column {text_path!r}: not there; expected one of {', '.join(found.schema.names)}")
        out = ParquetOutput(output, found.schema, layout(found.metadata, plain=[text_path]))
        after = Rows(found.metadata.num_rows + 1, arrow.no_rows(found.schema), True)  # rows may be dropped at the end
        try:
            for rows, entries in _matched(chain(found.read(), (after,)), map(json.loads, ledger)):
                for part in _restored(rows, entries, text):
                    out.write(part, ends_group=False)
                out.write(arrow.no_rows(found.schema), ends_group=rows.ends_group)
        except BaseException:
            out.abandon()
            raise
        out.finish()


def _matched(parts: Iterable[Rows], ledger: Iterator[Entry]) -> Iterator[tuple[Rows, list[Entry]]]:
    """Each batch with the entries of its rows, and of those that were dropped before them."""
    entry = next(ledger, None)
    for rows in parts:
        end = rows.first + max(1, rows.batch.num_rows)
        mine = []
        while entry is not None and entry["line"] < end:
            mine.append(entry)
            entry = next(ledger, None)
        yield rows, mine
    if entry is not None:
        raise RecordError(f"the ledger goes on with row {entry['line']}, where the output has ended")


def _restored(rows: Rows, entries: list[Entry], text: Path) -> Iterator[Any]:
    """The rows with their original texts, and between them those that were dropped."""
    batch = _with_texts(rows, [entry for entry in entries if "dropped" not in entry], text)
    done = 0
    for entry in entries:
        if "dropped" in entry:
            at = entry["line"] - rows.first
            yield batch.slice(done, at - done)
            yield _whole(from_bytes(base64.b64decode(entry["row"])), batch.schema)
            done = at
    yield batch.slice(done)


def _with_texts(rows: Rows, entries: list[Entry], text: Path) -> Any:
    if not entries:
        return rows.batch
    values = arrow.column(rows.batch, text)
    texts = arrow.to_texts(values)
    for entry in entries:
        at = entry["line"] - rows.first
        try:
            clean = texts[at]
            texts[at] = None if "was" in entry else restore(clean or "", edits_from(entry["edits"]))
        except (RecordError, IndexError) as error:
            raise RecordError(f"row {entry['line']} (from {entry['at']}): {error}") from None
    return arrow.with_column(rows.batch, text, arrow.from_texts(texts, values.type))


def _whole(row: Any, schema: Any) -> Any:
    """A row with nulls for columns that the run added."""
    pa = arrow.arrow()
    names = set(row.schema.names)
    columns = [row.column(one.name) if one.name in names else pa.nulls(1, one.type) for one in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
