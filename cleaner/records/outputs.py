"""Output files: written aside and renamed when they are whole; gzip and zstandard by suffix.

A device or a pipe is written to as it is, and a link leads to the file that is replaced.

Compressed outputs consist of independent members or frames that end at a record border, one per 4 MiB of records, so
that they can be cut back to a known state after a crash and read from the middle. Where a frame ends depends on the
records alone, never on how they were handed over.
"""

from __future__ import annotations

import base64
import gzip
import io
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol, Self, TypedDict

from cleaner.errors import ConfigError, RecordError
from cleaner.records import zstd

STDOUT: Final = "-"
PART: Final = ".part"
FRAME_BYTES: Final = 4 << 20


class State(TypedDict):
    """How far an output has been written: `bytes` on disk, and records that wait for their frame to fill (base64)."""

    bytes: int
    tail: str


class Sink(Protocol):
    """What takes whole records."""

    def write(self, data: bytes, /) -> object:
        """Take `data`."""
        ...


class Output:
    """One output file, or standard output. Takes whole records, each with its line feed.

    As a context manager it is finished (renamed to its name) on success and abandoned (removed) on an error.
    """

    def __init__(self, path: str | os.PathLike[str], *, resume: State | None = None) -> None:
        """Open `path` (`-` is stdout); with `resume`, go on with the part that an earlier run left behind."""
        self.path = os.fspath(path)
        self.part = part_of(self.path)
        self._pending = bytearray()
        self._compress = None
        self._direct = self.path == STDOUT or is_special(self.path)
        if self.path == STDOUT:
            if sys.stdout is None:
                raise RecordError("stdout: cannot be written: it is closed")
            self._raw = io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
            return
        self._compress = {".gz": _member, ".zst": zstd.frame}.get(Path(self.path).suffix)
        try:
            self._raw = io.FileIO(self.path if self._direct else self.part, "r+b" if resume else "wb")
        except OSError as error:
            raise RecordError(f"{self.path}: cannot be written: {error.strerror}") from error
        if resume:
            self._raw.truncate(resume["bytes"])
            self._raw.seek(resume["bytes"])
            self._pending += base64.b64decode(resume["tail"])

    def write(self, data: bytes) -> None:
        """Append `data`: whole records, each ending in a line feed."""
        if self._compress is None:
            self._write(data)
            return
        self._pending += data
        while len(self._pending) >= FRAME_BYTES:
            cut = self._pending.find(b"\n", FRAME_BYTES - 1) + 1
            if not cut:
                break
            self._write(self._compress(bytes(memoryview(self._pending)[:cut])))
            del self._pending[:cut]

    @property
    def waiting(self) -> bool:
        """Whether records wait for their frame to fill."""
        return bool(self._pending)

    def state(self) -> State:
        """What is needed to go on from here in another process."""
        return {"bytes": self._raw.tell(), "tail": base64.b64encode(self._pending).decode()}

    def finish(self) -> None:
        """Write what waits, and give the file its name."""
        self.close_part()
        if not self._direct:
            publish(self.path)

    def close_part(self) -> None:
        """Write what waits and close, without the renaming."""
        if self._compress is not None and (self._pending or not self._raw.tell()):
            self._write(self._compress(bytes(self._pending)))
            self._pending.clear()
        if not self._direct:
            os.fsync(self._raw.fileno())
        self._raw.close()

    def abandon(self) -> None:
        """Close and remove what was written; nothing of it is to be kept."""
        self._raw.close()
        if not self._direct:
            Path(self.part).unlink(missing_ok=True)

    def leave(self) -> None:
        """Close and keep the part for a later run that goes on with it."""
        self._raw.close()

    def _write(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        try:
            while view:
                written = self._raw.write(view)
                view = view[written:]
        except BrokenPipeError:
            raise  # the reader went away, which is no error
        except OSError as error:
            raise RecordError(f"{self.path}: cannot be written: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()


def part_of(path: str) -> str:
    """Where the output `path` is written until it is whole: beside the file itself, to which a link may lead."""
    return os.path.realpath(path) + PART


def is_special(path: str) -> bool:
    """Whether `path` is there and is neither a file nor a folder: a device, a pipe, a socket."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def check_no_input(path: str, inputs: Iterable[str]) -> None:
    """`ConfigError` where the output `path` would replace one of `inputs`."""
    if os.path.exists(path) and any(os.path.exists(one) and os.path.samefile(path, one) for one in inputs):
        raise ConfigError(f"{path}: is an input, which the output would replace; expected another file")


def check_place(path: str) -> None:
    """`RecordError` where no file `path` can be made: better told before the work than after it."""
    if is_special(path):
        return
    folder = os.path.dirname(os.path.realpath(path))
    reason = ""
    if os.path.isdir(path):
        reason = "it is a folder"
    elif not os.path.isdir(folder):
        reason = f"there is no folder {folder}"
    elif not os.access(folder, os.W_OK):
        reason = f"the folder {folder} is read-only"
    if reason:
        raise RecordError(f"{path}: cannot be written: {reason}")


def publish(path: str) -> None:
    """Give the finished part of `path` its name; nothing happens where that has been done."""
    part = Path(part_of(path))
    if not part.exists():
        return
    if is_special(path):  # what can only be written as a whole comes to a device here, which must not be replaced
        with part.open("rb") as whole, open(path, "wb") as out:
            shutil.copyfileobj(whole, out)
        part.unlink()
    else:
        part.replace(os.path.realpath(path))


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a small file aside and rename it."""
    name = os.fspath(path)
    if is_special(name):
        Path(name).write_bytes(data)
        return
    Path(part_of(name)).write_bytes(data)
    publish(name)


def _member(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)
