"""The compiled part of reading a page: from the bytes of its body to tags, elements and lines.

Import this inside functions: it brings numba along. Every kernel fills arrays that its caller made.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from cleaner import compiled
from cleaner.compiled import Function, inner

Array = Any
"""A numpy array inside compiled code, where its element's type is the compiler's business."""
_FILES: Final = ("kernel.py", "measure_kernel.py", "repeat_kernel.py", "list_kernel.py")
_SOURCES: Final = [Path(__file__).with_name(name) for name in _FILES]


def kernel(result: str, *parameters: str) -> Callable[[Function], Function]:
    """`compiled.kernel`, kept with the other kernels of this folder."""

    def compile_(function: Function) -> Function:
        with compiled.compiling(_SOURCES) as cached:
            return compiled.kernel(cached, result, *parameters)(function)

    return compile_


VOID, OPEN, CLOSE = 0, 1, 2
INLINE_FLOW, BLOCK_FLOW, CELL_FLOW, BREAK_FLOW, VOID_FLOW, GONE_FLOW, OTHER_FLOW = range(7)
BALANCED, UNBALANCED = 0, 1
_NO_SPACE, _SPACE, _CELL, _LINE = 0, 1, 2, 3
_LT, _GT, _QUOTE, _SLASH, _DASH, _AMP = ord("<"), ord(">"), ord('"'), ord("/"), ord("-"), ord("&")
_HARD_LIMIT = 256
_CLIMB = 64
HIDING = 3
"""The first so many of the telling attributes hide elements: `style`, `hidden`, `aria-hidden`."""
_DISPLAY, _NONE, _TRUE, _HIDDEN, _VISIBILITY = (
    np.frombuffer(word, np.uint8) for word in (b"display:", b"none", b"true", b"hidden", b"visibility:")
)
_PLAIN = np.ones(256, np.bool_)
"""Bytes of text that are neither white space nor may begin one."""
_PLAIN[: 33] = False
_PLAIN[[127, _AMP]] = False
_LINES = 1 << BLOCK_FLOW | 1 << BREAK_FLOW | 1 << OTHER_FLOW


@inner
def _is_at(data: Array, at: int, end: int, word: Array) -> bool:
    """Whether `word` stands at `at`."""
    if at + len(word) > end:
        return False
    for step in range(len(word)):
        if data[at + step] != word[step]:
            return False
    return True


@inner
def _says(data: Array, at: int, end: int, name: Array, value: Array) -> bool:
    """Whether a property of that name, with its colon, stands at `at` and has that value."""
    if not _is_at(data, at, end, name):
        return False
    at += len(name)
    while at < end and data[at] == 32:
        at += 1
    return _is_at(data, at, end, value)


@inner
def _hides(data: Array, begin: int, end: int, which: int) -> bool:
    """Whether the value of the attribute `style`, `hidden` or `aria-hidden` hides its element."""
    if which:
        length = end - begin
        return (
            length == 0
            or (length == 4 and _is_at(data, begin, end, _TRUE))
            or (length == 6 and _is_at(data, begin, end, _HIDDEN))
        )
    for at in range(begin, end - 11):
        if data[at] == _DISPLAY[0] and _says(data, at, end, _DISPLAY, _NONE):
            return True
        free = at == begin or data[at - 1] != _DASH  # backface-visibility hides nothing
        if free and data[at] == _VISIBILITY[0] and _says(data, at, end, _VISIBILITY, _HIDDEN):
            return True
    return False


@inner
def slot_of(key: int, slots: int) -> int:
    """Where a tag's key is looked for first in a table of so many places, a power of two."""
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)) & (slots - 1)


@kernel(
    "i8", "u1[r]", "u8[r]", "u1[r]", "u1[r]", "i8", "u8[r]", "u1[r]", "i4[]", "i4[]", "u1[]", "u1[]", "i4[]", "i4[]",
    "i4[]", "i4[]", "i4[]", "i4[]", "u1[]", "i4[]", "i4[]", "i4[]", "i8[]",
)  # fmt: skip
def scan(
    data: Array, keys: Array, numbers: Array, flows: Array, custom: int, endings: Array, widths: Array, left: Array,
    right: Array, number: Array, kind: Array, own: Array, around: Array, start: Array, stop: Array, parent: Array,
    name_element: Array, name_ending: Array, name_begin: Array, name_end: Array, stack: Array, found: Array,
) -> int:  # fmt: skip
    """Tags, elements and telling attributes of `data`: how many of each in `found`; whether all is balanced.

    `keys` has the first eight bytes of known tag names from `slot_of` each on, 0 between, `numbers` their numbers,
    `endings` the last `widths`
    bytes of attribute names with the quote after them. The arrays after these are filled: per tag its first and last
    byte, number, kind, its own element and the one around what follows; per element its start and end tag and its parent; per
    attribute its element, which ending it has, and where its value stands.
    """
    size = len(data)
    tags = elements = names = depth = 0
    i = 0
    while i < size:
        if data[i] != _LT:
            i += 1
            continue
        here = i
        mark = data[i + 1] if i + 1 < size else 0
        if mark == 33 or mark == 63:  # <! and <?
            comment = mark == 33 and i + 3 < size and data[i + 2] == _DASH and data[i + 3] == _DASH
            j = i + 4 if comment else i + 1
            while j < size:
                if data[j] == _GT and (not comment or (data[j - 1] == _DASH and data[j - 2] == _DASH)):
                    break
                j += 1
            left[tags], right[tags], number[tags], kind[tags], own[tags] = here, min(j, size - 1), 0, VOID, 0
            around[tags] = stack[depth - 1] if depth else 0
            tags += 1
            i = j + 1
            continue
        closing = mark == _SLASH
        j = i + 2 if closing else i + 1
        key = np.uint64(0)
        shift = 0
        dashed = False
        while j < size and data[j] != 32 and data[j] != _GT:
            if shift < 64:
                key |= np.uint64(data[j]) << np.uint64(shift)
                shift += 8
            dashed |= data[j] == _DASH
            j += 1
        place = slot_of(key, len(keys))
        while keys[place] != key and keys[place] != np.uint64(0):
            place = (place + 1) & (len(keys) - 1)
        tag = numbers[place] if keys[place] == key else (custom if dashed else 0)
        flow = flows[tag]
        hollow = BREAK_FLOW <= flow <= VOID_FLOW
        if closing:
            while j < size and data[j] != _GT:
                j += 1
            if depth == 0:
                return UNBALANCED
            depth -= 1
            element = stack[depth]
            stop[element] = tags
            left[tags], right[tags], number[tags], kind[tags], own[tags] = here, j, tag, CLOSE, element
            around[tags] = parent[element]
        else:
            while j < size and data[j] != _GT:
                if data[j] == _QUOTE:
                    begin = j + 1
                    k = begin
                    while k < size and data[k] != _QUOTE and data[k] != _GT:
                        k += 1
                    if k >= size or data[k] == _GT:
                        j = k
                        break
                    if not hollow:
                        window = np.uint64(0)
                        for step in range(8):
                            window |= np.uint64(data[j - 7 + step]) << np.uint64(8 * step)
                        for which in range(len(endings)):
                            if window >> np.uint64(64 - 8 * widths[which]) == endings[which]:
                                if which >= HIDING or _hides(data, begin, k, which):
                                    name_element[names], name_ending[names] = elements, which
                                    name_begin[names], name_end[names] = begin, k
                                    names += 1
                                break
                    j = k
                j += 1
            left[tags], right[tags], number[tags] = here, j, tag
            if hollow:
                kind[tags], own[tags] = VOID, 0
                around[tags] = stack[depth - 1] if depth else 0
            else:
                kind[tags], own[tags] = OPEN, elements
                parent[elements] = stack[depth - 1] if depth else 0
                start[elements], around[tags] = tags, elements
                stack[depth] = elements
                depth += 1
                elements += 1
        tags += 1
        i = j + 1
    found[0], found[1], found[2] = tags, elements, names
    return BALANCED if depth == 0 and elements else UNBALANCED


@inner
def _count(
    number: Array, kind: Array, start: Array, stop: Array, parent: Array, around: Array, flows: Array, link_tag: int,
    counted: Array, at: Array, lines: int, counts: Array, first: Array, last: Array, block: Array,
) -> None:  # fmt: skip
    """What `assemble` says of lines and elements beyond the text."""
    tags, elements = len(number), len(start)
    for line in range(lines):
        for column in range(counts.shape[0]):
            counts[column, line] = 0
    before = np.zeros(tags + 1, np.int32)
    line = 0
    for t in range(tags):
        before[t] = line
        while line < lines and at[line] <= t:
            line += 1
        if line and kind[t] == OPEN and number[t] == link_tag:
            counts[0, line - 1] += 1
        nearest = before[t]
        if nearest < lines:
            for column in range(len(counted)):
                if number[t] == counted[column] and kind[t] == VOID:
                    counts[column + 1, nearest] += 1
    for e in range(elements):
        first[e], last[e] = before[start[e]], before[stop[e]]
    for line in range(lines):
        e = around[at[line]]
        for _ in range(_CLIMB):
            if e == 0 or flows[number[start[e]]] != INLINE_FLOW:
                break
            e = parent[e]
        block[line] = e


@inner
def _is_no_break_space(data: Array, at: int) -> bool:
    """Whether `&nbsp;` stands at `at`."""
    return bool(
        data[at + 1] == 110
        and data[at + 2] == 98
        and data[at + 3] == 115
        and data[at + 4] == 112
        and data[at + 5] == 59
    )


@inner
def _is_line(flow: int) -> bool:
    """Whether an element of this flow parts lines."""
    return bool((_LINES >> flow) & 1)


@kernel(
    "i8", "u1[r]", "i4[]", "i4[]", "u1[]", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "u1[r]", "b1[]", "i8", "i8",
    "u1[r]", "i8", "u1[r]", "u1[r]", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[,]", "i4[]", "i4[]", "i4[]", "i8[]",
)  # fmt: skip
def assemble(
    data: Array, left: Array, right: Array, number: Array, kind: Array, own: Array, around: Array, start: Array,
    stop: Array, parent: Array, flows: Array, gone: Array, row_tag: int, row_limit: int, pre_tags: Array, link_tag: int,
    strong_tags: Array, counted: Array, out: Array, at: Array, chars: Array, linked: Array, strong: Array,
    counts: Array, first: Array, last: Array, block: Array, found: Array,
) -> int:  # fmt: skip
    """The text of the page, its length in `found`, and its lines: answers how many.

    `gone` tells per element whether its text is none of the page's, `pre_tags` and `strong_tags` per tag number whether
    text is preformatted or stands out, `counted` are the numbers of three tags that are counted per line: images,
    fields, breaks. Filled: `out` the text; per line the tag before it, its bytes without white space, those in links
    and those that stand out, the counts (links first) and the block around it; per element its first and last line.
    """
    size, tags, elements = len(data), len(left), len(start)
    joined = np.zeros(elements, np.uint8)
    breaks = np.zeros(tags + 1, np.int32)
    for t in range(tags):
        flow = flows[number[t]]
        breaks[t + 1] = breaks[t] + (1 if _is_line(flow) else 0)
    for e in range(elements):
        if flows[number[start[e]]] == CELL_FLOW:
            row = parent[e]
            a, b = start[row], stop[row]
            if number[a] == row_tag and breaks[b] == breaks[a + 1] and left[b] - left[a] < row_limit:
                joined[e] = 1
    length = 0
    lines = 0
    missing = 0
    links = 0
    bold = 0
    pre = 0
    pending = _LINE
    before = 0
    hard = np.zeros(_HARD_LIMIT, np.uint8)
    hards = 0
    for t in range(tags):
        tag = number[t]
        flow = flows[tag]
        step = 1 if kind[t] == OPEN else (-1 if kind[t] == CLOSE else 0)
        if step or tag:
            before = t  # not a comment, which stands nowhere
        if step:
            missing += step if gone[own[t]] else 0
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
            pending = max(pending, _CELL) if joined[own[t]] else _LINE
        i = right[t] + 1
        end = left[t + 1] if t + 1 < tags else size
        while i < end:
            char = data[i]
            wide = 1
            space = char < 33 or char == 127
            if char == _AMP and i + 5 < end and _is_no_break_space(data, i):
                space = True
                wide = 6
                char = np.uint8(32)
            i += wide
            if space:
                if pre and char == 10:
                    pending = _LINE
                    hards = 0
                elif pre and (char == 32 or char == 9):
                    if hards < _HARD_LIMIT:
                        hard[hards] = char
                        hards += 1
                else:
                    pending = max(pending, _SPACE)
                continue
            if pending == _LINE:
                if lines:
                    out[length] = 10
                    length += 1
                at[lines] = before
                chars[lines] = linked[lines] = strong[lines] = 0
                lines += 1
            elif pending:
                out[length] = 9 if pending == _CELL else 32
                length += 1
            pending = _NO_SPACE
            line = lines - 1
            for k in range(hards):
                out[length] = hard[k]
                length += 1
            weight = 1 + hards
            hards = 0
            out[length] = char
            length += 1
            while i < end and _PLAIN[data[i]]:
                out[length] = data[i]
                length += 1
                i += 1
                weight += 1
            chars[line] += weight
            if links > 0:
                linked[line] += weight
            if bold > 0:
                strong[line] += weight
    _count(number, kind, start, stop, parent, around, flows, link_tag, counted, at, lines, counts, first, last, block)
    found[0] = length
    return lines


@kernel("void", "u8[]", "i4[]", "i4[]", "i4[r]", "i4[]")
def innermost(bits: Array, first: Array, last: Array, of_group: Array, out: Array) -> None:
    """Per line: what the innermost element around it answers with: `of_group` of the first of its groups that has an
    answer (not -1), else what the elements around it answer."""
    out[:] = -1
    for element in range(len(bits)):  # in document order, so that inner elements come after outer ones
        if bits[element] == 0 or first[element] >= last[element]:
            continue
        for group in range(len(of_group)):
            if of_group[group] >= 0 and (bits[element] >> np.uint64(group)) & np.uint64(1):
                out[first[element] : last[element]] = of_group[group]
                break
