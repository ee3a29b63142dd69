"""Outputs: whole or not at all, compressed in frames that depend on the records alone."""

from __future__ import annotations

import gzip
import json
import random

import pytest

from cleaner.records import outputs
from cleaner.records.files import read_lines
from cleaner.records.outputs import Output

SUFFIXES = ["", ".gz", ".zst"]


@pytest.fixture
def records():
    rng = random.Random(7)
    return [json.dumps({"n": n, "x": rng.randbytes(rng.randrange(900)).hex()}).encode() + b"\n" for n in range(400)]


@pytest.fixture
def small_frames(monkeypatch):
    monkeypatch.setattr(outputs, "FRAME_BYTES", 10_000)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.usefixtures("small_frames")
def test_round_trip_whatever_the_portions(tmp_path, records, suffix):
    whole = tmp_path / f"whole.jsonl{suffix}"
    single = tmp_path / f"single.jsonl{suffix}"
    with Output(whole) as out:
        out.write(b"".join(records))
    with Output(single) as out:
        for record in records:
            out.write(record)
    assert b"".join(line.data + b"\n" for line in read_lines([whole])) == b"".join(records)
    assert whole.read_bytes() == single.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.usefixtures("small_frames")
def test_resume_gives_the_same_bytes(tmp_path, records, suffix):
    whole, resumed = tmp_path / f"whole{suffix}", tmp_path / f"resumed{suffix}"
    with Output(whole) as out:
        out.write(b"".join(records))
    first = Output(resumed)
    first.write(b"".join(records[:150]))
    state = json.loads(json.dumps(first.state()))
    first.write(b"".join(records[150:300]))
    first.leave()
    assert not resumed.exists()
    with Output(resumed, resume=state) as out:
        out.write(b"".join(records[150:]))
    assert resumed.read_bytes() == whole.read_bytes()


def test_frames_are_independent(tmp_path, records, small_frames):
    path = tmp_path / "f.gz"
    with Output(path) as out:
        out.write(b"".join(records))
    data = path.read_bytes()
    second = data.index(b"\x1f\x8b\x08\x00\x00\x00\x00\x00", 1)
    assert gzip.decompress(data[second:]).startswith(b'{"n": ')


def test_nothing_appears_on_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), Output(tmp_path / "f") as out:
        out.write(b"x\n")
        assert (tmp_path / "f.part").exists()
        assert not (tmp_path / "f").exists()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    (tmp_path / "f").write_bytes(b"old")
    with Output(tmp_path / "f") as out:
        out.write(b"new\n")
        assert (tmp_path / "f").read_bytes() == b"old"
    assert (tmp_path / "f").read_bytes() == b"new\n"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_empty_output_is_a_valid_file(tmp_path, suffix):
    with Output(tmp_path / f"f{suffix}"):
        pass
    assert list(read_lines([tmp_path / f"f{suffix}"])) == []
