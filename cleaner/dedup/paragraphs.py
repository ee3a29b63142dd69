"""Paragraphs that repeat across documents: where they stand, which of them go, and the edits that cut them.

A paragraph is a line that holds a word and is no list item, table row or code. Paragraphs with at least `min_words`
words (characters in scripts without spaces) are compared like documents: equal or near-duplicates of a paragraph in an
earlier document, they go. Shorter ones go only where equal ones stand in more than `max_documents` documents. The first
occurrence always stays, and so does what repeats within one document alone: that is not a matter of other documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup import clusters as clustering
from cleaner.dedup.clusters import Clusters, Progress
from cleaner.dedup.corpus import Corpus, Ids, sketch_sections
from cleaner.dedup.documents import Watch, read_inputs
from cleaner.dedup.ranges import Range
from cleaner.dedup.reading import TEXT, Columns, RangeReader, Reading
from cleaner.dedup.settings import Settings
from cleaner.dedup.sketch import Sketcher
from cleaner.dedup.store import Arrays, write_arrays
from cleaner.dedup.verify import Comparer
from cleaner.edits import Edit
from cleaner.errors import ConfigError

EXACT, NEAR, FREQUENT = "dedup.paragraph/exact", "dedup.paragraph/near", "dedup.paragraph/frequent"
RULES: Final = (EXACT, NEAR, FREQUENT)
STAYS: Final = -1
_LIST: Final = re.compile(r"\s*(?:[-*+•‣▪●◦–—·]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s")
_TABLE: Final = re.compile(r"\s*\||.*\|.*\||[^\t]*\t[^\t]*\t")
_FENCE: Final = re.compile(r"\s*(?:```|~~~)")
_INDENT: Final = ("    ", "\t")
_WORD: Final = re.compile(r"\w")


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Start and end (code points, without the line feed) of the paragraphs of a text."""
    start, fenced = 0, False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        elif not (fenced or line.startswith(_INDENT) or _LIST.match(line) or _TABLE.match(line)) and _WORD.search(line):
            yield start, start + len(line)
        start += len(line) + 1


def cut(text: str, found: Sequence[tuple[int, int, str, float]]) -> tuple[Edit, ...]:
    """Edits for paragraphs (start, end, rule, score; ascending) with the line feed after each, or before the last one.

    Where a blank line stands before the paragraph, those after it go as well.
    """
    edits: list[Edit] = []
    for start, end, rule, score in found:
        reached = edits[-1].end if edits else 0
        first = start
        if end < len(text):
            end += 1
            before = text[:start].rstrip(" \t\r") if start < 2 else text[max(0, start - 2) : start]
            while before in ("", "\n\n") and end < len(text) and text[end] == "\n":
                end += 1
        else:
            while first > reached and text[first - 1] == "\n":
                first -= 1
        edits.append(Edit(max(first, reached), end, rule, score))
    return tuple(edits)


class ParagraphReader(RangeReader):
    """Turns a range into a chunk whose texts are the paragraphs of its records."""

    takes_arrow = False

    def _sketched(self, columns: Columns, sketcher: Sketcher) -> dict[str, NDArray[Any]]:
        owners, starts, ends, texts = [], [], [], []
        for owner, text in enumerate(columns.texts):
            for start, end in paragraphs(text):
                owners.append(owner)
                starts.append(start)
                ends.append(end)
                texts.append(text[start:end])
        return {
            **sketch_sections(sketcher.lent(texts)),
            "owners": np.array(owners, np.int64),
            "starts": np.array(starts, np.int64),
            "stops": np.array(ends, np.int64),
        }


@dataclass(frozen=True, slots=True)
class Cuts:
    """The paragraphs that go, in order: input and line (from 1), start and end in code points, rule, score."""

    inputs: NDArray[np.int32]
    lines: Ids
    starts: Ids
    ends: Ids
    rules: NDArray[np.uint8]
    scores: NDArray[np.float64]
    cut_buckets: int = 0
    cut_pairs: int = 0

    def edits(self, source: int, line: int, text: str) -> tuple[Edit, ...]:
        """The edits of the text in `line` of input number `source`."""
        low, high = np.searchsorted(self.inputs, (source, source + 1))
        first = int(low + np.searchsorted(self.lines[low:high], line))
        last = int(low + np.searchsorted(self.lines[low:high], line + 1))
        found = [
            (int(self.starts[at]), int(self.ends[at]), RULES[self.rules[at]], float(self.scores[at]))
            for at in range(first, last)
        ]
        return cut(text, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParagraphRun:
    """The search for repeated paragraphs over files; results do not depend on `jobs`."""

    settings: Settings = field(default_factory=Settings)
    reading: Reading = field(default_factory=Reading)
    max_documents: int = 3
    min_words: int = 20
    jobs: int = 1
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        if self.max_documents < 1:
            raise ConfigError(f"max documents {self.max_documents}: expected a number of at least 1")

    def __call__(self, inputs: Sequence[str], folder: Path) -> Cuts:
        """The cuts for `inputs`, with what is under way in `folder`."""
        done = folder / "cuts"
        if not done.exists():
            self._find(inputs, folder, done)
        found = Arrays(done)
        names = ("inputs", "lines", "starts", "ends", "rules", "scores")
        sections: Any = {name: found.mapped(name) for name in names}
        cuts = Cuts(**sections, **found.about)
        found.close()
        return cuts

    def _find(self, inputs: Sequence[str], folder: Path, done: Path) -> None:
        reader = ParagraphReader(folder, self.settings, self.reading, say=self.watch.say)
        found = read_inputs(inputs, folder, reader, jobs=self.jobs, watch=self.watch)
        with ExitStack() as stack:
            corpus = Corpus([reader.path(one.number) for one in found])
            stack.callback(corpus.close)
            compare = Comparer(corpus, jobs=self.jobs)
            long = long_shingles(self.min_words, self.settings)
            progress = clustering.start(corpus, smallest=long)
            clustering.find(corpus, self.settings, compare=compare, progress=progress)
            chosen = clustering.choose(progress, compare=compare)
            self._write(corpus, found, progress, chosen, long, done)

    def _write(
        self, corpus: Corpus, found: Sequence[Range], progress: Progress, chosen: Clusters, long: int, done: Path
    ) -> None:
        records, inputs, lines = _places(corpus, found)
        same, kept = progress.same, chosen.kept
        rules = rules_of_equals(same, records, corpus.sizes, long=long, max_documents=self.max_documents)
        near = (records != records[kept]) & (kept != same) & (chosen.similarity >= self.settings.threshold)
        near &= (corpus.sizes >= long) & (rules == STAYS)
        rules[near] = RULES.index(NEAR)
        gone = np.flatnonzero(rules != STAYS)
        starts = _section(corpus, "starts")
        gone_sections: dict[str, NDArray[Any]] = {
            "inputs": inputs[gone].astype(np.int32),
            "lines": lines[gone],
            "starts": starts[gone],
            "ends": _section(corpus, "stops")[gone],
            "rules": rules[gone].astype(np.uint8),
            "scores": np.where(near, chosen.similarity, 1.0)[gone].round(4),
        }
        write_arrays(done, gone_sections, about={"cut_buckets": chosen.cut_buckets, "cut_pairs": chosen.cut_pairs})


def long_shingles(min_words: int, settings: Settings) -> int:
    """The shingles of a paragraph of `min_words` words."""
    return max(1, min_words - settings.ngram + 1)


def rules_of_equals(
    same: Ids, records: Ids, sizes: NDArray[np.int32], *, long: int, max_documents: int
) -> NDArray[np.int8]:
    """Per paragraph the number of the rule by which it goes because equal ones stand before it, or `STAYS`.

    `same` is the first one that is equal, `records` tells the record of each, `sizes` its shingles.
    """
    later = records != records[same]
    frequent = later & (_documents_per_paragraph(same, records)[same] > max_documents)
    exact = later & (sizes >= long) & ~frequent
    return np.where(frequent, RULES.index(FREQUENT), np.where(exact, RULES.index(EXACT), STAYS)).astype(np.int8)


def _section(corpus: Corpus, name: str) -> NDArray[Any]:
    parts = [corpus.chunk(number).read(name) for number in range(len(corpus.paths))]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _places(corpus: Corpus, found: Sequence[Range]) -> tuple[Ids, Ids, Ids]:
    """Per paragraph: the number of its record in the whole run, of its input, and of its line there (from 1)."""
    records, inputs, lines = ([np.empty(0, np.int64)] for _ in range(3))
    record, line, source = 0, 1, 0
    for number, one in enumerate(found):
        chunk = corpus.chunk(number)
        if one.source != source:
            source, line = one.source, 1
        kinds, owners = chunk.read("kinds"), chunk.read("owners")
        places = np.flatnonzero(kinds == TEXT)
        records.append(owners + record)
        inputs.append(np.full(len(owners), source))
        lines.append(places[owners] + line)
        record, line = record + len(places), line + len(kinds)
    return np.concatenate(records), np.concatenate(inputs), np.concatenate(lines)


def _documents_per_paragraph(same: Ids, records: Ids) -> Ids:
    """Per paragraph that is the first of its kind: in how many records one like it stands."""
    order = np.lexsort((records, same))
    kinds, owners = same[order], records[order]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (kinds[1:] != kinds[:-1]) | (owners[1:] != owners[:-1])
    return np.bincount(kinds[fresh], minlength=len(same))
