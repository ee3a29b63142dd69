"""What the modules of kernels are made with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cleaner import compiled
from cleaner.compiled import Function, inner

Array = Any
"""A numpy array inside compiled code, where its element's type is the compiler's business."""
Number = Any
"""A number or truth value there."""

_SOURCES: Final = sorted(Path(__file__).parent.glob("*.py"))


def kernel(result: str, *parameters: str) -> Callable[[Function], Function]:
    """`compiled.kernel`, kept with the other kernels of this folder."""

    def compile_(function: Function) -> Function:
        with compiled.compiling(_SOURCES) as cached:
            return compiled.kernel(cached, result, *parameters)(function)

    return compile_


__all__ = ["Array", "Number", "inner", "kernel"]
