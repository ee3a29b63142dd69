"""`cleaner learn`, `memory` and `run` as commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.memory.pages import corpus

ROOT = Path(__file__).resolve().parents[2]


def cleaner(*args: object, code: int = 0) -> tuple[str, str]:
    command = [sys.executable, "-m", "cleaner", *map(str, args)]
    done = subprocess.run(
        command, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, text=True
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    records = corpus(sites=2, pages=8)
    for number in range(2):
        part = "".join(json.dumps(record) + "\n" for record in records[number::2])
        (folder / f"{number}.jsonl").write_text(part)
    cleaner("learn", folder / "0.jsonl", folder / "1.jsonl", "-o", folder / "memory.db")
    return folder


def test_learning_is_the_same_for_any_order_and_jobs(folder: Path) -> None:
    _, told = cleaner("learn", folder / "1.jsonl", folder / "0.jsonl", "-o", folder / "other.db", "-j", "2")
    assert "16 pages of 2 sites, 10 recurring lines" in told
    assert (folder / "other.db").read_bytes() == (folder / "memory.db").read_bytes()


def test_show_and_info(folder: Path) -> None:
    shown, _ = cleaner("memory", "show", folder / "memory.db", "www.gazette0.example")
    assert shown.startswith("gazette0.example: 8 pages, 5 recurring lines")
    assert "tail 8" in shown
    assert "The gazette0.example tower" in shown
    told, _ = cleaner("memory", "info", folder / "memory.db", "--json")
    assert [json.loads(line)["pages"] for line in told.splitlines()] == [8, 8]
    _, error = cleaner("memory", "show", folder / "memory.db", "elsewhere.example", code=2)
    assert "no site 'elsewhere.example'" in error


def test_merge_and_prune(folder: Path) -> None:
    for number in range(2):
        cleaner("learn", folder / f"{number}.jsonl", "-o", folder / f"{number}.db", "--min-pages", "1", "-q")
    cleaner("memory", "merge", folder / "0.db", folder / "1.db", "-o", folder / "both.db")
    cleaner("memory", "prune", folder / "both.db", "-o", folder / "small.db", "--min-pages", "2", "--drop", "gazette1.example")
    told, _ = cleaner("memory", "info", folder / "small.db", "--json")
    assert [json.loads(line) for line in told.splitlines()] == [{"site": "gazette0.example", "pages": 8, "lines": 5}]


def test_cleaning_with_memory_and_both_in_one_go_agree(folder: Path) -> None:
    inputs = (folder / "0.jsonl", folder / "1.jsonl")
    stats = folder / "stats.json"
    cleaner("clean", *inputs, "--memory", folder / "memory.db", "-o", folder / "clean.jsonl", "--stats", stats, "-j", "2")
    rules = json.loads(stats.read_text())["rules"]
    assert sum(rules[rule]["edits"] for rule in rules if rule.startswith("common.memory/")) > 16
    cleaner("run", *inputs, "-o", folder / "run.jsonl", "-j", "1")
    assert (folder / "run.jsonl").read_bytes() == (folder / "clean.jsonl").read_bytes()
    assert not [path.name for path in folder.iterdir() if path.name.startswith("run.jsonl.")]
    cleaner("run", *inputs, "-o", folder / "run.jsonl", "--memory", folder / "kept.db")
    assert (folder / "kept.db").read_bytes() == (folder / "memory.db").read_bytes()


def test_errors(folder: Path) -> None:
    _, error = cleaner("learn", folder / "0.jsonl", "-o", folder / "x", "--site", "planet", code=2)
    assert "expected domain, host or prefix:N" in error
    _, error = cleaner("run", "-o", folder / "x", code=2)
    assert "expected files" in error
    _, error = cleaner("clean", folder / "0.jsonl", "--memory", folder / "0.jsonl", "-o", folder / "y", code=3)
    assert "0.jsonl" in error
