"""Votes: what rules and detectors say of lines before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints


@dataclass(frozen=True, slots=True)
class Votes:
    """Columns of one vote each, ordered by row, then rule, then place.

    `row` is a row of `Lines`, `rule` an index into the rule set, `start`/`end` the voted range as offsets on the
    batch, `whole` says that the vote covers its line.
    """

    row: Ints
    rule: Ints
    start: Ints
    end: Ints
    whole: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Votes:
        """The votes at `index`."""
        return Votes(self.row[index], self.rule[index], self.start[index], self.end[index], self.whole[index])


def no_votes() -> Votes:
    """Columns of length zero."""
    none = np.zeros(0, np.int32)
    return Votes(none, none, none, none, np.zeros(0, bool))


def levels(votes: Votes, level_of_rule: Bytes, class_of_rule: Ints, classes: int, length: Ints) -> tuple[Bytes, Ints]:
    """What votes say of lines of `length`: (classes, lines) the strongest level any rule of a class gives a line, 0 where
    none does; and per line how much of it the widest vote covers, in 64 steps."""
    from cleaner.kernels import measures as kernel

    out, covered = np.zeros((classes, len(length)), np.uint8), np.zeros(len(length), np.int32)
    width = votes.end - votes.start
    kernel.levels(votes.row, votes.rule, width, votes.whole, length, level_of_rule, class_of_rule, out, covered)
    return out, covered
