"""Threads for what runs outside Python: compiled kernels, sorting, reading of files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST: Final = 4
"""Threads at a time: more would wait for each other, as a part of the work is Python's."""


def in_threads(function: Callable[[T], R], items: Sequence[T], *, jobs: int) -> list[R]:
    """`function` of all `items`, in their order, by at most `jobs` threads.

    They have ended when this returns, so that processes may be forked again.
    """
    threads = min(jobs, MOST, len(items))
    if threads <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))
