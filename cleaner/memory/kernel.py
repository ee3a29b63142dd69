"""The compiled counting of pages: from sorted keys of lines to the pages that show each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from cleaner import compiled
from cleaner.compiled import Function

Array = Any
_SOURCES: Final = (Path(__file__),)
_U64, _U32 = np.uint64, np.uint32
PAGE_BITS: Final = 2
"""Low bits of a page number that hold a zone."""


def _kernel(result: str, *parameters: str) -> Callable[[Function], Function]:
    def compile_(function: Function) -> Function:
        with compiled.compiling(_SOURCES) as cached:
            return compiled.kernel(cached, result, *parameters)(function)

    return compile_


@_kernel("i8", "u8[r]", "u8[r]", "u8[r]", "u8[r]", "i8", "u8[]", "u8[]", "u4[,]")
def count_pages(
    keys: Array, pages: Array, doubles: Array, origins: Array, least: int, out: Array, witness: Array, counts: Array
) -> int:
    """Per key on at least `least` different pages: the key, one of the pages, and pages in the head, body, tail, and all.

    `keys` is sorted; `pages` hold a zone in their low bits. Page `doubles[i]` (sorted) counts as page `origins[i]`.
    """
    made = 0
    start = 0
    seen = np.empty(64, np.uint64)
    while start < len(keys):
        stop = start + 1
        while stop < len(keys) and keys[stop] == keys[start]:
            stop += 1
        size = stop - start
        if size >= least:
            if size > len(seen):
                seen = np.empty(2 * size, np.uint64)
            for index in range(size):
                page = pages[start + index]
                if len(doubles):
                    zone = page & _U64(3)
                    at = np.searchsorted(doubles, page - zone)
                    if at < len(doubles) and doubles[at] == page - zone:
                        page = origins[at] + zone
                seen[index] = page
            ordered = np.sort(seen[:size])
            counts[made, :] = 0
            before = _U64(3)
            for index in range(size):
                page = ordered[index]
                if index and page == ordered[index - 1]:
                    continue
                counts[made, np.int64(page & _U64(3))] += _U32(1)
                if before != page >> _U64(PAGE_BITS) or index == 0:
                    counts[made, 3] += _U32(1)
                before = page >> _U64(PAGE_BITS)
            if counts[made, 3] >= least:
                out[made] = keys[start]
                witness[made] = ordered[0] >> _U64(PAGE_BITS) << _U64(PAGE_BITS)
                made += 1
        start = stop
    return made
