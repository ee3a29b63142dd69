"""Breadcrumbs: a path with dividers, or section names glued to the title without any."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.detectors.scene import Findings, Scene
from cleaner.document import QUOTE, STOP, Ints, Lines, last_kinds
from cleaner.folding import fold

_HEAD: Final = 6
"""Lines from the top in which a title is looked for."""
_LONGEST: Final = 300
_FULL_STOPS: Final = np.array([ord(sign) for sign in ".。।"], np.uint32)


def find(scene: Scene) -> Findings:
    """Head lines that end in (or begin with) the title that stands on another head line, with little around it."""
    from cleaner.kernels import repeats as kernel

    settings = scene.settings.get("glued", {})
    least, most = int(settings.get("min_title", 12)), int(settings.get("max_rest", 60))
    lines = scene.lines
    places = np.empty((len(lines.texts) * _HEAD * _HEAD, 2), np.int32)
    room = 2 * _LONGEST + 4
    made = kernel.glued(
        lines.codes, lines.first, lines.start, lines.end, _LONGEST, least, most, np.empty((_HEAD, room), np.uint32),
        np.empty(_HEAD, np.int64), np.empty(room, np.int64), np.empty(room, np.uint64), np.empty((2, room), np.int64), places,
    )  # fmt: skip
    row, kind = places[:made].T
    titled: list[int] = []
    for doc, title in enumerate(scene.titles or ()):
        if title:
            low = int(lines.first[doc])
            titled += _against_title(scene, range(low, min(int(lines.first[doc + 1]), low + _HEAD)), title, least, most)
    glued = np.append(row[kind == 0], np.array(titled, np.int32))
    if len(glued):
        glued = glued[~(_full_stop(lines, glued) | scene.listed[glued])]
    return {"glued": glued, "title-with-site": row[kind == 1]}


def _full_stop(lines: Lines, rows: Ints) -> NDArray[np.bool_]:
    """Which of `rows` end in a full stop, as sentences do and titles do not."""
    closing, inner = last_kinds(lines, rows)
    last = lines.points[lines.end[rows] - 1]
    stopped = (last[:, None] == _FULL_STOPS).any(axis=1)
    found: NDArray[np.bool_] = stopped | ((closing != inner) & (inner == STOP)) | (closing == QUOTE)
    return found


def _against_title(scene: Scene, rows: range, title: str, least: int, most: int) -> list[int]:
    """Head lines that hold the record's own title and little else."""
    known = fold(title)
    found: list[int] = []
    if len(known) < least:
        return found
    for row in rows:
        text = scene.folded(row)
        if 2 <= len(text) - len(known) <= most and text.endswith(known):
            found.append(row)
    return found
