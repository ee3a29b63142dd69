"""What a report needs of a run, collected record by record: counts, and a few samples per rule.

A collector stays small however many records it sees, can be sent from worker processes, and joins with others. Which
samples it keeps depends on the records alone, not on their order or on how they were shared out among workers.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NamedTuple

from cleaner.edits import Edit, Result

SAMPLES: Final = 4
"""Samples per rule: with a thousand rules at work a report still stays under five megabytes."""
_AROUND: Final = 260
"""Characters of context on each side of a sampled edit."""
_LONGEST: Final = 360
"""A longer piece is shown by its two ends."""
_STEPS: Final = 10

Spans = Sequence[tuple[int, int]]


class Piece(NamedTuple):
    """A piece of a sample: text that stays (`rule` empty), or text that goes by `rule` with a certainty of `score`."""

    text: str
    rule: str = ""
    score: float = 0.0
    wrong: bool = False
    """The labels say that it belongs to the text."""


class Sample(NamedTuple):
    """An excerpt around one edit of one record; ordered by a hash, so that the choice is fixed."""

    rank: bytes
    record: str
    start: int
    pieces: tuple[Piece, ...]


@dataclass(slots=True)
class RuleCount:
    """What one rule did."""

    edits: int = 0
    chars: int = 0
    records: int = 0
    scores: list[int] = field(default_factory=lambda: [0] * _STEPS)
    """Edits by certainty, in tenths."""
    samples: list[Sample] = field(default_factory=list)


@dataclass(slots=True)
class GroupCount:
    """Sums over the records of one language or kind of page."""

    records: int = 0
    changed: int = 0
    chars: int = 0
    removed: int = 0

    def add(self, other: GroupCount) -> None:
        """Join two counts."""
        self.records += other.records
        self.changed += other.changed
        self.chars += other.chars
        self.removed += other.removed


class Collector:
    """Collects results; picklable, mergeable, bounded."""

    def __init__(self, *, samples: int = SAMPLES) -> None:
        """`samples` are kept per rule."""
        self.samples = samples
        self.total = GroupCount()
        self.rules: dict[str, RuleCount] = {}
        self.groups: dict[tuple[str, str], GroupCount] = {}
        """(`lang` or `kind`, its name) -> sums."""

    def add(
        self,
        record_id: str | int,
        result: Result,
        *,
        wanted: Spans = (),
        lang: str | None = None,
        kind: str | None = None,
    ) -> None:
        """Count one result. `wanted` are ranges of its source that belong to the text, where that is known."""
        removed = sum(edit.end - edit.start for edit in result.edits)
        count = GroupCount(1, int(bool(result.edits)), len(result.source or result.text), removed)
        self.total.add(count)
        kind = kind or _meta(result, "kind")
        lang = lang or _meta(result, "language")
        for what, name in (("lang", lang), ("kind", kind)):
            if name:
                self.groups.setdefault((what, name), GroupCount()).add(count)
        seen: set[str] = set()
        for number, edit in enumerate(result.edits):
            rule = self.rules.get(edit.rule)
            if rule is None:
                rule = self.rules[edit.rule] = RuleCount()
            rule.edits += 1
            rule.chars += edit.end - edit.start
            rule.scores[min(int(edit.score * _STEPS), _STEPS - 1)] += 1
            if edit.rule not in seen:
                seen.add(edit.rule)
                rule.records += 1
                self._sample(rule, str(record_id), result, number, wanted)

    def _sample(self, rule: RuleCount, record: str, result: Result, number: int, wanted: Spans) -> None:
        edit = result.edits[number]
        rank = blake2b(f"{record}\0{edit.rule}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if len(rule.samples) < self.samples or rank < rule.samples[-1].rank:
            insort(rule.samples, Sample(rank, record, edit.start, excerpt(result.source, result.edits, number, wanted)))
            del rule.samples[self.samples :]

    def merge(self, other: Collector) -> None:
        """Take over what another collector saw of other records."""
        self.total.add(other.total)
        for key, count in other.groups.items():
            self.groups.setdefault(key, GroupCount()).add(count)
        for name, theirs in other.rules.items():
            mine = self.rules.setdefault(name, RuleCount())
            mine.edits += theirs.edits
            mine.chars += theirs.chars
            mine.records += theirs.records
            mine.scores = [a + b for a, b in zip(mine.scores, theirs.scores, strict=True)]
            mine.samples = sorted(mine.samples + theirs.samples)[: self.samples]


def _meta(result: Result, name: str) -> str:
    value = result.meta.get(name)
    return value if isinstance(value, str) else ""


def excerpt(source: str, edits: Sequence[Edit], number: int, wanted: Spans = ()) -> tuple[Piece, ...]:
    """The text around one edit, cut at line borders where there are some near, with all edits in it marked."""
    edit = edits[number]
    low, high = _line_start(source, edit.start - _AROUND, edit.start), _line_end(source, edit.end + _AROUND, edit.end)
    pieces: list[Piece] = []
    reached = low
    for one in edits:
        if one.end <= low:
            continue
        if one.start >= high:
            break
        start = max(one.start, low)
        if start > reached:
            pieces.append(Piece(_shortened(source[reached:start])))
        end = min(one.end, high)
        wrong = any(a < end and b > start for a, b in wanted)
        pieces.append(Piece(_shortened(source[start:end]), one.rule, round(one.score, 3), wrong))
        reached = end
    if high > reached:
        pieces.append(Piece(_shortened(source[reached:high])))
    return tuple(pieces)


def _line_start(source: str, place: int, edge: int) -> int:
    if place <= 0:
        return 0
    found = source.find("\n", place, edge)
    return found + 1 if 0 <= found < edge - 1 else place


def _line_end(source: str, place: int, edge: int) -> int:
    if place >= len(source):
        return len(source)
    found = source.rfind("\n", edge, place)
    return found if found > edge else place


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} […] {text[-half:]}"
