"""What the names in attribute values mean: their words and parts looked up in flat tables, a page's values at a time."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel

NAME_LIMIT: Final = 80
"""Characters of a name that are read."""
NAMES_LIMIT: Final = 40
"""Names of a value that are read."""
GRAM: Final = 4
"""Letters by which parts are found."""
_FIRST: Final = np.uint64(0xCBF29CE484222325)
_PRIME: Final = np.uint64(0x100000001B3)
_ALL: Final = np.uint32(0xFFFFFFFF)


@inner
def _hash(letters: Array, begin: Number, end: Number) -> Array:
    """FNV-1a, the upper half folded into the lower."""
    value = _FIRST
    for at in range(begin, end):
        value = (value ^ np.uint64(letters[at])) * _PRIME
    return value ^ (value >> np.uint64(32))


@inner
def _find(
    letters: Array, begin: Number, end: Number, first: Number, texts: Array, bounds: Array, slots: Array
) -> Number:  # fmt: skip
    """The number of the text that letters[begin:end] are, or -1; text i is texts[bounds[i]:bounds[i + 1]].

    `first` is the slot that their hash names. Most letters are no text, which that slot tells: so callers look there first.
    """
    mask = np.int64(len(slots) - 1)
    slot = first
    while slots[slot] >= 0:
        text = np.int64(slots[slot])
        low = np.int64(bounds[text])
        same = bounds[text + 1] - low == end - begin
        at = begin
        while same and at < end:
            same = texts[low + at - begin] == letters[at]
            at += 1
        if same:
            return text
        slot = (slot + 1) & mask
    return np.int64(-1)


@kernel("void", "u1[]", "i4[]", "i4[]")
def index(texts: Array, bounds: Array, slots: Array) -> None:
    """Fill `slots` (a power of two of them, all -1, more than there are texts) for `_find`."""
    mask = np.int64(len(slots) - 1)
    for text in range(len(bounds) - 1):
        slot = np.int64(_hash(texts, np.int64(bounds[text]), np.int64(bounds[text + 1]))) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = text


@inner
def _lower(char: Number) -> Number:
    return np.uint8(97) <= char <= np.uint8(122)


@inner
def _upper(char: Number) -> Number:
    return np.uint8(65) <= char <= np.uint8(90)


@inner
def _next_word(name: Array, at: Number, size: Number) -> Number:
    """Where a word that begins at the letter name[at] ends: a capital and small letters, or capitals up to the last before
    small ones."""
    end = at
    while end < size and _upper(name[end]):
        end += 1
    if end - at > 1:
        return end - 1 if end < size and _lower(name[end]) else end
    while end < size and _lower(name[end]):
        end += 1
    return end


@inner
def _of_name(
    name: Array, size: Number, flat: Array, words: Array, word_bounds: Array, word_slots: Array, word_bits: Array,
    grams: Array, gram_bounds: Array, gram_slots: Array, part_of: Array, parts: Array, part_bounds: Array, part_bits: Array,
) -> Number:  # fmt: skip
    """The groups of name[:size]; see `judge`."""
    for at in range(size):
        char = name[at]
        if char == 58 or char == 91 or char == 93 or char == 47 or char == 37:  # : [ ] / % are of style kits
            return np.uint64(0)
    bits = np.uint64(0)
    word_mask, gram_mask = np.int64(len(word_slots) - 1), np.int64(len(gram_slots) - 1)
    at = many = np.int64(0)
    while at < size:
        if not (_lower(name[at]) or _upper(name[at])):
            at += 1
            continue
        end = _next_word(name, at, size)
        begin = many
        while at < end:
            flat[many] = name[at] | np.uint8(32)
            many += 1
            at += 1
        slot = np.int64(_hash(flat, begin, many)) & word_mask
        if word_slots[slot] >= 0:
            found = _find(flat, begin, many, slot, words, word_bounds, word_slots)
            if found >= 0:
                bits |= word_bits[found]
    slot = np.int64(_hash(flat, np.int64(0), many)) & word_mask
    if word_slots[slot] >= 0:
        found = _find(flat, np.int64(0), many, slot, words, word_bounds, word_slots)
        if found >= 0:
            bits |= word_bits[found]
    for place in range(many - GRAM + 1):
        slot = np.int64(_hash(flat, place, place + GRAM)) & gram_mask
        if gram_slots[slot] < 0:
            continue
        gram = _find(flat, place, place + GRAM, slot, grams, gram_bounds, gram_slots)
        if gram < 0:
            continue
        for part in range(part_of[gram], part_of[gram + 1]):
            low, high = np.int64(part_bounds[part]), np.int64(part_bounds[part + 1])
            if place + high - low > many:
                continue
            same = True
            for step in range(high - low):
                same = same and parts[low + step] == flat[place + step]
            if same:
                bits |= part_bits[part]
    return bits


@kernel(
    "void", "u1[r]", "i4[]", "i4[]", "i4[]", "u1[]", "i4[]", "i4[]", "u8[]", "u1[]", "i4[]", "i4[]", "i4[]", "u1[]", "i4[]",
    "u8[]", "u4[]", "u1[]", "u8[]", "u4[]", "b1[]",
)  # fmt: skip
def judge(
    data: Array, begin: Array, end: Array, chosen: Array,
    words: Array, word_bounds: Array, word_slots: Array, word_bits: Array,
    grams: Array, gram_bounds: Array, gram_slots: Array, part_of: Array, parts: Array, part_bounds: Array, part_bits: Array,
    steps: Array, scratch: Array, bits: Array, checks: Array, other: Array,
) -> None:  # fmt: skip
    """Fill `bits` with the groups of the `chosen` values data[begin:end], and `checks` with their CRC-32.

    Words and parts are texts as in `_find`, in lower case; the parts `part_of[g]` to `part_of[g + 1]` begin with the letters
    `grams` g. `steps` is the table of the checksum, `scratch` room for two names. Values that are not ASCII are marked in
    `other`: where their names end is not known here.
    """
    name, flat = scratch[:NAME_LIMIT], scratch[NAME_LIMIT:]
    for one in range(len(chosen)):
        value = chosen[one]
        check, beyond = _ALL, False
        for at in range(begin[value], end[value]):
            char = data[at]
            check = steps[(check ^ np.uint32(char)) & np.uint32(255)] ^ (check >> np.uint32(8))
            beyond |= char > 127
        checks[one], other[one], bits[one] = check ^ _ALL, beyond, np.uint64(0)
        if beyond:
            continue
        size = names = np.int64(0)
        for at in range(begin[value], end[value] + 1):
            char = data[at] if at < end[value] else np.uint8(32)
            if 48 <= char <= 57:
                continue
            if not (char == 32 or 9 <= char <= 13 or 28 <= char <= 31):
                if size < NAME_LIMIT:
                    name[size] = char
                    size += 1
                continue
            if size and names < NAMES_LIMIT:
                bits[one] |= _of_name(
                    name, size, flat, words, word_bounds, word_slots, word_bits,
                    grams, gram_bounds, gram_slots, part_of, parts, part_bounds, part_bits,
                )  # fmt: skip
                names += 1
            size = np.int64(0)
