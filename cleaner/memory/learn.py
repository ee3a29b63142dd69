"""Learning: from pages to sorted runs of (line, page), in memory or on disk, and what else of the pages is needed."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.store import Arrays, write_arrays
from cleaner.memory.counting import by_key, sorted_pairs
from cleaner.memory.rows import Keys, RowReader, Rows
from cleaner.memory.samples import Sample, SamplePicker, sample_sections
from cleaner.memory.sites import SiteRule, number_of
from cleaner.memory.texts import Texts

_RUN_ROWS: Final = 1 << 20
_RUN_SAMPLES: Final = 16 << 20
_PAGE_COLUMNS: Final = 11
_REMEMBERED: Final = 200_000

HELD: Final = ("by", "pages", "weights")
"""What is known of each line in a container, as sections of a run: the container, the page, the weight."""
STEP: Final = 1024
"""Each so manyth key of a run stands in its section `some`."""


class Run:
    """A sorted part of what was learned, in memory or in a file, of which ranges are read.

    Sections: `keys` (sorted) with `pages` (the line's place in the low bits), `some` (each 1024th key), `records` (page, site,
    digest, sketch), `samples` (site, page) with the ends of their texts in `texts`, `names` as JSON, and of pages that were
    read as HTML their lines once more in `held_keys` (sorted) with `held_by`, the containers around them, `held_pages`,
    `held_weights` and `held_some`. A file is not mapped but read: what is mapped counts as memory in use.
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

    def find(self, key: int, prefix: str = "") -> int:
        """How many keys are smaller than `key`; with the prefix `held_`, of those in containers."""
        block = max(int(np.searchsorted(self.read(prefix + "some"), np.uint64(key))) - 1, 0) * STEP
        rows = self.read(prefix + "keys", block, min(block + STEP + 1, self.size(prefix + "keys")))
        return block + int(np.searchsorted(rows, np.uint64(key)))


def page_numbers(digests: Keys, urls: Sequence[bytes]) -> Keys:
    """A number per page made of its URL and its lines; the low bits that hold places are 0.

    The lines belong to it because one URL may stand for several pages (a start page, a site's name in place of a URL).
    """
    from cleaner.kernels.site_counts import PAGE_BITS

    salts = digests.astype("<u8").tobytes()
    make = hashlib.blake2b
    hashed = [
        make(url, digest_size=8, salt=salts[at : at + 8]).digest()
        for url, at in zip(urls, range(0, 8 * len(urls), 8), strict=True)
    ]
    return np.frombuffer(b"".join(hashed), "<u8").astype(np.uint64) & ~np.uint64((1 << PAGE_BITS) - 1)


class Held(NamedTuple):
    """Lines of pages (keys of line and site), the containers (keys of container and site) that hold them, the pages, and what
    the lines weigh."""

    lines: Keys
    containers: Keys
    pages: Keys
    weights: NDArray[np.uint32]

    def take(self, rows: Any) -> Held:
        """Some of them."""
        return Held(self.lines[rows], self.containers[rows], self.pages[rows], self.weights[rows])


_NONE: Final = np.zeros(0, np.uint64)
_NONE.flags.writeable = False
NOTHING_HELD: Final = Held(_NONE, _NONE, _NONE, _NONE.astype(np.uint32))


@dataclass(frozen=True, slots=True)
class Piece:
    """What a batch of pages adds."""

    keys: Keys
    pages: Keys
    records: Keys
    names: Mapping[int, str]
    samples: Sequence[Sample]
    held: Held = NOTHING_HELD
    without_site: int = 0
    bad: int = 0
    place: Any = None


@dataclass(slots=True)
class PageLearner:
    """Turns pages into pieces. Picklable; what it remembers saves work and never changes a result."""

    rule: SiteRule
    _rows: RowReader | None = None
    _samples: SamplePicker = field(default_factory=SamplePicker)
    _sites: dict[bytes, tuple[int, str] | None] = field(default_factory=dict)

    def __getstate__(self) -> SiteRule:
        return self.rule

    def __setstate__(self, state: SiteRule) -> None:
        self.rule, self._rows, self._samples, self._sites = state, None, SamplePicker(), {}

    def __call__(self, texts: Texts, urls: Sequence[bytes], containers: Sequence[Keys | None] = ()) -> Piece:
        """The piece of these pages (empty URLs for those without one); pages without a site are left out.

        `containers` are those of the lines of each text that is a page's (see `cleaner.html.containers`), and none at all
        where there is no page among them.
        """
        from cleaner.kernels.site_lines import placed

        if self._rows is None:
            self._rows = RowReader()
        sites = self._sites_of(urls)
        without = sites.count(None)
        if without:
            chosen = [number for number, site in enumerate(sites) if site]
            texts, urls = Texts.of([texts.raw(number) for number in chosen]), [urls[number] for number in chosen]
            containers = [containers[number] for number in chosen] if containers else ()
        found = [site for site in sites if site]
        rows = self._rows.read(texts)
        site = np.array([number for number, _ in found], np.uint64)
        page = page_numbers(rows.digests, urls)
        keys, pages = np.empty(len(rows.keys), np.uint64), np.empty(len(rows.keys), np.uint64)
        count = placed(rows.keys, rows.zone, rows.below, rows.first, site, page, keys, pages)
        records = np.concatenate((np.stack((page, site, rows.digests), axis=-1), rows.sketches), axis=1)
        samples = self._samples(site.tolist(), page.tolist(), texts)
        held = _held(texts, rows, containers, site, page) if any(one is not None for one in containers) else NOTHING_HELD
        return Piece(keys[:count], pages[:count], records, dict(found), samples, held, without)

    def _sites_of(self, urls: Sequence[bytes]) -> list[tuple[int, str] | None]:
        """Numbers and names of the pages' sites."""
        known, whole = self._sites, self.rule.by_path
        if len(known) > _REMEMBERED:
            known.clear()
        found = []
        for url in urls:
            # What stands behind the host and a slash says nothing of it.
            end = -1 if whole else url.find(b"/", url.find(b"//") + 2)
            key = url[: end + 1] if end > 0 else url
            try:
                found.append(known[key])
            except KeyError:
                name = self.rule.site_of(url.decode("utf-8", "surrogatepass"))
                known[key] = None if name is None else (number_of(name), name)
                found.append(known[key])
        return found


def _held(texts: Texts, rows: Rows, containers: Sequence[Keys | None], site: Keys, page: Keys) -> Held:
    """The rows of pages with their containers."""
    from cleaner.kernels.containers import held

    around = np.zeros(len(rows.keys), np.uint64)
    breaks = np.searchsorted(texts.breaks, texts.base)
    for number, known in enumerate(containers):
        if known is not None and len(known):
            low, high = int(rows.first[number]), int(rows.first[number + 1])
            line = np.searchsorted(texts.breaks, rows.start[low:high]) - breaks[number]
            around[low:high] = known[line]
    lines, around_keys, pages = np.empty((3, len(around)), np.uint64)
    out = Held(lines, around_keys, pages, np.empty(len(around), np.uint32))
    return out.take(slice(held(around, rows.keys, np.ascontiguousarray(rows.weight), rows.first, site, page, *out)))


def held_sections(held: Held) -> dict[str, NDArray[Any]]:
    """Lines in containers, in the order of the lines, as sections of a `Run`."""
    columns: tuple[NDArray[Any], ...] = (held.containers, held.pages, held.weights)
    known = {f"held_{name}": column for name, column in zip(HELD, columns, strict=True)}
    return {"held_keys": held.lines, "held_some": held.lines[::STEP], **known}


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
        self._rows += len(piece.keys) + _PAGE_COLUMNS * len(piece.records) // 2 + 3 * len(piece.held.lines) // 2
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
        keys, pages = sorted_pairs(keys, np.concatenate([piece.pages for piece in pieces]))
        samples = [sample for piece in pieces for sample in piece.samples]
        held = by_key(*(np.concatenate(column) for column in zip(*(piece.held for piece in pieces), strict=True)))
        names: dict[int, str] = {}
        for piece in pieces:
            names.update(piece.names)
        return {
            "keys": keys,
            "some": keys[::STEP],
            "pages": pages,
            "records": np.concatenate([piece.records for piece in pieces]),
            **sample_sections(samples),
            **held_sections(Held(*held)),
            "names": np.frombuffer(json.dumps(list(names.items())).encode(), np.uint8),
        }
