"""The chunk files of a corpus in the work folder: their order, the numbers of their texts, and texts picked by number."""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark.sources import Origin
from cleaner.dedup.corpus import Corpus, Ids
from cleaner.dedup.sketch import starts_of
from cleaner.dedup.store import Arrays, write_arrays

_FILE: Final = "layout"
_DENSE: Final = 8
"""Rows are read one by one where fewer than one in so many is wanted, else all of them."""


def chunk_name(origin: Origin) -> str:
    """The name of a chunk's file: the same for each task that makes it."""
    return "chunk-" + hashlib.blake2b("\0".join(map(str, origin)).encode(), digest_size=16).hexdigest()


class Layout:
    """The chunks of a run in the order of the inputs.

    `texts` (n + 1) numbers the first text of each, `records` (n + 1) the first record with a text, `lines` (n) the first
    line in its file, from 1.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        stored = Arrays(folder / _FILE)
        self.names: NDArray[np.bytes_] = stored.read("names")
        self.texts: Ids = stored.read("texts")
        self.records: Ids = stored.read("records")
        self.lines: Ids = stored.read("lines")
        self.files: NDArray[np.int32] = stored.read("files")
        self.paths: list[str] = stored.about["paths"]
        stored.close()

    def __len__(self) -> int:
        return len(self.names)

    def path(self, chunk: int) -> Path:
        """The file of a chunk."""
        return self.folder / self.names[chunk].decode()

    def of(self, origin: Origin) -> int:
        """The number of a chunk."""
        return _numbers(self.folder)[chunk_name(origin).encode()]

    def chunks_of(self, texts: NDArray[Any]) -> Ids:
        """The number of each text's chunk."""
        return np.searchsorted(self.texts, texts, side="right") - 1


@functools.lru_cache(2)
def layout(folder: str) -> Layout:
    """The layout of a run, read once per process."""
    return Layout(Path(folder))


@functools.lru_cache(2)
def _numbers(folder: Path) -> dict[bytes, int]:
    return {name: number for number, name in enumerate(layout(os.fspath(folder)).names.tolist())}


def write_layout(folder: Path, made: Sequence[tuple[Origin, int, int, int]]) -> None:
    """Write down the chunks: the origin of each, how many texts, records with a text, and lines it holds."""
    ordered = sorted(made)
    paths = list(dict.fromkeys(origin.path for origin, *_ in ordered))
    number = {path: at for at, path in enumerate(paths)}
    lines, line, before = [], 1, None
    for origin, _, _, count in ordered:
        line = line if (origin.source, origin.path) == before else 1
        before = (origin.source, origin.path)
        lines.append(line)
        line += count
    names = [chunk_name(origin) for origin, *_ in ordered]
    write_arrays(
        folder / _FILE,
        {
            "names": np.array(names or [""], "S38")[: len(names)],
            "texts": starts_of(np.array([row[1] for row in ordered], np.int64)),
            "records": starts_of(np.array([row[2] for row in ordered], np.int64)),
            "lines": np.array(lines, np.int64),
            "files": np.array([number[origin.path] for origin, *_ in ordered], np.int32),
        },
        about={"paths": paths},
    )


class _Paths(Sequence[Path]):
    def __init__(self, found: Layout) -> None:
        self._layout = found

    @overload
    def __getitem__(self, at: int) -> Path: ...
    @overload
    def __getitem__(self, at: slice) -> list[Path]: ...
    def __getitem__(self, at: int | slice) -> Path | list[Path]:
        return (
            self._layout.path(at) if isinstance(at, int) else [self._layout.path(one) for one in range(len(self))[at]]
        )

    def __len__(self) -> int:
        return len(self._layout)


class Selected(Corpus):
    """Texts of a run picked by number, as a corpus of their own; their sets are read where they lie.

    `numbers` (ascending) are those of the run; here they are numbered from 0.
    """

    def __init__(self, found: Layout, numbers: NDArray[np.uint64], sizes: NDArray[np.int32] | None = None) -> None:
        self.numbers = numbers.astype(np.int64)
        self.paths = _Paths(found)  # type: ignore[assignment]
        self._open: dict[int, Arrays] = {}
        self._descriptors: dict[int, int] = {}
        self._lock, self._key_lock = threading.Lock(), threading.Lock()
        self._scratch = threading.local()
        self._chunk = found.chunks_of(self.numbers)
        self._row = self.numbers - found.texts[self._chunk]
        self.sizes = self.rows("sizes") if sizes is None else sizes
        self._start: Ids = self.rows("set_starts")
        for chunk, stretch in self.groups():
            self._start[stretch] += self.chunk(chunk).offset("sets")

    def _chunks_of(self, ids: Ids) -> Ids:
        return self._chunk[ids]

    def groups(self) -> list[tuple[int, slice]]:
        """Chunks with the stretches of texts that lie there."""
        cuts = np.flatnonzero(np.diff(self._chunk, prepend=-1, append=-1)).tolist()
        return [(int(self._chunk[low]), slice(low, high)) for low, high in pairwise(cuts)]

    def rows(self, name: str) -> NDArray[Any]:
        """A row per text of a section of the chunk files."""
        parts: list[NDArray[Any]] = []
        for chunk, stretch in self.groups():
            parts.append(rows_of(self.chunk(chunk), name, self._row[stretch]))
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def places(self) -> tuple[Ids, Ids]:
        """Each text's chunk, and its row there."""
        return self._chunk, self._row

    def digests(self) -> NDArray[np.uint64]:
        """See `Banded`."""
        return self.rows("digests").reshape(-1, 2)

    def marks(self) -> NDArray[np.uint64]:
        """See `Banded`."""
        found = self.rows("marks")
        return np.ascontiguousarray(found).view(np.uint64) if len(found) else np.empty((0, 0), np.uint64)

    def ids(self) -> list[bytes]:
        """The ids of the texts as JSON; nothing where they have none."""
        found = []
        for chunk, stretch in self.groups():
            opened = self.chunk(chunk)
            ends = opened.read("id_ends")
            for row in self._row[stretch].tolist():
                low = int(ends[row - 1]) if row else 0
                found.append(opened.read("ids", low, int(ends[row])).tobytes())
        return found


def rows_of(stored: Arrays, name: str, rows: Ids) -> NDArray[Any]:
    """The rows (ascending) of a section."""
    total = stored.shape(name)[0]
    if len(rows) * _DENSE >= total or len(rows) > 4096:
        return stored.read(name)[rows]
    return np.concatenate([stored.read(name, 0, 0), *(stored.read(name, row, row + 1) for row in rows.tolist())])
