"""What votes change about which lines of pages go, and who answers for a line, by the words of the rules."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cleaner.judge.score import chance
from cleaner.kernels import hearing

_COMMON, _ENGLISH, _VETO = 0, 1, -1024


def _places(first, body, places):
    out = []
    for low, high in pairwise(first.tolist()):
        for row in range(low, high):
            before, after = body[low:row].any(), body[row + 1 : high].any()
            out.append(places[0 if not before else (1 if after else 2)])
    return out


@pytest.mark.parametrize("seed", range(40))
def test_settled_as_said(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rules, rows, many = 12, int(rng.integers(1, 30)), int(rng.integers(0, 80))
    first = np.array([0, *sorted(rng.integers(0, rows + 1, 2)), rows], np.int32)
    doc = np.repeat(np.arange(3), np.diff(first)).astype(np.int32)
    prose, wanted, gone = (rng.random(rows) < share for share in (0.5, 0.2, 0.4))
    odds = rng.integers(-3000, 3000, rows).astype(np.int32)
    row = np.sort(rng.integers(0, rows, many)).astype(np.int32)
    rule, start = rng.integers(0, rules, many).astype(np.int32), rng.integers(0, 50, many).astype(np.int32)
    end, whole = start + rng.integers(1, 4, many).astype(np.int32), rng.random(many) < 0.3
    language, own = rng.integers(0, 4, rules).astype(np.int32), np.array([2, -1, 3], np.int32)
    level = rng.integers(1, 4, rules).astype(np.uint8)
    alone, span = rng.random(rules) < 0.4, rng.random(rules) < 0.3
    places = np.array([3, 5, -1], np.int32)
    flags, out = np.zeros((4, rows), bool), np.zeros(rows, np.int32)
    flags[0] = gone
    hearing.settle(
        first, doc, prose, odds, _VETO, wanted, row, rule, start, end, whole, language, own, _COMMON, _ENGLISH, level, alone,
        span, places, flags, out,
    )  # fmt: skip

    strong = np.array([
        any(row[v] == at and alone[rule[v]] and not span[rule[v]] for v in range(many)) and odds[at] > _VETO and not wanted[at]
        for at in range(rows)
    ])  # fmt: skip
    left = (gone & ~wanted) | strong

    def rank(vote: int) -> tuple[int, ...]:
        one, at = int(rule[vote]), int(row[vote])
        strength = int(level[one]) + 4 * int(alone[one])
        width = 2**20 if whole[vote] else int(end[vote] - start[vote])
        spoken = 3 if language[one] == own[doc[at]] else {_COMMON: 2, _ENGLISH: 1}.get(int(language[one]), 0)
        return strength > 1, width, spoken, strength, -one

    answer = _places(first, prose & ~left, places)
    for at in range(rows):
        votes = [v for v in range(many) if row[v] == at]
        if votes:
            answer[at] = rule[max(votes, key=rank)]

    assert (flags[1] == strong).all()
    assert (flags[0] == left).all()
    assert (flags[2] == (left & ~np.isin(np.arange(rows), row))).all()
    assert (flags[3] == (prose & ~left)).all()
    assert out.tolist() == [int(one) for one in answer]


def test_chances() -> None:
    odds = np.array([-(2**30), -8193, -8192, -1024, 0, 1024, 8192, 2**30], np.int32)
    expected = np.round(255 / (1 + np.exp(-np.clip(odds, -8192, 8192) / 1024)))
    assert chance(odds).tolist() == expected.tolist()
