"""Rows of a Parquet shard through the engine, here or in a worker.

Workers get the columns they read and give back the columns that change; the others never leave the process that reads and
writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cleaner.edits import Result
from cleaner.in_columns import BatchColumns, dropped, judge
from cleaner.pipeline import BatchEngine
from cleaner.records import arrow, ledger, quarantine
from cleaner.records.stats import Stats


@dataclass(slots=True)
class Piece:
    """Some rows of a shard on their way to the engine: the columns that it reads, and the number of the first row.

    Between processes the columns travel as an Arrow stream. `shard` is the number of the shard.
    """

    shard: int
    source: str
    first: int
    batch: Any

    def __getstate__(self) -> tuple[int, str, int, bytes]:
        return self.shard, self.source, self.first, to_bytes(self.batch)

    def __setstate__(self, state: tuple[int, str, int, bytes]) -> None:
        self.shard, self.source, self.first, data = state
        self.batch = from_bytes(data)

    def halves(self) -> Sequence[Piece]:
        """The same rows as two pieces; nothing for a single row."""
        half = self.batch.num_rows // 2
        if not half:
            return ()
        return (
            replace(self, batch=self.batch.slice(0, half)),
            replace(self, batch=self.batch.slice(half), first=self.first + half),
        )


@dataclass(slots=True)
class Cleaned:
    """What became of a piece: its columns, which rows stay (None: all), ledger lines by row, quarantine, counts.

    `batch` has no rows but those that stay.
    """

    rows: int
    batch: Any
    stays: list[bool] | None = None
    ledger: list[tuple[int, bytes]] = field(default_factory=list)
    quarantine: bytes = b""
    stats: Stats = field(default_factory=Stats)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.rows, to_bytes(self.batch), self.stays, self.ledger, self.quarantine, self.stats

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.rows, data, self.stays, self.ledger, self.quarantine, self.stats = state
        self.batch = from_bytes(data)


def to_bytes(batch: Any) -> bytes:
    """A record batch as an Arrow stream; a slice takes no more room than its rows."""
    pa = arrow.arrow()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def from_bytes(data: bytes) -> Any:
    """The record batch of an Arrow stream."""
    return arrow.arrow().ipc.open_stream(data).read_next_batch()


class PieceCleaner:
    """Turns a `Piece` into a `Cleaned`. Picklable if its engine is."""

    def __init__(self, engine: BatchEngine, columns: BatchColumns, *, notes: bool = False) -> None:
        """`notes` makes ledger lines."""
        self.engine, self.columns, self.notes = engine, columns, notes

    def results(self, piece: Piece, known: Mapping[str, Any]) -> list[Result | None]:
        """The engine's results for the rows of a piece."""
        return judge(self.engine, **known)

    def __call__(self, piece: Piece) -> Cleaned:
        """Clean the rows of `piece`."""
        known = self.columns.read(piece.batch)
        return self._finish(piece, known, self.results(piece, known))

    def give_up(self, piece: Piece, reason: str) -> Cleaned:
        """What stands for a row that cannot be judged because a worker dies of it: the row itself."""
        known = self.columns.read(piece.batch)
        return self._finish(piece, known, [Result(text="", error=reason)] * piece.batch.num_rows)

    def _finish(self, piece: Piece, known: Mapping[str, Any], results: list[Result | None]) -> Cleaned:
        outputs, stats = self.columns.outputs, Stats(records=len(results))
        done = Cleaned(len(results), self.columns.write(piece.batch, results), stats=stats)
        bad = []
        for row, result in enumerate(results):
            if result is None:
                stats.no_text += 1
                continue
            if result.error:
                stats.passed += 1
                bad.append(quarantine.entry(piece.source, piece.first + row, result.error, raw=None))
                continue
            page = known["texts"][row] is None
            gone = outputs.drop_empty and dropped(result) is not None
            stats.chars_in += len(result.source if page else known["texts"][row])
            stats.chars_out += len(result.text)
            stats.count_edits(result.edits)
            _count(stats, gone=gone, changed=page or bool(result.edits))
            if self.notes and (page or result.edits):
                done.ledger.append((row, self._note(piece, row, result, page=page, gone=gone)))
        done.quarantine = b"".join(bad)
        if outputs.drop_empty:
            done.stays = [dropped(result) is None for result in results]
        return done

    def _note(self, piece: Piece, row: int, result: Result, *, page: bool, gone: bool) -> bytes:
        place = f"{piece.source}:{piece.first + row}"
        path = arrow.find(piece.batch.schema, self.columns.fields.id)
        identity = arrow.column(piece.batch, path)[row].as_py() if path else None
        if not isinstance(identity, str | int):
            identity = place
        extra: dict[str, object] = {"was": None} if page else {}
        if gone:
            extra = {"dropped": dropped(result)}
        return ledger.body(identity, place, result.edits, result.source, extra)


def _count(stats: Stats, *, gone: bool, changed: bool) -> None:
    if gone:
        stats.dropped += 1
    elif changed:
        stats.changed += 1
    else:
        stats.unchanged += 1
