"""Folding: one character at a time, and the same wherever it is done."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.document import KindTable, to_points
from cleaner.folding import fold, fold_char
from tests import reference


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Café — Ёлка", "cafe елка"),
        ("ＦＵＬＬ　width", "full width"),
        ("12.05.2024, 10:30", "0"),
        ("1 2 a 3", "0 a 0"),
        ("so\u00adft\u200bhyphen", "softhyphen"),
        ("© 2024", "© 0"),
        ("don't", "don t"),
        ("14h30, 5min", "0 h 0 min"),
        ("3小时前", "0 小时前"),
        ("١٢ كتاب أحمد", "0 كتاب احمد"),
        ("İstanbul ıx ΣΑΣ", "istanbul ix σασ"),
        ("  ", ""),
    ],
)
def test_folding(text, plain):
    assert fold(text) == plain


@given(st.text(max_size=80).filter(lambda text: "\n" not in text))
@settings(max_examples=200, deadline=None)
def test_folding_by_character_is_folding(text):
    assert reference.same_folding(text)


@given(reference.texts)
@settings(max_examples=150, deadline=None)
def test_the_kernel_folds_alike(text):
    from cleaner.kernels.folds import fold_words

    line = text.replace("\n", " ")
    table = KindTable()
    table.learn(to_points(line + " "))
    codes = table.codes[to_points(line + " ")]
    room = 2 * len(line) + 4
    chars, origin = np.zeros(room, np.uint32), np.zeros(room, np.int64)
    words, hashes = np.zeros((2, room), np.int64), np.zeros(room, np.uint64)
    with np.errstate(over="ignore"):  # hashes wrap around
        many = fold_words(codes, 0, len(line), chars, origin, words, hashes)
    plain, places = reference.folded(line)
    count = words[0, many]
    assert "".join(map(chr, chars[:count])) == plain
    assert [origin[at] for at in range(count) if plain[at] != " "] == [
        place for at, place in enumerate(places) if plain[at] != " "
    ]
    assert [plain[words[0, word] : words[1, word]] for word in range(many)] == plain.split()


def test_what_folds_to_nothing():
    assert fold_char("\u0301") == ""
    assert fold_char("\ud800") == " "
