"""Counters of a run. They add up, so parts of a run can be counted apart and in any process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from cleaner.edits import Edit


@dataclass(slots=True)
class Stats:
    """What happened to the records.

    records = changed + unchanged + no_text + passed + dropped + quarantined. `passed` records went through unjudged
    (their worker died, the page could not be read, the line is too long) and are noted in the quarantine; `blank`
    lines are no records. Characters are code points of the texts that were judged. `rules` holds the number of edits
    and the characters they removed by rule.
    """

    records: int = 0
    changed: int = 0
    unchanged: int = 0
    no_text: int = 0
    passed: int = 0
    dropped: int = 0
    quarantined: int = 0
    blank: int = 0
    chars_in: int = 0
    chars_out: int = 0
    rules: dict[str, list[int]] = field(default_factory=dict)

    def count_edits(self, edits: Iterable[Edit]) -> None:
        """Add the edits of one record to the rules' counts."""
        rules = self.rules
        for start, end, rule, _score, _text in edits:
            counts = rules.get(rule)
            if counts is None:
                counts = rules[rule] = [0, 0]
            counts[0] += 1
            counts[1] += end - start

    def add(self, other: Stats) -> None:
        """Add what `other` counted."""
        for name in _COUNTERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for rule, (edits, chars) in other.rules.items():
            counts = self.rules.setdefault(rule, [0, 0])
            counts[0] += edits
            counts[1] += chars

    @property
    def bad(self) -> int:
        """Records that the quarantine tells of."""
        return self.quarantined + self.passed

    def to_json(self) -> dict[str, Any]:
        """The counters as JSON values, rules by characters removed (most first)."""
        ranked = sorted(self.rules.items(), key=lambda item: (-item[1][1], item[0]))
        counters: dict[str, Any] = {name: getattr(self, name) for name in _COUNTERS}
        return counters | {"rules": {rule: {"edits": edits, "chars": chars} for rule, (edits, chars) in ranked}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Stats:
        """The opposite of `to_json`."""
        rules = {rule: [counts["edits"], counts["chars"]] for rule, counts in value["rules"].items()}
        return cls(**{name: value[name] for name in _COUNTERS}, rules=rules)


_COUNTERS = tuple(counter.name for counter in fields(Stats) if counter.name != "rules")
