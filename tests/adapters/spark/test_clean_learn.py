"""Clean and learn on Spark give what the command line gives."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from cleaner import SiteMemory
from cleaner.adapters.spark.__main__ import main as spark_main
from cleaner.adapters.spark.learning import learn
from cleaner.cli import main
from tests.memory.pages import article, boxed_page, corpus, page

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "pages.jsonl"


def lines_of(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.glob("part-*")))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The shipped samples and generated sites, one of them with a third of all pages, and a line that is none."""
    path = tmp_path_factory.mktemp("pages") / "pages.jsonl"
    rows = [*corpus(4, 6), *(page("gazette0.example", number) for number in range(6, 24)), *corpus()[:3]]
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


def test_learn(spark, tmp_path, pages):
    from cleaner.adapters.spark import sources

    assert main(["learn", str(pages), "-o", str(tmp_path / "one"), "--schema", "cc-wet-jsonl", "-q"]) == 0
    source = sources.read(spark, [str(pages)])
    found = learn(source, str(tmp_path / "out"), work=str(tmp_path / "work"), chunk_bytes=3000)
    assert found.bad == 1
    assert found.lines > 5
    assert (tmp_path / "out").read_bytes() == (tmp_path / "one").read_bytes()


def large_site(count, name, seed):
    """Pages of a site with a paragraph on all of them, others on some dozens, copies, and pages that change a little."""
    rng = random.Random(seed)
    legal, series = article(rng, 1), article(rng, count // 30 + 1)
    rows = []
    body = article(rng)
    for number in range(count):
        if number % 4 < 2:
            body = article(rng)
        elif number % 4 == 2:
            body = [*body[1:], *article(rng, 1)]
        lines = [
            f"Front of {name}",
            *body,
            series[number * len(series) // count],
            *legal,
            f"{number} readers",
            f"The {name}",
        ]
        rows.append({"id": number, "url": f"https://{name}/{number}", "text": "\n".join(lines)})
    again = rng.sample(rows, count // 5)
    # A line is known by its beginning, so this is the same page in another form.
    forms = [{**row, "text": row["text"].replace(", while", ", and while", 1) + " x" * 200} for row in again[:4]]
    longer = [
        {**row, "text": row["text"] + "y" * 100} for row in again for row in (row, {**row, "text": row["text"] + "y"})
    ]
    rows += [*again, *forms, *longer]
    rng.shuffle(rows)
    return rows


def test_learn_pages(spark, tmp_path):
    """HTML among texts: what their containers hold is counted too, some pages read twice."""
    from cleaner.adapters.spark import sources

    boxed = [boxed_page(number, site) for site in ("one.example", "two.example") for number in range(30)]
    rows = [*boxed, *corpus(2, 5), *boxed[:7], {**boxed[3], "url": boxed[3]["url"] + "?again"}]
    random.Random(2).shuffle(rows)
    path = tmp_path / "pages.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for least in (1, 2):
        assert main(["learn", str(path), "-o", str(tmp_path / "one"), "--min-pages", str(least), "-q"]) == 0
        options = {"chunk_bytes": 20_000, "part_pages": 25, "part_lines": 500, "spooled": 200, "min_pages": least}
        learn(sources.read(spark, [str(path)]), str(tmp_path / "out"), work=str(tmp_path / "work"), **options)
        assert len(SiteMemory.load(tmp_path / "one").sections["containers"]) >= 2
        assert (tmp_path / "out").read_bytes() == (tmp_path / "one").read_bytes()


def test_learn_sites_that_no_task_holds(spark, tmp_path):
    """Two large sites, one of them with few pages that differ, among small ones; what is counted spills."""
    from cleaner.adapters.spark import sources

    few = [page("few.example", number) for number in range(14)] * 4
    rows = [*large_site(150, "large.example", 5), *corpus(4, 6), *few]
    random.Random(1).shuffle(rows)
    path = tmp_path / "pages.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["learn", str(path), "-o", str(tmp_path / "one"), "-q"]) == 0
    options = {"chunk_bytes": 40_000, "part_pages": 40, "part_lines": 2000, "spooled": 300}
    learn(sources.read(spark, [str(path)]), str(tmp_path / "out"), work=str(tmp_path / "work"), **options)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "one").read_bytes()
    [folder] = (tmp_path / "work").iterdir()
    doubles = spark.read.parquet(str(folder / "frames" / "large-doubles"))
    assert doubles.count() > 20


def test_the_sample_of_the_documentation(spark, tmp_path, monkeypatch):
    """All three steps on Parquet, with a memory that is brought to the workers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = (ROOT / "docs" / "scale.md").read_text("utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    rows = [json.loads(line) for line in EXAMPLES.read_text().splitlines()]
    columns = ("id", "url", "language", "text")
    rows = [{name: str(row.get(name) or "") for name in columns} for row in [*rows, *corpus(1), rows[0]]]
    pq.write_table(pa.Table.from_pylist(rows), "pages.parquet")
    Path("pages.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    # Java was started in another folder than this.
    code = code.replace('parquet("', f'parquet("{tmp_path}/')
    exec(compile(code, "scale.md", "exec"), {})
    assert main(["learn", "pages.jsonl", "-o", "memory-1.db", "-q"]) == 0
    assert Path("memory.db").read_bytes() == Path("memory-1.db").read_bytes()
    assert main(["clean", "pages.parquet", "-o", "clean.parquet", "--memory", "memory.db", "-q", "-j", "1"]) == 0
    assert main(["dedup", "clean.parquet", "-o", "unique.parquet", "-q", "-j", "1"]) == 0
    assert pq.read_table("cleaned").to_pylist() == pq.read_table("clean.parquet").to_pylist()
    assert pq.read_table("out").to_pylist() == pq.read_table("unique.parquet").to_pylist()
    assert pq.read_metadata("unique.parquet").num_rows == len(rows) - 1
