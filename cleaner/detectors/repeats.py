"""Paragraphs that stand twice in one text: exactly, nearly, or one inside the other (a pull quote, a repeated lead).

Candidates come from anchors: short windows of folded characters at word starts, chosen by their content, so that a
quotation is found wherever it stands. Each candidate pair is then verified on its words; the fuller paragraph stays,
of equals the first. What is alike is found once for a text; what follows from it is worked out anew whenever lines go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.detectors.scene import Alike, Finding, Scene
from cleaner.document import DENSE, QUOTE, Ints

_WINDOW: Final = 16
"""Characters of an anchor: two to four words, rare enough to be few and short enough to survive small edits."""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_HEAD_ROWS: Final = 8
_CROWD: Final = 6
"""An anchor that more rows share than this belongs to a formula of the text (a template, a refrain), not to a repeat."""


def alike(scene: Scene) -> Alike:
    """Compare the rows of each text."""
    group = _groups(scene)
    pairs, crowded = _pairs(scene, group)
    return Alike(group, tuple(pairs), frozenset(crowded))


def find(scene: Scene) -> Sequence[Finding]:
    """Rows that repeat another row of their text."""
    if scene.alike is None:
        scene.alike = alike(scene)
    return [*_exact(scene, scene.alike), *_similar(scene.alike)]


def _groups(scene: Scene) -> Ints:
    lines = scene.lines
    group = np.arange(len(lines), dtype=np.int32)
    starts, ends = lines.start.tolist(), lines.end.tolist()
    for doc, text in enumerate(lines.texts):
        low, high = int(lines.first[doc]), int(lines.first[doc + 1])
        if high - low < 2:
            continue
        base = int(lines.base[doc])
        rows = [text[a - base : b - base] for a, b in zip(starts[low:high], ends[low:high], strict=True)]
        if len(set(rows)) < len(rows):
            seen: dict[str, int] = {}
            group[low:high] = [seen.setdefault(row, number) for number, row in enumerate(rows, low)]
    return group


def _exact(scene: Scene, known: Alike) -> Iterator[Finding]:
    """Rows equal to an earlier one. Short ones are only hinted at; verses that return together are left alone."""
    lines, group = scene.lines, known.group
    least = int(scene.settings.get("exact", {}).get("min_words", 9))
    again = np.flatnonzero(group != np.arange(len(group)))
    if not len(again):
        return
    weight = lines.weight()
    begin = lines.first[lines.doc]
    pairs = set(zip(group[again].tolist(), again.tolist(), strict=True))
    for row in again.tolist():
        first = int(group[row])
        solid = scene.prose[row] or (weight[row] >= 2 * least and not _refrain(pairs, first, row))
        if solid and not scene.listed[row]:
            yield Finding("exact", row)
        elif row - begin[row] < _HEAD_ROWS:
            yield Finding("title-again", row)
        else:
            yield Finding("short", row)


def _refrain(pairs: set[tuple[int, int]], first: int, row: int) -> bool:
    """Whether a neighbour returns together with the row, as the lines of a refrain do."""
    return (first - 1, row - 1) in pairs or (first + 1, row + 1) in pairs


def _similar(known: Alike) -> Iterator[Finding]:
    gone: set[int] = set()
    for stays, goes, name in known.pairs:
        if stays not in gone and goes not in gone:
            if name != "short":
                gone.add(goes)
            yield Finding(name, goes)


def _pairs(scene: Scene, group: Ints) -> tuple[list[tuple[int, int, str]], set[int]]:
    settings = scene.settings.get("contained", {})
    least, quoted = int(settings.get("min_words", 8)), float(settings.get("quoted_share", 0.55))
    share = float(settings.get("share", 0.85))
    found: list[tuple[int, int, str]] = []
    candidates, crowded = _candidates(scene, least)
    for one, other in candidates:
        if group[one] == group[other]:
            continue
        first, second = scene.folded(one), scene.folded(other)
        shorter, longer = (other, one) if len(second) <= len(first) else (one, other)
        common = _common(scene.folded(shorter), scene.folded(longer))
        if common < quoted:
            continue
        near = min(len(first), len(second)) >= 0.9 * max(len(first), len(second))
        if near and common >= share and (scene.prose[one] or scene.prose[other]):
            found.append((one, other, "near"))
        elif (scene.prose[shorter] and common >= share) or _quoted(scene, shorter) or _quoted(scene, longer):
            found.append((longer, shorter, "contained"))
        else:
            found.append((longer, shorter, "short"))
    return found, crowded


def _quoted(scene: Scene, row: int) -> bool:
    """Whether a line begins with a quotation mark: the shape of a pull quote."""
    lines = scene.lines
    return bool(lines.kinds[lines.start[row]] == QUOTE)


def _candidates(scene: Scene, least: int) -> tuple[list[tuple[int, int]], set[int]]:
    """Pairs of rows (earlier, later) that share two anchors, in order; and the texts with crowds left out."""
    lines = scene.lines
    quoted = lines.kinds[lines.start] == QUOTE
    able = (lines.weight() >= 2 * least) & (scene.prose | quoted) & ~scene.listed
    if int(able.sum()) < 2:
        return [], set()
    at, row = _anchors(scene, able)
    if len(at) < 2:
        return [], set()
    key = _hash(scene, at) ^ (lines.doc[row].astype(np.uint64) * _MIX)
    order = np.argsort(key)
    key = key[order]
    same = key[1:] == key[:-1]
    starts = np.flatnonzero(same & ~np.concatenate(([False], same[:-1])))
    row = row[order]
    stops = np.flatnonzero(same & ~np.concatenate((same[1:], [False]))) + 2
    shared: Counter[tuple[int, int]] = Counter()
    crowded: set[int] = set()
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        rows = sorted(set(row[start:stop].tolist()))
        if len(rows) <= _CROWD:
            shared.update(combinations(rows, 2))
        else:
            crowded.add(int(lines.doc[rows[0]]))
    return sorted(pair for pair, count in shared.items() if count >= 2), crowded


def _anchors(scene: Scene, able: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Word starts (and, in scripts without spaces, letters) chosen by what follows them, and their rows."""
    lines = scene.lines
    dense = np.flatnonzero(lines.kinds == DENSE).astype(np.int32)
    at = np.concatenate((lines.word_at, dense))
    row = lines.row_at(at)
    fits = able[row] & (at + _WINDOW <= lines.end[row])
    at, row = at[fits], row[fits]
    head = lines.points[at].astype(np.uint64)
    for step in range(1, 4):
        head = head * _MIX + lines.points[at + step]
    chosen = (head >> np.uint64(40)) & np.uint64(1) == 0
    return at[chosen], row[chosen]


def _hash(scene: Scene, at: Ints) -> NDArray[np.uint64]:
    value = np.zeros(len(at), np.uint64)
    for step in range(_WINDOW):
        value = value * _MIX + scene.folds(scene.lines.points[at + step])
    return value ^ (value >> np.uint64(29))


def _common(shorter: str, longer: str) -> float:
    """Share of the shorter line's word triples that stand in the longer one."""
    a, b = _units(shorter), _units(longer)
    triples = list(zip(a, a[1:], a[2:], strict=False))
    known = set(zip(b, b[1:], b[2:], strict=False))
    return sum(map(known.__contains__, triples)) / len(triples) if triples else 0.0


def _units(line: str) -> list[str]:
    """Words, or characters where a line has hardly any spaces."""
    words = line.split()
    return words if len(words) * 12 >= len(line) else [char for char in line if char != " "]
