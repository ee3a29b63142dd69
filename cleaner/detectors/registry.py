"""Which detector serves which rule, and how their findings become votes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from cleaner.detectors import captions, crumbs, repeats
from cleaner.detectors.scene import Finding, Scene
from cleaner.packs.match import RuleSet
from cleaner.votes import Votes, no_votes

_DETECTORS: Final[Mapping[str, Callable[[Scene], Sequence[Finding]]]] = {
    "repeats": repeats.find,
    "captions": captions.find,
    "crumbs": crumbs.find,
}


def detect(rules: RuleSet, scene: Scene) -> Votes:
    """The votes of all detectors whose rules are on."""
    if not rules.detectors or not len(scene.lines):
        return no_votes()
    lines = scene.lines
    found: list[tuple[int, int, int, int, bool]] = []
    for name, find in _DETECTORS.items():
        wanted = rules.detectors.get(name, {})
        if not wanted:
            continue
        scene.settings = {rule: rules.rules[index].settings for rule, index in wanted.items()}
        for finding in find(scene):
            index = wanted.get(finding.rule)
            if index is not None:
                whole = finding.start < 0
                start = int(lines.start[finding.row]) if whole else finding.start
                end = int(lines.end[finding.row]) if whole else finding.end
                found.append((finding.row, index, start, end, whole))
    if not found:
        return no_votes()
    columns = list(zip(*sorted(set(found)), strict=True))
    row, rule, start_at, end_at = (np.array(column, np.int32) for column in columns[:4])
    return Votes(row, rule, start_at, end_at, np.array(columns[4], bool))
