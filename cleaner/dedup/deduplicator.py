"""The Python interface to near-duplicate documents: on texts, on records, on Arrow batches, on files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from cleaner.dedup import clusters as clustering
from cleaner.dedup.clusters import Clusters
from cleaner.dedup.corpus import Corpus, write_chunk
from cleaner.dedup.documents import DocumentRun, Files, Summary
from cleaner.dedup.reading import Keep, Reading, prose_words
from cleaner.dedup.settings import Settings
from cleaner.dedup.sketch import Sketcher, Sketches
from cleaner.dedup.verify import Comparer
from cleaner.errors import ConfigError
from cleaner.records import arrow
from cleaner.records.arrow import is_array
from cleaner.records.fields import getter

_BATCH: Final = 1000


class Duplicate(NamedTuple):
    """A document that does not stay: its place in the input, that of the one that stays for it, their similarity."""

    place: int
    kept: int
    similarity: float


class Deduplicator:
    """Finds near-duplicate documents; what is under way lives in a temporary folder, some bytes per text in memory.

    `threshold`, `ngram` and `unit` are those of `Settings`. `keep` says which of a cluster stays: the `first`, the
    `longest` (code points), or the `best`: the one with the highest score that is given, or with the most words in
    lines that end like a sentence; of equals the first.
    """

    def __init__(
        self, *, threshold: float = 0.8, ngram: int = 5, unit: str = "auto", keep: Keep = "first", jobs: int = 1
    ) -> None:
        self.settings = Settings(threshold=threshold, ngram=ngram, unit=unit)
        self.reading = Reading(keep=keep)
        self.jobs = jobs

    def clusters(self, texts: Iterable[str], *, scores: Sequence[float] | None = None) -> Clusters:
        """Which text stays for each of `texts` (gone through once; an Arrow array will do)."""
        sketcher = Sketcher(self.settings)
        given: list[float] = []
        score_of = self._score(scores)

        def sketched() -> Iterator[Sketches]:
            parts: Iterator[Any] = _arrow_batches(texts) if is_array(texts) else _batches(texts)
            for part in parts:
                if score_of:
                    given.extend(map(score_of, part.to_pylist() if is_array(part) else part))
                yield sketcher.texts(part)

        return self._cluster(sketched(), scores=lambda: scores if scores is not None else given if score_of else None)

    def _score(self, scores: Sequence[float] | None) -> Callable[[str], float] | None:
        if scores is not None and self.reading.keep != "best":
            raise ConfigError(f"scores: expected keep 'best' with them, found {self.reading.keep!r}")
        if self.reading.keep == "first" or scores is not None:
            return None
        return prose_words if self.reading.keep == "best" else len

    def _cluster(self, sketched: Iterator[Sketches], *, scores: Callable[[], Sequence[float] | None]) -> Clusters:
        with tempfile.TemporaryDirectory(prefix="cleaner-") as name, ExitStack() as stack:
            paths = []
            for number, sketches in enumerate(sketched):
                paths.append(Path(name) / f"chunk-{number:07}")
                write_chunk(paths[-1], sketches)
            corpus = Corpus(paths)
            stack.callback(corpus.close)
            compare = Comparer(corpus, jobs=self.jobs)
            progress = clustering.find(corpus, self.settings, compare=compare)
            found = scores()
            if found is not None and len(found) != len(corpus):
                raise ConfigError(f"{len(found)} scores, expected one for each of {len(corpus)} texts")
            array = None if found is None else np.array(found, np.float64)
            return clustering.choose(progress, compare=compare, score=array)

    def duplicates(self, texts: Iterable[str], *, scores: Sequence[float] | None = None) -> list[Duplicate]:
        """The texts that do not stay."""
        found = self.clusters(texts, scores=scores)
        return [
            Duplicate(place, int(found.kept[place]), float(found.similarity[place])) for place in found.removed.tolist()
        ]

    def filter(
        self, records: Iterable[Mapping[str, Any]], *, text: str = "text", score: str = ""
    ) -> Iterator[Mapping[str, Any]]:
        """The records that stay. `records` is gone through twice; those without a text at the path `text` stay."""
        if iter(records) is records:
            raise ConfigError(
                "records: expected what can be gone through twice (a list, a data set), found an iterator"
            )
        text_of, score_of = getter(text), getter(score)
        scores: list[float] = []

        def texts() -> Iterator[str]:
            for record in records:
                if isinstance(value := text_of(record), str):
                    if score:
                        scores.append(float(score_of(record)))
                    yield value

        sketcher = Sketcher(self.settings)
        if score:
            parts = (sketcher.texts(part) for part in _batches(texts()))
            found = self._cluster(parts, scores=lambda: scores)
        else:
            found = self.clusters(texts())
        return _staying(records, text_of, found)

    def batches(self, batches: Iterable[Any], *, text: str = "text") -> Iterator[Any]:
        """The rows that stay of Arrow record batches (gone through twice); rows without a text stay."""
        if iter(batches) is batches:
            raise ConfigError("batches: expected what can be gone through twice (a list, a table), found an iterator")
        sketcher = Sketcher(self.settings)
        scores: list[float] = []
        score_of = self._score(None)

        def sketched() -> Iterator[Sketches]:
            for batch in batches:
                for part in _arrow_batches(batch.column(text).drop_null()):
                    if score_of:
                        scores.extend(map(score_of, part.to_pylist()))
                    yield sketcher.texts(part)

        found = self._cluster(sketched(), scores=lambda: scores if score_of else None)
        return _staying_rows(batches, text, found)

    def table(self, table: Any, *, text: str = "text") -> Any:
        """The rows of an Arrow table that stay."""
        pa: Any = import_module("pyarrow")

        return pa.Table.from_batches(self.batches(table.to_batches(), text=text), schema=table.schema)

    def files(
        self,
        inputs: Sequence[str],
        output: str,
        *,
        removed: str = "",
        clusters: str = "",
        quarantine: str = "",
        text: str = "text",
        id: str = "id",  # noqa: A002 - it is the name of the field
    ) -> Summary:
        """`cleaner dedup`: JSON lines in (also .gz and .zst), those that stay out as the bytes that came in."""
        return DocumentRun(
            files=Files(inputs=inputs, output=output, removed=removed, clusters=clusters, quarantine=quarantine),
            settings=self.settings,
            reading=Reading(text=text, id=id, keep=self.reading.keep),
            jobs=self.jobs,
        )()


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    while part := list(islice(source, _BATCH)):
        yield part


def _arrow_batches(array: Any) -> Iterator[Any]:
    for first in range(0, len(array), _BATCH):
        yield array.slice(first, _BATCH)


def _staying(
    records: Iterable[Mapping[str, Any]], text_of: Callable[[Mapping[str, Any]], Any], found: Clusters
) -> Iterator[Mapping[str, Any]]:
    place = 0
    for record in records:
        if isinstance(text_of(record), str):
            stays = found.kept[place] == place
            place += 1
            if not stays:
                continue
        yield record


def _staying_rows(batches: Iterable[Any], text: str, found: Clusters) -> Iterator[Any]:
    stays = found.kept == np.arange(len(found.kept))
    place = 0
    for batch in batches:
        mask = np.ones(batch.num_rows, bool)
        valid = arrow.valid(batch.column(text))
        count = int(valid.sum())
        mask[valid] = stays[place : place + count]
        place += count
        yield batch.filter(arrow.mask(mask))
