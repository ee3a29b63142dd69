"""WARC files as input: WET conversions without any library, responses with their HTML through FastWARC.

The reader only cuts the stream at record borders, by each record's `Content-Length`; what is inside is looked at where
the records are cleaned.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from cleaner.errors import ConfigError, RecordError
from cleaner.records.files import MAX_LINE, Batch, Stream

_HEAD_END: Final = b"\r\n\r\n"
_MAX_HEAD: Final = 1 << 20


class _Named(Stream, Protocol):
    name: str
    index: int


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """One record of a WARC file.

    `number` counts all records of the file from 1. Exactly one of `text` (a conversion) and `html` (a response, as the
    server sent it, transfer encodings undone) is set. `charset` is what the HTTP header says, if anything.
    """

    number: int
    id: str
    url: str
    date: str
    language: str
    text: str | None = None
    html: bytes | None = None
    charset: str | None = None


def warc_batches(stream: _Named, data: bytes, *, size: int, first: int, offset: int) -> Iterator[Batch]:
    """Batches of whole WARC records of about `size` bytes; `data` is what has been read already."""
    while data:
        end = count = 0
        while end < max(size, 1) and end < len(data):
            length, data = _record_length(stream, data, end, offset)
            end += length
            count += 1
        yield Batch(stream.name, "warc", first, count, offset, data[:end], stream.index)
        first, offset, data = first + count, offset + end, data[end:]
        if len(data) < size:
            data += stream.read(size)


def _record_length(stream: _Named, data: bytes, start: int, offset: int) -> tuple[int, bytes]:
    """The length of the record at `start`, and `data` with at least that record in it."""
    head_end = data.find(_HEAD_END, start)
    while head_end < 0:
        more = stream.read(1 << 16) if len(data) - start < _MAX_HEAD else b""
        if not more:
            raise RecordError(
                f"{stream.name}: byte {offset + start}: expected a WARC record, found no end of its header"
            )
        data += more
        head_end = data.find(_HEAD_END, start)
    head = _headers(data[start:head_end])
    try:
        content = int(head.get("content-length", ""))
    except ValueError:
        content = -1
    if not data.startswith(b"WARC/", start) or not 0 <= content <= MAX_LINE:
        raise RecordError(f"{stream.name}: byte {offset + start}: expected a WARC record with its Content-Length")
    length = head_end + 4 + content + 4 - start
    if missing := max(0, start + length - len(data)):
        parts = [data]
        while missing > 0 and (part := stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        data = b"".join(parts)
    if missing > 4:
        raise RecordError(f"{stream.name}: byte {offset + start}: the last WARC record is cut off")
    return length - missing, data


def _headers(head: bytes) -> dict[str, str]:
    """Names in lower case and values of a WARC header block."""
    pairs = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def split_warc(batch: Batch) -> tuple[Batch, Batch]:
    """The same records as two batches; only for two records or more."""
    half, end = batch.count // 2, 0
    for _ in range(half):
        head_end = batch.data.index(_HEAD_END, end)
        end = head_end + 8 + int(_headers(batch.data[end:head_end])["content-length"])
    first = replace(batch, data=batch.data[:end], count=half)
    rest = replace(
        batch,
        data=batch.data[end:],
        first=batch.first + half,
        count=batch.count - half,
        offset=batch.offset + end,
    )
    return first, rest


def warc_records(batch: Batch) -> Iterator[WarcRecord]:
    """The conversions and HTML responses of a `warc` batch; other kinds of records are passed over."""
    data, start, number = batch.data, 0, batch.first
    while start < len(data):
        head_end = data.index(_HEAD_END, start)
        head = _headers(data[start:head_end])
        end = head_end + 4 + int(head["content-length"])
        kind = head.get("warc-type", "")
        if kind == "conversion":
            text = data[head_end + 4 : end].decode("utf-8", "replace")
            yield _record(number, head, text=text)
        elif kind == "response" and (page := _response(data[start : end + 4])):
            yield _record(number, head, html=page[0], charset=page[1])
        start, number = end + 4, number + 1


def _record(
    number: int, head: dict[str, str], *, text: str | None = None, html: bytes | None = None, charset: str | None = None
) -> WarcRecord:
    return WarcRecord(
        number,
        head.get("warc-record-id", "").strip("<>"),
        head.get("warc-target-uri", "").strip("<>"),
        head.get("warc-date", ""),
        head.get("warc-identified-content-language", ""),
        text,
        html,
        charset,
    )


def _response(data: bytes) -> tuple[bytes, str | None] | None:
    """The HTML of a response record and the charset its HTTP header names; None where it is no HTML page."""
    try:
        from fastwarc.warc import ArchiveIterator
    except ImportError as error:
        raise ConfigError("WARC responses need the extra `warc` (the package FastWARC); WET files do not") from error
    for record in ArchiveIterator(io.BytesIO(data), parse_http=True, auto_decode="all"):
        kind = record.http_content_type or ""
        if "html" in kind or not kind:
            return record.reader.read(), record.http_charset
    return None
