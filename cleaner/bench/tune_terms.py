"""The last step of fitting the weights of blocks: single measures, above all votes of rules, added to both looks.

A forest that is shown a few hundred measures learns little from votes, which most lines have none of. On pages of prose
each of these terms gets one weight by logistic regression on top of the forests' log-odds on held-out sites; in the
weights file a term is one more tree of the second look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.html.measures import ANNOUNCING
from cleaner.judge.trees import UNIT
from cleaner.packs.schema import CLASSES

Ask = tuple[str, int]
"""A measure and a border: the answer is yes above it."""
Floats = NDArray[np.float64]
_ON: Final[tuple[Ask, ...]] = (("prose_share", 15),)
_OFF: Final[tuple[Ask, ...]] = (("page_prices", 4),)
"""Terms count on pages with some prose and hardly any prices: shops have ideas of their own."""
_PROSE: Final[tuple[Ask, ...]] = (("own_prose", 0),)
_SMOOTHING: Final = 10.0
_ROUNDS: Final = 8
_LEAST: Final = 0.05
"""Log-odds below which a term is not worth a tree."""
_FURTHEST: Final = 3.0


@dataclass(frozen=True, slots=True)
class Term:
    """A yes where all of `both`, one of `either` (if any) and none of `not_` answer yes."""

    both: tuple[Ask, ...] = ()
    either: tuple[Ask, ...] = ()
    not_: tuple[Ask, ...] = ()

    def asks(self) -> tuple[Ask, ...]:
        """All its questions, and those that tell where terms count."""
        return (*self.both, *self.either, *self.not_, *_ON, *_OFF)

    def answers(self, said: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
        """Where it holds and counts, given the answers to `asks`."""
        left = list(said)
        both, either, not_, on, off = (
            [left.pop(0) for _ in part] for part in (self.both, self.either, self.not_, _ON, _OFF)
        )
        out = np.logical_and.reduce([*both, *on]) & ~np.logical_or.reduce([*not_, *off])
        found: NDArray[np.bool_] = out & np.logical_or.reduce(either) if either else out
        return found

    def tree(self, weight: int, depth: int) -> dict[str, Any]:
        """It as a tree of a forest of that depth: `weight` in the leaves where it holds."""
        asks = list(self.asks())
        asks += asks[-1:] * (depth - len(asks))
        places = np.arange(1 << depth)
        holds = self.answers([(places >> level) & 1 == 1 for level in range(len(self.asks()))])
        # The last question fills the depth, asked again: leaves for which it would answer differently are never reached.
        return {"asks": [list(ask) for ask in asks], "leaves": np.where(holds, weight, 0).tolist()}


def _near(group: str) -> Term:
    return Term(either=((f"near_{group}", 0), (f"middle_{group}", 0)), not_=_PROSE)


TERMS: Final[tuple[Term, ...]] = (
    *(Term(both=((f"vote_{name}", 1),)) for name in CLASSES),
    Term(both=(("vote_any", 0),)),
    Term(both=(("vote_any", 1), ("vote_covers", 59))),
    *(Term(both=((f"heading_{name}", 1),)) for name in ANNOUNCING),
    _near("search"),
    _near("pager"),
    Term(both=(("copy_number", 1),), not_=_PROSE),
    Term(both=(("likewise_votes", 32),)),
    Term(both=(("likewise_counts", 20),)),
    Term(both=(("likewise_fields", 8),)),
    Term(both=(("likewise_images", 40),)),
    Term(both=(("above_top", 0),)),
)


def add_terms(
    forest: dict[str, Any], values: NDArray[np.uint8], names: Sequence[str], odds: NDArray[np.int32], gone: Floats,
    weight: Floats, fold: NDArray[np.int64],
) -> NDArray[np.int32]:  # fmt: skip
    """Add the terms to a forest; gives `odds` with the terms, each line by weights that have not seen its fold.

    `gone`, `weight` and `fold` are per line; a line of weight 0 is not learned from.
    """
    terms = [term for term in TERMS if all(name in names for name, _ in term.asks())]
    if not terms or forest["depth"] < max(len(term.asks()) for term in terms):
        return odds
    holds = np.stack([_holds(term, values, names) for term in terms], 1)
    known = (weight > 0) & holds.any(axis=1)
    out = odds.copy()
    for number in range(int(fold.max()) + 1 if len(fold) else 0):
        held = fold == number
        out[held] += holds[held] @ _fitted(holds, odds, gone, weight, np.flatnonzero(known & ~held))
    whole = _fitted(holds, odds, gone, weight, np.flatnonzero(known))
    forest["trees"] += [
        term.tree(int(amount), forest["depth"])
        for term, amount in zip(terms, whole, strict=True)
        if abs(amount) >= _LEAST * UNIT
    ]
    return out


def _holds(term: Term, values: NDArray[np.uint8], names: Sequence[str]) -> NDArray[np.bool_]:
    return term.answers([values[names.index(name)] > border for name, border in term.asks()])


def _fitted(
    holds: NDArray[np.bool_], odds: NDArray[np.int32], gone: Floats, weight: Floats, rows: NDArray[np.intp]
) -> NDArray[np.int32]:
    """The weight of each term, times `UNIT`: ridge regression of logits, by Newton's method, on top of `odds`."""
    terms = holds[rows].astype(np.float64)
    offset, target = odds[rows] / UNIT, gone[rows]
    share = weight[rows] / weight[rows].mean() if len(rows) else weight[rows]
    found = np.zeros(terms.shape[1])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-(offset + terms @ found)))
        slope = terms.T @ (share * (chance - target)) + _SMOOTHING * found
        bend = (terms * (share * chance * (1 - chance))[:, None]).T @ terms + _SMOOTHING * np.eye(len(found))
        found -= np.linalg.solve(bend, slope)
    return np.round(UNIT * np.clip(found, -_FURTHEST, _FURTHEST)).astype(np.int32)
