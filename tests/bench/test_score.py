from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.bench.cases import judge_lines
from cleaner.bench.labelled import Info, LabelledText
from cleaner.bench.score import COLUMN, FIELDS, Key, edits_between, paired, ratios, removed_in, summarise, words


def text_of(*lines, groups=(), kept=None, gold=None):
    return LabelledText(
        Info(id="t"), "\n".join(t for _, t in lines), tuple(y for y, _ in lines), kept or {}, groups, gold
    )


def value(row, name):
    return row[COLUMN[name]]


def test_a_row_counts_characters_lines_and_f1():
    key = Key.of(text_of(("drop", "Menu"), ("keep", "one two three"), ("title", "A title")))
    row = key.score([(0, 5)])
    assert (value(row, "bad"), value(row, "bad_removed")) == (4, 4)
    assert (value(row, "keep"), value(row, "keep_removed")) == (13, 0)
    assert value(row, "title_lines") == 1
    assert value(row, "f1_before") == pytest.approx(2 * 5 / 11)
    assert value(row, "f1_after") == 1
    assert not value(row, "harmed")


def test_losing_more_than_a_twentieth_of_the_text_is_harm():
    key = Key.of(text_of(("keep", "x" * 94), ("keep", "y" * 6)))
    assert value(key.score([(95, 101)]), "harmed")
    assert not value(key.score([(95, 100)]), "harmed")
    emptied = key.score([(0, 101)])
    assert value(emptied, "emptied")


def test_mixed_lines_count_by_characters():
    key = Key.of(text_of(("mixed", "Good text. Share"), kept={0: ((0, 10),)}))
    row = key.score([(10, 16)])
    assert (value(row, "keep"), value(row, "keep_removed")) == (10, 0)
    assert (value(row, "bad"), value(row, "bad_removed")) == (6, 6)
    assert value(row, "f1_after") == pytest.approx(2 * 2 / 5)


def test_any_copy_of_a_group_may_stay():
    item = text_of(("keep", "same words"), ("keep", "other"), ("dup", "same words"), groups=(((0, 2), 1),))
    key = Key.of(item)
    first, second = key.score([(0, 11)]), key.score([(16, 27)])
    assert value(first, "keep_removed") == value(second, "keep_removed") == 0
    assert value(first, "bad_removed") == value(second, "bad_removed") == 10
    assert judge_lines(key.lines, item.labels, item.groups, key.gone([(0, 11)])).perfect
    assert not judge_lines(key.lines, item.labels, item.groups, key.gone([])).perfect
    both = judge_lines(key.lines, item.labels, item.groups, key.gone([(0, 11), (16, 27)]))
    assert both.doubled == ("same words",)


def test_left_and_lost_lines_are_told():
    key = Key.of(text_of(("drop", "Menu"), ("keep", "a text")))
    verdict = judge_lines(key.lines, key.item.labels, (), key.gone([(5, 11)]))
    assert (verdict.left, verdict.lost) == (("Menu",), ("a text",))


@given(st.lists(st.text("ab \n", max_size=12), min_size=1, max_size=8), st.data())
def test_removed_in_counts_like_a_mask(lines, data):
    text = "\n".join(lines)
    mask = data.draw(st.lists(st.booleans(), min_size=len(text), max_size=len(text)))
    edits = [(n, n + 1) for n, gone in enumerate(mask) if gone]
    start = np.array(data.draw(st.lists(st.integers(0, len(text)), min_size=1, max_size=5)), np.int64)
    end = np.minimum(start + 4, len(text))
    assert removed_in(edits, start, end).tolist() == [sum(mask[a:b]) for a, b in zip(start, end, strict=True)]


@given(st.lists(st.sampled_from(["Menu", "one two", "three", "", "four five six"]), max_size=9), st.data())
def test_whole_lines_left_out_are_found(lines, data):
    keep = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    source, output = "\n".join(lines), "\n".join(line for line, stay in zip(lines, keep, strict=True) if stay)
    edits = edits_between(source, output)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(edits))
    left = "".join(char for n, char in enumerate(source) if not any(a <= n < b for a, b in edits))
    assert left.split() == output.split()


def test_changed_lines_are_compared_by_words():
    source = "Read more about the ferry here"
    (edit,) = edits_between(source, "about the ferry")[:1]
    assert source[edit[0] : edit[1]] == "Read"


def test_words_of_many_scripts():
    assert words("Straße, ÉTÉ 12") == ["strasse", "été", "12"]
    assert words("東京タワー") == list("東京タワー")


def test_intervals_hold_the_figure_and_pairing_makes_them_narrow():
    rng = np.random.default_rng(1)
    rows = np.abs(rng.normal(1, 0.2, (60, len(FIELDS))))
    rows[:, COLUMN["docs"]] = 1
    sites = [f"s{n % 12}" for n in range(60)]
    found = summarise(rows, sites)
    low, high = found.intervals["gain"]
    assert low <= found.figures["gain"] <= high
    better = rows.copy()
    better[:, COLUMN["f1_after"]] += 0.01
    value, low, high = paired(rows, better, sites)["gain"]
    assert value == pytest.approx(0.01) and high - low < 1e-6
    assert set(ratios(rows.sum(axis=0))) >= {"removed", "kept", "gain", "harmed"}
