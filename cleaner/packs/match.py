"""The rules of all packs, compiled once, matched against all lines of a batch in one pass.

Phrases of all languages go into one Aho-Corasick automaton over the folded text (the keyword prefilter that secret
scanners use, here with the phrases themselves); whether a hit stands at the right place of its line is then decided
for all hits together. Patterns run only on lines in which one of their keywords occurred, and under a timeout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import ahocorasick_rs
import numpy as np
import regex
from numpy.typing import NDArray

from cleaner.document import DENSE, DIGIT, HEAD, MARK, TAIL, Bytes, Ints, KindTable, Lines, Points, kind_of
from cleaner.errors import RuleError
from cleaner.folding import FoldTable, fold, squeeze
from cleaner.packs.schema import CLASSES, PLACES, STRENGTHS, Rule
from cleaner.votes import Votes, join_votes, no_votes

_WHOLE, _TILE, _START, _END, _INSIDE, _UNLESS, _KEYWORD = range(7)
_LONG: Final = 260
"""Longer lines are looked at only at their ends: nothing but running text is that long."""
_FRONT, _BACK = 120, 90
_PATTERN_SECONDS: Final = 0.05
_TRIED: Final = 50_000
_UNTRIED: Final = (-1, -1)
_INWARD: Final = np.array([1, -1], np.int32)
_PLACE_PACK: Final = "common.place/"
_NUMBER: Final = "{n}"
_ANYWHERE: Final = 4
_ZONE_BITS: Final = {"any": _ANYWHERE, "head": HEAD, "tail": TAIL}


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules, compiled. Build it with `compile_rules`; it is immutable, but for memos that never change an answer."""

    rules: tuple[Rule, ...]
    level: Bytes
    """Per rule: 1 weak, 2 firm, 3 alone; one less where it only begins, ends or stands in a line, but never below 1."""
    cls: Ints
    """Per rule: index into `CLASSES`."""
    alone: NDArray[np.bool_]
    span: NDArray[np.bool_]
    """Per rule: it cuts a range inside a line and leaves the line."""
    places: Ints
    """The rules `before`, `between` and `after` of kind `place`; -1 where one is off."""
    detectors: Mapping[str, Mapping[str, int]]
    """Detector name -> rule name -> rule."""
    zone: Bytes
    max_weight: Ints
    automaton: ahocorasick_rs.AhoCorasick | None
    border: Ints
    """Per automaton pattern: whether it carries a space in front and behind, so that it only hits whole words."""
    entry_of: Ints
    """CSR: entries of automaton pattern p are entry_of[p]:entry_of[p + 1]."""
    entry_rule: Ints
    entry_place: Bytes
    patterns: dict[int, regex.Pattern[str]]
    numeric: tuple[int, ...]
    """Pattern rules with the keyword `{n}`: they are tried on lines without a letter."""
    folds: FoldTable
    kinds: KindTable
    tried: dict[tuple[int, str], tuple[int, int] | None]
    """What patterns said of lines already seen: the same labels return on every page of a site."""


def fold_phrase(phrase: str) -> str:
    """A phrase as it is looked up; `{n}` stands for a number."""
    return fold(phrase.replace(_NUMBER, "0"))


def compile_rules(rules: Sequence[Rule]) -> RuleSet:
    """Compile `rules` once; `RuleError` names the rule whose pattern is not a pattern or whose phrase folds away."""
    entries: dict[str, list[tuple[int, int]]] = {}
    patterns: dict[int, regex.Pattern[str]] = {}
    numeric: list[int] = []
    for number, rule in enumerate(rules):
        roles = [(_UNLESS, rule.unless)]
        if rule.kind == "pattern":
            patterns[number] = _compile_pattern(rule)
            roles.append((_KEYWORD, rule.keywords))
        elif rule.kind == "phrase":
            roles.append((PLACES.index(rule.at), rule.phrases))
        for role, phrases in roles:
            for phrase in phrases:
                folded = fold_phrase(phrase)
                if folded == "0" and role == _KEYWORD:
                    numeric.append(number)
                elif not folded.strip("0 "):
                    raise RuleError(f"{rule.file}: rule {rule.id!r}: phrase {phrase!r} folds to nothing but a number")
                else:
                    entries.setdefault(folded, []).append((number, role))
    phrases = sorted(entries)
    shift = np.array([_needs_border(phrase[0]) for phrase in phrases], np.int32)
    trail = np.array([_needs_border(phrase[-1]) for phrase in phrases], np.int32)
    found = [entry for phrase in phrases for entry in dict.fromkeys(entries[phrase])]
    sizes = [len(dict.fromkeys(entries[phrase])) for phrase in phrases]
    strength = np.array([STRENGTHS.index(rule.strength) + 1 for rule in rules], np.uint8)
    partial = np.array([rule.kind == "phrase" and rule.at in ("start", "end", "inside") for rule in rules], bool)
    return RuleSet(
        rules=tuple(rules),
        level=np.maximum(strength - partial, 1).astype(np.uint8),
        cls=np.array([CLASSES.index(rule.cls) for rule in rules], np.int32),
        alone=np.array([rule.strength == "alone" for rule in rules], bool),
        span=np.array([rule.scope == "span" for rule in rules], bool),
        places=_places(rules),
        detectors=_detectors(rules),
        zone=np.array([_ZONE_BITS[rule.zone] for rule in rules], np.uint8),
        max_weight=np.array([2 * rule.max_words or 2**30 for rule in rules], np.int32),
        automaton=_automaton([" " * a + phrase + " " * b for a, phrase, b in zip(shift, phrases, trail, strict=True)]),
        border=np.stack((shift, trail), axis=-1) if phrases else np.zeros((0, 2), np.int32),
        entry_of=np.concatenate(([0], np.cumsum(sizes))).astype(np.int32),
        entry_rule=np.array([rule for rule, _ in found], np.int32),
        entry_place=np.array([role for _, role in found], np.uint8),
        patterns=patterns,
        numeric=tuple(numeric),
        folds=FoldTable(),
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


def _needs_border(char: str) -> bool:
    """Whether a phrase that begins or ends in `char` must begin or end there at a word's border."""
    return kind_of(char) <= MARK or kind_of(char) == DIGIT


def _automaton(phrases: Sequence[str]) -> ahocorasick_rs.AhoCorasick | None:
    if not phrases:
        return None
    return ahocorasick_rs.AhoCorasick(
        phrases,
        matchkind=ahocorasick_rs.MatchKind.Standard,
        store_patterns=False,
        implementation=ahocorasick_rs.Implementation.ContiguousNFA,
    )


def _compile_pattern(rule: Rule) -> regex.Pattern[str]:
    try:
        return regex.compile(rule.pattern, regex.IGNORECASE)
    except regex.error as error:
        raise RuleError(f"{rule.file}: rule {rule.id!r}: field 'pattern': {error}") from error


@dataclass(frozen=True, slots=True)
class _Folded:
    """The part of a batch that is searched, folded: each line, or the two ends of a long one, ends in a line feed."""

    text: str
    points: Points
    origin: NDArray[np.intp]
    """Per folded code point: the offset in the batch it comes from."""
    part_end: Ints
    """Per part: where its line feed stands in `points`."""
    row: Ints
    front: NDArray[np.bool_]
    """Per part: it holds the beginning of its row."""
    back: NDArray[np.bool_]
    """Per part: it holds the end of its row."""


def _fold_lines(lines: Lines, folds: FoldTable) -> _Folded:
    length = lines.length()
    long = length > _LONG
    rows = np.arange(len(lines), dtype=np.int32)
    row = np.concatenate((rows, rows[long]))
    start = np.concatenate((lines.start, lines.end[long] - np.int32(_BACK)))
    end = np.concatenate((np.where(long, lines.start + np.int32(_FRONT), lines.end), lines.end[long]))
    size = end - start + 1
    stop = np.cumsum(size)
    place = np.arange(int(stop[-1]) if len(stop) else 0) + np.repeat(start - (stop - size), size)
    place[stop - 1] = len(lines.points) - 1  # the line feed that closes the batch closes each part
    folded = folds(lines.points[place])
    points, keep = squeeze(folded)
    part_end = np.flatnonzero(points == ord("\n")).astype(np.int32)
    return _Folded(
        text=points.tobytes().decode("utf-32-le", "replace"),
        points=points,
        origin=place[keep],
        part_end=part_end,
        row=row,
        front=np.concatenate((np.ones(len(rows), bool), np.zeros(int(long.sum()), bool))),
        back=np.concatenate((~long, np.ones(int(long.sum()), bool))),
    )


def match(rules: RuleSet, lines: Lines) -> Votes:
    """The votes of all phrase and pattern rules on `lines`, whatever their zone."""
    if rules.automaton is None or not len(lines):
        return no_votes()
    folded = _fold_lines(lines, rules.folds)
    # Line feeds become the spaces that phrases end in; a hit across them is told by its two parts and left out.
    found = rules.automaton.find_matches_as_indexes(" " + folded.text.replace("\n", " "), overlapping=True)
    hits = np.fromiter(chain.from_iterable(found), np.int32, 3 * len(found)).reshape(-1, 3)
    hits[:, 1:] += rules.border[hits[:, 0]] * _INWARD - 1
    return _votes_of(rules, lines, folded, hits)


def _votes_of(rules: RuleSet, lines: Lines, folded: _Folded, hits: Ints) -> Votes:
    pattern, start, end = hits[:, 0], hits[:, 1], hits[:, 2]
    part = np.searchsorted(folded.part_end, start, side="right")
    inside = end <= folded.part_end[np.minimum(part, len(folded.part_end) - 1)]
    hits, part = hits[inside], part[inside]
    pattern, start, end = hits[:, 0], hits[:, 1], hits[:, 2]
    part_start = np.concatenate(([0], folded.part_end[:-1] + 1))[part]
    at_start = (start == part_start) & folded.front[part]
    at_end = (end == folded.part_end[part]) & folded.back[part]
    solid = (folded.points != SPACE_POINT) & (folded.points != ord("0"))
    solid_before = np.concatenate(([0], np.cumsum(solid, dtype=np.int32)))
    solid_of_part = solid_before[folded.part_end] - solid_before[np.concatenate(([0], folded.part_end[:-1] + 1))] 
    alone_in_part = solid_before[end] - solid_before[start] == solid_of_part[part]
    whole = alone_in_part & folded.front[part] & folded.back[part]

    count = rules.entry_of[pattern + 1] - rules.entry_of[pattern]
    hit = np.repeat(np.arange(len(hits)), count)
    entry = np.arange(len(hit)) - np.repeat(np.cumsum(count) - count, count) + rules.entry_of[pattern[hit]]
    rule, place = rules.entry_rule[entry], rules.entry_place[entry]
    tiled = _tiled(folded, hits, hit[place <= _TILE], solid)
    row = folded.row[part[hit]]
    fits = (
        ((place == _WHOLE) & whole[hit])
        | ((place <= _TILE) & tiled[part[hit]])
        | ((place == _START) & at_start[hit])
        | ((place == _END) & at_end[hit])
        | (place == _INSIDE)
    )
    fits &= lines.weight()[row] <= rules.max_weight[rule]
    covers = (whole[hit] | tiled[part[hit]])[fits]
    votes = Votes(
        row[fits],
        rule[fits],
        folded.origin[start[hit[fits]]].astype(np.int32),
        (folded.origin[end[hit[fits]] - 1] + 1).astype(np.int32),
        covers,
    )
    gates = (place == _KEYWORD) & (lines.weight()[row] <= rules.max_weight[rule])
    candidates = set(zip(row[gates].tolist(), rule[gates].tolist(), strict=True)) | _numeric_candidates(rules, lines)
    votes = join_votes(votes, _pattern_votes(rules, lines, candidates))
    saved = place == _UNLESS
    if not saved.any():
        return votes
    spared = np.unique(row[saved].astype(np.int64) * len(rules.rules) + rule[saved])
    return votes.take(~np.isin(votes.row.astype(np.int64) * len(rules.rules) + votes.rule, spared))


SPACE_POINT: Final = ord(" ")


def _tiled(folded: _Folded, hits: Ints, tiles: NDArray[np.intp], solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Per part: whether whole and tile phrases cover everything in it but numbers."""
    size = len(folded.points) + 1
    depth = np.bincount(hits[tiles, 1], minlength=size) - np.bincount(hits[tiles, 2], minlength=size)
    open_ = solid & (np.cumsum(depth[:-1]) == 0)
    open_[folded.part_end] = False
    before = np.concatenate(([0], np.cumsum(open_, dtype=np.int32)))
    part_start = np.concatenate(([0], folded.part_end[:-1] + 1))
    nothing_open = before[folded.part_end] == before[part_start]
    return nothing_open & folded.front & folded.back


def in_zone(rules: RuleSet, votes: Votes, zone: Bytes) -> Votes:
    """The votes whose rules look at the zone their row is in; `zone` as `document.zones` gives it."""
    return votes.take(((zone[votes.row] | _ANYWHERE) & rules.zone[votes.rule]) != 0)


def _numeric_candidates(rules: RuleSet, lines: Lines) -> set[tuple[int, int]]:
    """The rows without a letter but with a digit, each with all rules that look at such rows."""
    bare = (lines.words == 0) & (lines.counts[:, DENSE] == 0) & (lines.counts[:, DIGIT] > 0)
    return {(row, rule) for row in np.flatnonzero(bare).tolist() for rule in rules.numeric}


def _pattern_votes(rules: RuleSet, lines: Lines, candidates: Iterable[tuple[int, int]]) -> Votes:
    found: list[tuple[int, int, int, int, bool]] = []
    seen = rules.tried
    if len(seen) > _TRIED:
        seen.clear()
    for row, rule in sorted(candidates):
        text = lines.text(row)
        key = (rule, text)
        hit = seen.get(key, _UNTRIED)
        if hit is _UNTRIED:
            hit = seen[key] = _search(rules.patterns[rule], text)
        if hit is not None:
            at = int(lines.start[row])
            found.append((row, rule, at + hit[0], at + hit[1], hit[1] - hit[0] == len(text)))
    if not found:
        return no_votes()
    columns = list(zip(*found, strict=True))
    row, rule, start, end = (np.array(column, np.int32) for column in columns[:4])
    return Votes(row, rule, start, end, np.array(columns[4], bool))


def _search(pattern: regex.Pattern[str], text: str) -> tuple[int, int] | None:
    """Where a pattern hits, if it hits at all and within its time."""
    try:
        hit = pattern.search(text, timeout=_PATTERN_SECONDS)
    except TimeoutError:
        return None  # `cleaner rules check` refuses patterns that explode; one that slipped through has no vote
    return hit.span() if hit is not None and hit.end() > hit.start() else None
