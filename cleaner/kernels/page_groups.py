"""Which lines and which elements of pages are likewise: cards of a list, posts of a thread."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel

_CLIMB: Final = 9
"""How many levels above its block a row looks for likewise siblings."""
_FEW: Final = 3
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_ODD: Final = np.uint64(0xD6E8FEB86659FD93)
_LONG: Final = 60
"""Twice the words of a line beyond which it weighs no more among likewise ones."""
_CERTAIN: Final = 4096
"""Log-odds times 1024 beyond which a line is no surer among likewise ones."""


def slots(count: int) -> int:
    """The size of a table for so many keys, a power of two: less than half of it is ever taken."""
    return max(16, 2 << (count - 1).bit_length()) if count else 16


@inner
def place_of(keys: Array, owner: Array, key: Number) -> Number:
    """The place of a key in an open table, or the free one (its `owner` is below 0) where it belongs."""
    mask = np.uint64(len(keys) - 1)
    mixed = (key ^ (key >> np.uint64(32))) * _ODD
    place = (mixed >> np.uint64(20)) & mask
    while owner[place] >= 0 and keys[place] != key:
        place = (place + np.uint64(1)) & mask
    return place


@inner
def _number(keys: Array, owner: Array, key: Number, fresh: Number) -> Number:
    """The number of a key in such a table: the one it has, or `fresh`, which it then gets."""
    place = place_of(keys, owner, key)
    if owner[place] < 0:
        keys[place], owner[place] = key, fresh
    return np.int64(owner[place])


@kernel("void", "i4[]", "i4[]", "u1[]", "u4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "u8[]", "i4[]", "i8[,]",
        "i4[]", "i4[]", "i4[]", "i8[]", "i8[]")  # fmt: skip
def find_groups(
    first: Array, doc: Array, tag: Array, signature: Array, parent: Array, begin: Array, end: Array, leaf: Array,
    block: Array, chars: Array, keys: Array, owner: Array, sums: Array, path: Array, item: Array, level: Array, group: Array,
    counts: Array,
) -> None:  # fmt: skip
    """Which rows and elements are likewise.

    `path` gets a number per row, equal for rows of one page in likewise elements; `group` one per element, equal for
    siblings of one tag and the same classes, the last for those without rows; `item` the element around each row that is
    one of most likewise siblings, `level` how far above the row's block it is; `counts` how many paths and groups there are.
    Scratch: `keys` and `owner`, a table for as many keys as there are rows or elements, and `sums` (3, the same and one).
    """
    rows, elements = len(leaf), len(parent)
    owner[:] = -1
    paths = 0
    for row in range(rows):
        key = np.uint64(doc[row])
        element = leaf[row]
        for step in range(5):
            key = (key * _MIX) ^ np.uint64(signature[element])
            element = block[row] if step == 0 else parent[element]
        path[row] = _number(keys, owner, key, paths)
        paths += path[row] == paths
    total, members, mass = sums[0], sums[1], sums[2]
    total[0] = 0
    for row in range(rows):
        total[row + 1] = total[row] + chars[row]
    owner[:] = -1
    groups = 0
    for element in range(elements):
        if end[element] <= begin[element]:
            group[element] = -1
            continue
        key = (np.uint64(parent[element]) << np.uint64(32)) | np.uint64(signature[element])
        number = _number(keys, owner, key, groups)
        if number == groups:
            members[number] = mass[number] = 0
            groups += 1
        group[element] = number
        members[number] += 1
        mass[number] += total[end[element]] - total[begin[element]]
    for number in range(groups):
        if members[number] < _FEW:
            mass[number] = 0
    mass[groups] = 0
    for element in range(elements):
        if group[element] < 0:
            group[element] = groups
    for row in range(rows):
        element = best = block[row]
        at = 0
        for step in range(1, _CLIMB):
            element = parent[element]
            if mass[group[element]] > mass[group[best]]:
                best, at = element, step
        item[row], level[row] = best, at
    counts[0], counts[1] = paths, groups + 1


@kernel("void", "i4[]", "i4[]", "i4[]", "i8", "i8[,]", "i4[]")
def agree(path: Array, weight: Array, odds: Array, share: Number, alike: Array, out: Array) -> None:
    """Draw the `odds` of each row towards the mean of the likewise ones (those of its `path`), by `share` of 1024.

    Long lines say no more than `_LONG`, and none more than `_CERTAIN`. `alike` (paths, 2) is scratch.
    """
    alike[:, :] = 0
    for row in range(len(odds)):
        size = min(max(weight[row], 1), _LONG)
        alike[path[row], 0] += size
        alike[path[row], 1] += size * min(max(np.int64(odds[row]), -_CERTAIN), _CERTAIN)
    for row in range(len(odds)):
        own = min(max(np.int64(odds[row]), -_CERTAIN), _CERTAIN)
        mean = alike[path[row], 1] // alike[path[row], 0]
        out[row] = odds[row] + ((mean - own) * share >> 10)
