"""The kernel against plain Python: words, shingle sets, signatures, overlaps."""

from __future__ import annotations

import functools
import itertools
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.dedup import kernel
from cleaner.dedup.settings import Settings, banding
from cleaner.dedup.sketch import Sketcher, take
from cleaner.dedup.words import ALONE, CONTEXTUAL, is_spaceless, word_table
from cleaner.errors import ConfigError, IndexMismatch
from tests.dedup.samples import corpus, jaccard, shingles

PLAIN = Settings(unit="word")


@pytest.fixture(scope="module")
def sketcher():
    return Sketcher(PLAIN)


@functools.cache
def sketcher_of(**given):
    return Sketcher(Settings(**given))


def sets_of(sketches):
    starts = sketches.starts()
    return [set(sketches.sets[a:b].tolist()) for a, b in itertools.pairwise(starts)]


def test_the_table_is_pythons_own():
    table = word_table("word")
    for point in range(sys.maxunicode + 1):
        char = chr(point)
        lower = char.lower()
        if char in CONTEXTUAL:
            assert table[point] == 0
            continue
        assert len(lower) == 1
        found = table[point] if point < len(table) else 0
        assert found == (ord(lower) if re.match(r"\w", lower) else 0), hex(point)


def test_lowering_twice_changes_nothing():
    """Texts that Python has lowered go through the kernel like others."""
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    lowered = everything.lower()
    assert lowered.lower() == lowered
    assert not set(CONTEXTUAL) & set(lowered)


def test_units():
    auto, char = word_table("auto"), word_table("char")
    assert auto[ord("語")] == ord("語") | ALONE
    assert auto[ord("a")] == ord("a")
    assert char[ord("A")] == ord("a") | ALONE
    assert char[ord(" ")] == auto[ord("。")] == 0
    assert is_spaceless("ไ")
    assert not is_spaceless("한")
    with pytest.raises(ConfigError, match="unit 'x': expected one of auto, word, char"):
        word_table("x")


ALPHABET = "abAB1_ .,-'\n\t\x00éÉüßİΣσςǅ한국中文ไทย🙂\u0301\u200dKÅ\ud800"


@settings(max_examples=400, deadline=None)
@given(st.lists(st.text(st.sampled_from(ALPHABET), max_size=40) | st.text(max_size=20), max_size=6))
def test_shingle_sets_are_those_of_words(texts):
    """As many distinct shingles as plain sets have, equal where and only where those are."""
    texts = [text for text in texts if re.search(r"\w", text.lower())]
    found = sets_of(sketcher_of(unit="word").texts(texts))
    plain = [shingles(text) for text in texts]
    assert [len(one) for one in found] == [len(one) for one in plain]
    for a in range(len(texts)):
        for b in range(a):
            assert len(found[a] & found[b]) == len(plain[a] & plain[b])


@given(st.integers(1, 9), st.lists(st.sampled_from(["a", "b", "c", "dd"]), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_ngram(ngram, tokens):
    text = " ".join(tokens)
    [found] = sets_of(sketcher_of(ngram=ngram, unit="word").texts([text]))
    assert len(found) == len(shingles(text, ngram))


def test_characters_are_words_where_there_are_no_spaces():
    auto = Sketcher(Settings())
    text = "東京は日本の首都である。人口は多い。"
    [found] = sets_of(auto.texts([text]))
    chars = [char for char in text if re.match(r"\w", char)]
    assert len(found) == len({tuple(chars[at : at + 5]) for at in range(len(chars) - 4)})
    spaced = sets_of(
        auto.texts(["東 京 は 日 本 の", "東京は日本の", "alpha 東京 beta は 日本", "alpha東京beta は日本"])
    )
    assert spaced[0] == spaced[1]
    assert spaced[2] == spaced[3]
    assert sets_of(Sketcher(PLAIN).texts(["東京は日本の", "東 京 は 日 本 の"]))[0] != spaced[0]


def test_texts_without_words_are_alike_only_where_they_are_equal(sketcher):
    found = sets_of(sketcher.texts(["", " \n", "!!", "! !", "??", "🙂"]))
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert len({frozenset(one) for one in found}) == 4
    assert all(len(one) == 1 for one in found)


def test_signatures_are_datasketchs():
    datasketch = pytest.importorskip("datasketch")
    given_settings = Settings(permutations=128, seed=7)
    texts = [*corpus(30, seed=3), "one", "", "two words"]
    sketches = Sketcher(given_settings).texts(texts, signatures=True)
    for found, signature in zip(sets_of(sketches), sketches.signatures, strict=True):
        theirs = datasketch.MinHash(128, seed=7, scheme="affine32", hashfunc=lambda value: value & 0xFFFFFFFF)
        theirs.update_batch(found)
        assert (theirs.hashvalues == signature).all()
        ours = datasketch.MinHash(hashvalues=signature, seed=7, scheme="affine32")
        assert ours.jaccard(theirs) == 1.0


def test_an_index_of_datasketch_takes_the_signatures():
    datasketch = pytest.importorskip("datasketch")
    texts = corpus(60, seed=5)
    sketches = Sketcher(PLAIN).texts(texts, signatures=True)
    lsh = datasketch.MinHashLSH(num_perm=128, params=(PLAIN.bands, PLAIN.rows))
    minima = [datasketch.MinHash(hashvalues=one, seed=1, scheme="affine32") for one in sketches.signatures]
    for number, one in enumerate(minima):
        lsh.insert(number, one)
    same = [[bool((sketches.keys[:, a] == sketches.keys[:, b]).any()) for b in range(60)] for a in range(60)]
    for a, one in enumerate(minima):
        assert set(lsh.query(one)) == {b for b in range(60) if same[a][b]}


def test_overlaps_are_exact(sketcher):
    texts = corpus(40, seed=2)
    sketches = sketcher.texts(texts)
    plain = [shingles(text) for text in texts]
    left, right = (one.ravel() for one in np.indices((40, 40)))
    slots, bits = np.empty(1 << 12, np.uint64), np.empty(1 << 12, np.uint64)
    for least in (0.0, 0.5, 0.8, 1.0):
        out = np.empty(len(left))
        kernel.load().overlaps(left, right, sketches.starts(), sketches.sets, least, slots, bits, out)
        for a, b, found in zip(left.tolist(), right.tolist(), out.tolist(), strict=True):
            exact = jaccard(plain[a], plain[b])
            assert found == exact if exact >= least else found < least


def differing(left, right):
    """In how many bits two rows of bytes differ."""
    return int(np.unpackbits(left ^ right).sum())


def test_parities_tell_of_no_more_than_what_differs(sketcher):
    """They are those of the hashes, and so two sets never differ in more parities than in hashes."""
    sketches = sketcher.texts(corpus(40, seed=5))
    starts = sketches.starts()
    sets = [sketches.sets[starts[one] : starts[one + 1]] for one in range(len(sketches))]
    parities = sketches.marks[:, sketcher.settings.permutations :]
    for one, found in zip(sets, parities, strict=True):
        odd = np.bincount(((one >> np.uint64(32)) % np.uint64(1024)).astype(np.int64), minlength=1024) % 2
        assert (np.packbits(odd.astype(np.uint8), bitorder="little") == found).all()
    for a, b in itertools.combinations(range(len(sets)), 2):
        assert differing(parities[a], parities[b]) <= len(np.setxor1d(sets[a], sets[b]))


def pairs_of_a_bucket(sizes, parent, marks, least, agreeing, reach):
    """What `rest` has to give for one bucket, and how many pairs it leaves out."""
    members = sorted(range(len(sizes)), key=lambda text: (sizes[text], text))
    pairs, left_out = [], 0
    for place, a in enumerate(members):
        near = members[place + 1 : place + 1 + reach]
        for b in near:
            if sizes[a] < least * sizes[b]:
                break
            allowed = int((1 - least) / (1 + least) * (sizes[a] + sizes[b])) + 1
            agree = (marks[a, :16] == marks[b, :16]).sum() >= agreeing
            if parent[a] != parent[b] and agree and differing(marks[a, 16:], marks[b, 16:]) <= allowed:
                pairs.append((a, b))
        rest = members[place + 1 + reach :]
        if rest and sizes[a] >= least * sizes[rest[0]]:
            left_out += len(rest)
    return pairs, left_out


@pytest.mark.parametrize(
    ("looks", "rows", "room"), [(1 << 20, 60, 60), (1 << 20, 60, 200), (600, 11, 10), (600, 14, 37), (60, 2, 1)]
)
def test_the_pairs_of_a_bucket(looks, rows, room):
    count, least, agreeing = 60, 0.8, 5
    rng = np.random.default_rng(looks + rows)
    sizes = rng.integers(50, 120, count).astype(np.int32)
    parent = rng.integers(0, 6, count)
    parities = np.packbits(rng.random((count, 1024)) < 0.008, axis=1)  # some sixteen differ, about as many may
    marks = np.hstack((rng.integers(0, 3, (count, 16)).astype(np.uint8), parities))
    expected, left_out = pairs_of_a_bucket(sizes, parent, marks, least, agreeing, min(count, looks // count))
    packed = np.arange(count, dtype=np.uint64) | np.uint64(1 << 40)
    members, near = np.empty(count, np.uint64), np.empty((rows, marks.shape[1] // 8), np.uint64)
    place, out, cut = np.zeros(2, np.int64), np.empty(room, np.uint64), np.zeros(2, np.int64)
    failed = np.zeros(16, np.uint64)
    given = []
    while place[0] < count:
        made = kernel.load().rest(
            *(packed, 6, np.arange(count), parent, sizes, least, marks.view(np.uint64), agreeing, failed),
            *(looks, members, near, place, out, cut),
        )
        given += out[:made].tolist()
    assert [(pair >> 32, pair & 0xFFFFFFFF) for pair in given] == expected
    assert len(expected) > 20
    assert cut.tolist() == [int(looks < 1000), left_out]


def test_bytes_that_are_no_utf8_do_no_harm():
    sketcher = Sketcher(Settings())
    rng = np.random.default_rng(1)
    data = rng.integers(128, 256, 5000).astype(np.uint8)
    starts = np.array([0, 1, 2, 1000, 4999, 5000])
    assert len(sketcher.buffers(data, starts)) == 5


def test_batches_do_not_matter(sketcher):
    texts = corpus(50, seed=9)
    whole = sketcher.texts(texts)
    other = Sketcher(PLAIN)
    for number, text in enumerate(texts):
        alone, part = other.texts([text]), take(whole, [number])
        assert (alone.sets == part.sets).all()
        assert (alone.keys == part.keys).all()
        assert (alone.digests == part.digests).all()


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.8, (25, 5)), (0.7, (32, 4)), (0.9, (16, 8)), (0.5, (46, 2)), (1.0, (1, 128))]
)
def test_bands_miss_little(threshold, expected):
    bands, rows = banding(threshold, 128)
    assert (bands, rows) == expected
    assert (1 - threshold**rows) ** bands <= 2e-4


@pytest.mark.parametrize("wrong", [{"threshold": 0.1}, {"threshold": 1.1}, {"ngram": 0}, {"permutations": 4}])
def test_wrong_settings_are_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Settings(**wrong)


def test_other_settings_are_refused():
    header = Settings(ngram=4).header()
    with pytest.raises(IndexMismatch, match=r"here: .*ngram is 4, expected 5$"):
        Settings().check(header, "here")
    assert Settings.from_header(header, "here") == Settings(ngram=4)
    with pytest.raises(IndexMismatch, match="scheme is 'oph'"):
        Settings.from_header({**header, "scheme": "oph"}, "here")


def test_compiled_code_goes_to_the_users_cache_and_is_announced(tmp_path):
    code = "import sys; from cleaner.dedup import kernel; kernel.load(print); print('numba' in sys.modules)"
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "", "PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    told, compiler = found.stdout.splitlines()
    assert "compiling" in told
    assert compiler == "True"
    assert len(list(tmp_path.rglob("kernels-*.o"))) == 1
    again = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert again.stdout.splitlines() == ["False"], "a warm start needs no compiler"


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("char", CONTEXTUAL)
def test_texts_as_bytes_are_lowered_as_strings_are_wherever_such_a_character_stands(char, place):
    pa = pytest.importorskip("pyarrow")
    sketcher = Sketcher(Settings(ngram=1))
    texts = ["w" * place + f"{char}A b", "none of them"]
    for some in (texts, texts[:1], texts[1:]):
        of_strings, of_bytes = sketcher.texts(some), sketcher.texts(pa.array(some))
        assert of_strings.sets.tolist() == of_bytes.sets.tolist()
        assert of_strings.keys.tolist() == of_bytes.keys.tolist()
    assert sketcher.texts(pa.array([], pa.string())).sizes.tolist() == []
