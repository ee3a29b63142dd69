"""Handing arrays to compiled code without a word of Python for each: a function that takes a tuple of them and unpacks them.

A kernel takes an array as seven numbers. To ask Python for these, and for whether the array is of the declared type, costs
more than a microsecond an array, and even to hand over the objects one by one takes ctypes a tenth of that, together more than
many kernels take for a page. So each kernel gets a second entry that takes the address of the items of the tuple of its
arguments, looks whether the arrays among them are plain ones of the declared type, and calls the kernel; where they are not, it
answers `UNUSUAL` without calling anything. Numbers it takes one by one, beside the tuple.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

TROUBLE: Final = 1 - (1 << 63)
"""The highest answer of an entry that stands for no answer of its kernel, which never are so low."""
UNUSUAL: Final = -(1 << 63)
_KIND, _DATA, _DIMS, _SHAPE, _STRIDES, _TYPE, _FLAGS = 8, 16, 24, 32, 40, 56, 64
"""Where numpy's array objects have what, in bytes; part of its binary interface since its first version."""
_IN_ORDER: Final = 1
_NUMBERS: Final = {"int64": ("i64", ctypes.c_int64), "uint64": ("i64", ctypes.c_uint64), "float64": ("double", ctypes.c_double)}


_word: Final = ctypes.c_size_t.from_address


def _find_items() -> int:
    """Where in a tuple its items begin, in bytes; -1 where that cannot be told. Not all versions of Python have the same."""
    probes = [tuple(object() for _ in range(size)) for size in (1, 2, 7)]
    for place in range(16, ().__sizeof__() + 8, 8):
        if all(
            probe.__sizeof__() >= place + 8 * len(probe)
            and all(_word(id(probe) + place + 8 * number).value == id(item) for number, item in enumerate(probe))
            for probe in probes
        ):
            return place
    return -1


def _is_laid_out() -> bool:
    """Whether array objects are laid out as expected, looked up in some of which all is known."""
    word, half = _word, ctypes.c_int32.from_address
    for probe in (np.zeros(3, np.uint8), np.zeros((2, 5), np.int32), np.asfortranarray(np.ones((4, 7)))):
        here = id(probe)
        if np.empty(0).__sizeof__() < _FLAGS + 4:
            return False
        shape, strides = word(here + _SHAPE).value, word(here + _STRIDES).value
        found = (
            word(here + _KIND).value == id(np.ndarray)
            and word(here + _DATA).value == probe.__array_interface__["data"][0]
            and half(here + _DIMS).value == probe.ndim
            and word(here + _TYPE).value == id(probe.dtype)
            and half(here + _FLAGS).value & _IN_ORDER == int(probe.flags.c_contiguous)
            and all(word(shape + 8 * place).value == size for place, size in enumerate(probe.shape))
            and all(word(strides + 8 * place).value == step for place, step in enumerate(probe.strides))
        )
        if not found:
            return False
    return True


ITEMS: Final = _find_items()
"""Where in a tuple its items begin, in bytes."""
LAID_OUT: Final = ctypes.sizeof(ctypes.c_void_p) == 8 and ITEMS > 0 and _is_laid_out()
"""Whether `entry` may be used in this process."""


def can_enter(parameters: Sequence[tuple[int, np.dtype[Any]]]) -> bool:
    """Whether a kernel of these parameters (dimensions, type of an element or number) can have such an entry."""
    return all(dims or dtype.name in _NUMBERS for dims, dtype in parameters)


def entry(name: str, kernel: str, parameters: Sequence[tuple[int, np.dtype[Any]]]) -> str:
    """LLVM's assembly of a function `name` that takes the address of `expected`, that of a tuple's items, and the numbers among
    them, and calls `kernel`: gives its answer, or one up to `TROUBLE`."""
    given, handed, types, lines = [], [], [], []
    arrays = 0
    for place, (dims, dtype) in enumerate(parameters):
        if not dims:
            number = _NUMBERS[dtype.name][0]
            given.append(f"{number} %v{place}")
            handed.append(f"{number} %v{place}")
            types.append(number)
            continue
        arrays += 1
        lines += _load(f"v{place}", "ptr", "%values", 8 * place)
        lines += _checks(place, dims, arrays)
        sizes = [f"%n{place}.{axis}" for axis in range(dims)]
        total = sizes[0]
        if dims == 2:
            total = f"%all{place}"
            lines.append(f"{total} = mul i64 {sizes[0]}, {sizes[1]}")
        steps = [f"%s{place}.{axis}" for axis in range(dims)]
        handed += ["ptr null", "ptr null", f"i64 {total}", f"i64 {dtype.itemsize}", f"ptr %data{place}"]
        handed += [f"i64 {value}" for value in (*sizes, *steps)]
        types += ["ptr", "ptr", "i64", "i64", "ptr", *["i64"] * (2 * dims)]
    return "\n".join([
        f'declare i32 @"{kernel}"(ptr, ptr, {", ".join(types)})',
        f'define i64 @"{name}"({", ".join(["ptr %expected", "ptr %values", *given])}) {{',
        "%answer = alloca i64",
        "%trouble = alloca ptr",
        "store i64 0, ptr %answer",
        "%kind = load ptr, ptr %expected",
        *lines,
        f'%code = call i32 @"{kernel}"(ptr %answer, ptr %trouble, {", ".join(handed)})',
        "%failed = icmp ne i32 %code, 0",
        "%found = load i64, ptr %answer",
        f"%said = select i1 %failed, i64 {TROUBLE}, i64 %found",
        "ret i64 %said",
        "unusual:",
        f"ret i64 {UNUSUAL}",
        "}",
    ])  # fmt: skip


def _load(name: str, kind: str, base: str, offset: int) -> list[str]:
    """What reads the value that stands so many bytes after an address."""
    return [f"%{name}.at = getelementptr i8, ptr {base}, i64 {offset}", f"%{name} = load {kind}, ptr %{name}.at"]


def _checks(place: int, dims: int, number: int) -> list[str]:
    """What looks whether the object of parameter `place`, the array of this `number`, is as declared, and takes it apart."""
    me = f"%v{place}"
    lines = [
        *_load(f"kind{place}", "ptr", me, _KIND),
        f"%other{place} = icmp ne ptr %kind{place}, %kind",
        f"br i1 %other{place}, label %unusual, label %array{place}",
        f"array{place}:",
        *_load(f"dims{place}", "i32", me, _DIMS),
        *_load(f"flags{place}", "i32", me, _FLAGS),
        *_load(f"type{place}", "ptr", me, _TYPE),
        *_load(f"want{place}", "ptr", "%expected", 8 * number),
        f"%d{place} = icmp eq i32 %dims{place}, {dims}",
        f"%o{place} = and i32 %flags{place}, {_IN_ORDER}",
        f"%f{place} = icmp ne i32 %o{place}, 0",
        f"%t{place} = icmp eq ptr %type{place}, %want{place}",
        f"%df{place} = and i1 %d{place}, %f{place}",
        f"%dft{place} = and i1 %df{place}, %t{place}",
        f"br i1 %dft{place}, label %plain{place}, label %unusual",
        f"plain{place}:",
        *_load(f"data{place}", "ptr", me, _DATA),
        *_load(f"shape{place}", "ptr", me, _SHAPE),
        *_load(f"strides{place}", "ptr", me, _STRIDES),
    ]
    for axis in range(dims):
        for short, base in (("n", "shape"), ("s", "strides")):
            lines += [
                f"%{short}{place}.{axis}.at = getelementptr i64, ptr %{base}{place}, i64 {axis}",
                f"%{short}{place}.{axis} = load i64, ptr %{short}{place}.{axis}.at",
            ]
    return lines


def expected(parameters: Sequence[tuple[int, np.dtype[Any]]]) -> Any:
    """What the entry compares objects with in this process: the type of arrays, and per array that of its elements."""
    known = [id(np.ndarray), *(id(np.dtype(dtype.name)) for dims, dtype in parameters if dims)]
    return (ctypes.c_size_t * len(known))(*known)


def prototype(parameters: Sequence[tuple[int, np.dtype[Any]]]) -> Any:
    """How the entry is called."""
    numbers: list[Any] = [_NUMBERS[dtype.name][1] for dims, dtype in parameters if not dims]
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, *numbers)
