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

_MARKS_OF_LETTERS: Final = frozenset([*range(10, 36), 202, *range(214, 241)])
"""Combining classes of accents, harakat and niqqud; vowel signs and tone marks of other scripts have other classes."""
_ACCENTED: Final = ("LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW")
_SPECIAL: Final = {"ı": "i", "İ": "i", "ς": "σ", "ی": "ي", "ى": "ي", "ک": "ك", "©": "©", "ـ": "", "ё": "е", "ẞ": "ß"}


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


def fold(text: str) -> str:
    """One line or phrase, folded: words with single spaces between them, no space at the ends."""
    return _BORDERS.sub(" ", _DIGIT_RUNS.sub("0", " ".join(text.translate(_MEMO).split())))
