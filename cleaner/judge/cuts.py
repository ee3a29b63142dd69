"""The edits of a whole batch at once: what `resolve.line_edits` says of each text, without a round of arrays for each."""

from __future__ import annotations

from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
    starts, ends, emptied = _bounds(look, verdict)
    rare = _rare_texts(rules, look, verdict, emptied)
    for doc in rare:
        answers[doc] = line_edits(rules, look, verdict, doc)
    if not len(rows):
        return answers
    names = [rules.ids[rule] for rule in verdict.rule[rows].tolist()]
    scores = [_SCORES[certainty] for certainty in verdict.certainty[rows].tolist()]
    made = zip(starts[rows].tolist(), ends[rows].tolist(), names, scores, repeat(""))
    edits = list(map(tuple.__new__, repeat(Edit), made))  # what `Edit._make` does, without a call of Python for each
    doc_of = lines.doc[rows]
    borders = run_starts(doc_of)
    bounds = zip(doc_of[borders].tolist(), borders.tolist(), [*borders[1:].tolist(), len(rows)], strict=True)
    for doc, low, high in bounds:
        if doc not in rare:
            answers[doc] = (tail_break(edits[low:high], lines.texts[doc]), False)
    return answers


def _rare_texts(rules: RuleSet, look: Seen, verdict: Verdict, emptied: NDArray[np.bool_]) -> set[int]:
    """Texts with spans to cut out of lines that stay, and texts of which no line stays."""
    lines, votes = look.lines, look.votes
    cutting = (rules.span & rules.alone)[votes.rule] & ~verdict.gone[votes.row]
    return {*lines.doc[votes.row[cutting]].tolist(), *np.flatnonzero(emptied).tolist()}


def _bounds(look: Seen, verdict: Verdict) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Per row where in its text a cut of it begins and ends; per text whether no line of it stays."""
    from cleaner.kernels import cuts as kernel

    lines = look.lines
    starts, ends = np.empty(len(lines), np.int32), np.empty(len(lines), np.int32)
    emptied = np.empty(len(lines.texts), bool)
    kernel.bounds(
        lines.first, lines.base, lines.line_start, lines.line_end, verdict.gone, len(lines.points), starts, ends, emptied
    )
    return starts, ends, emptied
