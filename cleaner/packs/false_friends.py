"""Votes that only look like hits of their phrase.

Phrases match whatever the accents, and those of all languages look at every line. So a word of one language can be told
from the word of another by a letter that the other does not have, and what somebody says, in quotation marks, is no button.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from unicodedata import combining

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints
from cleaner.packs.schema import Rule

_FULL: Final = 100
"""Phrases from which a language is known well enough to say which letters it does not have."""
FIRST_LETTER: Final = 0xC0
_LETTERS: Final = np.arange(FIRST_LETTER, 0x1F00, dtype=np.uint32)
_MARKED: Final = np.flatnonzero((_LETTERS < 0x250) | (_LETTERS >= 0x1E00))
"""Where the letters of the Latin script beyond those of English are."""
_LOWER: Final = ["".join(c for c in chr(letter).lower() if not combining(c)) for letter in _LETTERS[_MARKED].tolist()]
_COMMON: Final = "common"


def alphabets(rules: Sequence[Rule]) -> tuple[NDArray[np.bool_], Ints]:
    """(languages, letters from U+00C0 on) whether a language lacks a letter, and the language of each rule.

    The letters of a language are those in the phrases of its rules. Patterns and what is common to all languages lack none.
    """
    texts: dict[str, list[str]] = {_COMMON: []}
    names = [rule.id.partition(".")[0] if rule.kind == "phrase" else _COMMON for rule in rules]
    for name, rule in zip(names, rules, strict=True):
        texts.setdefault(name, []).extend(rule.phrases)
    lacks = np.zeros((len(texts), len(_LETTERS)), bool)
    for number, (name, phrases) in enumerate(texts.items()):
        if name == _COMMON or len(phrases) < _FULL:
            continue
        known = set("\n".join(phrases).lower())
        lacks[number, _MARKED] = [not known.issuperset(low) for low in _LOWER]
    order = {name: number for number, name in enumerate(texts)}
    return lacks, np.array([order[name] for name in names], np.int32)
