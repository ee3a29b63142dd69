"""Fits the weights of votes and measures on labelled data: two small forests, one for each look.

Sites are dealt out to folds, so that no site is ever fitted and judged by the same forest. The second look learns from
first scores that were made for sites the first look had not seen, as it will meet them later (stacking, Wolpert 1992).
The gain is measured with the engine itself: for each fold, a judge with that fold's forests cleans the texts of its
held-out sites.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledText
from cleaner.bench.rounds import Judge, batches, scorer_from
from cleaner.bench.score import FIELDS, Key, paired, ratios
from cleaner.errors import ConfigError
from cleaner.judge.measures import Place, second_look, second_look_names
from cleaner.judge.score import Scorer, chance
from cleaner.judge.trees import FORMAT, UNIT

VERSION: Final = 1
CUTS: Final = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
FULL_TEXT: Final = ("resiliparse_plain", "inscriptis")
"""Extractors that leave whole pages: three quarters of all lines."""
_GROUPS: Final = ("case", "full", "article", "other")
"""Documents made by hand, whole pages, what extractors leave of articles, and of other kinds of pages."""
_LEARNED: Final = (1.0, 0.15, 0.5, 0.5)
"""The share of each group's lines that is learned from: pages come through several extractors, so that most lines recur."""
_MASS: Final = (0.30, 0.23, 0.34, 0.13)
"""How much each group counts in all, however many documents it has."""
EVEN_CHARS: Final = 600
"""Characters beyond which a line counts for no more."""
SHORT_TEXT: Final = 500
"""Characters below which a text is not counted as whole: what is said of its single lines would be said too loudly."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How is fitted. The same settings and data give the same file."""

    folds: int = 3
    trees: int = 200
    """Trees of one forest."""
    forests: int = 3
    """Forests of each look, made with other seeds; their mean is what is shipped (bagging, Breiman 1996)."""
    depth: int = 6
    rate: float = 0.08
    smoothing: float = 30.0
    sample: float = 0.5
    columns: float = 0.2
    """The share of the measures that each level of a tree may choose from."""
    seed: int = 7
    threads: int = 2
    """Threads that fit. CatBoost sums in another order with another number, so weights of texts depend on it."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """All lines of the labelled texts as columns: what is learned from."""

    names: tuple[str, ...]
    values: NDArray[np.uint8]
    """(measures, lines)"""
    target: NDArray[np.int8]
    use: NDArray[np.bool_]
    weight: NDArray[np.float64]
    length: NDArray[np.int32]
    prose: NDArray[np.bool_]
    fold: NDArray[np.int64]
    place: Place


def fold_of(site: str, folds: int) -> int:
    """The fold of a site: the same whatever else is in the data."""
    return int(hashlib.md5(site.encode(), usedforsecurity=False).hexdigest(), 16) % folds


def _source(item: LabelledText) -> str:
    """What must not be on both sides of a fold: a site, or one document of those made by hand."""
    return item.info.id if item.info.extractor == _GROUPS[0] else item.info.site


def lesson(items: Sequence[LabelledText], judge: Judge, settings: Settings) -> Lesson:
    """Look at all texts and line their measures up with their labels."""
    values, labels, lengths, docs, prose = [], [], [], [], []
    names: tuple[str, ...] = ()
    for numbers in batches(items):
        seen = judge.look([items[number].text for number in numbers])
        names = seen.measures.names
        values.append(seen.measures.values.copy())
        told = np.array([label for number in numbers for label in items[number].labels])
        labels.append(told[seen.lines.line_of])
        lengths.append(seen.lines.length())
        docs.append(np.array(numbers, np.int64)[seen.lines.doc])
        prose.append(seen.prose)
    label, doc, length = np.concatenate(labels), np.concatenate(docs), np.concatenate(lengths)
    use = np.isin(label, ("keep", "drop", "dup")) & _learned(items, doc)
    first = np.searchsorted(doc, np.arange(len(items) + 1)).astype(np.int32)
    fold = np.array([fold_of(_source(item), settings.folds) for item in items], np.int64)
    return Lesson(
        names=names,
        values=np.concatenate(values, axis=1),
        target=np.isin(label, ("drop", "dup")).astype(np.int8),
        use=use,
        weight=_weights(items, doc, length, use),
        length=length,
        prose=np.concatenate(prose),
        fold=fold[doc],
        place=Place(first[doc], first[doc + 1], np.arange(len(doc), dtype=np.int32)),
    )


def _learned(items: Sequence[LabelledText], doc: NDArray[np.int64]) -> NDArray[np.bool_]:
    """A fixed part of the lines of each group."""
    learned: NDArray[np.bool_] = np.random.default_rng(0).random(len(doc)) < np.array(_LEARNED)[_groups(items)[doc]]
    return learned


def _groups(items: Sequence[LabelledText]) -> NDArray[np.int64]:
    """Per text: its place in `_GROUPS`."""
    found = []
    for item in items:
        name = "article" if item.info.kind in ("", "article") else "other"
        if item.info.extractor in FULL_TEXT:
            name = "full"
        found.append(_GROUPS.index("case" if item.info.extractor == "case" else name))
    return np.array(found, np.int64)


def _weights(
    items: Sequence[LabelledText], doc: NDArray[np.int64], length: NDArray[np.int32], use: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Each text counts the same, its lines nearly by their length: both gain and harm are shares of a text.

    Each group of documents has its mass.
    """
    chars = np.bincount(doc, weights=length, minlength=len(items))
    weight = np.minimum(length, EVEN_CHARS) ** 0.85 / np.maximum(chars[doc], SHORT_TEXT)
    group = _groups(items)[doc]
    for number, mass in enumerate(_MASS):
        mine = use & (group == number)
        weight[mine] *= mass / max(weight[mine].sum(), 1e-9)
    normed: NDArray[np.float64] = weight / weight[use].mean()
    return normed


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights fitted on all sites, and for each fold those fitted on the sites of the other folds."""

    whole: dict[str, Any]
    folds: tuple[dict[str, Any], ...]


def fit(told: Lesson, settings: Settings, *, say: Say = lambda _: None) -> Fitted:
    """Fit both looks, for all sites and for each fold."""
    names2 = told.names + second_look_names()
    firsts, score = _one_look(told, told.values, told.names, settings, lambda text: say(f"first look, {text}"))
    others = second_look(told.place, told.length, told.prose, chance(score))
    values = np.concatenate((told.values, others.values))
    seconds, _ = _one_look(told, values, names2, settings, lambda text: say(f"second look, {text}"))
    made = [{"format": FORMAT, "header": {}, "first": a, "second": b} for a, b in zip(firsts, seconds, strict=True)]
    return Fitted(made[0], tuple(made[1:]))


def _one_look(
    told: Lesson, values: NDArray[np.uint8], names: Sequence[str], settings: Settings, say: Say
) -> tuple[list[dict[str, Any]], NDArray[np.int32]]:
    """The forest of all sites, then one per fold; and each line's score by the forest that has not seen its site."""
    from cleaner.judge.trees import read_trees

    score = np.zeros(values.shape[1], np.int32)
    forests = []
    for fold in range(settings.folds):
        say(f"fold {fold + 1} of {settings.folds}")
        forest = _forest(told, values, names, np.flatnonzero(told.use & (told.fold != fold)), settings)
        held = np.flatnonzero(told.fold == fold)
        score[held] = read_trees(forest, names, f"fold {fold}").score(np.ascontiguousarray(values[:, held]))
        forests.append(forest)
    say("all sites")
    return [_forest(told, values, names, np.flatnonzero(told.use), settings), *forests], score


def _forest(
    told: Lesson, values: NDArray[np.uint8], names: Sequence[str], rows: NDArray[np.intp], settings: Settings
) -> dict[str, Any]:
    """The mean of some forests of oblivious trees, as the weights file has it."""
    try:
        from catboost import CatBoostClassifier, Pool
    except ImportError as error:
        raise ConfigError("cleaner tune: needs catboost; install the extra `tune`") from error
    target = told.target[rows]
    if target.min(initial=1) == target.max(initial=0):
        raise ConfigError("cleaner tune: expected lines of both kinds, keep and drop, on the sites of every fold")
    pool = Pool(values[:, rows].T, target, weight=told.weight[rows])
    forests = []
    for number in range(settings.forests):
        model = CatBoostClassifier(
            iterations=settings.trees, depth=settings.depth, learning_rate=settings.rate, l2_leaf_reg=settings.smoothing,
            subsample=settings.sample, random_seed=settings.seed + number, thread_count=settings.threads, border_count=64,
            rsm=settings.columns, allow_writing_files=False, boosting_type="Plain", bootstrap_type="Bernoulli",
            score_function="L2", verbose=0,
        )  # fmt: skip
        model.fit(pool)
        forests.append(as_forest(model, names, settings.depth))
    return mean_forest(forests)


def mean_forest(forests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One forest that scores as the mean of `forests` does, but for the rounding of leaves."""
    share = len(forests)
    trees = [
        {"asks": tree["asks"], "leaves": [round(leaf / share) for leaf in tree["leaves"]]}
        for forest in forests
        for tree in forest["trees"]
    ]
    return {"depth": forests[0]["depth"], "bias": round(sum(forest["bias"] for forest in forests) / share), "trees": trees}


def as_forest(model: Any, names: Sequence[str], depth: int) -> dict[str, Any]:
    """A fitted catboost model over the measures `names`, as the weights file has it."""
    return _as_data(_dumped(model), names, depth)


def _dumped(model: Any) -> dict[str, Any]:
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.json")
        model.save_model(path, format="json")
        with open(path, encoding="utf-8") as file:
            data: dict[str, Any] = json.load(file)
    return data


def _as_data(model: Mapping[str, Any], names: Sequence[str], depth: int) -> dict[str, Any]:
    """Whole-number leaves and byte limits; shallower trees are filled up with a question that nothing answers yes to."""
    scale, bias = model["scale_and_bias"][0], model["scale_and_bias"][1][0]
    trees = []
    for tree in model["oblivious_trees"]:
        asks = [[names[split["float_feature_index"]], math.floor(split["border"])] for split in tree["splits"]]
        leaves = [round(value * scale * UNIT) for value in tree["leaf_values"]]
        while len(asks) < depth:
            asks.append([names[0], 255])
            leaves += [0] * len(leaves)
        trees.append({"asks": asks, "leaves": leaves})
    return {"depth": depth, "bias": round(bias * UNIT), "trees": trees}


@dataclass(frozen=True, slots=True)
class Held:
    """How weights do on texts of sites they have not seen, at several cuts."""

    name: str
    rows: Mapping[float, NDArray[np.float64]]
    """Cut (a chance) -> a row per document."""

    def figures(self, cut: float, name: str) -> float:
        """One figure at one cut."""
        return float(ratios(self.rows[cut].sum(axis=0))[name])


@dataclass(slots=True)
class Trial:
    """Weights on trial: which forests judge the documents of each fold."""

    name: str
    scorers: Sequence[Scorer]
    rows: dict[float, list[NDArray[np.float64]]] = field(default_factory=dict)


def odds(certainty: float) -> int:
    """A certainty as a cut of a weights file."""
    return round(UNIT * math.log(certainty / (1 - certainty)))


def hold_out(
    items: Sequence[LabelledText],
    judge: Judge,
    trials: Sequence[tuple[str, Sequence[Scorer]]],
    *,
    cuts: Sequence[float] = CUTS,
    folds: int,
    progress: Callable[[int], None] | None = None,
) -> list[Held]:
    """Clean `items` with every weights on trial at every cut; a list of scorers has one per fold, or one for all."""  # fmt: skip
    found = [Trial(name, scorers, {cut: [] for cut in cuts}) for name, scorers in trials]
    parts = [[n for n, item in enumerate(items) if fold_of(_source(item), folds) == fold] for fold in range(folds)]
    order = [number for part in parts for number in part]
    done = 0
    for fold, part in enumerate(parts):
        texts = [items[number] for number in part]
        for numbers in batches(texts):
            keys = [Key.of(texts[number]) for number in numbers]
            langs = [key.item.info.lang for key in keys]
            seen = judge.look([key.item.text for key in keys])
            for trial in found:
                scorer = trial.scorers[fold % len(trial.scorers)]
                for cut in cuts:
                    edits = judge.with_weights(scorer, odds(cut)).edits(seen, range(len(keys)), langs).edits
                    trial.rows[cut] += [key.score(edits[doc]) for doc, key in enumerate(keys)]
            done += len(numbers)
            if progress:
                progress(done)
    back = np.argsort(order, kind="stable")
    empty = np.zeros((0, len(FIELDS)))
    return [
        Held(trial.name, {cut: np.stack(rows)[back] if rows else empty for cut, rows in trial.rows.items()})
        for trial in found
    ]


def best_cut(held: Held, *, harm: float) -> float:
    """The cut with the greatest gain among those that harm at most a share `harm` of the documents."""
    able = [cut for cut in held.rows if held.figures(cut, "harmed") <= harm]
    if not able:
        return min(held.rows, key=lambda cut: held.figures(cut, "harmed"))
    return max(able, key=lambda cut: (held.figures(cut, "gain"), cut))


@dataclass(frozen=True, slots=True)
class Duel:
    """Two weights on the same held-out documents, each at its best cut with at most the same harm."""

    names: tuple[str, str]
    harm: float
    cuts: tuple[float, float]
    gains: tuple[float, float]
    harms: tuple[float, float]
    difference: tuple[float, float, float]
    """Gain of the second minus gain of the first, and its 95 % interval."""

    def __str__(self) -> str:
        """One line for people."""
        value, low, high = self.difference
        sides = [
            f"{name} {gain:+.4f} (cut {cut:.2f}, harmed {harm:.3f})"
            for name, gain, cut, harm in zip(self.names, self.gains, self.cuts, self.harms, strict=True)
        ]
        return f"{' -> '.join(sides)}: {value:+.4f} [{low:+.4f}, {high:+.4f}]"


def duel(one: Held, other: Held, sites: Sequence[str], *, harm: float | None = None) -> Duel:
    """Compare at equal harm: by default what the first harms at the cut where it gains most."""
    if harm is None:
        harm = one.figures(max(one.rows, key=lambda cut: one.figures(cut, "gain")), "harmed")
    cuts = best_cut(one, harm=harm), best_cut(other, harm=harm)
    sides = (one, cuts[0]), (other, cuts[1])
    rows = [held.rows[cut] for held, cut in sides]
    return Duel(
        names=(one.name, other.name),
        harm=harm,
        cuts=cuts,
        gains=(one.figures(cuts[0], "gain"), other.figures(cuts[1], "gain")),
        harms=(one.figures(cuts[0], "harmed"), other.figures(cuts[1], "harmed")),
        difference=paired(rows[0], rows[1], sites)["gain"],
    )


def write_weights(path: Path, weights: Mapping[str, Any]) -> None:
    """Write a weights file: one tree per line, so that two versions can be compared by eye; aside, then renamed."""
    import os
    import tempfile

    header = json.dumps(weights["header"], ensure_ascii=False, indent=1)
    forests = []
    for look in ("first", "second"):
        forest = weights[look]
        trees = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in forest["trees"])
        head = f'"depth":{forest["depth"]},"bias":{forest["bias"]}'
        forests.append(f'"{look}":{{{head},"trees":[\n{trees}\n]}}')
    text = f'{{"format":{FORMAT},\n"header":{header},\n{forests[0]},\n{forests[1]}}}\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8", suffix=".part") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def as_scorers(fitted: Fitted) -> tuple[Scorer, list[Scorer]]:
    """The scorer of all sites, and those of the folds."""
    cut = {"cut": odds(0.8)}
    made = [scorer_from({**data, "header": cut}, f"fold {n}") for n, data in enumerate((fitted.whole, *fitted.folds))]
    return made[0], made[1:]
