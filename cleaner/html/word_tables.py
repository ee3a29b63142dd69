"""The words and parts of names as flat tables, for the kernel that judges the values of a page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.kernels import meanings as kernel

_CRC_POLYNOMIAL: Final = 0xEDB88320
_DIGITS: Final = b"0123456789"
Bits = NDArray[np.uint64]
Places = NDArray[np.int32]


class WordTables:
    """Words and parts of names with their bits. Never changes."""

    def __init__(self, words: Sequence[tuple[str, int]], parts: Sequence[tuple[str, int]]) -> None:
        """Whole words and parts of names, each with its bit; digits in words say nothing."""
        known: dict[str, int] = {}
        for word, bit in words:
            word = word.encode().translate(None, _DIGITS).decode()
            known[word] = known.get(word, 0) | bit
        by_gram: dict[str, list[tuple[str, int]]] = {}
        for part, bit in parts:
            by_gram.setdefault(part[: kernel.GRAM], []).append((part, bit))
        flat = [one for group in by_gram.values() for one in group]
        self._tables: tuple[NDArray[Any], ...] = (
            *_indexed(list(known)), np.array(list(known.values()), np.uint64),
            *_indexed(list(by_gram)), np.cumsum([0, *map(len, by_gram.values())], dtype=np.int32),
            *_joined([part for part, _ in flat]), np.array([bit for _, bit in flat], np.uint64),
        )  # fmt: skip

    def judge(self, data: NDArray[np.uint8], begin: Places, end: Places, chosen: Places) -> tuple[Bits, NDArray[np.uint32]]:
        """Groups of the names in the `chosen` values data[begin:end], which are UTF-8, and the values' CRC-32."""
        many = len(chosen)
        bits, checks, other = np.empty(many, np.uint64), np.empty(many, np.uint32), np.empty(many, np.bool_)
        scratch = np.empty(2 * kernel.NAME_LIMIT, np.uint8)
        kernel.judge(data, begin, end, chosen, *self._tables, _crc_steps(), scratch, bits, checks, other)
        if other.any():
            bits[other] = self.of_values([data[begin[value] : end[value]].tobytes() for value in chosen[other].tolist()])
        return bits, checks

    def of_values(self, values: Sequence[bytes]) -> Bits:
        """The groups of the names in `values`."""
        data, bounds = _together([_in_ascii(value) for value in values])
        return self.judge(data, bounds[:-1].copy(), bounds[1:].copy(), np.arange(len(values), dtype=np.int32))[0]


def _in_ascii(value: bytes) -> bytes:
    """A value with the same names for the kernel: parted by plain spaces, and without letters that it does not know."""
    names = value.translate(None, _DIGITS).decode("utf-8", "replace").split()
    return " ".join(names).encode("ascii", "replace")


def _together(values: Sequence[bytes]) -> tuple[NDArray[np.uint8], Places]:
    """All values one after another, and where each begins (with the end)."""
    return np.frombuffer(bytearray(b"".join(values)), np.uint8), np.cumsum([0, *map(len, values)], dtype=np.int32)


def _joined(texts: Sequence[str]) -> tuple[NDArray[np.uint8], Places]:
    return _together([text.encode() for text in texts])


def _indexed(texts: Sequence[str]) -> tuple[NDArray[np.uint8], Places, Places]:
    """Texts one after another, where each begins, and the places of their hashes."""
    joined, bounds = _joined(texts)
    slots = np.full(1 << (8 * len(texts) + 1).bit_length(), -1, np.int32)
    kernel.index(joined, bounds, slots)
    return joined, bounds, slots


@cache
def _crc_steps() -> NDArray[np.uint32]:
    """What each byte does to a CRC-32: the table that zlib has inside, told by the polynomial."""
    steps = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        steps = np.where(steps & 1, (steps >> 1) ^ np.uint32(_CRC_POLYNOMIAL), steps >> 1).astype(np.uint32)
    return steps
