"""What a page states of its kind: the types of its linked data, its `og:type` and its generator.

`told` (3 + TYPES, 2) gets where these stand, see `cleaner.kernels.markup.slim`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner
from cleaner.kernels.octets import find_byte, is_at, is_space

_DOUBLE, _COLON, _AT, _LIST = ord('"'), ord(":"), ord("@"), ord("[")
_LINKED_DATA, _TYPE, _OPEN_GRAPH, _GENERATOR = (
    np.frombuffer(word, np.uint8) for word in (b"application/ld+json", b'"@type"', b"og:type", b'"generator"')
)
_HEAD: Final = 60_000
"""Bytes of a page in which `meta` elements are looked at."""
_LONGEST_TYPE: Final = 60
_FIRST_TYPE: Final = 3
TYPES: Final = 64
"""Of how many different types that a page states is told."""


@inner
def _holds(data: Array, at: Number, end: Number, word: Array) -> Number:
    """Whether `word` stands in data[at:end]."""
    while at < end:
        if data[at] == word[0] and is_at(data, at, end, word):
            return True
        at += 1
    return False


@inner
def _is_told(data: Array, begin: Number, end: Number, told: Array, many: Number) -> Number:
    """Whether one of the first `many` types told is data[begin:end]."""
    for which in range(many):
        first = np.int64(told[_FIRST_TYPE + which, 0])
        if np.int64(told[_FIRST_TYPE + which, 1]) - first == end - begin:
            same = True
            for step in range(end - begin):
                same = same and data[first + step] == data[begin + step]
            if same:
                return True
    return False


@inner
def _space_end(data: Array, at: Number, end: Number) -> Number:
    """Behind the white space at `at`."""
    while at < end and is_space(data[at]):
        at += 1
    return at


@inner
def states_linked_data(data: Array, at: Number, end: Number) -> Number:
    """Whether the attributes data[at:end] of a script say that it is linked data."""
    return _holds(data, at, end, _LINKED_DATA)


@inner
def tell_types(data: Array, words: Array, begin: Number, stop: Number, told: Array) -> None:
    """Add to `told` where the types stand that the linked data in data[begin:stop] states, each once."""
    many = 0
    while many < TYPES and told[_FIRST_TYPE + many, 1]:
        many += 1
    at = find_byte(data, words, begin, _AT)
    while at < stop and many < TYPES:
        if at > begin and is_at(data, at - 1, stop, _TYPE):
            first = _space_end(data, at + len(_TYPE) - 1, stop)
            if first < stop and data[first] == _COLON:
                first = _space_end(data, first + 1, stop)
                if first < stop and data[first] == _LIST:
                    first = _space_end(data, first + 1, stop)
                if first < stop and data[first] == _DOUBLE:
                    end = find_byte(data, words, first + 1, _DOUBLE)
                    if end < min(stop, first + _LONGEST_TYPE) and not _is_told(data, first + 1, end, told, many):
                        told[_FIRST_TYPE + many, 0], told[_FIRST_TYPE + many, 1] = first + 1, end
                        many += 1
        at = find_byte(data, words, at + 1, _AT)


@inner
def tell_meta(data: Array, begin: Number, end: Number, told: Array) -> None:
    """Add to `told` the `meta` element in data[begin:end], if it is the first with a kind or a generator in the page's head."""
    if begin >= _HEAD:
        return
    if not told[1, 1] and _holds(data, begin, end, _OPEN_GRAPH):
        told[1, 0], told[1, 1] = begin, end
    if not told[2, 1] and _holds(data, begin, end, _GENERATOR):
        told[2, 0], told[2, 1] = begin, end
