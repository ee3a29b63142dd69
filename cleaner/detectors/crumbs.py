"""Breadcrumbs: a path with dividers, or section names glued to the title without any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cleaner.detectors.scene import Finding, Scene

_HEAD: Final = 6
"""Lines from the top in which a title is looked for."""


def find(scene: Scene) -> Sequence[Finding]:
    """Head lines that end in (or begin with) the title that stands on another head line, with little around it."""
    settings = scene.settings.get("glued", {})
    least, most = int(settings.get("min_title", 12)), int(settings.get("max_rest", 60))
    lines = scene.lines
    found: list[Finding] = []
    for doc in range(len(lines.texts)):
        low = int(lines.first[doc])
        rows = range(low, min(int(lines.first[doc + 1]), low + _HEAD))
        texts = {row: scene.folded(row) for row in rows if lines.end[row] - lines.start[row] < 300}
        title = scene.titles[doc] if scene.titles else None
        for row, text in texts.items():
            for other, candidate in texts.items():
                if other != row and len(candidate) >= least and 2 <= len(text) - len(candidate) <= most:
                    if text.endswith(candidate):
                        found.append(Finding("glued", row))
                    elif text.startswith(candidate + " "):
                        found.append(Finding("title-with-site", row))
        if title:
            found += _against_title(scene, rows, title, least, most)
    return found


def _against_title(scene: Scene, rows: range, title: str, least: int, most: int) -> list[Finding]:
    """Head lines that hold the record's own title and little else."""
    from cleaner.folding import fold

    known = fold(title)
    found: list[Finding] = []
    if len(known) < least:
        return found
    for row in rows:
        text = scene.folded(row)
        if 2 <= len(text) - len(known) <= most and text.endswith(known):
            found.append(Finding("glued", row))
    return found
