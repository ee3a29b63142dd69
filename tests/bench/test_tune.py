from __future__ import annotations

import json

import numpy as np
import pytest

from cleaner.bench.rounds import HAND_WEIGHTS, Judge, scorer_from
from cleaner.bench.tune import Settings, as_scorers, best_cut, duel, fit, fold_of, hold_out, lesson, odds, write_weights
from cleaner.errors import ConfigError, RuleError
from cleaner.judge.trees import load_weights
from cleaner.packs.load import rules_root
from tests.bench.made import documents

SMALL = Settings(trees=12, depth=3, folds=3, threads=1)


@pytest.fixture(scope="module")
def judge():
    return Judge.of()


@pytest.fixture(scope="module")
def fitted(judge):
    pytest.importorskip("catboost")
    told = lesson(documents(12, 2), judge, SMALL)
    return told, fit(told, SMALL)


def test_no_site_is_on_both_sides(fitted):
    told, _ = fitted
    items = documents(12, 2)
    folds = {item.info.site: fold_of(item.info.site, SMALL.folds) for item in items}
    assert set(told.fold.tolist()) == set(folds.values()) and len(set(folds.values())) > 1
    assert told.values.shape == (len(told.names), len(told.target))


def test_fitting_twice_gives_the_same_file(fitted, judge, tmp_path):
    told, found = fitted
    again = fit(told, SMALL)
    assert json.dumps(found.whole) == json.dumps(again.whole)
    write_weights(tmp_path / "w.json", {**found.whole, "header": {"cut": odds(0.8), "data": "x"}})
    weights = load_weights(tmp_path / "w.json")
    assert weights.first == found.whole["first"] and weights.header["cut"] == round(1024 * np.log(4))
    assert Judge.of(weights=tmp_path / "w.json").limits.cut == odds(0.8)


def test_fitted_weights_beat_what_never_removes(fitted, judge):
    _, found = fitted
    items = documents(12, 2)
    never = {"depth": 1, "bias": -8000, "trees": [{"asks": [["length", 0]], "leaves": [0, 0]}]}
    still = scorer_from({"first": never, "second": never, "header": {"cut": 0}}, "never")
    _, folds = as_scorers(found)
    held = hold_out(items, judge, [("fitted", folds), ("never", [still])], cuts=(0.6, 0.9), folds=SMALL.folds)
    assert held[0].rows[0.6].shape[0] == len(items)
    result = duel(held[1], held[0], [item.info.site for item in items])
    assert result.names == ("never", "fitted")
    assert result.difference[0] > 0 and result.difference[1] > 0
    assert best_cut(held[0], harm=1.0) in (0.6, 0.9)
    assert "fitted" in str(result)


def test_hand_set_weights_are_readable_and_additive():
    weights = load_weights(rules_root() / HAND_WEIGHTS)
    assert weights.first["depth"] == weights.second["depth"] == 1
    assert Judge.of(weights=rules_root() / HAND_WEIGHTS).scorer is not None


def test_wrong_weights_are_told():
    with pytest.raises(RuleError, match="mine: field 'second' is missing"):
        scorer_from({"first": {}, "header": {"cut": 0}}, "mine")
    bad = {"depth": 1, "bias": 0, "trees": [{"asks": [["no-such-measure", 1]], "leaves": [0, 1]}]}
    with pytest.raises(RuleError, match="mine: first: not a forest"):
        scorer_from({"first": bad, "second": bad, "header": {"cut": 0}}, "mine")


def test_one_kind_of_label_cannot_be_learned_from(judge):
    pytest.importorskip("catboost")
    from dataclasses import replace

    items = [replace(item, labels=tuple("keep" if y == "drop" else y for y in item.labels)) for item in documents(6, 1)]
    with pytest.raises(ConfigError, match="expected lines of both kinds"):
        fit(lesson(items, judge, SMALL), SMALL)
