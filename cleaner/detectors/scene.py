"""What a detector looks at, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints, KindTable, Lines
from cleaner.folding import fold
from cleaner.kernels import kinds

Marks = NDArray[np.uint16]
Settings = Mapping[str, Any]

MARKS: Final[Mapping[str, int]] = {
    "exact": kinds.EXACT, "title-again": kinds.TITLE_AGAIN, "short": kinds.SHORT, "contents": kinds.CONTENTS, "near": kinds.NEAR,
    "contained": kinds.CONTAINED, "pull-quote": kinds.PULL_QUOTE, "pair": kinds.PAIR, "pair-in-prose": kinds.PAIR_IN_PROSE,
    "pair-loose": kinds.PAIR_LOOSE, "glued": kinds.GLUED, "title-with-site": kinds.TITLE_WITH_SITE,
}  # fmt: skip
"""What detectors say of a row, by the names of the rules that ask for it (the part after the slash)."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What is alike in a batch; rows are those of the `Lines` it was found on."""

    group: Ints
    """Per row: the first row of the batch with the same line in the same text."""
    pairs: tuple[tuple[int, int, int], ...]
    """(row that stays, row that goes, mark) for rows alike but not equal, in order."""
    crowded: frozenset[int]
    """Texts in which crowds were left out: what is alike in them has to be found anew when lines go."""

    def take(self, stay: NDArray[np.bool_], number: Ints) -> Alike:
        """The same for the rows `stay`, renumbered by `number`."""
        group = self.group[stay]
        first = np.full(len(stay), -1, np.int32)
        first[group[::-1]] = number[np.flatnonzero(stay)[::-1]]
        pairs = tuple((int(number[a]), int(number[b]), mark) for a, b, mark in self.pairs if stay[a] and stay[b])
        return Alike(first[group], pairs, self.crowded)


@dataclass(slots=True)
class Scene:
    """A batch as detectors see it; what several of them need is worked out once."""

    lines: Lines
    prose: NDArray[np.bool_]
    listed: NDArray[np.bool_]
    """Per row: it looks like an item of a list, a row of a table or code, where repeats and pairs mean nothing."""
    folds: KindTable | None = None
    titles: Sequence[str | None] | None = None
    alike: Alike | None = None
    """What is alike in the batch, once it has been looked for."""
    settings: Mapping[str, Settings] = field(default_factory=dict)
    """Of the detector at work, per rule name: its `settings` table."""
    marks: Marks = field(init=False)
    """Per row: what detectors say of it, bits of `MARKS`."""
    _folded: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is said yet."""
        self.marks = np.zeros(len(self.lines), np.uint16)

    def folded(self, row: int) -> str:
        """A row's line, folded."""
        known = self._folded.get(row)
        if known is None:
            known = self._folded[row] = fold(self.lines.text(row))
        return known
