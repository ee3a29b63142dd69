"""The lines of pages as site memory sees them: a key, a weight, a zone each; pages by their heaviest paragraphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints, Lines
from cleaner.memory.signs import shared_signs

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
        self._signs = shared_signs()

    def read(self, texts: Sequence[str]) -> Rows:
        """The rows of `texts`."""
        points = narrow_points("\n".join((*texts, "")))
        base = np.zeros(len(texts), np.int32)
        np.cumsum(np.fromiter(map(len, texts[:-1]), np.int32, max(len(texts) - 1, 0)) + 1, out=base[1:])
        return self.rows(points, base)

    def rows(self, points: NDArray[Any], base: Ints) -> Rows:
        """The rows of texts that are joined, and closed, by line feeds; `points` are code points of any width."""
        from cleaner.kernels import site_lines as kernel

        breaks = np.flatnonzero(points == 10)
        keys = np.empty(len(breaks), np.uint64)
        traits = np.empty((kernel.TRAITS, len(breaks)), np.int32)
        first = np.zeros(len(base) + 1, np.int32)
        sketches = np.zeros((len(base), kernel.SKETCH), np.uint64)
        count = 0
        if len(base):
            read = {1: kernel.read_1, 2: kernel.read_2, 4: kernel.read_4}[points.itemsize]
            weights = np.empty(kernel.SKETCH, np.int64)
            arguments = (points, base, breaks, self._signs.table, weights, keys, traits, first, sketches)
            count = read(*arguments)
            if count < 0:
                self._signs.cover(points)
                count = read(*arguments)
        return _rows(keys[:count], traits[:, :count], first, sketches)


def rows_of(lines: Lines) -> Rows:
    """The rows that a batch has been split into already, without sketches of its pages."""
    from cleaner.kernels import site_lines as kernel

    keys, traits = np.empty(len(lines), np.uint64), np.empty((kernel.TRAITS, len(lines)), np.int32)
    start, end = np.ascontiguousarray(lines.start), np.ascontiguousarray(lines.end)
    kernel.read_known(lines.codes, start, end, lines.weight(), lines.first, keys, traits)
    return _rows(keys, traits, lines.first, np.zeros((0, kernel.SKETCH), np.uint64))


def _rows(keys: Keys, traits: Ints, first: Ints, sketches: Keys) -> Rows:
    weight, prose, zone, start = traits
    return Rows(keys, weight, prose > 0, zone, start, first, sketches)


def narrow_points(text: str) -> NDArray[Any]:
    """The code points of `text`, in as few bytes each (one, two or four) as the widest one needs."""
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        data = text.encode("utf-16-le", "surrogatepass")
    if len(data) == 2 * len(text):
        return np.frombuffer(data, np.uint16)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
