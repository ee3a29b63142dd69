"""Pages that are the same page: equal texts, and texts that share most of their heaviest paragraphs."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.memory.counting import sorted_pairs
from cleaner.memory.rows import Keys

PAGE: Final = np.dtype([("page", "<u8"), ("site", "<u8"), ("digest", "<u8"), ("sketch", "<u8", (8,))])
"""A page as it was read: its number (low bits 0, see `kernels.site_counts.PAGE_BITS`), its site, and what it is compared by."""
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)
SHARED_LEAST: Final = 3
"""Paragraphs that near-duplicates share at least, besides half of those that stand for the shorter one."""
BUCKET: Final = 32
"""A paragraph on more pages than that joins nothing."""
TEMPLATE_SHARE: Final = 4
"""A paragraph on more than a fourth of a site's pages is a part of its template and joins nothing."""
TEMPLATE_LEAST: Final = 3
"""So many pages may share a paragraph however few the site has."""


def ordered(pages: NDArray[np.void]) -> NDArray[np.void]:
    """Pages by site and number, equal ones once: the same for any order of reading."""
    pages = pages[np.lexsort((pages["page"], pages["site"]))]
    same = (pages["page"][1:] == pages["page"][:-1]) & (pages["site"][1:] == pages["site"][:-1])
    if not same.any():
        return pages
    order = np.lexsort((*pages["sketch"].T[::-1], pages["digest"], pages["page"], pages["site"]))
    pages = pages[order]
    fresh = np.ones(len(pages), bool)
    fresh[1:] = pages[1:] != pages[:-1]
    return pages[fresh]


def doubles(pages: NDArray[np.void]) -> tuple[Keys, Keys]:
    """Numbers of pages that count as another one, in order, and for each the page (the smallest) it counts as.

    `pages` are `ordered`; only pages of one site are ever joined.
    """
    number, index = np.unique(pages["page"], return_inverse=True)
    pairs = np.unique(np.concatenate((_equal(pages, index), _similar(pages, index))), axis=0)
    parent = np.arange(len(number))
    for left, right in pairs.tolist():
        a, b = _root(parent, left), _root(parent, right)
        parent[max(a, b)] = min(a, b)
    for node in np.unique(pairs).tolist():
        parent[node] = _root(parent, node)
    moved = np.flatnonzero(parent != np.arange(len(number)))
    return number[moved], number[parent[moved]]


def origins_of(pages: Keys, double: Keys, origin: Keys) -> Keys:
    """The pages that `pages` count as: of those in `double`, which is in order, the `origin`, of others they themselves."""
    if not len(double):
        return pages
    at = np.minimum(np.searchsorted(double, pages), len(double) - 1)
    return np.where(double[at] == pages, origin[at], pages)


def _root(parent: NDArray[np.intp], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = int(parent[node])
    return node


def _equal(pages: NDArray[np.void], index: NDArray[np.intp]) -> NDArray[np.intp]:
    """Pairs of pages of a site with the same lines."""
    order = np.lexsort((index, pages["digest"], pages["site"]))
    site, digest, index = pages["site"][order], pages["digest"][order], index[order]
    same = np.flatnonzero((site[1:] == site[:-1]) & (digest[1:] == digest[:-1]) & (index[1:] != index[:-1]))
    return np.stack((index[same], index[same + 1]), axis=-1)


def _similar(pages: NDArray[np.void], index: NDArray[np.intp]) -> NDArray[np.intp]:
    """Pairs of pages of a site that share enough paragraphs."""
    sizes = np.count_nonzero(pages["sketch"], axis=1)
    if not sizes.any():
        return np.zeros((0, 2), np.intp)
    _, of_site, site_pages = np.unique(pages["site"], return_inverse=True, return_counts=True)
    row = np.repeat(np.arange(len(pages)), sizes)
    # One number for a site's paragraph: equal ones are found by sorting it, with their rows in order.
    key = pages["sketch"][pages["sketch"] != 0] + pages["site"][row] * _ODD
    key, order = sorted_pairs(key, row.astype(np.uint64))
    row = order.astype(np.intp)
    site = of_site[row]
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    lengths = np.diff(np.append(starts, len(row)))
    most = np.maximum(TEMPLATE_LEAST, site_pages[site[starts]] // TEMPLATE_SHARE)
    joins = np.flatnonzero((lengths > 1) & (lengths <= np.minimum(most, BUCKET)))
    found: list[NDArray[np.intp]] = []
    for size in np.unique(lengths[joins]).tolist():
        members = row[starts[joins[lengths[joins] == size]][:, None] + np.arange(size)]
        left, right = np.triu_indices(size, 1)
        found.append(np.stack((members[:, left].ravel(), members[:, right].ravel()), axis=-1))
    if not found:
        return np.zeros((0, 2), np.intp)
    pairs, shared = np.unique(np.concatenate(found), axis=0, return_counts=True)
    smaller = np.minimum(sizes[pairs[:, 0]], sizes[pairs[:, 1]])
    found_pairs: NDArray[np.intp] = index[pairs[(shared >= SHARED_LEAST) & (2 * shared >= smaller)]]
    return found_pairs
