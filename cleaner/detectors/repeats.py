"""Paragraphs that stand twice in one text: exactly, nearly, or one inside the other (a pull quote, a repeated lead).

Candidates come from anchors: short windows of folded characters at word starts, chosen by their content, so that a
quotation is found wherever it stands. Each candidate pair is then verified on its words; the fuller paragraph stays,
of equals the first. What is alike is found once for a text; what follows from it is worked out anew whenever lines go.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from cleaner.detectors.scene import Alike, Scene
from cleaner.document import Ints
from cleaner.kernels.kinds import NEAR, PULL_QUOTE, SHORT

_HEAD_ROWS: Final = 8
_NEAR_ROWS: Final = 100
"""How far from its paragraph a pull quote too short for anchors is looked for, so that time grows with the rows alone."""
_NUMBER: Final = re.compile(r"\d+")
_WORD: Final = re.compile(r"[^\W\d_]+")


def alike(scene: Scene) -> Alike:
    """Compare the rows of each text."""
    group = _groups(scene)
    pairs, crowded = _pairs(scene, group)
    quotes, far = _short_quotes(scene)
    if quotes:
        known = {goes for _, goes, _ in pairs}
        pairs += [pair for pair in quotes if pair[1] not in known]
    return Alike(group, tuple(pairs), frozenset(crowded | far))


def find(scene: Scene) -> None:
    """Mark rows that repeat another row of their text."""
    if scene.alike is None:
        scene.alike = alike(scene)
    _mark_exact(scene, scene.alike.group)
    gone: set[int] = set()
    for stays, goes, mark in scene.alike.pairs:
        if stays not in gone and goes not in gone:
            if mark != SHORT:
                gone.add(goes)
            scene.marks[goes] |= mark


def _groups(scene: Scene) -> Ints:
    from cleaner.kernels import repeats as kernel

    lines = scene.lines
    group = np.empty(len(lines), np.int32)
    table = np.empty(max(4 * len(lines), 16), np.int32)
    kernel.groups(lines.points, lines.first, lines.start, lines.end, table, group)
    return group


def _mark_exact(scene: Scene, group: Ints) -> None:
    """Mark rows equal to an earlier one. Short ones, and those that no stop closes (names of goods, broken lines of a manual,
    code), are only hinted at; verses that return together are left alone.

    Entries of a table of contents are neighbours that return once, further down and in the same order, as headings with
    prose between them. Of these it is the first copy that does not belong to the text.
    """
    from cleaner.kernels import copies as kernel

    lines = scene.lines
    least = int(scene.settings.get("exact", {}).get("min_words", 9))
    kernel.exact(
        lines.kinds, lines.first, lines.start, lines.end, lines.words, lines.counts, scene.prose, scene.listed, group, least,
        _HEAD_ROWS, np.empty((3, len(lines) + 1), np.int32), scene.marks,
    )  # fmt: skip


def compare(scene: Scene, pairs: Ints, quoted: float, share: float, whole: float) -> tuple[Ints, Ints]:
    """What `pairs` of rows have in common, and those that say the same, as (row that stays, row that goes, mark).

    See `kernels.repeats.compare`.
    """
    from cleaner.kernels import repeats as kernel

    lines, many = scene.lines, len(pairs)
    room = 2 * lines.longest() + 4
    facts, found = np.empty((many, 4), np.int32), np.empty((many, 3), np.int32)
    kept = kernel.compare(
        lines.codes, lines.kinds, lines.start, lines.end, scene.prose, scene.listed, pairs, quoted, share, whole,
        np.empty(room, np.uint32), np.empty(room, np.int64), np.empty((2, room), np.int64), np.empty((3, room), np.uint64),
        np.empty(4 * room + 16, np.uint64), facts, found,
    )  # fmt: skip
    return facts, found[:kept]


def _pairs(scene: Scene, group: Ints) -> tuple[list[tuple[int, int, int]], set[int]]:
    settings = scene.settings.get("contained", {})
    least, quoted = int(settings.get("min_words", 8)), float(settings.get("quoted_share", 0.55))
    share, whole = float(settings.get("share", 0.85)), float(settings.get("whole_share", 0.95))
    pairs, crowded = _candidates(scene, group, least)
    if not len(pairs):
        return [], crowded
    found: list[tuple[int, int, int]] = []
    for stays, goes, mark in compare(scene, pairs, quoted, share, whole)[1].tolist():
        unlike = mark == NEAR and _tells_more(scene.lines.text(goes), scene.lines.text(stays))
        found.append((stays, goes, SHORT if unlike else mark))
    return found, crowded


def _short_quotes(scene: Scene) -> tuple[list[tuple[int, int, int]], set[int]]:
    """Quotations of some words, too short to be found by anchors, with which a paragraph near by begins: (row that stays, row
    that goes, mark); and the texts that are longer than is looked for. Quotations from the middle are subheads, too."""
    from cleaner.kernels import repeats as kernel

    settings, lines = scene.settings, scene.lines
    low = int(settings.get("pull-quote", {}).get("min_words", 5))
    high = int(settings.get("contained", {}).get("min_words", 8)) + 2
    room = 2 * lines.longest() + 4
    quotes = np.empty((len(lines), 2), np.int32)
    many = kernel.short_quotes(
        lines.codes, lines.kinds, lines.first, lines.start, lines.end, lines.words, lines.counts, scene.listed, low, high,
        _NEAR_ROWS, np.empty((2, room), np.uint32), np.empty(room, np.int64), np.empty((2, room), np.int64),
        np.empty(room, np.uint64), quotes,
    )  # fmt: skip
    found: list[tuple[int, int, int]] = []
    far: set[int] = set()
    for row, other in quotes[:many].tolist():
        doc = int(lines.doc[row])
        if lines.first[doc + 1] - lines.first[doc] > _NEAR_ROWS:
            far.add(doc)
        if other >= 0:
            found.append((other, row, PULL_QUOTE))
    return found, far


def _tells_more(text: str, other: str) -> bool:
    """Whether `text` has numbers or names that `other` lacks: the same sentence said of another thing."""
    if set(_NUMBER.findall(text)) - set(_NUMBER.findall(other)):
        return True
    known = set(_WORD.findall(other.casefold()))
    return any(word[0].isupper() and word.casefold() not in known for word in _WORD.findall(text)[1:])


def _candidates(scene: Scene, group: Ints, least: int) -> tuple[Ints, set[int]]:
    """Pairs of rows (earlier, later) that share two anchors and are not equal, in order; and the texts with crowds left out."""
    from cleaner.kernels import repeats as kernel

    lines = scene.lines
    most = lines.longest()
    slots = max(4 * most, 16)
    crowded = np.zeros(len(lines.texts), bool)
    pairs = np.empty((3 * len(lines.points) // 2 + 3, 2), np.int32)
    # Lines may be missing from a batch; its words never are.
    made = kernel.pairs_of_rows(
        lines.points, lines.codes, lines.kinds, lines.word_at, lines.words, lines.counts, lines.first, lines.start,
        lines.end, scene.prose, scene.listed, group, least, np.empty(most, np.uint64), np.empty(most, np.int32),
        np.empty(slots, np.uint64), np.empty((slots, kernel.CROWD + 2), np.int32), np.empty(3 * most + 3, np.int64), crowded,
        pairs,
    )  # fmt: skip
    return pairs[:made], set(np.flatnonzero(crowded).tolist()) if crowded.any() else set()
