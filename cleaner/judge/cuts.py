"""The edits of a whole batch at once: what `resolve.line_edits` says of each text, without a round of arrays for each."""

from __future__ import annotations

from itertools import repeat
from typing import Final

import numpy as np

from cleaner.document import Ints, run_starts
from cleaner.edits import Edit
from cleaner.judge.resolve import Seen, Verdict, line_edits, tail_break
from cleaner.packs.match import RuleSet

_SCORES: Final = [round(certainty / 255, 3) for certainty in range(256)]


def batch_edits(rules: RuleSet, look: Seen, verdict: Verdict) -> list[tuple[list[Edit], bool]]:
    """Per text: its edits, and whether some of them are spans inside lines that stay."""
    lines, gone = look.lines, verdict.gone
    answers: list[tuple[list[Edit], bool]] = [([], False)] * len(lines.texts)
    rows = np.flatnonzero(gone)
    rare = _rare_texts(rules, look, verdict)
    for doc in rare:
        answers[doc] = line_edits(rules, look, verdict, doc)
    if not len(rows):
        return answers
    starts, ends = _bounds(look, verdict)
    names = [rules.ids[rule] for rule in verdict.rule[rows].tolist()]
    scores = [_SCORES[certainty] for certainty in verdict.certainty[rows].tolist()]
    edits = list(map(Edit._make, zip(starts[rows].tolist(), ends[rows].tolist(), names, scores, repeat(""))))
    doc_of = lines.doc[rows]
    borders = run_starts(doc_of)
    bounds = zip(doc_of[borders].tolist(), borders.tolist(), [*borders[1:].tolist(), len(rows)], strict=True)
    for doc, low, high in bounds:
        if doc not in rare:
            answers[doc] = (tail_break(edits[low:high], lines.texts[doc]), False)
    return answers


def _rare_texts(rules: RuleSet, look: Seen, verdict: Verdict) -> set[int]:
    """Texts with spans to cut out of lines that stay, and texts of which no line stays."""
    lines, votes = look.lines, look.votes
    cutting = (rules.span & rules.alone)[votes.rule] & ~verdict.gone[votes.row]
    stays = np.concatenate((np.zeros(1, np.int64), np.cumsum(~verdict.gone)))[lines.first]
    empty = (stays[1:] == stays[:-1]) & (lines.first[1:] > lines.first[:-1])
    return {*lines.doc[votes.row[cutting]].tolist(), *np.flatnonzero(empty).tolist()}


def _bounds(look: Seen, verdict: Verdict) -> tuple[Ints, Ints]:
    """Per row: where in its text a cut of it begins and ends. It takes along the blank lines above it; those below a
    removed head go with that."""
    lines, gone = look.lines, verdict.gone
    base = lines.base[lines.doc]
    size = np.append(lines.base[1:] - 1, np.int32(len(lines.points) - 1)) - lines.base
    ends = np.minimum(lines.line_end + 1 - base, size[lines.doc])
    starts = np.concatenate((np.zeros(1, ends.dtype), ends[:-1]))
    heads = lines.first[:-1][lines.first[1:] > lines.first[:-1]]
    starts[heads] = 0
    kept = np.flatnonzero(~gone)
    first_kept = kept[run_starts(lines.doc[kept])]
    behind_head = first_kept[first_kept > lines.first[lines.doc[first_kept]]]
    ends[behind_head - 1] = (lines.line_start - base)[behind_head]
    return starts, ends
