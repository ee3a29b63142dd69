"""How sure the judge has to be: the cut above which a line goes, and how far measures may overrule a strong rule.

Both are data in the header of a weights file, because they belong to the scores that were fitted with them:

    "cut": 1776                                 or "cut": [[0, 2200], [200, 900]]
    "veto": -512                                or "veto": {"default": -512, "legal": -1024}
    "large": 60                                 or "large": {"body": 60, "chars": 60, "but": {"repeats": ["exact"]}}
    "pages": {"rows": 32, "cut": [[60, 2400], [200, 0]]}
    "doubt": {"within": 2000, "usual": 350, "slope": 2000, "bounds": [-700, 1500]}

Levels are log-odds times `UNIT`. A cut of pairs follows the share of a text (0..255) that the scores call boilerplate,
straight from pair to pair: of whole pages most lines go, so that less certainty does for one of them. Texts with at least
`rows` lines that the first look calls boilerplate may be `pages` with a cut of their own; fewer lines of a large share are
more often a short text that is misread. Where many lines of a text are neither clearly text nor clearly boilerplate, the
forests do not know its kind, and single high scores mean less: `doubt` raises the cut by `slope` times the share of lines
with scores `within` that level of even, less the `usual` share (in thousandths), within `bounds`. `large` is the part of a
text's body, in thousandths, above which a line is too much to lose because of one strong rule: its score has to pass the
cut as well. Lines of at most `chars` characters never are; `but` names rules of detectors that decide all the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints
from cleaner.errors import RuleError
from cleaner.judge.trees import UNIT
from cleaner.packs.schema import CLASSES

Levels = NDArray[np.int32]
Longs = NDArray[np.int64]
_NEVER: Final = -(2**30)
_WHOLE: Final = 1000
"""The body of a text, in the unit of `large`."""
_SHARES: Final = 256


@dataclass(frozen=True, slots=True)
class Doubt:
    """How much more certainty is asked for in texts of which many lines are uncertain."""

    within: int
    """Levels of this size and less, up or down, are uncertain."""
    usual: int
    """Thousandths of a text's lines that may be uncertain without a change of the cut."""
    slope: int
    """What all lines would add to the cut, if none usually were."""
    bounds: tuple[int, int]

    def of_rows(self, uncertain: Longs, rows: Longs) -> Levels:
        """What the cut of each row changes by, from the uncertain and all rows of its text."""
        share = uncertain * 1000 // np.maximum(rows, 1)
        return np.clip((share - self.usual) * self.slope // 1000, *self.bounds).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Limits:
    """The levels that decide, in log-odds times `UNIT`."""

    cuts: Levels
    """(256,): by the share of a text that is boilerplate, the level above which its lines go."""
    veto: Levels
    """(classes,): a line at or below this level stays, whatever a rule of that class and of strength `alone` says."""
    page_cuts: Levels
    """(256,): the same for texts with at least `page_rows` lines that the first look calls boilerplate."""
    page_rows: int = 0
    large: int = _WHOLE
    """Thousandths of a text's body: on longer lines no rule of strength `alone` decides without the score."""
    large_chars: int = 0
    """Characters up to which no line is large, however short its text."""
    spared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Detector -> names of its rules that decide on large lines, too."""
    doubt: Doubt | None = None

    @property
    def cut(self) -> int:
        """The cut for a text without boilerplate."""
        return int(self.cuts[0])

    def of_rows(self, share: Bytes, boilerplate: Longs) -> Levels:
        """The cut of each row, by the share 0..255 of its text that is boilerplate, and the lines in it that are."""
        levels: Levels = np.where(boilerplate >= self.page_rows, self.page_cuts[share], self.cuts[share])
        return levels

    def are_large(self, length: Ints, body: Longs) -> NDArray[np.bool_]:
        """Which rows are large, by their characters and those of their text's body; none where the header sets no limit."""
        if self.large >= _WHOLE:
            return np.zeros(len(length), bool)
        large: NDArray[np.bool_] = (length.astype(np.int64) * _WHOLE > body * self.large) & (length > self.large_chars)
        return large

    def as_header(self) -> dict[str, Any]:
        """The fields of a header that `read_limits` reads back."""
        veto = dict(zip(CLASSES, self.veto.tolist(), strict=True))
        often = max(set(veto.values()), key=lambda level: (list(veto.values()).count(level), level))
        table = {"default": often, **{name: level for name, level in veto.items() if level != often}}
        header = {"cut": _corners(self.cuts), "veto": table}
        if self.page_rows:
            header["pages"] = {"rows": self.page_rows, "cut": _corners(self.page_cuts)}
        if self.large < _WHOLE:
            more: dict[str, Any] = {"chars": self.large_chars} if self.large_chars else {}
            if self.spared:
                more["but"] = {name: list(rules) for name, rules in self.spared.items()}
            header["large"] = {"body": self.large, **more} if more else self.large
        if self.doubt is not None:
            header["doubt"] = {**asdict(self.doubt), "bounds": list(self.doubt.bounds)}
        return header

    @property
    def constant(self) -> bool:
        """Whether the cut is the same for all texts."""
        same = bool((self.cuts == self.cuts[0]).all() and (self.page_cuts == self.cuts[0]).all())
        return same and self.doubt is None

    def with_cut(self, cut: int) -> Limits:
        """The same cut for all texts."""
        same = np.full(_SHARES, cut, np.int32)
        return replace(self, cuts=same, page_cuts=same, page_rows=0, doubt=None)

    def moved(self, by: int) -> Limits:
        """All cuts higher by `by`."""
        cuts, page_cuts = ((levels + np.int32(by)).astype(np.int32) for levels in (self.cuts, self.page_cuts))
        return replace(self, cuts=cuts, page_cuts=page_cuts)

    def asked_for(self, min_score: float | None) -> Limits:
        """The limits themselves, or with the cut that stands for a certainty of `min_score` (0..1)."""
        if min_score is None:
            return self
        return self.with_cut(level_of(min_score))


def level_of(certainty: float) -> int:
    """The level that stands for a certainty (0..1)."""
    return round(float(np.log(certainty / (1 - certainty))) * UNIT)


def no_limits() -> Limits:
    """Without weights: rules that may decide alone do, and nothing else goes."""
    cuts = np.zeros(_SHARES, np.int32)
    return Limits(cuts, np.full(len(CLASSES), _NEVER, np.int32), cuts)


def read_limits(header: Mapping[str, Any], file: str) -> Limits:
    """The limits of a weights file; `RuleError` names the field of the header and what was expected."""
    if "cut" not in header:
        raise RuleError(f"{file}: header: field 'cut' is missing, expected a level or pairs of share and level")
    cuts = _cuts(header["cut"], file, "cut")
    rows, page_cuts = _pages(header["pages"], file) if "pages" in header else (0, cuts)
    return Limits(
        cuts, _veto(header.get("veto", _NEVER), file), page_cuts, rows,
        *_large(header.get("large", _WHOLE), file),
        _doubt(header.get("doubt"), file),
    )  # fmt: skip


def _doubt(found: Any, file: str) -> Doubt | None:
    if found is None:
        return None
    numbers = isinstance(found, dict) and set(found) == {"within", "usual", "slope", "bounds"}
    bounds = found["bounds"] if numbers else None
    levels = [found["within"], found["usual"], found["slope"], *bounds] if isinstance(bounds, list) else []
    if len(levels) != 5 or not all(map(_is_level, levels)) or levels[3] > levels[4]:
        raise RuleError(
            f"{file}: header: field 'doubt': expected whole numbers 'within', 'usual', 'slope' and two as 'bounds', got {found!r}"
        )
    within, usual, slope, least, most = levels
    return Doubt(within, usual, slope, (least, most))


def _pages(found: Any, file: str) -> tuple[int, Levels]:
    if not isinstance(found, dict) or set(found) != {"rows", "cut"} or not _is_level(found["rows"]) or found["rows"] < 1:
        raise RuleError(f"{file}: header: field 'pages': expected 'rows', a number of lines, and 'cut', got {found!r}")
    return found["rows"], _cuts(found["cut"], file, "pages.cut")


def _large(found: Any, file: str) -> tuple[int, int, dict[str, tuple[str, ...]]]:
    table = found if isinstance(found, dict) else {"body": found}
    body, chars, but = table.get("body"), table.get("chars", 0), table.get("but", {})
    named = isinstance(but, dict) and all(
        isinstance(rules, list) and all(isinstance(rule, str) for rule in rules) for rules in but.values()
    )
    good = named and set(table) <= {"body", "chars", "but"} and _is_level(chars) and chars >= 0
    if not (good and isinstance(body, int) and _is_level(body) and 0 <= body <= _WHOLE):
        raise RuleError(
            f"{file}: header: field 'large': expected thousandths of a body, 0..{_WHOLE}, or a table of 'body', 'chars' and "
            f"'but' with names of rules per detector, got {found!r}"
        )
    return body, chars, {name: tuple(rules) for name, rules in but.items()}


def _cuts(found: Any, file: str, name: str) -> Levels:
    if _is_level(found):
        return np.full(_SHARES, found, np.int32)
    pairs = found if isinstance(found, list) else []
    good = all(isinstance(pair, list) and len(pair) == 2 and all(map(_is_level, pair)) for pair in pairs)
    shares = [pair[0] for pair in pairs] if good else []
    if not shares or shares != sorted(set(shares)) or not 0 <= shares[0] <= shares[-1] < _SHARES:
        raise RuleError(
            f"{file}: header: field {name!r}: expected a whole number or pairs [share 0..255, level] with rising shares, "
            f"got {found!r}"
        )
    levels = np.empty(_SHARES, np.int32)
    levels[: shares[0]] = pairs[0][1]
    for (low, start), (high, end) in itertools.pairwise(pairs):
        levels[low:high] = _straight(low, start, high, end)
    levels[shares[-1] :] = pairs[-1][1]
    return levels


def _corners(cuts: Levels) -> int | list[list[int]]:
    """The fewest pairs between which the cuts run straight."""
    if (cuts == cuts[0]).all():
        return int(cuts[0])
    pairs = [[0, int(cuts[0])]]
    while pairs[-1][0] < _SHARES - 1:
        low, start = pairs[-1]
        ends = [
            high for high in range(low + 1, _SHARES) if (_straight(low, start, high, int(cuts[high])) == cuts[low:high]).all()
        ]
        pairs.append([ends[-1], int(cuts[ends[-1]])])
    return pairs


def _straight(low: int, start: int, high: int, end: int) -> Levels:
    """Levels from `low` to before `high`, in whole numbers: the same on every machine."""
    return (start + (end - start) * np.arange(high - low) // (high - low)).astype(np.int32)


def _veto(found: Any, file: str) -> Levels:
    table = {"default": found} if _is_level(found) else found
    if not isinstance(table, dict) or not all(_is_level(level) for level in table.values()):
        raise RuleError(
            f"{file}: header: field 'veto': expected a whole number or a table of classes and whole numbers, got {found!r}"
        )
    for name in table:
        if name != "default" and name not in CLASSES:
            raise RuleError(f"{file}: header: field 'veto': {name!r} is no class of rules")
    return np.array([table.get(name, table.get("default", _NEVER)) for name in CLASSES], np.int32)


def _is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
