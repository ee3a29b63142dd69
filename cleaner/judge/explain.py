"""Why a line goes or stays: its votes, and what its measures add to its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cleaner.edits import Edit
from cleaner.judge.look import look
from cleaner.judge.score import Scorer, chance
from cleaner.judge.trees import UNIT
from cleaner.packs.match import RuleSet

_SHARES: Final = 4
"""As many measures as a person reads; the rest of the two hundred add little each."""


@dataclass(frozen=True, slots=True)
class LineReport:
    """One line of a text: offsets, what goes of it and by which rule, and the evidence at first sight.

    `votes` are rule ids with their strength, `score` is the chance 0..1 that the line is not the article (`None` without
    weights), `shares` the measures that weigh most, in log-odds: above 0 they speak for removing the line.
    """

    start: int
    end: int
    text: str
    edits: tuple[Edit, ...]
    votes: tuple[tuple[str, str], ...]
    score: float | None
    shares: tuple[tuple[str, float], ...]


def explain(
    rules: RuleSet, scorer: Scorer | None, text: str, title: str | None, edits: Sequence[Edit]
) -> list[LineReport]:
    """A report for each line of `text` that is not blank."""
    seen = look(rules, [text], [title])
    lines, votes = seen.lines, seen.votes
    judged = scorer.score(seen.measures, seen.place, lines.length(), seen.prose) if scorer and len(lines) else None
    reports = []
    for row in range(len(lines)):
        start, end = int(lines.start[row]), int(lines.end[row])
        mine = np.flatnonzero(votes.row == row)
        score: float | None = None
        shares: tuple[tuple[str, float], ...] = ()
        if judged is not None and scorer is not None:
            score = round(int(chance(judged.second[row : row + 1])[0]) / 255, 3)
            shares = _largest(scorer.second.shares(judged.values, row))
        reports.append(
            LineReport(
                start=start,
                end=end,
                text=text[start:end],
                edits=tuple(edit for edit in edits if edit.start < end and edit.end > start),
                votes=tuple(dict.fromkeys((rules.rules[v].id, rules.rules[v].strength) for v in votes.rule[mine].tolist())),
                score=score,
                shares=shares,
            )
        )
    return reports


def _largest(shares: dict[str, int]) -> tuple[tuple[str, float], ...]:
    named = [(name, round(value / UNIT, 2)) for name, value in shares.items() if name != "(start)"]
    return tuple(sorted(named, key=lambda item: -abs(item[1]))[:_SHARES])
