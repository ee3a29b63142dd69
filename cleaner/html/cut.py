"""Which lines of a page stay, given how likely each is part of the content.

What decides is data in the header of the weights file, because it belongs to the scores that were fitted with it:

    "page": {"least": 0.1, "most": 0.6, "words": 10, "hope": 0.35, "rows": 5}
    "named": {"prose": 0.5, "votes": {"odds": -1, "classes": ["byline", …]}, "elements": {"odds": 0, "classes": […]}}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints
from cleaner.errors import RuleError
from cleaner.kernels.page_scores import VALUES, best_lines
from cleaner.packs.schema import CLASSES

FIELD: Final = "page"
NAMED: Final = "named"


@dataclass(frozen=True, slots=True)
class PageCut:
    """How sure is sure enough, for a page as a whole."""

    least: float = 0.1
    most: float = 0.6
    """Chances between which the cut of a page lies."""
    words: float = 4.0
    hope: float = 1.0
    """A page that promises fewer words than this, at an expected F below `hope`, has no content: it is a shell, a
    refusal, a form. One that is sure of its few words has them."""
    rows: int = 5
    """A page of at most so many lines has content all the same: there is hardly anything to tell it from, and an empty
    answer is right only where the page had nothing to say."""

    def as_header(self) -> dict[str, Any]:
        """The fields of a header that `read_cut` reads back."""
        return {FIELD: asdict(self)}

    def best_lines(self, likely: Bytes, weight: Ints, first: Ints) -> NDArray[np.bool_]:
        """Which lines stay, of lines that are `likely` (0..255) part of the content.

        `weight` is twice a line's length in words, `first` each page's first line, and the number of all lines.

        Per page the likeliest lines stay, as many as give the best expected F of words: twice the words expected right
        over the words taken plus all the words expected (Lewis, 1995).
        """
        stays = np.empty(len(likely), bool)
        low, high = round(255 * self.least), round(255 * self.most)
        best_lines(
            first, likely, weight, low, high, math.ceil(2 * 255 * self.words), self.hope, self.rows,
            np.empty(VALUES, np.int64), stays,
        )
        return stays


def read_cut(header: Mapping[str, Any], file: str) -> PageCut:
    """The cut of a weights file; `RuleError` names the field of the header and what was expected."""
    found = header.get(FIELD, {})
    place = f"{file}: header: {FIELD}"
    if not isinstance(found, Mapping):
        raise RuleError(f"{place}: expected a table, got {type(found).__name__}")
    fields = asdict(PageCut())
    for name, value in found.items():
        if name not in fields:
            raise RuleError(f"{place}: field {name!r}: expected one of {', '.join(fields)}")
        whole, most = name == "rows", 1 if name in ("least", "most", "hope") else None
        if (type(value) is not int and (whole or type(value) is not float)) or value < 0 or (most and value > most):
            expected = "a whole number of lines" if whole else "a chance from 0 to 1" if most else "a number of words"
            raise RuleError(f"{place}: field {name!r}: expected {expected}, got {value!r}")
    cut = PageCut(**found)
    if cut.least > cut.most:
        raise RuleError(f"{place}: field 'least': expected at most 'most', {cut.most}, got {cut.least}")
    return cut


@dataclass(frozen=True, slots=True)
class Naming:
    """Lines that a rule of one of `classes` stands for go above these log-odds."""

    odds: float
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedCut:
    """Short lines that are called by their name go on less than others do.

    The best F of words hardly minds a byline or a sign-up box, so that the scores are lazy about them; who reads what is
    left does mind. On pages that are mostly no prose (lists of things, shops) names say less, and this does not apply.
    """

    prose: float
    """The share of what stays that has to be prose."""
    votes: Naming
    """Lines that a firm vote covers as a whole."""
    elements: Naming
    """Lines inside elements whose names have a meaning of that class."""


def read_named(header: Mapping[str, Any], file: str) -> NamedCut | None:
    """What a weights file says of lines with a name, if anything; `RuleError` names the field and what was expected."""
    if NAMED not in header:
        return None
    place = f"{file}: header: {NAMED}"
    found = header[NAMED]
    if not isinstance(found, Mapping) or set(found) != {"prose", "votes", "elements"}:
        raise RuleError(f"{place}: expected a table of prose, votes and elements, got {found!r}")
    prose = found["prose"]
    if type(prose) not in (int, float) or not 0 <= prose <= 1:
        raise RuleError(f"{place}: field 'prose': expected a share from 0 to 1, got {prose!r}")
    return NamedCut(prose, *(_naming(found[name], f"{place}: field {name!r}") for name in ("votes", "elements")))


def _naming(found: Any, place: str) -> Naming:
    good = isinstance(found, Mapping) and set(found) == {"odds", "classes"} and type(found["odds"]) in (int, float)
    if not good or not isinstance(found["classes"], list) or not all(name in CLASSES for name in found["classes"]):
        raise RuleError(f"{place}: expected log-odds as 'odds' and classes of rules as 'classes', got {found!r}")
    return Naming(float(found["odds"]), tuple(found["classes"]))
