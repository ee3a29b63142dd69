"""The edits of a whole batch at once: what `resolve.line_edits` says of each text, without a round of arrays for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints
from cleaner.edits import Edit, apply
from cleaner.judge.resolve import Seen, Verdict, line_edits
from cleaner.packs.match import RuleSet

_SCORES: Final = [round(certainty / 255, 3) for certainty in range(256)]


class Cuts:
    """What goes of one text, and what is left of it. The edits are made when one asks for them: they are many objects."""

    __slots__ = ("_columns", "_ids", "left")

    def __init__(self, columns: Ints, ids: Sequence[str], left: str) -> None:
        """`columns` are start, end, rule and certainty of each cut, `ids` those of the rules, `left` is the text without."""
        self._columns, self._ids, self.left = columns, ids, left

    def __call__(self) -> tuple[Edit, ...]:
        """The edits."""
        return tuple(_edits(self._columns, self._ids))


class _Made(Cuts):
    """Edits that had to be made to know what they leave."""

    __slots__ = ("_edits",)

    def __init__(self, edits: Sequence[Edit], text: str) -> None:
        self._edits, self.left = tuple(edits), apply(text, edits)

    def __call__(self) -> tuple[Edit, ...]:
        return self._edits


def batch_cuts(rules: RuleSet, look: Seen, verdict: Verdict) -> list[Cuts]:
    """Per text: what goes of it and what is left."""
    found = _read(rules, look, verdict)
    cuts, pieces = found.many.tolist()
    inside = found.inside.tolist()
    out: list[Cuts] = []
    for doc, text in enumerate(look.lines.texts):
        if inside[doc]:
            out.append(_Made(line_edits(rules, look, verdict, doc)[0], text))
            continue
        starts, ends = found.pieces[:, pieces[doc] : pieces[doc + 1]].tolist()
        left = "".join([text[start:end] for start, end in zip(starts, ends, strict=True)])
        out.append(Cuts(found.columns[:, cuts[doc] : cuts[doc + 1]], rules.ids, left))
    return out


def batch_edits(rules: RuleSet, look: Seen, verdict: Verdict) -> list[tuple[list[Edit], bool]]:
    """Per text: its edits, and whether some of them are spans inside lines that stay."""
    found = _read(rules, look, verdict)
    bounds = found.many[0].tolist()
    edits = _edits(found.columns[:, : bounds[-1]], rules.ids)
    answers = [(edits[low:high], False) for low, high in pairwise(bounds)]
    for doc in np.flatnonzero(found.inside).tolist():
        answers[doc] = line_edits(rules, look, verdict, doc)
    return answers


@dataclass(frozen=True, slots=True)
class _Found:
    """The cuts of a batch, see `kernels.cuts`."""

    columns: Ints
    pieces: Ints
    many: Ints
    inside: NDArray[np.bool_]


def _read(rules: RuleSet, look: Seen, verdict: Verdict) -> _Found:
    """Which ranges of each text go and which are left, but for texts with cuts inside lines."""
    from cleaner.kernels import cuts as kernel

    lines, votes = look.lines, look.votes
    rows, texts = len(lines), len(lines.texts)
    found = _Found(
        np.empty((4, rows), np.int32), np.empty((2, rows + texts), np.int32), np.empty((2, texts + 1), np.int32),
        np.empty(texts, bool),
    )  # fmt: skip
    kernel.cuts(
        lines.first, lines.base, lines.doc, lines.line_start, lines.line_end, lines.points, verdict.gone, verdict.rule,
        verdict.certainty, votes.row, votes.rule, rules.span, rules.alone, found.columns, found.pieces, found.many, found.inside,
    )  # fmt: skip
    return found


def _edits(columns: Ints, ids: Sequence[str]) -> list[Edit]:
    """One edit per column: start, end, rule and certainty."""
    starts, ends, rules, certainties = columns.tolist()
    names, scores = map(ids.__getitem__, rules), map(_SCORES.__getitem__, certainties)
    # What `Edit._make` does, without a call of Python for each.
    return list(map(tuple.__new__, repeat(Edit), zip(starts, ends, names, scores, repeat(""))))
