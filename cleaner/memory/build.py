"""From runs to a memory: pages that are one are joined, and lines on several pages are counted, a range at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.memory.containers import Tallies, added, distinct, recurring, sections_of, tallied, told
from cleaner.memory.counting import PageCounter, by_key
from cleaner.memory.learn import HELD, Held, Run
from cleaner.memory.pages import PAGE, doubles, ordered, origins_of
from cleaner.memory.rows import Keys, RowReader
from cleaner.memory.samples import SAMPLES
from cleaner.memory.texts import Texts

_RANGE_ROWS: Final = 1 << 20
_RANGE_PAGES: Final = 1 << 17
EXAMPLES: Final = 12
"""Lines per site of which the text is kept: those on most pages."""
_EXAMPLE_CHARS: Final = 160
_EXAMPLE_BYTES: Final = 4 * (_EXAMPLE_CHARS + 1)
_BATCH: Final = 64
_FIRST_LOOK: Final = 2
"""Sample pages of a site that are read before it is asked whether more are needed."""
Sections = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Pages:
    """All pages: `number` (sorted) and `site` by page; `double` counts as `origin`; sites with their pages."""

    number: Keys
    site: Keys
    double: Keys
    origin: Keys
    sites: Keys
    site_pages: NDArray[np.uint32]


def build(runs: Sequence[Run], *, least: int) -> Sections:
    """The sections of a memory of what `runs` hold: lines on at least `least` pages."""
    from cleaner.kernels.site_counts import COUNTS

    pages = all_pages(runs)
    count = PageCounter(pages.double, pages.origin)
    none = np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros((0, COUNTS), np.uint32)
    parts = [none, *(count(keys, shown, least) for keys, shown in ranges(runs, "pages"))]
    keys, witness, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
    shown_at = np.searchsorted(pages.number, witness)
    site = np.searchsorted(pages.sites, pages.site[shown_at]).astype(np.uint32)
    names = _names(runs, pages.sites)
    tallies = added(_tallies(runs, pages, keys, counts))
    return {
        "keys": keys,
        "site": site,
        "counts": counts,
        "sites": pages.sites,
        "site_pages": pages.site_pages,
        **texts_section("name", names),
        "pages": pages.number,
        "page_site": np.searchsorted(pages.sites, pages.site).astype(np.uint32),
        **examples(runs, keys, site, counts, pages.sites),
        **sections_of(told(tallies, least), pages.sites),
    }


def _tallies(runs: Sequence[Run], pages: Pages, keys: Keys, counts: NDArray[np.uint32]) -> Iterator[Tallies]:
    """What containers hold, some lines at a time, by the lines' `keys` and `counts`."""
    for lines, containers, shown, weights in ranges(runs, *HELD, prefix="held_"):
        held = distinct(Held(lines, containers, origins_of(shown, pages.double, pages.origin), weights))
        site = pages.site[np.searchsorted(pages.number, held.pages)]
        yield tallied(held.containers, site, held.weights, recurring(held.lines, keys, counts))


def texts_section(name: str, texts: Sequence[str]) -> Sections:
    """Texts as two sections: where each ends, and their bytes."""
    raw = [text.encode("utf-8", "replace") for text in texts]
    ends = np.cumsum([len(text) for text in raw], dtype=np.int64) if raw else np.zeros(0, np.int64)
    return {f"{name}_ends": ends, f"{name}_bytes": np.frombuffer(b"".join(raw), np.uint8)}


def all_pages(runs: Sequence[Run]) -> Pages:
    """The pages of all runs, those that are one joined."""
    number, site, double, origin = [], [], [], []
    for records in _page_ranges(runs):
        found = ordered(records)
        copies, firsts = doubles(found)
        fresh = np.concatenate(([True], found["page"][1:] != found["page"][:-1]))
        number.append(found["page"][fresh])
        site.append(found["site"][fresh])
        double.append(copies)
        origin.append(firsts)
    if not number:
        none = np.zeros(0, np.uint64)
        return Pages(none, none, none, none, none, np.zeros(0, np.uint32))
    numbers, of_site = np.concatenate(number), np.concatenate(site)
    order = np.argsort(numbers)
    numbers, of_site = numbers[order], of_site[order]
    copies, firsts = np.concatenate(double), np.concatenate(origin)
    order = np.argsort(copies)
    copies, firsts = copies[order], firsts[order]
    sites, index = np.unique(of_site, return_inverse=True)
    counted = np.bincount(index, minlength=len(sites))
    counted -= np.bincount(index[np.searchsorted(numbers, copies)], minlength=len(sites))
    return Pages(numbers, of_site, copies, firsts, sites, counted.astype(np.uint32))


def _page_ranges(runs: Sequence[Run]) -> Iterator[NDArray[np.void]]:
    """The pages of all runs, some sites at a time."""
    total = sum(run.size("records") for run in runs)
    parts = -(-total // _RANGE_PAGES)
    for part in range(parts):
        found = []
        for run in runs:
            records = run.read("records")
            # Sites are numbered by a hash, so the ranges of their upper half are about equal.
            share = (records[:, 1] >> np.uint64(32)) * np.uint64(parts) >> np.uint64(32)
            found.append(records[share == part] if parts > 1 else records)
        chosen = np.ascontiguousarray(np.concatenate(found))
        if len(chosen):
            yield chosen.view(PAGE).reshape(-1)


def ranges(runs: Sequence[Run], *names: str, rows: int = 0, prefix: str = "") -> Iterator[tuple[NDArray[Any], ...]]:
    """Keys in order with their rows of the sections `names`, about `rows` at a time; equal keys are never parted.

    All sections are those with the `prefix` before their names.
    """
    total = sum(run.size(prefix + "keys") for run in runs)
    parts = -(-total // (rows or _RANGE_ROWS))
    borders: list[Any] = []
    if parts > 1:
        sample = np.sort(np.concatenate([run.read(prefix + "some") for run in runs]))
        borders = np.unique(sample[np.arange(1, parts) * len(sample) // parts]).tolist()
    for low, high in zip([None, *borders], [*borders, None], strict=True):
        found = []
        for run in runs:
            first = 0 if low is None else run.find(low, prefix)
            last = run.size(prefix + "keys") if high is None else run.find(high, prefix)
            if first < last:
                found.append([run.read(prefix + name, first, last) for name in ("keys", *names)])
        if len(found) == 1:
            yield tuple(found[0])
        elif found:
            yield by_key(*map(np.concatenate, zip(*found, strict=True)))


def _names(runs: Sequence[Run], sites: Keys) -> list[str]:
    names: dict[int, str] = {}
    for run in runs:
        names.update(json.loads(run.read("names").tobytes()))
    return [names[number] for number in sites.tolist()]


def examples(
    runs: Sequence[Run], keys: Keys, site: NDArray[np.uint32], counts: NDArray[np.uint32], sites: Keys
) -> Sections:
    """The texts of the lines on most pages of each site, as far as its sample pages show them."""
    wanted = foremost(keys, site, counts)
    of_site = sites[site[np.searchsorted(keys, wanted)]]
    found: dict[int, str] = {}
    reader = RowReader()
    for ranks in (range(_FIRST_LOOK), range(_FIRST_LOOK, SAMPLES)):
        missing = ~np.isin(wanted, np.array(list(found), np.uint64))
        samples = _sample_texts(runs, set(of_site[missing].tolist()), ranks)
        while batch := list(islice(samples, _BATCH)):
            _find_lines([text for _, text in batch], [number for number, _ in batch], wanted, found, reader)
    chosen = np.array(sorted(found), np.uint64)
    return {"text_keys": chosen, **texts_section("text", [found[key] for key in chosen.tolist()])}


def foremost(keys: Keys, site: NDArray[Any], counts: NDArray[np.uint32]) -> Keys:
    """The keys on most pages of each site, in order."""
    order = np.lexsort((keys, -counts[:, 3].astype(np.int64), site))
    ranked = site[order]
    rank = np.arange(len(order)) - np.searchsorted(ranked, ranked)
    return np.sort(keys[order[rank < EXAMPLES]])


def _sample_texts(runs: Sequence[Run], wanted: set[int], ranks: range) -> Iterator[tuple[int, bytes]]:
    """Numbers of `wanted` sites with texts of their pages with the smallest numbers in all runs, those at `ranks`."""
    index = np.concatenate([run.read("samples") for run in runs]) if runs else np.zeros((0, 2), np.uint64)
    of_run = np.concatenate(
        [np.full(run.size("samples"), number) for number, run in enumerate(runs)] or [np.zeros(0, int)]
    )
    place = np.concatenate([np.arange(run.size("samples")) for run in runs] or [np.zeros(0, int)])
    ends = [run.read("ends") for run in runs]

    def text_at(row: int) -> bytes:
        run, at = int(of_run[row]), int(place[row])
        start = int(ends[run][at - 1]) if at else 0
        return runs[run].read("texts", start, int(ends[run][at])).tobytes()

    order = np.lexsort((place, of_run, index[:, 1], index[:, 0]))
    index = index[order]
    fresh = np.ones(len(order) + 1, bool)
    fresh[1:-1] = (index[1:] != index[:-1]).any(axis=1)
    starts = np.flatnonzero(fresh)  # of pages, and one more
    site = index[starts[:-1], 0]
    rank = np.arange(len(site)) - np.searchsorted(site, site)
    chosen = np.flatnonzero(np.isin(site, np.array(list(wanted), np.uint64)) & (rank >= ranks.start) & (rank < ranks.stop))
    rows = order.tolist()
    for page, number in zip(chosen.tolist(), site[chosen].tolist(), strict=True):
        # A page that was read with several texts shows the one that is first in order, whatever was read first.
        yield number, min(map(text_at, rows[starts[page] : starts[page + 1]]))


def _find_lines(
    given: Sequence[bytes], sites: Sequence[int], wanted: Keys, found: dict[int, str], reader: RowReader
) -> None:
    """Add the lines of the texts `given` that are wanted and have not been found in an earlier text."""
    from cleaner.kernels.site_lines import salt

    texts = Texts.of(given)
    rows = reader.read(texts)
    salt(rows.keys, np.array(sites, np.uint64), rows.first)
    at = np.searchsorted(wanted, rows.keys)
    hits = np.flatnonzero(wanted[np.minimum(at, len(wanted) - 1)] == rows.keys) if len(wanted) else at[:0]
    _, first = np.unique(rows.keys[hits], return_index=True)
    chosen = hits[first]
    starts = rows.start[chosen].astype(np.int64)
    ends = texts.breaks[np.searchsorted(texts.breaks, starts)]
    data = texts.data.data
    for key, start, end in zip(rows.keys[chosen].tolist(), starts.tolist(), ends.tolist(), strict=True):
        if key not in found:
            found[key] = _example(bytes(data[start : min(end, start + _EXAMPLE_BYTES)]))


def _example(line: bytes) -> str:
    """A line, of a long one its beginning."""
    text = line.decode("utf-8", "ignore")[: _EXAMPLE_CHARS + 1].rstrip()
    return text if len(text) <= _EXAMPLE_CHARS else text[:_EXAMPLE_CHARS] + "…"
