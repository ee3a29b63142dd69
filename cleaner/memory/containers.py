"""Containers of a site: how much its pages have in each, and how much of that recurs.

A box of the site, "most read" say, holds lines that other pages show too, today's at least; what it holds on a page that
nobody has seen yet is still the box's. The body of the articles holds lines that hardly ever recur.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.memory.counting import Counts, by_key
from cleaner.memory.learn import Held
from cleaner.memory.rows import Keys

TWICE: Final = 2
"""A line on so many pages recurs."""
_AT_ONCE: Final = 1 << 20


class Tallies(NamedTuple):
    """Containers in order, the site of each, and (n, 2) the weight of its lines, page by page, and of those that recur."""

    containers: Keys
    sites: Keys
    sums: NDArray[np.int64]


NO_TALLIES: Final = Tallies(np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros((0, 2), np.int64))


def distinct(held: Held) -> Held:
    """Each line of a page once in each container."""
    if not len(held.lines):
        return held
    order = np.lexsort((held.weights, held.pages, held.containers, held.lines))
    held = held.take(order)
    fresh = np.ones(len(order), bool)
    fresh[1:] = np.any([column[1:] != column[:-1] for column in held[:3]], axis=0)
    return held.take(fresh)


def recurring(lines: Keys, keys: Keys, counts: Counts) -> NDArray[np.bool_]:
    """Which of `lines` are among the sorted `keys`, with `counts` of several pages."""
    if not len(keys):
        return np.zeros(len(lines), bool)
    at = np.minimum(np.searchsorted(keys, lines), len(keys) - 1)
    recur: NDArray[np.bool_] = (keys[at] == lines) & (counts[at, 3] >= TWICE)
    return recur


def tallied(containers: Keys, sites: Keys, weights: NDArray[Any], recur: NDArray[np.bool_]) -> Tallies:
    """The tallies of lines in containers, by what they weigh together and whether they recur."""
    sums = np.stack((weights, weights * recur), axis=-1).astype(np.int64)
    return _sorted_sums(*by_key(containers.copy(), sites, sums)) if len(sums) else NO_TALLIES


def _sorted_sums(containers: Keys, sites: Keys, sums: NDArray[np.int64]) -> Tallies:
    firsts = np.flatnonzero(np.diff(containers, prepend=np.uint64(0)))  # no container is 0
    return Tallies(containers[firsts], sites[firsts], np.add.reduceat(sums, firsts, axis=0))


def added(parts: Iterable[Tallies]) -> Tallies:
    """All tallies in one; what is held meanwhile is about as large as that."""
    total, held, rows = NO_TALLIES, [NO_TALLIES], 0
    for part in parts:
        held.append(part)
        rows += len(part.containers)
        if rows > max(_AT_ONCE, len(total.containers)):
            total, held, rows = _joined([total, *held]), [NO_TALLIES], 0
    return _joined([total, *held])


def _joined(parts: Sequence[Tallies]) -> Tallies:
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return _sorted_sums(*by_key(*columns)) if len(columns[0]) else NO_TALLIES


def told(tallies: Tallies, least: int) -> Tallies:
    """Those a memory keeps: where something recurs, and all of them where it keeps lines on one page, too (`least` 1)."""
    stay = tallies.sums[:, 1] >= (least >= TWICE)
    return Tallies(tallies.containers[stay], tallies.sites[stay], tallies.sums[stay])


def sections_of(tallies: Tallies, sites: Keys) -> dict[str, NDArray[Any]]:
    """The sections of a memory whose sites are `sites`."""
    return {
        "containers": tallies.containers,
        "container_site": np.searchsorted(sites, tallies.sites).astype(np.uint32),
        "container_sums": tallies.sums.astype(np.uint64),
    }
