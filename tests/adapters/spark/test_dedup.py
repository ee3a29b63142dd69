"""Dedup on Spark gives what one machine gives, byte by byte."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cleaner.adapters.spark import sources
from cleaner.adapters.spark.__main__ import main as spark_main
from cleaner.adapters.spark.components import components
from cleaner.adapters.spark.deduping import dedup
from cleaner.adapters.spark.layout import write_layout
from cleaner.adapters.spark.sketching import Rows, SketchRows, made_rows
from cleaner.adapters.spark.writing import KeepRows
from cleaner.cli import main
from cleaner.dedup.reading import Reading
from cleaner.dedup.settings import Settings
from cleaner.errors import RecordError
from tests.dedup.samples import corpus, words


def written(folder, records, files=3):
    """JSON lines in several files whose sizes are not in the order of their names."""
    folder.mkdir()
    cuts = sorted(random.Random(1).sample(range(1, len(records)), files - 1))
    paths = []
    for number, (low, high) in enumerate(zip([0, *cuts], [*cuts, len(records)], strict=True)):
        paths.append(folder / f"part-{number}.jsonl")
        paths[-1].write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records[low:high]))
    return [str(path) for path in paths]


def records(count=300, seed=2):
    made = corpus(count, seed=seed)
    rows = [{"id": f"d{number}", "text": text, "rank": number % 7} for number, text in enumerate(made)]
    rows[5] = {"id": 5, "none": 1}
    return rows


def lines_of(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.glob("part-*")))


def in_order(lines):
    return sorted(lines.splitlines())


def one_machine(tmp_path, paths, *options):
    out, removed = tmp_path / "one.jsonl", tmp_path / "one.removed"
    extra = () if "paragraph" in options else ("--removed", str(removed))
    assert main(["dedup", *paths, "-o", str(out), *extra, "-q", "-j", "1", *options]) == 0
    return out.read_bytes(), removed.read_bytes() if extra else b""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return written(tmp_path_factory.mktemp("documents") / "in", records())


def test_documents_with_a_killed_worker(spark, tmp_path, files, killer):
    """Kept and removed ones are those of one machine, though a worker dies in the middle of a task."""
    with killer:
        source = sources.read(spark, [files[0].rsplit("/", 1)[0]])
        found = dedup(source, work=str(tmp_path / "work"), chunk_bytes=10_000)
        sources.write(found.kept, str(tmp_path / "kept"), lines=True)
        sources.write(found.removed, str(tmp_path / "removed"), lines=True)
    assert killer.killed
    kept, removed = one_machine(tmp_path, files)
    # Spark hands out splits by size, so the files of the output stand in another order.
    assert in_order(lines_of(tmp_path / "kept")) == in_order(kept)
    assert lines_of(tmp_path / "removed") == removed
    assert removed.count(b"\n") > 50
    assert found.counts.documents == 299


def test_the_command_with_the_best_kept(spark, tmp_path, files, capsys):
    out, removed = tmp_path / "out", tmp_path / "removed"
    best = ("--keep", "best", "--score-field", "rank")
    assert spark_main(["dedup", *files, str(out), "--removed", str(removed), *best]) == 0
    expected = one_machine(tmp_path, files, *best)
    assert in_order(lines_of(out)) == in_order(expected[0])
    assert lines_of(removed) == expected[1]
    assert not (tmp_path / "out.work").exists()
    assert spark_main(["dedup", *files, "s3a://bucket/out"]) == 2
    assert "--work" in capsys.readouterr().err


def pages(count=60):
    rng = random.Random(4)
    shared = [" ".join(words(rng, 30)) + "." for _ in range(12)]
    rows = []
    for number in range(count):
        body = [" ".join(words(rng, 25)), rng.choice(shared), rng.choice(shared) + " more", "Sign up for the letter", "- item"]
        rng.shuffle(body)
        rows.append({"id": number, "text": "\n\n".join(body) if number % 9 else body[0], "url": "https://a.example"})
    return rows


def test_paragraphs_of_lines_and_of_columns(spark, tmp_path):
    rows = pages()
    paths = written(tmp_path / "in", rows)
    found = dedup(sources.read(spark, paths), work=str(tmp_path / "work"), level="paragraph", chunk_bytes=9_000)
    sources.write(found.kept, str(tmp_path / "kept"), lines=True)
    expected, _ = one_machine(tmp_path, paths, "--level", "paragraph")
    assert in_order(lines_of(tmp_path / "kept")) == in_order(expected)
    assert expected != b"".join(Path(path).read_bytes() for path in paths)
    frame = spark.createDataFrame(rows, "id long, text string, url string").repartition(1).persist()
    order = [row["id"] for row in frame.collect()]
    again = dedup(frame, work=str(tmp_path / "work-2"), level="paragraph").kept.collect()
    texts = {row["id"]: row["text"] for row in map(json.loads, expected.splitlines())}
    assert [row["id"] for row in again] == order
    if order == list(range(len(rows))):
        assert {row["id"]: row["text"] for row in again} == texts


def test_paragraphs_of_a_chunk_with_nothing_to_cut(tmp_path):
    from cleaner.adapters.spark.layout import Layout, rows_of
    from cleaner.adapters.spark.sources import Origin
    from cleaner.dedup.store import Arrays, write_arrays

    write_layout(tmp_path, [(Origin(0, "a", 0, 0), 3, 3, 3)])
    path = Layout(tmp_path).path(0)
    write_arrays(path, {"starts": np.arange(3, dtype=np.int64)})
    stored = Arrays(path)
    assert rows_of(stored, "starts", np.array([2, 0])).tolist() == [2, 0]
    assert rows_of(stored, "starts", np.array([], np.int64)).tolist() == []
    stored.close()


def test_a_crowded_bucket_in_slices(spark, tmp_path, monkeypatch):
    """A bucket that is cut on one machine is cut in the same way in slices."""
    from cleaner.adapters.spark import bands
    from cleaner.adapters.spark.layout import Layout
    from cleaner.adapters.spark.sources import Origin
    from cleaner.dedup import clusters as clustering
    from cleaner.dedup.corpus import Corpus, sketch_sections
    from cleaner.dedup.sketch import Sketcher, Sketches, starts_of
    from cleaner.dedup.store import write_arrays
    from cleaner.dedup.verify import Comparer

    settings = Settings(unit="word")
    made = Sketcher(settings).texts([text for text in corpus(500, seed=8, length=40) if len(text) > 40])
    keys = np.zeros_like(made.keys)
    crowded = Sketches(made.sets, made.sizes, made.digests, keys, made.marks, made.signatures)
    origin = Origin(0, "a", 0, 0)
    write_layout(tmp_path, [(origin, len(crowded), len(crowded), len(crowded))])
    path = Layout(tmp_path).path(0)
    sections = {**sketch_sections(crowded), "set_starts": starts_of(crowded.sizes)[:-1] * 8}
    write_arrays(path, sections)
    monkeypatch.setattr(clustering, "_LOOKS", 20 * len(crowded))
    one = Corpus([path])
    whole = clustering.find(one, settings.with_bands(1), compare=Comparer(one))
    search = bands.Search(folder=str(tmp_path), settings=settings, first=0, last=1, shards=1, slice_texts=50)
    import pyarrow as pa

    batch = pa.RecordBatch.from_pydict({"id": [0]})
    found = list(bands.FindJoins(search)(bands.EmitKeys(search)(iter([batch]))))
    slices = [batch for batch in found if batch.num_rows and batch.column("kind")[0].as_py() == bands.SLICE]
    assert sum(batch.num_rows for batch in slices) > 4
    joins = [batch for batch in found if batch.num_rows and batch.column("kind")[0].as_py() in (bands.JOIN, bands.SAME)]
    joins += list(bands.FindInSlices(search)(iter(slices)))
    parent = np.arange(len(crowded))
    from cleaner.dedup import kernel

    for batch in joins:
        node, other = batch.column("node").to_numpy().copy(), batch.column("other").to_numpy().copy()
        kernel.load().unite(parent, node, other)
    assert (parent == whole.parent).all()
    assert len(np.unique(parent)) < len(parent)
    assert whole.cut[0] == 1


def test_components_in_the_engine(spark, tmp_path):
    rng = np.random.default_rng(5)
    pairs = [(number, number + 1) for number in range(14)] + [(1000, number) for number in range(100, 160)]
    pairs += [tuple(map(int, pair)) for pair in rng.integers(2000, 2200, (80, 2)) if pair[0] != pair[1]]
    frame = spark.createDataFrame(pairs, "node long, other long").repartition(3)

    def store(one, name):
        one.write.parquet(str(tmp_path / name))
        return spark.read.parquet(str(tmp_path / name))

    def found(limit, name):
        return sorted(map(tuple, components(frame, store=store, name=name, in_one_task=limit).collect()))

    expected = found(10**9, "one")
    assert found(0, "stars") == expected
    assert (14, 0) in expected and (1000, 100) in expected


def test_other_rows_in_the_second_pass_are_told(tmp_path):
    """Rows are numbered when they are read first; one more later on would shift the answers by a row."""
    import pyarrow as pa

    rows = Rows(reading=Reading(), lines=True, paragraphs=False)

    def batches(count, block=0):
        columns = {"value": [json.dumps({"id": number, "text": f"text {number}"}) for number in range(count)]}
        origin = {sources.SOURCE: [0] * count, sources.PATH: ["a"] * count, sources.BLOCK: [block] * count}
        yield pa.RecordBatch.from_pydict({**columns, **origin})

    [made] = list(SketchRows(str(tmp_path), Settings(), rows)(batches(5)))
    write_layout(tmp_path, made_rows([SimpleNamespace(**row) for row in made.to_pylist()]))
    for other in (batches(6), batches(5, block=7)):
        with pytest.raises(RecordError, match="other rows than when they were read first"):
            list(KeepRows(str(tmp_path), rows)(other))
