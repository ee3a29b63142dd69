"""A batch of texts as columns: one row per line that is not blank, arrays instead of objects.

Judging works on whole batches because one array operation costs about as much for a line as for ten thousand. What a
row says never depends on the other texts of the batch, so the size of a batch changes nothing in the result.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Points = NDArray[np.uint32]

# Kinds of code points. A line's measures are counts of these.
# The first three make words: what follows depends on that order.
LOWER, UPPER, MARK, DENSE, DIGIT, SPACE, NEWLINE, STOP, COMMA, QUOTE, BRACKET, DIVIDER, SIGN = range(13)
KINDS: Final = 13
_UNKNOWN: Final = 255
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


class KindTable:
    """`kind_of` for whole arrays; fills up with the code points it meets."""

    def __init__(self) -> None:
        self._table: Bytes = np.full(0x110000, _UNKNOWN, np.uint8)

    def __call__(self, points: Points) -> Bytes:
        """One kind per code point."""
        kinds = self._table[points]
        unknown = kinds == _UNKNOWN
        if unknown.any():
            for point in np.unique(points[unknown]).tolist():
                self._table[point] = kind_of(chr(point))
            kinds = self._table[points]
        return kinds


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
    """(n, KINDS): how many code points of each kind the row has; `LOWER` and `SPACE` are not counted."""
    words: Ints
    """Per row: words of scripts with spaces."""
    capitals: Ints
    """Per row: words that begin with a capital."""
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
        )

    def row_at(self, offsets: Ints) -> Ints:
        """The row each offset lies in, for offsets inside rows."""
        return (np.searchsorted(self.start, offsets, side="right") - 1).astype(np.int32)

    def length(self) -> Ints:
        """Per row: code points between its ends."""
        return self.end - self.start

    def weight(self) -> Ints:
        """Per row: twice its length in words, where a letter of a script without spaces is half a word."""
        return 2 * self.words + self.counts[:, DENSE]


def _blanks(lines: Lines, rows: Ints) -> Bytes:
    """Blank lines above each row that stays: those above removed rows go with them, those above a text always."""
    blanks = lines.blank_before[rows]
    doc = lines.doc[rows]
    blanks[np.flatnonzero(np.diff(doc, prepend=np.int32(-1)))] = 0
    return blanks


def to_points(text: str) -> Points:
    """The code points of a text; lone surrogates are code points like others."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def read_lines(texts: Sequence[str], kind_table: KindTable) -> Lines:
    """Split `texts` at line feeds, and nowhere else, into the rows of a `Lines`."""
    points = to_points("\n".join(texts) + "\n")
    kinds = kind_table(points)
    base = np.zeros(len(texts), np.int32)
    np.cumsum(np.fromiter(map(len, texts[:-1]), np.int32, max(len(texts) - 1, 0)) + 1, out=base[1:])
    breaks = np.flatnonzero(kinds == NEWLINE).astype(np.int32)
    line_start = np.concatenate((np.zeros(1, np.int32), breaks[:-1] + np.int32(1)))
    line_end = breaks
    start, end = _strip(kinds, line_start, line_end)
    rows = np.flatnonzero(end > start).astype(np.int32)
    line_start, line_end, start, end = line_start[rows], line_end[rows], start[rows], end[rows]
    doc = np.searchsorted(base, line_start, side="right").astype(np.int32) - np.int32(1)
    first = np.searchsorted(doc, np.arange(len(texts) + 1)).astype(np.int32)
    blanks = np.diff(rows, prepend=np.int32(-1)) - 1
    blanks[first[:-1][first[:-1] < len(rows)]] = 0
    counts, words, capitals, word_at = _count(kinds, start, end)
    return Lines(
        texts=texts,
        points=points,
        kinds=kinds,
        base=base,
        first=first,
        doc=doc,
        line_start=line_start,
        line_end=line_end,
        start=start,
        end=end,
        blank_before=np.minimum(blanks, 3).astype(np.uint8),
        line_of=rows,
        counts=counts,
        words=words,
        capitals=capitals,
        word_at=word_at,
    )


_STEPS: Final = 48
"""Indents up to this long are walked together; longer ones are rare and looked at one by one."""


def _strip(kinds: Bytes, line_start: Ints, line_end: Ints) -> tuple[Ints, Ints]:
    """Per line: the range without white space at its ends; empty where a line is blank."""
    start, end = line_start.copy(), line_end.copy()
    for bound, step, look in ((start, 1, 0), (end, -1, -1)):
        loose = np.flatnonzero(start < end)
        loose = loose[kinds[bound[loose] + look] == SPACE]
        for _ in range(_STEPS):
            if not len(loose):
                break
            bound[loose] += step
            loose = loose[start[loose] < end[loose]]
            loose = loose[kinds[bound[loose] + look] == SPACE]
        for line in loose.tolist():
            inked = np.flatnonzero(kinds[start[line] : end[line]] != SPACE)
            at = start[line]
            start[line] = at + inked[0] if len(inked) else end[line]
            end[line] = at + inked[-1] + 1 if len(inked) else end[line]
    return start, end


def _count(kinds: Bytes, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Per row: code points per kind (lower case and white space left out), words, capitalised words; word starts."""
    n = len(start)
    if not n:
        none = np.zeros(0, np.int32)
        return np.zeros((0, KINDS), np.int32), none, none, none
    offset = int(start[0])
    reach = np.append(start[1:], end[-1])
    row = np.repeat(np.arange(n, dtype=np.int32), reach - start)
    kinds = kinds[offset : int(end[-1])]
    # Lower-case letters and white space are four fifths of a text: what is not counted is inferred.
    rare = np.flatnonzero((kinds != LOWER) & (kinds != SPACE))
    cell = row[rare] * np.int32(KINDS) + kinds[rare]
    counts = np.bincount(cell, minlength=n * KINDS).reshape(n, KINDS).astype(np.int32)
    letter = kinds <= MARK
    begins = np.empty(len(letter), bool)
    begins[0] = letter[0]
    np.greater(letter[1:], letter[:-1], out=begins[1:])
    word = np.flatnonzero(begins)
    words = np.bincount(row[word], minlength=n).astype(np.int32)
    capitals = np.bincount(row[word[kinds[word] == UPPER]], minlength=n).astype(np.int32)
    return counts, words, capitals, (word + offset).astype(np.int32)


HEAD, TAIL = 1, 2
_PROSE_WEIGHT: Final = 24
"""Twelve words, or 24 letters of a script without spaces: from here on a line that ends in a stop reads as prose."""
_LONG_WEIGHT: Final = 80
_TAIL_ROWS: Final = 12
"""On a short page half the lines are too few to hold what follows the article."""


def last_kinds(lines: Lines) -> tuple[Bytes, Bytes]:
    """Per row: kind of its last code point, and of the last one that is no closing quote or bracket."""
    last = lines.kinds[lines.end - 1]
    before = lines.kinds[np.maximum(lines.end - 2, lines.start)]
    closing = (last == QUOTE) | (last == BRACKET)
    return last, np.where(closing, before, last).astype(np.uint8)


def prose_rows(lines: Lines) -> NDArray[np.bool_]:
    """Which rows read as paragraphs of running text."""
    weight = lines.weight()
    _, ends = last_kinds(lines)
    return ((weight >= _PROSE_WEIGHT) & (ends == STOP)) | (weight >= _LONG_WEIGHT)


def zones(lines: Lines, prose: NDArray[np.bool_]) -> Bytes:
    """Per row: bits `HEAD` (up to the second paragraph of prose) and `TAIL` (the second half, or the last 12 lines)."""
    first = lines.first
    before = np.concatenate(([0], np.cumsum(prose)))
    earlier = before[:-1] - before[first[lines.doc]]
    row_in_doc = np.arange(len(lines)) - first[lines.doc]
    rows_of_doc = (first[1:] - first[:-1])[lines.doc]
    head = earlier < 2
    tail = (2 * row_in_doc >= rows_of_doc) | (rows_of_doc - row_in_doc <= _TAIL_ROWS)
    return (head * np.uint8(HEAD) | tail * np.uint8(TAIL)).astype(np.uint8)
