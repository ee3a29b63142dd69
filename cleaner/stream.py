"""The filter: inputs through the pipeline to outputs, with a ledger, a quarantine, counts, and checkpoints."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cleaner.errors import ConfigError, RecordError
from cleaner.pipeline import BatchCleaner, Portion, portions
from cleaner.records import ledger
from cleaner.records.checkpoint import SUFFIX, Checkpoint, Place, run_key
from cleaner.records.fields import PRESETS, Fields, guess
from cleaner.records.files import BATCH_BYTES, MAX_LINE, STDIN, Batch, Input, read_batches, split_lines
from cleaner.records.json_bytes import parse
from cleaner.records.outputs import STDOUT, Output, check_no_input, check_place, is_special, publish, write_whole
from cleaner.records.stats import Stats

if TYPE_CHECKING:
    from cleaner.report.collect import Collector

_LOOK_BYTES: Final = 64 << 20
_COMMIT_SECONDS: Final = 0.2
_COMMIT_SECONDS_WAITING: Final = 1.0
"""Renaming a checkpoint over the last one takes the disk a few milliseconds, and records that wait for their frame are
written into it: so not for each batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is read and written: paths (`-` is stdin or stdout, empty is nothing) and sizes in bytes."""

    inputs: Sequence[str] = (STDIN,)
    output: str = STDOUT
    ledger: str = ""
    quarantine: str = ""
    stats: str = ""
    report: str = ""
    jobs: int = 1
    batch_bytes: int = BATCH_BYTES
    max_line: int = MAX_LINE

    @property
    def resumable(self) -> bool:
        """From files to files: what a rerun can go on with; a report would lack what an earlier run saw."""
        to_files = self.output != STDOUT and not any(map(is_special, self.outputs))
        return to_files and not self.report and all(_is_file(path) for path in self.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that are written line by line."""
        return tuple(path for path in (self.output, self.ledger, self.quarantine) if path)

    def check(self) -> None:
        """`ConfigError` where outputs collide with each other or with an input, `RecordError` where an input is not there
        or an output cannot be made."""
        named = [path for path in (*self.outputs, self.stats, self.report) if path and not is_special(path)]
        named = [path for place, path in enumerate(named) if path != STDOUT or (not place and self.output == STDOUT)]
        if len(set(map(os.path.realpath, named))) < len(named):
            raise ConfigError(f"outputs: expected different files, found {' '.join(named)}")
        if self.inputs.count(STDIN) > 1:
            raise ConfigError("inputs: stdin can be read once only")
        for path in self.inputs:
            if path != STDIN and not os.path.exists(path):
                raise RecordError(f"{path}: cannot be read: no such file")
            if os.path.isdir(path):
                raise RecordError(f"{path}: cannot be read: it is a folder")
        for path in named:
            if path == STDOUT:
                continue
            check_no_input(path, [one for one in self.inputs if one != STDIN])
            check_place(path)


def _is_file(path: str) -> bool:
    try:
        return path != STDIN and stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


class Source:
    """All inputs as one sequence of batches, of which the first can be looked at before they are consumed."""

    def __init__(self, plan: Plan, place: Place | None = None) -> None:
        """Nothing is opened before the first batch; `place` is where an earlier run stopped."""
        self._plan, self._place = plan, place or Place()
        self._open: Input | None = None
        self._ahead: deque[Batch] = deque()
        self._passed = sum(os.stat(path).st_size for path in plan.inputs[: self._place.index])
        self._reader = self._read()
        self.first_keys: tuple[str, ...] = ()
        self.size = sum(os.stat(path).st_size for path in plan.inputs if _is_file(path))

    def __iter__(self) -> Iterator[Batch]:
        while self._ahead:
            yield self._ahead.popleft()
        yield from self._reader

    def position(self) -> int:
        """Bytes of the files themselves that have been read so far."""
        return self._passed + (self._open.position() if self._open else 0)

    def first_fields(self) -> Fields | None:
        """What the first record that has a text or HTML looks like; nothing is consumed by looking.

        None where there is none; `first_keys` then holds the keys of the first record, if there is one at all.
        """
        seen = 0
        for batch in self._reader:
            self._ahead.append(batch)
            if fields := self._fields_of(batch):
                return fields
            seen += len(batch.data)
            if seen > _LOOK_BYTES:
                return None
        return None

    def _fields_of(self, batch: Batch) -> Fields | None:
        if batch.kind == "warc":
            return PRESETS["cc-wet-jsonl"]
        for line in split_lines(batch.data) if batch.kind == "jsonl" else ():
            try:
                record = parse(line)
            except RecordError:
                continue
            self.first_keys = self.first_keys or tuple(record)
            if fields := guess(record):
                return fields
        return None

    def close(self) -> None:
        """Close the input that is open."""
        self._reader.close()

    def _read(self) -> Generator[Batch]:
        for index in range(self._place.index, len(self._plan.inputs)):
            start = self._place if index == self._place.index else Place()
            with Input(self._plan.inputs[index], index) as stream:
                self._open = stream
                if start.offset:
                    stream.skip(start.offset)
                yield from read_batches(
                    stream,
                    size=self._plan.batch_bytes,
                    max_line=self._plan.max_line,
                    first=start.first,
                    offset=start.offset,
                    even=self._plan.jobs > 1,
                )
                self._passed += stream.position()
                self._open = None


class Outputs:
    """The outputs of a run, which move together: after each portion they agree."""

    def __init__(self, plan: Plan, header: Mapping[str, Any], key: str, found: Checkpoint | None = None) -> None:
        """Open all outputs; with a checkpoint, as it says."""
        self._plan, self._key = plan, key
        self.stats = Stats.from_json(found.stats) if found else Stats()
        self.written = found.written if found else 0
        self._files: dict[str, Output] = {}
        try:
            for path in plan.outputs:
                self._files[path] = Output(path, resume=found.outputs[path] if found else None)
            if plan.ledger and not found:
                self._files[plan.ledger].write(ledger.header(header))
        except RecordError:
            self.abandon()
            raise
        self._last_commit = time.monotonic()

    def take(self, portion: Portion) -> None:
        """Write a portion, and a checkpoint where there can be one."""
        plan = self._plan
        self._files[plan.output].write(portion.lines)
        if plan.ledger and portion.ledger:
            first = self.written + 1
            lines = [ledger.numbered(first + number, body) for number, body in portion.ledger]
            self._files[plan.ledger].write(b"".join(lines))
        if plan.quarantine and portion.quarantine:
            self._files[plan.quarantine].write(portion.quarantine)
        self.written += portion.count
        self.stats.add(portion.stats)
        if plan.resumable and portion.place:
            self._commit(portion.place)

    def _commit(self, place: Place) -> None:
        waiting = any(output.waiting for output in self._files.values())
        pause = _COMMIT_SECONDS_WAITING if waiting else _COMMIT_SECONDS
        if time.monotonic() - self._last_commit < pause:
            return
        self._checkpoint(place).save(self._plan.output + SUFFIX)
        self._last_commit = time.monotonic()

    def _checkpoint(self, place: Place, *, complete: bool = False) -> Checkpoint:
        states = {path: output.state() for path, output in self._files.items()} if not complete else {}
        return Checkpoint(self._key, place, self.written, states, self.stats.to_json(), complete)

    def finish(self) -> None:
        """Close all outputs and give them their names, the main output last."""
        for output in self._files.values():
            output.close_part()
        if self._plan.resumable:
            self._checkpoint(Place(len(self._plan.inputs)), complete=True).save(self._plan.output + SUFFIX)
        publish_all(self._plan, self.stats)

    def leave(self) -> None:
        """Close all outputs; what can be continued stays, the rest goes."""
        if not self._plan.resumable:
            self.abandon()
        for output in self._files.values():
            output.leave()

    def abandon(self) -> None:
        """Close all outputs and remove what was written."""
        for output in self._files.values():
            output.abandon()
        if self._plan.resumable:
            Path(self._plan.output + SUFFIX).unlink(missing_ok=True)


def publish_all(plan: Plan, stats: Stats) -> None:
    """The last step of a run, which may be repeated: rename all outputs, write the counts, forget the checkpoint."""
    write_counts(plan.stats, stats)
    for path in reversed(plan.outputs):
        if path != STDOUT:
            publish(path)
    if plan.resumable:
        Path(plan.output + SUFFIX).unlink(missing_ok=True)


def write_counts(path: str, stats: Stats) -> None:
    """The counts as JSON to `path`, to stderr for `-` (stdout is for records), nowhere for an empty path."""
    counts = json.dumps(stats.to_json(), indent=2, ensure_ascii=False) + "\n"
    if path == STDOUT:
        sys.stderr.write(counts)
    elif path:
        write_whole(path, counts.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a run is watched: `resumed` is told how many records an earlier run had done, `progress` the position in the
    inputs and the counts after each portion, `bad` each portion's quarantine lines; `guard` makes a context in which
    the run must not be interrupted, `seen` gets what each portion has collected for a report."""

    resumed: Callable[[Stats], None] = lambda _: None
    progress: Callable[[int, Stats], None] = lambda _position, _stats: None
    bad: Callable[[bytes], None] = lambda _: None
    seen: Callable[[Collector], None] = lambda _: None
    guard: Callable[[], AbstractContextManager[object]] = nullcontext


_UNWATCHED: Final = Watch()


def run(
    plan: Plan, work: BatchCleaner, *, source: Source, header: Mapping[str, Any], watch: Watch = _UNWATCHED
) -> Stats:
    """Clean the inputs of `plan` into its outputs and give the counts.

    `header` is what the ledger begins with and what, with the inputs, identifies a run that can be continued. `source` is
    consumed. On an interrupt the parts stay where a rerun can continue them; on any other error they are removed.
    """
    key = run_key(plan.inputs, {**header, "outputs": plan.outputs, "max_line": plan.max_line}) if plan.resumable else ""
    found = Checkpoint.load(plan.output + SUFFIX, key) if plan.resumable else None
    if found:
        source.close()
        source = Source(plan, found.place)
        watch.resumed(Stats.from_json(found.stats))
    if found and found.complete:
        stats = Stats.from_json(found.stats)
        publish_all(plan, stats)
        return stats
    outputs = Outputs(plan, header, key, found)
    results = portions(source, work, jobs=plan.jobs)
    try:
        for portion in results:
            with watch.guard():
                outputs.take(portion)
            if portion.quarantine:
                watch.bad(portion.quarantine)
            if portion.collected is not None:
                watch.seen(portion.collected)
            watch.progress(source.position(), outputs.stats)
        with watch.guard():
            outputs.finish()
    except (KeyboardInterrupt, SystemExit):
        outputs.leave()
        raise
    except BaseException:
        outputs.abandon()
        raise
    finally:
        results.close()
        source.close()
    return outputs.stats
