"""From sketches to clusters: equal sets, then candidates of the bands, each verified exactly before it joins anything.

Clusters are the connected components of the verified pairs, so a chain A~B~C is one cluster also where A and C are
unlike; the similarity that is reported is always that to the kept text itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup import kernel
from cleaner.dedup.corpus import SetSource
from cleaner.dedup.settings import Settings
from cleaner.dedup.threads import in_threads
from cleaner.dedup.verify import Comparer, Pairs, left_of, packed, right_of

Ids = NDArray[np.int64]
Order = tuple[NDArray[np.uint64], int]
"""See `_sorted_keys`."""
_ORDERS: Final = 4
"""Bands that are sorted together, ahead of their use."""
_KEPT_ORDERS: Final = 32 << 20
"""Bytes of sorted bands that are kept for their second use."""
_MOST_FAILED: Final = 23
"""Bits of the number of unlike pairs that are remembered, at most: 64 MiB of them."""
_STAR_ROUNDS: Final = (1, 1, 2, 4, 8)
"""Bands whose candidates are verified together, while clusters are still few and each merge saves comparisons."""
_ROUND_PAIRS: Final = 1 << 18
_LOOKS: Final = 1 << 26
"""Pairs that are looked at in one bucket, at most."""
_SIGMAS: Final = 4
"""Pairs whose estimated similarity is so many standard deviations below the threshold are not verified."""


class Banded(SetSource, Protocol):
    """Sketched texts."""

    def __len__(self) -> int: ...

    def keys(self, band: int) -> NDArray[np.uint64]:
        """The keys of one band."""
        ...

    def digests(self) -> NDArray[np.uint64]:
        """(n, 2) digests of the sets."""
        ...

    def marks(self) -> NDArray[np.uint64]:
        """(n, permutations / 8 + 16) the low bytes of the MinHash values and the parities, eight bytes to a word."""
        ...


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which text each of `n` texts belongs to.

    `kept` (n) is the number of the text that stays for it (its own, if it stays), `similarity` (n) their exact Jaccard
    index. `cut_buckets` counts buckets that were too large to compare all their pairs, `cut_pairs` the pairs left out.
    """

    kept: Ids
    similarity: NDArray[np.float64]
    cut_buckets: int = 0
    cut_pairs: int = 0

    @property
    def removed(self) -> Ids:
        """The numbers of the texts that do not stay."""
        return np.flatnonzero(self.kept != np.arange(len(self.kept)))


@dataclass(slots=True)
class Progress:
    """How far the search for clusters has come: enough to go on with it in another process.

    `parent` (n) names a text's cluster by its first text as far as is known; `same` (n) is the first text with the
    same set, `distinct` are those that are first; `failed` remembers pairs that are unlike. `stars` counts bands whose
    buckets' first texts were compared with all others; `band`, `place` and `row` are where the comparison of all others goes
    on. `cut` see `Clusters`.
    """

    parent: Ids
    same: Ids
    distinct: Ids
    failed: NDArray[np.uint64]
    cut: Ids
    stars: int = 0
    band: int = 0
    place: int = 0
    row: int = 0


Save = Callable[[Progress], None]


def start(texts: Banded, *, smallest: int = 0) -> Progress:
    """Texts with equal sets joined; nothing compared yet. Sets below `smallest` will be compared with no others."""
    parent = np.arange(len(texts))
    digests = texts.digests()
    order, bits = _sorted_keys(digests[:, 0])
    kernel.load().same(order, bits, digests, texts.sizes, parent)
    return going_on(parent, parent.copy(), np.flatnonzero((parent == np.arange(len(texts))) & (texts.sizes >= smallest)))


def going_on(parent: Ids, same: Ids, distinct: Ids) -> Progress:
    """Nothing compared yet, but texts joined in `parent` already; for the arguments see `Progress`."""
    failed = np.zeros(1 << min(_MOST_FAILED, max(10, (8 * len(distinct)).bit_length())), np.uint64)
    return Progress(parent, same, distinct, failed, np.zeros(2, np.int64))


def find(
    texts: Banded,
    settings: Settings,
    *,
    compare: Comparer,
    progress: Progress | None = None,
    save: Save | None = None,
) -> Progress:
    """All clusters of `texts`: `parent` of the result names the first text of each text's cluster.

    `save` is called with the state from which another call can go on.
    """
    progress = progress or start(texts)
    if settings.threshold == 1.0:  # equal sets are all that is wanted
        return progress
    orders = Orders(texts, progress.distinct)
    join_firsts(texts, settings, progress, compare=compare, save=save, orders=orders)
    join_others(texts, settings, progress, compare=compare, save=save, orders=orders)
    return progress


class Orders:
    """The buckets of each band: its texts in the order of their keys. Some are kept, as each band is looked at twice."""

    def __init__(self, texts: Banded, distinct: Ids) -> None:
        """`distinct` are the texts that stand in the buckets."""
        self._texts, self._distinct = texts, distinct
        self._kept: dict[int, Order] = {}
        self._most = _KEPT_ORDERS // max(1, 8 * len(distinct))

    def __call__(self, band: int) -> Order:
        """The buckets of a band; not to be written to. Several threads may ask for different bands at once."""
        found = self._kept.get(band)
        if found is None:
            found = _sorted_keys(self._texts.keys(band)[self._distinct])
            if band < self._most:
                self._kept[band] = found
        return found


def join_firsts(
    texts: Banded,
    settings: Settings,
    progress: Progress,
    *,
    compare: Comparer,
    save: Save | None = None,
    orders: Orders | None = None,
) -> None:
    """Join what is similar to the first text of one of its buckets."""
    orders = orders or Orders(texts, progress.distinct)
    _join(_star_rounds(texts, settings, progress, orders, compare.jobs), settings, progress, compare=compare, save=save)


def join_others(
    texts: Banded,
    settings: Settings,
    progress: Progress,
    *,
    compare: Comparer,
    save: Save | None = None,
    looks: int | None = None,
    orders: Orders | None = None,
) -> None:
    """Join what is similar to any text of one of its buckets; in each, at most `looks` pairs are looked at."""
    orders = orders or Orders(texts, progress.distinct)
    rounds = _rest_rounds(texts, settings, progress, orders, _LOOKS if looks is None else looks, compare.jobs)
    _join(rounds, settings, progress, compare=compare, save=save)


def reach(members: int) -> int:
    """With how many of those that follow it by size a text of a bucket of so many texts is compared."""
    return max(1, _LOOKS // max(members, 1))


def _join(
    rounds: Iterator[Pairs], settings: Settings, progress: Progress, *, compare: Comparer, save: Save | None
) -> None:
    for pairs in rounds:
        _verify(pairs, settings.threshold, compare, progress)
        if save:
            save(progress)


def choose(progress: Progress, *, compare: Comparer, score: NDArray[np.float64] | None = None) -> Clusters:
    """Which text of each cluster stays (see `kept_of`), and how similar the others are to it."""
    return compared(progress, kept_of(progress, score), compare=compare)


def kept_of(progress: Progress, score: NDArray[np.float64] | None) -> Ids:
    """The text that stays for each: that of its cluster with the highest `score`, of equals (or without scores) the first."""
    return progress.parent if score is None else best(progress.parent, score)


def compared(progress: Progress, kept: Ids, *, compare: Comparer) -> Clusters:
    """All texts with their exact similarity to the ones that stay for them."""
    similarity = np.ones(len(kept))
    left, right = progress.same[kept], progress.same
    unlike = np.flatnonzero(left != right)
    pairs, where = np.unique(packed(left[unlike], right[unlike]), return_inverse=True)
    similarity[unlike] = compare(pairs, 0.0)[where]
    return Clusters(kept, similarity, int(progress.cut[0]), int(progress.cut[1]))


def best(parent: Ids, score: NDArray[np.float64]) -> Ids:
    """Per text: the one of its cluster with the highest `score`, of equals the first. Clusters are named by `parent`."""
    order = np.lexsort((-score, parent))
    first = np.ones(len(order), bool)
    first[1:] = parent[order][1:] != parent[order][:-1]
    found = np.zeros(len(parent), np.int64)
    found[parent[order[first]]] = order[first]
    return found[parent]


def _verify(pairs: Pairs, threshold: float, compare: Comparer, progress: Progress) -> None:
    compiled = kernel.load()
    alike = compare(pairs, threshold) >= threshold
    found = pairs[alike]
    compiled.unite(progress.parent, left_of(found), right_of(found))
    compiled.remember(progress.failed, pairs[~alike])


def _star_rounds(
    texts: Banded, settings: Settings, progress: Progress, orders: Orders, jobs: int
) -> Iterator[Pairs]:
    """The first text of each bucket with its others, some bands at a time."""
    compiled = kernel.load()
    marks, agreeing = texts.marks(), _agreeing(settings)

    def pairs_of(band: int) -> Pairs:
        order, bits = orders(band)
        out = np.empty(len(order), np.uint64)
        known = (order, bits, progress.distinct, progress.parent, texts.sizes, settings.threshold)
        return out[: compiled.stars(*known, marks, agreeing, progress.failed, out)].copy()

    for first, last in _star_bands(settings.bands):
        if last <= progress.stars:
            continue
        found = in_threads(pairs_of, range(first, last), jobs=jobs)
        progress.stars = last
        yield np.unique(np.concatenate(found))


def _rest_rounds(
    texts: Banded, settings: Settings, progress: Progress, orders: Orders, looks: int, jobs: int
) -> Iterator[Pairs]:
    """All pairs of a bucket that are not of one cluster yet, in portions."""
    compiled = kernel.load()
    marks, agreeing = texts.marks(), _agreeing(settings)
    out = np.empty(max(_ROUND_PAIRS, len(progress.distinct)), np.uint64)
    members = np.empty(len(progress.distinct), np.uint64)
    near = np.empty((min(len(members), 2 * math.isqrt(looks) + 2), marks.shape[1]), np.uint64)
    found: list[Pairs] = []
    first = progress.band
    ahead: list[Order] = []
    while progress.band < settings.bands:
        if not ahead:
            bands = range(progress.band, min(settings.bands, progress.band + (_ORDERS if jobs > 1 else 1)))
            ahead = in_threads(orders, bands, jobs=jobs)
        order, bits = ahead.pop(0)
        while progress.place < len(order):
            known = (order, bits, progress.distinct, progress.parent, texts.sizes, settings.threshold)
            place = np.array((progress.place, progress.row))
            made = compiled.rest(
                *(*known, marks, agreeing, progress.failed, looks, members, near, place, out, progress.cut)
            )
            progress.place, progress.row = place.tolist()
            found.append(out[:made].copy())
            if sum(map(len, found)) >= _ROUND_PAIRS:
                # A pair stands in one bucket of a band, so only several bands can give it twice.
                yield _once(found) if progress.band > first else np.concatenate(found)
                found.clear()
                first = progress.band
        progress.band, progress.place, progress.row = progress.band + 1, 0, 0
    if found:
        yield _once(found)


def _once(found: Sequence[Pairs]) -> Pairs:
    """Each pair once, in the order in which they were found: that of their buckets, so that few texts are read."""
    pairs = np.concatenate(found)
    _, first = np.unique(pairs, return_index=True)
    first.sort()
    return pairs[first]


def _agreeing(settings: Settings) -> int:
    """In how many marks a similar pair agrees, but for one in thirty thousand right at the threshold."""
    share = settings.threshold
    deviation = (share * (1 - share) / settings.permutations) ** 0.5
    return max(0, int((share - _SIGMAS * deviation) * settings.permutations))


def _star_bands(bands: int) -> Iterator[tuple[int, int]]:
    first = 0
    for width in (*_STAR_ROUNDS, bands):
        if first < bands:
            yield first, min(bands, first + width)
        first += width


def _sorted_keys(keys: NDArray[np.uint64]) -> Order:
    """The high bits of `keys` with their places in the low bits, sorted, and how many bits those are."""
    bits = max(1, (len(keys) - 1).bit_length())
    order = keys & ~np.uint64((1 << bits) - 1)
    order |= np.arange(len(keys), dtype=np.uint64)
    order.sort()
    return order, bits
