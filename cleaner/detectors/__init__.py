"""Detectors: votes for what a phrase cannot say. Each is named by a rule of kind `detector` under `rules/`."""

from cleaner.detectors.registry import detect, hear

__all__ = ["detect", "hear"]
