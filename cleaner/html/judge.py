"""Scores of a page's lines from what its markup says, and which lines stay.

Two forests as for plain text, over measures of blocks, of which the second corrects the first. What stays is decided per
page: one of which the judge is sure keeps what is likelier in than out, one it is unsure of (a list of things, say) keeps
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints, Lines
from cleaner.errors import RuleError
from cleaner.html.blocks import Blocks
from cleaner.html.cut import PageCut, read_cut
from cleaner.html.measures import (
    Surroundings,
    first_names,
    first_values,
    heeded_names,
    second_names,
    second_values,
    surroundings,
)  # fmt: skip
from cleaner.judge.score import chance
from cleaner.judge.trees import UNIT, Trees, Weights, read_trees
from cleaner.kernels.page_groups import agree


@dataclass(frozen=True, slots=True)
class PageScores:
    """The scores of a batch's lines, in log-odds times `UNIT` that a line goes, and the measures they come from."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    values: Bytes
    names: tuple[str, ...]
    stays: NDArray[np.bool_]
    """Which lines stay."""


@dataclass(frozen=True, slots=True)
class PageJudge:
    """The forests of a weights file for pages."""

    first: Trees
    second: Trees
    names: tuple[str, ...]
    cut: PageCut
    onto: int
    """How much of the first look's log-odds counts beside the second's, times `UNIT`."""
    likewise: int
    """How far a line's log-odds are drawn to the mean of likewise lines, times `UNIT`."""
    heeds: bool
    """Whether the forests ask for anything that needs what rules say."""

    @classmethod
    def of(cls, weights: Weights, groups: Sequence[str]) -> PageJudge:
        """A judge; `groups` are the ids of the groups of element words in the order of their bits.

        `RuleError` where the file names measures that do not exist.
        """
        known = first_names(groups)
        names = (*known, *second_names())
        first = read_trees(weights.first, known, f"{weights.file}: first")
        second = read_trees(weights.second, names, f"{weights.file}: second")
        asked = {names[place] for forest in (first, second) for place in forest.feature.tolist()}
        return cls(
            first,
            second,
            names,
            read_cut(weights.header, weights.file),
            _read_share(weights, "onto"),
            _read_share(weights, "likewise"),
            not asked.isdisjoint(heeded_names()),
        )

    def score(
        self, pages: Sequence[Blocks], signs: Sequence[int], lines: Lines, prose: NDArray[np.bool_],
        said: tuple[Bytes, Ints] | None,
    ) -> PageScores:  # fmt: skip
        """Judge a batch. `lines` are those of the pages' sources, in order, `signs` the signs of each page's kind, `said`
        is what rules say of the lines, as `cleaner.votes.levels`; a judge that `heeds` none of it needs none."""
        around = surroundings(pages, lines)
        values = np.empty((len(self.names), len(lines)), np.uint8)
        known = len(self.first.measures)
        first = self.first.score(first_values(around, lines, prose, signs, said, values[:known]))
        second_values(around, 255 - chance(first), values[known:])
        second = agreed(self.both(first, values), around, lines.weight, self.likewise)
        return PageScores(first, second, values, self.names, self.stays(second, lines))

    def both(self, first: NDArray[np.int32], values: Bytes) -> NDArray[np.int32]:
        """What both looks say, given the scores of the first and the measures of the second (measures, lines)."""
        return self.second.score(values) + (first * np.int64(self.onto) // UNIT).astype(np.int32)

    def stays(self, odds: NDArray[np.int32], lines: Lines) -> NDArray[np.bool_]:
        """Which lines stay, given the log-odds times `UNIT` that each goes."""
        likely, weight = 255 - chance(odds), lines.weight
        stay = self.cut.best_lines(likely, weight, lines.first)
        for low, high in pairwise(lines.first.tolist()):
            if high - low > self.cut.rows and not stay[low:high].any() and _says_little(lines, low, high, self.cut.rows):
                bounds = np.array([0, high - low], np.int32)
                stay[low:high] = replace(self.cut, words=0.0).best_lines(likely[low:high], weight[low:high], bounds)
        return stay


def _says_little(lines: Lines, low: int, high: int, most: int) -> bool:
    """Whether the rows from `low` to `high` are at most so many different lines: what a page says over and over is its
    content if anything is."""
    found: set[str] = set()
    for row in range(low, high):
        found.add(lines.text(row))
        if len(found) > most:
            return False
    return True


def agreed(odds: NDArray[np.int32], around: Surroundings, weight: Ints, share: int) -> NDArray[np.int32]:
    """`odds` drawn to the mean of likewise lines by `share` of `UNIT`: the cards of a list, the posts of a thread stay or
    go together."""
    if not share:
        return odds
    out = np.empty_like(odds)
    agree(around.path, weight, odds, share, np.empty((around.paths, 2), np.int64), out)
    return out


def _read_share(weights: Weights, name: str) -> int:
    share = weights.header.get(name, 0)
    if type(share) not in (int, float) or not 0 <= share <= 1:
        raise RuleError(f"{weights.file}: header: field {name!r}: expected a number from 0 to 1, got {share!r}")
    return round(share * UNIT)
