"""Trees: sums of whole numbers, the same however lines are grouped."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.errors import RuleError
from cleaner.judge.trees import load_weights, read_trees

_NAMES = [f"m{n}" for n in range(12)]


def forest(seed: int, trees: int, depth: int):
    rng = np.random.default_rng(seed)
    data = {
        "depth": depth,
        "bias": int(rng.integers(-900, 900)),
        "trees": [
            {
                "asks": [[str(rng.choice(_NAMES)), int(rng.integers(0, 256))] for _ in range(depth)],
                "leaves": rng.integers(-30_000, 30_000, 1 << depth).tolist(),
            }
            for _ in range(trees)
        ],
    }
    return data, read_trees(data, _NAMES, "here")


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 8), st.sampled_from((0, 1, 255, 256, 257, 700)))
@settings(max_examples=30, deadline=None)
def test_scores(seed, trees, depth, lines):
    data, made = forest(seed, trees, depth)
    values = np.random.default_rng(seed + 1).integers(0, 256, (len(_NAMES), lines)).astype(np.uint8)
    scores = made.score(values)
    for line in {0, lines // 2, lines - 1} if lines else ():
        wanted = data["bias"]
        for tree in data["trees"]:
            answers = [int(values[_NAMES.index(name), line] > limit) for name, limit in tree["asks"]]
            wanted += tree["leaves"][sum(answer << level for level, answer in enumerate(answers))]
        assert scores[line] == wanted
    assert (made.score(values[:, ::-1])[::-1] == scores).all()


def test_shares_add_up():
    _, made = forest(1, 20, 6)
    values = np.full((len(_NAMES), 1), 100, np.uint8)
    assert sum(made.shares(values, 0).values()) == pytest.approx(int(made.score(values)[0]) - made.bias, abs=20)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"depth": 9}, "depth of 1 to 8"), ({"depth": 2}, "2 questions and 4 leaves"), ({"trees": [{}]}, "asks")],
)
def test_forests_that_are_none(change, said):
    data, _ = forest(1, 2, 3)
    with pytest.raises(RuleError, match=said):
        read_trees({**data, **change}, _NAMES, "here")


def test_weights_of_another_format(tmp_path):
    file = tmp_path / "weights.json"
    file.write_text(json.dumps({"format": 99}))
    with pytest.raises(RuleError, match="field 'format': expected 1, got 99"):
        load_weights(file)
