"""A step in a real datatrove pipeline: reader to writer, two tasks in two worker processes."""

import gzip
import json

import pytest

from tests.standin import AdRemover

pytest.importorskip("datatrove")

from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from cleaner.adapters.datatrove import CleanStep
from cleaner.records.files import BATCH_BYTES


def documents(count, seed):
    for number in range(count):
        text = f"Story {number}.\nAD one\nAnother line." if number % 3 else f"Nothing to cut in {number}."
        yield {"id": f"{seed}-{number}", "text": text, "url": f"https://a.example/{number}", "language": "en"}


def test_reader_to_writer_with_two_workers(tmp_path):
    (tmp_path / "in").mkdir()
    made = []
    for shard in range(2):
        rows = list(documents(30, shard))
        made += rows
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / "in" / f"{shard}.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    executor = LocalPipelineExecutor(
        pipeline=[
            JsonlReader(str(tmp_path / "in")),
            CleanStep(AdRemover(), edits="cleaner_edits"),
            JsonlWriter(str(tmp_path / "out")),
        ],
        tasks=2,
        workers=2,
        logging_dir=str(tmp_path / "logs"),
    )
    executor.run()
    written = []
    for path in sorted((tmp_path / "out").iterdir()):
        written += [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert len(list((tmp_path / "out").iterdir())) == 2
    assert [row["id"] for row in written] == [row["id"] for row in made]
    expected = AdRemover().clean_batch([row["text"] for row in made])
    assert [row["text"] for row in written] == [result.text for result in expected]
    for row, result in zip(written, expected, strict=True):
        edits = row["metadata"].get("cleaner_edits", [])
        assert [(one["start"], one["end"], one["rule"]) for one in edits] == [edit[:3] for edit in result.edits]
        assert all(one["text"] == result.source[one["start"] : one["end"]] for one in edits)
    stats = json.loads((tmp_path / "logs" / "stats.json").read_text())
    [step] = [entry["stats"] for entry in stats if "cleaner" in entry["name"]]
    assert total(step["total"]) == total(step["forwarded"]) == 60
    assert total(step["changed"]) == total(step["edits of test.ad/line"]) == 40
    assert total(step["characters of test.ad/line"]) == 40 * len("AD one\n")


def total(value):
    return value["total"] if isinstance(value, dict) else value


def test_pages_errors_and_empty_documents():
    given = [
        Document("", "page", metadata={"html": "<p>A\nAD b</p>"}),
        Document("AD only", "gone"),
        Document("RAISE", "bad"),
        Document("", "nothing"),
    ]
    step = CleanStep(AdRemover(), html="html", error="why", drop_empty=True)
    done = list(step.run(iter(given)))
    assert [(one.id, one.text) for one in done] == [("page", "A"), ("bad", "RAISE"), ("nothing", "")]
    assert done[1].metadata == {"why": "ValueError: asked for"}
    assert step.stats["dropped"].total == 1 and step.stats["not_judged"].total == 1


def test_documents_are_judged_in_batches_and_leave_in_order():
    class Counting(AdRemover):
        calls = 0

        def clean_batch(self, texts, **known):
            self.calls += 1
            return super().clean_batch(texts, **known)

    engine = Counting()
    size = BATCH_BYTES // 20  # of each of 100 documents: a batch must not hold all of them, nor only one
    given = [Document(f"AD x\n{number} " + "y" * size, str(number)) for number in range(100)]
    done = list(CleanStep(engine).run(iter(given)))
    assert [one.text.split()[0] for one in done] == [str(number) for number in range(100)]
    assert 1 < engine.calls < 10
