r"""Which code points make words, and what they become in lower case: the table the kernel reads texts with.

Words are what Python's `\\w+` finds in `text.lower()`. With the unit `auto`, a code point of a script that is written
without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese …) is a word by itself, so that shingles of n words
become shingles of n characters there; with `word` nothing is; with `char` every code point of a word is.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import ConfigError

Unit = Literal["auto", "word", "char"]
UNITS: Final = ("auto", "word", "char")
ALONE: Final = 1 << 31
"""Set for a code point that is a word by itself."""
POINTS: Final = 0x40000
"""Code points in the table; there are no words in the planes above."""
CONTEXTUAL: Final = "\u0130\u03a3"
"""İ and Σ: their lower case is no single code point, or depends on their neighbours. Python lowers texts with them."""
_WORD: Final = re.compile(r"\w+")
_SPACELESS: Final = (
    *((0x0E01, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x19E0, 0x19FF), (0x1A20, 0x1AAF)),
    *((0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x312F), (0x31A0, 0x31FF), (0x3400, 0x4DBF)),
    *((0x4E00, 0x9FFF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x1AFF0, 0x1B16F)),
    *((0x20000, 0x3FFFF),),
)
"""Blocks of Thai, Lao, Burmese, Khmer, Tai Tham, CJK radicals and ideographs, kana and Bopomofo; Hangul has spaces."""


def word_table(unit: Unit = "auto") -> NDArray[np.uint32]:
    """One entry per code point up to `POINTS`: 0 outside words, else its lower case, with `ALONE` set where that holds.

    The two `CONTEXTUAL` code points count as being outside words.
    """
    if unit not in UNITS:
        raise ConfigError(f"unit {unit!r}: expected one of {', '.join(UNITS)}")
    points = np.arange(POINTS, dtype=np.uint32)
    everything = points.tobytes().decode("utf-32-le", "surrogatepass")
    for char in CONTEXTUAL:
        everything = everything.replace(char, " ")
    lowered = everything.lower()
    lower = np.frombuffer(lowered.encode("utf-32-le", "surrogatepass"), np.uint32)
    table = np.zeros(POINTS, np.uint32)
    alone = np.zeros(POINTS, bool)
    for first, last in _SPACELESS:
        alone[first : last + 1] = unit != "word"
    if unit == "char":
        alone[:] = True
    for found in _WORD.finditer(lowered):
        span = slice(*found.span())
        table[span] = np.where(alone[span], lower[span] | np.uint32(ALONE), lower[span])
    return table


def is_spaceless(char: str) -> bool:
    """Whether `char` belongs to a script that is written without spaces."""
    return any(first <= ord(char) <= last for first, last in _SPACELESS)
