"""Texts of a batch of pages as one array of bytes, which kernels read: made of strings, or taken from lines of JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.kernels.octets import PADDING
from cleaner.records.fields import Fields
from cleaner.records.files import line_feeds

_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEPT: Final = 4 << 20
Octets = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts one after another, in UTF-8 (halves of surrogate pairs like other code points), with a line feed behind each."""

    data: Octets
    """The texts and some bytes more."""
    base: NDArray[np.int64]
    """Where each text begins, and where the last one ends."""
    breaks: NDArray[np.int64]
    """Where line feeds are."""

    @classmethod
    def of(cls, texts: Sequence[str | bytes]) -> Texts:
        """Texts that are given one by one."""
        raw = [text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text for text in texts]
        data = np.frombuffer(b"\n".join((*raw, bytes(PADDING))), np.uint8)
        base = np.zeros(len(raw) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, raw), np.int64, len(raw)) + 1, out=base[1:])
        return cls(data, base, np.flatnonzero(data == 10))

    def __len__(self) -> int:
        """How many texts there are."""
        return len(self.base) - 1

    def __add__(self, other: Texts) -> Texts:
        end = self.base[-1]
        data = np.concatenate((self.data[:end], other.data))
        return Texts(data, np.concatenate((self.base, other.base[1:] + end)), np.concatenate((self.breaks, other.breaks + end)))

    def raw(self, number: int) -> bytes:
        """The bytes of a text."""
        return self.data[self.base[number] : self.base[number + 1] - 1].tobytes()


class Taken(NamedTuple):
    """What was taken from lines of JSON: texts, their URLs (empty where there is none), and the lines left to others."""

    texts: Texts
    urls: list[bytes]
    strange: list[bytes]


class JsonTexts:
    """Takes texts and URLs from lines of JSON. What it gives is valid until it is called again."""

    def __init__(self, fields: Fields) -> None:
        """Fields within others are for a slower reader: such lines are all `strange`."""
        self._plain = all(map(_PLAIN.fullmatch, (fields.text, fields.url))) and fields.text != fields.url
        self._names = [np.frombuffer(name.encode(), np.uint8) for name in (fields.text, fields.url)]
        self._space: list[Octets] = []

    def __call__(self, data: bytes) -> Taken:
        """Take what `data` holds; lines of white space are left out."""
        from cleaner.kernels import json_texts as kernel
        from cleaner.kernels.octets import is_utf8

        if not data.endswith(b"\n"):
            data += b"\n"
        points = np.frombuffer(data, np.uint8)
        if not self._plain or not (data.isascii() or is_utf8(points)):
            return Taken(Texts.of(()), [], [line for line in data.split(b"\n") if line and not line.isspace()])
        lines = line_feeds(data) + 1
        base, url_ends = np.empty(lines, np.int64), np.empty(lines, np.int64)
        strange, counts = np.empty((lines, 2), np.int64), np.zeros(3, np.int64)
        texts, urls, breaks = self._scratch(len(data))
        kernel.take_texts(points, *self._names, texts, base, breaks, urls, url_ends, strange, counts)
        pages, odd, found = counts.tolist()
        ends = url_ends[:pages].tolist()
        addresses = urls[: ends[-1] if ends else 0].tobytes()
        return Taken(
            Texts(texts, base[: pages + 1], breaks[:found]),
            [addresses[start:end] for start, end in zip([0, *ends], ends, strict=False)],
            [data[start:end] for start, end in strange[:odd].tolist()],
        )

    def _scratch(self, size: int) -> tuple[Octets, Octets, NDArray[Any]]:
        """Room for texts, URLs and line feeds, kept from call to call unless it is large."""
        size += PADDING
        space = self._space
        if not space or len(space[0]) < size:
            space = [np.empty(size, np.uint8), np.empty(size, np.uint8), np.empty(size // 2 + 1, np.int64)]
            self._space = space if size <= _KEPT else []
        return space[0], space[1], space[2]


def octets_of(value: Any) -> bytes:
    """The bytes of a text; none where `value` is no text."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""
