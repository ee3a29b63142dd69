"""Learning from files: batches to workers, pieces to runs, and after the last batch a memory file."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import orjson

from cleaner.dedup.work import facts, work_folder
from cleaner.errors import ConfigError, RecordError
from cleaner.memory.build import build
from cleaner.memory.learn import Collector, PageLearner, Piece
from cleaner.memory.page_texts import PageText, PageTexts
from cleaner.memory.rows import Keys
from cleaner.memory.sites import DOMAIN, SiteRule
from cleaner.memory.store import FORMAT, write_memory
from cleaner.memory.texts import JsonTexts, Texts, octets_of
from cleaner.records.checkpoint import Place
from cleaner.records.fields import PRESETS, Fields, getter
from cleaner.records.files import BATCH_BYTES, MAX_LINE, STDIN, Batch, Input, read_batches
from cleaner.records.json_bytes import parse
from cleaner.records.outputs import write_whole
from cleaner.records.wet import WarcRecord, split_warc, warc_records
from cleaner.records.workers import OrderedPool

_STATE: Final = "state.json"
_WARC_FIELDS: Final = PRESETS["cc-wet-jsonl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnPlan:
    """What is read and written, and what a site is. Lines on fewer than `min_pages` pages of a site are forgotten."""

    inputs: Sequence[str]
    output: str
    site: str = DOMAIN
    min_pages: int = 2
    jobs: int = 1
    batch_bytes: int = BATCH_BYTES
    max_line: int = MAX_LINE
    work: str = ""

    def __post_init__(self) -> None:
        SiteRule(self.site)
        if self.min_pages < 1:
            raise ConfigError(f"min_pages: expected a number of at least 1, found {self.min_pages}")


@dataclass(slots=True)
class Learned:
    """The counts of a run."""

    pages: int = 0
    without_site: int = 0
    bad: int = 0
    sites: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnWatch:
    """How learning is watched: messages, and the number of bytes of the inputs read so far."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[int], None] = lambda _: None


_UNWATCHED: Final = LearnWatch()


@dataclass(slots=True)
class BatchLearner:
    """Turns a batch of records into a piece. Picklable. HTML counts for records without a text."""

    fields: Fields
    rule: SiteRule
    _learn: PageLearner = field(init=False)
    _take: JsonTexts = field(init=False)
    _text: PageTexts = field(init=False)

    def __post_init__(self) -> None:
        self._learn, self._take, self._text = PageLearner(self.rule), JsonTexts(self.fields), PageTexts(self.fields)

    def __getstate__(self) -> tuple[Fields, SiteRule]:
        return self.fields, self.rule

    def __setstate__(self, state: tuple[Fields, SiteRule]) -> None:
        self.fields, self.rule = state
        self.__post_init__()

    def __call__(self, batch: Batch) -> Piece:
        """The piece of `batch`."""
        bad = 0
        texts = Texts.of(())
        urls: list[bytes] = []
        containers: list[Keys | None] = []
        if batch.kind == "warc":
            records = list(warc_records(batch))
            pages = [self._page_of(record) for record in records]
            texts, urls = Texts.of([page.text for page in pages]), [octets_of(record.url) for record in records]
            containers = [page.containers for page in pages]
        elif batch.kind == "jsonl":
            texts, urls, containers, bad = self._records(batch.data)
        piece = self._learn(texts, urls, containers)
        return replace(piece, bad=bad, place=Place(batch.input, batch.end, batch.first + batch.count))

    def give_up(self, batch: Batch, _reason: str) -> Piece:
        """What stands for a page that kills its worker: nothing."""
        return replace(self._learn(Texts.of(()), []), bad=1, place=Place(batch.input, batch.end, batch.first + batch.count))

    def _page_of(self, record: WarcRecord) -> PageText:
        if record.text is not None:
            return PageText(record.text)
        return self._text.of_page(record.html, record.charset) or PageText("")

    def _records(self, data: bytes) -> tuple[Texts, list[bytes], list[Keys | None], int]:
        """Texts, URLs and containers of the records in `data`, and how many lines cannot be read."""
        texts, urls, strange = self._take(data)
        url_of = getter(self.fields.url)
        bad = 0
        more: list[PageText] = []
        for line in strange:
            if line.isspace():
                continue
            try:
                record = parse(line)
            except RecordError:
                bad += 1
                continue
            page = self._text(record)
            if page is not None:
                more.append(page)
                urls.append(octets_of(url_of(record)))
        if not more:
            return texts, urls, [], bad
        containers = [*[None] * len(texts), *(page.containers for page in more)]
        return texts + Texts.of([page.text for page in more]), urls, containers, bad


def learn_files(plan: LearnPlan, fields: Fields, *, watch: LearnWatch = _UNWATCHED) -> Learned:
    """Learn from the inputs and write the memory file.

    What an interrupted run left in its work folder is gone on with, where the inputs are files and are unchanged.
    """
    with _folder(plan, fields, watch) as folder, Collector(folder) as collector:
        counts, place = _resume(folder, collector, plan, watch)
        batches = _batches(plan, place, watch)
        pieces = _pieces(batches, BatchLearner(fields, SiteRule(plan.site)), plan.jobs)
        try:
            for piece in pieces:
                collector.add(piece)
                counts.pages += len(piece.records)
                counts.without_site += piece.without_site
                counts.bad += piece.bad
                if collector.full:
                    collector.spill()
                    _note(folder, collector, counts, piece.place)
        finally:
            pieces.close()
        if collector.files:
            collector.spill()
        sections = build(collector.runs(), least=plan.min_pages)
        write_memory(Path(plan.output), sections, site=plan.site, least=plan.min_pages)
    counts.sites, counts.lines = len(sections["sites"]), len(sections["keys"])
    return counts


@contextmanager
def _folder(plan: LearnPlan, fields: Fields, watch: LearnWatch) -> Iterator[Path | None]:
    if STDIN in plan.inputs or not all(os.path.isfile(path) for path in plan.inputs):
        yield None
        return
    key = {
        "learn": FORMAT,
        "inputs": facts(plan.inputs),
        "fields": asdict(fields),
        "site": plan.site,
        "max_line": plan.max_line,
    }
    with work_folder(Path(plan.work or plan.output + ".work"), key, say=watch.say) as folder:
        yield folder


def _resume(
    folder: Path | None, collector: Collector, plan: LearnPlan, watch: LearnWatch
) -> tuple[Learned, Place]:
    """The counts and the place of an earlier run, and its runs into `collector`."""
    if folder is None or not (folder / _STATE).exists():
        return Learned(), Place()
    state = orjson.loads((folder / _STATE).read_bytes())
    collector.files += [folder / name for name in state["files"]]
    watch.say(f"going on after {state['counts']['pages']} pages of an earlier run")
    return Learned(**state["counts"]), Place(**state["place"])


def _note(folder: Path | None, collector: Collector, counts: Learned, place: Place) -> None:
    """Write down what is on disk, so that a rerun goes on from there."""
    if folder is None:
        return
    state = {"files": [path.name for path in collector.files], "counts": asdict(counts), "place": asdict(place)}
    write_whole(folder / _STATE, orjson.dumps(state))


def _batches(plan: LearnPlan, place: Place, watch: LearnWatch) -> Iterator[Batch]:
    passed = sum(os.path.getsize(path) for path in plan.inputs[: place.index])
    for index in range(place.index, len(plan.inputs)):
        start = place if index == place.index else Place()
        with Input(plan.inputs[index], index) as stream:
            if start.offset:
                stream.skip(start.offset)
            for batch in read_batches(
                stream, size=plan.batch_bytes, max_line=plan.max_line, first=start.first, offset=start.offset
            ):
                yield batch
                watch.progress(passed + stream.position())
            passed += stream.position()


def _pieces(batches: Iterator[Batch], work: BatchLearner, jobs: int) -> Generator[Piece]:
    if jobs <= 1:
        return (work(batch) for batch in batches)
    return OrderedPool(work, jobs=jobs, split=_halves, give_up=work.give_up).map(batches)


def _halves(batch: Batch) -> Sequence[Batch]:
    if batch.count < 2 or batch.kind == "piece":
        return ()
    return split_warc(batch) if batch.kind == "warc" else batch.halves()
