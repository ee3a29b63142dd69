"""Which detector serves which rule, and how their findings become votes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.detectors import captions, crumbs, repeats
from cleaner.detectors.scene import Findings, Scene
from cleaner.packs.match import RuleSet
from cleaner.votes import Votes, no_votes

_DETECTORS: Final[Mapping[str, Callable[[Scene], Findings]]] = {
    "repeats": repeats.find,
    "captions": captions.find,
    "crumbs": crumbs.find,
}


def detect(rules: RuleSet, scene: Scene) -> Votes:
    """The votes of all detectors whose rules are on; each covers its line."""
    if not rules.detectors or not len(scene.lines):
        return no_votes()
    lines, many = scene.lines, len(rules.rules)
    keys: list[NDArray[np.int64]] = []
    for name, find in _DETECTORS.items():
        wanted = rules.detectors.get(name, {})
        if not wanted:
            continue
        scene.settings = {rule: rules.rules[index].settings for rule, index in wanted.items()}
        for rule, rows in find(scene).items():
            if rule in wanted and len(rows):
                keys.append(rows.astype(np.int64) * many + wanted[rule])
    if not keys:
        return no_votes()
    found = np.array(sorted(set(np.concatenate(keys).tolist())), np.int64)
    row, rule_of = np.divmod(found, many)
    return Votes(row.astype(np.int32), rule_of.astype(np.int32), lines.start[row], lines.end[row], np.ones(len(row), bool))
