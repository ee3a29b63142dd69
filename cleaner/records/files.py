"""Input and output files: plain, gzip or zstandard, split into records at line feeds and at nothing else.

Inputs are told apart by their first bytes, never by their names. Concatenated gzip members and zstandard frames (also
with long windows) are one stream. Memory is bounded by the batch size, or by the longest line where that is longer.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, Self

import numpy as np

from cleaner.errors import RecordError
from cleaner.records.zstd import ZstdError, open_zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STDIN: Final = "-"
BATCH_BYTES: Final = 1_000_000
MAX_LINE: Final = 1 << 30
_SNIFF: Final = 16
_LAST: Final = 8
_FEED: Final = 10
_COUNTED: Final = 1 << 17
_GZIP, _ZSTD, _WARC = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"WARC/1."
_SKIPPABLE: Final = frozenset(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60))

Kind = Literal["jsonl", "warc", "piece"]


class Line(NamedTuple):
    """One line of an input, without its line feed.

    `number` counts from 1, `offset` is the place of the line's first byte in the uncompressed input.
    """

    source: str
    number: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive whole records of one input, as bytes.

    `kind` is `jsonl` (whole lines), `warc` (whole WARC records) or `piece` (a part of a line that is longer than the
    bound; it must be passed on unread). `first` is the number of the first record, `count` how many there are (pieces
    count 0 but for the last one), `offset` the place of `data` in the uncompressed input, `input` the index of the input.
    """

    source: str
    kind: Kind
    first: int
    count: int
    offset: int
    data: bytes
    input: int = 0

    @property
    def end(self) -> int:
        """The place after the batch in the uncompressed input."""
        return self.offset + len(self.data)

    def halves(self) -> tuple[Batch, Batch]:
        """The same lines as two batches; only for `jsonl` of two lines or more."""
        data, middle = self.data, len(self.data) // 2
        cut = data.rfind(b"\n", 0, middle) + 1 or data.find(b"\n", middle) + 1
        lines = data.count(b"\n", 0, cut)
        head = replace(self, data=data[:cut], count=lines)
        rest = replace(
            self, data=data[cut:], first=self.first + lines, count=self.count - lines, offset=self.offset + cut
        )
        return head, rest


class Stream(Protocol):
    """What is needed of an opened input."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; fewer only at the end."""
        ...


class _Rejoined(io.RawIOBase):
    """A raw stream with the bytes that were read for sniffing put back before it."""

    def __init__(self, head: bytes, rest: io.FileIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if self._head:
            view = memoryview(buffer)
            part, self._head = self._head[: len(view)], self._head[len(view) :]
            view[: len(part)] = part
            return len(part)
        return self._rest.readinto(buffer)

    def seek_to(self, offset: int) -> None:
        """Go on at `offset` of the file."""
        self._head = b""
        self._rest.seek(offset)

    def close(self) -> None:
        self._rest.close()
        super().close()


class Input:
    """One opened input: uncompressed bytes, its name for messages, and how far the file itself has been read."""

    def __init__(self, path: str | os.PathLike[str], index: int = 0) -> None:
        """Open `path` (`-` is stdin); `RecordError` when it cannot be opened."""
        self.index = index
        self.name = "stdin" if os.fspath(path) == STDIN else os.fspath(path)
        try:
            self._raw = _open_raw(os.fspath(path))
            self.size = os.fstat(self._raw.fileno()).st_size if self.name != "stdin" else 0
            head = _read_head(self._raw)
        except OSError as error:
            raise RecordError(f"{self.name}: cannot be read: {error.strerror or error}") from error
        self._joined = _Rejoined(head, self._raw)
        self._buffer = io.BufferedReader(self._joined, 1 << 17)
        self.compressed = True
        if head.startswith(_GZIP):
            self._stream: Stream = gzip.GzipFile(fileobj=self._buffer)
        elif head[:4] == _ZSTD or head[:4] in _SKIPPABLE:
            self._stream = open_zstd(self._buffer)
        else:
            self._stream = self._buffer
            self.compressed = False

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` uncompressed bytes, fewer only at the end; `RecordError` on a damaged or cut-off stream."""
        try:
            return self._stream.read(size)
        except (EOFError, OSError, zlib.error, ZstdError) as error:
            raise RecordError(f"{self.name}: damaged or cut off: {error}") from error

    def skip(self, offset: int) -> None:
        """Go on at `offset` of the uncompressed input; only before the first read."""
        if not self.compressed and self.size:
            self._joined.seek_to(offset)
            return
        while offset > 0:
            passed = len(self.read(min(offset, 1 << 20)))
            if not passed:
                raise RecordError(f"{self.name}: shorter than it was: expected {offset} more bytes")
            offset -= passed

    def left(self) -> int | None:
        """How many bytes are still to be read; None where that is not known."""
        return max(self.size - self.position(), 0) if self.size and not self.compressed else None

    def position(self) -> int:
        """How many bytes of the file itself (compressed or not) have been read."""
        try:
            return self._raw.tell()
        except OSError:
            return 0

    def close(self) -> None:
        """Close the file; stdin stays open."""
        if self.name != "stdin":
            self._buffer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open_raw(path: str) -> io.FileIO:
    if path == STDIN:
        if sys.stdin is None:
            raise RecordError("stdin: cannot be read: it is closed")
        return io.FileIO(sys.stdin.fileno(), "rb", closefd=False)
    return io.FileIO(path, "rb")


def _read_head(raw: io.RawIOBase) -> bytes:
    """The first four bytes, also from a pipe that delivers them one by one."""
    head = b""
    while len(head) < 4 and (part := raw.read(4 - len(head))):
        head += part
    return head


def read_batches(
    stream: Input, *, size: int = BATCH_BYTES, max_line: int = MAX_LINE, first: int = 1, offset: int = 0, even: bool = False
) -> Iterator[Batch]:
    """The records of `stream` from where it stands, in batches of about `size` bytes.

    `first` and `offset` name the place where the stream stands. With `even`, batches of lines shrink towards the end of
    a file, so that several workers are done with the last ones at about the same time.

    WARC files are told by their first bytes and cut at
    record borders. A line longer than `max_line` bytes (at least 16) comes as several `piece` batches.
    """
    size = max(min(size, max_line), _SNIFF)
    start = stream.read(_next_size(stream, size) if even else size)
    if start.startswith(_WARC):
        from cleaner.records.wet import warc_batches

        yield from warc_batches(stream, start, size=size, first=first, offset=offset)
        return
    yield from _line_batches(stream, start, size=size, max_line=max_line, first=first, offset=offset, even=even)


def _next_size(stream: Input, size: int) -> int:
    """How much to read next: an eighth of what is left, but not more than `size` nor less than an eighth of it."""
    left = stream.left()
    return size if left is None else max(min(size, left // _LAST), size // _LAST, _SNIFF)


def _line_batches(
    stream: Input, chunk: bytes, *, size: int, max_line: int, first: int, offset: int, even: bool
) -> Iterator[Batch]:
    held: list[bytes] = []  # the beginning of a line whose end has not been read yet
    length = 0
    passing = False  # inside a line that is too long
    while chunk:
        cut = chunk.find(b"\n") + 1
        kind: Kind = "jsonl"
        if passing or length + (cut or len(chunk) + 1) - 1 > max_line:
            kind, passing, cut, ended = "piece", not cut, cut or len(chunk), int(bool(cut))
        elif cut:
            cut = chunk.rfind(b"\n") + 1
        if cut:
            data = b"".join((*held, chunk[:cut]))
            held, length, chunk = [], 0, chunk[cut:]
            count = ended if kind == "piece" else line_feeds(data)
            yield Batch(stream.name, kind, first, count, offset, data, stream.index)
            first, offset = first + count, offset + len(data)
            if kind == "piece" and chunk:
                continue
        if chunk:
            held.append(chunk)
            length += len(chunk)
        chunk = stream.read(_next_size(stream, size) if even else size)
    if held or passing:
        kind = "piece" if passing else "jsonl"
        yield Batch(stream.name, kind, first, 1, offset, b"".join(held), stream.index)


def read_lines(
    paths: Sequence[str | os.PathLike[str]], *, size: int = BATCH_BYTES, max_line: int = MAX_LINE
) -> Iterator[Line]:
    """The lines of all `paths`, one after another (nothing or `-` is stdin).

    Lines end at a line feed and nowhere else; a carriage return before it stays. A line of more than `max_line` bytes
    and a WARC file raise `RecordError`.
    """
    for path in paths or (STDIN,):
        with Input(path) as stream:
            for batch in read_batches(stream, size=size, max_line=max_line):
                if batch.kind != "jsonl":
                    reason = f"line longer than {max_line} bytes" if batch.kind == "piece" else "expected JSON lines"
                    raise RecordError(f"{stream.name}:{batch.first}: {reason}")
                yield from batch_lines(batch)


def batch_lines(batch: Batch) -> Iterator[Line]:
    """The lines of a `jsonl` batch."""
    number, offset = batch.first, batch.offset
    for data in split_lines(batch.data):
        yield Line(batch.source, number, offset, data)
        number += 1
        offset += len(data) + 1


def line_feeds(data: bytes) -> int:
    """How many line feeds there are; `bytes.count` takes three times as long on a batch."""
    points = np.frombuffer(data, np.uint8)
    return sum(int(np.count_nonzero(points[at : at + _COUNTED] == _FEED)) for at in range(0, len(points), _COUNTED))


def split_lines(data: bytes) -> list[bytes]:
    """`data` split at line feeds; a line feed at the end ends the last line and begins none."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines
