"""Inputs as ranges of bytes that any process can read by itself.

A range stands for the lines that begin in it, so every line belongs to exactly one range, whoever reads it. What is
compressed or comes through a pipe is first written out plainly into the work folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from cleaner.errors import RecordError
from cleaner.records.files import MAX_LINE, STDIN, Input
from cleaner.records.outputs import part_of

RANGE_BYTES: Final = 2 << 20
_COPY_BYTES: Final = 1 << 20
_WARC: Final = b"WARC/"


class Range(NamedTuple):
    """Bytes `first` to `last` of the plain file `path`, which holds input number `source`."""

    number: int
    source: int
    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Lines:
    """The whole lines that begin in a range: where the first of them begins in the file, and their bytes."""

    offset: int
    data: bytes


def plain_file(path: str, number: int, folder: Path) -> str:
    """A plain file with the content of `path`: itself, or a copy in `folder` (made once)."""
    copy = folder / f"input-{number:05}.jsonl"
    if copy.exists():
        return str(copy)
    with Input(path) as stream:
        plain = not stream.compressed and path != STDIN and os.path.isfile(path)
        head = stream.read(16)
        if head.startswith(_WARC):
            raise RecordError(f"{stream.name}: expected JSON lines, found WARC")
        if plain:
            return path
        part = Path(part_of(str(copy)))
        with part.open("wb") as out:
            while head:
                out.write(head)
                head = stream.read(_COPY_BYTES)
    part.replace(copy)
    return str(copy)


def ranges(paths: Sequence[str], *, size: int = RANGE_BYTES) -> Iterator[Range]:
    """The ranges of all plain files `paths` in order."""
    number = 0
    for source, path in enumerate(paths):
        total = os.path.getsize(path)
        for first in range(0, total, size):
            yield Range(number, source, path, first, min(first + size, total))
            number += 1


def read_range(found: Range) -> Lines:
    """The lines that begin in a range; `RecordError` for one that is longer than can be held."""
    with open(found.path, "rb", buffering=0) as file:
        begin = found.first
        if begin:
            begin = _next_line(file.fileno(), begin - 1, found)
        if begin >= found.last:
            return Lines(begin, b"")
        parts = [_pread(file.fileno(), begin, found.last - begin)]
        end = begin + len(parts[0])
        while not parts[-1].endswith(b"\n"):
            more = _pread(file.fileno(), end, _COPY_BYTES)
            if not more:
                break
            cut = more.find(b"\n") + 1 or len(more)
            parts.append(more[:cut])
            end += cut
            if end - found.last > MAX_LINE:
                raise RecordError(f"{found.path}: a line after byte {begin} is longer than {MAX_LINE} bytes")
    return Lines(begin, b"".join(parts))


def read_bytes(path: str, first: int, length: int) -> bytes:
    """`length` bytes of a file from `first` on."""
    with open(path, "rb", buffering=0) as file:
        return _pread(file.fileno(), first, length)


def _pread(descriptor: int, first: int, length: int) -> bytes:
    data = os.pread(descriptor, length, first)
    if len(data) == length or not data:
        return data
    parts, got = [data], len(data)
    while got < length and (data := os.pread(descriptor, length - got, first + got)):
        parts.append(data)
        got += len(data)
    return b"".join(parts)


def _next_line(descriptor: int, at: int, found: Range) -> int:
    """Where the first line begins after the first line feed at or after `at`; the end of the range if none does."""
    while at < found.last:
        data = os.pread(descriptor, min(_COPY_BYTES, found.last - at), at)
        if not data:
            break
        cut = data.find(b"\n") + 1
        if cut:
            return at + cut
        at += len(data)
    return found.last
