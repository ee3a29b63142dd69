"""From the bytes of a page's body, as the parser writes it, to tags, elements and the attributes that tell something."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.octets import ONES, first_hit, hits_of, is_at, octets

VOID, OPEN, CLOSE = 0, 1, 2
"""What a tag is: one that encloses nothing, or one that opens or closes an element."""
BALANCED, UNBALANCED = 0, 1
PASSED: Final = 1 << 7
"""Among what is told of tag numbers: that such a tag is to be passed over like a comment."""
HIDING: Final = 3
"""The first so many of the telling attributes hide elements: `style`, `hidden`, `aria-hidden`."""
INLINE_FLOW, BLOCK_FLOW, CELL_FLOW, BREAK_FLOW, VOID_FLOW, GONE_FLOW, OTHER_FLOW = range(7)
"""As `cleaner.html.tags.Flow`."""
_LT, _GT, _QUOTE, _SLASH, _DASH = ord("<"), ord(">"), ord('"'), ord("/"), ord("-")
_BANG, _ASKS, _SPACE = ord("!"), ord("?"), ord(" ")
_ALL_LT, _ALL_GT, _ALL_QUOTE, _ALL_SPACE = (np.uint64(mark) * ONES for mark in (_LT, _GT, _QUOTE, _SPACE))
_ALL_DASH: Final = np.uint64(_DASH) * ONES
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_DISPLAY, _NONE, _TRUE, _HIDDEN, _VISIBILITY = (
    np.frombuffer(word, np.uint8) for word in (b"display:", b"none", b"true", b"hidden", b"visibility:")
)


@inner
def _says(data: Array, at: Number, end: Number, name: Array, value: Array) -> Number:
    """Whether a property of that name, with its colon, stands at `at` and has that value."""
    if not is_at(data, at, end, name):
        return False
    at += len(name)
    while at < end and data[at] == _SPACE:
        at += 1
    return is_at(data, at, end, value)


@inner
def _hides(data: Array, begin: Number, end: Number, which: Number) -> Number:
    """Whether the value of the attribute `style`, `hidden` or `aria-hidden` hides its element."""
    if which:
        length = end - begin
        return (
            length == 0
            or (length == 4 and is_at(data, begin, end, _TRUE))
            or (length == 6 and is_at(data, begin, end, _HIDDEN))
        )
    for at in range(begin, end - 11):
        if data[at] == _DISPLAY[0] and _says(data, at, end, _DISPLAY, _NONE):
            return True
        free = at == begin or data[at - 1] != _DASH  # backface-visibility hides nothing
        if free and data[at] == _VISIBILITY[0] and _says(data, at, end, _VISIBILITY, _HIDDEN):
            return True
    return False


@inner
def _slot_of(key: Number, slots: Number) -> Number:
    """Where a tag's key is looked for first in a table of so many places, a power of two."""
    return np.int64((np.uint64(key) * _MIX) >> np.uint64(40)) & (slots - 1)


@inner
def _next_tag(data: Array, at: Number) -> Number:
    """Where the first `<` from `at` on stands; the size where there is none."""
    size = len(data)
    while at + 8 <= size:
        hits = hits_of(octets(data, at), _ALL_LT)
        if hits:
            return at + first_hit(hits)
        at += 8
    while at < size and data[at] != _LT:
        at += 1
    return at


@inner
def _next_end(data: Array, at: Number) -> Number:
    """Where the first quote or `>` from `at` on stands; the size where there is none."""
    size = len(data)
    while at + 8 <= size:
        word = octets(data, at)
        hits = hits_of(word, _ALL_QUOTE) | hits_of(word, _ALL_GT)
        if hits:
            return at + first_hit(hits)
        at += 8
    while at < size and data[at] != _QUOTE and data[at] != _GT:
        at += 1
    return at


@inner
def _name_at(data: Array, at: Number) -> tuple[Number, Number, Number]:
    """The first eight bytes of a tag's name that begins at `at`, whether it has a dash, and where it ends."""
    size = len(data)
    key = np.uint64(0)
    dashed = False
    if at + 8 <= size:
        word = octets(data, at)
        hits = hits_of(word, _ALL_SPACE) | hits_of(word, _ALL_GT)
        if hits:
            length = first_hit(hits)
            key = word & ~(~np.uint64(0) << np.uint64(8 * length))
            return key, hits_of(key, _ALL_DASH) != np.uint64(0), at + length
    shift = 0
    while at < size and data[at] != _SPACE and data[at] != _GT:
        if shift < 64:
            key |= np.uint64(data[at]) << np.uint64(shift)
            shift += 8
        dashed |= data[at] == _DASH
        at += 1
    return key, dashed, at


@inner
def _end_of_other(data: Array, at: Number) -> Number:
    """Where a comment or declaration that begins at `at` has its last byte."""
    size = len(data)
    comment = data[at + 1] == _BANG and at + 3 < size and data[at + 2] == _DASH and data[at + 3] == _DASH
    j = at + 4 if comment else at + 1
    while j < size:
        if data[j] == _GT and (not comment or (data[j - 1] == _DASH and data[j - 2] == _DASH)):
            break
        j += 1
    return j


@inner
def _before_value(data: Array, at: Number) -> Number:
    """The eight bytes up to the quote at `at`, that one the highest; zeros before the first."""
    if at >= 7:
        return octets(data, at - 7)
    window = np.uint64(0)
    for place in range(at + 1):
        window |= np.uint64(data[place]) << np.uint64(8 * (7 - at + place))
    return window


@inner
def _ending_of(window: Number, endings: Array, widths: Array) -> Number:
    """Which of the attributes that tell something it is whose name and quote end in `window`; -1 for none."""
    for which in range(len(endings)):
        if window >> np.uint64(64 - 8 * widths[which]) == endings[which]:
            return which
    return -1


@kernel(
    "i8", "u1[r]", "u8[r]", "u1[r]", "u1[r]", "u1[r]", "i8", "u8[r]", "u1[r]", "i4[]", "i4[]", "u1[]", "u1[]", "i4[]", "i4[]",
    "i4[]", "i4[]", "i4[]", "u1[]", "b1[]", "i4[]", "u1[]", "i4[]", "i4[]", "i4[]", "i8[]",
)  # fmt: skip
def scan(
    data: Array, keys: Array, numbers: Array, flows: Array, told: Array, custom: Number, endings: Array, widths: Array,
    left: Array, right: Array, number: Array, kind: Array, own: Array, around: Array, start: Array, stop: Array, parent: Array,
    tag_of: Array, hidden: Array, name_element: Array, name_ending: Array, name_begin: Array, name_end: Array, stack: Array,
    found: Array,
) -> Number:  # fmt: skip
    """Tags, elements and telling attributes of `data`: how many of each in `found`; whether all is balanced.

    `keys` has the first eight bytes of known tag names from `_slot_of` each on, 0 between, `numbers` their numbers; a name with
    a dash has the number `custom`. `told` are bits per tag number, of which `found` gets those of all tags last; with `PASSED`
    among them a tag is taken for a comment. `endings` are the last `widths` bytes of attribute names with the quote after them.
    The arrays after these are filled: per tag its first and last byte, number, kind, its own element and the one around what
    follows; per element its start and end tag, its parent, its tag's number, and whether its own attributes hide it, which
    nothing does with the first; per attribute that does not only hide its element, which ending it has, and where its value
    stands. All of these, and the scratch `stack`, have room for the most tags and values that `data` can hold.
    """
    size = len(data)
    tags = elements = names = depth = 0
    has = np.int64(0)
    i = _next_tag(data, 0)
    while i < size:
        here = i
        mark = data[i + 1] if i + 1 < size else 0
        if mark == _BANG or mark == _ASKS:
            j = _end_of_other(data, here)
            left[tags], right[tags], number[tags], kind[tags], own[tags] = here, min(j, size - 1), 0, VOID, 0
            around[tags] = stack[depth - 1] if depth else 0
            tags += 1
            i = _next_tag(data, j + 1)
            continue
        closing = mark == _SLASH
        key, dashed, j = _name_at(data, i + 2 if closing else i + 1)
        place = _slot_of(key, len(keys))
        while keys[place] != key and keys[place] != np.uint64(0):
            place = (place + 1) & (len(keys) - 1)
        tag = custom if dashed else (numbers[place] if keys[place] == key else 0)
        flow = flows[tag]
        has |= told[tag]
        passed = told[tag] & PASSED
        if closing and not passed:
            while j < size and data[j] != _GT:
                j += 1
            if depth == 0:
                return UNBALANCED
            depth -= 1
            element = stack[depth]
            stop[element] = tags
            left[tags], right[tags], number[tags], kind[tags], own[tags] = here, j, tag, CLOSE, element
            around[tags] = parent[element]
            tags += 1
            i = _next_tag(data, j + 1)
            continue
        hollow = BREAK_FLOW <= flow <= VOID_FLOW or passed
        hides = False
        j = _next_end(data, j)
        while j < size and data[j] == _QUOTE:
            begin, end = j + 1, _next_end(data, j + 1)
            if end >= size or data[end] == _GT:
                j = end
                break
            which = -1 if hollow else _ending_of(_before_value(data, j), endings, widths)
            if which >= HIDING:
                name_element[names], name_ending[names] = elements, which
                name_begin[names], name_end[names] = begin, end
                names += 1
            elif which >= 0:
                hides |= _hides(data, begin, end, which)
            j = _next_end(data, end + 1)
        left[tags], right[tags], number[tags] = here, j, 0 if passed else tag
        if hollow:
            kind[tags], own[tags] = VOID, 0
            around[tags] = stack[depth - 1] if depth else 0
        else:
            kind[tags], own[tags] = OPEN, elements
            parent[elements] = stack[depth - 1] if depth else 0
            tag_of[elements], hidden[elements] = tag, hides and elements > 0
            start[elements], around[tags] = tags, elements
            stack[depth] = elements
            depth += 1
            elements += 1
        tags += 1
        i = _next_tag(data, j + 1)
    found[0], found[1], found[2], found[3] = tags, elements, names, has
    return BALANCED if depth == 0 and elements else UNBALANCED


@kernel("void", "u8[]", "i4[]", "i4[]", "i4[r]", "i4[]")
def innermost(bits: Array, first: Array, last: Array, of_group: Array, out: Array) -> None:
    """Per line: what the innermost element around it answers with: `of_group` of the first of its groups that has an
    answer (not -1), else what the elements around it answer."""
    out[:] = -1
    answering = np.uint64(0)
    for group in range(len(of_group)):
        if of_group[group] >= 0:
            answering |= np.uint64(1) << np.uint64(group)
    for element in range(len(bits)):  # in document order, so that inner elements come after outer ones
        if bits[element] & answering and first[element] < last[element]:
            for group in range(len(of_group)):
                if of_group[group] >= 0 and (bits[element] >> np.uint64(group)) & np.uint64(1):
                    out[first[element] : last[element]] = of_group[group]
                    break
