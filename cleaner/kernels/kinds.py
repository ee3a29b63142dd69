"""Numbers that kernels and their callers share."""

from __future__ import annotations

from typing import Final

# Kinds of code points. A line's measures are counts of these.
# The first three make words: what follows depends on that order.
LOWER, UPPER, MARK, DENSE, DIGIT, SPACE, NEWLINE, STOP, COMMA, QUOTE, BRACKET, DIVIDER, SIGN = range(13)
KINDS: Final = 13

# A code is what is known of a code point: its kind from bit 24 on, and what it folds to in the low 21 bits.
KIND_SHIFT: Final = 24
FOLD_MASK: Final = 0x1FFFFF
OPEN_BIT: Final = 1 << 21
"""In a code: what it folds to needs no border of a word beside it (a letter of a script without spaces, or ©)."""
UNKNOWN: Final = 0xFFFFFFFF
BLOCK_BITS: Final = 7
"""A table that fills up does so by blocks of this many code points: those of a script come together."""
DROP, FOLDED_SPACE, FOLDED_DIGIT = 0, 0x20, 0x30

HEAD, TAIL, ANYWHERE = 1, 2, 4
TAIL_ROWS: Final = 12
"""On a short page half the lines are too few to hold what follows the article."""

# What detectors say of a row; the names of their rules are in `detectors.scene`.
EXACT, TITLE_AGAIN, SHORT, CONTENTS, NEAR, CONTAINED, PULL_QUOTE = 1, 2, 4, 8, 16, 32, 64
PAIR, PAIR_IN_PROSE, PAIR_LOOSE, GLUED, TITLE_WITH_SITE = 128, 256, 512, 1024, 2048

# What a phrase is to a rule: at which place of a line it counts, or that it saves or opens a line to a pattern.
WHOLE, TILE, START, END, INSIDE, UNLESS, KEYWORD = range(7)
TILES, ELSEWHERE = 1, 2
"""Of a phrase: it can cover a line (as whole or tile); it counts in other places, too."""
FAR: Final = 255
"""A distance to something that is not there."""
FIRST_MIX: Final = 0x9E3779B97F4A7C15
"""The high six bits of its product with a folded letter number that letter's bit among 64."""
ODD_FIRST, ODD_LAST = 0x1C80, 0x1C8A
"""Old Cyrillic forms that a search ignoring case takes for common letters, while folding does not."""
