"""Learning: from pages to sorted runs of (line, page), in memory or on disk, and what else of the pages is needed."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.store import Arrays, write_arrays
from cleaner.memory.pages import digests
from cleaner.memory.rows import Keys, RowReader, Rows
from cleaner.memory.sites import SiteRule, number_of

SAMPLES: Final = 4
"""Pages per site of which the text is kept until the examples are chosen: those with the smallest numbers."""
_SAMPLE_CHARS: Final = 4_000
_RUN_ROWS: Final = 1 << 20
_RUN_SAMPLES: Final = 16 << 20
_PAGE_COLUMNS: Final = 11
_REMEMBERED: Final = 200_000
_ZONE_MASK: Final = np.uint64(3)

STEP: Final = 1024
"""Each so manyth key of a run stands in its section `some`."""
Sample = tuple[int, int, str]
"""Numbers of a site and a page, and the page's text, of a long one its beginning and end."""


class Run:
    """A sorted part of what was learned, in memory or in a file, of which ranges are read.

    Sections: `keys` (sorted) with `pages` (zone in the two low bits), `some` (each 1024th key), `records` (page, site,
    digest, sketch), `samples` (site, page) with the ends of their texts in `texts`, and `names` as JSON. A file is
    not mapped but read: what is mapped counts as memory in use.
    """

    def __init__(self, source: Mapping[str, NDArray[Any]] | Arrays) -> None:
        self._source = source

    def size(self, name: str) -> int:
        """How many rows a section has."""
        return self._source.shape(name)[0] if isinstance(self._source, Arrays) else len(self._source[name])

    def read(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Rows of a section."""
        if isinstance(self._source, Arrays):
            return self._source.read(name, first, last)
        return self._source[name][first:last]

    def find(self, key: int) -> int:
        """How many keys are smaller than `key`."""
        block = max(int(np.searchsorted(self.read("some"), np.uint64(key))) - 1, 0) * STEP
        rows = self.read("keys", block, min(block + STEP + 1, self.size("keys")))
        return block + int(np.searchsorted(rows, np.uint64(key)))


def page_numbers(rows: Rows, urls: Sequence[str]) -> Keys:
    """A number per page made of its URL and its lines; the two low bits are 0.

    The lines belong to it because one URL may stand for several pages (a start page, a site's name in place of a URL).
    """
    salts = digests(rows).astype("<u8").tobytes()
    hashed = [
        hashlib.blake2b(
            url.encode("utf-8", "surrogatepass"), digest_size=8, salt=salts[8 * page : 8 * page + 8]
        ).digest()
        for page, url in enumerate(urls)
    ]
    return np.frombuffer(b"".join(hashed), "<u8").astype(np.uint64) & ~_ZONE_MASK


@dataclass(frozen=True, slots=True)
class Piece:
    """What a batch of pages adds."""

    keys: Keys
    pages: Keys
    records: Keys
    names: Mapping[int, str]
    samples: Sequence[Sample]
    without_site: int = 0
    bad: int = 0
    place: Any = None


@dataclass(slots=True)
class PageLearner:
    """Turns pages into pieces. Picklable; what it remembers saves work and never changes a result."""

    rule: SiteRule
    _rows: RowReader | None = None
    _smallest: dict[int, dict[int, int]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def __getstate__(self) -> SiteRule:
        return self.rule

    def __setstate__(self, state: SiteRule) -> None:
        self.rule, self._rows, self._smallest, self._numbers = state, None, {}, {}

    def __call__(self, texts: Sequence[str], urls: Sequence[str | None]) -> Piece:
        """The piece of these pages; those without a site are left out."""
        if self._rows is None:
            self._rows = RowReader()
        sites = [self.rule.site_of(url) for url in urls]
        chosen = [number for number, site in enumerate(sites) if site is not None]
        numbers = {site: self._number(site) for site in dict.fromkeys(sites) if site is not None}
        kept = [texts[number] for number in chosen]
        rows = self._rows.read(kept)
        site = np.array([numbers[sites[number] or ""] for number in chosen], np.uint64)
        page = page_numbers(rows, [urls[number] or "" for number in chosen])
        from cleaner.kernels.site_lines import salt

        records = np.concatenate((np.stack((page, site, digests(rows)), axis=-1), rows.sketches), axis=1)
        salt(rows.keys, site, rows.first)
        used = rows.keys != 0
        row_page = np.repeat(page, np.diff(rows.first)) + rows.zone.astype(np.uint64)
        samples = self._samples(site.tolist(), page.tolist(), kept)
        names = {number: name for name, number in numbers.items()}
        return Piece(rows.keys[used], row_page[used], records, names, samples, len(texts) - len(chosen))

    def _number(self, site: str) -> int:
        known = self._numbers.get(site)
        if known is None:
            if len(self._numbers) > _REMEMBERED:
                self._numbers.clear()
            known = self._numbers[site] = number_of(site)
        return known

    def _samples(self, sites: list[int], pages: list[int], texts: Sequence[str]) -> list[Sample]:
        """Pages with the smallest numbers of their sites so far; a page again where it is read with another text."""
        found = []
        if len(self._smallest) > _REMEMBERED:
            self._smallest.clear()
        for site, page, text in zip(sites, pages, texts, strict=True):
            smallest = self._smallest.setdefault(site, {})
            seen = hash(text)
            if smallest.get(page) == seen or (
                len(smallest) == SAMPLES and page not in smallest and page > max(smallest)
            ):
                continue
            smallest[page] = seen
            if len(smallest) > SAMPLES:
                del smallest[max(smallest)]
            half = _SAMPLE_CHARS // 2
            shown = text if len(text) <= _SAMPLE_CHARS else f"{text[:half]}\n{text[-half:]}"
            found.append((site, page, shown))
        return found


class Collector:
    """Gathers pieces into runs: in memory while they are few, in a folder beyond that.

    Use it as a context manager; a folder that it made itself is removed at the end.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._pieces: list[Piece] = []
        self._rows = self._sampled = 0
        self.files: list[Path] = []
        self.without_site = 0

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, *_: object) -> None:
        if self._own:
            self._own.cleanup()

    @property
    def full(self) -> bool:
        """Whether it is time to `spill`."""
        return self._rows >= _RUN_ROWS or self._sampled >= _RUN_SAMPLES

    def add(self, piece: Piece) -> None:
        """Take a piece."""
        self._pieces.append(piece)
        self._rows += len(piece.keys) + _PAGE_COLUMNS * len(piece.records) // 2
        self._sampled += sum(len(text) for _, _, text in piece.samples)
        self.without_site += piece.without_site

    def spill(self) -> None:
        """Write what has been gathered as a run."""
        if not self._pieces:
            return
        if self._folder is None:
            self._own = tempfile.TemporaryDirectory(prefix="cleaner-learn-")
            self._folder = Path(self._own.name)
        path = self._folder / f"run-{len(self.files):06}"
        write_arrays(path, self.gathered())
        self.files.append(path)

    def runs(self) -> list[Run]:
        """All runs."""
        runs = [Run(Arrays(path)) for path in self.files]
        return [*runs, Run(self.gathered())] if self._pieces else runs

    def gathered(self) -> dict[str, NDArray[Any]]:
        """The pieces that have not been written as the sections of a `Run`; they are forgotten here."""
        pieces, self._pieces, self._rows, self._sampled = self._pieces, [], 0, 0
        keys = np.concatenate([piece.keys for piece in pieces])
        pages = np.concatenate([piece.pages for piece in pieces])
        order = np.argsort(keys)
        samples = [sample for piece in pieces for sample in piece.samples]
        names: dict[int, str] = {}
        for piece in pieces:
            names.update(piece.names)
        keys = keys[order]
        return {
            "keys": keys,
            "some": keys[::STEP],
            "pages": pages[order],
            "records": np.concatenate([piece.records for piece in pieces]),
            **sample_sections(samples),
            "names": np.frombuffer(json.dumps(list(names.items())).encode(), np.uint8),
        }


def sample_sections(samples: Sequence[Sample]) -> dict[str, NDArray[Any]]:
    """The samples that are kept as sections of a `Run`: site and page, ends of their texts, their texts."""
    kept = smallest(samples)
    texts = [text.encode("utf-8", "replace") for _, _, text in kept]
    return {
        "samples": np.array([sample[:2] for sample in kept], np.uint64).reshape(-1, 2),
        "ends": np.cumsum([len(text) for text in texts], dtype=np.int64),
        "texts": np.frombuffer(b"".join(texts), np.uint8),
    }


def smallest(samples: Sequence[Sample]) -> list[Sample]:
    """The samples of the pages with each site's smallest numbers."""
    kept: list[Sample] = []
    count, before = 0, (-1, -1)
    for sample in sorted(samples):
        count = count if sample[0] == before[0] else 0
        if sample[:2] != before and count < SAMPLES:
            kept.append(sample)
            count += 1
        before = sample[:2]
    return kept
