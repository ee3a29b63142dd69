"""Quality floors: figures on pinned data that must not drop.

`benchmarks/floors.json` holds, per set of labelled data, its digest and the figures reached. A check fails when a figure
is below its floor, or when the data are not those the floors were set on. Raising is one call; lowering has to be asked
for.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from cleaner.bench.cases import judge_lines
from cleaner.bench.compare import contestant, page_ratios, run_pages, run_texts
from cleaner.bench.labelled import LabelledPage, LabelledText, digest, read_labelled
from cleaner.bench.score import Key, Spans, ratios
from cleaner.errors import DataError

FORMAT: Final = 1
SLACK: Final = 1e-6
"""Floors are compared after rounding; figures are the same on every machine."""
_HIGHER: Final = {"removed": True, "kept": True, "gain": True, "harmed": False, "perfect": True, "f1": True, "wanted": True,
                  "unwanted_absent": True}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure beside its floor; `floor` is None where there is none yet."""

    data: str
    name: str
    value: float
    floor: float | None

    @property
    def dropped(self) -> bool:
        """The figure is worse than its floor."""
        return self.floor is not None and _worse(self.name, self.value, self.floor)

    @property
    def risen(self) -> bool:
        """The figure is better than its floor, or has none."""
        return self.floor is None or _worse(self.name, self.floor, self.value)

    def __str__(self) -> str:
        """One line for people."""
        floor = "no floor" if self.floor is None else f"floor {self.floor:.4f}"
        return f"{self.data}: {self.name} {self.value:.4f} ({floor}{', DROPPED' if self.dropped else ''})"


def _worse(name: str, value: float, floor: float) -> bool:
    return value < floor - SLACK if _HIGHER[name] else value > floor + SLACK


def measure(path: Path) -> dict[str, float]:
    """The figures of the shipped cleaner on one set of labelled data, overall."""
    items = list(read_labelled([path], whole_only=False))
    texts = [item for item in items if isinstance(item, LabelledText)]
    pages = [item for item in items if isinstance(item, LabelledPage)]
    ours = contestant("current")
    figures: dict[str, float] = {}
    if texts:
        run = run_texts(ours, texts)
        found = ratios(run.matrix().sum(axis=0))
        figures |= {name: float(found[name]) for name in ("removed", "kept", "gain", "harmed")}
        figures["perfect"] = float(
            np.mean([_perfect(item, edits) for item, edits in zip(texts, run.texts, strict=True)])
        )
    if pages:
        shares = page_ratios(run_pages(ours, pages).matrix().sum(axis=0))
        figures |= {
            name: float(shares[name]) for name in ("f1", "wanted", "unwanted_absent") if np.isfinite(shares[name])
        }
    return {name: round(value, 4) for name, value in figures.items()}


def _perfect(item: LabelledText, edits: Spans) -> bool:
    key = Key.of(item)
    return judge_lines(key.lines, item.labels, item.groups, key.gone(edits)).perfect


def load(file: Path) -> dict[str, Any]:
    """The floors of a file; none where there is no file. `DataError` says what was expected."""
    if not file.is_file():
        return {"format": FORMAT, "sets": {}}
    try:
        data = json.loads(file.read_bytes())
    except ValueError as error:
        raise DataError(f"{file}: not JSON: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("sets"), dict):
        raise DataError(f'{file}: expected an object with "format": {FORMAT} and "sets"')
    for name, one in data["sets"].items():
        if (
            not isinstance(one, dict)
            or not isinstance(one.get("digest"), str)
            or not isinstance(one.get("floors"), dict)
        ):
            raise DataError(f"{file}: set {name!r}: expected fields 'digest' and 'floors'")
        for figure, value in one["floors"].items():
            if figure not in _HIGHER or not isinstance(value, int | float):
                raise DataError(
                    f"{file}: set {name!r}: floor {figure!r}: expected a number for one of {', '.join(_HIGHER)}"
                )
    return data


def check(file: Path, *, sets: Sequence[str] = ()) -> list[Finding]:
    """All figures beside their floors. `DataError` where data changed since the floors were set."""
    known = load(file)["sets"]
    findings = []
    for name in sets or list(known):
        if name not in known:
            raise DataError(f"{file}: set {name!r}: expected one of {', '.join(known)}")
        entry = known[name]
        path = file.parent / name
        found = digest([path])
        if found != entry["digest"]:
            raise DataError(
                f"{path}: the data changed (digest {found}, floors were set on {entry['digest']}); "
                "look at the figures, then set the floors anew with `cleaner floors raise`"
            )
        values = measure(path)
        for figure, floor in entry["floors"].items():
            findings.append(Finding(name, figure, values.get(figure, float("nan")), floor))
    return findings


def update(file: Path, names: Sequence[str] = (), *, lower: bool = False) -> list[Finding]:
    """Set floors to what is reached now: up only, unless `lower`. Also takes in new sets and changed data.

    Gives the figures beside the old floors; a dropped one without `lower` leaves the file as it is.
    """
    data = load(file)
    findings = []
    sets = dict(data["sets"])
    for name in names or list(sets):
        path = file.parent / name
        values = measure(path)
        old: Mapping[str, float] = sets.get(name, {}).get("floors", {})
        findings += [Finding(name, figure, value, old.get(figure)) for figure, value in values.items()]
        sets[name] = {"digest": digest([path]), "floors": values}
    if lower or not any(finding.dropped for finding in findings):
        _write(file, {"format": FORMAT, "sets": dict(sorted(sets.items()))})
    return findings


def _write(file: Path, data: Mapping[str, Any]) -> None:
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8", suffix=".part") as aside:
        aside.write(text)
    os.chmod(aside.name, 0o644)
    os.replace(aside.name, file)
