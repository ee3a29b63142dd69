"""Exact similarity of candidate pairs: their shingle sets are read back and compared, by threads or by processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup import kernel
from cleaner.dedup.corpus import SetSource
from cleaner.dedup.threads import MOST, in_threads
from cleaner.records.workers import OrderedPool

Pairs = NDArray[np.uint64]
_BUDGET: Final = 1 << 20
"""Shingles in memory at a time (8 MiB, which a processor keeps near), or those of a single pair."""
_TASK_PAIRS: Final = 4096
_WORTH_WORKERS: Final = 6 * _TASK_PAIRS
"""From so many pairs on, processes compare them; fewer are compared by threads, which start at once."""
_WORTH_A_THREAD: Final = 512
_LOW: Final = np.uint64(0xFFFFFFFF)
_SHIFT: Final = np.uint64(32)


def packed(left: NDArray[np.int64], right: NDArray[np.int64]) -> Pairs:
    """Pairs of numbers as one number each, the left one in the high half."""
    return (left.astype(np.uint64) << _SHIFT) | right.astype(np.uint64)


def left_of(pairs: Pairs) -> NDArray[np.int64]:
    """The left numbers of packed pairs."""
    return (pairs >> _SHIFT).astype(np.int64)


def right_of(pairs: Pairs) -> NDArray[np.int64]:
    """The right numbers of packed pairs."""
    return (pairs & _LOW).astype(np.int64)


class Comparer:
    """Gives the exact Jaccard index of pairs of texts of one source.

    A pair that cannot reach `least` counts as 0. Results do not depend on `jobs`.
    """

    def __init__(self, source: SetSource, *, jobs: int = 1, processes: bool = True) -> None:
        """`processes` where the work is worth them; else threads alone, beside which no process can be forked."""
        self._source, self.jobs, self._processes = source, jobs, processes
        self._kernel = kernel.load()
        self._least = 0.0
        self._budget = _BUDGET

    def __call__(self, pairs: Pairs, least: float) -> NDArray[np.float64]:
        """One index per pair of the packed `pairs`; pairs with the same left text should follow one another."""
        self._least = least
        self._budget = _BUDGET
        if self._processes and self.jobs > 1 and len(pairs) >= _WORTH_WORKERS:
            tasks = [pairs[at : at + _TASK_PAIRS] for at in range(0, len(pairs), _TASK_PAIRS)]
            pool = OrderedPool(self._compare, jobs=self.jobs, split=_halves, give_up=_give_up)
            return np.concatenate(list(pool.map(tasks)))
        threads = max(1, min(self.jobs, MOST, len(pairs) // _WORTH_A_THREAD))
        self._budget = _BUDGET // threads
        return np.concatenate(in_threads(self._compare, np.array_split(pairs, threads), jobs=threads))

    def _compare(self, pairs: Pairs) -> NDArray[np.float64]:
        left, right = left_of(pairs), right_of(pairs)
        ids, left, right = _numbered(left, right, len(self._source.sizes))
        if len(pairs) > 1 and int(self._source.sizes[ids].sum()) > self._budget:
            return np.concatenate([self._compare(half) for half in _halves(pairs)])
        sets, starts = self._source.sets(ids)
        needed = 16 << int(np.max(np.diff(starts), initial=1)).bit_length()
        slots, bits = np.empty(needed, np.uint64), np.empty(needed, np.uint64)
        out = np.empty(len(pairs), np.float64)
        self._kernel.overlaps(left, right, starts, sets, self._least, slots, bits, out)
        return out


def _numbered(
    left: NDArray[np.int64], right: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The texts in `left` and `right` in order, and `left` and `right` as places among them."""
    if count > 64 * len(left):
        ids, places = np.unique(np.concatenate((left, right)), return_inverse=True)
        return ids, places[: len(left)], places[len(left) :]
    wanted = np.zeros(count, bool)
    wanted[left] = wanted[right] = True
    ids = np.flatnonzero(wanted)
    lookup = np.empty(count, np.int64)
    lookup[ids] = np.arange(len(ids))
    return ids, lookup[left], lookup[right]


def _halves(pairs: Pairs) -> Sequence[Pairs]:
    middle = len(pairs) // 2
    return (pairs[:middle], pairs[middle:]) if middle else ()


def _give_up(pairs: Pairs, reason: str) -> NDArray[np.float64]:
    raise MemoryError(f"{len(pairs)} pairs of texts cannot be compared: {reason}")
