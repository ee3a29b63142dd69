"""Files in the user's cache folder: written whole or not at all, and read only if they are whole and the user's own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

_DIGEST: Final = hashlib.sha256().digest_size


def cache_home() -> Path | None:
    """The folder of this user's caches; `None` where the environment names none."""
    base = os.environ.get("CLEANER_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if not base:
        base = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.path.expanduser("~/.cache")
    return Path(base) / "cleaner" if base else None


def keep(path: Path, content: bytes, *, most: int = 0) -> bool:
    """Write a file; says whether it could be written.

    With `most`, of the files with the same beginning of their name (up to its first `-`) only so many stay, the newest.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, delete=False) as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)
        os.replace(file.name, path)
    except OSError:
        return False
    if most:
        with contextlib.suppress(OSError):  # another process may be tidying up, too
            alike = sorted(path.parent.glob(f"{path.name.partition('-')[0]}-*"), key=lambda one: -one.stat().st_mtime)
            for old in alike[most:]:
                old.unlink(missing_ok=True)
    return True


def recall(path: Path) -> memoryview | None:
    """What `keep` wrote there; nothing where there is nothing, where it is damaged, or where it is somebody else's."""
    try:
        with path.open("rb") as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            whole = memoryview(file.read())
    except OSError:
        return None
    return whole[_DIGEST:] if hashlib.sha256(whole[_DIGEST:]).digest() == whole[:_DIGEST] else None
