"""Scores of a page's lines from what its markup says, and which lines stay.

Two forests as for plain text, over measures of blocks. What stays is decided per page: one of which the judge is sure
keeps what is likelier in than out, one it is unsure of (a list of things, say) keeps more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints, Lines
from cleaner.html.blocks import Blocks
from cleaner.html.measures import first_names, first_values, second_names, second_values, surroundings
from cleaner.judge.score import chance
from cleaner.judge.trees import Trees, Weights, read_trees

LEAST: Final = 0.1
MOST: Final = 0.6
"""Chances between which the cut of a page lies."""
PEAK: Final = 0.25
"""A page whose likeliest line is less likely than this has no content."""


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
        )

    def score(
        self, pages: Sequence[Blocks], signs: Sequence[int], lines: Lines, prose: NDArray[np.bool_]
    ) -> PageScores:
        """Judge a batch. `lines` are those of the pages' sources, in order, `signs` the signs of each page's kind."""
        around = surroundings(pages, lines)
        before = first_values(around, lines, prose, signs)
        first = self.first.score(before)
        values = np.concatenate((before, second_values(around, 255 - chance(first))))
        second = self.second.score(values)
        return PageScores(first, second, values, self.names, stays(255 - chance(second), lines))


def stays(likely: Bytes, lines: Lines) -> NDArray[np.bool_]:
    """Which lines stay, given how likely (0..255) each is part of the content."""
    return best_lines(likely, lines.weight(), lines.first)


def best_lines(likely: Bytes, weight: Ints, first: Ints) -> NDArray[np.bool_]:
    """Which lines stay; `weight` is a line's length in words (any unit), `first` each page's first line, and their number.

    Per page the likeliest lines stay, as many as give the best expected F of words: twice the words expected right over
    the words taken plus all the words expected (Lewis, 1995). A page of which no line is likely at all keeps none: it is
    a shell, a refusal, a question for a password.
    """
    n = len(likely)
    sizes = np.diff(first)
    doc = np.repeat(np.arange(len(sizes)), sizes)
    words = np.maximum(weight, 1).astype(np.int64)
    order = np.lexsort((np.arange(n), 255 - likely.astype(np.int64), doc))
    right = (likely * words)[order]
    taken = 255 * words[order]
    start = first[:-1][doc]
    total_right, total_taken = (np.concatenate(([0], np.cumsum(values))) for values in (right, taken))
    expected = total_right[first[1:]] - total_right[first[:-1]]
    hit = total_right[1:] - total_right[start]
    quality = hit / np.maximum(total_taken[1:] - total_taken[start] + expected[doc], 1)
    cut = np.full(len(sizes), round(255 * MOST), np.int64)
    for page, (low, high) in enumerate(zip(first[:-1].tolist(), first[1:].tolist(), strict=True)):
        if high > low:
            peak = likely[order[low]]
            cut[page] = likely[order[low + int(np.argmax(quality[low:high]))]] if peak >= 255 * PEAK else 256
    cut = np.where(cut > 255, cut, np.clip(cut, round(255 * LEAST), round(255 * MOST)))
    out: NDArray[np.bool_] = likely >= cut[doc]
    return out
