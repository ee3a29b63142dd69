"""The index on disk: the same answers as brute force, changes that count or do not, refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from cleaner.dedup import DedupIndex, Settings
from cleaner.errors import ConfigError, IndexMismatch
from tests.dedup.samples import corpus, jaccard, shingles

PLAIN = Settings(unit="word")
TEXTS = corpus(200, seed=31)
IDS = [f"n{number}" if number % 3 else number for number in range(200)]


def expected(texts, stored, *, threshold=0.8):
    sets = {number: shingles(TEXTS[number]) for number in stored}
    rows = set()
    for query, text in enumerate(texts):
        own = shingles(text)
        rows |= {
            (query, IDS[number], jaccard(own, one)) for number, one in sets.items() if jaccard(own, one) >= threshold
        }
    return rows


def filled(path, numbers=range(150), *, step=20, settings=PLAIN):
    numbers = list(numbers)
    with DedupIndex.create(path, settings) as index:
        for first in range(0, len(numbers), step):
            part = numbers[first : first + step]
            assert index.add([IDS[one] for one in part], [TEXTS[one] for one in part]) == len(part)


def answers(path, texts=TEXTS[150:]):
    with DedupIndex(path) as index:
        return set(index.query(texts))


@pytest.mark.parametrize("step", [7, 60, 150])
def test_queries_are_exact(tmp_path, step):
    filled(tmp_path / "i", step=step)
    assert answers(tmp_path / "i") == expected(TEXTS[150:], range(150))
    with DedupIndex(tmp_path / "i") as index:
        assert len(index) == 150
        assert IDS[3] in index
        assert IDS[190] not in index
        rows = index.query(TEXTS[150:])
        assert rows == sorted(rows, key=lambda row: (row.query, -row.similarity))
        assert index.info().runs <= 4


def test_arrow(tmp_path):
    pa = pytest.importorskip("pyarrow")
    with DedupIndex.create(tmp_path / "i", PLAIN) as index:
        index.add(pa.array([f"n{number}" for number in range(150)]), pa.array(TEXTS[:150]))
        arrow = index.query(pa.array(TEXTS[150:]))
        assert arrow == index.query(TEXTS[150:])
    assert arrow


def test_an_id_is_added_once(tmp_path):
    filled(tmp_path / "i", range(10))
    with DedupIndex(tmp_path / "i", write=True) as index:
        assert index.add(["new", IDS[4], "new"], ["a", "b", "c"]) == 1
        assert len(index) == 11
        assert [row.id for row in index.query(["a"])] == ["new"]
        assert index.query(["b"]) == []


def test_removed_documents_are_gone(tmp_path):
    filled(tmp_path / "i")
    gone = [number for number in range(150) if number % 2]
    with DedupIndex(tmp_path / "i", write=True) as index:
        assert index.remove([*(IDS[number] for number in gone), "unknown", IDS[1]]) == len(gone)
        assert index.remove([IDS[1]]) == 0
    assert answers(tmp_path / "i") == expected(TEXTS[150:], range(0, 150, 2))
    with DedupIndex(tmp_path / "i", write=True) as index:
        assert index.add([IDS[1]], [TEXTS[1]]) == 1
    assert answers(tmp_path / "i") == expected(TEXTS[150:], [1, *range(0, 150, 2)])
    with DedupIndex(tmp_path / "i") as index:
        assert (index.info().documents, index.info().removed) == (76, 75)


def test_merge(tmp_path):
    filled(tmp_path / "a", range(60))
    filled(tmp_path / "b", range(40, 150))
    with DedupIndex(tmp_path / "b", write=True) as other:
        other.remove([IDS[149]])
    with DedupIndex(tmp_path / "a", write=True) as index, DedupIndex(tmp_path / "b") as other:
        assert index.merge(other) == 89
        assert index.merge(other) == 0
    assert answers(tmp_path / "a") == expected(TEXTS[150:], range(149))


def test_other_settings_are_refused(tmp_path):
    filled(tmp_path / "a", range(5))
    filled(tmp_path / "b", range(5), settings=Settings(ngram=3, unit="word"))
    with (
        DedupIndex(tmp_path / "a", write=True) as index,
        DedupIndex(tmp_path / "b") as other,
        pytest.raises(IndexMismatch, match="ngram is 3, expected 5"),
    ):
        index.merge(other)
    header = json.loads((tmp_path / "a" / "header.json").read_text())
    for change, message in (
        ({"version": 2}, "an index of version 2, expected 1"),
        ({"format": "other"}, "expected an index"),
        ({"settings": {**header["settings"], "normaliser": "nfkc"}}, "normaliser is 'nfkc'"),
        ({"rows": 6}, "expected 6 documents"),
    ):
        (tmp_path / "a" / "header.json").write_text(json.dumps({**header, **change}))
        with pytest.raises(IndexMismatch, match=message):
            DedupIndex(tmp_path / "a")
    with pytest.raises(IndexMismatch, match="expected an index"):
        DedupIndex(tmp_path / "nothing", write=True)
    with pytest.raises(ConfigError, match="expected a new or an empty folder"):
        DedupIndex.create(tmp_path / "b")


def test_what_is_not_committed_does_not_count(tmp_path):
    filled(tmp_path / "i", range(100))
    before = {one.name: one.read_bytes() for one in (tmp_path / "i").iterdir()}
    with pytest.raises(KeyboardInterrupt), DedupIndex(tmp_path / "i", write=True) as index:
        index.add(IDS[100:150], TEXTS[100:150])
        index.remove(IDS[:20])
        assert answers(tmp_path / "i") == expected(TEXTS[150:], range(100))
        raise KeyboardInterrupt
    assert answers(tmp_path / "i") == expected(TEXTS[150:], range(100))
    DedupIndex(tmp_path / "i", write=True).close()
    assert {one.name: one.read_bytes() for one in (tmp_path / "i").iterdir()} == before


def test_a_killed_writer_leaves_the_index_as_it_was(tmp_path):
    filled(tmp_path / "i", range(100))
    code = (
        "import os, sys; from cleaner.dedup import DedupIndex; from tests.dedup.test_index import IDS, TEXTS\n"
        "index = DedupIndex(sys.argv[1], write=True); index.add(IDS[100:], TEXTS[100:]); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "i")], env=environment)
    assert done.returncode == -9
    assert answers(tmp_path / "i") == expected(TEXTS[150:], range(100))
    with DedupIndex(tmp_path / "i", write=True) as index:
        assert index.add(IDS[100:150], TEXTS[100:150]) == 50
    assert answers(tmp_path / "i") == expected(TEXTS[150:], range(150))


def test_one_writer_many_readers(tmp_path):
    filled(tmp_path / "i", range(50))
    with DedupIndex(tmp_path / "i", write=True) as writer:
        with pytest.raises(ConfigError, match="another process is writing"):
            DedupIndex(tmp_path / "i", write=True)
        reader = DedupIndex(tmp_path / "i")
        writer.add(IDS[50:150], TEXTS[50:150])
        writer.commit()
        assert set(reader.query(TEXTS[150:])) == expected(TEXTS[150:], range(50))
        with pytest.raises(ConfigError, match="opened for reading only"):
            reader.add(["x"], ["x"])
        reader.close()
        assert answers(tmp_path / "i") == expected(TEXTS[150:], range(150))


def test_crowded_buckets_are_bounded_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr("cleaner.dedup.index._MOST", 5)
    with DedupIndex.create(tmp_path / "i", PLAIN) as index:
        index.add([f"d{number}" for number in range(30)], ["the very same words each time"] * 30)
        rows = index.query(["the very same words each time"])
        assert {row.similarity for row in rows} == {1.0}
        assert 1 <= len(rows) < 30
        assert index.cut_pairs == (30 - 5) * PLAIN.bands


def test_empty(tmp_path):
    with DedupIndex.create(tmp_path / "i") as index:
        assert index.query(["anything"]) == []
        assert index.add([], []) == 0
        assert index.query([]) == []
    assert answers(tmp_path / "i") == set()
