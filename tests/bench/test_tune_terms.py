"""Terms on top of the forests: as a tree they say what they say, and what is learned was not seen."""

from __future__ import annotations

import numpy as np
import pytest

from cleaner.bench.tune_terms import TERMS, Term, add_terms
from cleaner.html.measures import first_names
from cleaner.judge.trees import UNIT, read_trees

NAMES = ("vote_legal", "near_search", "middle_search", "own_prose", "prose_share", "page_prices")


@pytest.mark.parametrize(
    "term",
    [
        Term(both=(("vote_legal", 1),)),
        Term(either=(("near_search", 0), ("middle_search", 0)), not_=(("own_prose", 0),)),
        Term(both=(("vote_legal", 1), ("near_search", 0)), not_=(("own_prose", 0),)),
    ],
)
def test_a_term_as_a_tree_says_the_same(term: Term) -> None:
    values = np.random.default_rng(5).integers(0, 3, (len(NAMES), 500)).astype(np.uint8)
    values[NAMES.index("prose_share")] *= 15
    values[NAMES.index("page_prices")] *= 4
    holds = term.answers([values[NAMES.index(name)] > border for name, border in term.asks()])
    forest = read_trees({"depth": 6, "bias": 0, "trees": [term.tree(700, 6)]}, NAMES, "made")
    assert forest.score(values).tolist() == np.where(holds, 700, 0).tolist()
    assert 0 < holds.sum() < 250


def test_terms_ask_for_measures_that_exist() -> None:
    groups = ["search", "pager"]
    assert {name for term in TERMS for name, _ in term.asks()} <= {*first_names(groups)}
    assert max(len(term.asks()) for term in TERMS) <= 6


def test_what_a_vote_tells_beyond_the_forests_is_added() -> None:
    rng = np.random.default_rng(6)
    values = np.zeros((len(NAMES), 4000), np.uint8)
    values[0] = rng.integers(0, 3, 4000)
    values[NAMES.index("prose_share")] = np.where(np.arange(4000) < 3600, 60, 0)
    chance = np.where(values[0] > 1, 0.9, 0.5)
    gone = (rng.random(4000) < chance).astype(float)
    odds, fold = np.zeros(4000, np.int32), np.arange(4000) % 3
    forest = {"depth": 6, "bias": 0, "trees": []}
    held = add_terms(forest, values, NAMES, odds, gone, np.ones(4000), fold)
    [tree] = forest["trees"]
    assert tree["asks"][0] == ["vote_legal", 1] and max(tree["leaves"]) == pytest.approx(2.2 * UNIT, rel=0.15)
    assert (held[3600:] == 0).all() and (held[:3600][values[0, :3600] < 2] == 0).all()
    assert len({*held[:3600][values[0, :3600] > 1].tolist()}) == 3


def test_a_forest_too_shallow_for_them_stays_as_it_is() -> None:
    forest = {"depth": 2, "bias": 0, "trees": []}
    odds = np.arange(4, dtype=np.int32)
    values = np.zeros((len(NAMES), 4), np.uint8)
    assert (add_terms(forest, values, NAMES, odds, np.zeros(4), np.ones(4), np.zeros(4, int)) == odds).all()
    assert forest["trees"] == []
