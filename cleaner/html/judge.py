"""Scores of a page's lines from what its markup says, and which lines stay.

Two forests as for plain text, over measures of blocks, of which the second corrects the first. What stays is decided per
page: one of which the judge is sure keeps what is likelier in than out, one it is unsure of (a list of things, say) keeps
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Lines
from cleaner.errors import RuleError
from cleaner.html.blocks import Blocks
from cleaner.html.cut import PageCut, read_cut
from cleaner.html.measures import first_names, first_values, second_names, second_values, surroundings
from cleaner.judge.score import chance
from cleaner.judge.trees import UNIT, Trees, Weights, read_trees


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

    @classmethod
    def of(cls, weights: Weights, groups: Sequence[str]) -> PageJudge:
        """A judge; `groups` are the ids of the groups of element words in the order of their bits.

        `RuleError` where the file names measures that do not exist.
        """
        known = first_names(groups)
        names = (*known, *second_names())
        return cls(
            read_trees(weights.first, known, f"{weights.file}: first"),
            read_trees(weights.second, names, f"{weights.file}: second"),
            names,
            read_cut(weights.header, weights.file),
            _read_onto(weights),
        )

    def score(
        self, pages: Sequence[Blocks], signs: Sequence[int], lines: Lines, prose: NDArray[np.bool_]
    ) -> PageScores:
        """Judge a batch. `lines` are those of the pages' sources, in order, `signs` the signs of each page's kind."""
        around = surroundings(pages, lines)
        before = first_values(around, lines, prose, signs)
        first = self.first.score(before)
        values = np.concatenate((before, second_values(around, 255 - chance(first))))
        second = self.both(first, values)
        return PageScores(first, second, values, self.names, self.stays(second, lines))

    def both(self, first: NDArray[np.int32], values: Bytes) -> NDArray[np.int32]:
        """What both looks say, given the scores of the first and the measures of the second (measures, lines)."""
        return self.second.score(values) + (first * np.int64(self.onto) // UNIT).astype(np.int32)

    def stays(self, odds: NDArray[np.int32], lines: Lines) -> NDArray[np.bool_]:
        """Which lines stay, given the log-odds times `UNIT` that each goes."""
        return self.cut.best_lines(255 - chance(odds), lines.weight(), lines.first)


def _read_onto(weights: Weights) -> int:
    onto = weights.header.get("onto", 0)
    if type(onto) not in (int, float) or not 0 <= onto <= 1:
        raise RuleError(f"{weights.file}: header: field 'onto': expected a number from 0 to 1, got {onto!r}")
    return round(onto * UNIT)
