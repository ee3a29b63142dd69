"""Hugging Face datasets: two processes, streams, and what is stored under a fingerprint."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.standin import AdRemover

datasets = pytest.importorskip("datasets")

from datasets.fingerprint import Hasher

from cleaner import Cleaner
from cleaner.adapters.datasets import DatasetCleaner
from cleaner.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ["A line.\nAD buy this\nAnother.", None, "Nothing to cut.", "AD only"] * 10
CLEAN = ["A line.\nAnother.", None, "Nothing to cut.", ""] * 10


@pytest.fixture(autouse=True)
def _offline(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()


def stored(tmp_path, rows=None):
    """A data set with a file behind it, as from `load_dataset`: only such results are kept and found again."""
    made = datasets.Dataset.from_dict(rows or {"text": TEXTS, "n": list(range(40))})
    made.save_to_disk(tmp_path / "data")
    return datasets.load_from_disk(tmp_path / "data")


def test_map_in_two_processes(tmp_path):
    found = stored(tmp_path)
    done = found.map(DatasetCleaner(AdRemover(), edits="edits"), batched=True, num_proc=2)
    assert done["text"][:] == CLEAN and done["n"][:] == list(range(40))
    assert done[0]["edits"] == [{"start": 8, "end": 20, "rule": "test.ad/line", "score": 0.97, "text": "AD buy this\n"}]
    assert done[1]["edits"] is None and done[2]["edits"] == []


def test_streams():
    stream = datasets.Dataset.from_dict({"text": TEXTS}).to_iterable_dataset(num_shards=2)
    done = stream.map(DatasetCleaner(AdRemover(), dropped="why"), batched=True, batch_size=7)
    assert [row["text"] for row in done] == CLEAN
    assert [row["why"] for row in done] == [None, None, None, "only ads"] * 10


def test_the_arrow_format(tmp_path):
    done = stored(tmp_path).with_format("arrow").map(DatasetCleaner(AdRemover()), batched=True)
    assert done.with_format(None)["text"][:] == CLEAN


def test_empty_records_go(tmp_path):
    done = stored(tmp_path).map(DatasetCleaner(AdRemover(), drop_empty=True), batched=True)
    assert done["text"][:] == [text for text in CLEAN if text != ""]
    assert done["n"][:4] == [0, 1, 2, 4]


def test_nested_columns_and_pages(tmp_path):
    asked = {}

    class Asked(AdRemover):
        def clean_batch(self, texts, **known):
            asked.update(known)
            return super().clean_batch(texts, htmls=known.get("htmls"))

    rows = {"html": ["<p>A\nAD b</p>"], "meta": [{"url": "https://a.example/"}]}
    batch = {name: list(values) for name, values in rows.items()}
    clean = DatasetCleaner(Asked(), html="html", url="meta.url")
    assert clean(batch) == {"text": ["A"]}
    assert asked["urls"] == ["https://a.example/"]
    with pytest.raises(ConfigError, match="'text': not there; expected one of body"):
        DatasetCleaner(AdRemover())({"body": ["x"]})


PACK = """
[pack]
schema = 1
id = "en.my-site"
language = "en"
summary = "mine"
[[rules]]
id = "crest"
class = "promo"
at = "start"
strength = "alone"
phrases = ["printed under the crest of"]
why = "Our printer signs each page."
examples = ["- Printed under the crest of Elm"]
keeps = ["  A crest."]
"""


def test_the_same_rules_find_the_stored_result_and_changed_rules_do_not(tmp_path):
    found = stored(tmp_path, {"text": ["A line.", "Another."]})
    pack = tmp_path / "mine.toml"

    def run(**options):
        before = set((tmp_path / "data").glob("cache-*"))
        clean = DatasetCleaner(Cleaner(languages=["en"], packs=[pack], **options))
        done = found.map(clean, batched=True)
        assert Hasher.hash(clean) == Hasher.hash(pickle.loads(pickle.dumps(clean)))
        return done._fingerprint, len(set((tmp_path / "data").glob("cache-*")) - before)

    pack.write_text(PACK, "utf-8")
    first, made = run()
    assert made == 1
    assert run() == (first, 0)
    other, made = run(ignore=["en.related"])
    assert other != first and made == 1
    pack.write_text(PACK.replace("the crest of", "the seal of").replace("the crest of Elm", "the seal of Elm"), "utf-8")
    third, made = run()
    assert third not in (first, other) and made == 1


def test_other_processes_find_the_stored_result_too():
    script = (
        "from datasets.fingerprint import Hasher; from cleaner import Cleaner\n"
        "from cleaner.adapters.datasets import DatasetCleaner\n"
        "print(Hasher.hash(DatasetCleaner(Cleaner(languages=['en']), url='url')))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {Hasher.hash(DatasetCleaner(Cleaner(languages=["en"]), url="url")).encode() + b"\n"}
