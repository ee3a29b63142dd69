"""Connected components: in one task while the pairs fit there, by large-star and small-star beyond that.

Large-star and small-star are those of Kiveris, Lattanzi, Mirrokni, Rastogi and Vassilvitskii, "Connected Components in
MapReduce and Beyond" (2014): each round hangs a node's larger, then its smaller neighbours on the smallest one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cleaner.adapters.spark import blobs

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PAIRS: Final = "node long, other long"
IN_ONE_TASK: Final = 4_000_000
_ROUNDS: Final = 60

Store = "Callable[[DataFrame, str], DataFrame]"


def components(pairs: DataFrame, *, store: Any, name: str, in_one_task: int = IN_ONE_TASK) -> DataFrame:
    """`node` and `other`, the smallest of its component, for each node of `pairs` that is not itself the smallest.

    `pairs` has the columns `node` and `other`. `store(frame, name)` writes a frame and gives what reads it again.
    """
    if pairs.count() <= in_one_task:
        return store(pairs.select("node", "other").coalesce(1).mapInArrow(join_all, PAIRS), name)
    return _stars(pairs, store, name)


def join_all(batches: Iterator[Any]) -> Iterator[Any]:
    """All pairs of one task as stars."""
    from cleaner.dedup import kernel

    found = [np.stack([batch.column(at).to_numpy() for at in (0, 1)]) for batch in batches]
    if not found:
        return
    left, right = np.concatenate(found, axis=1)
    nodes, index = np.unique(np.concatenate((left, right)), return_inverse=True)
    parent = np.arange(len(nodes))
    index = index.astype(np.int64).reshape(-1)
    kernel.load().unite(parent, index[: len(left)].copy(), index[len(left) :].copy())
    moved = np.flatnonzero(parent != np.arange(len(nodes)))
    yield blobs.record_batch({"node": nodes[moved], "other": nodes[parent[moved]]}, blobs.arrow_schema(PAIRS))


@dataclass(frozen=True, slots=True)
class _Round:
    """What tells a round from the one before: pairs, and a sum over them."""

    pairs: int
    total: Any


def _stars(pairs: DataFrame, store: Any, name: str) -> DataFrame:
    from pyspark.sql import functions as f

    # Each task first makes stars of its own pairs, which shrinks them to fewer than it has nodes.
    edges = store(pairs.select("node", "other").mapInArrow(join_all, PAIRS), f"{name}-0")
    before: _Round | None = None
    for number in range(1, _ROUNDS):
        edges = store(_small_star(_large_star(edges)), f"{name}-{number}")
        row = edges.agg(f.count("*"), f.sum(f.xxhash64("node", "other").cast("decimal(38,0)"))).collect()[0]
        now = _Round(row[0], row[1])
        if now == before:
            return edges
        before = now
    raise RuntimeError(f"components: {before} after {_ROUNDS} rounds")


def _large_star(edges: DataFrame) -> DataFrame:
    """Each node's larger neighbours are hung on the smallest of its neighbours and itself."""
    from pyspark.sql import functions as f

    both = edges.unionByName(edges.select(f.col("other").alias("node"), f.col("node").alias("other")))
    least = both.groupBy("node").agg(f.least(f.min("other"), f.first("node")).alias("least"))
    larger = both.where("other > node").join(least, "node")
    return larger.select(f.col("other").alias("node"), f.col("least").alias("other")).where("node != other").distinct()


def _small_star(edges: DataFrame) -> DataFrame:
    """Each node and its smaller neighbours are hung on the smallest of them."""
    from pyspark.sql import functions as f

    down = edges.select(f.greatest("node", "other").alias("node"), f.least("node", "other").alias("other"))
    least = down.groupBy("node").agg(f.min("other").alias("least"))
    smaller = down.join(least, "node").select(f.col("other").alias("node"), f.col("least").alias("other"))
    own = least.select("node", f.col("least").alias("other"))
    return smaller.unionByName(own).where("node != other").distinct()
