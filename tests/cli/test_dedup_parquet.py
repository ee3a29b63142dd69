"""`cleaner dedup` from Parquet to Parquet: the same documents as from JSON lines."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from cleaner.cli import main
from tests.cli.test_clean import environment, wait_for

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def cleaner(*args, code=0):
    assert main([*map(str, args)]) == code


def rows(count, seed=1):
    """Documents of which every fifth is nearly the one before; some without a text, some without an id."""
    rng = random.Random(seed)
    made, last = [], ""
    for number in range(count):
        fresh = "\n".join(" ".join(rng.choices(WORDS, k=12)) for _ in range(4))
        text = f"{last} in the end" if number % 5 == 4 else fresh
        last = text
        row = {"id": None if number % 11 == 5 else f"d{number}", "text": None if number % 13 == 7 else text}
        made.append({**row, "n": number, "score": rng.random()})
    return made


WORDS = [f"word{number}" for number in range(300)]
SCHEMA = pa.schema(
    [("id", pa.string()), ("text", pa.large_string()), ("n", pa.int32()), ("score", pa.float64())], metadata={"a": "b"}
)


def write(path, made, group=30):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(made, SCHEMA), path, row_group_size=group, compression="zstd")


def both(tmp_path, made, shards=3):
    """The same documents as shards of Parquet in `in`, and of JSON lines."""
    size = -(-len(made) // shards)
    names = []
    for number in range(shards):
        part = made[number * size : (number + 1) * size]
        write(tmp_path / "in" / f"part-{number}.parquet", part)
        path = tmp_path / f"part-{number}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in part))
        names.append(path.name)
    return names


def read(folder):
    return [row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize(
    "keep", [(), ("--keep", "longest"), ("--keep", "best"), ("--keep", "best", "--score-field", "score")]
)
def test_the_same_documents_stay_as_from_json_lines(tmp_path, keep):
    names = both(tmp_path, rows(200))
    cleaner("dedup", *names, "-o", "kept.jsonl", "--removed", "removed.jsonl", "--clusters", "clusters.jsonl", *keep)
    for jobs in (1, 3):
        out = f"out{jobs}"
        cleaner("dedup", "in", "-o", out, "--removed", f"{out}.r", "--clusters", f"{out}.c", "-j", jobs, *keep)
        kept = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_bytes().splitlines()]
        assert read(tmp_path / out) == kept and len(kept) < 190
        for mine, lines in ((f"{out}.r", "removed.jsonl"), (f"{out}.c", "clusters.jsonl")):
            found = (tmp_path / mine).read_text().replace("in/part", "part").replace(".parquet:", ".jsonl:")
            assert found == (tmp_path / lines).read_text()
        assert pq.read_schema(f"{out}/part-0.parquet").equals(SCHEMA, check_metadata=True)
        assert not (tmp_path / f"{out}.work").exists()
    for name in ("part-0", "part-1", "part-2"):
        assert (tmp_path / "out1" / f"{name}.parquet").read_bytes() == (
            tmp_path / "out3" / f"{name}.parquet"
        ).read_bytes()


def test_annotations_are_a_column(tmp_path):
    [name] = both(tmp_path, rows(60), shards=1)
    cleaner("dedup", name, "-o", "lines.jsonl", "--annotate")
    cleaner("dedup", "in/part-0.parquet", "-o", "out.parquet", "--annotate")
    expected = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_bytes().splitlines()]
    found = pq.read_table("out.parquet").to_pylist()
    assert any(row["cleaner_dedup"] for row in found)
    for row, line in zip(found, expected, strict=True):
        note = line.pop("cleaner", {}).get("dedup")
        if note and str(note["kept"]).startswith("part-0.jsonl"):
            note["kept"] = note["kept"].replace("part-0.jsonl", "in/part-0.parquet")
        assert row.pop("cleaner_dedup") == note
        assert row == line


def test_paragraphs_are_cut_as_in_json_lines(tmp_path):
    made = rows(120)
    for number, row in enumerate(made):
        if number % 4 == 0 and row["text"]:
            row["text"] += "\nSubscribe to the letter of the harbour today.\nEnd " + str(number)
    names = both(tmp_path, made)
    options = ("--level", "paragraph", "--max-documents", 2)
    cleaner("dedup", *names, "-o", "lines.jsonl", "--ledger", "lines.ledger", *options)
    for jobs in (1, 2):
        cleaner("dedup", "in", "-o", f"out{jobs}", "--ledger", f"led{jobs}", "-j", jobs, *options)
        assert read(tmp_path / f"out{jobs}") == [
            json.loads(line) for line in (tmp_path / "lines.jsonl").read_bytes().splitlines()
        ]
    assert b"dedup.paragraph/frequent" in (tmp_path / "lines.ledger").read_bytes()
    assert len(list((tmp_path / "led1").iterdir())) == 3


def test_kill_and_rerun_gives_the_same_bytes(tmp_path):
    both(tmp_path, rows(3000), shards=4)
    cleaner("dedup", "in", "-o", "calm", "-j", 2)
    kills = 0
    for wait in ("chunk-0000001", "written-00000", "written-00002"):
        arguments = [sys.executable, "-m", "cleaner", "dedup", "in", "-o", "killed", "-j", "1"]
        process = subprocess.Popen(arguments, env=environment(), stderr=subprocess.DEVNULL)
        wait_for(tmp_path / "killed.work" / wait, process)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    assert kills
    cleaner("dedup", "in", "-o", "killed", "-j", 2)
    for path in (tmp_path / "calm").iterdir():
        assert (tmp_path / "killed" / path.name).read_bytes() == path.read_bytes()
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == [f"part-{n}.parquet" for n in range(4)]


def test_what_does_not_fit_is_told(tmp_path, capsys):
    write(tmp_path / "in.parquet", rows(3))
    cleaner("dedup", "in.parquet", "-o", "out.parquet", "--text-field", "body", code=2)
    assert "'body': not there; expected one of id, text, n, score" in capsys.readouterr().err
    cleaner("dedup", "in.parquet", "-o", "out.parquet", "--text-field", "n", code=2)
    assert "'n': expected texts, found int32" in capsys.readouterr().err


def test_a_shard_of_which_nothing_goes_is_copied(tmp_path):
    made = [row for row in rows(40) if row["n"] % 5 != 4]
    write(tmp_path / "in" / "new.parquet", made[:20])
    write(tmp_path / "in" / "old.parquet", [*made[20:], made[0]])
    cleaner("dedup", "in", "-o", "out", "--quiet")
    assert (tmp_path / "out" / "new.parquet").read_bytes() == (tmp_path / "in" / "new.parquet").read_bytes()
    assert pq.read_table(tmp_path / "out" / "old.parquet").column("n").to_pylist() == [row["n"] for row in made[20:]]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["new.parquet", "old.parquet"]
