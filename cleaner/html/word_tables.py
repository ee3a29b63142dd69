"""The words and parts of names as flat tables, for the kernel that judges the values of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.kernels import meanings as kernel

_CRC_POLYNOMIAL: Final = 0xEDB88320


class Values(NamedTuple):
    """Per value: its groups, its CRC-32, and whether it has to be judged elsewhere, as it is not ASCII."""

    bits: NDArray[np.uint64]
    checks: NDArray[np.uint32]
    other: NDArray[np.bool_]


class WordTables:
    """Words and parts with their bits. Does not change, but for memory that a call works in."""

    def __init__(self, words: Mapping[str, int], parts: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        """`parts` are those that begin with the same letters, by these."""
        flat = [one for group in parts.values() for one in group]
        counts = np.array([0, *map(len, parts.values())], np.int32)
        self._tables: tuple[NDArray[Any], ...] = (
            *_indexed(list(words)), np.array(list(words.values()), np.uint64),
            *_indexed(list(parts)), np.cumsum(counts, dtype=np.int32),
            *_joined([part for part, _ in flat]), np.array([bits for _, bits in flat], np.uint64),
            _crc_steps(),
        )  # fmt: skip

    def judge(
        self, data: NDArray[np.uint8], begin: NDArray[np.int32], end: NDArray[np.int32], chosen: NDArray[np.int32]
    ) -> Values:
        """Groups and checksums of the `chosen` values data[begin:end]."""
        many = len(chosen)
        values = Values(np.empty(many, np.uint64), np.empty(many, np.uint32), np.empty(many, np.bool_))
        scratch = np.empty(2 * kernel.NAME_LIMIT, np.uint8)
        kernel.judge(data, begin, end, chosen, *self._tables, scratch, *values)
        return values


def _joined(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """All texts one after another, and where each begins (with the end)."""
    encoded = [text.encode() for text in texts]
    bounds = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return np.frombuffer(bytearray(b"".join(encoded)), np.uint8), bounds


def _indexed(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
    """The same, and the places of their hashes."""
    joined, bounds = _joined(texts)
    slots = np.full(1 << (8 * len(texts) + 1).bit_length(), -1, np.int32)
    kernel.index(joined, bounds, slots)
    return joined, bounds, slots


def _crc_steps() -> NDArray[np.uint32]:
    """What each byte does to a CRC-32: the table that zlib has inside, told by the polynomial."""
    steps = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        steps = np.where(steps & 1, (steps >> 1) ^ np.uint32(_CRC_POLYNOMIAL), steps >> 1).astype(np.uint32)
    return steps
