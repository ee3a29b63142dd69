"""Near-duplicate documents in files: the whole run, from inputs to outputs, in stages that a rerun does not repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from copy import copy
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup import clusters as clustering
from cleaner.dedup import writing
from cleaner.dedup.clusters import Clusters, Progress
from cleaner.dedup.corpus import Corpus, Ids
from cleaner.dedup.ranges import RANGE_BYTES, Range, plain_file, ranges
from cleaner.dedup.reading import RangeReader, Reading
from cleaner.dedup.settings import Settings
from cleaner.dedup.store import Arrays, write_arrays
from cleaner.dedup.verify import Comparer
from cleaner.dedup.work import facts, work_folder
from cleaner.errors import ConfigError, RecordError
from cleaner.records.files import STDIN
from cleaner.records.outputs import STDOUT, Output, check_no_input, publish
from cleaner.records.parquet import Shard, is_parquet
from cleaner.records.workers import OrderedPool

_PROGRESS: Final = "progress"
_SAVE_PAUSE: Final = 20
"""How much longer than writing it takes the state of the search is left unsaved."""
_COUNTERS: Final = ("stars", "band", "place", "row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is read and written: paths (`-` is stdin or stdout, empty is nothing). `work` holds what is under way.

    `shards` are those of Parquet inputs, one per input; `output` is then the file of the only one, or their folder.
    """

    inputs: Sequence[str]
    output: str
    removed: str = ""
    clusters: str = ""
    quarantine: str = ""
    work: str = ""
    shards: Sequence[Shard] = ()

    @property
    def work_path(self) -> Path:
        """The folder of the run: the one named, or one beside the output."""
        return Path(self.work or ("cleaner-dedup" if self.output == STDOUT else self.output) + ".work")

    def check(self) -> None:
        """`ConfigError` where outputs collide with each other or with an input, or stdin is named twice."""
        named = [path for path in (self.output, self.removed, self.clusters, self.quarantine) if path]
        if len(set(named)) < len(named):
            raise ConfigError(f"outputs: expected different files, found {' '.join(named)}")
        if list(self.inputs).count(STDIN) > 1:
            raise ConfigError("inputs: stdin can be read once only")
        for path in named:
            check_no_input(path, self.inputs)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a run.

    Documents, how many of them were removed, lines that could not be read, buckets that were too large to be compared
    pair by pair, and the pairs left out there.
    """

    documents: int
    removed: int
    bad: int
    cut_buckets: int
    cut_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told: `say` in words, `tick` the stage, how much of it is done, and how much there is to do."""

    say: Callable[[str], None] = lambda _: None
    tick: Callable[[str, int, int], None] = lambda _stage, _done, _total: None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRun:
    """One run over files. Its results do not depend on `jobs`, nor on how often it was interrupted."""

    files: Files
    settings: Settings = field(default_factory=Settings)
    reading: Reading = field(default_factory=Reading)
    annotate: bool = False
    jobs: int = 1
    watch: Watch = field(default_factory=Watch)

    def __call__(self) -> Summary:
        """Do it; `RecordError` where a file cannot be read or written."""
        self.files.check()
        named = [path for path in self.files.inputs if path != STDIN]
        key = {"inputs": facts(named), "settings": self.settings.header(), "reading": asdict(self.reading)}
        path = self.files.work_path
        with work_folder(path, {**key, "stdin": STDIN in self.files.inputs}, say=self.watch.say) as folder:
            found = self._sketch(folder)
            with ExitStack() as stack:
                corpus = Corpus([_chunk_path(folder, one) for one in found])
                stack.callback(corpus.close)
                progress = self._search(corpus, folder)
                kept = clustering.kept_of(progress, self._scores(corpus))
                with self._copying(corpus, found, kept) as copied:
                    compare = Comparer(corpus, jobs=self.jobs, processes=not copied)
                    chosen = clustering.compared(progress, kept, compare=compare)
                    return self._write(corpus, found, chosen, copied=copied)

    def _sketch(self, folder: Path) -> list[Range]:
        reader = RangeReader(folder, self.settings, self.reading, say=self.watch.say)
        return read_inputs(self.files.inputs, folder, reader, jobs=self.jobs, watch=self.watch)

    def _search(self, corpus: Corpus, folder: Path) -> Progress:
        compare = Comparer(corpus, jobs=self.jobs)
        path = folder / _PROGRESS

        due = 0.0

        def save(progress: Progress) -> None:
            nonlocal due
            self.watch.tick("verify", progress.stars + progress.band, 2 * self.settings.bands)
            begin = time.monotonic()
            if begin < due:
                return
            write_arrays(
                path,
                {name: getattr(progress, name) for name in _ARRAYS},
                about={name: getattr(progress, name) for name in _COUNTERS},
            )
            due = time.monotonic() + _SAVE_PAUSE * (time.monotonic() - begin)

        return clustering.find(corpus, self.settings, compare=compare, progress=_load(path), save=save)

    def _scores(self, corpus: Corpus) -> NDArray[np.float64] | None:
        if self.reading.keep == "first":
            return None
        parts = [corpus.chunk(number).read("scores") for number in range(len(corpus.paths))]
        return np.concatenate(parts) if parts else np.empty(0)

    @contextmanager
    def _copying(self, corpus: Corpus, found: Sequence[Range], kept: Ids) -> Iterator[bool]:
        """Copy the lines that stay while the rest of the run goes on, if there is a processor for it; whether that is so.

        Copying is the system's work, and waits for nothing that happens here.
        """
        if self.jobs == 1 or self.annotate or self.files.shards or not writing.is_plain(self.files.output):
            yield False
            return
        with closing(copy(corpus)) as own, ThreadPoolExecutor(1) as pool:
            copied = pool.submit(self._copy, own, found, kept)
            yield True
            copied.result()
        publish(self.files.output)

    def _copy(self, corpus: Corpus, found: Sequence[Range], kept: Ids) -> None:
        writing.copy_kept(writing.Documents(corpus, found, ()), kept, self.files.output, tick=self._written(found))

    def _written(self, found: Sequence[Range]) -> Callable[[int], None]:
        return lambda chunk: self.watch.tick("write", chunk + 1, len(found))

    def _write(self, corpus: Corpus, found: Sequence[Range], chosen: Clusters, *, copied: bool) -> Summary:
        names = ["stdin" if path == STDIN else path for path in self.files.inputs]
        documents = writing.Documents(corpus, found, names)
        bad = sum(len(corpus.chunk(number).about["bad"]) for number in range(len(found)))
        if self.files.quarantine:
            with Output(self.files.quarantine) as out:
                for row in writing.quarantined(documents):
                    out.write(row)
        if self.files.removed:
            writing.write_removed(documents, chosen, self.files.removed)
        if self.files.clusters:
            writing.write_clusters(documents, chosen, self.files.clusters)

        if self.files.shards:
            self._write_shards(documents, chosen)
        elif self.annotate:
            writing.write_annotated(documents, chosen, self.files.output, tick=self._written(found))
        elif not copied:
            writing.write_kept(documents, chosen.kept, self.files.output, tick=self._written(found))
        return Summary(len(corpus), len(chosen.removed), bad, chosen.cut_buckets, chosen.cut_pairs)

    def _write_shards(self, documents: writing.Documents, chosen: Clusters) -> None:
        from cleaner.dedup.parquet import ShardWriter, write_shards

        shards = self.files.shards
        writer = ShardWriter(
            documents, chosen, shards, self.files.work_path, text=self.reading.text, annotate=self.annotate
        )

        def tick(number: int) -> None:
            self.watch.tick("write", number + 1, len(shards))

        write_shards(writer, len(shards), jobs=self.jobs, tick=tick)


_ARRAYS: Final = tuple(one.name for one in fields(Progress) if one.name not in _COUNTERS)


def _chunk_path(folder: Path, found: Range) -> Path:
    return folder / f"chunk-{found.number:07}"


def _load(path: Path) -> Progress | None:
    if not path.exists():
        return None
    found = Arrays(path)
    values: dict[str, Any] = {name: found.read(name) for name in _ARRAYS}
    progress = Progress(**values, **found.about)
    found.close()
    return progress


def read_inputs(inputs: Sequence[str], folder: Path, reader: RangeReader, *, jobs: int, watch: Watch) -> list[Range]:
    """All inputs (JSON lines, or Parquet) through `reader`; their ranges."""
    if any(map(is_parquet, inputs)):
        from cleaner.dedup.parquet import read_groups

        return read_groups(inputs, reader, jobs=jobs, tick=lambda done, total: watch.tick("sketch", done, total))
    found = list(ranges([plain_file(path, number, folder) for number, path in enumerate(inputs)], size=RANGE_BYTES))
    map_ranges(reader, found, jobs=jobs, watch=watch)
    return found


def map_ranges(reader: RangeReader, found: Sequence[Range], *, jobs: int, watch: Watch) -> None:
    """All ranges through `reader`, in this process or in `jobs` others."""
    total = sum(one.last - one.first for one in found)
    sizes: Iterator[int] = map(reader, found)
    if jobs > 1 and len(found) > 1:
        sizes = OrderedPool(reader, jobs=jobs, split=_not_split, give_up=_give_up).map(found)
    done = 0
    for size in sizes:
        done += size
        watch.tick("sketch", done, total)


def _not_split(_: Range) -> Sequence[Range]:
    return ()


def _give_up(found: Range, reason: str) -> int:
    raise RecordError(f"{found.path}: bytes {found.first} to {found.last} cannot be read: {reason}")
