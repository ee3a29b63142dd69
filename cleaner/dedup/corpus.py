"""The sketched texts of a run, in files: sizes stay in memory, band keys and shingle sets are read when needed."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.sketch import Sketches, starts_of
from cleaner.dedup.store import Array, Arrays, announce, as_bytes, read_all, read_exactly, write_arrays, write_bytes

Ids = NDArray[np.int64]
Sets = NDArray[np.uint64]
_GAP: Final = 1 << 15
"""Bytes between two wanted sets that are cheaper to read than to jump over."""
_PIECES: Final = 500
"""Sets that are read by one call, at most: the system takes 1,024 pieces, and each may have a gap before it."""
_KEPT_SETS: Final = 4 << 20
"""Hashes for which a thread keeps memory (32 MiB): fresh memory costs more than the reading."""
_OPEN_CHUNKS: Final = 16
_OPEN_FILES: Final = 200
_KEY_BYTES: Final = 32 << 20
"""Keys that are read together, or those of a single band."""


class SetSource(Protocol):
    """Where shingle sets come from."""

    sizes: NDArray[np.int32]

    def sets(self, ids: Ids) -> tuple[Sets, Ids]:
        """The sets of the texts `ids` (ascending), one after another, and where each begins (with the end).

        They may be overwritten by the next call of the same thread.
        """
        ...


def sketch_sections(sketches: Sketches) -> dict[str, Array]:
    """What a chunk file holds of its texts."""
    return {
        "sizes": sketches.sizes,
        "digests": sketches.digests,
        "keys": sketches.keys,
        "marks": sketches.marks,
        "sets": sketches.sets,
        "signatures": sketches.signatures,
    }


def write_chunk(path: Path, sketches: Sketches) -> None:
    """Write a chunk of texts that need nothing but their sketches."""
    write_arrays(path, sketch_sections(sketches))


class Corpus:
    """Chunk files as one sequence of texts, numbered from 0 in the order of the files.

    Keys and sets may be read by several threads at once.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self._open: dict[int, Arrays] = {}
        self._descriptors: dict[int, int] = {}
        self._lock, self._key_lock = threading.Lock(), threading.Lock()
        self._scratch = threading.local()
        self._keys: NDArray[np.uint64] = np.empty((0, 0), np.uint64)
        self._keys_from = self._bands = 0
        self._key_offsets: list[int] = []
        sizes, offsets = [], []
        for number in range(len(self.paths)):
            chunk = self.chunk(number)
            sizes.append(chunk.read("sizes"))
            offsets.append(chunk.offset("sets"))
            self._key_offsets.append(chunk.offset("keys"))
            self._bands = chunk.shape("keys")[0]
        self.sizes: NDArray[np.int32] = np.concatenate(sizes) if sizes else np.empty(0, np.int32)
        self.first: Ids = starts_of(np.array([len(one) for one in sizes], np.int32))
        # Where each set begins in its file, in bytes.
        starts = [8 * starts_of(one)[:-1] + offset for one, offset in zip(sizes, offsets, strict=True)]
        self._start: Ids = np.concatenate(starts) if starts else np.empty(0, np.int64)

    def __getstate__(self) -> dict[str, Any]:
        # A worker that was not forked opens the files for itself.
        emptied: dict[str, Any] = {"_open": {}, "_descriptors": {}, "_lock": None, "_key_lock": None, "_scratch": None}
        return {**self.__dict__, **emptied, "_keys": np.empty((0, 0), np.uint64)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        locks = {"_lock": threading.Lock(), "_key_lock": threading.Lock()}
        self.__dict__.update(state, **locks, _scratch=threading.local())

    def __len__(self) -> int:
        return len(self.sizes)

    def chunk(self, number: int) -> Arrays:
        """An opened chunk; a few stay open."""
        found = self._open.pop(number, None)
        if found is None:
            found = Arrays(self.paths[number])
            if len(self._open) >= _OPEN_CHUNKS:
                self._open.pop(next(iter(self._open))).close()
        self._open[number] = found
        return found

    @contextlib.contextmanager
    def _reading(self, number: int) -> Iterator[int]:
        """A descriptor of a chunk's file: the first few hundred stay open, the others as long as they are read from."""
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
        with self._lock:
            found = self._descriptors.get(number)
            if found is None and len(self._descriptors) < _OPEN_FILES:
                found = self._descriptors[number] = os.open(self.paths[number], flags)
        if found is not None:
            yield found
            return
        found = os.open(self.paths[number], flags)
        try:
            yield found
        finally:
            os.close(found)

    def close(self) -> None:
        """Close the files that are open."""
        for chunk in self._open.values():
            chunk.close()
        self._open.clear()
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

    def marks(self) -> NDArray[np.uint64]:
        """The marks of all texts, eight to a word, as mapped memory; the file is made beside the chunks when needed."""
        width = self.chunk(0).shape("marks")[1] // 8 if self.paths else 0
        if not len(self) or not width:
            return np.empty((len(self), width), np.uint64)
        path = self.paths[0].with_name(f"marks-{len(self)}")
        if not path.exists():
            part = path.with_name(path.name + ".part")
            with part.open("wb", buffering=0) as out:
                for number in range(len(self.paths)):
                    write_bytes(out, as_bytes(self.chunk(number).read("marks")))
            part.replace(path)
        return np.memmap(path, np.uint64, "r", shape=(len(self), width))

    def keys(self, band: int) -> NDArray[np.uint64]:
        """The keys of one band, one per text; not to be written to."""
        if not len(self):
            return np.empty(0, np.uint64)
        together = max(1, _KEY_BYTES // (8 * len(self)))
        first = band // together * together
        with self._key_lock:
            if first != self._keys_from or not len(self._keys):
                self._keys, self._keys_from = self._keys_of(first, min(together, self._bands - first)), first
            return self._keys[band - first]

    def _keys_of(self, band: int, count: int) -> NDArray[np.uint64]:
        """The keys of `count` bands from `band` on, (count, n)."""
        out = np.empty((count, len(self)), np.uint64)
        for number, offset in enumerate(self._key_offsets):
            first, last = self.first[number], self.first[number + 1]
            block = np.empty((count, last - first), np.uint64)
            with self._reading(number) as descriptor:
                read_exactly(descriptor, as_bytes(block), offset + 8 * band * block.shape[1], self.paths[number])
            out[:, first:last] = block
        return out

    def digests(self) -> NDArray[np.uint64]:
        """The digests of all texts, (n, 2)."""
        out = np.empty((len(self), 2), np.uint64)
        for number in range(len(self.paths)):
            self.chunk(number).read_into("digests", 0, out[self.first[number] : self.first[number + 1]])
        return out

    def sets(self, ids: Ids) -> tuple[Sets, Ids]:
        """See `SetSource`; neighbours in a file are read together, what lies between them into memory that is not used."""
        starts = starts_of(self.sizes[ids])
        out, places = self._lent(int(starts[-1])), 8 * starts
        chunks = self._chunks_of(ids)
        begin = self._start[ids]
        end = begin + np.diff(places)
        gaps = begin[1:] - end[:-1]
        breaks = (np.diff(chunks) != 0) | (gaps > _GAP)
        breaks[_PIECES - 1 :: _PIECES] = True
        cut = np.flatnonzero(breaks) + 1
        bounds = [0, *cut.tolist(), len(ids)] if len(ids) else [0]
        view, spare = as_bytes(out), memoryview(bytearray(_GAP))
        firsts, lasts = np.array(bounds[:-1], np.int64), np.array(bounds[1:], np.int64)
        columns = (chunks[firsts], firsts, lasts, begin[firsts], end[lasts - 1])
        stretches = zip(*(column.tolist() for column in columns), strict=True)
        for number, parts in itertools.groupby(stretches, key=itemgetter(0)):
            with self._reading(number) as descriptor:
                wanted = list(parts)
                for _, _, _, low, high in wanted:
                    announce(descriptor, low, high - low)
                for _, first, last, low, _ in wanted:
                    at, *edges = places[first : last + 1].tolist()
                    views: list[memoryview] = []
                    for edge, gap in zip(edges, (*gaps[first : last - 1].tolist(), 0), strict=True):
                        views += (view[at:edge], spare[:gap])
                        at = edge
                    read_all(descriptor, views, low, self.paths[number])
        return out, starts

    def _lent(self, count: int) -> Sets:
        """Memory of the calling thread for so many hashes, used again by its next call where that needs no more."""
        kept: Sets | None = getattr(self._scratch, "sets", None)
        if kept is None or len(kept) < count:
            kept = np.empty(count, np.uint64)
            if count <= _KEPT_SETS:
                self._scratch.sets = kept
        return kept[:count]

    def _chunks_of(self, ids: Ids) -> Ids:
        """The number of each text's chunk."""
        return np.searchsorted(self.first, ids, side="right") - 1
