"""Fitting how site memory weighs lines that no other page shows: the same file for any threads, and a gain on unseen sites."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from cleaner.bench.labelled import Info, LabelledText
from cleaner.bench.rounds import Judge
from cleaner.bench.tune import Settings
from cleaner.bench.tune_memory import (
    FittedMemory,
    SiteTexts,
    UniqueLines,
    by_site,
    fit_unique,
    held_out,
    no_trees,
    unique_lines,
    write_unique,
)
from cleaner.errors import ConfigError
from cleaner.judge.trees import read_trees
from cleaner.memory.evidence import read_unique
from cleaner.memory.measures import NAMES
from cleaner.packs.load import rules_root
from tests.bench.made import sentence

SMALL = Settings(folds=2, trees=15, forests=1, depth=3, rate=0.2, smoothing=1.0, columns=0.5, threads=1)
CAUTION = 0.5
WEIGHTS = rules_root() / "weights" / "memory.toml"


def commented(number: int, site: int) -> LabelledText:
    """A story with remarks of readers between lines that all stories of the site have."""
    rng = random.Random(f"{site}/{number}")
    lines = [("keep", " ".join(sentence(rng) for _ in range(3))) for _ in range(rng.randint(4, 6))]
    for _ in range(rng.randint(3, 6)):
        lines += [("drop", f"a reader of paper {site} wrote to us"), ("drop", sentence(rng))]
    info = Info(id=f"{site}-{number}", url=f"https://paper{site}.example/{number}", site=f"paper{site}.example")
    return LabelledText(info, "\n".join(text for _, text in lines), tuple(label for label, _ in lines))


@pytest.fixture(scope="module")
def sites() -> list[SiteTexts]:
    return list(by_site([*(commented(number, site) for site in range(8) for number in range(4)), commented(1, 99)]))


@pytest.fixture(scope="module")
def lines(sites: list[SiteTexts]) -> UniqueLines:
    return unique_lines(sites, Judge.of(), WEIGHTS, SMALL.folds)


@pytest.fixture(scope="module")
def fitted(lines: UniqueLines) -> FittedMemory:
    pytest.importorskip("catboost")
    return fit_unique(lines, SMALL, CAUTION)


def test_only_sites_with_several_texts_are_learned_from(sites: list[SiteTexts], lines: UniqueLines) -> None:
    assert {site.site for site in sites} == {f"paper{number}.example" for number in range(8)}
    assert lines.values.shape == (len(NAMES), len(lines.target))
    assert set(lines.target.tolist()) == {0, 1} and set(lines.fold.tolist()) == {0, 1}
    with pytest.raises(ConfigError, match="two or more pages"):
        unique_lines([], Judge.of(), WEIGHTS, SMALL.folds)


def test_the_forests_do_not_depend_on_threads(lines: UniqueLines, fitted: FittedMemory) -> None:
    assert fit_unique(lines, replace(SMALL, threads=3), CAUTION) == fitted
    assert len(fitted.folds) == SMALL.folds and fitted.folds[0] != fitted.folds[1]


def test_what_is_written_is_read_again(fitted: FittedMemory, tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    write_unique(path, fitted.whole, {"caution": CAUTION})
    assert json.loads(path.read_bytes())["header"] == {"caution": CAUTION}
    read, given = read_unique(path), read_trees(fitted.whole, NAMES, "given")
    assert (read.leaves == given.leaves).all() and (read.border == given.border).all()


def test_it_gains_on_sites_that_it_has_not_seen(sites: list[SiteTexts], fitted: FittedMemory) -> None:
    folds = [read_trees(forest, NAMES, "fold") for forest in fitted.folds]
    found = held_out(sites, folds, WEIGHTS)["article"]
    silent = held_out(sites, [no_trees()] * SMALL.folds, WEIGHTS)["article"]
    assert found["texts"] == silent["texts"] == 32
    assert found["gain"] > silent["gain"] + 0.01
    assert found["kept"] > 0.99 and found["harmed"] == 0
