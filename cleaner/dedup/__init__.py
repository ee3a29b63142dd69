"""What repeats across documents: near-duplicate documents and paragraphs, and an index that lasts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleaner.dedup.deduplicator import Deduplicator, Duplicate
    from cleaner.dedup.index import DedupIndex, Match
    from cleaner.dedup.redis_index import RedisIndex
    from cleaner.dedup.settings import Settings

__all__ = ["DedupIndex", "Deduplicator", "Duplicate", "Match", "RedisIndex", "Settings"]

# The kernel brings numba along; it is loaded where it is used.
_HOMES = {
    "Deduplicator": "deduplicator",
    "Duplicate": "deduplicator",
    "DedupIndex": "index",
    "Match": "index",
    "RedisIndex": "redis_index",
    "Settings": "settings",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'cleaner.dedup' has no attribute {name!r}")
    return getattr(import_module(f"cleaner.dedup.{home}"), name)
