"""`cleaner dedup` and `cleaner index`, as they are called."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from cleaner.cli import dedup, index
from cleaner.errors import ConfigError, IndexMismatch
from cleaner.records import ledger
from cleaner.records.files import read_lines
from tests.dedup.samples import corpus, first_of_components

CODE = """
import argparse, sys
from cleaner.cli import dedup
parser = argparse.ArgumentParser()
dedup.add_arguments(parser)
sys.exit(dedup.run(parser.parse_args(sys.argv[1:])))
"""


def call(verb, *argv):
    parser = argparse.ArgumentParser(allow_abbrev=False)
    verb.add_arguments(parser)
    return verb.run(parser.parse_args(list(map(str, argv))))


def command(*argv, **options):
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", CODE, *map(str, argv)], env=environment, **options)


@pytest.fixture
def records(tmp_path):
    texts = corpus(200, seed=41)
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps({"id": at, "text": text}) + "\n" for at, text in enumerate(texts)))
    return path, texts


def rows(path):
    return [json.loads(line.data) for line in read_lines([path])]


@pytest.mark.parametrize("option", ["-o", "--removed", "--clusters", "--quarantine"])
def test_an_input_is_never_overwritten(tmp_path, records, option):
    path, _ = records
    before = path.read_bytes()
    argv = [path, "-o", tmp_path / "out", "--jobs", 1, option, f"{tmp_path}/./in.jsonl"]
    with pytest.raises(ConfigError, match="in.jsonl: is an input"):
        call(dedup, *argv)
    assert path.read_bytes() == before


def test_devices_and_links_are_written_to_and_never_replaced(tmp_path, records):
    path, _ = records
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE) as reader:
        assert call(dedup, path, "-o", tmp_path / "pipe", "--work", tmp_path / "work", "--jobs", 1) == 0
        piped = reader.communicate()[0]
    assert call(dedup, path, "-o", tmp_path / "link", "--jobs", 1) == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == piped != b""
    assert not list(tmp_path.glob("*.part"))


def test_documents(tmp_path, records, capsys):
    path, texts = records
    out, removed = tmp_path / "out.zst", tmp_path / "removed"
    assert call(dedup, path, "-o", out, "--removed", removed, "--jobs", 1) == 0
    expected = first_of_components(texts)
    assert [row["id"] for row in rows(out)] == [at for at, one in enumerate(expected) if at == one]
    assert {row["id"]: row["kept"] for row in rows(removed)} == {
        at: one for at, one in enumerate(expected) if at != one
    }
    assert f"200 documents, {len(rows(removed))} removed" in capsys.readouterr().err


def test_from_stdin_to_stdout(tmp_path, records):
    path, texts = records
    with path.open("rb") as stdin:
        process = command("--work", tmp_path / "w", stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate()
    assert process.returncode == 0, err
    expected = first_of_components(texts)
    assert [json.loads(line)["id"] for line in out.splitlines()] == [at for at, one in enumerate(expected) if at == one]
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_run_goes_on(tmp_path, jobs):
    """Killed without warning at whatever point; the rerun gives the same bytes and does not begin anew."""
    lines = [json.dumps({"id": at, "text": text}) for at, text in enumerate(corpus(1200, seed=5, length=400))]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(lines * 8))
    assert call(dedup, path, "-o", tmp_path / "whole", "--jobs", 1, "-q") == 0
    out, work = tmp_path / "out", tmp_path / "out.work"
    process = command(path, "-o", out, "--jobs", jobs, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (work / "chunk-0000000").exists():
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    process = command(path, "-o", out, "--jobs", jobs, stderr=subprocess.PIPE)
    _, err = process.communicate()
    assert process.returncode == 0
    assert b"going on with the run" in err
    assert out.read_bytes() == (tmp_path / "whole").read_bytes()
    assert not work.exists()


def test_lines_copied_beside_the_rest_appear_only_with_it(tmp_path, records):
    path, _ = records
    out, removed = tmp_path / "out", tmp_path / "removed"
    assert call(dedup, path, "-o", tmp_path / "alone", "--removed", tmp_path / "alone.removed", "--jobs", 1) == 0
    removed.mkdir()
    with pytest.raises(OSError, match="removed"):
        call(dedup, path, "-o", out, "--removed", removed, "--jobs", 2)
    assert not out.exists()
    removed.rmdir()
    assert call(dedup, path, "-o", out, "--removed", removed, "--jobs", 2) == 0
    assert out.read_bytes() == (tmp_path / "alone").read_bytes()
    assert removed.read_bytes() == (tmp_path / "alone.removed").read_bytes()


def test_bad_lines_are_told_and_can_fail_the_run(tmp_path, records, capsys):
    path, _ = records
    path.write_bytes(path.read_bytes() + b"{broken\n")
    quarantine = tmp_path / "bad"
    assert call(dedup, path, "-o", tmp_path / "out", "--jobs", 1) == 0
    assert "1 lines could not be read; --quarantine FILE keeps them" in capsys.readouterr().err
    assert call(dedup, path, "-o", tmp_path / "out", "--quarantine", quarantine, "--strict", "-q") == 1
    assert [row["line"] for row in rows(quarantine)] == [201]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--ledger", "x"], "--ledger: not with --level document"),
        (["--level", "paragraph", "--removed", "x"], "--removed: not with --level paragraph"),
        (["--threshold", "7"], "threshold 7"),
        (["--score-field", "q"], "expected keep 'best'"),
    ],
)
def test_wrong_options_are_named(tmp_path, records, argv, message):
    with pytest.raises(ConfigError, match=message):
        call(dedup, records[0], "-o", tmp_path / "out", *argv)


@pytest.mark.parametrize("jobs", [1, 2])
def test_paragraphs_with_a_ledger(tmp_path, jobs, capsys):
    long = "Every spring the choir of the valley meets in the barn, sings through the night and goes home at dawn, as it did "
    long += "in the days of their grandparents, who built the barn for that alone."
    texts = [f"Story {number}\n\n{long}\n\nPrint this page\n\n- Print this page" for number in range(6)]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps({"id": at, "n": 1.50, "text": text}) + "\n" for at, text in enumerate(texts)))
    out, entries = tmp_path / "out", tmp_path / "ledger"
    options = ("--level", "paragraph", "--jobs", jobs, "--max-documents", 5)
    assert call(dedup, path, "-o", out, "--ledger", entries, *options) == 0
    found = [row["text"] for row in rows(out)]
    assert found[0] == texts[0]
    assert found[1:] == [f"Story {number}\n\n- Print this page" for number in range(1, 6)]
    header, *listed = rows(entries)
    assert header["ledger"] == 1
    assert {edit[2] for row in listed for edit in row["edits"]} == {"dedup.paragraph/frequent"}
    lines = [line.data for line in read_lines([entries])][1:]
    restored = ledger.restored((line.data for line in read_lines([out])), lines, "text")
    assert b"\n".join([*restored, b""]) == path.read_bytes()
    assert "dedup.paragraph/frequent: 10 paragraphs" in capsys.readouterr().err


def test_index(tmp_path, records, capsys):
    path, _ = records
    old, new = tmp_path / "old", tmp_path / "new"
    lines = path.read_text().splitlines(keepends=True)
    old.write_text("".join(lines[:150]))
    new.write_text("".join(lines[150:]))
    place, matches = tmp_path / "index", tmp_path / "matches"
    assert call(index, "create", "--index", place) == 0
    assert call(index, "add", "--index", place, old, "--jobs", 1) == 0
    assert call(index, "query", "--index", place, "-o", matches, new, "--jobs", 1) == 0
    asked = rows(matches)
    assert asked
    assert all(set(row) == {"id", "match", "similarity"} and row["id"] >= 150 > row["match"] for row in asked)
    assert call(index, "add", new, "--index", place, "-o", matches) == 0
    added = rows(matches)
    assert [row for row in added if row["match"] < 150] == asked
    assert all(row["match"] < row["id"] for row in added)
    capsys.readouterr()
    assert call(index, "remove", "--index", place, 0, "nothing") == 0
    assert "1 documents removed" in capsys.readouterr().err
    assert call(index, "info", "--index", place) == 0
    info = json.loads(capsys.readouterr().out)
    assert (info["documents"], info["removed"], info["settings"]["bands"]) == (199, 1, 25)
    assert call(index, "create", "--index", tmp_path / "other") == 0
    assert call(index, "merge", "--index", tmp_path / "other", place) == 0
    assert "199 documents added" in capsys.readouterr().err
    with pytest.raises(IndexMismatch, match="threshold is 0.8, expected 0.7"):
        call(index, "query", "--index", place, new, "--threshold", 0.7)
