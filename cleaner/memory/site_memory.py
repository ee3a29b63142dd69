"""Site memory as one object: learned from records or opened from a file, asked about pages, saved and merged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import ConfigError, IndexMismatch
from cleaner.memory.build import build
from cleaner.memory.learn import Collector, PageLearner
from cleaner.memory.page_texts import PageTexts
from cleaner.memory.rows import ZONES
from cleaner.memory.sites import DOMAIN, SiteRule, number_of
from cleaner.memory.texts import Texts, octets_of
from cleaner.records.fields import Fields, Record, getter

_PAGES_PER_PIECE: Final = 256
_NOWHERE: Final = -1
_REMEMBERED: Final = 100_000
_FIELDS: Final = Fields()


@dataclass(frozen=True, slots=True)
class SiteLine:
    """A line that recurs on a site: on how many of its pages, in which zones, how much of their prose they have below it in
    the mean (0..1), and its text where it was kept."""

    pages: int
    zones: Mapping[str, int]
    below: float
    text: str | None


@dataclass(frozen=True, slots=True)
class Site:
    """A site of a memory."""

    name: str
    pages: int
    lines: int


class SiteMemory:
    """What recurs on which sites.

    Read-only once it is made. One that was opened from a file is mapped memory, shared by all processes that open it, and
    pickles as the file's path; one that was just learned pickles whole.
    """

    def __init__(self, sections: Mapping[str, NDArray[Any]], *, site: str, least: int, path: str = "") -> None:
        """Use `learn` or `load`."""
        self._sections = sections
        self.rule: Final = SiteRule(site)
        self.least: Final = least
        self.path: Final = path
        self._found: dict[str | None, int] = {}

    @classmethod
    def learn(
        cls,
        records: Iterable[Record],
        *,
        site: str = DOMAIN,
        min_pages: int = 2,
        fields: Fields = _FIELDS,
    ) -> Self:
        """Learn from records with a text, or a page, and a URL (paths in `fields`, for a page `html` where they name none);
        records without a usable URL are left out.

        Lines on fewer than `min_pages` different pages of their site are forgotten. The order of the records changes
        nothing.
        """
        learner = PageLearner(SiteRule(site))
        text_of, url_of = PageTexts(fields), getter(fields.url)
        source = iter(records)
        with Collector() as collector:
            while batch := list(islice(source, _PAGES_PER_PIECE)):
                pairs = [(text_of(record), octets_of(url_of(record))) for record in batch]
                pages = [(page, url) for page, url in pairs if page is not None]
                texts, containers = Texts.of([page.text for page, _ in pages]), [page.containers for page, _ in pages]
                collector.add(learner(texts, [url for _, url in pages], containers))
                if collector.full:
                    collector.spill()
            return cls(build(collector.runs(), least=_checked(min_pages)), site=site, least=min_pages)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Open a memory file; `RecordError` where it is none, `IndexMismatch` where it is of another version."""
        from cleaner.memory.store import open_memory

        sections, about = open_memory(Path(path))
        return cls(sections, site=about["site"], least=about["min_pages"], path=os.fspath(path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the memory to a file: the same bytes for the same pages."""
        from cleaner.memory.store import write_memory

        write_memory(Path(path), self._sections, site=self.rule.mode, least=self.least)

    def merge(self, *others: SiteMemory) -> SiteMemory:
        """One memory of this and others. Counts add up; where memories share pages of a site, to what is certain.

        `IndexMismatch` where they were learned for other sites.
        """
        from cleaner.memory.merge import merge

        for other in others:
            if other.rule.mode != self.rule.mode:
                raise IndexMismatch(f"site memory: expected sites by {self.rule.mode}, found {other.rule.mode}")
        least = max(memory.least for memory in (self, *others))
        sections = merge([memory._sections for memory in (self, *others)])
        return SiteMemory(sections, site=self.rule.mode, least=least)

    def prune(self, *, min_pages: int = 0, min_site_pages: int = 0, drop: Sequence[str] = ()) -> SiteMemory:
        """The memory without lines on fewer than `min_pages` pages, without small sites and without the sites `drop`."""
        from cleaner.memory.merge import prune

        names = {number_of(name) for name in drop}
        sections = prune(self._sections, min_pages=min_pages, min_site_pages=min_site_pages, drop=names)
        return SiteMemory(sections, site=self.rule.mode, least=max(self.least, min_pages))

    def __getstate__(self) -> dict[str, Any]:
        if self.path:
            return {"path": self.path}
        return {"sections": dict(self._sections), "site": self.rule.mode, "least": self.least}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "path" in state:
            found = type(self).load(state["path"])
            self.__init__(found._sections, site=found.rule.mode, least=found.least, path=state["path"])  # type: ignore[misc]
        else:
            self.__init__(state["sections"], site=state["site"], least=state["least"])  # type: ignore[misc]

    @property
    def sections(self) -> Mapping[str, NDArray[Any]]:
        """The arrays behind it."""
        return self._sections

    @property
    def digest(self) -> str:
        """A short hash of what it knows."""
        from cleaner.memory.store import digest_of

        return digest_of(self._sections, self.rule.mode)

    def __len__(self) -> int:
        """How many sites it knows."""
        return len(self._sections["sites"])

    def find(self, url: str | None) -> int:
        """The index of the site that a page belongs to, or -1."""
        key = self.rule.key_of(url)
        known = self._found.get(key)
        if known is None:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            known = self._found[key] = self._index_of(self.rule.candidates(url))
        return known

    def _index_of(self, names: Sequence[str]) -> int:
        sites = self._sections["sites"]
        for name in names:
            number = np.uint64(number_of(name))
            at = int(np.searchsorted(sites, number))
            if at < len(sites) and sites[at] == number:
                return at
        return _NOWHERE

    def site_at(self, index: int) -> Site:
        """The site of an index."""
        return Site(
            name=_text(self._sections, "name", index),
            pages=int(self._sections["site_pages"][index]),
            lines=len(self._rows_of(index)),
        )

    def sites(self) -> Iterator[Site]:
        """All sites by name."""
        lines = np.bincount(self._sections["site"], minlength=len(self))
        found = [
            Site(_text(self._sections, "name", index), int(self._sections["site_pages"][index]), int(lines[index]))
            for index in range(len(self))
        ]
        yield from sorted(found, key=lambda site: site.name)

    def lines(self, index: int) -> list[SiteLine]:
        """The lines that recur on a site, those on most pages first."""
        from cleaner.kernels.site_counts import ALL, BELOW
        from cleaner.kernels.site_lines import STEPS

        counts, keys = self._sections["counts"], self._sections["keys"]
        texts = self._sections["text_keys"]
        found = []
        for row in self._rows_of(index).tolist():
            at = int(np.searchsorted(texts, keys[row]))
            known = at < len(texts) and texts[at] == keys[row]
            zones = {name: int(counts[row, zone]) for zone, name in enumerate(ZONES) if counts[row, zone]}
            text = _text(self._sections, "text", at) if known else None
            below = float(counts[row, BELOW] / (STEPS * counts[row, ALL]))
            found.append((int(keys[row]), SiteLine(int(counts[row, ALL]), zones, below, text)))
        return [line for _, line in sorted(found, key=lambda pair: (-pair[1].pages, pair[1].text or "\U0010ffff", pair[0]))]

    def containers(self, index: int) -> NDArray[np.int64]:
        """(n, 2): of each container of a site that holds recurring lines the weight of all its lines, page by page, and of
        those that recur. A word weighs two."""
        chosen = self._sections["container_sums"][self._sections["container_site"] == index]
        sums: NDArray[np.int64] = chosen.astype(np.int64)
        return sums

    def _rows_of(self, index: int) -> NDArray[np.intp]:
        """The rows of a site: they lie together with those of sites that share the first bits of its number."""
        keys = self._sections["keys"]
        top = int(self._sections["sites"][index]) >> 44 << 44
        low, high = np.searchsorted(keys, np.array([top, top | (2**44 - 1)], np.uint64))
        rows: NDArray[np.intp] = low + np.flatnonzero(self._sections["site"][low : high + 1] == index)
        return rows


def _checked(least: int) -> int:
    if least < 1:
        raise ConfigError(f"min_pages: expected a number of at least 1, found {least}")
    return least


def _text(sections: Mapping[str, NDArray[Any]], name: str, index: int) -> str:
    ends = sections[f"{name}_ends"]
    low = int(ends[index - 1]) if index else 0
    return sections[f"{name}_bytes"][low : int(ends[index])].tobytes().decode()
