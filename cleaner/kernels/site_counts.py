"""Counting on how many pages lines stand: pairs of line and page are sorted, and those of a line are looked at together."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel

ZONE_BITS: Final = 2
PAGE_BITS: Final = 6
"""Low bits of a page number that hold the place of a line: its zone, and in the other bits how much prose stands below it."""
ALL, BELOW, COUNTS = 3, 4, 5
"""Columns of counts behind those of the zones: all pages, and the prose below the line on each of them, added up."""
_U64, _U32 = np.uint64, np.uint32
_DIGIT: Final = np.uint64(255)
_BITS: Final = 8
PASSES: Final = 8


@kernel("i8", "u8[]", "u8[]", "u8[]", "u8[]", "i8[,]")
def sort_pairs(keys: Array, pages: Array, other_keys: Array, other_pages: Array, places: Array) -> Number:
    """Sort pairs by their keys, digit by digit; gives whether they are in the other arrays in the end.

    `places` (`PASSES`, 256) is scratch.
    """
    count = len(keys)
    places[:, :] = 0
    for row in range(count):
        key = keys[_U64(row)]
        for turn in range(PASSES):
            places[_U64(turn), key & _DIGIT] += 1
            key >>= _U64(_BITS)
    moved = False
    for turn in range(PASSES if count > 1 else 0):
        place, shift = places[turn], _U64(_BITS * turn)
        if place[keys[0] >> shift & _DIGIT] == count:
            continue
        before = 0
        for digit in range(256):
            before, place[digit] = before + place[digit], before
        for row in range(count):
            key = keys[_U64(row)]
            digit = key >> shift & _DIGIT
            at = _U64(place[digit])
            place[digit] += 1
            other_keys[at], other_pages[at] = key, pages[_U64(row)]
        keys, other_keys = other_keys, keys
        pages, other_pages = other_pages, pages
        moved = not moved
    return moved


@inner
def _sort(values: Array, count: Number) -> None:
    """Sort values[:count]: few mostly, so by insertion, over shrinking gaps where there are more (Tokuda 1992)."""
    gap = 1
    while 9 * gap < 4 * count:
        gap = 9 * gap // 4 + 1
    while gap:
        for index in range(gap, count):
            value, at = values[index], index
            while at >= gap and values[at - gap] > value:
                values[at] = values[at - gap]
                at -= gap
            values[at] = value
        gap = 4 * gap // 9


@inner
def _origin(page: Array, doubles: Array, origins: Array, places: Array, shift: Array) -> Array:
    """The page that a page (with a place) counts as."""
    place = page & _U64((1 << PAGE_BITS) - 1)
    number = page ^ place
    at = places[number >> shift]
    while at < len(doubles) and doubles[at] < number:
        at += 1
    return origins[at] | place if at < len(doubles) and doubles[at] == number else page


@kernel("i8", "u8[r]", "u8[r]", "u8[r]", "u8[r]", "i8[r]", "i8", "i8", "u8[]", "u8[]", "u8[]", "u4[,]")
def count_pages(
    keys: Array, pages: Array, doubles: Array, origins: Array, places: Array, shift: Number, least: Number, seen: Array,
    out: Array, witness: Array, counts: Array,
) -> Number:  # fmt: skip
    """Per key on at least `least` different pages: the key, one of the pages, and its `COUNTS`: pages in the head, body, tail,
    and all, and the prose below, of a page with several such lines below the last one.

    `keys` is sorted; `pages` hold a place in their low bits. Page `doubles[i]` (sorted) counts as page `origins[i]`;
    `places[n]` is the first of those whose number, shifted by `shift`, is at least n. `seen` is scratch, as long as `keys`.
    """
    made, start = 0, 0
    top = _U64(shift)
    while start < len(keys):
        key, stop = keys[start], start + 1
        while stop < len(keys) and keys[stop] == key:
            stop += 1
        size = stop - start
        if size >= least:
            for index in range(size):
                page = pages[start + index]
                seen[index] = _origin(page, doubles, origins, places, top) if len(doubles) else page
            _sort(seen, size)
            counts[made, :] = _U32(0)
            zones = 0
            for index in range(size):
                page = seen[index]
                if index == 0 or (page ^ seen[index - 1]) >> _U64(PAGE_BITS):
                    zones = 0
                    counts[made, ALL] += _U32(1)
                    counts[made, BELOW] += _U32((page & _U64((1 << PAGE_BITS) - 1)) >> _U64(ZONE_BITS))
                zone = np.int64(page & _U64((1 << ZONE_BITS) - 1))
                if not zones >> zone & 1:
                    zones |= 1 << zone
                    counts[made, zone] += _U32(1)
            if counts[made, ALL] >= least:
                out[made] = key
                witness[made] = seen[0] >> _U64(PAGE_BITS) << _U64(PAGE_BITS)
                made += 1
        start = stop
    return made
