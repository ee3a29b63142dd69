"""What each rule is worth: its hits against the labels, and the whole without it.

A batch is looked at once. To leave a rule out, only the texts in which it has a vote that nothing else stands in for
are measured and judged anew, without its votes; all others keep the edits they have.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledText
from cleaner.bench.rounds import Decided, Judge, batches, hide
from cleaner.bench.score import COLUMN, Key, removed_in
from cleaner.edits import Edit, Result, apply
from cleaner.judge.look import Look
from cleaner.report.collect import Collector

FALSE_SHOWN: Final = 5
_CONTEXT: Final = 160
GROUPS: Final = ("lang", "kind", "site")

Spans = list[Edit]
Progress = Callable[[int], None]


def worst(found: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """The largest false removals, each text once."""
    texts: dict[str, tuple[int, str, str]] = {}
    for one in sorted(found, key=lambda one: (-one[0], one[1:])):
        texts.setdefault(one[2], one)
    return list(texts.values())[:FALSE_SHOWN]


@dataclass(slots=True)
class Hits:
    """What one rule says and does, counted on labelled lines."""

    lines: int = 0
    """Lines it has a vote on in the first reading."""
    bad_lines: int = 0
    keep_lines: int = 0
    bad_chars: int = 0
    keep_chars: int = 0
    docs: int = 0
    removed: int = 0
    """Characters of the edits that carry its name, and how many of them had to go or to stay."""
    removed_bad: int = 0
    removed_keep: int = 0
    only: int = 0
    """Characters that stay when it is left out, and how many of them had to go or to stay."""
    only_bad: int = 0
    only_keep: int = 0
    shared: int = 0
    """Lines on which another rule votes too."""
    partners: Counter[int] = field(default_factory=Counter)
    groups: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """(what, name) -> lines, lines that must go, lines that must stay, removed characters."""
    false: list[tuple[int, str, str]] = field(default_factory=list)
    """Its worst removals of text that had to stay: characters, document, the text."""

    def add(self, other: Hits) -> None:
        """Take over what was counted on other documents."""
        for name in ("lines", "bad_lines", "keep_lines", "bad_chars", "keep_chars", "docs", "removed", "removed_bad",
                     "removed_keep", "only", "only_bad", "only_keep", "shared"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.partners.update(other.partners)
        for key, counts in other.groups.items():
            mine = self.groups.setdefault(key, [0, 0, 0, 0])
            for n, count in enumerate(counts):
                mine[n] += count
        self.false = worst(self.false + other.false)


@dataclass(slots=True)
class Part:
    """What one batch, or all of them, gave."""

    rows: list[tuple[int, NDArray[np.float64]]] = field(default_factory=list)
    """(document, its row with all rules)."""
    hits: dict[int, Hits] = field(default_factory=dict)
    changes: list[tuple[int, int, NDArray[np.float64]]] = field(default_factory=list)
    """(rule, document, its row without the rule minus its row with all), where they differ."""
    collector: Collector = field(default_factory=Collector)
    chars: int = 0
    seconds: float = 0.0
    """Time spent on judging with all rules: what cleaning costs."""

    def add(self, other: Part) -> None:
        """Join two parts."""
        self.rows += other.rows
        self.changes += other.changes
        for rule, hits in other.hits.items():
            self.hits.setdefault(rule, Hits()).add(hits)
        self.collector.merge(other.collector)
        self.chars += other.chars
        self.seconds += other.seconds


def study(
    items: Sequence[LabelledText], judge: Judge, *, jobs: int = 1, ablate: bool = True, progress: Progress | None = None
) -> Part:
    """Score all rules on `items`; `progress` is told how many documents are done. Same result for any `jobs`."""
    whole = Part()
    plan = list(batches(items))
    done = 0
    for number, part in enumerate(_parts(items, judge, plan, jobs, ablate)):
        whole.add(part)
        done += len(plan[number])
        if progress:
            progress(done)
    whole.rows.sort(key=lambda entry: entry[0])
    whole.changes.sort(key=lambda entry: entry[:2])
    return whole


def _parts(
    items: Sequence[LabelledText], judge: Judge, plan: Sequence[list[int]], jobs: int, ablate: bool
) -> Iterator[Part]:
    if jobs <= 1 or len(plan) < 2:
        yield from (one_batch(items, judge, numbers, ablate) for numbers in plan)
        return
    # Forked workers share the texts and the compiled rules with this process.
    with ProcessPoolExecutor(jobs, get_context("fork"), _begin, (items, judge, ablate)) as pool:
        yield from pool.map(_in_worker, plan)


_work: dict[str, tuple[Sequence[LabelledText], Judge, bool]] = {}
"""In a worker only: what it was started with."""


def _begin(items: Sequence[LabelledText], judge: Judge, ablate: bool) -> None:
    os.nice(0)
    _work["all"] = (items, judge, ablate)


def _in_worker(numbers: list[int]) -> Part:
    items, judge, ablate = _work["all"]
    return one_batch(items, judge, numbers, ablate)


def one_batch(items: Sequence[LabelledText], judge: Judge, numbers: Sequence[int], ablate: bool) -> Part:
    """The part of the documents `numbers`."""
    keys = [Key.of(items[number]) for number in numbers]
    texts = [key.item.text for key in keys]
    begin = perf_counter()
    seen = judge.look(texts)
    langs = [key.item.info.lang for key in keys]
    decided = judge.edits(seen, range(len(texts)), langs)
    edits = decided.edits
    part = Part(chars=sum(map(len, texts)), seconds=perf_counter() - begin)
    rows = [key.score(edits[doc]) for doc, key in enumerate(keys)]
    part.rows = list(zip(numbers, rows, strict=True))
    names = {rule.id: index for index, rule in enumerate(judge.rules.rules)}
    for doc, key in enumerate(keys):
        _count_removals(part, key, edits[doc], names)
        result = Result(apply(texts[doc], edits[doc]), tuple(edits[doc]), texts[doc])
        bad = _wrong_spans(key)
        part.collector.add(key.item.info.id, result, wanted=bad, lang=key.item.info.lang, kind=key.item.info.kind)
    _count_votes(part, keys, seen, judge)
    if ablate:
        for rule in _rules_at_work(seen, judge, edits, names):
            _leave_out(part, rule, numbers, keys, seen, judge, decided, rows)
    return part


def _wrong_spans(key: Key) -> list[tuple[int, int]]:
    """The ranges that belong to the text: what no edit should touch."""
    return [(int(key.start[n]), int(key.end[n])) for n in np.flatnonzero(key.keep).tolist()]


def _count_removals(part: Part, key: Key, edits: Spans, names: dict[str, int]) -> None:
    for edit in edits:
        hits = part.hits.setdefault(names[edit.rule], Hits())
        bad, keep = _judged(key, [edit])
        hits.removed += edit.end - edit.start
        hits.removed_bad += bad
        hits.removed_keep += keep
        for what in GROUPS:
            hits.groups.setdefault((what, getattr(key.item.info, what)), [0, 0, 0, 0])[3] += edit.end - edit.start
        if keep > 0:
            text = key.item.text[edit.start : edit.end].strip()
            shown = text if len(text) <= _CONTEXT else text[:_CONTEXT] + "…"
            hits.false = worst([*hits.false, (keep, key.item.info.id, shown)])


def _judged(key: Key, edits: Spans) -> tuple[int, int]:
    """How many characters of `edits` had to go and to stay."""
    if not edits:
        return 0, 0
    low, high = np.searchsorted(key.start, (edits[0].start, edits[-1].end))
    near = slice(max(int(low) - 1, 0), int(high) + 1)
    removed = removed_in(edits, key.start[near], key.end[near])
    return int(removed[key.bad[near]].sum()), int(removed[key.keep[near]].sum())


def _count_votes(part: Part, keys: Sequence[Key], seen: Look, judge: Judge) -> None:
    """Hits of all rules on labelled lines, and which rules vote on the same lines."""
    votes, lines = seen.votes, seen.lines
    if not len(votes):
        return
    pair = np.unique(np.stack((votes.row.astype(np.int64), votes.rule.astype(np.int64))), axis=1)
    row, rule = pair
    line_doc = lines.doc[row]
    line = lines.line_of[row]
    bad = np.concatenate([key.bad for key in keys])[line]
    keep = np.concatenate([key.keep for key in keys])[line]
    length = lines.length()[row]
    crowd = np.bincount(row, minlength=len(lines))[row] > 1
    for index in np.unique(rule).tolist():
        at = np.flatnonzero(rule == index)
        hits = part.hits.setdefault(index, Hits())
        hits.lines += len(at)
        hits.bad_lines += int(bad[at].sum())
        hits.keep_lines += int(keep[at].sum())
        hits.bad_chars += int(length[at][bad[at]].sum())
        hits.keep_chars += int(length[at][keep[at]].sum())
        hits.docs += len(np.unique(line_doc[at]))
        hits.shared += int(crowd[at].sum())
        others = rule[np.isin(row, row[at[crowd[at]]])]
        hits.partners.update(others[others != index].tolist())
        for doc in np.unique(line_doc[at]).tolist():
            here = at[line_doc[at] == doc]
            for what in GROUPS:
                counts = hits.groups.setdefault((what, getattr(keys[doc].item.info, what)), [0, 0, 0, 0])
                counts[0] += len(here)
                counts[1] += int(bad[here].sum())
                counts[2] += int(keep[here].sum())


def _rules_at_work(seen: Look, judge: Judge, edits: dict[int, Spans], names: dict[str, int]) -> list[int]:
    """The rules that may matter in a batch: those with votes, and those whose name stands on an edit."""
    voting = set(np.unique(seen.reading.matched.rule).tolist()) | set(np.unique(seen.votes.rule).tolist())
    return sorted(voting | {names[edit.rule] for found in edits.values() for edit in found})


def _docs_of(rule: int, seen: Look, judge: Judge, edits: dict[int, Spans]) -> NDArray[np.intp]:
    """The texts of a batch that may change without the rule."""
    found = [
        seen.lines.doc[row] for row in (_alone_standing(rule, seen, judge), seen.votes.row[seen.votes.rule == rule])
    ]
    kind = judge.rules.rules[rule].kind
    if kind == "place":
        name = judge.rules.rules[rule].id
        return np.array([doc for doc, cuts in edits.items() if any(cut.rule == name for cut in cuts)], np.intp)
    return np.unique(found[1] if kind == "detector" else found[0])


def _alone_standing(rule: int, seen: Look, judge: Judge) -> NDArray[np.intp]:
    """Rows with a vote of the rule for which no vote of another rule stands in.

    Another vote stands in where it says as much of the same row: the same class, at least the level, the width and the
    right to decide alone, in at least the zone. Then every measure is the same without the rule.
    """
    votes, rules = seen.reading.matched, judge.rules
    mine = votes.rule == rule
    rows = np.unique(votes.row[mine])
    if rules.span[rule]:
        return rows
    low, high = np.searchsorted(votes.row, (rows, rows + 1))
    alone = []
    for row, start, end in zip(rows.tolist(), low.tolist(), high.tolist(), strict=True):
        here = slice(start, end)
        own = mine[here]
        width = np.where(votes.whole[here], 2**30, votes.end[here] - votes.start[here])
        other = votes.rule[here]
        able = (
            ~own
            & (rules.cls[other] == rules.cls[rule])
            & (rules.level[other] >= rules.level[rule])
            & (rules.alone[other] >= rules.alone[rule])
            & (rules.always[other] >= rules.always[rule])
            & ((rules.zone[other] & rules.zone[rule]) == rules.zone[rule])
            & (width >= width[own].max())
            & ~rules.span[other]
        )
        if not able.any():
            alone.append(row)
    return np.array(alone, np.intp)


def _leave_out(
    part: Part, rule: int, numbers: Sequence[int], keys: Sequence[Key], seen: Look, judge: Judge,
    decided: Decided, rows: Sequence[NDArray[np.float64]],
) -> None:  # fmt: skip
    edits = decided.edits
    docs = _docs_of(rule, seen, judge, edits)
    if not len(docs):
        return
    fewer = judge.without(rule)
    langs = [key.item.info.lang for key in keys]
    others = fewer.edits(
        fewer.again(hide(seen, rule), docs),
        docs.tolist(),
        langs,
        hidden=rule,
        known=None if judge.rules.span[rule] else decided,
    )
    hits = part.hits.setdefault(rule, Hits())
    for doc, other in others.edits.items():
        if _same(other, edits[doc]):
            continue
        key = keys[doc]
        change = key.score(other) - rows[doc]
        part.changes.append((rule, numbers[doc], change))
        hits.only += max(sum(e.end - e.start for e in edits[doc]) - sum(e.end - e.start for e in other), 0)
        hits.only_bad += int(max(-change[COLUMN["bad_removed"]], 0))
        hits.only_keep += int(max(-change[COLUMN["keep_removed"]], 0))


def _same(ones: Spans, others: Spans) -> bool:
    """Whether two lists of edits cut the same ranges, whatever rules they name."""
    return len(ones) == len(others) and all(a[:2] == b[:2] for a, b in zip(ones, others, strict=True))
