"""Two or more cleaners on the same documents: paired differences with intervals, and who did better where.

What is compared is named by a word: `current`, a folder of rules, a weights file (`*.json`), `peer:NAME`, or another
version of this project as `checkout:FOLDER` or `python:EXECUTABLE`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledPage, LabelledText
from cleaner.bench.peers import PAGE_PEERS, TEXT_PEERS
from cleaner.bench.rounds import TEXT_WEIGHTS, batches
from cleaner.bench.score import COLUMN, Key, Sites, edits_between, paired, ratios, words
from cleaner.edits import Edit
from cleaner.errors import ConfigError
from cleaner.report.collect import Piece

PAGE_FIELDS: Final = ("docs", "gold", "f1", "wanted", "wanted_found", "unwanted", "unwanted_absent", "empty")
_SHOWN: Final = 40
_LONGEST: Final = 420
_DOC_PIECES: Final = 160
_TEXT_RATIOS: Final = ("removed", "kept", "precision", "f1_after", "gain", "harmed", "emptied")

Edits = Sequence[Edit]


@dataclass(frozen=True, slots=True)
class Contestant:
    """A cleaner under its name; `texts` gives edits for a batch of texts, `pages` a text for each page."""

    name: str
    texts: Callable[[Sequence[LabelledText]], list[Edits]] | None
    pages: Callable[[Sequence[LabelledPage]], list[str]] | None


@dataclass(frozen=True, slots=True)
class Doc:
    """A document that two cleaners left in different states."""

    record: str
    change: float
    one: tuple[Piece, ...]
    other: tuple[Piece, ...]


@dataclass(slots=True)
class Run:
    """What one cleaner did."""

    name: str
    rows: list[NDArray[np.float64]] = field(default_factory=list)
    seconds: float = 0.0
    chars: int = 0
    texts: list[Any] = field(default_factory=list)
    """Per document: its edits, or the text of a page."""

    def matrix(self) -> NDArray[np.float64]:
        """(documents, columns)."""
        return np.stack(self.rows)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same documents."""

    names: tuple[str, str]
    figures: Sequence[Mapping[str, float]]
    differences: Mapping[str, tuple[float, float, float]]
    speeds: tuple[float, float]
    better: Sequence[Doc]
    worse: Sequence[Doc]
    counts: tuple[int, int, int]
    """Documents that got better, worse, and stayed."""

    def rows(self) -> list[list[str]]:
        """The table that people read."""
        out = []
        for name, (value, low, high) in self.differences.items():
            one, other = (figures[name] for figures in self.figures)
            out.append([name, f"{one:.4f}", f"{other:.4f}", f"{value:+.4f}", f"{low:+.4f} … {high:+.4f}"])
        out.append(
            [
                "M characters/s",
                *(f"{speed / 1e6:.2f}" for speed in self.speeds),
                f"×{self.speeds[1] / max(self.speeds[0], 1e-9):.2f}",
                "",
            ]
        )
        better, worse, same = self.counts
        out.append(["documents", f"{worse} better", f"{better} better", f"{same} alike", ""])
        return out


def contestant(spec: str) -> Contestant:
    """The cleaner that a word names; `ConfigError` says what was expected."""
    kind, colon, name = spec.partition(":")
    if colon and kind == "peer":
        return _peer(name)
    if colon and kind in ("checkout", "python"):
        return _other_version(spec, kind, name)
    if spec == "current":
        return _ours(spec)
    path = Path(spec)
    if path.is_dir():
        weights = path / TEXT_WEIGHTS
        from cleaner.packs.load import load_rules

        rules = load_rules(shipped=False, extra=[path], cache=False)
        return _ours(spec, rules=rules, weights=weights if weights.is_file() else None)
    if path.is_file() and path.suffix == ".json":
        return _ours(spec, weights=path)
    peers = ", ".join(f"peer:{name}" for name in (*TEXT_PEERS, *PAGE_PEERS))
    raise ConfigError(
        f"bench {spec!r}: expected `current`, a folder of rules, a weights file (*.json), checkout:FOLDER, "
        f"python:EXECUTABLE or one of {peers}"
    )


def _ours(name: str, **options: Any) -> Contestant:
    from cleaner.engine import Cleaner

    cleaner = Cleaner(**options)

    def texts(items: Sequence[LabelledText]) -> list[Edits]:
        found = cleaner.clean_batch(
            [item.text for item in items],
            urls=[item.info.url or None for item in items],
            langs=[item.info.lang or None for item in items],
        )
        return [result.edits for result in found]

    def pages(items: Sequence[LabelledPage]) -> list[str]:
        found = cleaner.clean_batch(
            [None] * len(items), htmls=[item.html for item in items], urls=[item.info.url or None for item in items]
        )
        return [result.text for result in found]

    return Contestant(name, texts, pages)


def _peer(name: str) -> Contestant:
    if name in TEXT_PEERS:
        clean = TEXT_PEERS[name]

        def texts(items: Sequence[LabelledText]) -> list[Edits]:
            outputs = [clean(item.text, item.info.lang) for item in items]
            return [_as_edits(item.text, output, name) for item, output in zip(items, outputs, strict=True)]

        return Contestant(f"peer:{name}", texts, None)
    if name not in PAGE_PEERS:
        raise ConfigError(f"bench 'peer:{name}': expected one of {', '.join((*TEXT_PEERS, *PAGE_PEERS))}")
    extract = PAGE_PEERS[name]()
    return Contestant(f"peer:{name}", None, lambda items: [extract(item.html, item.info.lang) for item in items])


def _as_edits(source: str, output: str, name: str) -> Edits:
    return [Edit(start, end, name, 1.0) for start, end in edits_between(source, output)]


def _other_version(spec: str, kind: str, name: str) -> Contestant:
    if kind == "checkout" and not (Path(name) / "cleaner").is_dir():
        raise ConfigError(f"bench {spec!r}: expected a checkout with a folder `cleaner` in it")
    program = name if kind == "python" else sys.executable
    where = {**os.environ, "PYTHONPATH": os.path.abspath(name)} if kind == "checkout" else dict(os.environ)

    def run(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        command = [
            program,
            "-m",
            "cleaner",
            "clean",
            "--no-config",
            "-q",
            "-j",
            "1",
            "--text-field",
            "text",
            "--html-field",
            "html",
        ]
        given = b"".join(json.dumps(record).encode() + b"\n" for record in records)
        try:
            done = subprocess.run(command, input=given, capture_output=True, env=where, check=False)
        except OSError as error:
            raise ConfigError(f"bench {spec!r}: {program} cannot be run: {error.strerror}") from error
        if done.returncode:
            raise ConfigError(
                f"bench {spec!r}: exit code {done.returncode}: {done.stderr.decode('utf-8', 'replace').strip()}"
            )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def texts(items: Sequence[LabelledText]) -> list[Edits]:
        outputs = run({"text": item.text, "url": item.info.url, "lang": item.info.lang} for item in items)
        return [_as_edits(item.text, output["text"], spec) for item, output in zip(items, outputs, strict=True)]

    def pages(items: Sequence[LabelledPage]) -> list[str]:
        return [
            str(output.get("text", "")) for output in run({"html": item.html, "url": item.info.url} for item in items)
        ]

    return Contestant(spec, texts, pages)


def run_texts(one: Contestant, items: Sequence[LabelledText], *, progress: Callable[[int], None] | None = None) -> Run:
    """A cleaner on labelled texts."""
    if one.texts is None:
        raise ConfigError(f"bench {one.name!r}: cleans pages only, expected labelled pages (records with `html`)")
    run, done = Run(one.name), 0
    if items:
        one.texts(items[:1])  # starting up is no part of anybody's speed
    for numbers in batches(items):
        part = [items[number] for number in numbers]
        begin = perf_counter()
        edits = one.texts(part)
        run.seconds += perf_counter() - begin
        run.chars += sum(len(item.text) for item in part)
        run.rows += [Key.of(item).score(found) for item, found in zip(part, edits, strict=True)]
        run.texts += edits
        done += len(part)
        if progress:
            progress(done)
    return run


def run_pages(one: Contestant, items: Sequence[LabelledPage], *, progress: Callable[[int], None] | None = None) -> Run:
    """A cleaner on labelled pages."""
    if one.pages is None:
        raise ConfigError(f"bench {one.name!r}: cleans texts only, expected labelled texts (records with `lines`)")
    run = Run(one.name)
    if items:
        one.pages(items[:1])
    for start in range(0, len(items), 16):
        part = items[start : start + 16]
        begin = perf_counter()
        outputs = one.pages(part)
        run.seconds += perf_counter() - begin
        run.chars += sum(len(item.html) for item in part)
        run.rows += [score_page(item, output) for item, output in zip(part, outputs, strict=True)]
        run.texts += outputs
        if progress:
            progress(start + len(part))
    return run


def score_page(item: LabelledPage, output: str) -> NDArray[np.float64]:
    """A row of `PAGE_FIELDS`; snippets are looked for whatever the case and the white space."""
    row = dict.fromkeys(PAGE_FIELDS, 0.0)
    row["docs"] = 1
    if item.gold is not None:
        row["gold"], row["f1"] = 1, _bag_f1(words(output), words(item.gold))
    plain = " ".join(output.casefold().split())
    for name, snippets, right in (("wanted", item.wanted, True), ("unwanted", item.unwanted, False)):
        row[name] = len(snippets)
        key = "wanted_found" if right else "unwanted_absent"
        row[key] = sum((" ".join(text.casefold().split()) in plain) == right for text in snippets)
    row["empty"] = not plain
    return np.array([row[name] for name in PAGE_FIELDS], np.float64)


def _bag_f1(found: Sequence[str], gold: Sequence[str]) -> float:
    from collections import Counter

    common = (Counter(found) & Counter(gold)).total()
    return 2 * common / (len(found) + len(gold)) if found and gold else float(not found and not gold)


def page_ratios(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The figures of summed rows of pages."""
    at = {name: sums[..., number] for number, name in enumerate(PAGE_FIELDS)}
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "f1": at["f1"] / at["gold"],
            "wanted": at["wanted_found"] / at["wanted"],
            "unwanted_absent": at["unwanted_absent"] / at["unwanted"],
            "empty": at["empty"] / at["docs"],
        }


def compare(one: Run, other: Run, items: Sequence[LabelledText] | Sequence[LabelledPage]) -> Comparison:
    """Paired figures of two runs on the same documents, and the documents that changed most."""
    sites = [item.info.site for item in items]
    a, b = one.matrix(), other.matrix()
    pages = bool(items) and isinstance(items[0], LabelledPage)
    if pages:
        figures = [{name: float(value) for name, value in page_ratios(m.sum(axis=0)).items()} for m in (a, b)]
        differences = _paired_pages(a, b, sites)
        change = b[:, PAGE_FIELDS.index("f1")] - a[:, PAGE_FIELDS.index("f1")]
        change = change + 0.01 * (_snippets(b) - _snippets(a))
    else:
        figures = [{name: float(value) for name, value in ratios(m.sum(axis=0)).items()} for m in (a, b)]
        differences = {name: value for name, value in paired(a, b, sites).items() if name in _TEXT_RATIOS}
        change = b[:, COLUMN["f1_after"]] - a[:, COLUMN["f1_after"]]
    order = np.argsort(-change, kind="stable")
    tiny = 1e-9
    better = [_doc(n, float(change[n]), one, other, items) for n in order[:_SHOWN].tolist() if change[n] > tiny]
    worse = [_doc(n, float(change[n]), one, other, items) for n in order[::-1][:_SHOWN].tolist() if change[n] < -tiny]
    return Comparison(
        names=(one.name, other.name),
        figures=figures,
        differences=differences,
        speeds=(one.chars / max(one.seconds, 1e-9), other.chars / max(other.seconds, 1e-9)),
        better=better,
        worse=worse,
        counts=(int((change > tiny).sum()), int((change < -tiny).sum()), int((abs(change) <= tiny).sum())),
    )


def _snippets(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (
        rows[:, PAGE_FIELDS.index("wanted_found")] + rows[:, PAGE_FIELDS.index("unwanted_absent")]
    )
    return found


def _paired_pages(
    a: NDArray[np.float64], b: NDArray[np.float64], sites: Sequence[str]
) -> dict[str, tuple[float, float, float]]:
    drawn = Sites(sites)
    first, second = page_ratios(a.sum(axis=0)), page_ratios(b.sum(axis=0))
    before, after = page_ratios(drawn.weights @ drawn.sums(a)), page_ratios(drawn.weights @ drawn.sums(b))
    return {
        name: (float(second[name] - first[name]), *drawn.interval(after[name] - before[name]))
        for name in first
        if np.isfinite(first[name])
    }


def _doc(number: int, change: float, one: Run, other: Run, items: Sequence[Any]) -> Doc:
    item = items[number]
    if isinstance(item, LabelledPage):
        left, right = one.texts[number], other.texts[number]
        return Doc(item.info.id, change, _only_in(left, right, one.name), _only_in(right, left, other.name))
    sides = [_marked(item.text, run.texts[number]) for run in (one, other)]
    return Doc(f"{item.info.id} ({item.info.lang}, {item.info.extractor})", change, sides[0], sides[1])


def _marked(text: str, edits: Edits) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    reached = 0
    for edit in edits:
        if edit.start > reached:
            pieces.append(Piece(_cut(text[reached : edit.start])))
        pieces.append(Piece(_cut(text[edit.start : edit.end]), edit.rule, round(edit.score, 3)))
        reached = edit.end
    if reached < len(text):
        pieces.append(Piece(_cut(text[reached:])))
    return tuple(pieces[:_DOC_PIECES])


def _only_in(text: str, other: str, name: str) -> tuple[Piece, ...]:
    """The lines of a page's text; those that the other cleaner does not have are marked."""
    known = {" ".join(line.split()) for line in other.split("\n")}
    return tuple(
        Piece(_cut(line) + "\n")
        if " ".join(line.split()) in known
        else Piece(_cut(line) + "\n", f"only in {name}", 1.0)
        for line in text.split("\n")[:_DOC_PIECES]
    )


def _cut(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} […] {text[-half:]}"
