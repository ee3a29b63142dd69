"""The rules of all packs, compiled once, matched against all lines of a batch in one pass.

Phrases of all languages go into one table (see `kernels.phrases`), and whether a hit stands at the right place of its
line is decided where it is found. Patterns run only on lines in which one of their keywords occurred and which pass
their gate (see `gates`) and their automaton (see `automata`), and under a timeout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import regex
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints, KindTable, Lines
from cleaner.kernels.kinds import ANYWHERE, HEAD, TAIL
from cleaner.packs.automata import Automata
from cleaner.packs.false_friends import FIRST_LETTER, alphabets
from cleaner.packs.phrases import PhraseTable
from cleaner.packs.schema import CLASSES, STRENGTHS, Rule
from cleaner.packs.tables import Gates, Patterns, digest_of, tables_of
from cleaner.votes import Votes, no_votes

_PATTERN_SECONDS: Final = 0.05
_TRIED: Final = 50_000
_STRONGEST: Final = 3
_PLACE_PACK: Final = "common.place/"
_LABEL: Final = "label"
_ZONE_BITS: Final = {"any": ANYWHERE, "head": HEAD, "tail": TAIL}
_VOTES_PER_ROW: Final = 4
_ASKS: Final = "asks"
"""Under which name the memo of the rules keeps what they ask lines for."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules, compiled. Build it with `compile_rules`; it is immutable, but for memos that never change an answer."""

    rules: Sequence[Rule]
    """All that the rules say; where they came from the cache, asking for most of it reads them. `ids` and the columns do not."""
    ids: tuple[str, ...]
    digest: str
    """Of all that the rules do, see `tables.digest_of`."""
    level: Bytes
    """Per rule: 1 weak, 2 firm, 3 alone; one less where it only begins, ends or stands in a line, but never below 1."""
    cls: Ints
    """Per rule: index into `CLASSES`."""
    alone: NDArray[np.bool_]
    """Per rule: it may decide about a line without other evidence, but for the veto of the measures."""
    always: NDArray[np.bool_]
    """Per rule: it decides alone, whatever the measures say."""
    span: NDArray[np.bool_]
    """Per rule: it cuts a range inside a line and leaves the line."""
    element: NDArray[np.bool_]
    """Per rule: it is one on elements of pages."""
    label: NDArray[np.bool_]
    """Per rule: its phrases count only at the start of a line and before a colon."""
    spoken: NDArray[np.bool_]
    """Per rule: its phrases are no buttons where they stand in quotation marks; « Back | Next » is not meant to be said."""
    lacks: NDArray[np.bool_]
    """(languages, letters) see `false_friends.alphabets`."""
    language: Ints
    """Per rule: row of `lacks`."""
    places: Ints
    """The rules `before`, `between` and `after` of kind `place`; -1 where one is off."""
    detectors: Mapping[str, Mapping[str, int]]
    """Detector name -> rule name -> rule."""
    zone: Bytes
    max_weight: Ints
    phrases: PhraseTable
    patterns: Patterns
    numeric: Ints
    """Pattern rules with the keyword `{n}`: they are tried on lines without a letter."""
    shaped: Ints
    """Pattern rules with the keyword `{sign}`: they are tried on short lines that have one of their signs."""
    gates: Gates
    automata: Automata
    kinds: KindTable
    tried: dict[tuple[str, int], tuple[int, int]]
    """What patterns hit in lines already seen, by the line and the rule: the same labels return on every page of a site."""
    memo: dict[str, Any] = field(init=False, repr=False, default_factory=dict)
    """What others worked out of these rules, by their names for it."""


    @property
    def folds(self) -> KindTable:
        """The same as `kinds`: what is known of code points holds what they fold to."""
        return self.kinds


def compile_rules(rules: Sequence[Rule], *, kept: bool = False) -> RuleSet:
    """Compile `rules` once; `RuleError` names the rule whose pattern is not a pattern or whose phrase folds away.

    With `kept`, what takes long stays in the user's cache folder.
    """
    tables = tables_of(rules, kept=kept)
    strength = np.array([min(STRENGTHS.index(rule.strength) + 1, _STRONGEST) for rule in rules], np.uint8)
    partial = np.array([rule.kind == "phrase" and rule.at in ("start", "end", "inside") for rule in rules], bool)
    lacks, language = alphabets(rules)
    return RuleSet(
        rules=tuple(rules),
        ids=tuple(rule.id for rule in rules),
        digest=digest_of(rules),
        level=np.maximum(strength - partial, 1).astype(np.uint8),
        cls=np.array([CLASSES.index(rule.cls) for rule in rules], np.int32),
        alone=np.array([rule.strength in ("alone", "always") for rule in rules], bool),
        always=np.array([rule.strength == "always" for rule in rules], bool),
        span=np.array([rule.scope == "span" for rule in rules], bool),
        element=np.array([rule.kind == "element" for rule in rules], bool),
        label=np.array([rule.kind == "phrase" and rule.at == _LABEL for rule in rules], bool),
        spoken=np.array([rule.kind == "phrase" and rule.cls != "navigation" for rule in rules], bool),
        lacks=lacks,
        language=language,
        places=_places(rules),
        detectors=_detectors(rules),
        zone=np.array([_ZONE_BITS[rule.zone] for rule in rules], np.uint8),
        max_weight=np.array([2 * rule.most_words or 2**30 for rule in rules], np.int32),
        phrases=tables.phrases,
        patterns=tables.patterns,
        numeric=tables.numeric,
        shaped=tables.shaped,
        gates=tables.gates,
        automata=tables.automata,
        kinds=KindTable(),
        tried={},
    )


def _places(rules: Sequence[Rule]) -> Ints:
    number = {rule.id: index for index, rule in enumerate(rules) if rule.kind == "place"}
    return np.array([number.get(_PLACE_PACK + name, -1) for name in ("before", "between", "after")], np.int32)


def _detectors(rules: Sequence[Rule]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for index, rule in enumerate(rules):
        if rule.kind == "detector":
            found.setdefault(rule.settings.get("detector", ""), {})[rule.id.rpartition("/")[2]] = index
    return found


def match(rules: RuleSet, lines: Lines) -> Votes:
    """The votes of all phrase and pattern rules on `lines`, whatever their zone."""
    if not (len(rules.phrases) or len(rules.numeric) or len(rules.shaped)) or not len(lines):
        return no_votes()
    from cleaner.kernels import votes as kernel

    room = len(lines) * _VOTES_PER_ROW + 64
    table, gates, made = rules.phrases, rules.gates, np.full(2, -1, np.int64)
    asks = rules.memo.get(_ASKS)
    if asks is None:
        asks = rules.memo[_ASKS] = _asks(rules)
    scratch = kernel.scratch(len(rules.ids))
    while made[0] < 0:
        votes, pairs = np.empty((room, 5), np.int32), np.empty((room, 2), np.int32)
        kernel.match(
            lines.codes, lines.points, lines.kinds, lines.start, lines.end, lines.ink, lines.weight, lines.words, lines.counts,
            table.seed, table.words, table.sieve, table.text, table.bounds, table.edges, table.ends, table.tail,
            table.flags, table.entries, rules.numeric, rules.shaped, gates.signs, asks,
            *scratch, votes, pairs, made,
        )  # fmt: skip
        room *= 4
    return _joined(rules, lines, votes, int(made[0]), *_tried(rules, lines, pairs, int(made[1])))


def _asks(rules: RuleSet) -> NDArray[np.uint64]:
    """What rules ask lines for, see `kernels.votes`."""
    gates = rules.gates
    columns = (rules.max_weight, gates.most, gates.needs, gates.first)
    return np.ascontiguousarray(np.stack([column.astype(np.uint64) for column in columns], axis=1))


def _tried(rules: RuleSet, lines: Lines, pairs: Ints, many: int) -> tuple[Ints, int]:
    """What comes of the first `many` of `pairs` (row, rule of a pattern): (row, rule, start, end, whole), and how many these are.

    `whole` is below zero where the pattern does not hit.
    """
    from cleaner.kernels import automata as kernel

    known = rules.automata
    tried = np.empty((many, 5), np.int32)
    if not many:
        return tried, 0
    kept = kernel.likely(
        lines.points, lines.start, lines.end, known.classes, known.of_rule, known.symbols, known.steps, known.begins, known.sure,
        pairs, many, tried,
    )  # fmt: skip
    found = tried[:kept]
    for at, (row, rule, start, end, whole) in enumerate(found.tolist()):
        if whole == kernel.UNSURE:
            first, last = _hit(rules, lines.text(row), rule)
            if last > first:
                found[at, 2:] = start + first, start + last, last - first == end - start
    return tried, kept


def _joined(rules: RuleSet, lines: Lines, votes: Ints, many: int, tried: Ints, more: int) -> Votes:
    """The first `many` votes of phrases and `more` of patterns, without those of phrases that only look like hits.

    Labels need a colon behind them, see `false_friends` for the rest.
    """
    from cleaner.kernels import hearing as kernel

    columns, whole = np.empty((4, many + more), np.int32), np.empty(many + more, bool)
    kept = kernel.sift(
        votes, many, tried, more, lines.points, lines.kinds, lines.start, lines.end, rules.label, rules.spoken, rules.lacks,
        rules.language, FIRST_LETTER, columns, whole,
    )  # fmt: skip
    row, rule, start, end = columns[:, :kept]
    return Votes(row, rule, start, end, whole[:kept])


def _hit(rules: RuleSet, text: str, rule: int) -> tuple[int, int]:
    """Where the pattern of a rule hits a line; (0, 0) where it does not."""
    seen = rules.tried
    hit = seen.get((text, rule))
    if hit is None:
        if len(seen) > _TRIED:
            seen.clear()
        hit = seen[text, rule] = _search(rules.patterns[rule], text)
    return hit


def _search(pattern: regex.Pattern[str], text: str) -> tuple[int, int]:
    """Where a pattern hits, if it hits at all and within its time; else (0, 0)."""
    try:
        hit = pattern.search(text, timeout=_PATTERN_SECONDS)
    except TimeoutError:
        return 0, 0  # `cleaner rules check` refuses patterns that explode; one that slipped through has no vote
    return hit.span() if hit is not None else (0, 0)
