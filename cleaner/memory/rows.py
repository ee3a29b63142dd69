"""The lines of pages as site memory sees them: a key, a weight, a place each; pages by their heaviest paragraphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints, Lines
from cleaner.memory.signs import shared_signs
from cleaner.memory.texts import Texts

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
    below: Ints
    """Per row: how much of its page's prose stands below it, in `kernels.site_lines.STEPS` parts, rounded up: 0 says that
    none does."""
    start: Ints
    """Per row: where its first character that is not white space stands, in what it was read from."""
    first: Ints
    """Per page and one more: its first row."""
    sketches: Keys
    """(pages, 8): keys of each page's heaviest paragraphs."""
    digests: Keys
    """Per page: equal for pages with the same lines."""


class RowReader:
    """Turns texts into rows."""

    def __init__(self) -> None:
        from cleaner.kernels import site_lines as kernel

        self._signs = shared_signs()
        powers = [pow(int(kernel.ROLL), kernel.WINDOW - 1 - place, 1 << 64) for place in range(kernel.WINDOW)]
        self._powers = np.array([*powers, *[0] * 8], np.uint64)

    def read(self, texts: Texts) -> Rows:
        """The rows of `texts`."""
        from cleaner.kernels import site_lines as kernel

        base, breaks = texts.base, texts.breaks
        keys = np.empty(len(breaks), np.uint64)
        traits = np.empty((kernel.TRAITS, len(breaks)), np.int32)
        first = np.empty(len(base), np.int32)
        sketches, digests = np.empty((len(texts), kernel.SKETCH), np.uint64), np.empty(len(texts), np.uint64)
        chars, plain = np.empty(kernel.WINDOW + 1, np.uint32), np.empty(kernel.WINDOW + 9, np.uint8)
        weights = np.empty(kernel.SKETCH, np.int64)
        missing = np.zeros(self._signs.blocks, bool)
        arguments = (texts.data, base, breaks, self._signs.table, self._powers, chars, plain, weights, missing)
        count = kernel.read_rows(*arguments, keys, traits, first, sketches, digests)
        if missing.any():
            self._signs.cover(np.flatnonzero(missing))
            count = kernel.read_rows(*arguments, keys, traits, first, sketches, digests)
        return _rows(keys[:count], traits[:, :count], first, sketches, digests)


def rows_of(lines: Lines) -> Rows:
    """The rows that a batch has been split into already, without sketches of its pages."""
    from cleaner.kernels import site_lines as kernel

    keys, traits = np.empty(len(lines), np.uint64), np.empty((kernel.TRAITS, len(lines)), np.int32)
    digests = np.empty(len(lines.first) - 1, np.uint64)
    start, end = np.ascontiguousarray(lines.start), np.ascontiguousarray(lines.end)
    kernel.read_known(lines.codes, start, end, lines.weight, lines.first, keys, traits, digests)
    return _rows(keys, traits, lines.first, np.zeros((0, kernel.SKETCH), np.uint64), digests)


def _rows(keys: Keys, traits: Ints, first: Ints, sketches: Keys, digests: Keys) -> Rows:
    weight, prose, zone, start, below = traits
    return Rows(keys, weight, prose > 0, zone, below, start, first, sketches, digests)
