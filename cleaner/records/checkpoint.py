"""Going on after a crash: what had been read and written when the last batch was complete.

A checkpoint stands beside the output while a run from files to files is under way. It names the place in the inputs
after the last batch whose results are on disk, and the state of each output at that moment; a rerun with the same inputs
and settings cuts the parts back to that state and goes on from there.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import orjson

from cleaner.records.outputs import State, part_of, write_whole

SUFFIX: Final = ".checkpoint"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on: the index of the input, the offset in its uncompressed bytes, the number of the record there."""

    index: int = 0
    offset: int = 0
    first: int = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a run after a whole number of batches.

    `key` tells runs apart that must not be continued by one another, `written` counts output lines, `outputs` holds the
    state of each output by path, `stats` the counters so far. `complete` means that only the renaming is left.
    """

    key: str
    place: Place
    written: int
    outputs: Mapping[str, State]
    stats: Mapping[str, Any]
    complete: bool = False

    def save(self, path: str) -> None:
        """Write it in one step, so that a crash leaves either the old one or the new one."""
        write_whole(path, orjson.dumps({"version": _VERSION, **{name: getattr(self, name) for name in _NAMES}}))

    @classmethod
    def load(cls, path: str, key: str) -> Self | None:
        """The checkpoint at `path` if it belongs to `key` and its parts are there; None otherwise."""
        try:
            value = orjson.loads(Path(path).read_bytes())
            if value.pop("version") != _VERSION or value["key"] != key:
                return None
            found = cls(**{**value, "place": Place(**value["place"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        parts = {name: Path(part_of(name)) for name in found.outputs}
        if found.complete:
            return found
        whole = all(
            part.exists() and part.stat().st_size >= found.outputs[name]["bytes"] for name, part in parts.items()
        )
        return found if whole else None


_NAMES: Final = tuple(part.name for part in fields(Checkpoint))


def run_key(inputs: Sequence[str], settings: Mapping[str, Any]) -> str:
    """What identifies a run: its settings, and names, sizes and times of its inputs."""
    facts = [(os.path.abspath(path), os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in inputs]
    return hashlib.blake2b(orjson.dumps([facts, settings], option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
