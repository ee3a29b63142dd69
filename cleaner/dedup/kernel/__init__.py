"""The compiled kernel: from UTF-8 bytes to word shingles, MinHash signatures, band keys and exact overlaps.

The only place where numba is imported. Everything is unsigned integer arithmetic, so results are the same on every
machine. Compiled once per machine and kept in the user's cache folder.

Signatures are those of datasketch's scheme `affine32` (one bijective affine permutation of 32-bit hashes per value, the
MurmurHash3 finalizer before it); the hash of a shingle is made from 64-bit hashes of its words, the low half of which
enters the signature while exact comparisons use all 64 bits.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from cleaner.errors import ConfigError

try:
    import numba
    from numba import njit, types
except ImportError as error:  # pragma: no cover - an incomplete installation
    raise ConfigError("deduplication needs the package numba") from error

from cleaner.dedup.kernel import mixing, pairs, texts

_SOURCES: Final = (__file__, mixing.__file__, pairs.__file__, texts.__file__)


class Kernel(NamedTuple):
    """The compiled functions; their parameters are described at the functions of the same names."""

    sketch: Callable[..., int]
    overlaps: Callable[..., None]
    unite: Callable[..., None]
    same: Callable[..., None]
    stars: Callable[..., int]
    rest: Callable[..., tuple[int, int, int]]
    remember: Callable[..., None]


def cache_folder() -> Path:
    """Where compiled code is kept: the user's cache folder, or a folder of temporary files where that is closed."""
    base = os.environ.get("XDG_CACHE_HOME") or (
        os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.path.expanduser("~/.cache")
    )
    source = hashlib.blake2b(b"".join(Path(one).read_bytes() for one in _SOURCES), digest_size=6).hexdigest()
    name = f"numba-{numba.__version__}-{sys.implementation.cache_tag}-{source}"
    user = os.getuid() if hasattr(os, "getuid") else "user"
    for folder in (Path(base or ".") / "cleaner" / name, Path(tempfile.gettempdir()) / f"cleaner-{user}" / name):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            tempfile.TemporaryFile(dir=folder).close()
            if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
                continue  # code is loaded from there: nobody else must be able to leave some
        except OSError:
            continue
        return folder
    raise ConfigError(f"no folder for compiled code: neither {base} nor {tempfile.gettempdir()} can be written")


def load(say: Callable[[str], None] | None = None, *, lean: bool = False) -> Kernel:
    """The compiled functions, from the cache or freshly compiled; `say` is told when that takes a while.

    `lean` keeps numba from importing scipy's linear algebra, which costs time and memory and serves nothing here;
    other numba code of the same process then has no linear algebra, so it is for processes of our own only.
    """
    if _compiled.cache_info().currsize:
        return _compiled()
    folder = cache_folder()
    if say and not any(folder.rglob("*.nbi")):
        say(f"compiling the kernel once, this takes some seconds ({folder})")
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    hidden = lean and "scipy.linalg" not in sys.modules
    if hidden:
        sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        return _compiled()
    finally:
        config.CACHE_DIR = before
        if hidden:
            del sys.modules["scipy.linalg"]


@functools.cache
def _compiled() -> Kernel:
    u1, u4, u8, i8, f8 = types.uint8, types.uint32, types.uint64, types.int64, types.float64
    i4 = types.int32
    three: Any = types.UniTuple

    def array(kind: Any, dims: int = 1, *, readonly: bool = False) -> Any:
        return types.Array(kind, dims, "C", readonly=readonly)

    def build(function: Any, result: Any, *args: Any) -> Any:
        return njit(result(*args), cache=True)(function)

    keys, packed, ids, sizes = array(u8), array(u8), array(i8), array(i4)
    marks = array(u8, 2, readonly=True)
    return Kernel(
        build(
            texts.sketch,
            *(i8, array(u1, readonly=True), array(i8), array(u4), i8, array(u4, 2), i8, array(u8), array(u8)),
            *(array(u8), array(i4), array(u8, 2), array(u8, 2), array(u1, 2), array(u4, 2)),
        ),
        build(
            pairs.overlaps, types.void, array(i8), array(i8), array(i8), array(u8), f8, array(u8), array(u8), array(f8)
        ),
        build(pairs.unite, types.void, array(i8), array(i8), array(i8)),
        build(pairs.same, types.void, packed, i8, array(u8, 2), sizes, array(i8)),
        build(pairs.stars, i8, packed, i8, ids, array(i8), sizes, f8, marks, i8, array(u8), keys),
        build(
            pairs.rest,
            *(three(i8, 3), packed, i8, ids, array(i8), sizes, f8, marks, i8, array(u8), i8, i8, i8, keys, array(i8)),
        ),
        build(pairs.remember, types.void, array(u8), keys),
    )
