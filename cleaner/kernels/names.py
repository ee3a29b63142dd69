"""Values of attributes that were judged before: found by what they are made of, in a table that only grows."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.octets import octets

_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@inner
def _hash(data: Array, begin: Number, end: Number) -> Array:
    """64 bits of data[begin:end], never 0. That two values of all pages share them does not happen by chance."""
    value = np.uint64(end - begin) * _MIX
    at = begin
    while at + 8 <= end:
        value = (value ^ octets(data, at)) * _MIX
        value ^= value >> np.uint64(29)
        at += 8
    while at < end:
        value = (value ^ np.uint64(data[at])) * _MIX
        at += 1
    return (value ^ (value >> np.uint64(32))) * _MIX | np.uint64(1)


@kernel("i8", "u1[r]", "i4[]", "i4[]", "b1[]", "u8[]", "u8[]", "u4[]", "u8[]", "u8[]", "u4[]", "i4[]")
def look_up(
    data: Array, begin: Array, end: Array, needed: Array, keys: Array, bits: Array, checks: Array, hashes: Array,
    found_bits: Array, found_checks: Array, missing: Array,
) -> Number:  # fmt: skip
    """Fill `found_bits` and `found_checks` for each of the `needed` values data[begin:end] that the table knows.

    `missing` gets the numbers of those it does not know: answers how many; `hashes` gets what the table knows a value by. The
    table is `keys` (0 is free, never all are taken), `bits` and `checks`, with a power of two of places.
    """
    many = 0
    mask = np.uint64(len(keys) - 1)
    for value in range(len(begin)):
        if not needed[value]:
            continue
        key = _hash(data, np.int64(begin[value]), np.int64(end[value]))
        slot = np.int64((key >> np.uint64(20)) & mask)
        while keys[slot] != key and keys[slot] != np.uint64(0):
            slot = (slot + 1) & np.int64(mask)
        if keys[slot] == key:
            found_bits[value], found_checks[value] = bits[slot], checks[slot]
        else:
            hashes[value] = key
            missing[many] = value
            many += 1
    return many


@kernel("void", "i4[]", "u1[]", "i4[]", "i4[]", "i8", "i8", "b1[]")
def choose(element: Array, kind: Array, first: Array, last: Array, signing: Number, least: Number, out: Array) -> None:
    """Which values hold names of an element with lines inside: those of the kind `signing`, and from `least` on."""
    for value in range(len(element)):
        named = kind[value] == signing or kind[value] >= least
        out[value] = named and first[element[value]] < last[element[value]]


@kernel("void", "u1[]", "b1[]", "i4[]", "u1[]", "b1[]", "u8[]", "u4[]", "i8", "u8", "u8[]", "u4[]")
def spread(
    tag: Array, hidden: Array, element: Array, kind: Array, needed: Array, found_bits: Array, found_checks: Array,
    signing: Number, hiding: Number, bits: Array, signature: Array,
) -> None:  # fmt: skip
    """Fill `bits` and `signature` of elements: what is known of their `needed` values, with the bit `hiding` for those that are
    `hidden`, and their tag mixed with the checks of the kind `signing`. The names of the first element say nothing."""
    for one in range(len(tag)):
        bits[one], signature[one] = np.uint64(0), tag[one]
    for value in range(len(element)):
        if needed[value]:
            bits[element[value]] |= found_bits[value]
            if kind[value] == signing:
                signature[element[value]] ^= found_checks[value] << np.uint32(8)
    bits[0] = np.uint64(0)
    for one in range(len(tag)):
        if hidden[one]:
            bits[one] |= hiding


@kernel("i8", "u8[]", "u8[]", "u4[]", "u8[]", "u8[]", "u4[]")
def add(keys: Array, bits: Array, checks: Array, new: Array, new_bits: Array, new_checks: Array) -> Number:
    """Add values by their keys to the table, those that it knows and the key 0 left out; how many were added."""
    mask = np.int64(len(keys) - 1)
    many = 0
    for value in range(len(new)):
        key = new[value]
        slot = np.int64(key >> np.uint64(20)) & mask
        while keys[slot] != key and keys[slot] != np.uint64(0):
            slot = (slot + 1) & mask
        if keys[slot] != key:
            keys[slot], bits[slot], checks[slot] = key, new_bits[value], new_checks[value]
            many += 1
    return many
