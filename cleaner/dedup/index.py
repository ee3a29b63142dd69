"""An index of documents on disk: what came before, for what comes next.

A folder with `header.json`, four files that only ever grow (shingle sets, their sizes, ids, where these end), runs of
band keys in order, and a file of rows that were removed. The header names how much of each counts, and is replaced in
one step: an interrupted writer leaves the index as it was. One writer at a time holds the lock; readers need none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.corpus import Ids, Sets
from cleaner.dedup.runs import Run, merge_runs, write_run
from cleaner.dedup.settings import Settings
from cleaner.dedup.sketch import Sketcher, Sketches, starts_of, take
from cleaner.dedup.store import as_bytes, write_bytes
from cleaner.dedup.verify import Comparer, left_of, packed, right_of
from cleaner.dedup.work import lock
from cleaner.errors import ConfigError, IndexMismatch
from cleaner.records.arrow import plain_values
from cleaner.records.json_bytes import dumps
from cleaner.records.outputs import write_whole

FORMAT: Final = "cleaner-dedup-index"
VERSION: Final = 1
_HEADER: Final = "header.json"
_MOST: Final = 512
"""Rows of one bucket that a text is compared with, at most."""
_TIER: Final = 4
"""A run is merged with those after it when they have grown to a fourth of its size."""
Id = str | int


class Match(NamedTuple):
    """A document of the index that is similar to number `query` of the texts asked about."""

    query: int
    id: Id
    similarity: float


@dataclass(frozen=True, slots=True)
class _Header:
    settings: dict[str, Any]
    rows: int = 0
    shingles: int = 0
    id_bytes: int = 0
    runs: tuple[str, ...] = ()
    removed: str = ""
    generation: int = 0

    def dump(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps({"format": FORMAT, "version": VERSION, **values}, indent=1).encode()


@dataclass(frozen=True, slots=True)
class Info:
    """What an index holds."""

    settings: Settings
    documents: int
    removed: int
    runs: int
    bytes: int


@dataclass(slots=True)
class _Batch:
    """A `SetSource` of the index with more texts numbered after it."""

    index: DedupIndex
    more: Sketches
    sizes: NDArray[np.int32] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes = np.concatenate((self.index.sizes, self.more.sizes))

    def sets(self, ids: Ids) -> tuple[Sets, Ids]:
        inside = ids[ids < len(self.index.sizes)]
        outside = ids[len(inside) :] - len(self.index.sizes)
        starts = self.more.starts()
        sets, _ = self.index.sets(inside)
        parts = [sets, *(self.more.sets[starts[one] : starts[one + 1]] for one in outside.tolist())]
        return np.concatenate(parts), starts_of(self.sizes[ids])


class DedupIndex:
    """Documents by what they say. Open one with `create` or `open`; use it as a context manager.

    Opened with `write`, it holds the lock until it is closed; changes count from `commit` on, which leaving the context
    does as well (unless an exception is under way).
    """

    def __init__(self, path: str | os.PathLike[str], *, write: bool = False) -> None:
        """Open the index in the folder `path`; `IndexMismatch` where there is none that this program can read."""
        self.path = Path(path)
        self._stack = contextlib.ExitStack()
        self.writing = write
        self.cut_pairs = 0
        """Candidates of too large buckets that were not compared, so far."""
        if write:
            if not (self.path / _HEADER).exists():
                raise IndexMismatch(f"{path}: expected an index, found no {_HEADER}")
            self._stack.enter_context(lock(self.path / "lock", f"index {path}: another process is writing to it"))
        try:
            self._open()
            self._sketcher: Sketcher | None = None
            if write:
                self._cut_back()
        except BaseException:
            self._stack.close()
            raise

    @classmethod
    def create(cls, path: str | os.PathLike[str], settings: Settings | None = None) -> Self:
        """A new, empty index, opened for writing; `ConfigError` where the folder is not empty."""
        folder = Path(path)
        if folder.exists() and any(folder.iterdir()):
            raise ConfigError(f"{path}: expected a new or an empty folder")
        folder.mkdir(parents=True, exist_ok=True)
        for name in _GROWING:
            (folder / name).touch()
        write_whole(folder / _HEADER, _Header((settings or Settings()).header()).dump())
        return cls(path, write=True)

    def _open(self) -> None:
        for attempt in range(10):
            self._header = _read_header(self.path)
            try:
                self._runs = [Run(self.path / name) for name in self._header.runs]
                break
            except FileNotFoundError:  # a writer replaced runs since the header was read
                if attempt == 9:
                    raise IndexMismatch(f"{self.path}: a file of runs is missing") from None
        self.settings = Settings.from_header(self._header.settings, str(self.path))
        rows = self._header.rows
        self.sizes: NDArray[np.int32] = np.fromfile(self.path / "sizes", np.int32, rows)
        self._start = starts_of(self.sizes)
        self._id_ends: Ids = np.fromfile(self.path / "id_ends", np.int64, rows)
        if len(self.sizes) != rows or len(self._id_ends) != rows or self._start[-1] != self._header.shingles:
            raise IndexMismatch(f"{self.path}: expected {rows} documents, found files of other sizes")
        self._removed = np.zeros(rows, bool)
        if self._header.removed:
            self._removed[:] = np.unpackbits(np.fromfile(self.path / self._header.removed, np.uint8), count=rows)
        self._sets = self._stack.enter_context((self.path / "sets").open("rb", buffering=0))
        self._ids = self._stack.enter_context((self.path / "ids").open("rb", buffering=0))

    def _cut_back(self) -> None:
        """Forget what an interrupted writer appended, and runs that the header does not name."""
        header = self._header
        lengths = (8 * header.shingles, 4 * header.rows, header.id_bytes, 8 * header.rows)
        for name, length in zip(_GROWING, lengths, strict=True):
            os.truncate(self.path / name, length)
        known = {*_GROWING, *header.runs, header.removed, _HEADER, "lock"}
        for entry in self.path.iterdir():
            if entry.is_dir() and entry.name.startswith("work-"):
                shutil.rmtree(entry)
            elif entry.name not in known and entry.name.startswith(("run-", "removed-", "header")):
                entry.unlink()

    def __len__(self) -> int:
        return len(self.sizes) - int(self._removed.sum())

    def __contains__(self, identity: Id) -> bool:
        return bool(self._rows_of([dumps(identity)])[0] >= 0)

    def sets(self, ids: Ids) -> tuple[Sets, Ids]:
        """The shingle sets of rows (ascending), one after another, and where each begins."""
        starts = starts_of(self.sizes[ids])
        out = np.empty(int(starts[-1]), np.uint64)
        view = as_bytes(out)
        for number, row in enumerate(ids.tolist()):
            first, last = 8 * int(starts[number]), 8 * int(starts[number + 1])
            at = 8 * int(self._start[row])
            while first < last:
                count = os.preadv(self._sets.fileno(), [view[first:last]], at)
                if not count:
                    raise IndexMismatch(f"{self.path}: the file of shingle sets is cut off")
                first, at = first + count, at + count
        return out, starts

    def id_bytes(self, row: int) -> bytes:
        """The id of a row as JSON."""
        first = int(self._id_ends[row - 1]) if row else 0
        return os.pread(self._ids.fileno(), int(self._id_ends[row]) - first, first)

    def sketcher(self) -> Sketcher:
        """What sketches texts for this index."""
        if self._sketcher is None:
            self._sketcher = Sketcher(self.settings)
        return self._sketcher

    def query(self, texts: Sequence[str]) -> list[Match]:
        """The documents similar to each of `texts`, most similar first; similarities are exact."""
        return self.query_sketches(self.sketcher().texts(texts))

    def query_sketches(self, sketches: Sketches, *, below: int | None = None) -> list[Match]:
        """`query` for texts that are sketched already.

        With `below`, only among rows before that one plus the place of the text itself, so that texts just added (as
        rows from `below` on) are matched with what came before them.
        """
        left, right = self._candidates(sketches.keys)
        size = len(self.sizes)
        wanted = ~self._removed[left]
        if below is not None:
            wanted &= left < below + right
        pairs = np.unique(packed(left[wanted], right[wanted] + size))
        similarity = Comparer(_Batch(self, sketches))(pairs, self.settings.threshold)
        good = similarity >= self.settings.threshold
        rows, queries, similarity = left_of(pairs[good]), right_of(pairs[good]) - size, similarity[good]
        order = np.lexsort((rows, -similarity, queries))
        return [
            Match(int(queries[at]), json.loads(self.id_bytes(int(rows[at]))), float(similarity[at]))
            for at in order.tolist()
        ]

    def _candidates(self, keys: NDArray[np.uint64]) -> tuple[Ids, Ids]:
        rows, places = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for run in self._runs:
            for band in range(len(keys)):
                place, row, left_out = run.find(band, keys[band], most=_MOST)
                self.cut_pairs += left_out
                rows.append(row)
                places.append(place)
        return np.concatenate(rows), np.concatenate(places)

    def add(self, ids: Sequence[Id], texts: Sequence[str]) -> int:
        """Add documents; those whose id is there already are passed over. Returns how many were added."""
        return len(self.add_sketches([dumps(one) for one in plain_values(ids)], self.sketcher().texts(texts)))

    def add_sketches(self, ids: Sequence[bytes], sketches: Sketches) -> Ids:
        """`add` for ids as JSON and texts that are sketched already; the places of those that were added."""
        self._must_write()
        new = self._rows_of(ids) < 0
        seen: set[bytes] = set()
        for place, identity in enumerate(ids):
            new[place] &= identity not in seen
            seen.add(identity)
        places = np.flatnonzero(new)
        chosen = sketches if len(places) == len(ids) else take(sketches, places)
        names = [ids[one] for one in places.tolist()]
        rows = self._append(chosen.sets, chosen.sizes, names)
        if len(rows):
            self._new_run([*chosen.keys, _id_keys(names)], rows)
        return places

    def _append(self, sets: Sets, sizes: NDArray[np.int32], ids: Sequence[bytes]) -> Ids:
        ends = np.cumsum(np.fromiter(map(len, ids), np.int64, len(ids))) + self._header.id_bytes
        for name, data in zip(_GROWING, (sets, sizes, np.frombuffer(b"".join(ids), np.uint8), ends), strict=True):
            with (self.path / name).open("ab", buffering=0) as file:
                write_bytes(file, as_bytes(np.ascontiguousarray(data)))
        first = len(self.sizes)
        self.sizes = np.concatenate((self.sizes, sizes))
        self._start = starts_of(self.sizes)
        self._id_ends = np.concatenate((self._id_ends, ends))
        self._removed = np.concatenate((self._removed, np.zeros(len(sizes), bool)))
        self._header = replace(
            self._header,
            rows=len(self.sizes),
            shingles=int(self._start[-1]),
            id_bytes=int(ends[-1]) if len(ends) else self._header.id_bytes,
        )
        return np.arange(first, len(self.sizes))

    def _new_run(self, keys: Sequence[NDArray[np.uint64]], rows: Ids) -> None:
        path = self._run_path()
        write_run(path, keys, rows)
        self._runs.append(Run(path))
        while len(self._runs) > 1 and len(self._runs[-2]) < _TIER * len(self._runs[-1]):
            path = self._run_path()
            merge_runs(path, self._runs[-2:])
            for old in self._runs[-2:]:
                old.close()
                if old.path.name not in self._header.runs:
                    old.path.unlink()
            self._runs[-2:] = [Run(path)]

    def _run_path(self) -> Path:
        self._header = replace(self._header, generation=self._header.generation + 1)
        return self.path / f"run-{self._header.generation:06}"

    def remove(self, ids: Iterable[Id]) -> int:
        """Take documents out; unknown ids are passed over. Returns how many were there."""
        self._must_write()
        rows = self._rows_of([dumps(one) for one in ids])
        rows = np.unique(rows[rows >= 0])
        self._removed[rows] = True
        return len(rows)

    def merge(self, other: DedupIndex) -> int:
        """Add all documents of `other` whose ids are not here; `IndexMismatch` where its settings are others."""
        self._must_write()
        self.settings.check(other._header.settings, str(other.path))
        target = np.full(len(other.sizes), -1, np.int64)
        added = 0
        for first in range(0, len(other.sizes), _MERGE_ROWS):
            rows = np.arange(first, min(first + _MERGE_ROWS, len(other.sizes)))
            rows = rows[~other._removed[rows]]
            ids = [other.id_bytes(row) for row in rows.tolist()]
            new = self._rows_of(ids) < 0
            sets, _ = other.sets(rows[new])
            target[rows[new]] = self._append(sets, other.sizes[rows[new]], [ids[at] for at in np.flatnonzero(new)])
            added += int(new.sum())
        if added:
            self._take_runs(other, target)
        return added

    def _take_runs(self, other: DedupIndex, target: Ids) -> None:
        wanted = np.flatnonzero(target >= 0)
        keys = []
        for band in range(self.settings.bands + 1):
            column = np.empty(len(target), np.uint64)
            for run in other._runs:
                found, rows = run.band(band)
                column[rows] = found
            keys.append(column[wanted])
        self._new_run(keys, target[wanted])

    def _rows_of(self, ids: Sequence[bytes]) -> Ids:
        """The row of each id, -1 for none."""
        out = np.full(len(ids), -1, np.int64)
        keys = _id_keys(ids)
        for run in self._runs:
            places, rows, _ = run.find(self.settings.bands, keys, most=1 << 20)
            for place, row in zip(places.tolist(), rows.tolist(), strict=True):
                if not self._removed[row] and self.id_bytes(row) == ids[place]:
                    out[place] = row
        return out

    def commit(self) -> None:
        """Make all changes since the last commit count."""
        self._must_write()
        removed = self._header.removed
        if self._removed.any():
            removed = f"removed-{self._header.generation:06}-{int(self._removed.sum())}"
            with (self.path / removed).open("wb", buffering=0) as file:
                write_bytes(file, as_bytes(np.packbits(self._removed)))
        before = self._header.runs
        self._header = replace(self._header, runs=tuple(run.path.name for run in self._runs), removed=removed)
        for name in (*_GROWING, *self._header.runs, removed):
            if name and name not in before:
                with (self.path / name).open("rb") as file:
                    os.fsync(file.fileno())
        write_whole(self.path / _HEADER, self._header.dump())
        for name in set(before) - set(self._header.runs):
            (self.path / name).unlink(missing_ok=True)

    def info(self) -> Info:
        """Counts and sizes."""
        size = sum(entry.stat().st_size for entry in self.path.iterdir() if entry.is_file())
        return Info(self.settings, len(self), int(self._removed.sum()), len(self._runs), size)

    def close(self) -> None:
        """Close the files and give the lock back, without a commit."""
        for run in self._runs:
            run.close()
        self._stack.close()

    def _must_write(self) -> None:
        if not self.writing:
            raise ConfigError(f"index {self.path}: opened for reading only")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if self.writing and kind is None:
                self.commit()
        finally:
            self.close()


_GROWING: Final = ("sets", "sizes", "ids", "id_ends")
_MERGE_ROWS: Final = 10_000


def _id_keys(ids: Sequence[bytes]) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(one, digest_size=8).digest() for one in ids)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _read_header(path: Path) -> _Header:
    try:
        values = json.loads((path / _HEADER).read_bytes())
        if values.pop("format") != FORMAT:
            raise KeyError("format")
        version = values.pop("version")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise IndexMismatch(f"{path}: expected an index, found no {_HEADER} of one") from None
    if version != VERSION:
        raise IndexMismatch(f"{path}: an index of version {version}, expected {VERSION}")
    return _Header(**{**values, "runs": tuple(values["runs"])})


def pairs_of(matches: Iterable[Match], ids: Sequence[bytes]) -> Iterator[bytes]:
    """One JSON row per match: `id` of the text asked about, `match`, `similarity`."""
    for match in matches:
        yield b'{"id":%b,"match":%b,"similarity":%b}\n' % (
            ids[match.query],
            dumps(match.id),
            dumps(round(match.similarity, 4)),
        )
