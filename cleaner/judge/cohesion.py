"""Lexical cohesion: how many of a line's words also occur in the paragraphs of its text.

A list or a caption that belongs to an article talks about the same things as its paragraphs; headlines of other
stories do not. The idea is that of text segmentation by word repetition (Hearst, TextTiling, 1997), with one count per
line. Words are compared by their first five folded letters, letters of scripts without spaces by pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints, Lines


@dataclass(frozen=True, slots=True)
class Content:
    """The content words of a batch, ordered by row: the number of the word in its batch, and the row."""

    number: Ints
    row: Ints

    def take(self, stay: NDArray[np.bool_], number: Ints) -> Content:
        """The same for the rows `stay`, renumbered by `number`."""
        kept = stay[self.row]
        return Content(self.number[kept], number[self.row[kept]])


def shared_words(content: Content, prose: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Per row: how many content words it has, and how many of them stand in another row of prose of its text."""
    from cleaner.kernels import cohesion as kernel

    words, shared = np.zeros(len(prose), np.int32), np.zeros(len(prose), np.int32)
    ends = np.empty((2, int(content.number.max(initial=-1)) + 1), np.int32)
    kernel.shared(content.number, content.row, prose, ends, words, shared)
    return words, shared


def content_words(lines: Lines) -> Content:
    """Of a whole batch: each word of five letters or more, and each pair of letters of scripts without spaces."""
    from cleaner.kernels import cohesion as kernel

    number, row = np.empty(len(lines.codes), np.int32), np.empty(len(lines.codes), np.int32)
    table = np.empty((max(4 * lines.longest(), 16), 2), np.int32)
    made = kernel.content(
        lines.codes, lines.kinds, lines.word_at, lines.first, lines.start, lines.end, lines.words, lines.counts,
        table, number, row,
    )  # fmt: skip
    return Content(number[:made].copy(), row[:made].copy())
