"""From scores to edits: which lines go, which rule answers for it, and how much of a text may go at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints, Lines
from cleaner.edits import Edit
from cleaner.judge.limits import Limits
from cleaner.judge.look import Look
from cleaner.judge.score import Judged, chance
from cleaner.packs.match import RuleSet
from cleaner.votes import Votes

if TYPE_CHECKING:
    from cleaner.memory.evidence import Evidence

_SPAN_SCORE: Final = 0.98
"""What a strong rule says of a span is not weighed against anything: the certainty of a decision alone."""


class Seen(Protocol):
    """A batch with its votes: what is needed to say who answers for a line and to cut it out."""

    @property
    def lines(self) -> Lines:
        """The lines looked at."""
        ...

    @property
    def prose(self) -> NDArray[np.bool_]:
        """Which of them read as running text."""
        ...

    @property
    def votes(self) -> Votes:
        """What rules and detectors say of them."""
        ...


@dataclass(slots=True)
class Verdict:
    """Per row of a batch: whether it goes, the index of the rule that answers for it, and the certainty 0..255."""

    gone: NDArray[np.bool_]
    rule: Ints
    certainty: NDArray[np.uint8]

    def take_over(self, other: Verdict, rows: NDArray[np.intp]) -> None:
        """Add what a later look at `rows` decided."""
        went = rows[other.gone]
        self.gone[went] = True
        self.rule[went] = other.rule[other.gone]
        self.certainty[went] = other.certainty[other.gone]


def undecided(rows: int) -> Verdict:
    """A verdict in which nothing goes."""
    return Verdict(np.zeros(rows, bool), np.full(rows, -1, np.int32), np.zeros(rows, np.uint8))


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages of a rule set: their numbers, and the number of each rule's."""

    number: Mapping[str, int]
    of_rule: Ints

    @classmethod
    def of(cls, rules: RuleSet) -> Languages:
        """The languages of `rules`."""
        languages = [name.partition(".")[0] for name in rules.ids]
        number = {name: index for index, name in enumerate(sorted(set(languages)))}
        return cls(number, np.array([number[name] for name in languages], np.int32))

    def spoken(self, look: Seen, langs: Sequence[str | None] | None) -> Ints:
        """Per vote: 3 for a rule of the record's language, 2 for `common`, 1 for English (most chrome is), else 0.

        Many languages know the same word; this only chooses the name under which a line goes.
        """
        english, common = self.number.get("en", -1), self.number.get("common", -1)
        language = self.of_rule[look.votes.rule]
        spoken = np.where(language == common, 2, np.where(language == english, 1, 0)).astype(np.int32)
        if langs is not None:
            spoken[language == self.of_texts(langs)[look.lines.doc[look.votes.row]]] = 3
        return spoken

    def of_texts(self, langs: Sequence[str | None]) -> Ints:
        """Per text: the number of its language, -1 where no rule is of it."""
        return np.array([self.number.get((lang or "")[:2], -1) for lang in langs], np.int32)


def decide(
    rules: RuleSet,
    languages: Languages,
    look: Look,
    judged: Judged | None,
    limits: Limits,
    langs: Sequence[str | None] | None = None,
    known: Evidence | None = None,
) -> Verdict:
    """What goes. A vote of a rule that may decide alone removes its line, unless the measures clearly call it text; else
    the score does, if any rule stands for it.

    What a site's memory knows of the lines adds to their scores, and answers for those that do not go without it: where
    the score of either look alone would not remove them, as the second has heard of memory what its neighbours are.
    """
    n = len(look.lines)
    odds = judged.second if judged is not None else np.full(n, -(2**30), np.int32)
    cut = cuts_of(look, judged, limits, known)
    rule = answering_rule(rules, look, look.prose & (odds <= cut), languages.spoken(look, langs))
    if known is not None:
        unheard = odds if judged is None or known.heard is None else np.minimum(odds, judged.first)
        rule = known.answering(rules, rule, unheard, cut)
        odds = odds + known.odds
    passed = odds > cut
    alone = _decided_alone(rules, look, odds if judged is not None else None, limits, passed)
    gone = (alone | passed) & (rule >= 0)
    certainty = np.maximum(chance(odds), np.where(alone, np.uint8(250), np.uint8(0))).astype(np.uint8)
    _spare_the_last(look, gone, alone)
    return Verdict(gone, rule, certainty)


def cuts_of(look: Look, judged: Judged | None, limits: Limits, known: Evidence | None = None) -> NDArray[np.int32]:
    """Per row: the level its score has to pass. What is `known` of lines settles doubts of its text."""
    if judged is None or limits.constant:
        return np.full(len(look.lines), limits.cut, np.int32)
    cuts = limits.of_rows(judged.share, look.place.all(judged.first > 0))
    if limits.doubt is not None:
        scores = judged.second if known is None else judged.second + known.odds
        uncertain = look.place.all(np.abs(scores) < limits.doubt.within)
        cuts = cuts + limits.doubt.of_rows(uncertain, look.place.stop.astype(np.int64) - look.place.first)
    return cuts


def _decided_alone(
    rules: RuleSet, look: Look, odds: NDArray[np.int32] | None, limits: Limits, passed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Rows with a vote of a rule that may decide alone, where the measures do not overrule it.

    A line that is a large part of its text also has to have `passed` the cut: one wrong vote on it would cost too much.
    """
    votes = look.votes
    voting = (rules.alone & ~rules.span)[votes.rule]
    row, rule = votes.row[voting], votes.rule[voting]
    if odds is not None:
        length = look.lines.length()
        body = look.place.all(np.where(odds > 0, 0, length))
        heard = passed | ~limits.are_large(length, body)
        able = heard[row]
        for detector, names in limits.spared.items():
            wanted = rules.detectors.get(detector, {})
            for name in names:
                able |= rule == wanted.get(name, -1)
        able = rules.always[rule] | (able & (odds[row] > limits.veto[rules.cls[rule]]))
        row = row[able]
    alone = np.zeros(len(look.lines), bool)
    alone[row] = True
    return alone


def answering_rule(rules: RuleSet, look: Seen, body: NDArray[np.bool_], spoken: Ints) -> Ints:
    """Per row: its strongest vote (firm or more, then width, then language, then strength, then order), else its place.

    Many languages know the same words: between two that are sure of a line, the one that is spoken gives the name.

    `body` says which rows are paragraphs that stay, `spoken` what `Languages.spoken` gives.
    """
    from cleaner.kernels import hearing as kernel

    votes = look.votes
    rule = np.empty(len(look.lines), np.int32)
    kernel.answers(
        look.lines.first, body, rules.places, votes.row, votes.rule, votes.start, votes.end, votes.whole, spoken, rules.level,
        rules.alone, rule,
    )  # fmt: skip
    return rule


def _spare_the_last(look: Look, gone: NDArray[np.bool_], alone: NDArray[np.bool_]) -> None:
    """A text of which nothing would be left keeps all its lines but those that a strong rule names."""
    first = look.lines.first
    kept = look.place.all(~gone)
    empty = kept[first[:-1][first[:-1] < first[1:]]] == 0
    for doc in np.flatnonzero(first[:-1] < first[1:])[empty].tolist():
        rows = slice(int(first[doc]), int(first[doc + 1]))
        gone[rows] &= alone[rows]


def line_edits(rules: RuleSet, look: Seen, verdict: Verdict, doc: int) -> tuple[list[Edit], bool]:
    """The edits of one text, and whether some of them are spans inside lines that stay.

    A removed line takes the blank lines above it along, and those below a removed head.
    """
    lines = look.lines
    low, high = int(lines.first[doc]), int(lines.first[doc + 1])
    base, text = int(lines.base[doc]), lines.texts[doc]
    spans = _spans_of(rules, look, verdict, low, high)
    gone = verdict.gone[low:high]
    edits: list[Edit] = []
    if gone.any():
        breaks = np.minimum(lines.line_end[low:high] + 1 - base, len(text))
        starts = np.concatenate(([0], breaks[:-1]))
        kept = np.flatnonzero(~gone)
        if len(kept):
            head_end = int(lines.line_start[low + kept[0]]) - base
            if kept[0]:
                breaks[kept[0] - 1] = head_end
        for row in np.flatnonzero(gone).tolist():
            rule = rules.ids[verdict.rule[low + row]]
            score = round(int(verdict.certainty[low + row]) / 255, 3)
            edits.append(Edit(int(starts[row]), int(breaks[row]), rule, score))
        if not len(kept):
            edits[-1] = edits[-1]._replace(end=len(text))
        else:
            edits = tail_break(edits, text)
    if spans:
        edits = sorted([*edits, *(Edit(start - base, end - base, rule, score) for start, end, rule, score in spans)])
    return edits, bool(spans)


def _spans_of(
    rules: RuleSet, look: Seen, verdict: Verdict, low: int, high: int
) -> list[tuple[int, int, str, float]]:
    """Ranges that strong span rules cut out of lines that stay, ordered and apart."""
    votes = look.votes
    first, last = (int(place) for place in np.searchsorted(votes.row, (low, high)))
    found: list[tuple[int, int, str, float]] = []
    cutting = (rules.span & rules.alone)[votes.rule[first:last]] & ~verdict.gone[votes.row[first:last]]
    for vote in (first + np.flatnonzero(cutting)).tolist():
        if votes.end[vote] > votes.start[vote]:
            found.append((int(votes.start[vote]), int(votes.end[vote]), rules.ids[votes.rule[vote]], _SPAN_SCORE))
    found.sort()
    apart: list[tuple[int, int, str, float]] = []
    for span in found:
        if not apart or span[0] >= apart[-1][1]:
            apart.append(span)
    return apart


def tail_break(edits: list[Edit], text: str) -> list[Edit]:
    """When the end of a text goes, the line feed before it goes too, unless the text itself ended in one."""
    last = edits[-1]
    if last.end < len(text) or text.endswith("\n"):
        return edits
    first = len(edits) - 1
    while first and edits[first - 1].end == edits[first].start:
        first -= 1
    start = edits[first].start
    if start and text[start - 1] == "\n" and (first == 0 or edits[first - 1].end < start):
        edits[first] = edits[first]._replace(start=start - 1)
    return edits
