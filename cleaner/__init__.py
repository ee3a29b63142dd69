"""Clean text out of CMS pages: named rules with evidence, in many languages, every removal explained and reversible."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cleaner.edits import Edit, Result, apply, restore
from cleaner.errors import CleanerError

if TYPE_CHECKING:
    from cleaner.engine import Cleaner
    from cleaner.memory.site_memory import SiteMemory
    from cleaner.packs.load import load_rules

__all__ = ["Cleaner", "CleanerError", "Edit", "Result", "SiteMemory", "apply", "load_rules", "restore"]
__version__ = "0.1.0"

# The engine brings numpy and the packs along; `cleaner --help` and `restore` need neither.
_LAZY = {"Cleaner": "cleaner.engine", "SiteMemory": "cleaner.memory.site_memory", "load_rules": "cleaner.packs.load"}


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module 'cleaner' has no attribute {name!r}")
    return getattr(import_module(module), name)
