"""What a set of edits is worth on a labelled text, as a row of sums; sums of rows give the ratios people read.

Characters of lines that must go and lines that must stay are counted apart. A document's word F1 compares the bags of
words of the cleaned text and of the gold text; the gain is the change of that F1. A document is harmed when more than
5 % of the characters that belong to its text are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final
from unicodedata import normalize

import numpy as np
import regex
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledText
from cleaner.edits import Edit

FIELDS: Final = (
    "docs", "bad", "bad_removed", "keep", "keep_removed", "bad_lines", "bad_lines_removed", "keep_lines", "keep_lines_removed",
    "title_lines", "title_lines_removed", "f1_before", "f1_after", "harmed", "emptied",
)  # fmt: skip
"""The columns of a row. `bad` is what must go; without `_lines` the unit is characters."""
COLUMN: Final[Mapping[str, int]] = {name: number for number, name in enumerate(FIELDS)}
HARM: Final = 0.05
_DENSE: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD: Final = regex.compile(rf"[{_DENSE}]|[\p{{L}}\p{{M}}\p{{N}}--[{_DENSE}]]+", regex.V1)

Row = NDArray[np.float64]
Spans = Sequence[tuple[int, int]] | Sequence[Edit]
"""Ranges of a text, half open, ordered and apart: edits, or pairs of offsets."""


def words(text: str) -> list[str]:
    """The words of a text, folded; a letter of a script without spaces is a word."""
    found: list[str] = _WORD.findall(normalize("NFKC", text).casefold())
    return found


class WordBag:
    """The words of a text's lines that the gold text has, ready to be counted for any choice of lines."""

    def __init__(self, lines: Sequence[str], gold: str) -> None:
        """Both are read once; a score then is two array operations."""
        ids: dict[str, int] = {}
        counts: list[int] = []
        for word in words(gold):
            number = ids.setdefault(word, len(ids))
            if number == len(counts):
                counts.append(0)
            counts[number] += 1
        self._ids = ids
        self._gold = np.array(counts, np.int64)
        self._total = int(self._gold.sum())
        found: list[int] = []
        owner: list[int] = []
        sizes: list[int] = []
        for number, line in enumerate(lines):
            tokens = words(line)
            sizes.append(len(tokens))
            known = [ids[word] for word in tokens if word in ids]
            found += known
            owner += [number] * len(known)
        self._word, self._line = np.array(found, np.int32), np.array(owner, np.int32)
        self._sizes = np.array(sizes, np.int64)

    def f1(self, kept: NDArray[np.bool_], rests: Iterable[str] = ()) -> float:
        """Word F1 of the text made of the lines `kept` and of `rests`, what is left of lines cut in part."""
        size = int(self._sizes[kept].sum())
        count = np.bincount(self._word[kept[self._line]], minlength=len(self._gold))
        for rest in rests:
            tokens = words(rest)
            size += len(tokens)
            for word in tokens:
                if word in self._ids:
                    count[self._ids[word]] += 1
        if not size or not self._total:
            return 0.0
        return 2 * float(np.minimum(count, self._gold).sum()) / (size + self._total)


@dataclass(frozen=True, slots=True)
class Key:
    """A labelled text made ready for scoring many answers."""

    item: LabelledText
    lines: tuple[str, ...]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    """Per line: the range without the white space around it, as offsets in the text."""
    bad: NDArray[np.bool_]
    keep: NDArray[np.bool_]
    bag: WordBag
    f1_before: float

    @classmethod
    def of(cls, item: LabelledText) -> Key:
        """Work out what does not depend on the answer."""
        lines = item.text.split("\n")
        base = np.cumsum([0] + [len(line) + 1 for line in lines[:-1]])
        indent = np.array([len(line) - len(line.lstrip()) if line.strip() else 0 for line in lines], np.int64)
        size = np.array([len(line.strip()) for line in lines], np.int64)
        labels = np.array(item.labels)
        bag = WordBag(lines, item.wanted_text())
        return cls(
            item=item,
            lines=tuple(lines),
            start=base + indent,
            end=base + indent + size,
            bad=(labels == "drop") | (labels == "dup"),
            keep=labels == "keep",
            bag=bag,
            f1_before=bag.f1(np.ones(len(lines), bool)),
        )

    def gone(self, edits: Spans) -> NDArray[np.float64]:
        """Per line: the share of it that `edits` (ordered, apart) remove; 0 for blank lines."""
        gone: Row = removed_in(edits, self.start, self.end) / np.maximum(self.end - self.start, 1)
        return gone

    def score(self, edits: Spans) -> Row:
        """The row of `edits`: ranges (start, end, …) of the text, ordered and apart."""
        gone = self._settled(self.gone(edits))
        size = (self.end - self.start).astype(np.float64)
        row = np.zeros(len(FIELDS))
        half = gone >= 0.5
        for name, flags in (("bad", self.bad), ("keep", self.keep)):
            row[COLUMN[name]] = size[flags].sum()
            row[COLUMN[f"{name}_removed"]] = (size * gone)[flags].sum()
            row[COLUMN[f"{name}_lines"]] = flags.sum()
            row[COLUMN[f"{name}_lines_removed"]] = half[flags].sum()
        self._add_mixed(row, edits)
        title = np.array([label == "title" for label in self.item.labels])
        row[COLUMN["title_lines"]], row[COLUMN["title_lines_removed"]] = title.sum(), half[title].sum()
        row[COLUMN["docs"]] = 1
        row[COLUMN["f1_before"]] = self.f1_before
        row[COLUMN["f1_after"]] = self._f1(edits)
        keep = row[COLUMN["keep"]]
        row[COLUMN["harmed"]] = keep > 0 and row[COLUMN["keep_removed"]] > HARM * keep
        row[COLUMN["emptied"]] = bool(size.any()) and not (removed_in(edits, self.start, self.end) < size).any()
        return row

    def _settled(self, gone: NDArray[np.float64]) -> NDArray[np.float64]:
        """Within a group of repeats, the copies that stayed are the ones that had to stay."""
        if not self.item.groups:
            return gone
        gone = gone.copy()
        for members, _ in self.item.groups:
            order = sorted(members, key=lambda n: (bool(self.bad[n]), n))
            gone[order] = np.sort(gone[list(members)])
        return gone

    def _add_mixed(self, row: Row, edits: Spans) -> None:
        for line, ranges in self.item.kept.items():
            base = int(self.start[line]) - (len(self.lines[line]) - len(self.lines[line].lstrip()))
            start = np.array([base + a for a, _ in ranges], np.int64)
            end = np.array([base + b for _, b in ranges], np.int64)
            kept, size = float((end - start).sum()), float(self.end[line] - self.start[line])
            kept_gone = float(removed_in(edits, start, end).sum())
            all_gone = float(removed_in(edits, self.start[line : line + 1], self.end[line : line + 1]).sum())
            row[COLUMN["keep"]] += kept
            row[COLUMN["keep_removed"]] += kept_gone
            row[COLUMN["bad"]] += max(size - kept, 0)
            row[COLUMN["bad_removed"]] += max(all_gone - kept_gone, 0)

    def _f1(self, edits: Spans) -> float:
        if not edits:
            return self.f1_before
        removed = removed_in(edits, self.start, self.end)
        touched, all_of_it = removed > 0, removed >= self.end - self.start
        rests = [self._rest(line, edits) for line in np.flatnonzero(touched & ~all_of_it).tolist()]
        return self.bag.f1(~touched, rests)

    def _rest(self, line: int, edits: Spans) -> str:
        low, high = int(self.start[line]), int(self.end[line])
        out, reached = [], low
        for start, end, *_ in edits:
            if end > low and start < high:
                out.append(self.item.text[reached : max(start, reached)])
                reached = max(reached, end)
        return "".join([*out, self.item.text[reached:high]])


def removed_in(edits: Spans, start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.float64]:
    """Per range start..end: how many of its characters `edits` (ordered, apart) remove."""
    if not edits:
        return np.zeros(len(start))
    starts = np.array([edit[0] for edit in edits], np.int64)
    ends = np.array([edit[1] for edit in edits], np.int64)
    before = np.concatenate(([0], np.cumsum(ends - starts)))

    def up_to(place: NDArray[np.int64]) -> NDArray[np.int64]:
        at = np.searchsorted(starts, place, side="right") - 1
        known = np.maximum(at, 0)
        return np.where(at < 0, 0, before[known] + np.minimum(place - starts[known], ends[known] - starts[known]))

    return (up_to(end) - up_to(start)).astype(np.float64)


def edits_between(source: str, output: str) -> list[tuple[int, int]]:
    """What was removed from `source` to get `output`, for cleaners that only give a text.

    Lines are aligned first; where a line was changed, its words are. Text that was added counts for nothing.
    """
    lines, base = source.split("\n"), 0
    place = []
    for line in lines:
        place.append((base, base + len(line)))
        base += len(line) + 1
    left = [n for n, line in enumerate(lines) if line.strip()]
    right = [line.strip() for line in output.split("\n") if line.strip()]
    plain = [lines[n].strip() for n in left]
    removed: list[tuple[int, int]] = []
    for _, a, b, c, d in _differences(plain, right):
        if c == d:
            removed += [place[left[n]] for n in range(a, b)]
        else:
            removed += _changed([place[left[n]] for n in range(a, b)], source, "\n".join(right[c:d]))
    return [(start, end) for start, end in sorted(removed) if end > start]


def _differences(left: Sequence[str], right: Sequence[str]) -> Iterable[tuple[str, int, int, int, int]]:
    at = 0
    for line in left:  # most cleaners only leave lines out
        if at < len(right) and line == right[at]:
            at += 1
    if at < len(right):
        return [code for code in SequenceMatcher(None, left, right, autojunk=False).get_opcodes() if code[0] != "equal"]
    out, at = [], 0
    for number, line in enumerate(left):
        if at < len(right) and line == right[at]:
            at += 1
        else:
            out.append(("delete", number, number + 1, at, at))
    return out


def _changed(places: Sequence[tuple[int, int]], source: str, output: str) -> list[tuple[int, int]]:
    """The words of some lines of `source` that are not in `output`, with what stands between removed words."""
    found = [
        (m.group(), start + m.start(), start + m.end())
        for start, end in places
        for m in _WORD.finditer(source[start:end])
    ]
    codes = SequenceMatcher(None, [word for word, _, _ in found], _WORD.findall(output), autojunk=False).get_opcodes()
    kept = {n for code, a, b, _, _ in codes if code == "equal" for n in range(a, b)}
    removed = []
    for start, end in places:
        here = [n for n, (_, low, _) in enumerate(found) if start <= low < end]
        if not any(n in kept for n in here):
            removed.append((start, end))
            continue
        removed += [(found[n][1], found[n][2]) for n in here if n not in kept]
    return removed


def ratios(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The figures of summed rows; `sums` may have any shape (…, len(FIELDS))."""
    at = {name: sums[..., number] for name, number in COLUMN.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "removed": at["bad_removed"] / at["bad"],
            "kept": 1 - at["keep_removed"] / at["keep"],
            "precision": at["bad_removed"] / (at["bad_removed"] + at["keep_removed"]),
            "removed_lines": at["bad_lines_removed"] / at["bad_lines"],
            "kept_lines": 1 - at["keep_lines_removed"] / at["keep_lines"],
            "titles_lost": at["title_lines_removed"] / at["title_lines"],
            "f1_before": at["f1_before"] / at["docs"],
            "f1_after": at["f1_after"] / at["docs"],
            "gain": (at["f1_after"] - at["f1_before"]) / at["docs"],
            "harmed": at["harmed"] / at["docs"],
            "emptied": at["emptied"] / at["docs"],
        }


RATIOS: Final = tuple(ratios(np.ones(len(FIELDS))))


class Sites:
    """Bootstrap over sites: pages of one site are alike, so sites are drawn, not pages."""

    def __init__(self, sites: Sequence[str], *, draws: int = 400, seed: int = 0) -> None:
        """`sites` has the site of each row that will be looked at; draws are fixed by `seed`."""
        number = {site: n for n, site in enumerate(dict.fromkeys(sites))}
        self.of_row = np.array([number[site] for site in sites], np.int64)
        self.count = max(len(number), 1)
        self.weights = (
            np.random.default_rng(seed)
            .multinomial(self.count, np.full(self.count, 1 / self.count), size=draws)
            .astype(np.float64)
        )

    def sums(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """(sites, columns): rows of one site added up."""
        out = np.zeros((self.count, rows.shape[1]))
        np.add.at(out, self.of_row, rows)
        return out

    def interval(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """The 95 % interval of a figure that was computed for each draw."""
        low, high = np.nanpercentile(values, (2.5, 97.5)) if np.isfinite(values).any() else (np.nan, np.nan)
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a group of documents, and intervals for them."""

    docs: int
    sites: int
    figures: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]

    def as_json(self) -> dict[str, Any]:
        """Plain data for reports and files; figures that do not exist are null."""
        figures = {name: None if np.isnan(value) else round(value, 4) for name, value in self.figures.items()}
        intervals = {
            name: [round(x, 4) for x in pair] for name, pair in self.intervals.items() if not np.isnan(pair).any()
        }
        return {"docs": self.docs, "sites": self.sites, **figures, "intervals": intervals}


def summarise(
    rows: NDArray[np.float64], sites: Sequence[str], *, names: Sequence[str] = ("removed", "kept", "gain", "harmed")
) -> Summary:
    """Figures of `rows` with bootstrap intervals for `names`."""
    figures = {name: float(value) for name, value in ratios(rows.sum(axis=0)).items()}
    drawn = Sites(sites)
    samples = ratios(drawn.weights @ drawn.sums(rows))
    return Summary(len(rows), drawn.count, figures, {name: drawn.interval(samples[name]) for name in names})


def paired(
    ones: NDArray[np.float64], others: NDArray[np.float64], sites: Sequence[str]
) -> dict[str, tuple[float, float, float]]:
    """Differences `others - ones` of every figure on the same documents, each with its 95 % interval."""
    drawn = Sites(sites)
    first, second = ratios(ones.sum(axis=0)), ratios(others.sum(axis=0))
    before, after = ratios(drawn.weights @ drawn.sums(ones)), ratios(drawn.weights @ drawn.sums(others))
    return {name: (float(second[name] - first[name]), *drawn.interval(after[name] - before[name])) for name in RATIOS}
