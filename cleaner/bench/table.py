"""From what a study counted to the table that people read: one row per rule, with intervals and a word of judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Final

import numpy as np
import regex

from cleaner.bench.ablation import Hits, Part
from cleaner.bench.labelled import LabelledText
from cleaner.bench.rounds import Judge
from cleaner.bench.score import COLUMN, FIELDS, Sites, Summary, ratios, summarise
from cleaner.detectors import detect
from cleaner.detectors.scene import Scene
from cleaner.document import prose_rows, read_lines
from cleaner.judge.look import listed_rows
from cleaner.packs.match import compile_rules, match
from cleaner.packs.schema import Rule

WORTH: Final = ("gain", "removed", "kept", "harmed")
_TIMED_CHARS: Final = 2_000_000
_PATTERN_SECONDS: Final = 0.05
_SURE_LINES: Final = 20
_HARM_PRECISION: Final = 0.5
_OVERLAP: Final = 0.98


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule on labelled data.

    `hits` are lines it votes on, `precision` and `recall` are about the labelled lines among them (recall: of all lines
    that must go); `removed` are characters of edits under its name and `removed_precision` how many of them had to go;
    `only` are characters that nothing else removes. `worth` is whole minus whole without it, with 95 % intervals, in
    gain, share removed, share kept, share of harmed documents. `cost` is microseconds per million characters.
    """

    id: str
    cls: str
    why: str
    language: str
    kind: str
    strength: str
    hits: int
    docs: int
    sites: int
    precision: float | None
    recall: float
    removed: int
    removed_precision: float | None
    only: int
    only_precision: float | None
    overlap: float
    partner: str
    worth: Mapping[str, tuple[float, float, float]]
    cost: float
    verdict: str
    false: Sequence[tuple[int, str, str]]
    groups: Mapping[str, Mapping[str, Sequence[float]]]
    """what -> name -> lines hit, precision, characters removed, worth in gain on these documents."""

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


VERDICTS: Final[Mapping[str, str]] = {
    "harms": "without it the whole is better: the interval of its worth lies below zero, or most of what it removes had to stay",
    "silent": "it hits nothing in this data",
    "repeats": "whatever it hits, another rule hits too: nothing changes without it",
    "useful": "the interval of its worth lies above zero",
    "": "it does something, too little of it in this data to be sure what it is worth",
}


@dataclass(frozen=True, slots=True)
class Table:
    """All that a run of the bench says."""

    total: Summary
    groups: Mapping[str, Mapping[str, Summary]]
    rules: Sequence[RuleRow]
    chars_per_second: float

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "total": self.total.as_json(),
            "groups": {what: {name: one.as_json() for name, one in of.items()} for what, of in self.groups.items()},
            "rules": [row.as_json() for row in self.rules],
            "chars_per_second": round(self.chars_per_second),
        }


def build(items: Sequence[LabelledText], judge: Judge, part: Part) -> Table:
    """The table of a study."""
    sites = [items[number].info.site for number, _ in part.rows]
    rows = np.stack([row for _, row in part.rows]) if part.rows else np.zeros((0, len(FIELDS)))
    groups: dict[str, dict[str, Summary]] = {}
    for what in ("lang", "kind", "extractor", "site"):
        names = [getattr(items[number].info, what) for number, _ in part.rows]
        found = {name: np.array([n == name for n in names]) for name in sorted(set(names)) if name}
        groups[what] = {
            name: summarise(rows[here], [s for s, yes in zip(sites, here, strict=True) if yes])
            for name, here in found.items()
            if what != "site" or here.sum() >= 3
        }
    costs = costs_of(items, judge)
    worth = _Worth(items, part, rows, sites)
    bad_lines = int(rows[:, COLUMN["bad_lines"]].sum())
    table = [
        _row(rule, index, part.hits.get(index, Hits()), judge, worth, costs[index], bad_lines)
        for index, rule in enumerate(judge.rules.rules)
    ]
    speed = part.chars / part.seconds if part.seconds else 0.0
    return Table(summarise(rows, sites), groups, table, speed)


class _Worth:
    """Whole minus whole without a rule, over all documents and by group."""

    def __init__(
        self, items: Sequence[LabelledText], part: Part, rows: np.ndarray[Any, Any], sites: Sequence[str]
    ) -> None:
        self.items, self.rows = items, rows
        self.place = {number: at for at, (number, _) in enumerate(part.rows)}
        self.changes: dict[int, list[tuple[int, Any]]] = {}
        for rule, number, change in part.changes:
            self.changes.setdefault(rule, []).append((self.place[number], change))
        self.sites = Sites(sites, draws=300)
        self.sums = self.sites.weights @ self.sites.sums(rows)
        self.whole = rows.sum(axis=0)
        self.figures, self.samples = ratios(self.whole), ratios(self.sums)
        self.numbers = [number for number, _ in part.rows]
        self.count: dict[tuple[str, str], int] = {}
        for number in self.numbers:
            for what in ("lang", "kind"):
                key = (what, getattr(items[number].info, what))
                self.count[key] = self.count.get(key, 0) + 1

    def of(self, rule: int) -> dict[str, tuple[float, float, float]]:
        """Per figure: the worth, and its interval."""
        changes = self.changes.get(rule, [])
        if not changes:
            return dict.fromkeys(WORTH, (0.0, 0.0, 0.0))
        at = np.array([place for place, _ in changes])
        change = np.stack([row for _, row in changes])
        site = self.sites.of_row[at]
        drawn = self.sites.weights[:, site] @ change
        without, samples = ratios(self.whole + change.sum(axis=0)), ratios(self.sums + drawn)
        return {
            name: (
                float(self.figures[name] - without[name]),
                *self.sites.interval(self.samples[name] - samples[name]),
            )
            for name in WORTH
        }

    def by_group(self, rule: int) -> dict[tuple[str, str], float]:
        """(what, name) -> worth in gain on the documents of that group."""
        out: dict[tuple[str, str], float] = {}
        for place, change in self.changes.get(rule, []):
            info = self.items[self.numbers[place]].info
            for what in ("lang", "kind"):
                key = (what, getattr(info, what))
                out[key] = out.get(key, 0.0) - float(change[COLUMN["f1_after"]]) / self.count[key]
        return out


def _row(rule: Rule, index: int, hits: Hits, judge: Judge, worth: _Worth, cost: float, bad_lines: int) -> RuleRow:
    values = worth.of(index)
    gains = worth.by_group(index)
    groups: dict[str, dict[str, Sequence[float]]] = {"lang": {}, "kind": {}, "site": {}}
    ranked = sorted(hits.groups.items(), key=lambda entry: (-entry[1][0] - entry[1][3], entry[0]))
    for (what, name), (lines, bad, keep, removed) in ranked:
        if len(groups[what]) < 12 and name:
            precision = bad / (bad + keep) if bad + keep else -1.0
            groups[what][name] = (lines, round(precision, 3), removed, round(gains.get((what, name), 0.0), 5))
    partner = max(hits.partners.items(), key=lambda entry: (entry[1], -entry[0]), default=(-1, 0))
    return RuleRow(
        id=rule.id,
        cls=rule.cls,
        why=rule.why,
        language=rule.language,
        kind=rule.kind,
        strength=rule.strength,
        hits=hits.lines,
        docs=hits.docs,
        sites=sum(1 for what, _ in hits.groups if what == "site"),
        precision=_share(hits.bad_lines, hits.keep_lines),
        recall=hits.bad_lines / max(bad_lines, 1),
        removed=hits.removed,
        removed_precision=_share(hits.removed_bad, hits.removed_keep),
        only=hits.only,
        only_precision=_share(hits.only_bad, hits.only_keep),
        overlap=hits.shared / max(hits.lines, 1),
        partner=judge.rules.rules[partner[0]].id if partner[0] >= 0 else "",
        worth=values,
        cost=cost,
        verdict=_verdict(hits, values, changed=bool(worth.changes.get(index))),
        false=hits.false,
        groups=groups,
    )


def _share(good: int, bad: int) -> float | None:
    return good / (good + bad) if good + bad else None


def _verdict(hits: Hits, worth: Mapping[str, tuple[float, float, float]], *, changed: bool) -> str:
    gain = worth["gain"]
    removed = _share(hits.removed_bad, hits.removed_keep)
    many = hits.bad_lines + hits.keep_lines >= _SURE_LINES
    if gain[2] < 0 or (many and removed is not None and removed < _HARM_PRECISION):
        return "harms"
    if not hits.lines and not hits.removed:
        return "silent"
    if not changed and hits.lines and hits.shared >= _OVERLAP * hits.lines:
        return "repeats"
    return "useful" if gain[1] > 0 else ""


def costs_of(items: Sequence[LabelledText], judge: Judge) -> list[float]:
    """Per rule: microseconds per million characters.

    Detectors are run alone, patterns are tried on the lines in which one of their keywords stands, and phrases share the
    time of the one pass over the text by how often they hit.
    """
    texts: list[str] = []
    size = 0
    for item in items:
        if size > _TIMED_CHARS:
            break
        texts.append(item.text)
        size += len(item.text)
    rules = judge.rules
    costs = [0.0] * len(rules.rules)
    lines = read_lines(texts, rules.kinds)
    phrases = compile_rules([rule for rule in rules.rules if rule.kind == "phrase"])
    match(phrases, lines)  # tables fill up on first sight
    begin = perf_counter()
    votes = match(phrases, lines)
    spent = perf_counter() - begin
    number = {rule.id: index for index, rule in enumerate(rules.rules)}
    for local, count in zip(*np.unique(votes.rule, return_counts=True), strict=True):
        costs[number[phrases.rules[local].id]] = spent * float(count) / max(len(votes), 1)
    _add_patterns(costs, judge, lines)
    _add_detectors(costs, judge, lines)
    return [cost * 1e12 / max(size, 1) for cost in costs]


def _add_patterns(costs: list[float], judge: Judge, lines: Any) -> None:
    rules = [(index, rule) for index, rule in enumerate(judge.rules.rules) if rule.kind == "pattern"]
    gates = compile_rules([
        Rule(id=rule.id, cls=rule.cls, at="inside",
             phrases=tuple(key for key in rule.keywords if key not in ("{n}", "{sign}")) or ("\u0001x",),
             max_words=rule.most_words)
        for _, rule in rules
    ])  # fmt: skip
    found = match(gates, lines)
    for row, local in sorted(set(zip(found.row.tolist(), found.rule.tolist(), strict=True))):
        index = rules[local][0]
        text = lines.text(row)
        begin = perf_counter()
        _search(judge.rules.patterns[index], text)
        costs[index] += perf_counter() - begin


def _search(pattern: regex.Pattern[str], text: str) -> None:
    try:
        pattern.search(text, timeout=_PATTERN_SECONDS)
    except TimeoutError:
        return


def _add_detectors(costs: list[float], judge: Judge, lines: Any) -> None:
    from dataclasses import replace

    prose = prose_rows(lines)
    listed = listed_rows(lines)
    for name, wanted in judge.rules.detectors.items():
        alone = replace(judge.rules, detectors={name: wanted})
        begin = perf_counter()
        detect(alone, Scene(lines, prose, listed, judge.rules.folds))
        spent = perf_counter() - begin
        for index in wanted.values():
            costs[index] = spent / len(wanted)
