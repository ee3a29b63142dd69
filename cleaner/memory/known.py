"""What a memory knows of the lines of a batch: on how many other pages they stand, the page itself and its like left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Ints, Lines
from cleaner.memory.containers import TWICE
from cleaner.memory.learn import page_numbers
from cleaner.memory.rows import Keys, Rows, rows_of
from cleaner.memory.site_memory import SiteMemory
from cleaner.memory.texts import octets_of


@dataclass(frozen=True, slots=True)
class Same:
    """From which share of its prose on, shown elsewhere, a page is the same as another one, which is no evidence then."""

    copy: float
    """Of a page that was not learned, what any other page shows, with prose of its own below."""
    version: float
    """Of a learned page, what exactly one other page shows, with prose of its own below."""
    whole: float
    """Of either, wherever it stands."""

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> Same:
        """The table `same` of a weights file."""
        return cls(float(table["copy"]), float(table["version"]), float(table["whole"]))


@dataclass(frozen=True, slots=True)
class Known:
    """What a memory knows of the rows of a batch; pages that are no evidence (the page itself, its copy) left out."""

    rows: Rows
    counts: Ints
    """(rows, 5): pages in the head, body, tail, and all, the page itself among them, and the prose below the line on them."""
    pages: Ints
    """Other pages that show the line in this zone."""
    anywhere: Ints
    """Other pages that show it at all."""
    of: Ints
    """Other pages of the site."""
    learned: NDArray[np.bool_]
    """Whether the memory was learned from the row's page too."""
    held: NDArray[np.int64]
    """(rows, 2): the weight of the lines in the row's container on other pages, and of those that recur; 0 for texts."""

    def unique(self) -> NDArray[np.bool_]:
        """Rows that no other page shows in this zone, of sites of which other pages are known."""
        unique: NDArray[np.bool_] = (self.pages == 0) & (self.of > 0)
        return unique


def look_up(
    memory: SiteMemory, lines: Lines, urls: Sequence[str | None], same: Same, containers: Keys | None = None
) -> Known | None:
    """What `memory` knows of the rows of `lines`, whose texts have these URLs, and of the `containers` that hold them, if they
    are given; None where no page's site is known."""
    sites = np.array([memory.find(url) for url in urls], np.int64)
    if not (sites >= 0).any():
        return None
    rows = rows_of(lines)
    counts = _counts(memory, rows, sites)
    own = _learned(memory, rows, urls)
    of = np.where(sites >= 0, memory.sections["site_pages"][sites], 0).astype(np.int32) - own
    doc = lines.doc
    # A page is no evidence against itself, nor is one that it is a copy or another version of.
    less = (own.astype(np.int32) + _repeats(rows, own, counts[:, 3] - own[doc], same))[doc]
    pages = np.maximum(counts[np.arange(len(doc)), rows.zone] - less, 0)
    anywhere = np.maximum(counts[:, 3] - less, 0)
    held = np.zeros((len(doc), 2), np.int64) if containers is None else _held(memory, rows, containers, counts, sites, own)
    return Known(rows, counts, pages, anywhere, np.maximum(of, 0)[doc], own[doc], held)


def _held(
    memory: SiteMemory, rows: Rows, containers: Keys, counts: Ints, sites: NDArray[np.int64], own: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """(rows, 2): the weight of the lines in the row's container on other pages, and of those that recur."""
    from cleaner.kernels import containers as kernel

    sections, many = memory.sections, len(rows.keys)
    out, mine = np.empty((2, many, 2), np.int64)
    slots = np.empty(1 << int(2 * np.diff(rows.first).max(initial=1)).bit_length(), np.int32)
    kernel.look_up(
        containers, rows.keys, np.ascontiguousarray(rows.weight), counts[:, 3] >= max(TWICE, memory.least), sites,
        rows.first, own, sections["sites"], sections["containers"], sections["container_sums"].reshape(-1), slots,
        np.empty(many, np.int32), mine, out,
    )  # fmt: skip
    return out


def _counts(memory: SiteMemory, rows: Rows, sites: NDArray[np.int64]) -> Ints:
    """(rows, 5): pages that show the line in the head, body, tail, and at all, and the prose below it on them."""
    from cleaner.kernels import site_lines as kernel
    from cleaner.kernels.site_counts import COUNTS

    sections = memory.sections
    counts = np.empty((len(rows.keys), COUNTS), np.int32)
    numbers, known = sections["sites"], sections["counts"].reshape(-1)
    kernel.look_up(rows.keys, sites, rows.first, numbers, sections["keys"], known, counts)
    return counts


def _learned(memory: SiteMemory, rows: Rows, urls: Sequence[str | None]) -> NDArray[np.bool_]:
    """Per page: whether the memory was learned from it too."""
    pages = memory.sections["pages"]
    wanted = page_numbers(rows.digests, [octets_of(url) for url in urls])
    if not len(pages):
        return np.zeros(len(wanted), bool)
    found: NDArray[np.bool_] = pages[np.minimum(np.searchsorted(pages, wanted), len(pages) - 1)] == wanted
    return found


def _known_prose(rows: Rows, known: NDArray[np.bool_] | bool = True) -> Ints:
    """Per page: the weight of its prose, or of that on the rows `known`."""
    total = np.zeros(len(rows.keys) + 1, np.int32)
    np.cumsum(rows.weight * (rows.prose & known), out=total[1:])
    weight: Ints = np.diff(total[rows.first])
    return weight


def _repeats(rows: Rows, own: NDArray[np.bool_], others: Ints, same: Same) -> NDArray[np.bool_]:
    """Per page: whether it is a copy of one that was learned, or, if it is its `own` page that was, another version of one.

    What stands below all prose that is on no `others` counts for the whole only: legal notices and the like are most of what
    short pages of a site share, and where two pages are known, all of it is on exactly one other.
    """
    shown = np.where(np.repeat(own, np.diff(rows.first)), others == 1, others > 0)
    total, followed = _known_prose(rows), _followed(rows, rows.prose & (others <= 0))
    repeats: NDArray[np.bool_] = _known_prose(rows, shown & followed) > np.where(own, same.version, same.copy) * total
    repeats |= _known_prose(rows, shown) > same.whole * total
    return repeats


def _followed(rows: Rows, own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Per row: whether one of the rows `own` of its page stands behind it, or its page has none."""
    total = np.zeros(len(own) + 1, np.int64)
    np.cumsum(own, out=total[1:])
    many = np.diff(rows.first)
    behind = np.repeat(total[rows.first[1:]], many) - total[1:]
    followed: NDArray[np.bool_] = (behind > 0) | np.repeat(np.diff(total[rows.first]) == 0, many)
    return followed
