"""From the tags and elements of a page to its text, and to its lines and what each of them has."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import DIGIT, LOWER, UPPER
from cleaner.kernels.octets import HIGHS, ONES, first_hit, hits_of, octets, put_octets
from cleaner.kernels.page_tags import (
    BLOCK_FLOW,
    BREAK_FLOW,
    CELL_FLOW,
    CLOSE,
    GONE_FLOW,
    INLINE_FLOW,
    OPEN,
    OTHER_FLOW,
    VOID,
)  # fmt: skip

LEAF, BLOCK, CHARS, LINKED, STRONG, LINKS, COUNTED = range(7)
"""What is told of lines, in the rows of `columns`; from `COUNTED` on the tags that are counted."""
SPACES: Final = 256
"""So many spaces of preformatted text stay at most between two words."""
_NO_SPACE, _SPACE, _CELL, _LINE = 0, 1, 2, 3
_APART, _CLOSED, _TOUCHING = 0, 1, 2
"""What parts text from that before it, where no white space does: anything else, ends of inline elements, starts after such."""
_NONE: Final = 255
"""The kind of what is neither a letter nor a digit."""
_AMP, _LT, _GT, _SEMICOLON = ord("&"), ord("<"), ord(">"), ord(";")
_A, _G, _L, _M, _P, _T = (ord(letter) for letter in "aglmpt")
_CLIMB: Final = 64
"""How many elements above a line are asked at most for the one that is its block."""
_PLAIN = np.ones(256, np.bool_)
"""Bytes of text that are neither white space nor may begin one."""
_PLAIN[: 33] = False
_PLAIN[[127, _AMP]] = False
_SPACES, _ALL_DELETE, _ALL_AMP = (np.uint64(mark) * ONES for mark in (32, 127, _AMP))
_ABOVE_SPACE: Final = np.uint64(33) * ONES
KIND_BLOCKS: Final = ((0, 0x600), (0x1E00, 0x2000))
"""The code points whose kinds are told, one range behind the other: Latin with what Vietnamese adds, Greek, Cyrillic and what
lies between. Scripts beyond have no capitals that tell where a word begins."""
_FIRST: Final = KIND_BLOCKS[0][1]
_SECOND, _END = KIND_BLOCKS[1]
_LETTERS: Final = 3
"""So many letters on either side of where inline elements touch are looked at."""
_WORDY: Final = 20
"""Bytes from which on the text of a hidden inline element that is alone on its line is read, as that of a block is."""
_LINES: Final = 1 << BLOCK_FLOW | 1 << BREAK_FLOW | 1 << OTHER_FLOW


@inner
def _is_no_break_space(data: Array, at: Number) -> Number:
    """Whether `&nbsp;` stands at `at`."""
    return (
        data[at + 1] == 110
        and data[at + 2] == 98
        and data[at + 3] == 115
        and data[at + 4] == 112
        and data[at + 5] == 59
    )


@inner
def _unescaped(data: Array, at: Number, end: Number) -> tuple[Number, Number]:
    """The sign that the parser writes as what begins at `at` with `&`, and how many bytes that is."""
    if at + 3 < end and data[at + 2] == _T and data[at + 3] == _SEMICOLON:
        if data[at + 1] == _L:
            return np.uint8(_LT), 4
        if data[at + 1] == _G:
            return np.uint8(_GT), 4
    if at + 4 < end and data[at + 1] == _A and data[at + 2] == _M and data[at + 3] == _P and data[at + 4] == _SEMICOLON:
        return np.uint8(_AMP), 5
    return np.uint8(_AMP), 1


@inner
def _after_spaces(data: Array, at: Number, end: Number) -> Number:
    """Where the white space that stands at `at`, if any, ends."""
    while at + 8 <= end and octets(data, at) == _SPACES:
        at += 8
    while at < end and (data[at] < 33 or data[at] == 127):
        at += 1
    return at


@inner
def _copy_word(data: Array, at: Number, end: Number, out: Array, to: Number) -> Number:
    """Copy bytes that neither are nor may begin white space; how many. What is behind them in `out` may be overwritten."""
    begin = at
    while at + 8 <= end and to + 8 <= len(out):
        word = octets(data, at)
        put_octets(out, to, word)
        hits = ((word - _ABOVE_SPACE) & ~word & HIGHS) | hits_of(word, _ALL_DELETE) | hits_of(word, _ALL_AMP)
        if hits:
            return at + first_hit(hits) - begin
        at += 8
        to += 8
    while at < end and _PLAIN[data[at]]:
        out[to] = data[at]
        at += 1
        to += 1
    return at - begin


@inner
def _kind_at(data: Array, at: Number, end: Number, kinds: Array) -> tuple[Number, Number]:
    """The kind of the letter or digit that stands at `at`, or `_NONE`, and its bytes; of scripts that `KIND_BLOCKS` has."""
    char = np.int64(data[at])
    wide = 1
    if 0xC2 <= char < 0xE0 and at + 1 < end:
        char = (char & 31) << 6 | np.int64(data[at + 1]) & 63
        wide = 2
    elif char == 0xE1 and at + 2 < end:
        char = (char & 15) << 12 | (np.int64(data[at + 1]) & 63) << 6 | np.int64(data[at + 2]) & 63
        wide = 3
    elif char >= 128:
        return np.int64(_NONE), 1
    if char >= _SECOND:
        char = char - _SECOND + _FIRST if char < _END else np.int64(-1)
    elif char >= _FIRST:
        char = np.int64(-1)
    kind = np.int64(kinds[char]) if char >= 0 else np.int64(_NONE)
    return kind if kind == LOWER or kind == UPPER or kind == DIGIT else np.int64(_NONE), wide


@inner
def _word_before(out: Array, begin: Number, end: Number, kinds: Array) -> tuple[Number, Number]:
    """The kind of the last letter of `out[begin:end]`, and how many letters and digits it ends with."""
    last, many, at = np.int64(_NONE), 0, end
    while at > begin and many < _LETTERS:
        at -= 1
        while at > begin and (out[at] & 0xC0) == 0x80:
            at -= 1
        kind, _ = _kind_at(out, at, end, kinds)
        if kind == _NONE:
            break
        if not many:
            last = kind
        many += 1
    return last, many


@inner
def _word_behind(data: Array, at: Number, end: Number, kinds: Array) -> tuple[Number, Number]:
    """The kind of the letter at `at`, and how many letters and digits stand from there on."""
    first, many = np.int64(_NONE), 0
    while at < end and many < _LETTERS:
        kind, wide = _kind_at(data, at, end, kinds)
        if kind == _NONE:
            break
        if not many:
            first = kind
        many += 1
        at += wide
    return first, many


@inner
def _are_two_words(
    out: Array, begin: Number, length: Number, data: Array, at: Number, end: Number, kinds: Array
) -> Number:  # fmt: skip
    """Whether `out[begin:length]` and what stands at `at`, texts of two inline elements that touch, are of two words, by the
    letters on both sides.

    Tags, dates and counts that a style sets apart are; initials, ordinals and letters set one by one are not.
    `benchmarks/reading.py` counts both on labelled pages.
    """
    last, before = _word_before(out, begin, length, kinds)
    first, behind = _word_behind(data, at, end, kinds)
    if last == DIGIT and first == DIGIT:
        return before + behind > 2
    if first == UPPER and last == UPPER:
        return before > 1 and behind > 1
    if first == UPPER:
        return last == DIGIT or (last == LOWER and before > 1)
    if first == DIGIT:
        return last != _NONE and before > 1
    return first == LOWER and last == LOWER and before >= _LETTERS and behind >= _LETTERS


@inner
def _is_alone(t: Number, stop: Number, left: Array, right: Array, number: Array, flows: Array) -> Number:
    """Whether an element with the tags `t` and `stop`, on a line that has not begun, holds nothing but much text and is all of
    its line."""
    if stop != t + 1 or stop + 1 >= len(left) or left[stop] - right[t] <= _WORDY:
        return False
    return left[stop + 1] == right[stop] + 1 and _is_line(flows[number[stop + 1]]) != 0


@inner
def _count_breaks(number: Array, flows: Array, breaks: Array) -> None:
    """How many tags part lines before each tag."""
    breaks[0] = 0
    for t in range(len(number)):
        breaks[t + 1] = breaks[t] + _is_line(flows[number[t]])


@inner
def _is_line(flow: Number) -> Number:
    """Whether an element of this flow parts lines."""
    return (_LINES >> flow) & 1


@inner
def _block_of(element: Number, tag_of: Array, parent: Array, flows: Array) -> Number:
    """The innermost element from this one on upwards that is not inline."""
    for _ in range(_CLIMB):
        if element == 0 or flows[tag_of[element]] != INLINE_FLOW:
            break
        element = parent[element]
    return element


@inner
def _is_joined(
    cell: Number, tag_of: Array, start: Array, stop: Array, parent: Array, left: Array, breaks: Array, row_tag: Number,
    limit: Number,
) -> Number:  # fmt: skip
    """Whether a cell stands in a row of words: nothing in the row parts lines, and it is short."""
    row = parent[cell]
    begin, end = start[row], stop[row]
    return tag_of[row] == row_tag and breaks[end] == breaks[begin + 1] and left[end] - left[begin] < limit


@kernel(
    "i8", "u1[r]", "i4[]", "i4[]", "u1[]", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "u1[]", "b1[]", "u1[r]", "i8", "i8",
    "i8", "u1[r]", "i8", "u1[r]", "u1[r]", "u1[r]", "i4[]", "i8[]", "u1[]", "u1[]", "i4[,]", "i4[]", "i4[]", "i8[]",
)  # fmt: skip
def assemble(
    data: Array, left: Array, right: Array, number: Array, kind: Array, own: Array, around: Array, start: Array,
    stop: Array, parent: Array, tag_of: Array, hidden: Array, flows: Array, skipped: Number, row_tag: Number,
    row_limit: Number, pre_tags: Array, link_tag: Number, strong_tags: Array, counted: Array, kinds: Array, breaks: Array,
    counts: Array, spaces: Array, out: Array, columns: Array, first: Array, last: Array, found: Array,
) -> Number:  # fmt: skip
    """The text of the page, its length in `found`, and its lines: answers how many.

    The first arrays are what `scan` filled. `skipped` is the number of the tag whose text is left out, -1 for none,
    `pre_tags` and `strong_tags` tell per tag number whether text is preformatted or stands out, `counted` are the numbers of
    tags that are counted per line, `kinds` has the kinds of the code points of `KIND_BLOCKS`. Filled: `out` the text, `columns`
    what each line has, see `LEAF`: the elements around it, its bytes without white space as the parser writes them, those in
    links and those that stand out, the links that begin in it, and the counted tags since the line before; per element its
    first and last line. `out` and `columns` have room for a line after each tag and each line feed of preformatted text.
    Scratch: `breaks` (tags + 1), `counts` one per counted tag, and `SPACES`.
    """
    size, tags = len(data), len(left)
    counted_breaks = False
    counts[:] = 0
    length = lines = missing = links = bold = pre = hards = 0
    pending = _LINE
    begun = False
    touch, chunk, alone = _APART, 0, -1
    for t in range(tags):
        tag = number[t]
        flow = flows[tag]
        if tag or kind[t] != VOID:  # no comment, which stands nowhere
            if begun and lines:
                columns[LINKS, lines - 1] += 1
            begun = kind[t] == OPEN and tag == link_tag
        if kind[t] == OPEN:
            first[own[t]] = lines
        elif kind[t] == CLOSE:
            last[own[t]] = lines
        else:
            for column in range(len(counted)):
                counts[column] += tag == counted[column]
        if kind[t] != VOID:
            step = 1 if kind[t] == OPEN else -1
            mine = tag_of[own[t]]
            gone = flows[mine] == GONE_FLOW or mine == skipped
            if flows[mine] == INLINE_FLOW:
                touch = (_TOUCHING if touch else _APART) if kind[t] == OPEN else max(touch, _CLOSED)
                if hidden[own[t]]:
                    gone = alone != own[t]
                    if kind[t] == OPEN and pending == _LINE and _is_alone(t, stop[own[t]], left, right, number, flows):
                        alone, gone = own[t], False
            missing += step if gone else 0
            links += step if tag == link_tag else 0
            bold += step if strong_tags[tag] else 0
            pre += step if pre_tags[tag] else 0
        if missing:
            continue
        if _is_line(flow):
            pending = _LINE
            hards = 0
        elif flow == CELL_FLOW:
            hards = 0
            if not counted_breaks:
                _count_breaks(number, flows, breaks)
                counted_breaks = True
            cell = flows[tag_of[own[t]]] == CELL_FLOW
            joined = cell and _is_joined(own[t], tag_of, start, stop, parent, left, breaks, row_tag, row_limit)
            pending = max(pending, _CELL) if joined else _LINE
        i = right[t] + 1
        end = left[t + 1] if t + 1 < tags else size
        begins = True
        while i < end:
            char = data[i]
            wide = 1
            space = char < 33 or char == 127
            if char == _AMP:
                if i + 5 < end and _is_no_break_space(data, i):
                    space = True
                    wide = 6
                    char = np.uint8(32)
                else:
                    char, wide = _unescaped(data, i, end)
            i += wide
            if space:
                if pre and char == 10:
                    pending = _LINE
                    hards = 0
                elif pre and (char == 32 or char == 9):
                    if hards < SPACES:
                        spaces[hards] = char
                        hards += 1
                else:
                    pending = max(pending, _SPACE)
                    if not pre:
                        i = _after_spaces(data, i, end)
                continue
            if touch == _TOUCHING and pending == _NO_SPACE and not pre:
                pending = _SPACE if _are_two_words(out, chunk, length, data, i - wide, end, kinds) else _NO_SPACE
            touch = _APART
            if pending == _LINE:
                if lines:
                    out[length] = 10
                    length += 1
                columns[LEAF, lines] = around[t]
                columns[BLOCK, lines] = _block_of(around[t], tag_of, parent, flows)
                for row in range(CHARS, COUNTED):
                    columns[row, lines] = 0
                for column in range(len(counted)):
                    columns[COUNTED + column, lines] = counts[column]
                    counts[column] = 0
                lines += 1
            elif pending:
                out[length] = 9 if pending == _CELL else 32
                length += 1
            pending = _NO_SPACE
            line = lines - 1
            for k in range(hards):
                out[length] = spaces[k]
                length += 1
            weight = wide + hards
            hards = 0
            if begins:
                begins, chunk = False, length
            out[length] = char
            length += 1
            more = _copy_word(data, i, end, out, length)
            length += more
            i += more
            weight += more
            columns[CHARS, line] += weight
            if links > 0:
                columns[LINKED, line] += weight
            if bold > 0:
                columns[STRONG, line] += weight
    if begun and lines:
        columns[LINKS, lines - 1] += 1
    found[0] = length
    return lines
