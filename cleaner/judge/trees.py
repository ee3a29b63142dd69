"""Small boosted trees as data: whole-number leaves, byte thresholds, one question per level of a tree.

All nodes of a level ask the same question ("oblivious" trees), so a tree of depth d is d comparisons for all lines at
once and one look-up. Sums are whole numbers: the same on every machine, for every batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes
from cleaner.errors import RuleError

UNIT: Final = 1024
"""Leaf values are log-odds times this."""
FORMAT: Final = 1
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class Trees:
    """A forest over named measures."""

    measures: tuple[str, ...]
    bias: int
    feature: NDArray[np.int64]
    """(trees * depth,): which measure each level asks about."""
    border: Bytes
    """(trees * depth,): the answer is yes above it."""
    leaves: NDArray[np.int16]
    """(trees * 2**depth,)"""
    depth: int

    def __len__(self) -> int:
        return len(self.feature) // max(self.depth, 1)

    def score(self, values: Bytes) -> NDArray[np.int32]:
        """Log-odds times `UNIT` for each line of `values` (measures, lines)."""
        from cleaner.kernels import trees as kernel

        out = np.full(values.shape[1], self.bias, np.int32)
        if len(self):
            numbers = np.empty((kernel.ABREAST, kernel.CHUNK), np.uint8)
            kernel.score(
                np.ascontiguousarray(values), self.feature, self.border, self.leaves, self.depth, numbers, out
            )
        return out

    def shares(self, values: Bytes, line: int) -> dict[str, int]:
        """What each measure contributes to one line's score, times `UNIT`.

        A tree's value is split along its path: each answered question gets the change of the mean of the leaves that
        are still within reach (Saabas, 2014). The shares and the bias add up to the score but for rounding.
        """
        column = values[:, line]
        out: dict[str, float] = {}
        for tree in range(len(self)):
            leaves = self.leaves[tree << self.depth : (tree + 1) << self.depth].astype(np.float64)
            reach = np.ones(len(leaves), bool)
            mean = leaves.mean()
            out["(start)"] = out.get("(start)", 0.0) + mean
            for level in range(self.depth):
                at = tree * self.depth + level
                answer = int(column[self.feature[at]] > self.border[at])
                reach &= ((np.arange(len(leaves)) >> level) & 1) == answer
                name = self.measures[self.feature[at]]
                now = leaves[reach].mean()
                out[name] = out.get(name, 0.0) + now - mean
                mean = now
        return {name: round(value) for name, value in out.items()}


def read_trees(data: Mapping[str, Any], names: Sequence[str], place: str) -> Trees:
    """A forest from its parsed JSON; `RuleError` says at `place` what was expected."""
    try:
        depth = int(data["depth"])
        if not 1 <= depth <= _DEEPEST:
            raise ValueError(f"expected a depth of 1 to {_DEEPEST}")
        feature = [names.index(name) for tree in data["trees"] for name, _ in tree["asks"]]
        border = [limit for tree in data["trees"] for _, limit in tree["asks"]]
        leaves = [value for tree in data["trees"] for value in tree["leaves"]]
        if len(feature) != depth * len(data["trees"]) or len(leaves) != len(data["trees"]) << depth:
            raise ValueError(f"expected {depth} questions and {1 << depth} leaves in each tree")
        return Trees(
            measures=tuple(names),
            bias=int(data["bias"]),
            feature=np.array(feature, np.int64),
            border=np.array(border, np.uint8),
            leaves=np.array(leaves, np.int16),
            depth=depth,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RuleError(f"{place}: not a forest of this version: {error}") from error


@dataclass(frozen=True, slots=True)
class Weights:
    """A weights file: the forests of both looks, what they were fitted on, and the cut."""

    first: Mapping[str, Any]
    second: Mapping[str, Any]
    header: Mapping[str, Any]
    file: str


def load_weights(path: Path) -> Weights:
    """Read a weights file; `RuleError` where it is not one of this format."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RuleError(f"{path}: cannot be read as weights: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else type(data).__name__
        raise RuleError(f"{path}: field 'format': expected {FORMAT}, got {found!r}")
    for name in ("header", "first", "second"):
        if not isinstance(data.get(name), dict):
            raise RuleError(f"{path}: field {name!r}: expected a table")
    return Weights(data["first"], data["second"], data["header"], str(path))
