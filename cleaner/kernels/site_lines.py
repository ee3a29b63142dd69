"""Lines as site memory sees them: from code points to keys, and from keys to what a memory knows of them.

Whole numbers only, so results are the same on every machine. A key is a polynomial over the folded code points of a line,
modulo 2**64, mixed; the arithmetic is that of splitmix64's finalizer (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import (
    BRACKET,
    DENSE,
    DROP,
    FOLD_MASK,
    FOLDED_DIGIT,
    FOLDED_SPACE,
    KIND_SHIFT,
    MARK,
    QUOTE,
    SPACE,
    STOP,
    UNKNOWN,
)

HEAD, BODY, TAIL = 0, 1, 2
WINDOW: Final = 96
"""Code points of a line that are read: lines that begin with the same 96 are taken for the same."""
SKETCH: Final = 8
"""Lines of prose that stand for a page when pages are compared."""
WEIGHT, PROSE, ZONE, START, TRAITS = 0, 1, 2, 3, 4
"""What is known of a row besides its key."""

_U64, _U32 = np.uint64, np.uint32
_ROLL: Final = np.uint64(0xD6E8FEB86659FD93)
_MIX_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B: Final = np.uint64(0x94D049BB133111EB)
_GAP_BIT: Final = np.uint64(22)
_PROSE_WEIGHT: Final = 24
_LONG_WEIGHT: Final = 80
_TAIL_ROWS: Final = 12
_SITE_BITS: Final = np.uint64(0xFFFFF << 44)
_OF_LINE: Final = np.uint64(20)


@inner
def _mix(value: Array) -> Array:
    value = (value ^ (value >> _U64(30))) * _MIX_A
    value = (value ^ (value >> _U64(27))) * _MIX_B
    return value ^ (value >> _U64(31))


@inner
def _add(state: Array, last: Array, gap: Array, code: Array) -> tuple[Array, Array, Array]:
    """The polynomial of a line with one more code point, what that folded to, and whether a space stands behind it."""
    char = code & _U32(FOLD_MASK)
    if char == _U32(FOLDED_SPACE):
        gap = _U64(state != _U64(0)) << _GAP_BIT
    elif char == _U32(DROP):
        pass
    elif char == _U32(FOLDED_DIGIT) and last == char:
        gap = _U64(0)  # numbers with nothing but spaces between them are one
    else:
        state = state * _ROLL + (_U64(char) | gap)
        gap, last = _U64(0), _U32(char)
    return state, last, gap


@inner
def _key(codes: Array, start: Number, end: Number) -> Array:
    """The key of a line that begins at `start` in `codes`, of which what stands before `end` is read; 0 where nothing is left."""
    state, last, gap = _U64(0), _U32(0), _U64(0)
    for place in range(start, end):
        state, last, gap = _add(state, last, gap, codes[place])
    return _mix(state) if state != _U64(0) else _U64(0)


@inner
def _write_row(
    key: Array, units: Number, size: Number, ending: Number, before: Number, row: Number, keys: Array, traits: Array
) -> None:
    """Write a row: its key, its weight by the `units` of its beginning, whether it is prose. `ending` and `before` are the
    codes of its last two code points, `size` counts all of them."""
    weight = np.int64(units)
    if size > WINDOW:
        weight = weight * size // WINDOW
    kind = ending >> _U32(KIND_SHIFT)
    if kind == _U32(QUOTE) or kind == _U32(BRACKET):
        kind = before >> _U32(KIND_SHIFT)
    keys[row] = key
    traits[WEIGHT, row] = weight
    traits[PROSE, row] = (weight >= _PROSE_WEIGHT and kind == _U32(STOP)) or weight >= _LONG_WEIGHT


@inner
def _units(codes: Array, start: Number, end: Number) -> Number:
    """Twice the words that begin there, and once the letters of scripts without spaces."""
    if end <= start:
        return 0
    first = codes[start] >> _U32(KIND_SHIFT)
    units = np.int32(2 * (first <= _U32(MARK)) + (first == _U32(DENSE)))
    for place in range(start + 1, end):
        kind, earlier = codes[place] >> _U32(KIND_SHIFT), codes[place - 1] >> _U32(KIND_SHIFT)
        units += np.int32(2 * ((kind <= _U32(MARK)) & (earlier > _U32(MARK))) + (kind == _U32(DENSE)))
    return units


@inner
def _zones(traits: Array, low: Number, high: Number) -> None:
    """Write the zones of a page's rows.

    The head is what stands before the second paragraph, the tail what stands in the second half, among the last twelve
    rows or after the last paragraph; where both claim a row, the half it lies in decides unless a paragraph does.
    """
    count = high - low
    after = 0
    for row in range(low, high):
        after += traits[PROSE, row]
    before = 0
    for row in range(low, high):
        prose = traits[PROSE, row]
        after -= prose
        late = 2 * (row - low) >= count
        if before + prose + after == 0:
            zone = TAIL if late else HEAD
        elif before == 0 and (after > 0 or prose):
            zone = HEAD
        elif after == 0 and not prose:
            zone = TAIL
        elif before < 2 and not late:
            zone = HEAD
        elif late or low + count - row <= _TAIL_ROWS:
            zone = TAIL
        else:
            zone = BODY
        before += prose
        traits[ZONE, row] = zone


@inner
def _sketch(keys: Array, traits: Array, low: Number, high: Number, weights: Array, out: Array) -> None:
    """The keys of a page's heaviest paragraphs, of equally heavy ones the smallest; 0 where there are fewer."""
    out[:] = _U64(0)
    weights[:] = 0
    for row in range(low, high):
        if not traits[PROSE, row] or keys[row] == _U64(0):
            continue
        weight, key = np.int64(traits[WEIGHT, row]), keys[row]
        known = False
        for place in range(SKETCH):
            known |= out[place] == key
        if known:
            continue
        for place in range(SKETCH):
            if weight > weights[place] or (weight == weights[place] and key < out[place]):
                weight, weights[place] = weights[place], weight
                key, out[place] = out[place], key


@inner
def _blank(table: Array, point: Number) -> Number:
    """Whether a code point is white space; one that the table lacks is not, until it is known."""
    return table[point] >> _U32(KIND_SHIFT) == _U32(SPACE)


@inner
def _read_rows(
    points: Array, base: Array, breaks: Array, table: Array, weights: Array,
    keys: Array, traits: Array, first: Array, sketches: Array,
) -> Number:  # fmt: skip
    """The rows of texts that are joined, and closed, by line feeds; `base` says where texts begin,
    `breaks` where lines end.

    `points` are code points of any width; `weights` (`SKETCH` long) is scratch. Fills
    `keys`, `traits`, each text's first row and one more, and its sketch. Gives the number of rows, or -1 where the table
    does not know a code point. Rows are those of `cleaner.document`, weights and prose too but for lines longer than the
    window, where they are estimated from it.
    """
    row, doc, begin = 0, 0, 0
    first[0] = 0
    for line in range(len(breaks)):
        start, end = begin, breaks[line]
        begin = end + 1
        while start < end and _blank(table, points[start]):
            start += 1
        while start < end and _blank(table, points[end - 1]):
            end -= 1
        if start < end:
            size = min(end - start, WINDOW)
            ending, before = table[points[end - 1]], table[points[max(end - 2, start)]]
            unknown = max(ending, before)
            units, letter = _U64(0), _U64(0)
            state, last, gap = _U64(0), _U32(0), _U64(0)
            for place in range(size):
                code = table[points[start + place]]
                unknown = max(unknown, code)
                kind = code >> _U32(KIND_SHIFT)
                in_word = _U64(kind <= _U32(MARK))
                units += ((in_word & ~letter) << _U64(1)) + _U64(kind == _U32(DENSE))
                letter = in_word
                state, last, gap = _add(state, last, gap, code)
            if unknown == _U32(UNKNOWN):
                return -1
            key = _mix(state) if state != _U64(0) else _U64(0)
            _write_row(key, units, end - start, ending, before, row, keys, traits)
            traits[START, row] = start
            row += 1
        while doc < len(base) and (line + 1 == len(breaks) if doc + 1 == len(base) else begin >= base[doc + 1]):
            _zones(traits, first[doc], row)
            _sketch(keys, traits, first[doc], row, weights, sketches[doc])
            doc += 1
            first[doc] = row
    return row


_READ: Final = ("i4[r]", "i8[r]", "u4[r]", "i8[]", "u8[]", "i4[,]", "i4[]", "u8[,]")


@kernel("i8", "u1[r]", *_READ)
def read_1(
    points: Array, base: Array, breaks: Array, table: Array, weights: Array,
    keys: Array, traits: Array, first: Array, sketches: Array,
) -> Number:  # fmt: skip
    """`_read_rows` for code points of one byte."""
    return _read_rows(points, base, breaks, table, weights, keys, traits, first, sketches)


@kernel("i8", "u2[r]", *_READ)
def read_2(
    points: Array, base: Array, breaks: Array, table: Array, weights: Array,
    keys: Array, traits: Array, first: Array, sketches: Array,
) -> Number:  # fmt: skip
    """`_read_rows` for code points of two bytes."""
    return _read_rows(points, base, breaks, table, weights, keys, traits, first, sketches)


@kernel("i8", "u4[r]", *_READ)
def read_4(
    points: Array, base: Array, breaks: Array, table: Array, weights: Array,
    keys: Array, traits: Array, first: Array, sketches: Array,
) -> Number:  # fmt: skip
    """`_read_rows` for code points of four bytes."""
    return _read_rows(points, base, breaks, table, weights, keys, traits, first, sketches)


@kernel("void", "u4[r]", "i4[]", "i4[]", "i4[]", "i4[]", "u8[]", "i4[,]")
def read_known(codes: Array, start: Array, end: Array, weight: Array, first: Array, keys: Array, traits: Array) -> None:
    """The keys and traits of rows that were found already: their `start` and `end` in `codes`, which are all known, and
    their `weight`."""
    for row in range(len(start)):
        low, high = np.int64(start[row]), np.int64(end[row])
        stop = min(high, low + WINDOW)
        units = np.int64(weight[row]) if stop == high else _units(codes, low, stop)
        ending, before = codes[high - 1], codes[max(high - 2, low)]
        _write_row(_key(codes, low, stop), units, high - low, ending, before, row, keys, traits)
        traits[START, row] = low
    for doc in range(len(first) - 1):
        _zones(traits, first[doc], first[doc + 1])


@inner
def _salted(key: Array, site: Array) -> Array:
    return (site & _SITE_BITS) | (_mix(key + site) >> _OF_LINE) | _U64(1)


@kernel("void", "u8[]", "u8[r]", "i4[r]")
def salt(keys: Array, sites: Array, first: Array) -> None:
    """Keys of lines to keys of lines of a site: 20 bits of the site, 44 of both. Lines without a key keep 0."""
    for doc in range(len(sites)):
        for row in range(first[doc], first[doc + 1]):
            if keys[row] != _U64(0):
                keys[row] = _salted(keys[row], sites[doc])


@inner
def _place(table: Array, key: Array, low: Number, high: Number) -> Number:
    """How many of the sorted `table` are smaller than `key`, where it is known to be `low` to `high`."""
    while low < high:
        middle = (low + high) >> 1
        if table[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel("void", "u8[]", "i8[]", "i4[r]", "u8[r]", "u8[r]", "u4[r]", "i4[,]")
def look_up(keys: Array, sites: Array, first: Array, numbers: Array, table: Array, counts: Array, out: Array) -> None:
    """Fill `out` (rows, 4) with the `counts` of lines that `table` holds for their text's site, and 0 for others.

    `sites` are indices into `numbers`, or negative; `keys` are those of lines, not of a site. All lines of a site lie
    together, so the large table is searched once per text, and lines in what few pages of memory hold of the site.
    `counts` is flat.
    """
    for doc in range(len(sites)):
        begin, end = first[doc], first[doc + 1]
        out[begin:end, :] = 0
        if sites[doc] < 0 or begin == end:
            continue
        site = numbers[sites[doc]]
        low = _place(table, site & _SITE_BITS, 0, len(table))
        high = _place(table, site | ~_SITE_BITS, low, len(table))
        for row in range(begin, end):
            if keys[row] == _U64(0):
                continue
            key = _salted(keys[row], site)
            at = _place(table, key, low, high)
            if at < len(table) and table[at] == key:
                for zone in range(4):
                    out[row, zone] = counts[4 * at + zone]
