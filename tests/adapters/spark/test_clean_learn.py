"""Clean and learn on Spark give what the command line gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cleaner.adapters.spark.__main__ import main as spark_main
from cleaner.adapters.spark.learning import learn
from cleaner.cli import main
from tests.memory.pages import corpus

EXAMPLES = Path(__file__).parents[3] / "examples" / "pages.jsonl"


def lines_of(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.glob("part-*")))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The shipped samples and generated sites, with a line that is none."""
    path = tmp_path_factory.mktemp("pages") / "pages.jsonl"
    rows = [*corpus(), *corpus()[:3]]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(EXAMPLES.read_text() + text + "{not json\n" + EXAMPLES.read_text())
    return path


def test_clean_lines(spark, tmp_path, pages, killer):
    with killer:
        arguments = ["clean", str(pages), str(tmp_path / "out"), "--quarantine", str(tmp_path / "bad")]
        assert spark_main(arguments) == 0
    assert killer.killed
    assert main(["clean", str(pages), "-o", str(tmp_path / "one"), "--schema", "cc-wet-jsonl", "-q"]) == 0
    assert lines_of(tmp_path / "out") == (tmp_path / "one").read_bytes()
    assert lines_of(tmp_path / "out") != pages.read_bytes()
    assert json.loads(lines_of(tmp_path / "bad"))["reason"].startswith("not JSON")


def test_clean_columns(spark, tmp_path):
    pytest.importorskip("cleaner.adapters.arrow")
    from cleaner import Cleaner
    from cleaner.adapters.spark import clean

    rows = [json.loads(line) for line in EXAMPLES.read_text().splitlines()]
    texts = [row["text"] for row in rows]
    frame = spark.createDataFrame([(number, text) for number, text in enumerate([*texts, None])], "n int, text string")
    found = {row["n"]: row["text"] for row in clean(frame).collect()}
    assert [found[number] for number in range(len(texts))] == [one.text for one in Cleaner().clean_batch(texts)]
    assert found[len(texts)] is None


@pytest.mark.parametrize("form", ["lines", "columns"])
def test_learn(spark, tmp_path, pages, form):
    from cleaner.adapters.spark import sources

    assert main(["learn", str(pages), "-o", str(tmp_path / "one"), "--schema", "cc-wet-jsonl", "-q"]) == 0
    if form == "lines":
        source = sources.read(spark, [str(pages)])
        found = learn(source, str(tmp_path / "out"), work=str(tmp_path / "work"), chunk_bytes=3000, part_pages=9)
        assert found.bad == 1
    else:
        rows = [json.loads(line) for line in pages.read_text().splitlines() if line.startswith('{"')]
        pairs = [(row["text"], row.get("url")) for row in rows if "text" in row]
        frame = spark.createDataFrame(pairs, "text string, url string")
        found = learn(frame, str(tmp_path / "out"), work=str(tmp_path / "work"))
    assert found.lines > 5
    assert (tmp_path / "out").read_bytes() == (tmp_path / "one").read_bytes()


def test_dedup_from_the_command_line(spark, tmp_path, pages, capsys):
    out = tmp_path / "out"
    assert spark_main(["dedup", str(pages), str(out), "--removed", str(tmp_path / "removed")]) == 0
    assert main(["dedup", str(pages), "-o", str(tmp_path / "one"), "-q", "-j", "1"]) == 0
    assert lines_of(out) == (tmp_path / "one").read_bytes()
    assert not (tmp_path / "out.work").exists()
    assert spark_main(["dedup", str(pages), "s3a://bucket/out"]) == 2
    assert "--work" in capsys.readouterr().err
