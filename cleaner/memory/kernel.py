"""The compiled kernels: from code points to the keys of lines, and from sorted keys to counts of pages.

Whole numbers only, so results are the same on every machine. A key is a polynomial over the folded code points of a line,
modulo 2**64, mixed; the arithmetic is that of splitmix64's finalizer (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from cleaner import compiled
from cleaner.compiled import Function, inner
from cleaner.document import BRACKET, DENSE, MARK, QUOTE, SPACE, STOP
from cleaner.memory.signs import KIND_SHIFT, UNKNOWN

Array = Any
_SOURCES: Final = (Path(__file__), Path(__file__).with_name("signs.py"))
_U64, _U32 = np.uint64, np.uint32
_ROLL: Final = _U64(0xD6E8FEB86659FD93)
_MIX_A: Final = _U64(0xBF58476D1CE4E5B9)
_MIX_B: Final = _U64(0x94D049BB133111EB)
_FOLD: Final = _U32(0x1FFFFF)
_FOLDED_SPACE, _FOLDED_DIGIT = _U32(0x20), _U32(0x30)
_GAP_BIT: Final = _U64(22)
_PROSE_WEIGHT: Final = 24
_LONG_WEIGHT: Final = 80
_TAIL_ROWS: Final = 12
HEAD, BODY, TAIL = 0, 1, 2
WINDOW: Final = 96
"""Code points of a line that are read: lines that begin with the same 96 are taken for the same."""
SKETCH: Final = 8
"""Lines of prose that stand for a page when pages are compared."""
PAGE_BITS: Final = 2
"""Low bits of a page number that hold a zone."""


def _kernel(result: str, *parameters: str) -> Callable[[Function], Function]:
    def compile_(function: Function) -> Function:
        with compiled.compiling(_SOURCES) as cached:
            return compiled.kernel(cached, result, *parameters)(function)

    return compile_


@inner
def _mix(value: Array) -> Array:
    value = (value ^ (value >> _U64(30))) * _MIX_A
    value = (value ^ (value >> _U64(27))) * _MIX_B
    return value ^ (value >> _U64(31))


@inner
def _read_line(points: Array, table: Array, start: int, end: int, row: int, keys: Array, traits: Array) -> bool:
    """Write the row start..end: key, weight, whether it is prose, start. False where the table lacks a code point."""
    line = points[start : min(end, start + WINDOW)]
    state, last, space = _U64(0), _U32(0), _U64(0)
    ending, before = table[points[end - 1]], table[points[max(end - 2, start)]]
    units, letter, unknown = _U64(0), _U64(0), max(ending, before)
    for place in range(len(line)):
        code = table[line[place]]
        unknown = max(unknown, code)
        kind = code >> _U32(KIND_SHIFT)
        in_word = _U64(kind <= _U32(MARK))
        units += ((in_word & ~letter) << _U64(1)) + _U64(kind == _U32(DENSE))
        letter = in_word
        char = code & _FOLD
        if char == _FOLDED_SPACE:
            space = _U64(state != _U64(0)) << _GAP_BIT
        elif char == _U32(0):
            pass
        elif char == _FOLDED_DIGIT and last == char:
            space = _U64(0)  # numbers with nothing but spaces between them are one
        else:
            state = state * _ROLL + (_U64(char) | space)
            space, last = _U64(0), char
    if unknown == _U32(UNKNOWN):
        return False
    weight = np.int64(units)
    if end - start > WINDOW:
        weight = weight * (end - start) // WINDOW
    kind = ending >> _U32(KIND_SHIFT)
    if kind == _U32(QUOTE) or kind == _U32(BRACKET):
        kind = before >> _U32(KIND_SHIFT)
    keys[row] = _mix(state) if state != _U64(0) else _U64(0)
    traits[row, 0], traits[row, 3] = weight, start
    traits[row, 1] = (weight >= _PROSE_WEIGHT and kind == _U32(STOP)) or weight >= _LONG_WEIGHT
    return True


@inner
def _zones(traits: Array, low: int, high: int) -> None:
    """Write the zones of a page's rows.

    The head is what stands before the second paragraph, the tail what stands in the second half, among the last twelve
    rows or after the last paragraph; where both claim a row, the half it lies in decides unless a paragraph does.
    """
    count = high - low
    after = 0
    for row in range(low, high):
        after += traits[row, 1]
    before = 0
    for row in range(low, high):
        prose = traits[row, 1]
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
        traits[row, 2] = zone


@inner
def _sketch(keys: Array, traits: Array, low: int, high: int, out: Array) -> None:
    """The keys of a page's heaviest paragraphs, of equally heavy ones the smallest; 0 where there are fewer."""
    out[:] = _U64(0)
    weights = np.zeros(SKETCH, np.int64)
    for row in range(low, high):
        if not traits[row, 1] or keys[row] == _U64(0):
            continue
        weight, key = np.int64(traits[row, 0]), keys[row]
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
def _blank(table: Array, point: Array) -> bool:
    """Whether a code point is white space; one that the table lacks is, until it is known."""
    return table[point] >> _U32(KIND_SHIFT) == _U32(SPACE)


@inner
def _read_rows(
    points: Array, base: Array, breaks: Array, table: Array, keys: Array, traits: Array, first: Array, sketches: Array
) -> int:
    """The rows of texts that are joined, and closed, by line feeds; `base` says where texts begin, `breaks` lines end.

    `points` are code points of any width. Fills `keys`, `traits` (weight, prose, zone, start), each text's first row and
    one more, and its sketch. Gives the number of rows, or -1 where the table does not know a code point. Rows are those of
    `cleaner.document`, weights and prose too but for lines longer than the window, where they are estimated from it.
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
            if not _read_line(points, table, start, end, row, keys, traits):
                return -1
            row += 1
        while doc < len(base) and (line + 1 == len(breaks) if doc + 1 == len(base) else begin >= base[doc + 1]):
            _zones(traits, first[doc], row)
            _sketch(keys, traits, first[doc], row, sketches[doc])
            doc += 1
            first[doc] = row
    return row


def _reader(width: str) -> Function:
    @_kernel("i8", f"{width}[r]", "i4[r]", "i8[r]", "u4[r]", "u8[]", "i4[,]", "i4[]", "u8[,]")
    def read(
        points: Array, base: Array, breaks: Array, table: Array, keys: Array, traits: Array, first: Array, sketches: Array
    ) -> int:
        return _read_rows(points, base, breaks, table, keys, traits, first, sketches)

    return read


read_rows: Final = {np.dtype(width): _reader(width) for width in ("u1", "u2", "u4")}
"""`_read_rows` for code points of one, two and four bytes."""


@_kernel("void", "u8[]", "u8[r]", "i4[r]")
def salt(keys: Array, sites: Array, first: Array) -> None:
    """Keys of lines to keys of lines of a site: 20 bits of the site, 44 of both. Lines without a key keep 0."""
    for doc in range(len(sites)):
        top = sites[doc] & (_U64(0xFFFFF) << _U64(44))
        for row in range(first[doc], first[doc + 1]):
            if keys[row] != _U64(0):
                keys[row] = top | (_mix(keys[row] + sites[doc]) >> _U64(20)) | _U64(1)


@_kernel("i8", "u8[r]", "u8[r]", "u8[r]", "u8[r]", "i8", "u8[]", "u8[]", "u4[,]")
def count_pages(
    keys: Array, pages: Array, doubles: Array, origins: Array, least: int, out: Array, witness: Array, counts: Array
) -> int:
    """Per key on at least `least` different pages: the key, one of the pages, and pages in the head, body, tail, and all.

    `keys` is sorted; `pages` hold a zone in their low bits. Page `doubles[i]` (sorted) counts as page `origins[i]`.
    """
    made = 0
    start = 0
    seen = np.empty(64, np.uint64)
    while start < len(keys):
        stop = start + 1
        while stop < len(keys) and keys[stop] == keys[start]:
            stop += 1
        size = stop - start
        if size >= least:
            if size > len(seen):
                seen = np.empty(2 * size, np.uint64)
            for index in range(size):
                page = pages[start + index]
                if len(doubles):
                    zone = page & _U64(3)
                    at = np.searchsorted(doubles, page - zone)
                    if at < len(doubles) and doubles[at] == page - zone:
                        page = origins[at] + zone
                seen[index] = page
            ordered = np.sort(seen[:size])
            counts[made, :] = 0
            before = _U64(3)
            for index in range(size):
                page = ordered[index]
                if index and page == ordered[index - 1]:
                    continue
                counts[made, np.int64(page & _U64(3))] += _U32(1)
                if before != page >> _U64(PAGE_BITS) or index == 0:
                    counts[made, 3] += _U32(1)
                before = page >> _U64(PAGE_BITS)
            if counts[made, 3] >= least:
                out[made] = keys[start]
                witness[made] = ordered[0] >> _U64(PAGE_BITS) << _U64(PAGE_BITS)
                made += 1
        start = stop
    return made
