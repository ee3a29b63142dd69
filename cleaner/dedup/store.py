"""Arrays in files: named sections behind a small JSON header, written aside and renamed, read in parts."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import RecordError
from cleaner.records.uncached import write_uncached

_MAGIC: Final = b"cleaner-arrays 1\n"
_ALIGN: Final = 64
Array = NDArray[Any]


def as_bytes(array: Array) -> memoryview:
    """The memory of a contiguous array, for reading files into it."""
    return memoryview(array.reshape(-1).view(np.uint8).data)


def write_arrays(
    path: Path, arrays: Mapping[str, Array], *, about: Mapping[str, Any] | None = None, cached: bool = True
) -> None:
    """Write `arrays` and the JSON values `about` to `path`, whole or not at all; see `write_uncached` for `cached`."""
    sections: dict[str, Any] = {}
    offset = 0
    for name, array in arrays.items():
        offset = -(-offset // _ALIGN) * _ALIGN
        sections[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": offset}
        offset += array.nbytes
    header = json.dumps({"sections": sections, "about": dict(about or {})}).encode()
    base = -(-(len(_MAGIC) + 8 + len(header)) // _ALIGN) * _ALIGN
    part = path.with_name(path.name + ".part")
    with part.open("wb", buffering=0) as out:
        write_bytes(out, memoryview(_MAGIC + len(header).to_bytes(8, "little") + header))
        for name, array in arrays.items():
            out.seek(base + sections[name]["offset"])
            write_bytes(out, as_bytes(np.ascontiguousarray(array)), cached=cached)
        out.truncate(base + offset)
    part.replace(path)


def write_bytes(out: FileIO, view: memoryview, *, cached: bool = True) -> None:
    """All of `view` into an unbuffered file (`ndarray.tofile` hands it over in small pieces, at seven times the cost)."""
    if not cached and hasattr(os, "pwritev"):
        place = out.tell()
        while view:
            count = write_uncached(out.fileno(), [view], place)
            view, place = view[count:], place + count
        out.seek(place)
    while view:
        view = view[out.write(view) :]


def read_exactly(descriptor: int, view: memoryview, offset: int, path: Path) -> None:
    """Fill `view` from `offset` of an open file; `RecordError` naming its `path` where that ends before."""
    while (count := os.preadv(descriptor, [view], offset)) < len(view):
        if not count:
            raise RecordError(f"{path}: cut off")
        view, offset = view[count:], offset + count


def announce(descriptor: int, offset: int, count: int) -> None:
    """Have the system fetch so many bytes that will be read, while others are: what is not cached comes together."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, offset, count, os.POSIX_FADV_WILLNEED)


class Arrays:
    """A file of arrays, opened: its sections are read when asked for. `RecordError` names a file that is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb", buffering=0)
        start = self._file.read(len(_MAGIC) + 8)
        length = int.from_bytes(start[len(_MAGIC) :], "little")
        try:
            if not start.startswith(_MAGIC):
                raise ValueError("expected a file of arrays")
            header = json.loads(self._file.read(length))
        except ValueError as error:
            self._file.close()
            raise RecordError(f"{path}: {error}") from None
        self._sections: dict[str, Any] = header["sections"]
        self._base = -(-(len(_MAGIC) + 8 + length) // _ALIGN) * _ALIGN
        self.about: dict[str, Any] = header["about"]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a section."""
        return tuple(self._sections[name]["shape"])

    def read(self, name: str, first: int = 0, last: int | None = None) -> Array:
        """Rows `first` to `last` of a section, as an array of their own."""
        section = self._sections[name]
        rows, *rest = section["shape"]
        last = rows if last is None else last
        out = np.empty((last - first, *rest), section["dtype"])
        self.read_into(name, first, out)
        return out

    def read_into(self, name: str, first: int, out: Array) -> None:
        """Fill `out` (contiguous) with rows of a section from row `first` on."""
        section = self._sections[name]
        width = math.prod(section["shape"][1:]) * np.dtype(section["dtype"]).itemsize
        self.read_bytes(as_bytes(out), self.offset(name) + first * width)

    def offset(self, name: str) -> int:
        """Where a section begins in the file."""
        return self._base + int(self._sections[name]["offset"])

    def read_bytes(self, view: memoryview, offset: int) -> None:
        """Fill `view` with the bytes of the file from `offset` on."""
        read_exactly(self._file.fileno(), view, offset, self.path)

    def mapped(self, name: str) -> Array:
        """A section as read-only mapped memory."""
        section = self._sections[name]
        if not math.prod(section["shape"]):
            return np.empty(section["shape"], section["dtype"])
        # Mapped through the open file, which is there also when its name is not any more.
        offset, shape = self.offset(name), tuple(section["shape"])
        return np.memmap(cast("Any", self._file), section["dtype"], "r", offset, shape)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
