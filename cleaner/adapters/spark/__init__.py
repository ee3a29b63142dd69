"""Corpora that outgrow one machine, on Spark: `clean`, `learn` and `dedup` as functions on DataFrames."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

__all__ = ["clean", "dedup", "learn"]
_MODULES: Final = {"clean": "cleaning", "dedup": "deduping", "learn": "learning"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'cleaner.adapters.spark' has no attribute {name!r}")
    return getattr(import_module(f"cleaner.adapters.spark.{_MODULES[name]}"), name)
