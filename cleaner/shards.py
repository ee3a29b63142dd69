"""The filter over Parquet: shards in, shards out, each with its own ledger and quarantine, finished one after another.

A shard that is finished is marked beside the output until the whole run is, so that a rerun begins with the first one
that is not.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cleaner.errors import ConfigError
from cleaner.records import arrow, ledger
from cleaner.records.checkpoint import run_key
from cleaner.records.fields import Fields, guess
from cleaner.records.files import BATCH_BYTES
from cleaner.records.outputs import STDOUT, Output, check_no_input, publish, write_whole
from cleaner.records.parquet import ParquetInput, ParquetOutput, Rows, Shard, layout
from cleaner.records.stats import Stats
from cleaner.records.workers import OrderedPool
from cleaner.shard_pieces import Cleaned, Piece, PieceCleaner, to_bytes
from cleaner.stream import Watch, write_counts

_MARKS: Final = ".cleaner"
_LOOK_ROWS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is read and written. `ledger` and `quarantine` are files for a single output file, else folders."""

    shards: Sequence[Shard]
    output: str
    folder: bool
    ledger: str = ""
    quarantine: str = ""
    stats: str = ""
    jobs: int = 1
    batch_bytes: int = BATCH_BYTES

    def ledger_of(self, shard: Shard) -> str:
        """The ledger of a shard."""
        return shard.beside(self.ledger, ".jsonl.zst") if self.folder else self.ledger

    def quarantine_of(self, shard: Shard) -> str:
        """The quarantine of a shard."""
        return shard.beside(self.quarantine, ".jsonl") if self.folder else self.quarantine

    @property
    def marks(self) -> Path:
        """The folder of the marks of finished shards."""
        return Path(self.output, _MARKS) if self.folder else Path(f"{self.output}{_MARKS}")

    @property
    def inputs(self) -> list[str]:
        """The paths of the shards."""
        return [shard.source for shard in self.shards]

    @property
    def resumable(self) -> bool:
        """Always: from files to files."""
        return True

    def check(self) -> None:
        """`ConfigError` where outputs collide with each other or with an input."""
        counts = "" if self.stats == STDOUT else self.stats
        named = [path for path in (self.output, self.ledger, self.quarantine, counts) if path]
        if len({str(Path(path).absolute()) for path in named}) < len(named):
            raise ConfigError(f"outputs: expected different files or folders, found {' '.join(named)}")
        for path in named:
            check_no_input(path, self.inputs)


class Source:
    """The shards to look at before they are read: what a first record holds, and how large they are."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.first_keys: tuple[str, ...] = ()
        self.size = sum(Path(path).stat().st_size for path in plan.inputs)

    def first_fields(self) -> Fields | None:
        """What the first record that has a text or HTML looks like; None where there is none."""
        for shard in self._plan.shards:
            with ParquetInput(shard.source) as found:
                self.first_keys = self.first_keys or tuple(found.schema.names)
                known = _surely_texts(found)
                seen = 0
                for rows in found.read(columns=[name for name in found.schema.names if name not in known]):
                    for record in rows.batch.to_pylist():
                        if fields := guess({**known, **{name: _as_text(value) for name, value in record.items()}}):
                            return fields
                    seen += rows.batch.num_rows
                    if seen >= _LOOK_ROWS:
                        return None
        return None


def _surely_texts(found: ParquetInput) -> dict[str, str]:
    """An empty text for each column that has one in every row: their texts, by far the most of a file, tell no more."""
    kinds = {one.name: one.type for one in found.schema}
    return {name: "" for name, kind in kinds.items() if (arrow.is_text(kind) or arrow.is_bytes(kind)) and found.full(name)}


def _as_text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


@dataclass(slots=True)
class _Open:
    """The outputs of the shard that is being written."""

    output: ParquetOutput
    files: dict[str, Output]
    stats: Stats = field(default_factory=Stats)
    written: int = 0

    def finish(self) -> None:
        """Give all files their names, the shard itself last."""
        self.output.close_part()
        for file in self.files.values():
            file.finish()
        publish(self.output.path)

    def leave(self) -> None:
        """Close and forget: the next run writes the shard anew."""
        for file in self.files.values():
            file.abandon()
        self.output.abandon()


class Run:
    """One run over shards. `header` is what a ledger begins with, and what tells runs apart that cannot be continued."""

    def __init__(self, plan: Plan, work: PieceCleaner, *, header: Mapping[str, Any], watch: Watch) -> None:
        self._plan, self._work, self._header, self._watch = plan, work, header, watch
        self._inputs: dict[int, ParquetInput] = {}
        self._ahead: deque[Rows] = deque()
        self._sizes = [Path(path).stat().st_size for path in plan.inputs]
        self._key = run_key((), {**header, "outputs": (plan.output, plan.ledger, plan.quarantine)})
        self.stats = Stats()

    def __call__(self) -> Stats:
        """Clean all shards that an earlier run has not, and give the counts of both."""
        plan, stats = self._plan, self.stats
        done = {number: found for number, shard in enumerate(plan.shards) if (found := self._marked(shard)) is not None}
        for found in done.values():
            stats.add(found)
        if done:
            self._watch.resumed(stats)
        self._clean([number for number in range(len(plan.shards)) if number not in done])
        with self._watch.guard():
            write_counts(plan.stats, stats)
            shutil.rmtree(plan.marks, ignore_errors=True)
        return stats

    def _clean(self, todo: Sequence[int]) -> None:
        results = self._results(self._pieces(todo))
        opened: _Open | None = None
        try:
            for number in todo:
                opened = self._open(number)
                self._write(number, opened, results)
                with self._watch.guard():
                    opened.finish()
                    self.stats.add(opened.stats)
                    self._mark(self._plan.shards[number], opened.stats)
                opened = None
        finally:
            results.close()
            if opened:
                opened.leave()
            for found in self._inputs.values():
                found.close()

    def _results(self, pieces: Iterator[Piece]) -> Generator[Cleaned]:
        work, jobs = self._work, self._plan.jobs
        if jobs <= 1:
            return (work(piece) for piece in pieces)
        return OrderedPool(work, jobs=jobs, split=Piece.halves, give_up=work.give_up).map(pieces)

    def _pieces(self, todo: Sequence[int]) -> Iterator[Piece]:
        """The rows of all shards as they are handed out; what is not sent along waits for the results."""
        for number in todo:
            found = self._input(number)
            used = self._work.columns.used(found.schema)
            for rows in found.read(size=self._plan.batch_bytes):
                self._ahead.append(rows)
                yield Piece(number, found.name, rows.first, rows.batch.select(used))

    def _input(self, number: int) -> ParquetInput:
        """An input that is open from when it is first read until its output is whole."""
        if number not in self._inputs:
            self._inputs[number] = ParquetInput(self._plan.shards[number].source)
        return self._inputs[number]

    def _open(self, number: int) -> _Open:
        shard, found, columns = self._plan.shards[number], self._input(number), self._work.columns
        options = layout(found.metadata, plain=(columns.fields.text, columns.fields.html))
        opened = _Open(ParquetOutput(shard.output, columns.schema(found.schema), options), {})
        try:
            for path in (self._plan.ledger_of(shard), self._plan.quarantine_of(shard)):
                if path:
                    Path(path).parent.mkdir(parents=True, exist_ok=True)
                    opened.files[path] = Output(path)
        except BaseException:
            opened.leave()
            raise
        if self._plan.ledger:
            opened.files[self._plan.ledger_of(shard)].write(ledger.header(self._header))
        return opened

    def _write(self, number: int, opened: _Open, results: Iterator[Cleaned]) -> None:
        """The rows of a shard, in order; a result may stand for fewer rows than were handed out together."""
        shard, total = self._plan.shards[number], self._input(number).metadata.num_rows
        ledger_path, bad_path = self._plan.ledger_of(shard), self._plan.quarantine_of(shard)
        before, left = sum(self._sizes[:number]), total
        while left:
            cleaned = next(results)
            left -= cleaned.rows
            rows = self._take(cleaned.rows)
            batch = _joined(rows.batch, cleaned, opened.output.schema)
            opened.output.write(batch, ends_group=rows.ends_group)
            if ledger_path:
                opened.files[ledger_path].write(b"".join(_ledger_lines(cleaned, rows.batch, opened.written)))
            if cleaned.quarantine:
                self._watch.bad(cleaned.quarantine)
            if cleaned.quarantine and bad_path:
                opened.files[bad_path].write(cleaned.quarantine)
            opened.written += batch.num_rows
            opened.stats.add(cleaned.stats)
            self._watch.progress(before + self._sizes[number] * (total - left) // total, opened.stats)
        self._inputs.pop(number).close()

    def _take(self, count: int) -> Rows:
        """The next rows that were handed out."""
        rows = self._ahead.popleft()
        if rows.batch.num_rows == count:
            return rows
        rest = Rows(rows.first + count, rows.batch.slice(count), rows.ends_group)
        self._ahead.appendleft(rest)
        return Rows(rows.first, rows.batch.slice(0, count), False)

    def _mark_path(self, shard: Shard) -> Path:
        return self._plan.marks / f"{hashlib.blake2b(shard.name.encode(), digest_size=8).hexdigest()}.json"

    def _mark(self, shard: Shard, stats: Stats) -> None:
        """Note that a shard is finished, and its counts."""
        self._plan.marks.mkdir(parents=True, exist_ok=True)
        mark = {"key": run_key([shard.source], {"run": self._key}), "stats": stats.to_json()}
        write_whole(self._mark_path(shard), json.dumps(mark).encode())

    def _marked(self, shard: Shard) -> Stats | None:
        """The counts of a shard that an earlier run of the same kind has finished."""
        try:
            mark = json.loads(self._mark_path(shard).read_bytes())
            same = mark["key"] == run_key([shard.source], {"run": self._key}) and Path(shard.output).exists()
            return Stats.from_json(mark["stats"]) if same else None
        except (OSError, ValueError, KeyError):
            return None


def _joined(batch: Any, cleaned: Cleaned, schema: Any) -> Any:
    """The rows of `batch` that stay, with the columns that the worker gave back."""
    if cleaned.stays is not None:
        batch = batch.filter(arrow.mask(cleaned.stays))
    made = set(cleaned.batch.schema.names)
    columns = [(cleaned.batch if name in made else batch).column(name) for name in schema.names]
    return arrow.arrow().RecordBatch.from_arrays(columns, schema=schema)


def _ledger_lines(cleaned: Cleaned, batch: Any, written: int) -> Iterator[bytes]:
    """Ledger lines with the numbers of their rows in the output; a row that was dropped is kept there whole."""
    gone = 0
    stays = cleaned.stays or [True] * cleaned.rows
    bodies = dict(cleaned.ledger)
    for row, there in enumerate(stays):
        body = bodies.get(row)
        if body is not None and not there:
            body = b'%b,"row":"%b"}' % (body[:-1], base64.b64encode(to_bytes(batch.slice(row, 1))))
        if body is not None:
            yield ledger.numbered(written + row - gone + 1, body)
        gone += not there
