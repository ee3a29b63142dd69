"""Fits the weights of blocks on labelled pages: two forests, one for each look.

As for plain text (`cleaner.bench.tune`), sites are dealt out to folds and the second look learns from first scores of
forests that had not seen the site. What is learned is the share of a line's words that is wanted, and a line weighs as
much as its words move its page's word F1: a thousand words of a long page no more than a hundred of a short one.

Which pages come with an address is a matter of who collected them, and each collector has ideas of what is wanted. So the
forests learn from pages of which a share, drawn by lot, hides its address; held-out pages are judged twice, as they are
and without any address.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledPage
from cleaner.bench.page_labels import PageKey
from cleaner.bench.tune import as_forest, fold_of, mean_forest
from cleaner.bench.tune_terms import add_terms
from cleaner.errors import ConfigError, DataError, RecordError
from cleaner.html.cut import PageCut
from cleaner.html.judge import PageJudge, agreed
from cleaner.html.kind import SIGNS
from cleaner.html.measures import Surroundings, first_names, first_values, second_names, second_values, surroundings
from cleaner.html.page import Page, PageReader
from cleaner.judge.score import chance
from cleaner.judge.trees import FORMAT, UNIT, Weights, load_weights, read_trees
from cleaner.packs.load import load_rules, rules_root
from cleaner.packs.match import compile_rules
from cleaner.pages import said_of_lines, see

PAGE_WEIGHTS: Final = "weights/html.json"
_ELEMENTS: Final = "common/elements.toml"
_AT_ONCE: Final = 60
CUT: Final = PageCut(words=10.0, hope=0.35)
"""The cut that new weights come with."""
_LONGEST: Final = 300
"""Words of a line beyond which it weighs no more."""
_SHORT_GOLD: Final = 60
_PAGE_POWER: Final = 0.9
_HEAVIEST: Final = 3.0
"""Bounds and curve of what a page weighs: one with five wanted words among thousands is not worth a hundred others."""
_RARE_KIND: Final = 0.17
"""How much more the pages of a rare kind weigh: the power of how much rarer it is."""
_ADDRESS_SIGNS: Final = tuple(f"sign_{name}" for name in SIGNS if name.startswith("url_"))
_LOT: Final = 4
"""Added to the seed for the lot that hides addresses, which is not the one that chooses lines."""
_FORESTS_APART: Final = 100
"""Between the seeds of the forests of a look."""
_HARD_KINDS: Final = ("listing", "collection", "product")
"""Kinds of pages on which the first look errs most."""
_SNIPPET: Final = 0.03
_SNIPPET_WORDS: Final = 40

Say = Callable[[str], None]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """How is fitted. The same settings and data give the same file."""

    forests: int = 4
    """Forests of the first look, which differ in the lots that choose lines and measures; their mean is what is shipped
    (bagging, Breiman 1996), above all for kinds of pages of which there are few."""
    second_forests: int = 3
    """The same of the second look: what a single one makes of rare kinds is a matter of its lots."""
    folds: int = 10
    """Many, for kinds of pages of which there are few: a forest learns from nine tenths of their sites, as all in all."""
    trees: int = 200
    depth: int = 6
    rate: float = 0.07
    smoothing: float = 8.0
    sample: float = 0.6
    measures: float = 0.1
    """Share of the measures that a tree's level may ask about: few, so that no tree follows its neighbours."""
    lines: float = 0.25
    """Share of the lines that is learned from; light lines are left out first and those that stay weigh more."""
    onto: float = 1.0
    """How much of the first look's log-odds the second starts from: it learns what the first gets wrong."""
    likewise: float = 0.8
    """How far a line's log-odds are drawn to the mean of likewise lines."""
    lean: float = 0.0
    """Log-odds by which a line goes more likely than the forests say."""
    hidden: float = 0.5
    """Share of the pages whose address is hidden from the forests that learn from them."""
    hard: float = 1.5
    """How much more the second look weighs the pages of kinds of which each site has its own idea (`_HARD_KINDS`)."""
    hard_terms: float = 2.5
    """How much more the terms on top of both looks weigh them (`cleaner.bench.tune_terms`)."""
    seed: int = 7
    threads: int = 2
    """Forests that are fitted at once. What comes out does not depend on it."""


def settings_of(header: Mapping[str, Any], now: PageSettings) -> PageSettings:
    """The settings that a weights file was fitted with, as far as its header names them, with the folds and threads of `now`."""
    known = {field.name for field in fields(PageSettings)}
    given = {name: value for name, value in header.get("settings", {}).items() if name in known}
    return PageSettings(**{**given, "folds": now.folds, "threads": now.threads})


@dataclass(frozen=True, slots=True)
class PageLesson:
    """All lines of the labelled pages as columns: what is learned from."""

    names: tuple[str, ...]
    groups: tuple[str, ...]
    """Ids of the groups of element words."""
    values: NDArray[np.uint8]
    """(measures, lines)"""
    gone: Floats
    """Per line: the share of its words that is not wanted, NaN where that is not known."""
    weight: Floats
    size: NDArray[np.int32]
    """Per line: its length as the judge counts it."""
    first: NDArray[np.int32]
    """The first line of each page, and the number of lines."""
    fold: NDArray[np.int64]
    """Per page."""
    keys: tuple[PageKey, ...]
    around: tuple[Surroundings, ...]
    """What the second look needs, batch after batch."""

    def per_line(self, values: NDArray[Any]) -> NDArray[Any]:
        """What each page has, for each of its lines."""
        return np.repeat(values, np.diff(self.first))

    def digest(self) -> str:
        """A short hash of the lines and their measures: figures of another reading of the same pages do not compare."""
        total = blake2b(digest_size=8)
        for column in (self.first, self.size, self.values):
            total.update(np.ascontiguousarray(column).data)
        return total.hexdigest()


def page_lesson(items: Sequence[LabelledPage], settings: PageSettings, *, rules: Path | None = None) -> PageLesson:
    """Read all pages, measure their lines and line them up with what is wanted.

    `DataError` names the record whose page cannot be read.
    """
    reader = PageReader([(rules or rules_root()) / _ELEMENTS])
    groups = tuple(group.id for group in reader.words.groups)
    phrases = compile_rules(load_rules(shipped=False, extra=[rules], cache=False) if rules else load_rules())
    values, sizes, lengths, keys, around = [], [], [], [], []
    for start in range(0, len(items), _AT_ONCE):
        batch = items[start : start + _AT_ONCE]
        pages = [_read(reader, item) for item in batch]
        seen = see(phrases, pages)
        lines = seen.lines
        found = surroundings([page.blocks for page in pages], lines)
        signs = [page.signs for page in pages]
        values.append(first_values(found, lines, seen.prose, signs, said_of_lines(phrases, seen)))
        sizes.append(lines.weight)
        lengths.append(np.diff(lines.first))
        around.append(found)
        for number, item in enumerate(batch):
            rows = range(int(lines.first[number]), int(lines.first[number + 1]))
            keys.append(PageKey.of(item, [lines.text(row) for row in rows]))
    first = np.concatenate(([0], np.cumsum(np.concatenate(lengths)))).astype(np.int32)
    return PageLesson(
        names=first_names(groups),
        groups=groups,
        values=np.concatenate(values, axis=1),
        gone=1 - np.concatenate([key.wanted for key in keys]),
        weight=np.concatenate(_weights(keys)),
        size=np.concatenate(sizes),
        first=first,
        fold=np.array([fold_of(item.info.site, settings.folds) for item in items], np.int64),
        keys=tuple(keys),
        around=tuple(around),
    )


def _read(reader: PageReader, item: LabelledPage) -> Page:
    try:
        return reader.read(item.html, url=item.info.url or None)
    except RecordError as error:
        raise DataError(f"{item.info.place}: record {item.info.id!r}: {error}") from error


def _weights(keys: Sequence[PageKey]) -> list[Floats]:
    """What each line weighs, page by page."""
    many = Counter(key.item.info.kind for key in keys if key.item.info.kind)
    most = max(many.values(), default=1)
    out = []
    for key in keys:
        if key.item.gold is None:
            out.append(_SNIPPET * np.sqrt(np.minimum(key.sizes, _SNIPPET_WORDS)))
            continue
        words = np.minimum(key.sizes, _LONGEST).astype(np.float64)
        wanted = float(key.gold.sum()) or words.sum() / 2
        weight = words / (wanted + _SHORT_GOLD) ** _PAGE_POWER
        weight *= min(1.0, _HEAVIEST / max(float(weight.sum()), 1e-9))
        out.append(weight * (most / many.get(key.item.info.kind, most)) ** _RARE_KIND)
    return out


@dataclass(frozen=True, slots=True)
class PageFitted:
    """Weights fitted on all sites, and what forests that have not seen a line's site say of it."""

    whole: dict[str, Any]
    held: NDArray[np.int32]
    """Log-odds times `UNIT` that a line goes."""
    unaddressed: NDArray[np.int32]
    """The same where no page has an address."""


@dataclass(frozen=True, slots=True)
class _Views:
    """Something of all lines in three ways: as is learned from, as the pages are, and without any address."""

    learned: NDArray[Any]
    shown: NDArray[Any]
    hidden: NDArray[Any]

    def each(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> _Views:
        """All three changed alike."""
        return _Views(change(self.learned), change(self.shown), change(self.hidden))

    def both(self, other: _Views, change: Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]) -> _Views:
        """Each changed along with that of `other`."""
        return _Views(
            change(self.learned, other.learned), change(self.shown, other.shown), change(self.hidden, other.hidden)
        )


def _views(told: PageLesson, settings: PageSettings) -> _Views:
    """The measures of the first look, (measures, lines) each."""
    hidden = told.values.copy()
    hidden[[told.names.index(name) for name in _ADDRESS_SIGNS]] = 0
    lot = np.random.default_rng(settings.seed + _LOT).random(len(told.keys)) < settings.hidden
    return _Views(np.where(told.per_line(lot), hidden, told.values), told.values, hidden)


def _lots(settings: PageSettings) -> list[PageSettings]:
    """The settings of each forest of a look: all the same but for the seed of its lots."""
    return [replace(settings, seed=settings.seed + _FORESTS_APART * number) for number in range(settings.forests)]


def fit_pages(told: PageLesson, settings: PageSettings, *, say: Say = lambda _: None) -> PageFitted:
    """Fit both looks, for all sites and for each fold."""
    values = _views(told, settings)
    none = values.each(lambda view: np.zeros(view.shape[1], np.int32))
    first, score = _one_look(told, values, told.names, told.weight, none, settings, lambda text: say(f"first look, {text}"))
    values = values.both(score, lambda view, odds: np.concatenate((view, _second(told, 255 - chance(odds)))))
    names = (*told.names, *second_names())
    weight = told.weight * _of_kinds(told, settings.hard)
    onto = np.int64(round(settings.onto * UNIT))
    start = score.each(lambda odds: (odds * onto // UNIT).astype(np.int32))
    again = replace(settings, forests=settings.second_forests)
    second, held = _one_look(told, values, names, weight, start, again, lambda text: say(f"second look, {text}"))
    use, weight = _chosen(told, told.weight * _of_kinds(told, settings.hard_terms), settings)
    weight = np.where(use, weight, 0)
    added = add_terms(
        second, told.values, told.names, held.learned, told.gone, weight, told.per_line(told.fold)
    ) - held.learned  # fmt: skip
    lean = round(settings.lean * UNIT)
    second["bias"] += lean
    header = {"onto": settings.onto, "likewise": settings.likewise, **CUT.as_header()}
    held = held.each(lambda odds: _agreed(told, odds + added + lean, round(settings.likewise * UNIT)))
    whole = {"format": FORMAT, "header": header, "first": first, "second": second}
    return PageFitted(whole, held.shown, held.hidden)


def _of_kinds(told: PageLesson, hard: float) -> Floats:
    """Per line: `hard` on pages of the hard kinds, 1 on others."""
    return told.per_line(np.array([hard if key.item.info.kind in _HARD_KINDS else 1.0 for key in told.keys]))


def _second(told: PageLesson, likely: NDArray[np.uint8]) -> NDArray[np.uint8]:
    out, low = [], 0
    for around in told.around:
        high = low + len(around.blocks)
        out.append(second_values(around, np.ascontiguousarray(likely[low:high])))
        low = high
    return np.concatenate(out, axis=1)


def _agreed(told: PageLesson, odds: NDArray[np.int32], share: int) -> NDArray[np.int32]:
    """`odds` drawn to those of likewise lines, batch after batch."""
    out, low = [], 0
    for around in told.around:
        high = low + len(around.blocks)
        out.append(agreed(odds[low:high], around, told.size[low:high], share))
        low = high
    return np.concatenate(out)


def _chosen(told: PageLesson, weight: Floats, settings: PageSettings) -> tuple[NDArray[np.bool_], Floats]:
    """Which lines are learned from, and what they weigh then: a line's chance grows with its weight."""
    known = ~np.isnan(told.gone)
    share = np.minimum(settings.lines * (0.35 + 0.65 * weight / weight[known].mean()), 1)
    use = known & (np.random.default_rng(settings.seed).random(len(share)) < share)
    return use, weight / share


def _one_look(
    told: PageLesson, values: _Views, names: Sequence[str], weight: Floats, start: _Views, settings: PageSettings, say: Say,
) -> tuple[dict[str, Any], _Views]:  # fmt: skip
    """The forests of all sites as one, on top of the scores `start`; and each line's score by those that have not seen its
    site."""
    fold = told.per_line(told.fold)
    score = start.each(np.copy)
    lots = [(one, *_chosen(told, weight, one)) for one in _lots(settings)]

    def forest(job: tuple[int, int]) -> dict[str, Any]:
        number, (one, use, heavy) = job[0], lots[job[1]]
        rows = np.flatnonzero(use & (fold != number))
        say(f"fold {number + 1} of {settings.folds}" if number < settings.folds else "all sites")
        return _forest(told, values.learned, names, rows, heavy, start.learned, one)

    jobs = [(number, lot) for number in range(settings.folds + 1) for lot in range(len(lots))]
    with ThreadPoolExecutor(settings.threads) as threads:
        made = [*threads.map(forest, jobs)]
    *folds, whole = (mean_forest(made[low : low + len(lots)]) for low in range(0, len(made), len(lots)))
    for number, forests in enumerate(folds):
        held = np.flatnonzero(fold == number)
        trees = read_trees(forests, names, f"fold {number}")
        for view, odds in ((values.learned, score.learned), (values.shown, score.shown), (values.hidden, score.hidden)):
            odds[held] += trees.score(np.ascontiguousarray(view[:, held]))
    return whole, score


def _forest(
    told: PageLesson, values: NDArray[np.uint8], names: Sequence[str], rows: NDArray[np.intp], weight: Floats,
    start: NDArray[np.int32], settings: PageSettings,
) -> dict[str, Any]:  # fmt: skip
    """One forest of oblivious trees, as the weights file has it."""
    try:
        from catboost import CatBoostClassifier, Pool
    except ImportError as error:
        raise ConfigError("cleaner tune: needs catboost; install the extra `tune`") from error
    target = told.gone[rows]
    if not len(rows) or target.min() == target.max():
        raise ConfigError("cleaner tune: expected lines of both kinds, wanted and not, on the sites of every fold")
    model = CatBoostClassifier(
        iterations=settings.trees, depth=settings.depth, learning_rate=settings.rate, l2_leaf_reg=settings.smoothing,
        subsample=settings.sample, rsm=settings.measures, random_seed=settings.seed, border_count=64, verbose=0,
        thread_count=1,  # with more, what comes out would depend on how many
        allow_writing_files=False, boosting_type="Plain", bootstrap_type="Bernoulli",
        score_function="L2", loss_function="CrossEntropy",
    )  # fmt: skip
    shares = weight[rows] / weight[rows].mean()
    model.fit(Pool(np.ascontiguousarray(values[:, rows].T), target, weight=shares, baseline=start[rows] / UNIT))
    return as_forest(model, names, settings.depth)


@dataclass(frozen=True, slots=True)
class Figures:
    """How weights do on labelled pages: quality per page, and counts of snippets."""

    f1: Floats
    """Per page: word F1, NaN where the page has no gold text."""
    snippets: NDArray[np.int64]
    """(pages, 3): wanted snippets found, unwanted ones found, wanted ones missing; zeros where there is a gold text."""

    def by_group(self, keys: Sequence[PageKey]) -> dict[str, float]:
        """Mean word F1 (or F over snippets) per file of the data, and per kind of page where a file has several."""
        groups: dict[str, list[int]] = {}
        kinds: dict[str, set[str]] = {}
        for number, key in enumerate(keys):
            file = _file_of(key)
            groups.setdefault(file, []).append(number)
            kinds.setdefault(file, set()).add(key.item.info.kind)
        for number, key in enumerate(keys):
            file = _file_of(key)
            if len(kinds[file]) > 1 and not file.endswith("/"):
                groups.setdefault(f"{file} {key.item.info.kind or 'other'}", []).append(number)
        return {name: self._of(np.array(numbers)) for name, numbers in groups.items()}

    def overall(self, keys: Sequence[PageKey]) -> float:
        """The mean of the figures of the files."""
        found = self.by_group(keys)
        return float(np.mean([found[name] for name in dict.fromkeys(map(_file_of, keys))]))

    def _of(self, pages: NDArray[np.intp]) -> float:
        if not np.isnan(self.f1[pages]).all():
            return float(np.nanmean(self.f1[pages]))
        found, wrong, missing = self.snippets[pages].sum(axis=0)
        return float(2 * found / max(2 * found + wrong + missing, 1))


def _file_of(key: PageKey) -> str:
    """The file a page is from; pages that are files of their own belong to their folder."""
    file = Path(key.item.info.place.rpartition(":")[0] or key.item.info.place)
    return f"{file.parent.name}/" if file.name.endswith(".gold.txt") else file.name.split(".")[0]


def figures(told: PageLesson, odds: NDArray[np.int32], cut: PageCut = CUT) -> Figures:
    """What the lines that stay are worth, given each line's log-odds times `UNIT` that it goes."""
    keep = cut.best_lines(255 - chance(odds), told.size, told.first)
    f1, snippets = np.full(len(told.keys), np.nan), np.zeros((len(told.keys), 3), np.int64)
    for number, key in enumerate(told.keys):
        stays = keep[told.first[number] : told.first[number + 1]]
        if key.item.gold is None:
            snippets[number] = key.snippets(stays)
        else:
            f1[number] = key.f1(stays)
    return Figures(f1, snippets)


def judged(told: PageLesson, weights: Mapping[str, Any] | Path) -> NDArray[np.int32]:
    """Log-odds times `UNIT` that a line goes, by given weights."""
    if isinstance(weights, Path):
        found = load_weights(weights)
    else:
        found = Weights(weights["first"], weights["second"], weights["header"], "fitted")
    judge = PageJudge.of(found, told.groups)
    first = judge.first.score(told.values)
    values = np.concatenate((told.values, _second(told, 255 - chance(first))))
    return _agreed(told, judge.both(first, values), judge.likewise)
