"""The folder of a run under way: what is finished in it is not done again by a rerun of the same kind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cleaner.errors import ConfigError, RecordError
from cleaner.records.outputs import write_whole

_HEADER: Final = "run.json"
_LOCK: Final = "lock"
_VERSION: Final = 2


@contextlib.contextmanager
def work_folder(path: Path, key: Mapping[str, Any], *, say: Callable[[str], None]) -> Iterator[Path]:
    """The folder `path`, locked, with nothing in it but what a run with the same `key` left behind.

    It is removed when the block succeeds and stays otherwise. `ConfigError` where it is in use or not ours.
    """
    header = {"version": _VERSION, **key}
    if path.exists() and not (path / _HEADER).exists() and any(path.iterdir()):
        raise ConfigError(f"work folder {path}: expected an empty folder or one of an earlier run")
    path.mkdir(parents=True, exist_ok=True)
    with lock(path / _LOCK, f"work folder {path}: another run is using it"):
        found = _read(path / _HEADER)
        if found == header:
            say(f"going on with the run in {path}")
        else:
            if found is not None:
                say(f"{path} is of another run: starting anew")
            _clear(path)
            write_whole(path / _HEADER, json.dumps(header).encode())
        yield path
        shutil.rmtree(path)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _clear(path: Path) -> None:
    for entry in path.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != _LOCK:
            entry.unlink()


@contextlib.contextmanager
def lock(path: Path, busy: str) -> Iterator[None]:
    """Hold the lock file `path`; `ConfigError(busy)` where somebody else does. It ends with its holder."""
    with path.open("ab") as file:
        try:
            _lock(file.fileno())
        except OSError:
            raise ConfigError(busy) from None
        yield


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def facts(paths: Sequence[str]) -> list[list[Any]]:
    """Names, sizes and times of the inputs, which tell whether they are the same."""
    found = []
    for path in paths:
        try:
            state = os.stat(path)
        except OSError as error:
            raise RecordError(f"{path}: cannot be read: {error.strerror}") from error
        found.append([os.path.abspath(path), state.st_size, state.st_mtime_ns])
    return found
