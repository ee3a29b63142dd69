"""Inputs: told by their bytes, split at line feeds only, in bounded memory."""

from __future__ import annotations

import gzip
import itertools
import os
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cleaner.errors import RecordError
from cleaner.records import zstd
from cleaner.records.files import Input, batch_lines, read_batches, read_lines, split_lines

LINES = [b'{"text":"one"}', '{"text":"zwei ü\u2028\x85\x0b"}'.encode(), b"", b'{"text":"three"}\r']


def written(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def datas(*paths: str, size: int = 300_000) -> list[bytes]:
    return [line.data for line in read_lines(paths, size=size)]


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        zstd.frame,
        lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:9]) + gzip.compress(data[9:]),
        lambda data: zstd.frame(data[:7]) + zstd.frame(b"") + zstd.frame(data[7:]),
        lambda data: b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstd.frame(data),
    ],
    ids=["plain", "gzip", "zstd", "gzip members", "zstd frames", "zstd after a skippable frame"],
)
def test_compression_is_told_by_first_bytes(tmp_path, pack):
    path = written(tmp_path / "input.with-any-name", pack(b"\n".join(LINES) + b"\n"))
    assert datas(path) == LINES


def test_long_window(tmp_path):
    lib = zstd._zstd
    options = {lib.CompressionParameter.window_log: 28, lib.CompressionParameter.enable_long_distance_matching: 1}
    unique = os.urandom(1 << 16).replace(b"\n", b"x")
    filler = b"y" * (1 << 20) + b"\n"
    with lib.ZstdFile(tmp_path / "long.zst", "wb", options=options) as out:
        out.write(unique + b"\n" + filler * 3 + unique + b"\n")
    lines = datas(str(tmp_path / "long.zst"))
    assert lines[0] == lines[-1] == unique
    assert len(lines) == 5


def test_places(tmp_path):
    first = written(tmp_path / "a", b"x\n\nyy\n")
    second = written(tmp_path / "b", b"zzz")
    assert [tuple(line) for line in read_lines([first, second], size=2)] == [
        (first, 1, 0, b"x"),
        (first, 2, 2, b""),
        (first, 3, 3, b"yy"),
        (second, 1, 0, b"zzz"),
    ]


@settings(max_examples=200)
@given(
    st.lists(st.binary(max_size=60).map(lambda b: b.replace(b"\n", b" ")), max_size=12),
    st.integers(1, 50),
    st.integers(16, 50),
    st.booleans(),
)
def test_batches_lose_nothing(tmp_path_factory, lines, size, max_line, ended):
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    assume(not data.startswith((b"WARC/1.", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"*M\x18")) and data[1:4] != b"*M\x18")
    path = tmp_path_factory.getbasetemp() / "property"
    path.write_bytes(data)
    with Input(path) as stream:
        batches = list(read_batches(stream, size=size, max_line=max_line))
    assert b"".join(batch.data for batch in batches) == data
    assert [batch.offset for batch in batches] == [0, *itertools.accumulate(len(b.data) for b in batches)][
        : len(batches)
    ]
    assert sum(batch.count for batch in batches) == len(split_lines(data))
    whole = [line for batch in batches if batch.kind == "jsonl" for line in batch_lines(batch)]
    expected = split_lines(data)
    assert [(line.number, line.data) for line in whole] == [
        (number, line) for number, line in enumerate(expected, 1) if len(line) <= max_line
    ]


@given(st.lists(st.binary(max_size=9).map(lambda b: b.replace(b"\n", b" ")), min_size=2, max_size=9))
def test_halves(lines):
    data = b"\n".join(lines) + b"\n"
    with_number = read_batch(data, first=5, offset=100)
    head, rest = with_number.halves()
    assert head.count >= 1 and rest.count >= 1
    assert [*batch_lines(head), *batch_lines(rest)] == list(batch_lines(with_number))


def read_batch(data, *, first, offset):
    from cleaner.records.files import Batch

    return Batch("f", "jsonl", first, data.count(b"\n"), offset, data)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.frame], ids=["plain", "gzip", "zstd"])
def test_skip(tmp_path, pack):
    path = written(tmp_path / "f", pack(b"0123\n5678\n"))
    with Input(path) as stream:
        stream.skip(5)
        [batch] = read_batches(stream, first=2, offset=5)
    assert (batch.data, batch.first, batch.offset) == (b"5678\n", 2, 5)


def test_skip_past_the_end_is_an_error(tmp_path):
    with Input(written(tmp_path / "f", gzip.compress(b"abc"))) as stream, pytest.raises(RecordError, match="shorter"):
        stream.skip(9)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.frame], ids=["gzip", "zstd"])
def test_cut_off_stream_names_the_file(tmp_path, pack):
    path = written(tmp_path / "f", pack(os.urandom(100_000))[:-30])
    with pytest.raises(RecordError, match=r"f: damaged or cut off"):
        datas(path)


def test_damaged_gzip(tmp_path):
    data = bytearray(gzip.compress(os.urandom(10_000)))
    data[200:220] = bytes(20)
    with pytest.raises(RecordError, match="damaged"):
        datas(written(tmp_path / "f", bytes(data)))


def test_missing_file():
    with pytest.raises(RecordError, match="no-such-file: cannot be read"):
        datas("no-such-file")


def test_stdin_that_drips():
    """A pipe that delivers single bytes, gzip on it."""
    code = "import sys; from cleaner.records.files import read_lines; [print(l.source, l.data) for l in read_lines([])]"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin

    def drip() -> None:
        for byte in gzip.compress(b"a\nb\n"):
            process.stdin.write(bytes([byte]))
            process.stdin.flush()
        process.stdin.close()

    feeder = threading.Thread(target=drip)
    feeder.start()
    assert process.stdout.read() == b"stdin b'a'\nstdin b'b'\n"
    feeder.join()
    assert process.wait() == 0
    process.stdout.close()


def test_one_long_line_costs_a_small_multiple_of_itself(tmp_path):
    size = 20_000_000
    path = written(tmp_path / "f", b"x" * size + b"\ny\n")
    tracemalloc.start()
    lengths = [len(line.data) for line in read_lines([path])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lengths == [size, 1]
    assert peak < 3.2 * size


def test_memory_does_not_grow_with_the_input(tmp_path):
    path = written(tmp_path / "f", b"x" * 99 + b"\n" + (b"y" * 99 + b"\n") * 200_000)
    tracemalloc.start()
    count = sum(1 for _ in read_lines([path]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_001
    assert peak < 4_000_000


def test_too_long_a_line_is_an_error_for_readers_of_lines(tmp_path):
    with pytest.raises(RecordError, match="f:2: line longer than 20 bytes"):
        list(read_lines([written(tmp_path / "f", b"a\n" + b"b" * 21 + b"\n")], max_line=20))
