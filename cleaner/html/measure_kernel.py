"""Measures of blocks as compiled loops: each fills rows of a matrix (measures, lines) of bytes, in a fixed order.

Import this inside functions: it brings numba along.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.compiled import inner
from cleaner.html.kernel import Array, kernel

_FAR: Final = 255
_LEVELS: Final = 48
"""How many surrounding elements count; pages that nest deeper say nothing more."""
_CLIMB: Final = 9
"""How many levels above its block a row looks for likewise siblings."""
_FEW: Final = 3
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_ODD: Final = np.uint64(0xD6E8FEB86659FD93)
_SCORED: Final = 400
"""Bytes of a line beyond which its score weighs no more."""


@inner
def ratio(part: int, whole: int, steps: int) -> int:
    """`part / whole` in `steps` steps, at most 255."""
    return min(part * steps // max(whole, 1), 255)


@inner
def cap(value: int) -> int:
    """A count or a distance, at most 254."""
    return min(value, 254)


@inner
def log(table: Array, value: int) -> int:
    """The entry of a table of logarithms."""
    return int(table[min(value, 65535)])


@inner
def _slots(count: int) -> int:
    size = 16
    while size < 2 * count:
        size *= 2
    return size


@inner
def _group(keys: Array, owner: Array, key: Array, fresh: int) -> int:
    """The number of a key in an open table: the one it has, or `fresh`, which it then gets."""
    mask = np.uint64(len(keys) - 1)
    mixed = (key ^ (key >> np.uint64(32))) * _ODD
    place = (mixed >> np.uint64(20)) & mask
    while owner[place] >= 0 and keys[place] != key:
        place = (place + np.uint64(1)) & mask
    if owner[place] < 0:
        keys[place], owner[place] = key, fresh
    return int(owner[place])


@inner
def _sums(values: Array, out: Array) -> None:
    """Running sums, one longer than `values`."""
    out[0] = 0
    for row in range(len(values)):
        out[row + 1] = out[row] + values[row]


@kernel("void", "i4[]", "u4[]", "u1[]", "u4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i8[]", "i4[]",
        "i4[]", "i8[]")  # fmt: skip
def find_groups(
    first: Array, doc: Array, tag: Array, signature: Array, parent: Array, begin: Array, end: Array, leaf: Array,
    block: Array, chars: Array, path: Array, counts: Array, item: Array, level: Array, group: Array,
) -> None:  # fmt: skip
    """Which rows and elements are likewise.

    `path` gets a number per row, equal for rows of one page in likewise elements; `group` one per element, equal for
    siblings of one tag and the same classes; `item` the element around each row that is one of most likewise siblings,
    `level` how far above the row's block it is; `counts` how many paths and groups there are.
    """
    rows, elements = len(leaf), len(parent)
    size = _slots(rows)
    keys, owner = np.empty(size, np.uint64), np.full(size, -1, np.int32)
    paths = 0
    for row in range(rows):
        key = np.uint64(doc[row])
        element = leaf[row]
        for step in range(5):
            key = (key * _MIX) ^ np.uint64(signature[element])
            element = block[row] if step == 0 else parent[element]
        path[row] = _group(keys, owner, key, paths)
        paths += path[row] == paths
    total = np.zeros(rows + 1, np.int64)
    _sums(chars, total)
    size = _slots(elements)
    keys, owner = np.empty(size, np.uint64), np.full(size, -1, np.int32)
    groups = 0
    members, mass = np.zeros(elements + 1, np.int64), np.zeros(elements + 1, np.int64)
    for element in range(elements):
        if end[element] <= begin[element]:
            group[element] = elements
            continue
        key = (np.uint64(parent[element]) << np.uint64(32)) | np.uint64(signature[element])
        number = _group(keys, owner, key, groups)
        groups += number == groups
        group[element] = number
        members[number] += 1
        mass[number] += total[end[element]] - total[begin[element]]
    for number in range(groups):
        if members[number] < _FEW:
            mass[number] = 0
    mass[elements] = 0
    for row in range(rows):
        element = best = block[row]
        at = 0
        for step in range(1, _CLIMB):
            element = parent[element]
            if mass[group[element]] > mass[group[best]]:
                best, at = element, step
        item[row], level[row] = best, at
    counts[0], counts[1] = paths, elements + 1


@inner
def _since(event: Array, low: int, high: int, out: Array) -> None:
    """Rows since the last earlier event of the page's rows low..high; far where there is none."""
    last = -1
    for row in range(low, high):
        out[row] = cap(row - last) if last >= 0 else _FAR
        if event[row]:
            last = row


@inner
def _until(event: Array, low: int, high: int, out: Array) -> None:
    """Rows until the next later event; far where there is none."""
    following = -1
    for row in range(high - 1, low - 1, -1):
        out[row] = cap(following - row) if following >= 0 else _FAR
        if event[row]:
            following = row


@inner
def around(total: Array, row: int, low: int, high: int, reach: int) -> int:
    """Sum over the rows at most `reach` away, the row itself left out."""
    begin, end = max(row - reach, low), min(row + reach + 1, high)
    return int(total[end] - total[begin] - (total[row + 1] - total[row]))


@kernel("void", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "u1[r]", "u1[,]")
def text(first: Array, length: Array, weight: Array, dividers: Array, prose: Array, logs: Array, out: Array) -> None:
    """Length and place of each line; `first` is the first row of each page, and the number of rows."""
    rows = len(length)
    total, solid, dense = np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64)
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
            out[2, row] = cap(dividers[row])
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
        _since(prose, low, high, out[14])
        _until(prose, low, high, out[15])


@inner
def _spread_one(flags: Array, bit: int, out: Array) -> None:
    """Per row: whether it has a bit."""
    place = np.uint64(bit)
    for row in range(len(flags)):
        out[row] = np.uint8((flags[row] >> place) & np.uint64(1))


@inner
def _spread(flags: Array, many: int, out: Array) -> None:
    """A row of `out` for each of the first `many` bits; most of them nothing on a page has."""
    known = np.uint64(0)
    for row in range(len(flags)):
        known |= flags[row]
    for bit in range(many):
        if (known >> np.uint64(bit)) & np.uint64(1):
            _spread_one(flags, bit, out[bit])
        else:
            out[bit, :] = 0


@kernel("void", "i4[]", "i4[]", "u1[]", "i4[]", "u8[]", "u8[r]", "u8[r]", "u1[r]", "i8", "i8", "i8", "u1[,]")
def elements(
    leaf: Array, block: Array, tag: Array, parent: Array, bits: Array, kinds: Array, insides: Array, levels: Array,
    groups: int, many_insides: int, many_kinds: int, out: Array,
) -> None:  # fmt: skip
    """What tags and names say: depth, heading, the groups near, middle and far, what is around, block and leaf."""
    rows = len(leaf)
    flags = np.empty((6, rows), np.uint64)  # near, middle, far, inside, kinds of the block and of the leaf
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
    low: int, high: int, chars: Array, linked: Array, prose: Array, block: Array, parent: Array, begin: Array,
    end: Array, tag: Array, holds: Array, mass: Array, out: Array,
) -> None:  # fmt: skip
    """How far each row is from the element that directly holds most of the page's prose."""
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


@kernel("void", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i4[]", "i8", "i4[]", "i4[]", "i4[]", "u1[]", "u1[r]",
        "u1[r]", "u1[r]", "u1[,]")  # fmt: skip
def flow(
    first: Array, chars: Array, linked: Array, strong: Array, links: Array, block: Array, prose: Array, path: Array,
    paths: int, parent: Array, begin: Array, end: Array, tag: Array, levels: Array, holds: Array, logs: Array, out: Array,
) -> None:  # fmt: skip
    """Links, containers, likewise lines, headings and the densest element.

    `holds` tells of tags whose parent holds their text.
    """
    rows = len(chars)
    total, tied, solid = np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64)
    alike = np.zeros((paths, 4), np.int64)
    for row in range(rows):
        dense = chars[row] if prose[row] else 0
        total[row + 1], tied[row + 1] = total[row] + chars[row], tied[row] + linked[row]
        solid[row + 1] = solid[row] + dense
        number = path[row]
        alike[number, 0] += 1
        alike[number, 1] += chars[row]
        alike[number, 2] += linked[row]
        alike[number, 3] += dense
    heading, head = np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    for row in range(rows):
        level = levels[tag[block[row]]]
        heading[row], head[row] = level > 0, level == 6
    mass = np.zeros(len(parent), np.int64)
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
        _since(heading, low, high, out[35])
        _until(heading, low, high, out[36])
        _since(head, low, high, out[39])
        _until(head, low, high, out[40])
        _densest(low, high, chars, linked, prose, block, parent, begin, end, tag, holds, mass, out)


@kernel("void", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i4[]", "i8[]", "i8", "i4[]", "i4[]",
        "u1[]", "u1[r]", "i8", "u1[r]", "u1[,]")  # fmt: skip
def items(
    first: Array, chars: Array, linked: Array, links: Array, block: Array, images: Array, inputs: Array, level: Array,
    prose: Array, item: Array, group: Array, groups: int, begin: Array, end: Array, tag: Array, counted: Array, many: int,
    logs: Array, out: Array,
) -> None:  # fmt: skip
    """Likewise siblings, and what the page consists of.

    `level` is how far each item is above its row's block; `counted` tells per tag which of `many` kinds of element its text
    counts for, 0 for none.
    """
    rows = len(chars)
    sums = np.zeros((groups, 6), np.int64)
    for row in range(rows):
        number = group[item[row]]
        sums[number, 0] += row == begin[item[row]]
        sums[number, 1] += chars[row]
        sums[number, 2] += 1
        sums[number, 3] += linked[row]
        sums[number, 4] += chars[row] if prose[row] else 0
        sums[number, 5] += images[row]
    shares = np.zeros(many, np.int64)
    order = np.zeros(groups, np.int64)
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
            order[number] += row == begin[element]
            out[0, row] = cap(sums[number, 0])
            out[1, row] = log(logs, mass // members)
            out[2, row] = cap(4 * sums[number, 2] // members)
            out[3, row] = ratio(sums[number, 3], mass, 64)
            out[4, row] = ratio(sums[number, 4], mass, 64)
            out[5, row] = ratio(mass, size, 128)
            out[6, row] = cap(8 * sums[number, 5] // members)
            out[7, row] = cap(level[row])
            out[8, row] = cap(order[number])
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


@inner
def _mean(mass: int, size: int) -> int:
    return min(mass // max(size, 1), 255)


@kernel("void", "i4[]", "u1[]", "i4[]", "i4[]", "i4[]", "i8", "i4[]", "i8[]", "i8", "i4[]", "i4[]", "i4[]", "u1[]",
        "u1[r]", "u1[r]", "u1[,]")  # fmt: skip
def second(
    first: Array, score: Array, chars: Array, block: Array, path: Array, paths: int, item: Array, group: Array,
    groups: int, parent: Array, begin: Array, end: Array, tag: Array, levels: Array, logs: Array, out: Array,
) -> None:  # fmt: skip
    """What the first scores of neighbours, containers and likewise rows say."""
    rows = len(score)
    total, sizes, kept = np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64)
    of_path, of_group = np.zeros((paths, 2), np.int64), np.zeros((groups, 2), np.int64)
    high_score = np.zeros(rows, np.bool_)
    for row in range(rows):
        size = min(chars[row], _SCORED)
        mass = np.int64(score[row]) * size
        high_score[row] = score[row] >= 128
        total[row + 1], sizes[row + 1] = total[row] + mass, sizes[row] + size
        kept[row + 1] = kept[row] + (size if high_score[row] else 0)
        of_path[path[row], 0] += mass
        of_path[path[row], 1] += size
        number = group[item[row]]
        of_group[number, 0] += mass
        of_group[number, 1] += size
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        peak = 0
        for row in range(low, high):
            peak = max(peak, score[row])
        above = section = low
        seen = False
        stop = low
        for row in range(low, high):
            if levels[tag[block[row]]] > 0:
                above, section, seen = row, row, True
            if row >= stop:
                stop = row + 1
                while stop < high and levels[tag[block[stop]]] == 0:
                    stop += 1
            mass, size = total[row + 1] - total[row], sizes[row + 1] - sizes[row]
            out[0, row] = score[row]
            out[1, row] = _mean(total[high] - total[low], sizes[high] - sizes[low])
            at = 2
            for step in range(-4, 5):
                if step:
                    other = row + step
                    out[at, row] = score[other] if low <= other < high else 0
                    at += 1
            for reach in (2, 5, 12, 30):
                out[at, row] = _mean(around(total, row, low, high, reach), around(sizes, row, low, high, reach))
                at += 1
            out[14, row] = _mean(total[row] - total[low], sizes[row] - sizes[low])
            out[15, row] = _mean(total[high] - total[row + 1], sizes[high] - sizes[row + 1])
            element = block[row]
            for level in range(4):
                a, b = begin[element], end[element]
                out[16 + level, row] = _mean(total[b] - total[a] - mass, sizes[b] - sizes[a] - size)
                element = parent[element]
            out[20, row] = _mean(of_path[path[row], 0] - mass, of_path[path[row], 1] - size)
            number = group[item[row]]
            out[21, row] = _mean(of_group[number, 0] - mass, of_group[number, 1] - size)
            a, b = begin[item[row]], end[item[row]]
            out[22, row] = _mean(total[b] - total[a] - mass, sizes[b] - sizes[a] - size)
            out[23, row] = peak
            out[26, row] = log(logs, kept[row] - kept[low])
            out[27, row] = log(logs, kept[high] - kept[row + 1])
            out[28, row] = log(logs, kept[high] - kept[low])
            out[29, row] = score[above] if seen else 0
            out[30, row] = _mean(total[stop] - total[section] - mass, sizes[stop] - sizes[section] - size)
        _since(high_score, low, high, out[24])
        _until(high_score, low, high, out[25])
