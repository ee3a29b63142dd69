"""The last step: one task puts the memory file together, its large sections range by range through files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.adapters.spark import blobs
from cleaner.adapters.spark.memory.containers import CONTAINERS
from cleaner.adapters.spark.memory.large_sites import COUNTED
from cleaner.adapters.spark.memory.plan import LARGE, Plan
from cleaner.dedup.store import Arrays
from cleaner.kernels.site_counts import COUNTS
from cleaner.memory.build import texts_section
from cleaner.memory.rows import Keys
from cleaner.memory.store import write_memory

WRITTEN: Final = "sites long, lines long"
_RANGE_ROWS: Final = 1 << 20
_STEP: Final = 1024
_OF_SITES: Final = ("sites", "page_sites", "container_sites")
_KINDS: Final[Mapping[str, tuple[Any, ...]]] = {
    **dict.fromkeys(_OF_SITES, (np.uint32,)),
    "counts": (np.uint32, COUNTS),
    "container_sums": (np.uint64, 2),
}
"""Sections that are merged: their numbers, and how many there are in a row where it is not one."""


@dataclass(frozen=True, slots=True)
class PutTogether:
    """Writes the memory file."""

    plan: Plan
    output: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """From nothing to the counts of sites and lines."""
        for _ in batches:
            pass
        plan = self.plan
        counted = self._open("sites", COUNTED)
        paged = self._open("sites", LARGE + "-pages")
        named, written, shown = self._open("names"), self._open("lines"), self._open("texts")
        held = self._open(CONTAINERS)
        order, site_pages = _concatenated(counted, "sites"), _concatenated(counted, "site_pages")
        by_site = np.argsort(order)
        sites = order[by_site]
        by_name = np.argsort(_concatenated(named, "sites"))
        names = _texts(named, "name")
        pages = self._merged(paged, "pages", ("page_sites",), sites)
        lines = self._merged(written, "keys", ("sites", "counts"), sites)
        containers = self._merged(held, "containers", ("container_sites", "container_sums"), sites)
        by_key = np.argsort(_concatenated(shown, "text_keys"))
        texts = _texts(shown, "text")
        sections = {
            "keys": lines["keys"],
            "site": lines["sites"],
            "counts": lines["counts"],
            "sites": sites,
            "site_pages": site_pages[by_site].astype(np.uint32),
            **texts_section("name", [names[at] for at in by_name.tolist()]),
            "pages": pages["pages"],
            "page_site": pages["page_sites"],
            "text_keys": _concatenated(shown, "text_keys")[by_key],
            **texts_section("text", [texts[at] for at in by_key.tolist()]),
            "containers": containers["containers"],
            "container_site": containers["container_sites"],
            "container_sums": containers["container_sums"],
        }
        write_memory(Path(self.output), sections, site=plan.site, least=plan.least)
        counts = {"sites": [len(sites)], "lines": [len(lines["keys"])]}
        yield blobs.record_batch(counts, blobs.arrow_schema(WRITTEN))

    def _open(self, *kinds: str) -> list[Arrays]:
        return [Arrays(path) for kind in kinds for path in self.plan.files(kind)]

    def _merged(
        self, found: Sequence[Arrays], by: str, others: tuple[str, ...], sites: Keys
    ) -> dict[str, NDArray[Any]]:
        """Sections of all parts in the order of `by`; numbers of sites become places among `sites`."""
        parts = [{name: one.mapped(name) for name in (by, *others)} for one in found]
        total = sum(len(part[by]) for part in parts)
        out: dict[str, NDArray[Any]] = {}
        for name in (by, *others):
            kind, shape = (np.uint64, (total,)) if name == by else (_KINDS[name][0], (total, *_KINDS[name][1:]))
            path = self.plan.file(f"merged-{by}-{name}", 0)
            out[name] = np.memmap(path, kind, "w+", shape=shape) if total else np.empty(shape, kind)
        at = 0
        for low, high in pairwise([None, *_borders([part[by] for part in parts]), None]):
            slices = [_between(part[by], low, high) for part in parts]
            keys = np.concatenate(
                [np.empty(0, np.uint64), *(part[by][cut] for part, cut in zip(parts, slices, strict=True))]
            )
            order = np.argsort(keys)
            stop = at + len(keys)
            out[by][at:stop] = keys[order]
            for name in others:
                if len(keys):
                    values = np.concatenate([part[name][cut] for part, cut in zip(parts, slices, strict=True)])[order]
                    out[name][at:stop] = np.searchsorted(sites, values) if name in _OF_SITES else values
            at = stop
        return out


def _borders(sorted_keys: Sequence[Keys]) -> list[int]:
    """Keys between ranges of about a million rows of all parts together."""
    sample = np.sort(np.concatenate([np.empty(0, np.uint64), *(keys[::_STEP] for keys in sorted_keys)]))
    found: list[int] = np.unique(sample[:: max(1, _RANGE_ROWS // _STEP)])[1:].tolist()
    return found


def _between(keys: Keys, low: int | None, high: int | None) -> slice:
    """The rows of sorted keys from `low` up to but without `high`."""
    return slice(
        0 if low is None else int(np.searchsorted(keys, np.uint64(low))),
        len(keys) if high is None else int(np.searchsorted(keys, np.uint64(high))),
    )


def _concatenated(found: Sequence[Arrays], name: str) -> NDArray[Any]:
    parts = [one.read(name) for one in found]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _texts(found: Sequence[Arrays], name: str) -> list[str]:
    texts = []
    for one in found:
        data = one.read(f"{name}_bytes").tobytes()
        ends = [0, *one.read(f"{name}_ends").tolist()]
        texts += [data[low:high].decode() for low, high in pairwise(ends)]
    return texts
