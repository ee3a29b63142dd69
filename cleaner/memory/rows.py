"""The lines of pages as site memory sees them: a key, a weight, a zone each; pages by their heaviest paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints, Points
from cleaner.memory.signs import Signs

Keys = NDArray[np.uint64]
ZONES: Final = ("head", "body", "tail")


@dataclass(frozen=True, slots=True)
class Rows:
    """The lines of a batch of pages that are not blank."""

    keys: Keys
    """Per row: equal for lines that fold to the same; 0 where nothing is left to compare."""
    weight: Ints
    """Per row: twice its length in words, where a letter of a script without spaces is half a word."""
    prose: NDArray[np.bool_]
    """Per row: whether it reads as a paragraph."""
    zone: Ints
    """Per row: index into `ZONES`."""
    start: Ints
    """Per row: its first character that is not white space, counted over all texts with a line feed behind each."""
    first: Ints
    """Per page and one more: its first row."""
    sketches: Keys
    """(pages, 8): keys of each page's heaviest paragraphs."""


class RowReader:
    """Turns texts into rows."""

    def __init__(self) -> None:
        self._signs = Signs()

    def read(self, texts: Sequence[str]) -> Rows:
        """The rows of `texts`."""
        data = ("\n".join(texts) + "\n").encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(data, np.uint32)
        base = np.zeros(len(texts), np.int32)
        np.cumsum(np.fromiter(map(len, texts[:-1]), np.int32, max(len(texts) - 1, 0)) + 1, out=base[1:])
        return self.rows(points, base)

    def rows(self, points: Points, base: Ints) -> Rows:
        """The rows of texts that are joined, and closed, by line feeds."""
        from cleaner.memory.kernel import SKETCH, read_rows

        breaks = np.flatnonzero(points == 10)
        keys = np.empty(len(breaks), np.uint64)
        traits = np.empty((len(breaks), 4), np.int32)
        first = np.zeros(len(base) + 1, np.int32)
        sketches = np.zeros((len(base), SKETCH), np.uint64)
        if not len(base):
            return Rows(keys[:0], traits[:0, 0], traits[:0, 1] > 0, traits[:0, 2], traits[:0, 3], first, sketches)
        arguments = (points, base, breaks, self._signs.table, keys, traits, first, sketches)
        count = read_rows(*arguments)
        if count < 0:
            self._signs.cover(points)
            count = read_rows(*arguments)
        keys, traits = keys[:count], traits[:count]
        return Rows(keys, traits[:, 0], traits[:, 1] > 0, traits[:, 2], traits[:, 3], first, sketches)
