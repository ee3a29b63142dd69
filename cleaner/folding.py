"""Folding: the form of a text in which phrases are looked up and lines are compared.

Folding works code point by code point, so a place in the folded text can always be led back to the original. It lowers
case, drops the accents of Latin, Greek, Cyrillic, Arabic and Hebrew letters, turns full-width forms into plain ones,
each run of digits of any script into one ``0``, and everything that is neither letter, mark nor digit into a space.
Nothing here is ever used as an offset on the original without the map that comes with it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MARKS_OF_LETTERS: Final = frozenset([*range(10, 36), 202, *range(214, 241)])
"""Combining classes of accents, harakat and niqqud; vowel signs and tone marks of other scripts have other classes."""
_ACCENTED: Final = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")
_SPECIAL: Final = {"ı": "i", "İ": "i", "ς": "σ", "ی": "ي", "ى": "ي", "ک": "ك", "©": "©", "ـ": "", "ё": "е", "ẞ": "ß"}
DROP: Final = 0
"""What a code point that leaves no trace folds to."""
_SPACE, _NEWLINE, _DIGIT = ord(" "), ord("\n"), ord("0")
_UNKNOWN: Final = np.uint32(0xFFFFFFFF)
_PLANES: Final = 0x110000


def fold_char(char: str) -> str:
    """What one code point folds to: one code point, or none."""
    if char in _SPECIAL:
        return _SPECIAL[char]
    if char == "\n":
        return char
    plain = unicodedata.normalize("NFKC", char)
    char = plain if len(plain) == 1 else char
    lower = char.lower()
    char = _SPECIAL.get(lower, lower) if len(lower) == 1 else char
    category = unicodedata.category(char)
    if category[0] == "N":
        return "0"
    if category == "Cf" or (category == "Mn" and unicodedata.combining(char) in _MARKS_OF_LETTERS):
        return ""
    if category[0] not in "LM":
        return char if char == "©" else " "
    if category[0] == "L" and char > "\x7f" and unicodedata.name(char, "").startswith(_ACCENTED):
        base = unicodedata.normalize("NFD", char)[0]
        return _SPECIAL.get(base, base)
    return char


class _Memo(dict[int, str]):
    """What each code point folds to, for `str.translate`; fills up with what it meets and never changes an answer."""

    def __missing__(self, point: int) -> str:
        folded = self[point] = fold_char(chr(point))
        return folded


_MEMO: Final = _Memo()
_DIGIT_RUNS: Final = re.compile("0(?: ?0)+")
_BORDERS: Final = re.compile("(?<=0)(?=[^0 ])|(?<=[^0 ])(?=0)")
"""Between a number and a letter, which some write apart and some do not: 14h30, 5min, 3小时."""
_BORDERS: Final = re.compile("(?<=0)(?=[^0 ])|(?<=[^0 ])(?=0)")
"""Between a number and a letter, which some write apart and some do not: 14h30, 5min, 3小时."""


def fold(text: str) -> str:
    """One line or phrase, folded: words with single spaces between them, no space at the ends."""
    return _BORDERS.sub(" ", _DIGIT_RUNS.sub("0", " ".join(text.translate(_MEMO).split())))


class FoldTable:
    """Folding of whole arrays of code points.

    The table fills up with the code points it meets; what it answers never depends on what it met before.
    """

    def __init__(self) -> None:
        self._table: NDArray[np.uint32] = np.full(_PLANES, _UNKNOWN, np.uint32)

    def __call__(self, points: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Folded code points, one per code point of `points`; `DROP` where nothing is left."""
        folded = self._table[points]
        unknown = folded == _UNKNOWN
        if unknown.any():
            for point in np.unique(points[unknown]).tolist():
                self._table[point] = ord(fold_char(chr(point)) or "\0")
            folded = self._table[points]
        return folded


def squeeze(folded: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """An array of folded code points with its runs made one, and where in `folded` each that stays comes from.

    Dropped code points go, runs of spaces leave one space, runs of digits (also with spaces inside) leave one digit,
    spaces at the ends of lines go, and numbers are set apart from letters: line by line the same as `fold`.
    """
    keep = np.flatnonzero(folded != DROP)
    chars = folded if len(keep) == len(folded) else folded[keep]
    stay = np.ones(len(chars), bool)
    same = chars[1:] == chars[:-1]
    same &= (chars[1:] == _SPACE) | (chars[1:] == _DIGIT)
    np.logical_not(same, out=stay[1:])
    at = np.flatnonzero(stay)
    chars, keep = chars[at], keep[at]
    space = np.flatnonzero(chars == _SPACE)
    before = chars[space - 1]
    after = chars[np.minimum(space + 1, len(chars) - 1)]
    before[space == 0] = _NEWLINE
    after[space == len(chars) - 1] = _NEWLINE
    inside = space[(before == _DIGIT) & (after == _DIGIT)]
    stay = np.ones(len(chars), bool)
    stay[space[(before == _NEWLINE) | (after == _NEWLINE)]] = False
    stay[inside] = False
    stay[inside + 1] = False
    chars, keep = chars[stay], keep[stay]
    word = (chars != _SPACE) & (chars != _NEWLINE)
    digit = chars == _DIGIT
    border = 1 + np.flatnonzero(word[1:] & word[:-1] & (digit[1:] != digit[:-1]))
    return np.insert(chars, border, _SPACE), np.insert(keep, border, keep[border])
