"""From measures to scores: a first look at each line, and a second that knows the first scores of all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints
from cleaner.judge.limits import Limits, read_limits
from cleaner.judge.measures import SECOND_NAMES, Measures, Place, first_look_names, second_look, second_look_names
from cleaner.judge.trees import UNIT, Trees, Weights, read_trees

_REACH: Final = 8 * UNIT
"""Log-odds beyond this are certainty: e**-8 is one in three thousand."""
_CHANCE: Final = np.round(255 / (1 + np.exp(-np.arange(-_REACH, _REACH + 1) / UNIT))).astype(np.uint8)

_SHARE: Final = SECOND_NAMES.index("score_all")


def chance(odds: NDArray[np.int32]) -> Bytes:
    """Log-odds times `UNIT` as a chance in 255 steps."""
    from cleaner.kernels import trees as kernel

    out = np.empty(len(odds), np.uint8)
    kernel.look_up(np.ascontiguousarray(odds, np.int32), _CHANCE, out)
    return out


@dataclass(frozen=True, slots=True)
class Scorer:
    """The two forests of a weights file, ready to use."""

    first: Trees
    second: Trees
    limits: Limits
    """How sure is sure enough."""

    @classmethod
    def of(cls, weights: Weights) -> Scorer:
        """A scorer; `RuleError` where the file names measures that do not exist."""
        names = first_look_names()
        return cls(
            read_trees(weights.first, names, f"{weights.file}: first"),
            read_trees(weights.second, names + second_look_names(), f"{weights.file}: second"),
            read_limits(weights.header, weights.file),
        )

    def score(
        self, measures: Measures, place: Place, length: Ints, prose: NDArray[np.bool_], heard: Ints | None = None
    ) -> Judged:
        """Both looks at a batch.

        `heard` is what else is known of each line, in log-odds times `UNIT`: the second look, which judges a line by what
        the first says of its neighbours, hears it with that, and so does `Judged.share`. It is not added to either score.
        """
        first = self.first.score(measures.values)
        others = second_look(place, length, prose, chance(first if heard is None else first + heard))
        values = np.concatenate((measures.values, others.values))
        return Judged(first, self.second.score(values), values, others.values[_SHARE])


@dataclass(frozen=True, slots=True)
class Judged:
    """The scores of a batch's lines, in log-odds times `UNIT`, and the measures of the second look."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    values: Bytes
    share: Bytes
    """Per line: how much of its text the first look calls boilerplate, 0..255 of its characters."""
