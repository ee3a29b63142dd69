"""Image texts between paragraphs: an alternative text and a caption say nearly the same thing one after the other."""

from __future__ import annotations

import numpy as np

from cleaner.detectors.scene import Scene
from cleaner.document import DENSE, Lines
from cleaner.kernels.kinds import PAIR, PAIR_IN_PROSE, PAIR_LOOSE


def find(scene: Scene) -> None:
    """Mark pairs of neighbouring lines without a closing stop that share words, with prose around them."""
    from cleaner.kernels import copies as kernel

    settings = scene.settings.get("pair", {})
    low, high = int(settings.get("min_words", 4)), int(settings.get("max_words", 45))
    least = int(scene.settings.get("pair-loose", {}).get("min_words", 1))
    share = float(settings.get("share", 0.33))
    lines = scene.lines
    pairs = np.empty((len(lines), 2), np.int32)
    made = kernel.captions(
        lines.kinds, lines.first, lines.start, lines.end, lines.words, lines.capitals, lines.counts, scene.prose, scene.listed,
        least, high, np.empty(len(lines), bool), pairs,
    )  # fmt: skip
    for row, kind in pairs[:made].tolist():
        if kind & kernel.SUBHEAD and _alike(scene.folded(row + 1), scene.folded(row + 2), share):
            continue  # three of a kind are entries of something
        one, other = scene.folded(row), scene.folded(row + 1)
        if min(_words(lines, row), _words(lines, row + 1)) >= low and _alike(one, other, share):
            scene.marks[row : row + 2] |= PAIR_IN_PROSE if kind & kernel.SURE else PAIR
        elif kind & kernel.BETWEEN and _related(one, other):
            scene.marks[row : row + 2] |= PAIR_LOOSE


def _words(lines: Lines, row: int) -> float:
    """Words of a row; a letter of a script without spaces is half a word."""
    return float(lines.words[row]) + float(lines.counts[row, DENSE]) / 2


def _alike(one: str, other: str, share: float) -> bool:
    """Whether the two lines share so much of the shorter one's words (longer than two letters, by their beginnings)."""
    a, b = _stems(one), _stems(other)
    if not a or not b:
        return False
    both = len(a & b)
    return both >= 1 and both >= share * min(len(a), len(b)) and both >= min(2, min(len(a), len(b)))


def _related(one: str, other: str) -> bool:
    """Whether two lines share the beginning of at least one long word: four letters, so that endings may differ."""
    return bool(_stems(one, 4, 4) & _stems(other, 4, 4))


def _stems(line: str, least: int = 3, letters: int = 5) -> set[str]:
    words = line.split()
    if len(words) * 12 < len(line):
        return {line[i : i + 2] for i in range(len(line) - 1)}
    return {word[:letters] for word in words if len(word) >= least}
