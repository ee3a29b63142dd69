"""Bijections that spread the bits of integers."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.dedup.kernel.base import Number, inlined

_U32, _U64 = np.uint32, np.uint64
MIX_A: Final = _U64(0xBF58476D1CE4E5B9)
MIX_B: Final = _U64(0x94D049BB133111EB)


@inlined
def mix64(value: Number) -> Number:
    """The finalizer of splitmix64."""
    value = (value ^ (value >> _U64(30))) * MIX_A
    value = (value ^ (value >> _U64(27))) * MIX_B
    return value ^ (value >> _U64(31))


@inlined
def mix32(value: Number) -> Number:
    """The finalizer of MurmurHash3, which datasketch's `affine32` applies before its permutations."""
    value = _U32(value ^ (value >> _U32(16)))
    value = _U32(value * _U32(0x85EBCA6B))
    value = _U32(value ^ (value >> _U32(13)))
    value = _U32(value * _U32(0xC2B2AE35))
    return _U32(value ^ (value >> _U32(16)))
