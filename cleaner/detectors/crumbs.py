"""Breadcrumbs: a path with dividers, or section names glued to the title without any."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.detectors.scene import Scene
from cleaner.folding import fold
from cleaner.kernels.kinds import GLUED

_HEAD: Final = 6
"""Lines from the top in which a title is looked for."""
_LONGEST: Final = 300


def find(scene: Scene) -> None:
    """Mark head lines that end in (or begin with) the title that stands on another head line, with little around it."""
    from cleaner.kernels import repeats as kernel

    settings = scene.settings.get("glued", {})
    least, most = int(settings.get("min_title", 12)), int(settings.get("max_rest", 60))
    lines = scene.lines
    room = 2 * _LONGEST + 4
    kernel.glued(
        lines.points, lines.kinds, lines.codes, lines.first, lines.start, lines.end, scene.listed, _LONGEST, least, most,
        np.empty((_HEAD, room), np.uint32), np.empty(_HEAD, np.int64), np.empty(room, np.int64), np.empty(room, np.uint64),
        np.empty((2, room), np.int64), scene.marks,
    )  # fmt: skip
    for doc, title in enumerate(scene.titles or ()):
        if title:
            low = int(lines.first[doc])
            _find_title(scene, range(low, min(int(lines.first[doc + 1]), low + _HEAD)), title, least, most)


def _find_title(scene: Scene, rows: range, title: str, least: int, most: int) -> None:
    """Mark head lines that hold the record's own title and little else."""
    from cleaner.kernels import repeats as kernel

    known, lines = fold(title), scene.lines
    if len(known) < least:
        return
    for row in rows:
        text = scene.folded(row)
        if not (2 <= len(text) - len(known) <= most and text.endswith(known)) or scene.listed[row]:
            continue
        if not kernel.ends_in_stop(lines.points, lines.kinds, int(lines.start[row]), int(lines.end[row])):
            scene.marks[row] |= GLUED
