"""Clusters against brute force, and corpora that are meant to hurt."""

from __future__ import annotations

import itertools
import os
import time

import numpy as np
import pytest

from cleaner.dedup import clusters as clustering
from cleaner.dedup import verify
from cleaner.dedup.corpus import Corpus, write_chunk
from cleaner.dedup.settings import Settings
from cleaner.dedup.sketch import Sketcher, Sketches
from cleaner.dedup.store import Arrays, write_arrays
from cleaner.dedup.verify import Comparer
from cleaner.errors import RecordError
from tests.dedup.samples import corpus, first_of_components, jaccard, shingles

PLAIN = Settings(unit="word")


def stored(folder, texts, settings, *, size=100):
    sketcher = Sketcher(settings)
    paths = []
    for first in range(0, len(texts), size):
        paths.append(folder / f"chunk-{first:07}")
        write_chunk(paths[-1], sketcher.texts(texts[first : first + size]))
    return Corpus(paths)


def found(folder, texts, settings=PLAIN, *, jobs=1, size=100):
    texts = stored(folder, texts, settings, size=size)
    compare = Comparer(texts, jobs=jobs)
    return clustering.choose(clustering.find(texts, settings, compare=compare), compare=compare)


@pytest.mark.parametrize(("threshold", "ngram"), [(0.8, 5), (0.7, 5), (0.9, 3), (0.5, 2), (1.0, 5)])
def test_components_of_exact_pairs(tmp_path, threshold, ngram):
    texts = corpus(300, seed=ngram)
    clusters = found(tmp_path, texts, Settings(threshold=threshold, ngram=ngram, unit="word"))
    expected = first_of_components(texts, threshold, ngram)
    assert clusters.kept.tolist() == expected
    assert 20 < len(clusters.removed) < 280
    for text in clusters.removed.tolist():
        exact = jaccard(shingles(texts[text], ngram), shingles(texts[clusters.kept[text]], ngram))
        assert clusters.similarity[text] == exact
    assert (clusters.cut_buckets, clusters.cut_pairs) == (0, 0)


def test_neither_chunks_nor_jobs_matter(tmp_path, monkeypatch):
    monkeypatch.setattr("cleaner.dedup.verify._WORTH_WORKERS", 1)
    monkeypatch.setattr("cleaner.dedup.verify._TASK_PAIRS", 7)
    texts = corpus(250, seed=11)
    results = []
    for number, (jobs, size) in enumerate(((1, 100), (2, 100), (3, 7))):
        folder = tmp_path / str(number)
        folder.mkdir()
        results.append(found(folder, texts, jobs=jobs, size=size))
    for other in results[1:]:
        assert (other.kept == results[0].kept).all()
        assert (other.similarity == results[0].similarity).all()


def test_threads_and_keys_in_portions_do_not_matter(tmp_path, monkeypatch):
    texts = corpus(250, seed=12)
    (tmp_path / "plain").mkdir()
    expected = found(tmp_path / "plain", texts)
    monkeypatch.setattr("cleaner.dedup.verify._WORTH_A_THREAD", 3)
    for number, (jobs, together, files) in enumerate(((4, 1, 200), (3, 3, 2), (1, 7, 0))):
        monkeypatch.setattr("cleaner.dedup.corpus._KEY_BYTES", 8 * 250 * together)
        monkeypatch.setattr("cleaner.dedup.clusters._KEPT_ORDERS", 8 * 250 * together)
        monkeypatch.setattr("cleaner.dedup.corpus._OPEN_FILES", files)
        folder = tmp_path / str(number)
        folder.mkdir()
        other = found(folder, texts, jobs=jobs, size=20)
        assert other.kept.tolist() == expected.kept.tolist()
        assert other.similarity.tolist() == expected.similarity.tolist()


def test_workers_that_are_not_forked_open_the_files_for_themselves(tmp_path, monkeypatch):
    pools = []
    real = verify.OrderedPool
    monkeypatch.setattr("cleaner.dedup.verify._WORTH_WORKERS", 12)
    monkeypatch.setattr("cleaner.dedup.verify.OrderedPool", lambda *args, **options: pools.append(1) or real(*args, **options))
    texts = corpus(120, seed=11)
    for name in ("alone", "spawned"):
        (tmp_path / name).mkdir()
    alone = found(tmp_path / "alone", texts, jobs=1, size=20)
    assert not pools
    monkeypatch.setattr("threading.active_count", lambda: 2)
    spawned = found(tmp_path / "spawned", texts, jobs=2, size=20)
    assert pools
    assert (spawned.kept == alone.kept).all()
    assert (spawned.similarity == alone.similarity).all()


def test_a_small_budget_gives_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("cleaner.dedup.verify._BUDGET", 200)
    texts = corpus(200, seed=4)
    assert found(tmp_path, texts).kept.tolist() == first_of_components(texts)


def test_the_search_goes_on_from_any_state(tmp_path, monkeypatch):
    monkeypatch.setattr(clustering, "_ROUND_PAIRS", 20)
    settings = Settings(unit="word")
    texts = stored(tmp_path, corpus(300, seed=6), settings)
    compare = Comparer(texts)
    states = []

    def save(progress):
        arrays = {name: getattr(progress, name).copy() for name in ("parent", "same", "distinct", "failed", "cut")}
        states.append(
            {**arrays, "stars": progress.stars, "band": progress.band, "place": progress.place, "row": progress.row}
        )

    whole = clustering.find(texts, settings, compare=compare, save=save)
    assert len(states) > 6
    for state in states:
        copied = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in state.items()}
        resumed = clustering.find(texts, settings, compare=compare, progress=clustering.Progress(**copied))
        assert (resumed.parent == whole.parent).all()
        assert (resumed.cut == whole.cut).all()


def test_a_chain_is_one_cluster_and_says_how_unlike_its_ends_are(tmp_path):
    """A~B~C…: each text shares nine tenths with the next, the ends share nothing."""
    stream = [f"w{number}" for number in range(4000)]
    texts = [" ".join(stream[first : first + 300]) for first in range(0, 3600, 15)]
    clusters = found(tmp_path, texts)
    assert set(clusters.kept.tolist()) == {0}
    assert clusters.similarity[1] > 0.8
    assert clusters.similarity[-1] == 0.0


def test_identical_texts_cost_next_to_nothing(tmp_path):
    """As many equal texts as one likes are one group before any band is looked at."""
    settings = Settings()
    one = Sketcher(settings).texts(["the same few words again and again, and then some more of them"])
    count = 200_000
    many = Sketches(
        np.tile(one.sets, count),
        np.repeat(one.sizes, count),
        np.tile(one.digests, (count, 1)),
        np.tile(one.keys, count),
        np.tile(one.marks, (count, 1)),
        one.signatures,
    )
    write_chunk(tmp_path / "chunk", many)
    texts = Corpus([tmp_path / "chunk"])
    compare = Comparer(texts)
    begin = time.process_time()
    progress = clustering.find(texts, settings, compare=compare)
    clusters = clustering.choose(progress, compare=compare)
    assert time.process_time() - begin < 5
    assert not clusters.kept.any()
    assert (clusters.similarity == 1).all()


def test_a_crowded_bucket_is_bounded_and_told(tmp_path, monkeypatch):
    """Texts of one bucket that are all unlike: the comparisons stay bounded, and what was left out is counted."""
    settings = Settings(unit="word")
    count = 600
    sketches = Sketcher(settings).texts(
        [f"a{number} b{number} c{number} d{number} e{number}" for number in range(count)]
    )
    crowded = Sketches(
        *(sketches.sets, sketches.sizes, sketches.digests),
        *(np.zeros_like(sketches.keys), np.zeros_like(sketches.marks), sketches.signatures),
    )
    write_chunk(tmp_path / "chunk", crowded)
    texts = Corpus([tmp_path / "chunk"])
    compared = 0

    class Counting(Comparer):
        def __call__(self, pairs, least):
            nonlocal compared
            compared += len(pairs)
            return super().__call__(pairs, least)

    monkeypatch.setattr(clustering, "_LOOKS", 10 * count)
    compare = Counting(texts)
    progress = clustering.find(texts, settings, compare=compare)
    clusters = clustering.choose(progress, compare=compare)
    assert len(clusters.removed) == 0
    assert compared < settings.bands * count * 12
    assert clusters.cut_buckets > 0
    assert clusters.cut_pairs > count


def test_one_huge_text_among_small_ones(tmp_path):
    big = " ".join(f"word{number % 50021}x{number % 7}" for number in range(700_000))
    texts = ["small text one two three four five", big, big.replace("word7x", "other7x"), ""]
    clusters = found(tmp_path, texts, size=2)
    assert clusters.kept.tolist() == [0, 1, 1, 3]
    assert clusters.similarity[2] > 0.95


def test_empty_and_one_word_texts(tmp_path):
    texts = ["", "one", "One!", "two", "", "…", "one two"]
    assert found(tmp_path, texts).kept.tolist() == [0, 1, 1, 3, 0, 5, 6]


def test_no_texts(tmp_path):
    assert len(found(tmp_path, []).kept) == 0


def test_the_best_stays(tmp_path):
    base = " ".join(f"w{number}" for number in range(100))
    texts = [base, base + " x", base + " x y", "other words here", base]
    settings = Settings(unit="word")
    stored_texts = stored(tmp_path, texts, settings)
    compare = Comparer(stored_texts)
    progress = clustering.find(stored_texts, settings, compare=compare)
    scores = np.array([1, 5, 5, 0, -np.inf])
    clusters = clustering.choose(progress, compare=compare, score=scores)
    assert clusters.kept.tolist() == [1, 1, 1, 3, 1]
    assert clusters.similarity[4] == jaccard(shingles(texts[1]), shingles(texts[4]))


def test_arrays_come_back(tmp_path):
    path = tmp_path / "arrays"
    arrays = {
        "a": np.arange(6, dtype=np.int64).reshape(3, 2),
        "none": np.empty((0, 4), np.uint8),
        "b": np.ones(5, "f8"),
    }
    write_arrays(path, arrays, about={"x": [1, "ü"]})
    opened = Arrays(path)
    assert opened.about == {"x": [1, "ü"]}
    for name, array in arrays.items():
        assert (opened.read(name) == array).all()
        assert (opened.mapped(name) == array).all()
    assert opened.read("a", 1, 2).tolist() == [[2, 3]]
    opened.close()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RecordError, match="cut off"):
        Arrays(path).read("b")
    path.write_bytes(b"something else")
    with pytest.raises(RecordError, match="expected a file of arrays"):
        Arrays(path)


@pytest.mark.parametrize("files", [1, 64])
def test_sets_are_read_as_they_were_written(tmp_path, monkeypatch, files):
    """In whatever order they lie, with gaps between them; a file that was cut off is told by its name."""
    sketcher = Sketcher(Settings())
    texts = corpus(90, seed=4)
    parts = [sketcher.texts(texts[:40]), sketcher.texts(texts[40:])]
    for number, part in enumerate(parts):
        write_chunk(tmp_path / f"chunk-{number}", part)
    wanted = [part.sets[first:last] for part in parts for first, last in itertools.pairwise(part.starts())]
    monkeypatch.setattr("cleaner.dedup.corpus._FILES_TOGETHER", files)
    monkeypatch.setattr("cleaner.dedup.corpus.CACHED_CHUNKS", files)
    source = Corpus([tmp_path / "chunk-0", tmp_path / "chunk-1"])
    for step in (1, 2, 11):
        ids = np.arange(0, 90, step)
        sets, starts = source.sets(ids)
        for place, one in enumerate(ids.tolist()):
            assert (sets[starts[place] : starts[place + 1]] == wanted[one]).all()
    assert len(source.sets(np.empty(0, np.int64))[0]) == 0
    os.truncate(tmp_path / "chunk-1", os.path.getsize(tmp_path / "chunk-1") // 2)
    assert len(source.sets(np.arange(40))[0]) == sum(map(len, wanted[:40]))
    with pytest.raises(RecordError, match="chunk-1: cut off"):
        source.sets(np.arange(90))
    source.close()
