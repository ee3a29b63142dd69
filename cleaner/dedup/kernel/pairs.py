"""Pairs of texts: candidates from buckets, exact overlaps, components."""

from __future__ import annotations

import numpy as np
from numba import njit

from cleaner.dedup.kernel.mixing import mix64

_U64 = np.uint64


@njit
def _load_bits(values, bits):  # type: ignore[no-untyped-def]
    """Note `values` in a bitmap at the beginning of `bits` (at least as long, a power of two); returns its last word."""
    size = 16
    while size < len(values):
        size *= 2
    bits[:size] = _U64(0)
    for index in range(len(values)):
        bits[(values[index] >> _U64(6)) & _U64(size - 1)] |= _U64(1) << (values[index] & _U64(63))
    return _U64(size - 1)


@njit
def _surely_absent(values, bits, last, enough):  # type: ignore[no-untyped-def]
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


@njit
def _load_slots(values, slots):  # type: ignore[no-untyped-def]
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


@njit
def _common(values, slots, mask):  # type: ignore[no-untyped-def]
    """How many of `values` are in the hash table."""
    common = 0
    for index in range(len(values)):
        at = values[index] & mask
        while slots[at] != 0 and slots[at] != values[index]:
            at = (at + _U64(1)) & mask
        common += slots[at] == values[index]
    return common


def overlaps(left, right, starts, sets, least, slots, bits, out):  # type: ignore[no-untyped-def]
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


@njit
def _find(parent, node):  # type: ignore[no-untyped-def]
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def unite(parent, left, right):  # type: ignore[no-untyped-def]
    """Join the components of left[i] and right[i] in `parent`, the smallest member on top, and flatten it."""
    for index in range(len(left)):
        a, b = _find(parent, left[index]), _find(parent, right[index])
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b
    for node in range(len(parent)):
        parent[node] = parent[parent[node]]


def same(packed, bits, digests, sizes, out):  # type: ignore[no-untyped-def]
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


@njit(inline="always")
def _slot_of(pair, slots):  # type: ignore[no-untyped-def]
    return mix64(pair) & _U64(len(slots) - 1)


@njit
def _agreeing(marks, a, b):  # type: ignore[no-untyped-def]
    """How many bytes of two rows of `marks` (eight to a word) are equal."""
    low, ones = _U64(0x7F7F7F7F7F7F7F7F), _U64(0x0101010101010101)
    counts = _U64(0)  # eight counts, one per place in the word
    total = _U64(0)
    for index in range(marks.shape[1]):
        differing = marks[a, index] ^ marks[b, index]
        equal = ~(((differing & low) + low) | differing | low)  # 0x80 in each byte that is equal
        counts += equal >> _U64(7)
        if index & 15 == 15:
            total += (counts * ones) >> _U64(56)
            counts = _U64(0)
    return np.int64(total + ((counts * ones) >> _U64(56)))


@njit(inline="always")
def _key_of(a, b):  # type: ignore[no-untyped-def]
    return (_U64(a) << _U64(32)) | _U64(b)


def stars(packed, bits, ids, parent, sizes, least, marks, agreeing, failed, out):  # type: ignore[no-untyped-def]
    """Pairs of each bucket's first text with its others, where they are not of one component; returns how many.

    Pairs that cannot reach `least` by their sizes, agree in fewer than `agreeing` marks, or `failed` before are not
    given.
    """
    mask = (_U64(1) << _U64(bits)) - _U64(1)
    made = 0
    start = 0
    for index in range(1, len(packed) + 1):
        if index < len(packed) and packed[index] >> _U64(bits) == packed[start] >> _U64(bits):
            a, b = ids[packed[start] & mask], ids[packed[index] & mask]
            small, large = min(sizes[a], sizes[b]), max(sizes[a], sizes[b])
            if parent[a] == parent[b] or small < least * large or _agreeing(marks, a, b) < agreeing:
                continue
            pair = _key_of(a, b)
            if failed[_slot_of(pair, failed)] != pair:
                out[made] = pair
                made += 1
        else:
            start = index
    return made


@njit
def _by_size(packed, start, end, mask, ids, sizes):  # type: ignore[no-untyped-def]
    """The texts of a bucket, small ones first, of equals in the order of their numbers."""
    count = end - start
    members = np.empty(count, np.int64)
    weights = np.empty(count, np.int64)
    for index in range(count):
        members[index] = ids[packed[start + index] & mask]
        weights[index] = sizes[members[index]]
    return members[np.argsort(weights, kind="mergesort")]


def rest(  # type: ignore[no-untyped-def]
    packed, bits, ids, parent, sizes, least, marks, agreeing, failed, looks, start, row, out, left_out
):
    """All pairs of different components in each bucket from `start` on, there from text `row` on, until `out` is full.

    Pairs that cannot be similar are not given, as for `stars`; the smaller text comes first, and pairs of one text
    follow one another. A bucket of more than `looks` pairs is cut: each of its texts is looked at with an equal number of
    those that follow by size. Returns how many pairs, and the bucket (len(packed) at the end) and the text in it where
    to go on. `left_out` counts: buckets that were cut, pairs not looked at there.
    """
    mask = (_U64(1) << _U64(bits)) - _U64(1)
    made = 0
    while start < len(packed):
        end = start + 1
        mixed = False
        while end < len(packed) and packed[end] >> _U64(bits) == packed[start] >> _U64(bits):
            mixed |= parent[ids[packed[end] & mask]] != parent[ids[packed[start] & mask]]
            end += 1
        count = end - start
        reach = max(1, looks // count)
        if not mixed:
            start, row = end, 0
            continue
        members = _by_size(packed, start, end, mask, ids, sizes)
        near = marks[members]
        for index in range(row, count):
            if made + min(reach, count) > len(out):
                return made, start, index
            a = members[index]
            for later in range(index + 1, min(count, index + 1 + reach)):
                b = members[later]
                if sizes[a] < least * sizes[b]:
                    break
                if parent[a] == parent[b] or _agreeing(near, index, later) < agreeing:
                    continue
                pair = _key_of(a, b)
                if failed[_slot_of(pair, failed)] == pair:
                    continue
                out[made] = pair
                made += 1
            if index + 1 + reach < count and sizes[a] >= least * sizes[members[index + 1 + reach]]:
                left_out[1] += count - index - 1 - reach
        if reach < count - 1:
            left_out[0] += 1
        start, row = end, 0
    return made, start, 0


def remember(failed, pairs):  # type: ignore[no-untyped-def]
    """Note pairs that were compared and are not similar; a later pair may take an earlier one's place."""
    for index in range(len(pairs)):
        failed[_slot_of(pairs[index], failed)] = pairs[index]
