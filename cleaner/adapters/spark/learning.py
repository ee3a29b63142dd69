"""Site memory on Spark: pages that are one are joined site by site, lines are counted by key, and one task puts the
memory file together. The file is the one that `cleaner learn` writes.

Counts are added up where pages were read, so that a line on all pages of a large site is a row per chunk, not per page.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.choosing import by_chunk
from cleaner.adapters.spark.deduping import by_number
from cleaner.adapters.spark.layout import chunk_name
from cleaner.adapters.spark.sketching import CHUNK_BYTES, raw_lines, write_once
from cleaner.adapters.spark.sources import LINE, ORIGIN, Corpus, chunks, of_frame
from cleaner.dedup.store import Arrays
from cleaner.errors import ConfigError
from cleaner.memory.build import all_pages, examples, texts_section
from cleaner.memory.corpus import BatchLearner
from cleaner.memory.learn import Collector, PageLearner, Piece, Run, Sample, sample_sections
from cleaner.memory.sites import DOMAIN, SiteRule
from cleaner.memory.store import write_memory
from cleaner.records.fields import Fields
from cleaner.records.files import Batch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Keys = NDArray[np.uint64]
MADE: Final = "name string, pages long, without_site long, bad long"
PAGES: Final = "part int, chunk int, data binary"
SHARED: Final = "chunk int, page long, origin long, spare int"
LINES: Final = "part int, kind byte, data binary"
_COUNTED, _RAW = 0, 1
_PAGES_AT_ONCE: Final = 256
_PART_PAGES: Final = 1_000_000
_RANGE_ROWS: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Learned:
    """The counts of a run."""

    pages: int
    without_site: int
    bad: int
    sites: int
    lines: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What all steps know. Names of chunks stand in the work folder once they are made."""

    folder: str
    fields: Fields
    lines: bool
    site: str
    least: int
    parts: int = 1
    chunk_bytes: int = CHUNK_BYTES

    def file(self, kind: str, number: int) -> Path:
        """A file of the work folder."""
        return Path(self.folder) / f"{kind}-{number:08}"


@functools.lru_cache(2)
def _names(folder: str) -> list[str]:
    names: list[str] = json.loads((Path(folder) / "names.json").read_bytes())
    return names


@dataclass(frozen=True, slots=True)
class ReadPages:
    """Writes the sorted run of each chunk of rows."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows to rows of counts."""
        plan = self.plan
        learner = BatchLearner(plan.fields, SiteRule(plan.site))
        schema = blobs.arrow_schema(MADE)
        for origin, table in chunks(batches, LINE if plan.lines else plan.fields.text, plan.chunk_bytes):
            bad = 0
            with Collector() as collector:
                for piece in self._pieces(table, learner):
                    collector.add(piece)
                    bad += piece.bad
                sections = collector.gathered()
                name = "pages-" + chunk_name(origin)
                write_once(Path(plan.folder) / name, sections, {})
                row = [[name], [len(sections["records"])], [collector.without_site], [bad]]
            yield blobs.record_batch(dict(zip(schema.names, row, strict=True)), schema)

    def _pieces(self, table: Any, learner: BatchLearner) -> Iterator[Piece]:
        if self.plan.lines:
            lines = raw_lines(table)
            for first in range(0, len(lines), _PAGES_AT_ONCE):
                part = lines[first : first + _PAGES_AT_ONCE]
                yield learner(Batch("", "jsonl", 1, len(part), 0, b"\n".join(part) + b"\n"))
            return
        pages = PageLearner(SiteRule(self.plan.site))
        texts = table.column(self.plan.fields.text).to_pylist()
        urls = table.column(self.plan.fields.url).to_pylist()
        for first in range(0, max(len(texts), 1), _PAGES_AT_ONCE):
            found = zip(texts[first : first + _PAGES_AT_ONCE], urls[first : first + _PAGES_AT_ONCE], strict=True)
            pairs = [(text, url) for text, url in found if isinstance(text, str)]
            yield pages([text for text, _ in pairs], [url for _, url in pairs])


@dataclass(frozen=True, slots=True)
class EmitPages:
    """From numbers of chunks to their pages, samples and names of sites, per partition of sites."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From numbers to rows."""
        schema = blobs.arrow_schema(PAGES)
        for chunk, run in _runs(self.plan, batches):
            records, index = run.read("records"), run.read("samples")
            ends = [0, *run.read("ends").tolist()]
            names = dict(json.loads(run.read("names").tobytes()))
            texts = run.read("texts").tobytes()
            rows = []
            for part, mine in _by_part(records[:, 1], self.plan.parts):
                rows.append((part, _pack_pages(records[mine], index, ends, texts, names)))
            columns = {"part": [row[0] for row in rows], "chunk": [chunk] * len(rows), "data": [row[1] for row in rows]}
            yield blobs.record_batch(columns, schema)


def _runs(plan: Plan, batches: Iterator[Any]) -> Iterator[tuple[int, Run]]:
    names = _names(plan.folder)
    for batch in batches:
        for chunk in batch.column(0).to_pylist():
            stored = Arrays(Path(plan.folder) / names[chunk])
            yield chunk, Run(stored)
            stored.close()


def _by_part(sites: Keys, parts: int) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Partitions of sites, each with the rows that belong there."""
    part = sites % np.uint64(parts)
    for number in np.unique(part).tolist():
        yield int(number), np.flatnonzero(part == number)


def _pack_pages(records: Keys, index: Keys, ends: list[int], texts: bytes, names: dict[int, str]) -> bytes:
    sites = set(records[:, 1].tolist())
    mine = [at for at, site in enumerate(index[:, 0].tolist()) if site in sites]
    kept = index[mine].reshape(-1, 2)
    parts = [texts[ends[at] : ends[at + 1]] for at in mine]
    head = json.dumps([len(records), [len(part) for part in parts], [[site, names[site]] for site in sites]]).encode()
    body = b"".join(parts)
    return blobs.pack([np.frombuffer(head, np.uint8)]) + b"\0CUT\0" + records.tobytes() + kept.tobytes() + body


def _unpack_pages(data: bytes) -> tuple[Keys, list[Sample], list[tuple[int, str]]]:
    at = data.index(b"\0CUT\0")
    (head,) = blobs.unpack(data[:at], ("|u1",))
    count, lengths, names = json.loads(head.tobytes())
    at += 5
    records = np.frombuffer(data, np.uint64, count * 11, at).reshape(-1, 11)
    at += records.nbytes
    index = np.frombuffer(data, np.uint64, 2 * len(lengths), at).reshape(-1, 2)
    at += index.nbytes
    samples = []
    for (site, page), length in zip(index.tolist(), lengths, strict=True):
        samples.append((site, page, data[at : at + length].decode()))
        at += length
    return records, samples, [(site, name) for site, name in names]


@dataclass(frozen=True, slots=True)
class JoinPages:
    """Joins the pages of the sites of a partition; tells the chunks which of their pages are read elsewhere too."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From pages to rows about shared pages."""
        parts: dict[int, list[tuple[int, bytes]]] = {}
        for batch in batches:
            for part, chunk, data in zip(*(batch.column(at).to_pylist() for at in range(3)), strict=True):
                parts.setdefault(part, []).append((chunk, data))
        for part, rows in sorted(parts.items()):
            yield self._part(part, sorted(rows))

    def _part(self, part: int, rows: list[tuple[int, bytes]]) -> Any:
        found = [_unpack_pages(data) for _, data in rows]
        records = np.concatenate([one[0] for one in found])
        chunk = np.repeat(np.array([number for number, _ in rows]), [len(one[0]) for one in found])
        known = all_pages([Run({"records": records})])
        names = {site: name for one in found for site, name in one[2]}
        sections = {
            "sites": known.sites,
            "site_pages": known.site_pages,
            **texts_section("name", [names[site] for site in known.sites.tolist()]),
            "pages": known.number,
            "page_sites": known.site,
            **sample_sections([sample for one in found for sample in one[1]]),
        }
        write_once(self.plan.file("sites", part), sections, {})
        numbers, counts = np.unique(records[:, 0], return_counts=True)
        shared = np.unique(np.concatenate((numbers[counts > 1], known.double, known.origin)))
        mine = np.flatnonzero(np.isin(records[:, 0], shared))
        page = records[mine, 0]
        origin = page.copy()
        if len(known.double):
            at = np.minimum(np.searchsorted(known.double, page), len(known.double) - 1)
            origin = np.where(known.double[at] == page, known.origin[at], page)
        columns = {"chunk": chunk[mine], "page": _signed(page), "origin": _signed(origin), "spare": np.zeros(len(mine))}
        return blobs.record_batch(columns, blobs.arrow_schema(SHARED))


def _signed(values: Keys) -> NDArray[np.int64]:
    return values.view(np.int64)


@dataclass(frozen=True, slots=True)
class WriteShared:
    """Writes the shared pages of each chunk beside it."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From rows about shared pages to numbers of chunks."""
        done = []
        for chunk, (_, page, origin, _) in by_chunk(batches, 4):
            pages, first = np.unique(page.view(np.uint64), return_index=True)
            write_once(self.plan.file("shared", chunk), {"page": pages, "origin": origin.view(np.uint64)[first]}, {})
            done.append(chunk)
        yield blobs.record_batch({"chunk": done}, blobs.arrow_schema("chunk int"))


@dataclass(frozen=True, slots=True)
class EmitLines:
    """From numbers of chunks to the lines of their pages: counted, or one by one where a page is read elsewhere too."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From numbers to rows."""
        schema = blobs.arrow_schema(LINES)
        for chunk, run in _runs(self.plan, batches):
            rows = list(self._of_chunk(chunk, run))
            columns = {name: [row[at] for row in rows] for at, name in enumerate(schema.names)}
            yield blobs.record_batch(columns, schema)

    def _of_chunk(self, chunk: int, run: Run) -> Iterator[tuple[int, int, bytes]]:
        keys, pages, records = run.read("keys"), run.read("pages"), run.read("records")
        order = np.argsort(records[:, 0])
        numbers, sites = records[order, 0], records[order, 1]
        zone = pages & np.uint64(3)
        page = pages - zone
        site = sites[np.searchsorted(numbers, page)] if len(numbers) else page
        raw = np.zeros(len(keys), bool)
        path = self.plan.file("shared", chunk)
        if path.exists():
            stored = Arrays(path)
            shared, origin = stored.read("page"), stored.read("origin")
            stored.close()
            at = np.minimum(np.searchsorted(shared, page), len(shared) - 1)
            raw = shared[at] == page
            pages = np.where(raw, origin[at] + zone, pages)
        counted, witness, counts = counts_of(keys[~raw], pages[~raw])
        of_site = sites[np.searchsorted(numbers, witness)] if len(numbers) else witness
        yield from self._packed(_COUNTED, counted, of_site, counts)
        yield from self._packed(_RAW, keys[raw], site[raw], pages[raw])

    def _packed(self, kind: int, keys: Keys, *columns: NDArray[Any]) -> Iterator[tuple[int, int, bytes]]:
        # The low bit of a key is always set.
        for part, mine in _by_part(keys >> np.uint64(1), self.plan.parts):
            yield part, kind, blobs.pack([keys[mine], *(column[mine] for column in columns)])


def counts_of(keys: Keys, pages: Keys) -> tuple[Keys, Keys, NDArray[np.uint32]]:
    """Keys (sorted before) with one of the pages of each and their counts."""
    from cleaner.memory.kernel import count_pages

    none = np.empty(0, np.uint64)
    out, witness, counts = (
        np.empty(len(keys), np.uint64),
        np.empty(len(keys), np.uint64),
        np.empty((len(keys), 4), np.uint32),
    )
    made = count_pages(keys, pages, none, none, 1, out, witness, counts)
    return out[:made].copy(), witness[:made].copy(), counts[:made].copy()


@dataclass(frozen=True, slots=True)
class CountLines:
    """Adds up the counts of the lines of a partition; those on enough pages go to their sites."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From counts to the lines of partitions of sites."""
        parts: dict[int, list[tuple[int, bytes]]] = {}
        for batch in batches:
            for part, kind, data in zip(*(batch.column(at).to_pylist() for at in range(3)), strict=True):
                parts.setdefault(part, []).append((kind, data))
        schema = blobs.arrow_schema(LINES)
        for part in sorted(parts):
            keys, sites, counts = self._added(parts.pop(part))
            rows = [
                (to, _COUNTED, blobs.pack([keys[mine], sites[mine], counts[mine]]))
                for to, mine in _by_part(sites, self.plan.parts)
            ]
            write_once(self.plan.file("lines", part), {"keys": keys, "sites": sites, "counts": counts}, {})
            yield blobs.record_batch({name: [row[at] for row in rows] for at, name in enumerate(schema.names)}, schema)

    def _added(self, rows: Sequence[tuple[int, bytes]]) -> tuple[Keys, Keys, NDArray[np.uint32]]:
        keys, sites = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
        counts = [np.empty((0, 4), np.uint32)]
        raw = [np.empty((3, 0), np.uint64)]
        for kind, data in rows:
            if kind == _RAW:
                raw.append(np.stack(blobs.unpack(data, ("<u8", "<u8", "<u8"))))
                continue
            key, site, count = blobs.unpack(data, ("<u8", "<u8", "4<u4"))
            keys.append(key)
            sites.append(site)
            counts.append(count)
        key, site, page = np.concatenate(raw, axis=1)
        order = np.argsort(key, kind="stable")
        found, _, extra = counts_of(key[order], page[order])
        keys.append(found)
        sites.append(site[order][np.searchsorted(key[order], found)])
        counts.append(extra)
        unique, first, index = np.unique(np.concatenate(keys), return_index=True, return_inverse=True)
        total = np.zeros((len(unique), 4), np.uint32)
        np.add.at(total, index.reshape(-1), np.concatenate(counts))
        enough = np.flatnonzero(total[:, 3] >= self.plan.least)
        return unique[enough], np.concatenate(sites)[first[enough]], total[enough]


@dataclass(frozen=True, slots=True)
class WriteExamples:
    """Writes the texts of the lines on most pages of the sites of a partition."""

    plan: Plan

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From the lines of sites to numbers of partitions."""
        parts: dict[int, list[bytes]] = {}
        for batch in batches:
            for part, data in zip(batch.column(0).to_pylist(), batch.column(2).to_pylist(), strict=True):
                parts.setdefault(part, []).append(data)
        for part, rows in sorted(parts.items()):
            found = [blobs.unpack(data, ("<u8", "<u8", "4<u4")) for data in rows]
            keys, of_site, counts = (np.concatenate([one[at] for one in found]) for at in range(3))
            order = np.argsort(keys)
            stored = Arrays(self.plan.file("sites", part))
            sites = stored.read("sites")
            site = np.searchsorted(sites, of_site[order]).astype(np.uint32)
            sections = examples([Run(stored)], keys[order], site, counts[order], sites)
            stored.close()
            write_once(self.plan.file("texts", part), sections, {})
        yield blobs.record_batch({"part": sorted(parts)}, blobs.arrow_schema("part int"))


@dataclass(frozen=True, slots=True)
class PutTogether:
    """One task writes the memory file, its large sections range by range through files that are mapped."""

    plan: Plan
    output: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From nothing to the counts of sites and lines."""
        for _ in batches:
            pass
        parts = range(self.plan.parts)
        stored = {kind: [self._open(kind, part) for part in parts] for kind in ("sites", "lines", "texts")}
        order, names = _concatenated(stored["sites"], "sites"), _texts(stored["sites"], "name")
        by_site = np.argsort(order)
        sites = order[by_site]
        site_pages = _concatenated(stored["sites"], "site_pages")[by_site]
        pages = self._merged(stored["sites"], "pages", ("page_sites",), sites)
        lines = self._merged(stored["lines"], "keys", ("sites", "counts"), sites)
        text_keys, texts = _concatenated(stored["texts"], "text_keys"), _texts(stored["texts"], "text")
        by_key = np.argsort(text_keys)
        sections = {
            "keys": lines["keys"],
            "site": lines["sites"],
            "counts": lines["counts"],
            "sites": sites,
            "site_pages": site_pages.astype(np.uint32),
            **texts_section("name", [names[at] for at in by_site.tolist()]),
            "pages": pages["pages"],
            "page_site": pages["page_sites"],
            "text_keys": text_keys[by_key],
            **texts_section("text", [texts[at] for at in by_key.tolist()]),
        }
        write_memory(Path(self.output), sections, site=self.plan.site, least=self.plan.least)
        counts = {"sites": [len(sites)], "lines": [len(lines["keys"])]}
        yield blobs.record_batch(counts, blobs.arrow_schema("sites long, lines long"))

    def _open(self, kind: str, part: int) -> Arrays | None:
        path = self.plan.file(kind, part)
        return Arrays(path) if path.exists() else None

    def _merged(
        self, found: list[Arrays | None], by: str, others: tuple[str, ...], sites: Keys
    ) -> dict[str, NDArray[Any]]:
        """Sections of all parts in the order of `by`; numbers of sites become places among `sites`."""
        parts = [{name: one.mapped(name) for name in (by, *others)} for one in found if one]
        total = sum(len(part[by]) for part in parts)
        kinds = {by: np.uint64, "sites": np.uint32, "page_sites": np.uint32, "counts": np.uint32}
        out: dict[str, NDArray[Any]] = {}
        for name in (by, *others):
            shape = (total, 4) if name == "counts" else (total,)
            path = self.plan.file(f"merged-{by}-{name}", 0)
            out[name] = np.memmap(path, kinds[name], "w+", shape=shape) if total else np.empty(shape, kinds[name])
        sample = np.sort(np.concatenate([np.empty(0, np.uint64), *(part[by][::1024] for part in parts)]))
        inner = np.unique(sample[:: max(1, _RANGE_ROWS // 1024)])[1:].tolist()
        at = 0
        for low, high in pairwise([None, *inner, None]):
            slices = [
                slice(
                    0 if low is None else int(np.searchsorted(part[by], np.uint64(low))),
                    len(part[by]) if high is None else int(np.searchsorted(part[by], np.uint64(high))),
                )
                for part in parts
            ]
            keys = np.concatenate(
                [np.empty(0, np.uint64), *(part[by][cut] for part, cut in zip(parts, slices, strict=True))]
            )
            order = np.argsort(keys)
            stop = at + len(keys)
            out[by][at:stop] = keys[order]
            for name in others:
                if len(keys):
                    values = np.concatenate([part[name][cut] for part, cut in zip(parts, slices, strict=True)])[order]
                    out[name][at:stop] = values if name == "counts" else np.searchsorted(sites, values)
            at = stop
        return out


def _concatenated(found: list[Arrays | None], name: str) -> NDArray[Any]:
    parts = [one.read(name) for one in found if one]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _texts(found: list[Arrays | None], name: str) -> list[str]:
    texts = []
    for one in found:
        if one:
            data = one.read(f"{name}_bytes").tobytes()
            ends = [0, *one.read(f"{name}_ends").tolist()]
            texts += [data[low:high].decode() for low, high in pairwise(ends)]
    return texts


@dataclass(frozen=True, kw_only=True)
class LearnRun:
    """One run; see `learn`."""

    corpus: Corpus
    output: str
    folder: Path
    fields: Fields = field(default_factory=Fields)
    site: str = DOMAIN
    least: int = 2
    chunk_bytes: int = CHUNK_BYTES
    part_pages: int = _PART_PAGES

    def __call__(self) -> Learned:
        """Do it."""
        frame = self.corpus.frame
        spark = frame.sparkSession
        plan = Plan(str(self.folder), self.fields, self.corpus.lines, self.site, self.least, 1, self.chunk_bytes)
        wanted = [LINE] if plan.lines else [self.fields.text, self.fields.url]
        # One row per chunk, of some hundred bytes: what Spark itself keeps of a split.
        made = frame.select(*wanted, *ORIGIN).mapInArrow(ReadPages(plan), MADE).collect()
        (self.folder / "names.json").write_text(json.dumps(sorted(row["name"] for row in made)))
        pages, without, bad = (sum(int(row[name]) for row in made) for name in ("pages", "without_site", "bad"))
        cores = int(spark.sparkContext.defaultParallelism)
        parts = max(cores, -(-pages // self.part_pages))
        plan = Plan(str(self.folder), self.fields, self.corpus.lines, self.site, self.least, parts, self.chunk_bytes)
        tasks = max(1, min(len(made), max(2 * cores, len(made) // 8)))
        numbers = spark.range(0, len(made), 1, tasks)
        shared = by_number(numbers.mapInArrow(EmitPages(plan), PAGES), parts, "part").mapInArrow(
            JoinPages(plan), SHARED
        )
        shared.repartition(tasks, "chunk").mapInArrow(WriteShared(plan), "chunk int").count()
        counted = by_number(numbers.mapInArrow(EmitLines(plan), LINES), parts, "part").mapInArrow(
            CountLines(plan), LINES
        )
        by_number(counted, parts, "part").mapInArrow(WriteExamples(plan), "part int").count()
        output = os.path.abspath(self.output)
        row = spark.range(0, 1, 1, 1).mapInArrow(PutTogether(plan, output), "sites long, lines long").collect()[0]
        return Learned(pages, without, bad, int(row[0]), int(row[1]))


def learn(
    frame: DataFrame | Corpus,
    output: str,
    *,
    work: str,
    text: str = "text",
    url: str = "url",
    site: str = DOMAIN,
    min_pages: int = 2,
    fields: Fields | None = None,
    **options: Any,
) -> Learned:
    """Learn a site memory from the columns `text` and `url`, and write it to `output`, as `cleaner learn` does.

    `work` is a folder under the same path on all machines, and `output` a file there too; what is left in `work`
    afterwards may be removed.
    """
    SiteRule(site)
    if min_pages < 1:
        raise ConfigError(f"min_pages: expected a number of at least 1, found {min_pages}")
    folder = Path(work).absolute() / f"run-{os.urandom(8).hex()}"
    folder.mkdir(parents=True)
    return LearnRun(
        corpus=frame if isinstance(frame, Corpus) else of_frame(frame),
        output=output,
        folder=folder,
        fields=fields or Fields(text=text, url=url),
        site=site,
        least=min_pages,
        **options,
    )()
