"""Which detector serves which rule, and how what it marks becomes votes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from cleaner.detectors import captions, crumbs, repeats
from cleaner.detectors.scene import MARKS, Marks, Scene, Settings
from cleaner.document import Ints
from cleaner.packs.match import RuleSet
from cleaner.votes import Votes, no_votes

_DETECTORS: Final[Mapping[str, Callable[[Scene], None]]] = {
    "repeats": repeats.find,
    "captions": captions.find,
    "crumbs": crumbs.find,
}
_VOTES_PER_ROW: Final = 2
_WANTED: Final = "detectors"
"""Under which name the memo of the rules keeps what they ask for."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What rules ask detectors for."""

    settings: Mapping[str, Mapping[str, Settings]]
    """Per detector that any rule names: the settings of its rules by their names."""
    marks: Marks
    """The mark of each such rule, in the order of rules."""
    rules: Ints
    """Its number."""

    @classmethod
    def of(cls, rules: RuleSet) -> _Wanted:
        settings: dict[str, dict[str, Settings]] = {}
        ruled: list[tuple[int, int]] = []
        for name in _DETECTORS:
            wanted = rules.detectors.get(name, {})
            if wanted:
                settings[name] = {rule: rules.rules[number].settings for rule, number in wanted.items()}
            ruled += [(number, MARKS[rule]) for rule, number in wanted.items() if rule in MARKS]
        order = sorted(ruled)
        return cls(settings, np.array([mark for _, mark in order], np.uint16), np.array([rule for rule, _ in order], np.int32))


def hear(rules: RuleSet, matched: Votes, scene: Scene) -> Votes:
    """The votes of phrases and patterns (`matched`) whose rules look at the zone their row is in, and those of all detectors
    whose rules are on, each of which covers its line."""
    from cleaner.kernels import hearing as kernel

    wanted = rules.memo.get(_WANTED)
    if wanted is None:
        wanted = rules.memo[_WANTED] = _Wanted.of(rules)
    lines = scene.lines
    if len(lines):
        for name, settings in wanted.settings.items():
            scene.settings = settings
            _DETECTORS[name](scene)
    kept, room = -1, len(matched) + _VOTES_PER_ROW * len(lines) + 1
    while kept < 0:
        columns, whole = np.empty((4, room), np.int32), np.empty(room, bool)
        kept = kernel.hear(
            matched.row, matched.rule, matched.start, matched.end, matched.whole, rules.zone, lines.first, scene.prose,
            scene.marks, wanted.marks, wanted.rules, lines.start, lines.end, columns, whole,
        )  # fmt: skip
        room *= 4
    row, rule, start, end = columns[:, :kept]
    return Votes(row, rule, start, end, whole[:kept])


def detect(rules: RuleSet, scene: Scene) -> Votes:
    """The votes of all detectors whose rules are on; each covers its line."""
    return hear(rules, no_votes(), scene)
