"""Places in arrays as kernels mean them: counted from the start.

Numba lets a signed place below zero count from the end, as Python does, and so asks for each access of an array whether it
is one, which keeps the compiler from taking several steps at once. No kernel here counts from the end. While
`from_the_start` is open, numba compiles accesses without that question, and nobody else's functions, for it holds the lock
that every compilation waits for; where a version of numba has that question in another place, it goes on asking, and the
kernels do the same, slower.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

_LOCK: Final = "numba.core.compiler_lock"
_MODULE: Final = "numba.np.arrayobj"
_FUNCTION: Final = "fix_integer_index"


def _as_it_is(context: Any, builder: Any, kind: Any, place: Any, _size: Any) -> Any:
    """The place of an access, with a signed type that is not below zero."""
    types: Any = import_module("numba").types
    return context.cast(builder, place, kind, types.intp if kind.signed else types.uintp)


@contextmanager
def from_the_start() -> Iterator[None]:
    """While open, what numba compiles in this thread takes no place in an array for one that counts from the end."""
    module: Any = import_module(_MODULE)
    before = getattr(module, _FUNCTION, None)
    lock = getattr(import_module(_LOCK), "global_compiler_lock", None)
    if before is None or lock is None:
        yield
        return
    with lock:
        setattr(module, _FUNCTION, _as_it_is)
        try:
            yield
        finally:
            setattr(module, _FUNCTION, before)
