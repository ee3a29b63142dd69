"""WARC input: WET conversions and HTML responses, cut at record borders."""

from __future__ import annotations

import gzip

import pytest

from cleaner.errors import RecordError
from cleaner.records.files import Input, read_batches
from cleaner.records.wet import warc_records


def warc(kind: str, url: str, body: bytes, *extra: str) -> bytes:
    head = [
        "WARC/1.0",
        f"WARC-Type: {kind}",
        f"WARC-Target-URI: {url}",
        "WARC-Date: 2024-05-18T01:58:10Z",
        f"WARC-Record-ID: <urn:uuid:{url[-1]}>",
        *extra,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body + b"\r\n\r\n"


TEXT = "Ein Satz über Äpfel.\n\r\n\r\nWARC/1.0 is only text here.\nEnd"
INFO = warc("warcinfo", "-", b"Software-Info: x")
ONE = warc("conversion", "http://a.example/1", TEXT.encode(), "WARC-Identified-Content-Language: deu")
TWO = warc("conversion", "http://a.example/2", b"")
PAGE = "<p>caf\xe9</p>".encode("latin-1")
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
CHUNKED = HTTP + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(PAGE), PAGE)
IMAGE = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nPNG"


def read(path, size):
    with Input(path) as stream:
        batches = list(read_batches(stream, size=size))
    assert {batch.kind for batch in batches} == {"warc"}
    return batches, [record for batch in batches for record in warc_records(batch)]


@pytest.mark.parametrize("size", [16, 300, 1_000_000])
def test_wet_members(tmp_path, size):
    path = tmp_path / "x.warc.wet.gz"
    path.write_bytes(b"".join(map(gzip.compress, (INFO, ONE, TWO))))
    batches, records = read(path, size)
    assert sum(batch.count for batch in batches) == 3
    assert b"".join(batch.data for batch in batches) == INFO + ONE + TWO
    assert [(r.number, r.url, r.id, r.text, r.language) for r in records] == [
        (2, "http://a.example/1", "urn:uuid:1", TEXT, "deu"),
        (3, "http://a.example/2", "urn:uuid:2", "", ""),
    ]


@pytest.mark.parametrize("size", [16, 1_000_000])
def test_responses(tmp_path, size):
    pytest.importorskip("fastwarc")
    path = tmp_path / "x.warc"
    path.write_bytes(
        warc("request", "http://a.example/1", b"GET / HTTP/1.1\r\n\r\n")
        + warc("response", "http://a.example/2", CHUNKED, "Content-Type: application/http; msgtype=response")
        + warc("response", "http://a.example/3", IMAGE, "Content-Type: application/http; msgtype=response")
    )
    _, [record] = read(path, size)
    assert (record.number, record.html, record.charset, record.text) == (2, PAGE, "iso-8859-1", None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (ONE + TWO[:-10], "byte 0|cut off|end of its header"),
        (ONE[:80], "no end of its header"),
        (ONE + b"x" * 30 + b"\r\n\r\n", "expected a WARC record with its Content-Length"),
    ],
)
def test_broken(tmp_path, data, message):
    path = tmp_path / "broken.warc"
    path.write_bytes(data)
    with pytest.raises(RecordError, match=message):
        read(path, 16)


def test_missing_line_ends_after_the_last_record(tmp_path):
    path = tmp_path / "x.warc"
    path.write_bytes(ONE[:-4])
    assert read(path, 16)[1][0].text == TEXT
