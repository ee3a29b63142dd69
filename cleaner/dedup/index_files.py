"""Files into an index, or asked about in one: the same ranges and chunks as a run of documents."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from cleaner.dedup.corpus import Corpus
from cleaner.dedup.documents import Watch, map_ranges
from cleaner.dedup.index import DedupIndex, pairs_of
from cleaner.dedup.ranges import Range, plain_file, ranges
from cleaner.dedup.reading import RangeReader, Reading
from cleaner.dedup.redis_index import RedisIndex
from cleaner.dedup.sketch import Sketches, join, take
from cleaner.dedup.store import Arrays
from cleaner.dedup.writing import Documents
from cleaner.records.files import STDIN
from cleaner.records.outputs import Sink

Index = DedupIndex | RedisIndex
Part = tuple[list[bytes], Sketches, int]
"""Ids as JSON, sketches, and how many lines could not be read."""
_GROUP: Final = 3 << 20
"""Shingles that an index is given at a time (24 MiB), about."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Documents read, lines that could not be read, documents added, matches found."""

    documents: int = 0
    bad: int = 0
    added: int = 0
    matches: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFiles:
    """Reads files for an index; the chunks live in a temporary folder (that of the index, when adding) until they are taken."""

    index: Index
    reading: Reading
    jobs: int = 1
    watch: Watch = Watch()  # noqa: RUF009 - frozen

    def query(self, inputs: Sequence[str], out: Sink) -> Counts:
        """Write the matches of each document among those of the index."""
        return self._run(inputs, add=False, out=out)

    def add(self, inputs: Sequence[str], out: Sink | None = None) -> Counts:
        """Add all documents; with `out`, write the matches of each among those that were there before it."""
        return self._run(inputs, add=True, out=out)

    def _run(self, inputs: Sequence[str], *, add: bool, out: Sink | None) -> Counts:
        total = Counts()
        beside = self.index.path if add and isinstance(self.index, DedupIndex) else None
        with tempfile.TemporaryDirectory(prefix="work-", dir=beside) as name:
            folder = Path(name)
            names = ["stdin" if path == STDIN else path for path in inputs]
            found = list(ranges([plain_file(path, at, folder) for at, path in enumerate(inputs)]))
            for ids, sketches, bad in _grouped(self._sketched(found, names, folder)):
                matches: list[bytes] = []
                if out and not (add and isinstance(self.index, DedupIndex)):
                    matches = list(pairs_of(self.index.query_sketches(sketches), ids))
                added = len(self.index.sizes) if isinstance(self.index, DedupIndex) else 0
                places = self.index.add_sketches(ids, sketches) if add else ()
                if out and add and isinstance(self.index, DedupIndex):
                    fresh = take(sketches, places)
                    chosen = [ids[place] for place in places]
                    matches = list(pairs_of(self.index.query_sketches(fresh, below=added), chosen))
                if out:
                    out.write(b"".join(matches))
                total = Counts(
                    total.documents + len(ids), total.bad + bad, total.added + len(places), total.matches + len(matches)
                )
        return total

    def _sketched(self, found: Sequence[Range], names: Sequence[str], folder: Path) -> Iterator[Part]:
        """Ids, sketches and the number of bad lines, a range at a time (in Redis with signatures)."""
        signatures = isinstance(self.index, RedisIndex)
        reader = RangeReader(
            folder, self.index.settings, self.reading, say=self.watch.say, signatures=signatures
        )
        map_ranges(reader, found, jobs=self.jobs, watch=self.watch)
        with ExitStack() as stack:
            corpus = Corpus([reader.path(one.number) for one in found])
            stack.callback(corpus.close)
            documents = Documents(corpus, found, names)
            lines = documents.first_lines()
            for number in range(len(found)):
                chunk = Arrays(reader.path(number))
                texts = np.arange(corpus.first[number], corpus.first[number + 1])
                ids = list(documents.ids(texts, lines))
                yield ids, _sketches(chunk), len(chunk.about["bad"])
                chunk.close()
                reader.path(number).unlink()


def _grouped(parts: Iterator[Part]) -> Iterator[Part]:
    """The same in larger portions: an index takes a few large ones faster than many small ones."""
    held: list[Part] = []
    for part in parts:
        held.append(part)
        if sum(len(sketches.sets) for _, sketches, _ in held) >= _GROUP:
            yield _joined(held)
            held.clear()
    if held:
        yield _joined(held)


def _joined(parts: Sequence[Part]) -> Part:
    ids = [one for part in parts for one in part[0]]
    return ids, join([part[1] for part in parts]), sum(part[2] for part in parts)


def _sketches(chunk: Arrays) -> Sketches:
    return Sketches(*(chunk.read(name) for name in ("sets", "sizes", "digests", "keys", "marks", "signatures")))
