"""Compiling: the one place that decides how functions become machine code and where that is kept.

Compiled code is cached in the user's cache folder, in a folder named by the versions of Python and numba and by the
sources it was compiled from, so a change of any of them compiles anew. Only integers are computed, hence results are the
same on every machine.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from cleaner.errors import ConfigError
from cleaner.indexing import from_the_start

try:
    import numba
    from numba import types
except ImportError as error:  # pragma: no cover - an incomplete installation
    raise ConfigError("this needs the package numba") from error

Function = TypeVar("Function", bound=Callable[..., Any])
_log: Final = logging.getLogger(__name__)
_MODEL: Final = "numpy"
"""How numba divides: without a branch for zero, which no kernel ever divides by."""


_OURS: Final = (Path(__file__), Path(__file__).with_name("indexing.py"))
"""What decides how is compiled, whatever is compiled."""


def cache_folder(sources: Sequence[Path]) -> Path | None:
    """The folder for what is compiled from `sources`, made if need be; `None` where the user's cache cannot be written."""
    base = os.environ.get("CLEANER_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if not base:
        base = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.path.expanduser("~/.cache")
    state = hashlib.blake2b(digest_size=6)
    for source in (*sources, *_OURS):
        state.update(source.read_bytes())
    name = f"numba-{numba.__version__}-{sys.implementation.cache_tag}-{state.hexdigest()}"
    folder = Path(base or ".") / "cleaner" / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    return folder


@contextmanager
def compiling(sources: Sequence[Path]) -> Iterator[bool]:
    """While open, numba keeps what it compiles in the folder for `sources`; gives whether there is one."""
    folder = cache_folder(sources)
    config: Any = numba.config
    before = config.CACHE_DIR
    if folder is None:
        _log.warning("compiling in memory, which every start repeats: the cache folder cannot be written")
    else:
        if not any(folder.rglob("*.nbi")):
            _log.info("compiling once, this takes some seconds (%s)", folder)
        config.CACHE_DIR = str(folder)
    try:
        yield folder is not None
    finally:
        config.CACHE_DIR = before


@contextmanager
def without_linear_algebra() -> Iterator[None]:
    """Keep numba from importing scipy's linear algebra, which costs a third of the start and serves nothing here.

    Other numba code of the same process then has none, so it is for processes of our own only.
    """
    hidden = "scipy.linalg" not in sys.modules
    if hidden:
        sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules["scipy.linalg"]


def kernel(cached: bool, result: str, *parameters: str) -> Callable[[Function], Function]:
    """Compile a function for exactly these types, or load it.

    A type is numba's short name (`i8`, `u1`, `b1`, `void`), for arrays in C order with `[]` (one dimension) or `[,]`
    (two) behind it, and with an `r` in the brackets where the array may be read-only.
    """
    signature = _type(result)(*(_type(parameter) for parameter in parameters))

    def compile_(function: Function) -> Function:
        with from_the_start():
            return cast(Function, numba.njit(signature, cache=cached, error_model=_MODEL)(function))

    return compile_


def inner(function: Function) -> Function:
    """A function that only kernels call: it becomes part of them."""
    return cast(Function, numba.njit(function, error_model=_MODEL))


def _type(mark: str) -> Any:
    name, _, shape = mark.partition("[")
    kind = getattr(types, name)
    return types.Array(kind, 1 + shape.count(","), "C", readonly="r" in shape) if shape else kind
