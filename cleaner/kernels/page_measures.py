"""Measures of a page's lines: their length and place, what tags and names say of them, links, containers and siblings. Each
kernel fills rows of a matrix (measures, lines) of bytes, in the order of `cleaner.html.measures`."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import DIVIDER
from cleaner.kernels.measures import around, cap, log, ratio, since, until

SUMS: Final = 5
MARKS: Final = 2
OF_PATH: Final = 6
OF_GROUP: Final = 10
"""Rows of the scratch that kernels of pages share: running sums and marks per line, numbers per path and per group."""
FLAGS: Final = 6
"""Rows of the scratch of `elements`."""
_LEVELS: Final = 48
"""How many surrounding elements count; pages that nest deeper say nothing more."""


@kernel("void", "i4[]", "i4[]", "i4[]", "i4[,]", "b1[]", "u8[]", "i8", "u1[r]", "i8[,]", "u1[,]", "u1[,]")
def text(
    first: Array, length: Array, weight: Array, counts: Array, prose: Array, signs: Array, many_signs: Number, logs: Array,
    sums: Array, out: Array, shown: Array,
) -> None:  # fmt: skip
    """Length and place of each line, and in `shown` the first `many_signs` bits of its page's `signs`.

    `first` is the first row of each page, and the number of rows. `sums` is scratch.
    """
    rows = len(length)
    total, solid, dense = sums[0], sums[1], sums[2]
    total[0], solid[0], dense[0] = 0, 0, 0
    for row in range(rows):
        total[row + 1] = total[row] + length[row]
        solid[row + 1] = solid[row] + (length[row] if prose[row] else 0)
        dense[row + 1] = dense[row] + (1 if prose[row] else 0)
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        size, all_solid = total[high] - total[low], solid[high] - solid[low]
        for row in range(low, high):
            out[0, row] = log(logs, length[row])
            out[1, row] = log(logs, weight[row])
            out[2, row] = cap(counts[row, DIVIDER])
            out[3, row] = cap(row - low)
            out[4, row] = ratio(total[row] - total[low], size, 128)
            out[5, row] = ratio(row - low, high - low, 128)
            out[6, row] = log(logs, high - low)
            out[7, row] = log(logs, size)
            out[8, row] = 1 if prose[row] else 0
            out[9, row] = ratio(all_solid, size, 128)
            out[10, row] = cap(dense[row] - dense[low])
            out[11, row] = cap(dense[high] - dense[row + 1])
            out[12, row] = ratio(solid[row] - solid[low], all_solid, 128)
            out[13, row] = log(logs, solid[high] - solid[row + 1])
            out[16, row] = log(logs, around(total, row, low, high, 2))
        for sign in range(many_signs):
            shown[sign, low:high] = np.uint8((signs[page] >> np.uint64(sign)) & np.uint64(1))
    since(prose, first, out[14])
    until(prose, first, out[15])


@inner
def _spread_one(flags: Array, bit: Number, out: Array) -> None:
    """Per row: whether it has a bit."""
    place = np.uint64(bit)
    for row in range(len(flags)):
        out[row] = np.uint8((flags[row] >> place) & np.uint64(1))


@inner
def _spread(flags: Array, many: Number, out: Array) -> None:
    """A row of `out` for each of the first `many` bits; most of them nothing on a page has."""
    known = np.uint64(0)
    for row in range(len(flags)):
        known |= flags[row]
    for bit in range(many):
        if (known >> np.uint64(bit)) & np.uint64(1):
            _spread_one(flags, bit, out[bit])
        else:
            out[bit, :] = 0


@kernel("void", "i4[]", "i4[]", "u1[]", "i4[]", "u8[]", "u8[r]", "u8[r]", "u1[r]", "i8", "i8", "i8", "u8[,]", "u1[,]")
def elements(
    leaf: Array, block: Array, tag: Array, parent: Array, bits: Array, kinds: Array, insides: Array, levels: Array,
    groups: Number, many_insides: Number, many_kinds: Number, flags: Array, out: Array,
) -> None:  # fmt: skip
    """What tags and names say: depth, heading, the groups near, middle and far, what is around, block and leaf.

    `flags` (FLAGS, lines) is scratch: the bits of what is near, middle, far and around, of the kinds of block and leaf.
    """
    rows = len(leaf)
    for row in range(rows):
        element = block[row]
        near = bits[leaf[row]] | bits[element]
        inside = insides[tag[leaf[row]]] | insides[tag[element]]
        middle, far = np.uint64(0), np.uint64(0)
        depth = 0
        for level in range(_LEVELS):
            up = parent[element]
            if up != element:
                depth += 1
            element = up
            inside |= insides[tag[element]]
            if level < 2:
                middle |= bits[element]
            else:
                far |= bits[element]
            if parent[element] == element and level >= 2:
                break
        out[0, row] = cap(depth)
        out[1, row] = levels[tag[block[row]]]
        flags[0, row], flags[1, row], flags[2, row], flags[3, row] = near, middle, far, inside
        flags[4, row], flags[5, row] = kinds[tag[block[row]]], kinds[tag[leaf[row]]]
    at = 2
    for names in range(3):
        _spread(flags[names], groups, out[at:])
        _spread_one(flags[names], 63, out[at + groups])
        at += groups + 1
    _spread(flags[3], many_insides, out[at:])
    _spread(flags[4], many_kinds, out[at + many_insides :])
    _spread(flags[5], many_kinds, out[at + many_insides + many_kinds :])


@inner
def _densest(
    low: Number, high: Number, chars: Array, linked: Array, prose: Array, block: Array, parent: Array, begin: Array,
    end: Array, tag: Array, holds: Array, mass: Array, out: Array,
) -> None:  # fmt: skip
    """How far each row is from the element that directly holds most of the page's prose."""
    for row in range(low, high):  # the others are never asked
        mass[parent[block[row]]] = mass[block[row]] = mass[parent[parent[block[row]]]] = 0
    total = 0
    for row in range(low, high):
        weight = max((chars[row] if prose[row] else chars[row] // 16) - linked[row] // 4, 0)
        holder = parent[block[row]] if holds[tag[block[row]]] else block[row]
        mass[holder] += 2 * weight
        mass[parent[holder]] += weight
        total += weight
    centre, most = 0, -1
    for row in range(low, high):
        holder = parent[block[row]] if holds[tag[block[row]]] else block[row]
        if mass[holder] > most:
            centre, most = holder, mass[holder]
    above = parent[centre]
    outer = parent[above]
    for row in range(low, high):
        out[44, row] = 1 if begin[centre] <= row < end[centre] else 0
        out[45, row] = cap(begin[centre] - row) if row < begin[centre] else 0
        out[46, row] = cap(row - end[centre] + 1) if row >= end[centre] else 0
        out[47, row] = 1 if begin[above] <= row < end[above] else 0
        out[48, row] = cap(begin[outer] - row) if row < begin[outer] else 0
        out[49, row] = cap(row - end[outer] + 1) if row >= end[outer] else 0
        child = 0
        element = block[row]
        for level in range(1, 4):
            element = parent[element]
            if element == centre and child == 0:
                child = level
        out[50, row] = child
        out[51, row] = min(128 * most // (2 * max(total, 1)), 255)


@kernel("void", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i4[]", "i4[]", "i4[]", "i4[]", "u1[]", "u1[r]",
        "u1[r]", "u1[r]", "i8[,]", "i8[,]", "b1[,]", "i8[]", "u1[,]")  # fmt: skip
def flow(
    first: Array, chars: Array, linked: Array, strong: Array, links: Array, block: Array, prose: Array, path: Array,
    parent: Array, begin: Array, end: Array, tag: Array, levels: Array, holds: Array, logs: Array, sums: Array, alike: Array,
    marks: Array, mass: Array, out: Array,
) -> None:  # fmt: skip
    """Links, containers, likewise lines, headings and the densest element.

    `holds` tells of tags whose parent holds their text. Scratch: `sums`, `alike`, `marks`, and `mass` per element.
    """
    rows = len(chars)
    total, tied, solid = sums[0], sums[1], sums[2]
    total[0], tied[0], solid[0] = 0, 0, 0
    alike[:, :4] = 0
    for row in range(rows):
        dense = chars[row] if prose[row] else 0
        total[row + 1], tied[row + 1] = total[row] + chars[row], tied[row] + linked[row]
        solid[row + 1] = solid[row] + dense
        number = path[row]
        alike[number, 0] += 1
        alike[number, 1] += chars[row]
        alike[number, 2] += linked[row]
        alike[number, 3] += dense
    heading, head = marks[0], marks[1]
    for row in range(rows):
        level = levels[tag[block[row]]]
        heading[row], head[row] = level > 0, level == 6
    since(heading, first, out[35])
    until(heading, first, out[36])
    since(head, first, out[39])
    until(head, first, out[40])
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        if low == high:
            continue
        size, all_solid = total[high] - total[low], solid[high] - solid[low]
        headings = tops = 0
        for row in range(low, high):
            headings += heading[row]
            tops += head[row]
        above = -1
        tops_before = 0
        for row in range(low, high):
            out[0, row] = ratio(linked[row], chars[row], 64)
            out[1, row] = ratio(strong[row], chars[row], 64)
            out[2, row] = cap(links[row])
            out[3, row] = ratio(tied[high] - tied[low], size, 64)
            out[4, row] = ratio(around(tied, row, low, high, 4), around(total, row, low, high, 4), 64)
            out[5, row] = ratio(around(tied, row, low, high, 12), around(total, row, low, high, 12), 64)
            element = block[row]
            for level in range(4):
                a, b = begin[element], end[element]
                inner_size, inner_solid = total[b] - total[a], solid[b] - solid[a]
                out[6 + level, row] = log(logs, inner_size)
                out[10 + level, row] = cap(b - a)
                out[14 + level, row] = ratio(tied[b] - tied[a], inner_size, 64)
                out[18 + level, row] = ratio(inner_size, size, 128)
                out[22 + level, row] = ratio(inner_solid, inner_size, 64)
                out[26 + level, row] = ratio(inner_solid, all_solid, 128)
                element = parent[element]
            group = alike[path[row]]
            out[30, row] = cap(group[0])
            out[31, row] = log(logs, group[1] // group[0])
            out[32, row] = ratio(group[2], group[1], 64)
            out[33, row] = ratio(group[3], group[1], 64)
            out[34, row] = ratio(group[1], size, 128)
            above = row if heading[row] else above
            out[37, row] = levels[tag[block[above]]] if above >= 0 else 0
            out[38, row] = log(logs, total[row] - total[above]) if above >= 0 else 0
            out[41, row] = cap(headings)
            out[42, row] = cap(tops)
            out[43, row] = cap(tops_before)
            tops_before += head[row]
        _densest(low, high, chars, linked, prose, block, parent, begin, end, tag, holds, mass, out)


@kernel("void", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i4[]", "i8[]", "i4[]", "i4[]",
        "u1[]", "u1[r]", "i8", "u1[r]", "i8[,]", "i8[]", "u1[,]")  # fmt: skip
def items(
    first: Array, chars: Array, linked: Array, links: Array, block: Array, images: Array, inputs: Array, level: Array,
    prose: Array, item: Array, group: Array, begin: Array, end: Array, tag: Array, counted: Array, many: Number,
    logs: Array, sums: Array, shares: Array, out: Array,
) -> None:  # fmt: skip
    """Likewise siblings, and what the page consists of.

    `level` is how far each item is above its row's block; `counted` tells per tag which of `many` kinds of element its text
    counts for, 0 for none. Scratch: `sums` per group, and `shares`, `many` numbers.
    """
    rows = len(chars)
    sums[:, :7] = 0
    for row in range(rows):
        number = group[item[row]]
        sums[number, 0] += row == begin[item[row]]
        sums[number, 1] += chars[row]
        sums[number, 2] += 1
        sums[number, 3] += linked[row]
        sums[number, 4] += chars[row] if prose[row] else 0
        sums[number, 5] += images[row]
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        size = largest = all_images = all_links = all_inputs = all_prose = 0
        shares[:] = 0
        for row in range(low, high):
            size += chars[row]
            largest = max(largest, sums[group[item[row]], 1])
            all_images += images[row]
            all_links += links[row]
            all_inputs += inputs[row]
            all_prose += prose[row]
            if counted[tag[block[row]]]:
                shares[counted[tag[block[row]]] - 1] += chars[row]
        for row in range(low, high):
            element = item[row]
            number = group[element]
            members, mass = max(sums[number, 0], 1), sums[number, 1]
            sums[number, 6] += row == begin[element]
            out[0, row] = cap(sums[number, 0])
            out[1, row] = log(logs, mass // members)
            out[2, row] = cap(4 * sums[number, 2] // members)
            out[3, row] = ratio(sums[number, 3], mass, 64)
            out[4, row] = ratio(sums[number, 4], mass, 64)
            out[5, row] = ratio(mass, size, 128)
            out[6, row] = cap(8 * sums[number, 5] // members)
            out[7, row] = cap(level[row])
            out[8, row] = cap(sums[number, 6])
            out[9, row] = cap(row - begin[element])
            out[10, row] = cap(end[element] - 1 - row)
            out[11, row] = ratio(largest, size, 128)
            out[12, row] = mass == largest
            out[13, row] = log(logs, all_images)
            out[14, row] = log(logs, all_links)
            out[15, row] = cap(all_inputs)
            out[16, row] = cap(all_prose)
            for kind in range(many):
                out[17 + kind, row] = ratio(shares[kind], size, 128)
