"""What rules say of a page's lines, and what tells lists of things from menus and filters: fields, pictures, links and prices
of likewise lines and siblings."""

from __future__ import annotations

from typing import Final

from cleaner.kernels.base import Array, kernel
from cleaner.kernels.kinds import FAR
from cleaner.kernels.measures import around, cap, ratio
from cleaner.kernels.page_repeats import PRICE_WORDS

_FIRM: Final = 2


@kernel("void", "i4[]", "u1[,]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "u1[]", "u1[r]", "i8[r]", "i8[,]",
        "i8[,]", "u1[,]")  # fmt: skip
def votes(
    first: Array, level: Array, covered: Array, path: Array, chars: Array, block: Array, parent: Array, begin: Array,
    end: Array, tag: Array, levels: Array, announcing: Array, sums: Array, alike: Array, out: Array,
) -> None:  # fmt: skip
    """What rules say of lines, of the lines around them, of likewise ones, and of the heading above.

    `level` is (classes, lines), `covered` in 64 steps, `announcing` names the classes that count for a heading.
    `sums` and `alike` are scratch.
    """
    classes, rows = level.shape
    voted, said, total = sums[0], sums[1], sums[2]
    voted[0], said[0], total[0] = 0, 0, 0
    alike[:, :2] = 0
    strongest = out[classes]
    strongest[:] = 0
    for column in range(classes):
        for row in range(rows):
            value = level[column, row]
            out[column, row] = value
            strongest[row] = max(strongest[row], value)
    for row in range(rows):
        total[row + 1] = total[row] + chars[row]
        voted[row + 1] = voted[row] + (strongest[row] > 0)
        said[row + 1] = said[row] + (chars[row] if strongest[row] else 0)
        alike[path[row], 0] += 1
        alike[path[row], 1] += strongest[row] > 0
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        heading = since = -1
        for row in range(low, high):
            at = classes
            out[at + 1, row] = covered[row]
            out[at + 2, row] = cap(around(voted, row, low, high, 2))
            out[at + 3, row] = cap(around(voted, row, low, high, 6))
            out[at + 4, row] = ratio(alike[path[row], 1], alike[path[row], 0], 64)
            out[at + 5, row] = cap(row - since) if since >= 0 else FAR
            element = parent[block[row]]
            for step in range(2):
                a, b = max(begin[element], low), min(end[element], high)
                out[at + 6 + step, row] = ratio(said[b] - said[a], total[b] - total[a], 64)
                element = parent[element]
            at += 8
            for column in announcing:
                out[at, row] = level[column, heading] if heading >= 0 else 0
                at += 1
            if levels[tag[block[row]]] > 0:
                heading = row
            if strongest[row] >= _FIRM:
                since = row


@kernel("void", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i8[]", "i4[]", "i4[]", "i4[]",
        "u1[]", "u1[r]", "u1[,]", "i8[r]", "i8[,]", "i8[,]", "i8[,]", "u1[,]")  # fmt: skip
def lists(
    first: Array, chars: Array, links: Array, block: Array, images: Array, inputs: Array, words: Array, path: Array,
    item: Array, group: Array, parent: Array, begin: Array, end: Array, tag: Array, levels: Array, values: Array, flags: Array,
    sums: Array, alike: Array, of_group: Array, out: Array,
) -> None:  # fmt: skip
    """Fields, pictures, links, prices and headings of likewise lines and siblings, and where those begin and end.

    `flags` are the rows of `values` that say: it has a digit, it has a sign, it ends in a bracket.
    `sums`, `alike` and `of_group` are scratch.
    """
    rows = len(chars)
    digit, sign, closed = values[flags[0]], values[flags[1]], values[flags[2]]
    fields, pictures = sums[0], sums[1]
    fields[0], pictures[0] = 0, 0
    alike[:, :5] = 0
    of_group[:, :] = 0
    for row in range(rows):
        fields[row + 1] = fields[row] + inputs[row]
        pictures[row + 1] = pictures[row] + images[row]
        bracket = digit[row] > 0 and closed[row] > 0
        price = digit[row] > 0 and sign[row] > 0 and words[row] < PRICE_WORDS
        same = alike[path[row]]
        same[0] += 1
        same[1] += inputs[row]
        same[2] += images[row]
        same[3] += bracket
        same[4] += price
        element = item[row]
        number = group[element]
        found = of_group[number]
        if found[8] == 0:
            found[9] = row
        if row == begin[element]:
            size = end[element] - begin[element]
            found[0] += 1
            found[1] += size
            found[2] += size * size
        found[3] += chars[row]
        found[4] += links[row]
        found[5] += price
        found[6] += levels[tag[block[row]]] > 0
        found[7] += inputs[row]
        found[8] = row + 1
    for page in range(len(first) - 1):
        low, high = first[page], first[page + 1]
        top = low
        for row in range(low, high):
            if levels[tag[block[row]]] == 6:
                top = row
                break
        for row in range(low, high):
            same = alike[path[row]]
            number = group[item[row]]
            found = of_group[number]
            members = max(found[0], 1)
            out[0, row] = cap(inputs[row])
            out[1, row] = cap(around(fields, row, low, high, 4))
            out[2, row] = ratio(same[1], same[0], 64)
            element = parent[block[row]]
            for step in range(2):
                a, b = max(begin[element], low), min(end[element], high)
                out[3 + step, row] = ratio(fields[b] - fields[a], b - a, 64)
                out[5 + step, row] = ratio(pictures[b] - pictures[a], b - a, 64)
                element = parent[element]
            out[7, row] = cap(images[row])
            out[8, row] = ratio(same[2], same[0], 64)
            out[9, row] = ratio(same[3], same[0], 64)
            out[10, row] = ratio(same[4], same[0], 64)
            out[11, row] = ratio(found[4], members, 8)
            out[12, row] = ratio(found[5], members, 8)
            out[13, row] = ratio(found[6], members, 8)
            out[14, row] = ratio(found[7], members, 8)
            out[15, row] = ratio(found[1] * found[1], members * found[2], 64)
            out[16, row] = cap(max(of_group[number, 9] - top, 0))
            out[17, row] = ratio(of_group[number, 9] - low, high - low, 128)
            out[18, row] = ratio(found[8] - of_group[number, 9], high - low, 128)
            out[19, row] = cap(row - top) if row >= top else FAR
            out[20, row] = row < top
