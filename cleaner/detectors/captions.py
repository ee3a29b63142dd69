"""Image texts between paragraphs: an alternative text and a caption say nearly the same thing one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cleaner.detectors.scene import Findings, Scene
from cleaner.document import COMMA, DIGIT, DIVIDER, STOP, UPPER, Lines, last_kinds


def find(scene: Scene) -> Findings:
    """Pairs of neighbouring lines without a closing stop that share words, with prose around them."""
    settings = scene.settings.get("pair", {})
    low, high = int(settings.get("min_words", 4)), int(settings.get("max_words", 45))
    least = int(scene.settings.get("pair-loose", {}).get("min_words", 1))
    share = float(settings.get("share", 0.33))
    lines = scene.lines
    weight = lines.weight()
    _, ends = last_kinds(lines)
    able = (weight >= 2 * least) & (weight <= 2 * high) & (ends != STOP) & (ends != COMMA) & ~scene.listed
    # Two of them with prose directly above; what follows is none of them, or a subhead: one more, with prose below it.
    here = 1 + np.flatnonzero(able[1:-1] & able[2:] & scene.prose[:-2])
    here = here[(lines.doc[here - 1] == lines.doc[here]) & (lines.doc[here] == lines.doc[here + 1])]
    if not len(here):
        return {}
    stop, last = lines.first[lines.doc[here] + 1], len(able) - 1
    inside, below = here + 2 < stop, np.minimum(here + 2, last)
    ends_here = ~(inside & able[below])
    subheads = ~ends_here & (here + 3 < stop) & scene.prose[np.minimum(here + 3, last)]
    in_prose = subheads | (inside & scene.prose[below])
    pair = ends_here | subheads
    plain = _plain(lines)
    wordy = weight >= 2 * low
    found: dict[str, list[int]] = {"pair": [], "pair-in-prose": [], "pair-loose": []}
    for row, subhead, between in zip(here[pair].tolist(), subheads[pair].tolist(), in_prose[pair].tolist(), strict=True):
        if subhead and _alike(scene.folded(row + 1), scene.folded(row + 2), share):
            continue  # three of a kind are entries of something
        if not (wordy[row] and wordy[row + 1] and _alike(scene.folded(row), scene.folded(row + 1), share)):
            if between and _related(scene.folded(row), scene.folded(row + 1)):
                found["pair-loose"] += [row, row + 1]
        else:
            sure = between and plain[row] and plain[row + 1]
            found["pair-in-prose" if sure else "pair"] += [row, row + 1]
    return {name: np.array(rows, np.int32) for name, rows in found.items()}


def _plain(lines: Lines) -> NDArray[np.bool_]:
    """Rows that read as sentences without an end: hardly a number or divider, not a heading in capitals."""
    counts = lines.counts
    titled = (lines.words > 0) & (20 * lines.capitals > 13 * lines.words) & (counts[:, UPPER] > 0)
    return (counts[:, DIGIT] <= 4) & (counts[:, DIVIDER] <= 1) & (lines.weight() >= 10) & ~titled


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
