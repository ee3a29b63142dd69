"""Image texts between paragraphs: an alternative text and a caption say nearly the same thing one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cleaner.detectors.scene import Finding, Scene
from cleaner.document import COMMA, STOP, last_kinds


def find(scene: Scene) -> Sequence[Finding]:
    """Pairs of neighbouring lines without a closing stop that share words, with prose around them."""
    settings = scene.settings.get("pair", {})
    low, high = int(settings.get("min_words", 4)), int(settings.get("max_words", 45))
    share = float(settings.get("share", 0.33))
    lines = scene.lines
    weight = lines.weight()
    _, ends = last_kinds(lines)
    able = (weight >= 2 * low) & (weight <= 2 * high) & (ends != STOP) & (ends != COMMA) & ~scene.listed
    first, stop = lines.first[lines.doc], lines.first[lines.doc + 1]
    pair = able[:-1] & able[1:] & (lines.doc[:-1] == lines.doc[1:])
    found: list[Finding] = []
    for row in np.flatnonzero(pair).tolist():
        # What follows may be a subhead: one more short line, with prose right after it.
        # What follows may be a subhead: one more short line, with prose right after it.
        below = row + 2
        ends_here = below >= stop[row] or not able[below]
        subhead = not ends_here and below + 1 < stop[row] and bool(scene.prose[below + 1])
        framed = row > first[row] and scene.prose[row - 1] and (ends_here or subhead)
        if framed and _alike(scene.folded(row), scene.folded(row + 1), share):
            found += [Finding("pair", row), Finding("pair", row + 1)]
    return found


def _alike(one: str, other: str, share: float) -> bool:
    """Whether the two lines share so much of the shorter one's words (longer than two letters, by their beginnings)."""
    a, b = _stems(one), _stems(other)
    if not a or not b:
        return False
    both = len(a & b)
    return both >= 1 and both >= share * min(len(a), len(b)) and both >= min(2, min(len(a), len(b)))


def _stems(line: str) -> set[str]:
    words = line.split()
    if len(words) * 12 < len(line):
        return {line[i : i + 2] for i in range(len(line) - 1)}
    return {word[:5] for word in words if len(word) > 2}
