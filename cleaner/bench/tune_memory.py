"""Fits the forest by which site memory weighs lines that no other page shows, on labelled texts of sites with several pages.

Texts of one site and extractor are learned together, as a corpus would be, and the forest learns what the judge's own
score of a line still gets wrong. Sites are dealt out to folds; the gain is measured with the engine on the sites that a
fold's forest has not seen.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledText
from cleaner.bench.rounds import Judge
from cleaner.bench.score import Key, ratios
from cleaner.bench.tune import EVEN_CHARS, FULL_TEXT, SHORT_TEXT, Settings, as_forest, fold_of, mean_forest
from cleaner.engine import Cleaner
from cleaner.errors import ConfigError
from cleaner.judge.resolve import cuts_of
from cleaner.judge.trees import FORMAT, UNIT, Trees, read_trees
from cleaner.memory.evidence import MemoryJudge
from cleaner.memory.measures import NAMES, unique_measures
from cleaner.memory.site_memory import SiteMemory
from cleaner.records.outputs import write_whole

_MASS: Final = {"article": 0.45, "other": 0.30, "full": 0.25}
"""How much articles, other pages and whole pages count in all, however many lines they have."""
_LEARNED: Final = 0.3
"""The share of the lines of whole pages that is learned from: pages come through several extractors."""
_KEPT: Final = 3.0
"""What a lost line of the text costs, where a line that stays too long costs one."""
_STEPS: Final = 64


@dataclass(frozen=True, slots=True)
class SiteTexts:
    """The texts of a site as one extractor left them, and what a memory learned from all of them."""

    site: str
    items: Sequence[LabelledText]
    memory: SiteMemory


@dataclass(frozen=True, slots=True)
class UniqueLines:
    """The lines that no other page of their site shows, as columns."""

    values: NDArray[np.uint8]
    """(measures, lines)"""
    target: NDArray[np.int8]
    start: NDArray[np.float64]
    """What the judge says without memory, above its cut, in log-odds: the forest adds to it."""
    weight: NDArray[np.float64]
    fold: NDArray[np.int64]


def by_site(items: Sequence[LabelledText]) -> Iterator[SiteTexts]:
    """The sites with two or more texts by one extractor, each learned."""
    groups: dict[tuple[str, str], list[LabelledText]] = defaultdict(list)
    for item in items:
        if item.info.url and item.info.extractor != "case":
            groups[item.info.site, item.info.extractor].append(item)
    for (site, _), texts in groups.items():
        if len(texts) > 1:
            memory = SiteMemory.learn({"text": item.text, "url": item.info.url} for item in texts)
            yield SiteTexts(site, texts, memory)


def unique_lines(sites: Sequence[SiteTexts], judge: Judge, weights: Path, folds: int) -> UniqueLines:
    """Line up the measures of all lines that no other page shows with their labels."""
    parts = [part for site in sites if (part := _of_site(site, judge, weights, folds)) is not None]
    if not parts:
        raise ConfigError("cleaner tune --memory: expected texts of sites with two or more pages, found none")
    values, target, start, weight, fold, group = (
        np.concatenate([part[number] for part in parts], axis=-1) for number in range(6)
    )
    for number, mass in enumerate(_MASS.values()):
        weight[group == number] *= mass / max(weight[group == number].sum(), 1e-9)
    weight *= np.where(target == 0, _KEPT, 1.0)
    return UniqueLines(values, target, start, weight / weight.mean(), fold)


def _of_site(site: SiteTexts, judge: Judge, weights: Path, folds: int) -> tuple[NDArray[Any], ...] | None:
    """Measures, targets, starts, weights, folds and kinds of a site's lines."""
    if judge.scorer is None:
        raise ConfigError("cleaner tune --memory: needs the weights of texts")
    seen = judge.look([item.text for item in site.items])
    lines = seen.lines
    known = MemoryJudge(site.memory, weights, unique=no_trees()).look_up(lines, [item.info.url for item in site.items])
    if known is None or not len(lines):
        return None
    judged = judge.scorer.score(seen.measures, seen.place, lines.length(), seen.prose)
    start = (judged.second - cuts_of(seen, judged, judge.limits)) / UNIT
    label = np.array([label for item in site.items for label in item.labels])[lines.line_of]
    kinds = np.array([_kind(item) for item in site.items])[lines.doc]
    learned = (kinds != list(_MASS).index("full")) | (np.random.default_rng(0).random(len(kinds)) < _LEARNED)
    use = np.flatnonzero(known.unique() & (known.rows.keys != 0) & np.isin(label, ("keep", "drop", "dup")) & learned)
    length = lines.length()
    chars = np.bincount(lines.doc, weights=length, minlength=len(site.items))
    weight = np.minimum(length, EVEN_CHARS) / np.maximum(chars[lines.doc], SHORT_TEXT)
    values = unique_measures(known)
    target = np.isin(label, ("drop", "dup")).astype(np.int8)
    fold = np.full(len(use), fold_of(site.site, folds))
    return values[:, use], target[use], start[use], weight[use], fold, kinds[use]


def _kind(item: LabelledText) -> int:
    name = "article" if item.info.kind in ("", "article") else "other"
    return list(_MASS).index("full" if item.info.extractor in FULL_TEXT else name)


def no_trees() -> Trees:
    """A forest that says nothing."""
    return read_trees({"depth": 1, "bias": 0, "trees": []}, NAMES, "no trees")


@dataclass(frozen=True, slots=True)
class FittedMemory:
    """The forest of all lines, and for each fold that of the lines of the other folds."""

    whole: dict[str, Any]
    folds: tuple[dict[str, Any], ...]


def fit_unique(lines: UniqueLines, settings: Settings, caution: float) -> FittedMemory:
    """Fit all forests, `settings.threads` at once; `caution` is taken off every score, in log-odds."""
    parts = [np.arange(len(lines.fold)), *(np.flatnonzero(lines.fold != fold) for fold in range(settings.folds))]
    with ThreadPoolExecutor(settings.threads) as threads:
        whole, *folds = threads.map(lambda rows: _forest(lines, settings, caution, rows), parts)
    return FittedMemory(whole, tuple(folds))


def _forest(lines: UniqueLines, settings: Settings, caution: float, rows: NDArray[np.intp]) -> dict[str, Any]:
    """The mean of `settings.forests`, which differ in their seed."""
    try:
        from catboost import CatBoostClassifier, Pool
    except ImportError as error:
        raise ConfigError("cleaner tune: needs catboost; install the extra `tune`") from error
    columns, target = lines.values[:, rows].T, lines.target[rows]
    pool = Pool(columns, target, weight=lines.weight[rows], baseline=lines.start[rows])
    forests = []
    for number in range(settings.forests):
        model = CatBoostClassifier(
            iterations=settings.trees, depth=settings.depth, learning_rate=settings.rate, l2_leaf_reg=settings.smoothing,
            subsample=settings.sample, random_seed=settings.seed + number, border_count=_STEPS, rsm=settings.columns, verbose=0,
            thread_count=1,  # with more, what comes out would depend on how many
            allow_writing_files=False, boosting_type="Plain", bootstrap_type="Bernoulli", score_function="L2",
        )  # fmt: skip
        model.fit(pool)
        forests.append(as_forest(model, NAMES, settings.depth))
    forest = mean_forest(forests)
    return {**forest, "bias": forest["bias"] - round(caution * UNIT)}


def held_out(
    sites: Sequence[SiteTexts], forests: Sequence[Trees], weights: Path, progress: Callable[[], None] = lambda: None
) -> dict[str, dict[str, float]]:
    """Per kind of text: what memory adds to gain and harm, and what share of the text is kept, on unseen sites."""
    plain = Cleaner()
    rows: dict[str, list[list[NDArray[np.float64]]]] = {name: [[], []] for name in _MASS}
    for site in sites:
        forest = forests[fold_of(site.site, len(forests))]
        known = plain.remembering(MemoryJudge(site.memory, weights, unique=forest))
        texts, urls = [item.text for item in site.items], [item.info.url for item in site.items]
        langs = [item.info.lang for item in site.items]
        for side, cleaner in enumerate((plain, known)):
            for item, result in zip(site.items, cleaner.clean_batch(texts, urls=urls, langs=langs), strict=True):
                rows[list(_MASS)[_kind(item)]][side].append(Key.of(item).score(result.edits))
        progress()
    return {name: _added(*sides) for name, sides in rows.items() if sides[0]}


def _added(without: list[NDArray[np.float64]], with_it: list[NDArray[np.float64]]) -> dict[str, float]:
    before, after = ratios(np.sum(without, axis=0)), ratios(np.sum(with_it, axis=0))
    return {
        "texts": len(without),
        "gain": float(after["gain"] - before["gain"]),
        "harmed": float(after["harmed"] - before["harmed"]),
        "kept": float(after["kept"]),
    }


def write_unique(path: Path, forest: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    """Write the file, one tree per line."""
    trees = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in forest["trees"])
    about = json.dumps(header, ensure_ascii=False, indent=1)
    head = f'"depth":{forest["depth"]},"bias":{forest["bias"]}'
    write_whole(path, f'{{"format":{FORMAT},\n"header":{about},\n"unique":{{{head},"trees":[\n{trees}\n]}}}}\n'.encode())
