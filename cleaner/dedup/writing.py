"""What a run of documents writes: lines that stay, as the bytes that came in, and rows about those that do not."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.clusters import Clusters
from cleaner.dedup.corpus import Corpus, Ids
from cleaner.dedup.ranges import Range, read_bytes
from cleaner.dedup.reading import BAD, TEXT
from cleaner.records import quarantine
from cleaner.records.json_bytes import dumps, parse, put
from cleaner.records.outputs import STDOUT, Output, is_special, part_of, publish
from cleaner.records.uncached import write_uncached

ANNOTATIONS: Final = "cleaner"
"""The key under which anything is added to a record."""
_VECTOR: Final = 1024
_ROWS: Final = 1 << 14


class Documents:
    """The lines of all chunks, and the ids of their texts."""

    def __init__(self, corpus: Corpus, ranges: Sequence[Range], names: Sequence[str]) -> None:
        """`ranges` are those of the chunks, `names` the inputs as they are shown."""
        self.corpus, self.ranges, self.names = corpus, ranges, names

    def first_lines(self) -> list[int]:
        """Per chunk: the number of its first line in its input, from 1."""
        numbers, line, source = [], 1, 0
        for chunk, found in enumerate(self.ranges):
            if found.source != source:
                source, line = found.source, 1
            numbers.append(line)
            line += self.corpus.chunk(chunk).shape("kinds")[0]
        return numbers

    def mask(self, chunk: int, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Per line of a chunk: whether it stays, where `gone` tells which texts do not."""
        kinds = self.corpus.chunk(chunk).read("kinds")
        stays: NDArray[np.bool_] = kinds != BAD
        stays[kinds == TEXT] = ~gone[self.corpus.first[chunk] : self.corpus.first[chunk + 1]]
        return stays

    def content(self, chunk: int) -> tuple[bytes, NDArray[np.int64]]:
        """The lines of a chunk and where each ends."""
        opened = self.corpus.chunk(chunk)
        ends = opened.read("ends")
        if not len(ends):
            return b"", ends
        return read_bytes(self.ranges[chunk].path, opened.about["offset"], int(ends[-1])), ends

    def ids(self, texts: Ids, lines: Sequence[int]) -> Iterator[bytes]:
        """The ids of `texts` (ascending) as JSON; a text without one gets its place, `file:line`."""
        bounds = np.searchsorted(texts, self.corpus.first)
        for chunk in np.flatnonzero(np.diff(bounds)).tolist():
            opened = self.corpus.chunk(chunk)
            raw, ends = opened.read("ids").tobytes(), opened.read("id_ends")
            wanted = texts[bounds[chunk] : bounds[chunk + 1]] - self.corpus.first[chunk]
            places: Ids | None = None
            for text in wanted.tolist():
                value = raw[ends[text - 1] if text else 0 : ends[text]]
                if not value:
                    if places is None:
                        places = np.flatnonzero(opened.read("kinds") == TEXT)
                    name = self.names[self.ranges[chunk].source]
                    value = dumps(f"{name}:{lines[chunk] + int(places[text])}")
                yield value


def is_plain(path: str) -> bool:
    """Whether an output is a file into which lines go as they are: copying them is the system's work."""
    return path != STDOUT and not is_special(path) and Path(path).suffix not in (".gz", ".zst")


def write_kept(documents: Documents, kept: Ids, path: str, *, tick: Callable[[int], None]) -> None:
    """The lines that stay, in order, into `path` (`-` is stdout); `kept` names the text that stays for each."""
    if not is_plain(path):
        gone = kept != np.arange(len(kept))
        with Output(path) as out:
            for chunk in range(len(documents.ranges)):
                out.write(b"".join(_kept_runs(documents, chunk, gone)))
                tick(chunk)
        return
    copy_kept(documents, kept, path, tick=tick)
    publish(path)


def copy_kept(documents: Documents, kept: Ids, path: str, *, tick: Callable[[int], None]) -> None:
    """The same for a plain file that is to be published by the caller."""
    gone = kept != np.arange(len(kept))
    with open(part_of(path), "wb", buffering=0) as part:
        place = 0
        for chunk in range(len(documents.ranges)):
            runs = _kept_runs(documents, chunk, gone)
            for first in range(0, len(runs), _VECTOR):
                place = _write(part.fileno(), runs[first : first + _VECTOR], place)
            tick(chunk)
        os.fsync(part.fileno())


def _write(descriptor: int, runs: list[memoryview], place: int) -> int:
    """Write `runs` from `place` on; where they end."""
    if not hasattr(os, "pwritev"):  # Windows
        return place + os.write(descriptor, b"".join(runs))
    total = sum(map(len, runs))
    written = write_uncached(descriptor, runs, place)
    if written < total:  # a signal, or more than one call takes: the rest in pieces
        rest = memoryview(b"".join(runs))
        while written < total:
            written += os.pwrite(descriptor, rest[written:], place + written)
    return place + total


def _kept_runs(documents: Documents, chunk: int, gone: NDArray[np.bool_]) -> list[memoryview]:
    """The bytes that stay of a chunk, neighbouring lines in one piece."""
    stays = documents.mask(chunk, gone)
    data, ends = documents.content(chunk)
    view = memoryview(data)
    edges = np.flatnonzero(np.diff(stays.astype(np.int8), prepend=0, append=0))
    starts = np.concatenate((np.zeros(1, np.int64), ends))
    bounds = starts[edges].tolist()
    runs = [view[first:last] for first, last in zip(bounds[::2], bounds[1::2], strict=True)]
    if len(stays) and stays[-1] and not data.endswith(b"\n"):
        runs.append(memoryview(b"\n"))
    return runs


def write_annotated(documents: Documents, clusters: Clusters, path: str, *, tick: Callable[[int], None]) -> None:
    """All lines; texts that would go get `{"dedup": {"kept": id, "similarity": s}}` under the key `cleaner`."""
    lines = documents.first_lines()
    removed = clusters.removed
    kept_ids = id_table(documents, clusters, lines)
    corpus = documents.corpus
    with Output(path) as out:
        for chunk in range(len(documents.ranges)):
            data, ends = documents.content(chunk)
            kinds = corpus.chunk(chunk).read("kinds")
            places = np.flatnonzero(kinds == TEXT)
            low, high = np.searchsorted(removed, (corpus.first[chunk], corpus.first[chunk + 1]))
            notes = {int(places[text - corpus.first[chunk]]): int(text) for text in removed[low:high]}
            bounds = [0, *ends.tolist()]
            rows = []
            for number in np.flatnonzero(kinds != BAD).tolist():
                line = data[bounds[number] : bounds[number + 1]]
                if number in notes:
                    text = notes[number]
                    similarity = round(float(clusters.similarity[text]), 4)
                    line = _annotated(line, kept_ids(int(clusters.kept[text])), similarity)
                rows.append(line if line.endswith(b"\n") else line + b"\n")
            out.write(b"".join(rows))
            tick(chunk)


def _annotated(line: bytes, kept: bytes, similarity: float) -> bytes:
    note = b'{"kept":%b,"similarity":%b}' % (kept, dumps(similarity))
    there = parse(line).get(ANNOTATIONS)
    value = put(dumps(there), "dedup", note) if isinstance(there, dict) else b'{"dedup":%b}' % note
    return put(line, ANNOTATIONS, value)


def id_table(documents: Documents, clusters: Clusters, lines: Sequence[int]) -> Callable[[int], bytes]:
    """The ids of all texts that others are dropped for, by number."""
    kept = np.unique(clusters.kept[clusters.removed])
    blob = bytearray()
    ends = np.zeros(len(kept) + 1, np.int64)
    for index, value in enumerate(documents.ids(kept, lines)):
        blob += value
        ends[index + 1] = len(blob)

    def find(text: int) -> bytes:
        at = int(np.searchsorted(kept, text))
        return bytes(blob[ends[at] : ends[at + 1]])

    return find


def write_removed(documents: Documents, clusters: Clusters, path: str) -> None:
    """One row per text that does not stay: its id, that of the one that stays for it, and their similarity."""
    lines = documents.first_lines()
    removed = clusters.removed
    kept_ids = id_table(documents, clusters, lines)
    values = documents.ids(removed, lines)
    with Output(path) as out:
        for first in range(0, len(removed), _ROWS):
            part = removed[first : first + _ROWS]
            kept, similarity = clusters.kept[part].tolist(), clusters.similarity[part].round(4).tolist()
            rows = [
                b'{"id":%b,"kept":%b,"similarity":%b}\n' % (next(values), kept_ids(text), dumps(alike))
                for text, alike in zip(kept, similarity, strict=True)
            ]
            out.write(b"".join(rows))


def write_clusters(documents: Documents, clusters: Clusters, path: str) -> None:
    """One row per cluster of two or more: the id of the text that stays, their number, the ids of the others."""
    lines = documents.first_lines()
    kept_ids = id_table(documents, clusters, lines)
    removed = clusters.removed
    kept = clusters.kept[removed]
    blob = bytearray()
    ends = np.zeros(len(removed) + 1, np.int64)
    for index, value in enumerate(documents.ids(removed, lines)):
        blob += value
        ends[index + 1] = len(blob)
    order = np.argsort(kept, kind="stable")
    cuts = np.flatnonzero(np.diff(kept[order])) + 1
    bounds = [0, *cuts.tolist(), len(order)] if len(order) else [0]
    with Output(path) as out:
        for first, last in itertools.pairwise(bounds):
            members = [bytes(blob[ends[at] : ends[at + 1]]) for at in order[first:last].tolist()]
            head = b'{"kept":%b,"size":%d,"others":[' % (kept_ids(int(kept[order[first]])), len(members) + 1)
            out.write(head + b",".join(members) + b"]}\n")


def quarantined(documents: Documents) -> Iterator[bytes]:
    """The lines that cannot be read, as rows of a quarantine."""
    lines: list[int] | None = None
    for chunk, found in enumerate(documents.ranges):
        bad: list[Any] = documents.corpus.chunk(chunk).about["bad"]
        if not bad:
            continue
        lines = lines or documents.first_lines()
        data, ends = documents.content(chunk)
        bounds = [0, *ends.tolist()]
        for number, reason in bad:
            raw = data[bounds[number] : bounds[number + 1]].removesuffix(b"\n")
            yield quarantine.entry(documents.names[found.source], lines[chunk] + number, reason, raw=raw)
