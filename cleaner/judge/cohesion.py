"""Lexical cohesion: how many of a line's words also occur in the paragraphs of its text.

A list or a caption that belongs to an article talks about the same things as its paragraphs; headlines of other
stories do not. The idea is that of text segmentation by word repetition (Hearst, TextTiling, 1997), with one count per
line. Words are compared by their first five folded letters, letters of scripts without spaces by pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import DENSE, MARK, Ints, Lines
from cleaner.folding import FoldTable

_STEM: Final = 5
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_TABLE_BITS: Final = 19
"""Half a million counters for a batch: two words share one about as often as they share a stem."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content words of a batch, ordered by row: the number of a counter, and the row."""

    slot: NDArray[np.uint64]
    row: Ints

    def take(self, stay: NDArray[np.bool_], number: Ints) -> Content:
        """The same for the rows `stay`, renumbered by `number`."""
        kept = stay[self.row]
        return Content(self.slot[kept], number[self.row[kept]])


def shared_words(content: Content, prose: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Per row: how many content words it has, and how many of them stand in another row of prose of its text."""
    slot, row, n = content.slot, content.row, len(prose)
    told = prose[row]
    # The first and the last paragraph that has a word: where both are the row itself, no other one has it.
    first = np.full(int(slot.max(initial=0)) + 1, -1, np.int32)
    last = first.copy()
    last[slot[told]] = row[told]
    first[slot[told][::-1]] = row[told][::-1]
    found = (first[slot] >= 0) & ((first[slot] != row) | (last[slot] != row))
    return np.bincount(row, minlength=n).astype(np.int32), np.bincount(row[found], minlength=n).astype(np.int32)


def content_words(lines: Lines, folds: FoldTable) -> Content:
    """A counter number and a row for each word of five letters or more and each pair of dense letters."""
    kinds, end = lines.kinds, len(lines.kinds)
    word = lines.word_at[lines.word_at + _STEM <= end]
    letter = kinds <= MARK
    long = letter[word + 1]
    for step in range(2, _STEM):
        long = long & letter[word + step]
    word = word[long]
    dense = np.flatnonzero((kinds[:-1] == DENSE) & (kinds[1:] == DENSE)).astype(np.int32)
    row = np.concatenate((lines.row_at(word), lines.row_at(dense)))
    value = lines.doc[row].astype(np.uint64)
    for size, place, part in ((_STEM, word, value[: len(word)]), (2, dense, value[len(word) :])):
        for step in range(size):
            part *= _MIX
            part ^= folds(lines.points[place + step])
    value *= _MIX
    slot = np.unique(value, return_inverse=True)[1]
    if len(word) and len(dense):
        order = np.argsort(row, kind="stable")
        slot, row = slot[order], row[order]
    return Content(slot, row)
