"""The sketched texts of a run, in files: sizes stay in memory, band keys and shingle sets are read when needed."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup import kernel
from cleaner.dedup.sketch import Sketches, starts_of
from cleaner.dedup.store import Array, Arrays, announce, as_bytes, read_exactly, write_arrays, write_bytes
from cleaner.errors import RecordError

Ids = NDArray[np.int64]
Sets = NDArray[np.uint64]
CACHED_CHUNKS: Final = 256
"""Chunks of a run (2 MiB of its inputs each) that the page cache takes: a few of their sets are read again soon."""
_GAP: Final = 1 << 15
"""Bytes between two wanted sets that the system may as well fetch with them."""
_FILES_TOGETHER: Final = 64
"""Files that are open at the same time for one call of the kernel."""
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


class _Pieces(NamedTuple):
    """What is read of chunk files: of which, from which byte on, how many bytes, and to which byte of the memory."""

    chunks: Ids
    begin: Ids
    counts: Ids
    places: Ids

    def part(self, low: int, high: int) -> _Pieces:
        """Some consecutive ones."""
        return _Pieces(*(column[low:high] for column in self))


def _announce(files: Ids, pieces: _Pieces) -> None:
    """Have the system fetch what will be read, neighbours together."""
    end = pieces.begin + pieces.counts
    breaks = (np.diff(files) != 0) | (pieces.begin[1:] - end[:-1] > _GAP)
    firsts = np.flatnonzero(np.concatenate((np.ones(1, bool), breaks)))
    lasts = np.append(firsts[1:], len(files)) - 1
    columns = (files[firsts], pieces.begin[firsts], end[lasts] - pieces.begin[firsts])
    for file, offset, count in zip(*(column.tolist() for column in columns), strict=True):
        announce(file, offset, count)


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
        """See `SetSource`; neighbours in a file are read together."""
        starts = starts_of(self.sizes[ids])
        out, places = self._lent(int(starts[-1])), 8 * starts
        chunks, begin = self._chunks_of(ids), self._start[ids]
        end = begin + np.diff(places)
        breaks = (np.diff(chunks) != 0) | (begin[1:] != end[:-1])
        firsts = np.flatnonzero(np.concatenate((np.ones(min(1, len(ids)), bool), breaks)))
        lasts = np.append(firsts[1:], len(ids)) - 1 if len(ids) else firsts
        pieces = _Pieces(chunks[firsts], begin[firsts], end[lasts] - begin[firsts], places[firsts])
        edges = np.flatnonzero(np.diff(pieces.chunks, prepend=-1))[::_FILES_TOGETHER].tolist()
        for low, high in itertools.pairwise((*edges, len(firsts))):
            self._read_pieces(pieces.part(low, high), out)
        return out, starts

    def _read_pieces(self, pieces: _Pieces, out: Sets) -> None:
        """Pieces of a few files to their places in `out`."""
        numbers, which = np.unique(pieces.chunks, return_inverse=True)
        with contextlib.ExitStack() as stack:
            opened = np.array([stack.enter_context(self._reading(number)) for number in numbers.tolist()], np.int64)
            files = opened[which]
            if int(numbers[-1]) >= CACHED_CHUNKS:
                _announce(files, pieces)
            done = kernel.load().read_pieces(files, pieces.begin, pieces.counts, pieces.places, out)
        if done < len(files):
            raise RecordError(f"{self.paths[pieces.chunks[done]]}: cut off")

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
