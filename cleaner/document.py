"""A batch of texts as columns: one row per line that is not blank, arrays instead of objects.

Judging works on whole batches because one array operation costs about as much for a line as for ten thousand. What a
row says never depends on the other texts of the batch, so the size of a batch changes nothing in the result.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.folding import fold_char
from cleaner.kernels.kinds import (
    BRACKET,
    COMMA,
    DENSE,
    DIGIT,
    DIVIDER,
    KIND_SHIFT,
    KINDS,
    LOWER,
    MARK,
    NEWLINE,
    OPEN_BIT,
    QUOTE,
    SIGN,
    SPACE,
    STOP,
    UNKNOWN,
    UPPER,
)  # fmt: skip

__all__ = [
    "BRACKET", "COMMA", "DENSE", "DIGIT", "DIVIDER", "KINDS", "LOWER", "MARK", "NEWLINE", "QUOTE", "SIGN", "SPACE",
    "STOP", "UPPER", "Bytes", "Ints", "KindTable", "Lines", "Points", "code_of", "kind_of",
    "needs_border", "prose_rows", "read_lines", "read_rows", "to_points",
]  # fmt: skip

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Points = NDArray[np.uint32]

_STOPS: Final = frozenset(".!?…。！？｡؟۔।॥։።")
_COMMAS: Final = frozenset(",;:，、；：،؛·")
_DIVIDERS: Final = frozenset(">»›→|/\\•‣▪●■◦–—-*+<«‹←｜／＞")
_DENSE_SCRIPTS: Final = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def kind_of(char: str) -> int:
    """The kind of one code point; letters of scripts written without spaces are `DENSE`."""
    if char == "\n":
        return NEWLINE
    category = unicodedata.category(char)
    if char.isspace() or category in ("Cc", "Cf", "Zs", "Zl", "Zp"):
        return SPACE
    if char in _STOPS:
        return STOP
    if char in _COMMAS:
        return COMMA
    if char in _DIVIDERS and char not in "«»":
        return DIVIDER
    if category[0] in "LM" and char > "\x7f" and unicodedata.name(char, "").startswith(_DENSE_SCRIPTS):
        return DENSE
    if category[0] == "L":
        return UPPER if category in ("Lu", "Lt") else LOWER
    if category[0] == "M":
        return MARK
    if category[0] == "N":
        return DIGIT
    if category in ("Pi", "Pf") or char in "\"'„‚「」『』":
        return QUOTE
    return BRACKET if category in ("Ps", "Pe") else SIGN


def needs_border(char: str) -> bool:
    """Whether a phrase that begins or ends in this folded character must begin or end there at a word's border."""
    kind = kind_of(char)
    return kind <= MARK or kind == DIGIT


def code_of(char: str) -> int:
    """All that is known of a code point in one number, see `kernels.kinds`."""
    folded = fold_char(char)
    code = kind_of(char) << KIND_SHIFT
    if not folded:
        return code
    open_ = folded not in " \n" and not needs_border(folded)
    return code | ord(folded) | (OPEN_BIT if open_ else 0)


_ALIKE: Final = ((0x4E00, 0x9FA5), (0xAC00, 0xD7A3))
"""First and last of the code points that are all of one kind and fold to themselves: the ideographs and the syllables of
Hangul that Unicode has had from its first versions on. One by one they would take longer than the first hundred pages."""


class KindTable:
    """What is known of code points, for whole arrays.

    The table fills up with the code points it meets; what it answers never depends on what it met before.
    """

    def __init__(self) -> None:
        self.codes: Points = np.full(0x110000, UNKNOWN, np.uint32)
        for first, last in _ALIKE:
            self.codes[first : last + 1] = np.arange(last + 1 - first, dtype=np.uint32) + np.uint32(code_of(chr(first)))

    def learn(self, points: Points) -> None:
        """Fill in the code points of `points`."""
        new = points[self.codes[points] == UNKNOWN]
        met = np.zeros(int(new.max(initial=0)) + 1, bool)  # sorting a million of them would take longer than all else of a start
        met[new] = True
        for point in np.flatnonzero(met).tolist():
            self.codes[point] = code_of(chr(point))

    def __call__(self, points: Points) -> Bytes:
        """One kind per code point."""
        self.learn(points)
        return (self.codes[points] >> np.uint32(KIND_SHIFT)).astype(np.uint8)



def run_starts(values: NDArray[Any]) -> NDArray[np.intp]:
    """Where each run of equal values begins; `values` is one row."""
    if not len(values):
        return np.zeros(0, np.intp)
    return np.append(np.zeros(1, np.intp), np.flatnonzero(values[1:] != values[:-1]) + 1)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a batch of texts that are not blank, as columns of length `n`.

    Offsets count code points of `points`, the batch joined with line feeds; a row's offset in its own text is
    `start - base[doc]`.
    """

    texts: Sequence[str]
    points: Points
    """The batch as code points, closed by a line feed."""
    kinds: Bytes
    """The kind of each code point."""
    codes: Points
    """What is known of each code point, see `kernels.kinds`."""
    base: Ints
    """Per text: where it starts in `points`."""
    first: Ints
    """Per text and one more: its first row."""
    doc: Ints
    """Per row: the text it belongs to."""
    line_start: Ints
    """Per row: where its line starts."""
    line_end: Ints
    """Per row: where its line ends, before the line feed."""
    start: Ints
    """Per row: first character that is not white space."""
    end: Ints
    """Per row: one past the last such character."""
    blank_before: Bytes
    """Per row: blank lines directly before it in the same text, at most 3."""
    line_of: Ints
    """Per row: number of its line in the batch, blank lines counted."""
    counts: Ints
    """(n, KINDS): how many code points of each kind the row has; `LOWER` and `SPACE` are not counted. `NEWLINE` counts
    the line feeds after the row up to the next row of its text."""
    words: Ints
    """Per row: words of scripts with spaces."""
    capitals: Ints
    """Per row: words that begin with a capital."""
    ink: Ints
    """Per row: code points that are not white space."""
    weight: Ints
    """Per row: twice its length in words, where a letter of a script without spaces is half a word."""
    word_at: Ints
    """Where words of scripts with spaces begin, in the whole batch."""

    def __len__(self) -> int:
        return len(self.start)

    def text(self, row: int) -> str:
        """A row's line without the white space around it."""
        doc = self.doc[row]
        base = self.base[doc]
        return self.texts[doc][self.start[row] - base : self.end[row] - base]

    def take(self, rows: Ints) -> Lines:
        """The same batch with only these rows, in order, as if the others had never stood there."""
        return replace(
            self,
            first=np.searchsorted(self.doc[rows], np.arange(len(self.first))).astype(np.int32),
            doc=self.doc[rows],
            line_start=self.line_start[rows],
            line_end=self.line_end[rows],
            start=self.start[rows],
            end=self.end[rows],
            blank_before=_blanks(self, rows),
            line_of=self.line_of[rows],
            counts=self.counts[rows],
            words=self.words[rows],
            capitals=self.capitals[rows],
            ink=self.ink[rows],
            weight=self.weight[rows],
        )

    def length(self) -> Ints:
        """Per row: code points between its ends."""
        return self.end - self.start

    def longest(self) -> int:
        """Code points of the longest text of the batch, and one for its end."""
        size = len(self.points)
        return size if len(self.base) == 1 else int(np.diff(self.base, append=np.int32(size)).max(initial=0))


def _blanks(lines: Lines, rows: Ints) -> Bytes:
    """Blank lines above each row that stays: those above removed rows go with them, those above a text always."""
    blanks = lines.blank_before[rows]
    doc = lines.doc[rows]
    blanks[run_starts(doc)] = 0
    return blanks


def to_points(text: str) -> Points:
    """The code points of a text; lone surrogates are code points like others."""
    return np.array([text]).view(np.uint32)[: len(text)]  # numpy's strings are code points, and the fastest way to them


def read_lines(texts: Sequence[str], kind_table: KindTable) -> Lines:
    """Split `texts` at line feeds, and nowhere else, into the rows of a `Lines`."""
    from cleaner.kernels import rows as kernel

    points = to_points(texts[0] + "\n" if len(texts) == 1 else "\n".join(texts) + "\n")
    size = len(points)
    codes, kinds = np.empty(size, np.uint32), np.empty(size, np.uint8)
    breaks = np.empty(size + 1, np.int32)
    if kernel.classify(points, kind_table.codes, codes, kinds, breaks):
        kind_table.learn(points)
        kernel.classify(points, kind_table.codes, codes, kinds, breaks)
    most = int(breaks[-1])
    base = np.zeros(len(texts), np.int32)
    if len(texts) > 1:
        np.cumsum(np.fromiter(map(len, texts[:-1]), np.int32, len(texts) - 1) + 1, out=base[1:])
    columns, blanks = np.empty((kernel.BOUNDS, most), np.int32), np.empty(most, np.uint8)
    counts = np.empty((most, KINDS), np.int32)
    word_at, first = np.empty(size // 2 + 3, np.int32), np.zeros(len(texts) + 1, np.int32)
    n = kernel.rows(kinds, base, breaks[:most], columns, blanks, counts, word_at, first)
    return Lines(
        texts=texts,
        points=points,
        kinds=kinds,
        codes=codes,
        base=base,
        first=first,
        doc=columns[kernel.DOC, :n],
        line_start=columns[kernel.LINE_START, :n],
        line_end=columns[kernel.LINE_END, :n],
        start=columns[kernel.START, :n],
        end=columns[kernel.END, :n],
        blank_before=blanks[:n],
        line_of=columns[kernel.LINE_OF, :n],
        counts=counts[:n],
        words=columns[kernel.WORDS, :n],
        capitals=columns[kernel.CAPITALS, :n],
        ink=columns[kernel.INK, :n],
        weight=columns[kernel.WEIGHT, :n],
        word_at=word_at[: word_at[-1]],
    )



def read_rows(lines: Lines) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows read as paragraphs of running text, and which look like an item of a list, a row of a table or code."""
    from cleaner.kernels import measures as kernel

    prose, listed = np.empty(len(lines), bool), np.empty(len(lines), bool)
    kernel.read_rows(lines.kinds, lines.counts, lines.start, lines.end, lines.weight, prose, listed)
    return prose, listed


def prose_rows(lines: Lines) -> NDArray[np.bool_]:
    """Which rows read as paragraphs of running text."""
    return read_rows(lines)[0]
