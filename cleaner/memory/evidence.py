"""Evidence: how much the other pages of its site speak against a line, as log-odds that add to the judge's."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints, KindTable, Lines, read_lines
from cleaner.errors import RuleError
from cleaner.html.kind import bare, bits_of, by_address
from cleaner.judge.trees import UNIT, Trees, read_trees
from cleaner.memory.known import Known, Same, look_up
from cleaner.memory.measures import NAMES, unique_measures
from cleaner.memory.notes import Notes
from cleaner.memory.rows import ZONES, Keys
from cleaner.memory.site_memory import SiteMemory
from cleaner.packs.match import RuleSet

LINE, RUN, CONTAINER = "common.memory/line", "common.memory/run", "common.memory/container"
_NEAR: Final = 2
_TABLES: Final = ("pages", "share", "weight", "near", "between", "blocks", "containers")
_RUN: Final = 2
"""So many recurring lines within two lines make a run."""


@dataclass(frozen=True, slots=True)
class Steps:
    """A weight in log-odds times `UNIT` that changes at borders: `values[i]` from `borders[i]` on, 0 below the first."""

    borders: NDArray[np.float64]
    values: Ints

    def __call__(self, measure: NDArray[Any]) -> Ints:
        """The weights of `measure`."""
        return self.values[np.searchsorted(self.borders, measure, side="right")]


@dataclass(frozen=True, slots=True)
class Looks:
    """What of the evidence on a text's lines the judge's looks are told, in log-odds times `UNIT`."""

    least: int
    most: int
    """The first look, which passes it on to the neighbours, is told of a line no less and no more than this."""
    paragraphs: int
    """A text with fewer paragraphs that are its own tells its first look nothing."""
    again: int
    """Added to lines that do not recur when their own score is at stake, as it has heard of their neighbours by then."""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Looks:
        """The table `looks` of a weights file."""
        return cls(_units(table["least"]), _units(table["most"]), int(table["paragraphs"]), _units(table["again"]))


@dataclass(frozen=True, slots=True)
class MemoryWeights:
    """What each part of the evidence weighs, by its name in the weights file."""

    steps: Mapping[str, Steps]
    zones: Ints
    prose: int
    doubt: float
    """Weight of lines that do not recur, added to what is known of a container."""
    spared: tuple[str, ...]
    """Signs (`cleaner.html.kind.SIGNS`) of pages of which nothing is said; of texts only those in addresses are known."""
    looks: Looks
    same: Same
    own: int
    """A text with fewer paragraphs that are its own gets no evidence: what recurs there may be all that it holds."""

    @classmethod
    def load(cls, path: Path) -> MemoryWeights:
        """Read a weights file; `RuleError` names the table that is wrong."""
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        try:
            steps = {name: _steps(data[name]) for name in _TABLES}
            zones = np.array([_units(data["zone"][name]) for name in ZONES], np.int32)
            shape, spared = data["shape"], tuple(data["spared"]["signs"])
            bits_of(spared)
            looks, same, own = Looks.of(data["looks"]), Same.of(data["same"]), int(data["own"]["paragraphs"])
            return cls(steps, zones, _units(shape["prose"]), float(shape["doubt"]), spared, looks, same, own)
        except (KeyError, TypeError, ValueError) as error:
            raise RuleError(f"{path}: not the weights of site memory: {error!r}") from error


def _units(value: float) -> int:
    return round(float(value) * UNIT)


def _steps(table: Mapping[str, Any]) -> Steps:
    pairs = [(float(border), _units(value)) for border, value in table.items()]
    if pairs != sorted(pairs, key=lambda pair: pair[0]):
        raise ValueError(f"expected borders in order, found {[border for border, _ in pairs]}")
    return Steps(np.array([border for border, _ in pairs]), np.array([0, *(value for _, value in pairs)], np.int32))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Per row of a batch: the log-odds times `UNIT` that memory adds, and what they rest on."""

    odds: Ints
    heard: Ints | None
    """What the first look is told of them, for the judgement of their neighbours; of the blocks of pages nothing."""
    pages: Ints
    """Other pages that show the line in this zone."""
    run: NDArray[np.bool_]
    """Whether the line stands among other recurring lines."""
    container: NDArray[np.bool_]
    """Whether what stands in its container says more than the line itself."""
    known: Known
    """What the memory knows of the rows of the whole batch, those that are gone among them."""

    def take(self, rows: NDArray[np.intp]) -> Evidence:
        """The evidence on `rows`."""
        heard = None if self.heard is None else self.heard[rows]
        return Evidence(self.odds[rows], heard, self.pages[rows], self.run[rows], self.container[rows], self.known)

    def without(self, rows: NDArray[np.bool_]) -> Evidence:
        """The evidence with nothing said of `rows`."""
        return replace(self, odds=np.where(rows, np.int32(0), self.odds), container=self.container & ~rows)

    def notes(self, lines: Lines) -> Notes:
        """The notes on `lines`, those of the whole batch."""
        return Notes.on(lines, self.known)

    def answering(self, rules: RuleSet, rule: Ints, odds: Ints, cut: Ints) -> Ints:
        """The rules that answer for the rows: a rule of memory where the score `odds` alone would not remove the row."""
        line, run, container = (rules.ids.index(name) if name in rules.ids else -1 for name in (LINE, RUN, CONTAINER))
        mine = np.where(self.container, container, np.where(self.run & (run >= 0), run, line))
        able = ((self.pages > 0) | self.container) & (odds <= cut) & (mine >= 0)
        return np.where(able, mine, rule).astype(np.int32)


def read_unique(path: Path) -> Trees:
    """The forest for lines that no other page shows; `RuleError` where the file is none."""
    try:
        data = json.loads(path.read_bytes())
        forest = data["unique"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuleError(f"{path}: cannot be read as weights of site memory: {error!r}") from error
    return read_trees(forest, NAMES, f"{path}: unique")


class MemoryJudge:
    """Weighs the lines of pages by a memory. Does not change, but for tables that never change an answer."""

    def __init__(self, memory: SiteMemory, weights: Path, *, unique: Trees | None = None) -> None:
        """`weights` is a TOML file; beside it, under the same name, lies the forest for lines that no other page shows,
        unless it is given as `unique`."""
        self._memory = memory
        self._files = (weights, weights.with_suffix(".json"))
        self._weights = MemoryWeights.load(weights)
        self._unique = unique if unique is not None else read_unique(self._files[1])
        self._kinds = KindTable()
        self.spared: Final = bits_of(self._weights.spared)
        """Signs of pages (bits as of `cleaner.html.kind`) of which its evidence is not to be heard."""
        self._spared = by_address(self._weights.spared)

    @property
    def digest(self) -> str:
        """A short hash of all that decides about its evidence."""
        weights = b"".join(hashlib.blake2b(file.read_bytes()).digest() for file in self._files)
        return f"{self._memory.digest}-{hashlib.blake2b(weights, digest_size=8).hexdigest()}"

    def weigh(self, lines: Lines, urls: Sequence[str | None], containers: Keys | None = None) -> Evidence | None:
        """The evidence on the rows of `lines`, whose texts have these URLs; None where no page's site is known.

        `containers` of the rows say that these are the blocks of pages, of which the markup tells where they stand.
        """
        known = self.look_up(lines, urls, containers)
        if known is None:
            return None
        near = _near(known.pages > 0, lines.doc)
        run = (known.pages > 0) & (near >= _RUN)
        if containers is not None:
            odds, around = self._of_blocks(known, near), self._of_containers(known)
            return Evidence(np.maximum(odds, around), None, known.pages, run, around > odds, known)
        spared = np.array([self._is_spared(url) for url in urls])[lines.doc]
        odds, heard = self._of_lines(known, near, spared)
        return Evidence(odds, heard, known.pages, run, np.zeros(len(odds), bool), known)

    def _is_spared(self, url: str | None) -> bool:
        """Whether a text's address says that it is of a kind of which nothing is said; of pages the markup tells, too."""
        if self._spared is None or not url:
            return False
        return self._spared.search(bare(url)) is not None

    def look_up(self, lines: Lines, urls: Sequence[str | None], containers: Keys | None = None) -> Known | None:
        """What the memory knows of the rows of `lines`, see `cleaner.memory.known`."""
        return look_up(self._memory, lines, urls, self._weights.same, containers)

    def notes(self, texts: Sequence[str], urls: Sequence[str | None]) -> Notes:
        """The notes on the recurring lines of `texts`."""
        lines = read_lines(texts, self._kinds)
        return Notes.on(lines, self.look_up(lines, urls))

    def _of_blocks(self, known: Known, near: Ints) -> Ints:
        """What the recurring blocks of pages weigh; others weigh nothing by themselves."""
        odds = np.zeros(len(near), np.int32)
        hits = np.flatnonzero(_weighable(known) & (known.pages > 0))
        odds[hits] = self._recurring(known, hits, near, blocks=True)
        return odds

    def _of_lines(self, known: Known, near: Ints, spared: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """What the lines of texts weigh, and what the first look is told of them; those that recur have one set of parts,
        the others a forest."""
        own, looks = _own_paragraphs(known), self._weights.looks
        weighed = _weighable(known) & ~spared & (own >= self._weights.own)
        odds = np.zeros(len(weighed), np.int32)
        hits = np.flatnonzero(weighed & (known.pages > 0))
        odds[hits] = self._recurring(known, hits, near, blocks=False)
        rest = weighed & (known.pages == 0)
        odds[rest] = self._unique.score(unique_measures(known, rest))
        heard = np.where(own >= looks.paragraphs, np.clip(odds, looks.least, looks.most), np.int32(0))
        odds[rest] += looks.again
        return odds, heard

    def _recurring(self, known: Known, hits: NDArray[np.intp], near: Ints, blocks: bool) -> Ints:
        """The weights of the rows `hits`, which recur."""
        steps, rows, pages, of = self._weights.steps, known.rows, known.pages[hits], known.of[hits]
        prose, weight = rows.prose[hits], rows.weight[hits]
        share = np.where(of > 1, pages / np.maximum(of, 1), -1.0)  # of a single other page it says nothing
        odds = steps["pages"](pages) + steps["share"](share) + steps["weight"](weight)
        odds += steps["near"](near[hits]) + self._weights.zones[rows.zone[hits]] + self._weights.prose * prose
        odds += steps["between"](pages) * (prose & _between(rows.prose & (known.pages == 0), rows.first)[hits])
        if blocks:
            odds = np.maximum(odds + steps["blocks"](known.anywhere[hits] / np.maximum(of, 1)), 0)  # never for a block
        return odds

    def _of_containers(self, known: Known) -> Ints:
        """What it weighs that of the lines in a row's container, on other pages, so many recur."""
        whole, recurring = known.held.T
        odds: Ints = self._weights.steps["containers"](recurring / (whole + self._weights.doubt))
        return odds


def _weighable(known: Known) -> NDArray[np.bool_]:
    """Rows with anything to compare, of sites of which other pages are known."""
    rows: NDArray[np.bool_] = (known.of > 0) & (known.rows.keys != 0)
    return rows


def _own_paragraphs(known: Known) -> Ints:
    """Per row: how many paragraphs of its page no other page shows anywhere."""
    first = known.rows.first
    total = np.zeros(len(known.rows.keys) + 1, np.int32)
    np.cumsum(known.rows.prose & (known.anywhere == 0), out=total[1:])
    own: Ints = np.repeat(np.diff(total[first]), np.diff(first))
    return own


def _between(own: NDArray[np.bool_], first: Ints) -> NDArray[np.bool_]:
    """Per row: whether rows of its page that are `own` stand both before and after it."""
    total = np.zeros(len(own) + 1, np.int64)
    np.cumsum(own, out=total[1:])
    rows = np.diff(first)
    inside: NDArray[np.bool_] = total[:-1] > np.repeat(total[first[:-1]], rows)
    inside &= total[1:] < np.repeat(total[first[1:]], rows)
    return inside


def _near(recurs: NDArray[np.bool_], doc: Ints) -> Ints:
    """Per row: how many of the two rows before it and the two after it recur."""
    near = np.zeros(len(recurs), np.int32)
    for step in range(1, _NEAR + 1):
        same = doc[step:] == doc[:-step]
        near[step:] += recurs[:-step] & same
        near[:-step] += recurs[step:] & same
    return near
