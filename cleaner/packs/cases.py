"""The cases of rules: mini-diffs in the packs that are each rule's test and documentation at once.

In a case every line carries two columns: `- ` for a line the rule removes when it has the say alone, two spaces for a
line it leaves. `examples` remove something, `keeps` nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import regex

from cleaner.detectors import hear
from cleaner.detectors.scene import Scene
from cleaner.document import prose_rows, read_lines
from cleaner.errors import RuleError
from cleaner.judge.look import listed_rows
from cleaner.packs.match import RuleSet, match
from cleaner.packs.schema import Rule
from cleaner.votes import Votes

_FORBIDDEN: Final = (
    (regex.compile(r"\(\?<[=!]"), "look-behind"),
    (regex.compile(r"\\[1-9]|\(\?P="), "a back-reference"),
    (regex.compile(r"[^\\][+*]\)[+*{]|[^\\]\}\)[+*{]"), "a quantifier on a quantified group"),
)
_HOSTILE: Final = ("a", " ", "1", ".", "a ", "1.", "Aa ", "(", "é", "字", "\t", "|", "photo: ", "© ")
_HOSTILE_LENGTH: Final = 4000
_SECONDS: Final = 0.5
_CASES_AT_ONCE: Final = 4000
_ON_ELEMENTS: Final = ("element", "css")
"""Kinds of rules whose cases are markup, not lines."""


@dataclass(frozen=True, slots=True)
class Case:
    """One mini-diff: its text, and per line whether it must go."""

    rule: int
    field: str
    lines: tuple[str, ...]
    goes: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that does not do what its cases say, or that may not be shipped."""

    file: str
    rule: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: rule {self.rule!r}: field {self.field!r}: {self.message}"


def read_case(text: str, rule: Rule, number: int, field: str) -> Case:
    """Parse one mini-diff; `RuleError` names file, rule, field and line."""
    lines, goes = [], []
    for line in text.split("\n"):
        if not line.strip():
            continue
        if line[:2] not in ("- ", "  "):
            raise RuleError(
                f"{rule.file}: rule {rule.id!r}: field {field!r}: line {line!r}: expected '- ' or two spaces in front"
            )
        lines.append(line[2:])
        goes.append(line[0] == "-")
    return Case(number, field, tuple(lines), tuple(goes))


def check_rules(rules: RuleSet, files: Iterable[str] | None = None) -> Iterator[Failure]:
    """What is wrong with the rules (those of `files`, or all): missing or failing cases, patterns that may explode."""
    wanted = None if files is None else set(files)
    chosen = [
        number
        for number, rule in enumerate(rules.rules)
        if rule.kind not in ("place", *_ON_ELEMENTS) and (wanted is None or rule.file in wanted)
    ]
    yield from _element_failures([rule for rule in rules.rules if wanted is None or rule.file in wanted])
    cases: list[Case] = []
    for number in chosen:
        rule = rules.rules[number]
        yield from _form_failures(rule)
        for field, texts in (("examples", rule.examples), ("keeps", rule.keeps)):
            cases += [read_case(text, rule, number, field) for text in texts]
    for start in range(0, len(cases), _CASES_AT_ONCE):
        yield from _case_failures(rules, cases[start : start + _CASES_AT_ONCE])


def _element_failures(rules: Iterable[Rule]) -> Iterator[Failure]:
    from cleaner.html.rules import case_errors

    for rule in rules:
        if rule.kind in _ON_ELEMENTS:
            yield from (Failure(rule.file, rule.id, field, message) for field, message in case_errors(rule))


def _form_failures(rule: Rule) -> Iterator[Failure]:
    for field in ("examples", "keeps"):
        if not getattr(rule, field):
            yield Failure(rule.file, rule.id, field, "expected at least one case")
    if rule.kind != "pattern":
        return
    for shape, name in _FORBIDDEN:
        if shape.search(rule.pattern):
            yield Failure(rule.file, rule.id, "pattern", f"has {name}, expected a pattern that runs in linear time")
    compiled = regex.compile(rule.pattern, regex.IGNORECASE)
    for piece in (*_HOSTILE, *(keyword + " " for keyword in rule.keywords[:4])):
        line = (piece * _HOSTILE_LENGTH)[:_HOSTILE_LENGTH]
        try:
            compiled.search(line, timeout=_SECONDS)
        except TimeoutError:
            yield Failure(rule.file, rule.id, "pattern", f"takes more than {_SECONDS} s on {piece!r} repeated")
            return


def _case_failures(rules: RuleSet, cases: Sequence[Case]) -> Iterator[Failure]:
    lines = read_lines(["\n".join(case.lines) for case in cases], rules.kinds)
    prose = prose_rows(lines)
    scene = Scene(lines, prose, listed_rows(lines), rules.folds)
    votes = hear(rules, match(rules, lines), scene)
    for number, case in enumerate(cases):
        low, high = int(lines.first[number]), int(lines.first[number + 1])
        hit = _hits(votes, case.rule, low, high)
        rule = rules.rules[case.rule]
        gone = _announced(hit, prose[low:high]) if rule.scope == "block" else hit
        if len(gone) != len(case.lines):
            yield Failure(rule.file, rule.id, case.field, f"a line of {case.lines!r} is nothing but white space")
            continue
        for line, want, got in zip(case.lines, case.goes, gone.tolist(), strict=True):
            if want != got:
                state = "goes, expected to stay" if got else "stays, expected to go"
                yield Failure(rule.file, rule.id, case.field, f"{state}: {line!r}")
        if case.field == "examples" and not any(case.goes):
            yield Failure(rule.file, rule.id, case.field, "removes nothing, expected a line with '- '")


def _hits(votes: Votes, rule: int, low: int, high: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    hit = np.zeros(high - low, bool)
    mine = (votes.rule == rule) & (votes.row >= low) & (votes.row < high)
    hit[votes.row[mine] - low] = True
    return hit


def _announced(
    hit: np.ndarray[tuple[int], np.dtype[np.bool_]], prose: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """A heading and the lines it announces, up to the next paragraph of prose."""
    gone = hit.copy()
    inside = False
    for row in range(len(hit)):
        inside = bool(hit[row]) or (inside and not prose[row])
        gone[row] = inside
    return gone
