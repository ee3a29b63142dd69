"""Site memory: what recurs on the pages of a site is not what any one of them is about."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleaner.memory.site_memory import SiteMemory

__all__ = ["SiteMemory"]


def __getattr__(name: str) -> Any:
    if name != "SiteMemory":
        raise AttributeError(f"module 'cleaner.memory' has no attribute {name!r}")
    return import_module("cleaner.memory.site_memory").SiteMemory
