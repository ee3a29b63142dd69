"""Pairs of texts: candidates from buckets, exact overlaps, components."""

from __future__ import annotations

import numpy as np

from cleaner.dedup.kernel.base import PARITIES, Array, Number, inlined, inner, kernel
from cleaner.dedup.kernel.mixing import mix64

_U64 = np.uint64


@inner
def _load_bits(values: Array, bits: Array) -> Number:
    """Note `values` in a bitmap at the beginning of `bits` (at least as long, a power of two); returns its last word."""
    size = 16
    while size < len(values):
        size *= 2
    bits[:size] = _U64(0)
    for index in range(len(values)):
        bits[(values[index] >> _U64(6)) & _U64(size - 1)] |= _U64(1) << (values[index] & _U64(63))
    return _U64(size - 1)


@inner
def _surely_absent(values: Array, bits: Array, last: Number, enough: Number) -> Number:
    """How many of `values` are not in the bitmap, counted without branches; stops where there are `enough`."""
    absent = _U64(0)
    start = 0
    while start < len(values) and absent <= enough:
        end = min(start + 64, len(values))
        for index in range(start, end):
            word = bits[(values[index] >> _U64(6)) & last]
            absent += _U64(1) - ((word >> (values[index] & _U64(63))) & _U64(1))
        start = end
    return absent


@inner
def _load_slots(values: Array, slots: Array) -> Number:
    """Put `values` into a hash table at the beginning of `slots` (twice as long, a power of two); returns its mask."""
    size = 16
    while size < 2 * len(values):
        size *= 2
    mask = _U64(size - 1)
    slots[:size] = _U64(0)
    for index in range(len(values)):
        at = values[index] & mask
        while slots[at] != 0:
            at = (at + _U64(1)) & mask
        slots[at] = values[index]
    return mask


@inner
def _common(values: Array, slots: Array, mask: Number) -> Number:
    """How many of `values` are in the hash table."""
    common = 0
    for index in range(len(values)):
        at = values[index] & mask
        while slots[at] != 0 and slots[at] != values[index]:
            at = (at + _U64(1)) & mask
        common += slots[at] == values[index]
    return common


@kernel("void", "i8[]", "i8[]", "i8[]", "u8[]", "f8", "u8[]", "u8[]", "f8[]")
def overlaps(
    left: Array, right: Array, starts: Array, sets: Array, least: Number, slots: Array, bits: Array, out: Array
) -> None:
    """Exact Jaccard indices of pairs of sets into `out`.

    `left`, `right` number the sets (set i is sets[starts[i]:starts[i+1]]); equal neighbours in `left` are cheapest. A
    pair that cannot reach `least` is left with 0: that shows early, mostly, in a bitmap of the left set.
    """
    noted, loaded = np.int64(-1), np.int64(-1)
    last, mask = _U64(0), _U64(0)
    for pair in range(len(left)):
        a, b = left[pair], right[pair]
        first, second = sets[starts[a] : starts[a + 1]], sets[starts[b] : starts[b + 1]]
        size_a, size_b = len(first), len(second)
        out[pair] = 0.0
        if min(size_a, size_b) < least * max(size_a, size_b):
            continue
        if a != noted:
            noted = a
            last = _load_bits(first, bits)
        needed = np.int64(least * (size_a + size_b) / (1.0 + least)) - 1
        allowed = _U64(size_b - needed if size_b > needed else 0)
        if _surely_absent(second, bits, last, allowed) > allowed:
            continue
        if a != loaded:
            loaded = a
            mask = _load_slots(first, slots)
        common = _common(second, slots, mask)
        out[pair] = common / (size_a + size_b - common)


@inner
def _find(parent: Array, node: Number) -> Number:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel("void", "i8[]", "i8[]", "i8[]")
def unite(parent: Array, left: Array, right: Array) -> None:
    """Join the components of left[i] and right[i] in `parent`, the smallest member on top, and flatten it."""
    for index in range(len(left)):
        a, b = _find(parent, left[index]), _find(parent, right[index])
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b
    for node in range(len(parent)):
        parent[node] = parent[parent[node]]


@kernel("void", "u8[]", "i8", "u8[,]", "i4[]", "i8[]")
def same(packed: Array, bits: Number, digests: Array, sizes: Array, out: Array) -> None:
    """Texts with equal shingle sets: out[i] becomes the smallest i with the set's size and both digests.

    `packed` holds, sorted, the high bits of the first digests with the number of the text in the low `bits`.
    """
    mask = (_U64(1) << _U64(bits)) - _U64(1)
    start = 0
    while start < len(packed):
        end = start + 1
        while end < len(packed) and packed[end] >> _U64(bits) == packed[start] >> _U64(bits):
            end += 1
        for index in range(start + 1, end):
            text = packed[index] & mask
            for before in range(start, min(index, start + 16)):
                other = packed[before] & mask
                if (
                    digests[text, 0] == digests[other, 0]
                    and digests[text, 1] == digests[other, 1]
                    and sizes[text] == sizes[other]
                ):
                    out[text] = out[other]
                    break
        start = end


@inlined
def _slot_of(pair: Number, slots: Array) -> Number:
    return mix64(pair) & _U64(len(slots) - 1)


@inner
def _agreeing(marks: Array, a: Number, b: Number) -> Number:
    """How many bytes of two rows of `marks` (eight to a word) are equal, the parities at their ends left out."""
    low, ones = _U64(0x7F7F7F7F7F7F7F7F), _U64(0x0101010101010101)
    counts = _U64(0)  # eight counts, one per place in the word
    total = _U64(0)
    for index in range(marks.shape[1] - PARITIES):
        differing = marks[a, index] ^ marks[b, index]
        equal = ~(((differing & low) + low) | differing | low)  # 0x80 in each byte that is equal
        counts += equal >> _U64(7)
        if index & 15 == 15:
            total += (counts * ones) >> _U64(56)
            counts = _U64(0)
    return np.int64(total + ((counts * ones) >> _U64(56)))


@inner
def _differing(marks: Array, a: Number, b: Number) -> Number:
    """In how many parities two rows of `marks` differ: no more than their sets have values that the other has not."""
    twos, fours, ones = _U64(0x3333333333333333), _U64(0x0F0F0F0F0F0F0F0F), _U64(0x0101010101010101)
    total = _U64(0)
    for index in range(marks.shape[1] - PARITIES, marks.shape[1]):
        bits = marks[a, index] ^ marks[b, index]
        bits -= (bits >> _U64(1)) & _U64(0x5555555555555555)
        bits = (bits & twos) + ((bits >> _U64(2)) & twos)
        total += (((bits + (bits >> _U64(4))) & fours) * ones) >> _U64(56)
    return np.int64(total)


@inlined
def _may_reach(marks: Array, a: Number, b: Number, agreeing: Number, differing: Number) -> Number:
    """Whether rows of `marks` agree in as many values as wanted, and differ in as few parities as allowed."""
    return _agreeing(marks, a, b) >= agreeing and _differing(marks, a, b) <= differing


@inlined
def _key_of(a: Number, b: Number) -> Number:
    return (_U64(a) << _U64(32)) | _U64(b)


@kernel("i8", "u8[]", "i8", "i8[]", "i8[]", "i4[]", "f8", "u8[,r]", "i8", "u8[]", "u8[]")
def stars(
    packed: Array, bits: Number, ids: Array, parent: Array, sizes: Array, least: Number, marks: Array, agreeing: Number,
    failed: Array, out: Array,
) -> Number:  # fmt: skip
    """Pairs of each bucket's first text with its others, where they are not of one component; returns how many.

    Pairs that cannot reach `least` by their sizes or by the parities in their `marks`, agree in fewer than `agreeing` of
    the other marks, or `failed` before are not given.
    """
    unlike = (1.0 - least) / (1.0 + least)  # the share of both sizes that only one of two sets may have
    mask = (_U64(1) << _U64(bits)) - _U64(1)
    made = 0
    start = 0
    for index in range(1, len(packed) + 1):
        if index < len(packed) and packed[index] >> _U64(bits) == packed[start] >> _U64(bits):
            a, b = ids[packed[start] & mask], ids[packed[index] & mask]
            small, large = min(sizes[a], sizes[b]), max(sizes[a], sizes[b])
            if parent[a] == parent[b] or small < least * large:
                continue
            if not _may_reach(marks, a, b, agreeing, np.int64(unlike * (small + large)) + 1):
                continue
            pair = _key_of(a, b)
            if failed[_slot_of(pair, failed)] != pair:
                out[made] = pair
                made += 1
        else:
            start = index
    return made


@inner
def _sift(heap: Array, at: Number, count: Number) -> None:
    """Let heap[at] sink to its place in heap[:count], largest on top."""
    value = heap[at]
    while 2 * at + 1 < count:
        child = 2 * at + 1
        if child + 1 < count and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value


@inner
def _sort(values: Array, count: Number) -> None:
    """Sort values[:count] in place, without memory of its own."""
    for at in range(count // 2 - 1, -1, -1):
        _sift(values, at, count)
    for last in range(count - 1, 0, -1):
        values[0], values[last] = values[last], values[0]
        _sift(values, 0, last)


@inner
def _by_size(
    packed: Array, start: Number, count: Number, mask: Number, ids: Array, sizes: Array, members: Array
) -> None:
    """The texts of a bucket into `members`: small ones first, of equals in the order of their numbers."""
    low = _U64(0xFFFFFFFF)
    for index in range(count):
        text = ids[packed[start + index] & mask]
        members[index] = _key_of(sizes[text], text)
    _sort(members, count)
    for index in range(count):
        members[index] &= low


@inner
def _bucket_end(packed: Array, bits: Number, start: Number, ids: Array, parent: Array) -> Number:
    """Where the bucket at `start` ends, and whether its texts are of several components."""
    mask = (_U64(1) << _U64(bits)) - _U64(1)
    end = start + 1
    mixed = False
    while end < len(packed) and packed[end] >> _U64(bits) == packed[start] >> _U64(bits):
        mixed |= parent[ids[packed[end] & mask]] != parent[ids[packed[start] & mask]]
        end += 1
    return end, mixed


@inner
def _bring(members: Array, first: Number, count: Number, marks: Array, near: Array) -> None:
    """The marks of members[first:count] to the rows of `near`, as far as it reaches."""
    for index in range(first, min(count, first + len(near))):
        for word in range(near.shape[1]):
            near[index - first, word] = marks[members[index], word]


@kernel("i8", "u8[]", "i8", "i8[]", "i8[]", "i4[]", "f8", "u8[,r]", "i8", "u8[]", "i8", "u8[]", "u8[,]", "i8[]", "u8[]", "i8[]")
def rest(
    packed: Array, bits: Number, ids: Array, parent: Array, sizes: Array, least: Number, marks: Array, agreeing: Number,
    failed: Array, looks: Number, members: Array, near: Array, place: Array, out: Array, left_out: Array,
) -> Number:  # fmt: skip
    """All pairs of different components in each bucket from place[0] on, there from text place[1] on, until `out` is full.

    Pairs that cannot be similar are not given, as for `stars`; the smaller text comes first, and pairs of one text
    follow one another. A bucket of more than `looks` pairs is cut: each of its texts is looked at with an equal number of
    those that follow by size. Returns how many pairs; `place` then holds the bucket (len(packed) at the end) and the text
    in it where to go on. `left_out` counts: buckets that were cut, pairs not looked at there. `members` is scratch for
    the largest bucket, `near` for marks: with more rows than a text of a bucket that has more is compared with.
    """
    unlike = (1.0 - least) / (1.0 + least)
    mask = (_U64(1) << _U64(bits)) - _U64(1)
    made = 0
    start, row = place[0], place[1]
    while start < len(packed):
        end, mixed = _bucket_end(packed, bits, start, ids, parent)
        count = end - start
        reach = min(count, max(1, looks // count))
        if not mixed:
            start, row = end, 0
            continue
        _by_size(packed, start, count, mask, ids, sizes, members)
        here, known = row, row  # members[here:known] have their marks in `near`
        for index in range(row, count):
            if made + reach > len(out):
                place[0], place[1] = start, index
                return made
            a = members[index]
            last = min(count, index + 1 + reach)
            if last > known:
                here, known = index, min(count, index + len(near))
                _bring(members, here, count, marks, near)
            for later in range(index + 1, last):
                b = members[later]
                if sizes[a] < least * sizes[b]:
                    break
                if parent[a] == parent[b]:
                    continue
                allowed = np.int64(unlike * (sizes[a] + sizes[b])) + 1
                if not _may_reach(near, index - here, later - here, agreeing, allowed):
                    continue
                pair = _key_of(a, b)
                if failed[_slot_of(pair, failed)] == pair:
                    continue
                out[made] = pair
                made += 1
            if last < count and sizes[a] >= least * sizes[members[last]]:
                left_out[1] += count - last
        if reach < count - 1:
            left_out[0] += 1
        start, row = end, 0
    place[0], place[1] = start, 0
    return made


@kernel("void", "u8[]", "u8[]")
def remember(failed: Array, pairs: Array) -> None:
    """Note pairs that were compared and are not similar; a later pair may take an earlier one's place."""
    for index in range(len(pairs)):
        failed[_slot_of(pairs[index], failed)] = pairs[index]
