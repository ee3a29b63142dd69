"""The sketched texts of a run, in files: sizes stay in memory, band keys and shingle sets are read when needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.sketch import Sketches, starts_of
from cleaner.dedup.store import Array, Arrays, as_bytes, write_arrays
from cleaner.errors import RecordError

Ids = NDArray[np.int64]
Sets = NDArray[np.uint64]
_GAP: Final = 1 << 15
"""Bytes between two wanted sets that are cheaper to read than to jump over."""
_OPEN_CHUNKS: Final = 16
_OPEN_FILES: Final = 200


class SetSource(Protocol):
    """Where shingle sets come from."""

    sizes: NDArray[np.int32]

    def sets(self, ids: Ids) -> tuple[Sets, Ids]:
        """The sets of the texts `ids` (ascending), one after another, and where each begins (with the end)."""
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
    """Chunk files as one sequence of texts, numbered from 0 in the order of the files."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self._open: dict[int, Arrays] = {}
        self._descriptors: dict[int, int] = {}
        sizes, offsets = [], []
        for number in range(len(self.paths)):
            chunk = self.chunk(number)
            sizes.append(chunk.read("sizes"))
            offsets.append(chunk.offset("sets"))
        self.sizes: NDArray[np.int32] = np.concatenate(sizes) if sizes else np.empty(0, np.int32)
        self.first: Ids = starts_of(np.array([len(one) for one in sizes], np.int32))
        # Where each set begins in its file, in bytes.
        starts = [8 * starts_of(one)[:-1] + offset for one, offset in zip(sizes, offsets, strict=True)]
        self._start: Ids = np.concatenate(starts) if starts else np.empty(0, np.int64)

    def __getstate__(self) -> dict[str, Any]:
        # A worker that was not forked opens the files for itself.
        return {**self.__dict__, "_open": {}, "_descriptors": {}}

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

    def _descriptor(self, number: int) -> int:
        found = self._descriptors.get(number)
        if found is None:
            if len(self._descriptors) >= _OPEN_FILES:
                os.close(self._descriptors.pop(next(iter(self._descriptors))))
            found = self._descriptors[number] = os.open(self.paths[number], os.O_RDONLY | getattr(os, "O_BINARY", 0))
        return found

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
            with part.open("wb") as out:
                for number in range(len(self.paths)):
                    self.chunk(number).read("marks").tofile(out)
            part.replace(path)
        return np.memmap(path, np.uint64, "r", shape=(len(self), width))

    def keys(self, band: int) -> NDArray[np.uint64]:
        """The keys of one band, one per text."""
        out = np.empty(len(self), np.uint64)
        for number in range(len(self.paths)):
            first, last = self.first[number], self.first[number + 1]
            self.chunk(number).read_into("keys", band, out[first:last])
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
        out = np.empty(int(starts[-1]), np.uint64)
        chunks = self._chunks_of(ids)
        begin = self._start[ids]
        end = begin + 8 * self.sizes[ids].astype(np.int64)
        cut = np.flatnonzero((np.diff(chunks) != 0) | (begin[1:] - end[:-1] > _GAP)) + 1
        firsts = np.concatenate((np.zeros(min(1, len(ids)), np.int64), cut))
        lasts = np.concatenate((cut, np.full(min(1, len(ids)), len(ids))))
        view = as_bytes(out)
        places = zip(
            *(one.tolist() for one in (firsts, lasts, chunks[firsts], begin[firsts], end[lasts - 1])),
            *(one.tolist() for one in (8 * starts[firsts], 8 * starts[lasts])),
            strict=True,
        )
        for first, last, number, low, high, place, until in places:
            if high - low == until - place:
                self._read(number, view[place:until], low)
                continue
            block = np.empty((high - low) // 8, np.uint64)
            self._read(number, as_bytes(block), low)
            for at in range(first, last):
                out[starts[at] : starts[at + 1]] = block[(begin[at] - low) // 8 : (end[at] - low) // 8]
        return out, starts

    def _chunks_of(self, ids: Ids) -> Ids:
        """The number of each text's chunk."""
        return np.searchsorted(self.first, ids, side="right") - 1

    def _read(self, number: int, view: memoryview, offset: int) -> None:
        while (count := os.preadv(self._descriptor(number), [view], offset)) < len(view):
            if not count:
                raise RecordError(f"{self.paths[number]}: cut off")
            view, offset = view[count:], offset + count
