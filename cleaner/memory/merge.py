"""Memories made one, and memories made smaller: whole-column work on sections, range by range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.memory.build import Sections, texts_section
from cleaner.memory.rows import Keys

_RANGE_ROWS: Final = 1 << 21
Parts = Sequence[Mapping[str, NDArray[Any]]]


def merge(parts: Parts) -> Sections:
    """The sections of one memory that knows what all `parts` know; the same for any order of `parts`.

    Counts of a line add up. Where parts were learned from some of the same pages of a site, the sum is lowered by the
    number of those pages, but not below the largest count: what is left is certain.
    """
    sites = np.unique(np.concatenate([part["sites"] for part in parts]))
    pages, first = np.unique(np.concatenate([part["pages"] for part in parts]), return_index=True)
    of_page = np.concatenate([part["sites"][part["page_site"]] for part in parts])[first]
    page_site = np.searchsorted(sites, of_page).astype(np.uint32)
    total, twice = np.zeros(len(sites), np.int64), -np.bincount(page_site, minlength=len(sites))
    for part in parts:
        at = np.searchsorted(sites, part["sites"])
        total[at] += part["site_pages"]
        twice += np.bincount(at[part["page_site"]], minlength=len(sites))
    keys, site, counts = _lines(parts, sites, twice)
    return {
        "keys": keys,
        "site": site,
        "counts": counts,
        "sites": sites,
        "site_pages": np.maximum(total - twice, 1).astype(np.uint32),
        **texts_section("name", _chosen(parts, "sites", "name", sites)),
        "pages": pages,
        "page_site": page_site,
        **_texts(parts),
        **_containers(parts, sites, twice),
    }


def prune(
    part: Mapping[str, NDArray[Any]], *, min_pages: int, min_site_pages: int, drop: set[int]
) -> Sections:
    """The sections without lines on fewer than `min_pages` pages, and without sites that are small or in `drop`."""
    dropped = np.isin(part["sites"], np.array(sorted(drop), np.uint64))
    stay = (part["site_pages"] >= min_site_pages) & ~dropped
    number = (np.cumsum(stay) - 1).astype(np.uint32)
    rows = np.flatnonzero(stay[part["site"]] & (part["counts"][:, 3] >= min_pages))
    pages = np.flatnonzero(stay[part["page_site"]])
    texts = np.flatnonzero(np.isin(part["text_keys"], part["keys"][rows]))
    names = _decoded(part, "name", np.flatnonzero(stay))
    containers = np.flatnonzero(stay[part["container_site"]])
    return {
        "keys": part["keys"][rows],
        "site": number[part["site"][rows]],
        "counts": part["counts"][rows],
        "sites": part["sites"][stay],
        "site_pages": part["site_pages"][stay],
        **texts_section("name", names),
        "pages": part["pages"][pages],
        "page_site": number[part["page_site"][pages]],
        "text_keys": part["text_keys"][texts],
        **texts_section("text", _decoded(part, "text", texts)),
        "containers": part["containers"][containers],
        "container_site": number[part["container_site"][containers]],
        "container_sums": part["container_sums"][containers],
    }


def _lines(parts: Parts, sites: Keys, twice: NDArray[np.int64]) -> tuple[Keys, NDArray[np.uint32], NDArray[np.uint32]]:
    """Keys, sites and counts of all parts, some million at a time."""
    largest = max(parts, key=lambda part: len(part["keys"]))["keys"]
    borders = [None, *largest[_RANGE_ROWS::_RANGE_ROWS].tolist(), None]
    found = []
    for low, high in pairwise(borders):
        keys, site, counts = [], [], []
        for part in parts:
            first = 0 if low is None else int(np.searchsorted(part["keys"], np.uint64(low)))
            last = len(part["keys"]) if high is None else int(np.searchsorted(part["keys"], np.uint64(high)))
            keys.append(part["keys"][first:last])
            site.append(np.searchsorted(sites, part["sites"][part["site"][first:last]]))
            counts.append(part["counts"][first:last].astype(np.int64))
        found.append(_added(np.concatenate(keys), np.concatenate(site), np.concatenate(counts), twice))
    keys_, site_, counts_ = zip(*found, strict=True)
    return np.concatenate(keys_), np.concatenate(site_), np.concatenate(counts_)


def _added(
    keys: Keys, site: NDArray[np.intp], counts: NDArray[np.int64], twice: NDArray[np.int64]
) -> tuple[Keys, NDArray[np.uint32], NDArray[np.uint32]]:
    from cleaner.kernels.site_counts import ALL, BELOW

    unique, index = np.unique(keys, return_inverse=True)
    total, largest = np.zeros((2, len(unique), counts.shape[1]), np.int64)
    np.add.at(total, index, counts)
    np.maximum.at(largest, index, counts)
    of_site = np.zeros(len(unique), np.int64)
    of_site[index] = site
    certain = np.maximum(largest, total - twice[of_site][:, None])
    certain[:, BELOW] = total[:, BELOW] * certain[:, ALL] // total[:, ALL]  # as on a page in the mean
    return unique, of_site.astype(np.uint32), certain.astype(np.uint32)


def _containers(parts: Parts, sites: Keys, twice: NDArray[np.int64]) -> Sections:
    """Containers of all parts: what they hold adds up, but where parts share pages of a site the largest counts alone."""
    keys = np.concatenate([part["containers"] for part in parts])
    site = np.concatenate([np.searchsorted(sites, part["sites"][part["container_site"]]) for part in parts])
    sums = np.concatenate([part["container_sums"].astype(np.int64) for part in parts])
    unique, first, index = np.unique(keys, return_index=True, return_inverse=True)
    total, largest = np.zeros((len(unique), 2), np.int64), np.zeros((len(unique), 2), np.int64)
    np.add.at(total, index, sums)
    np.maximum.at(largest, index, sums)
    shared = twice[site[first]] > 0
    return {
        "containers": unique,
        "container_site": site[first].astype(np.uint32),
        "container_sums": np.where(shared[:, None], largest, total).astype(np.uint64),
    }


def _texts(parts: Parts) -> Sections:
    keys = np.unique(np.concatenate([part["text_keys"] for part in parts]))
    return {"text_keys": keys, **texts_section("text", _chosen(parts, "text_keys", "text", keys))}


def _chosen(parts: Parts, numbers: str, name: str, wanted: Keys) -> list[str]:
    """A text for each of `wanted`; where parts differ the one that is first in the alphabet, whatever their order."""
    found: dict[int, str] = {}
    for part in parts:
        texts = _decoded(part, name, np.arange(len(part[numbers])))
        for number, text in zip(part[numbers].tolist(), texts, strict=True):
            found[number] = min(text, found.get(number, text))
    return [found[number] for number in wanted.tolist()]


def _decoded(part: Mapping[str, NDArray[Any]], name: str, rows: NDArray[np.intp]) -> list[str]:
    ends, data = part[f"{name}_ends"], part[f"{name}_bytes"].tobytes()
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1])) if len(ends) else ends
    return [data[low:high].decode() for low, high in zip(starts[rows].tolist(), ends[rows].tolist(), strict=True)]
