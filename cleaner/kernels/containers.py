"""Containers: the elements around a line, by their tags and classes, and what a site's memory knows of each."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.site_lines import SITE_BITS, lower_bound, mix, salted

LEVELS: Final = 5
"""Elements that make a container: the block around the line and those around that. Part of what a memory file means, as the
next number is, so not among the weights."""
ALL, RECURRING = 0, 1
"""Columns of what a container holds: the weight of its lines, page by page, and of those that recur."""
MOST: Final = 600
"""What a line weighs at most: a page in one line is not worth a thousand headlines."""
_U64: Final = np.uint64
_STEP: Final = np.uint64(0x9E3779B97F4A7C15)


@kernel("void", "i4[]", "i4[]", "u4[]", "u8[]")
def of_blocks(block: Array, parent: Array, signature: Array, out: Array) -> None:
    """Fill `out` with the container of each line: its block, and who is whose `parent`, by their `signature`. Never 0."""
    for line in range(len(block)):
        element, state = block[line], _U64(0)
        for _ in range(LEVELS):
            state = mix((state + _U64(signature[element])) * _STEP)
            element = parent[element]
        out[line] = state | _U64(1)


@inner
def _weight(weights: Array, row: Number) -> Number:
    return min(max(weights[row], 1), MOST)


@kernel("i8", "u8[r]", "u8[r]", "i4[]", "i4[r]", "u8[r]", "u8[r]", "u8[]", "u8[]", "u8[]", "u4[]")
def held(
    containers: Array, keys: Array, weights: Array, first: Array, sites: Array, pages: Array, out: Array, around: Array,
    shown: Array, heavy: Array,
) -> Number:  # fmt: skip
    """Lines as they are counted by container: in `out` the key of line and site, in `around` that of container and site, in
    `shown` the page, in `heavy` what the line weighs.

    `containers` (0: none), `keys` (0: none) and `weights` are per row; `sites` and `pages` per text. Gives how many there are.
    """
    made = 0
    for doc in range(len(sites)):
        for row in range(first[doc], first[doc + 1]):
            if keys[row] != _U64(0) and containers[row] != _U64(0):
                out[made] = salted(keys[row], sites[doc])
                around[made] = salted(containers[row], sites[doc])
                shown[made] = pages[doc]
                heavy[made] = np.uint32(_weight(weights, row))
                made += 1
    return made


@inner
def _slot(slots: Array, mask: Array, containers: Array, keys: Array, row: Number, whole: Number) -> Number:
    """Where in `slots` the first row with the same container (and, for `whole`, the same key) stands or goes."""
    state = containers[row]
    if whole:
        state += keys[row] * _STEP
    at = mix(state) & mask
    while slots[at] >= 0:
        other = slots[at]
        if containers[other] == containers[row] and (not whole or keys[other] == keys[row]):
            return at
        at = (at + _U64(1)) & mask
    return at


@inner
def _own(
    containers: Array, keys: Array, weights: Array, recurs: Array, low: Number, high: Number, slots: Array, owner: Array,
    sums: Array,
) -> None:  # fmt: skip
    """Fill `sums[owner[row]]` with what a page itself adds to what each row's container holds: a line once.

    `slots` is scratch with a power of two of places, more than twice the rows.
    """
    mask = _U64(len(slots) - 1)
    slots[:] = -1
    for row in range(low, high):
        at = _slot(slots, mask, containers, keys, row, False)
        if slots[at] < 0:
            slots[at] = row
            sums[row, ALL] = sums[row, RECURRING] = 0
        owner[row] = slots[at]
    slots[:] = -1
    for row in range(low, high):
        at = _slot(slots, mask, containers, keys, row, True)
        if slots[at] < 0:
            slots[at] = row
            if keys[row] != _U64(0):
                weight = _weight(weights, row)
                sums[owner[row], ALL] += weight
                sums[owner[row], RECURRING] += weight * recurs[row]


@kernel(
    "void", "u8[]", "u8[r]", "i4[]", "b1[r]", "i8[]", "i4[r]", "b1[]", "u8[r]", "u8[r]", "u8[r]", "i4[]", "i4[]", "i8[,]",
    "i8[,]",
)  # fmt: skip
def look_up(
    containers: Array, keys: Array, weights: Array, recurs: Array, sites: Array, first: Array, own: Array, numbers: Array,
    table: Array, sums: Array, slots: Array, owner: Array, mine: Array, out: Array,
) -> None:  # fmt: skip
    """Fill `out` (rows, 2) with what each row's container holds on the other pages of its site: the weight of all lines, and
    of recurring ones.

    `containers` (0: none), `keys`, `weights` and whether the line `recurs` are per row; of pages that are `own` the sums
    hold their own lines, which are taken off. `table` has the containers in order, with `sums`, flat. `slots` (a power of two
    of places, more than twice the rows of a page), `owner` and `mine` (rows, 2) are scratch.
    """
    for doc in range(len(sites)):
        low, high = first[doc], first[doc + 1]
        out[low:high, :] = 0
        if sites[doc] < 0 or low == high:
            continue
        site = numbers[sites[doc]]
        begin = lower_bound(table, site & SITE_BITS, 0, len(table))
        end = lower_bound(table, site | ~SITE_BITS, begin, len(table))
        if begin == end:
            continue
        if own[doc]:
            _own(containers, keys, weights, recurs, low, high, slots, owner, mine)
        for row in range(low, high):
            if containers[row] == _U64(0):
                continue
            if row > low and containers[row] == containers[row - 1]:
                out[row, ALL], out[row, RECURRING] = out[row - 1, ALL], out[row - 1, RECURRING]
                continue
            key = salted(containers[row], site)
            at = lower_bound(table, key, begin, end)
            if at < len(table) and table[at] == key:
                for column in range(2):
                    less = mine[owner[row], column] if own[doc] else np.int64(0)
                    out[row, column] = max(np.int64(sums[2 * at + column]) - less, 0)
