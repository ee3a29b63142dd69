"""Machine code that is kept: a folder's kernels become one object file, which later starts load without the compiler.

Compiling takes numba, whose import and whose own cache cost more than a second at every start; loading an object file
takes llvmlite alone and some milliseconds. For that kernels are compiled as plain functions that allocate nothing. The
file lies in the user's cache folder, in a name made of the sources, the compiler and the processor.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import ConfigError
from cleaner.indexing import from_the_start
from cleaner.kept import cache_home, keep, recall
from cleaner.unboxing import ITEMS, LAID_OUT, TROUBLE, UNUSUAL, can_enter, entry, expected, prototype

Function = TypeVar("Function", bound=Callable[..., Any])
_log: Final = logging.getLogger(__name__)
_MODEL: Final = "numpy"
"""How numba divides: without a branch for zero, which no kernel ever divides by."""
_TYPES: Final[Mapping[str, str]] = {
    "i8": "int64", "i4": "int32", "i2": "int16", "u8": "uint64", "u4": "uint32", "u2": "uint16", "u1": "uint8", "b1": "bool",
    "f8": "float64",
}  # fmt: skip
_ENTRY: Final = "entry of "
_KEPT: Final = 16
"""Files of other sources or processors that stay beside a new one."""


def _find_pointer() -> int:
    """Where in an array object the address of its data stands, in bytes; -1 where that cannot be told.

    Numpy's own way to that address makes a dictionary each time, which for kernels with twenty arrays takes longer than
    what they do. The place is looked for, not assumed: it must hold the address of several arrays.
    """
    probes = [np.empty(size, np.uint8) for size in (1, 100, 10_000)]
    words = np.empty(0).__sizeof__() // 8
    for place in range(8, 8 * words, 8):
        if all(_WORD_AT(id(probe) + place).value == probe.__array_interface__["data"][0] for probe in probes):
            return place
    return -1


_WORD_AT: Final = ctypes.c_size_t.from_address
_POINTER: Final = _find_pointer()


def _address(array: NDArray[Any]) -> int:
    """Where the data of an array begins."""
    if _POINTER < 0:  # pragma: no cover - another interpreter or layout
        return int(array.__array_interface__["data"][0])
    return _WORD_AT(id(array) + _POINTER).value


class _Parameter:
    """One parameter of a kernel: a number, or an array in C order of one element type."""

    __slots__ = ("dims", "dtype", "mark", "number")

    def __init__(self, mark: str) -> None:
        """`mark` is `i8` or another short name, for arrays with `[]` or `[,]` behind it."""
        name, _, shape = mark.partition("[")
        self.mark = mark
        self.dims = 1 + shape.count(",") if shape else 0
        self.dtype = np.dtype(_TYPES[name])
        self.number: Callable[[Any], int | float] = float if self.dtype.kind == "f" else int

    def native(self) -> list[Any]:
        """The types by which it is handed over: what owns an array and is not known here, its sizes, data, shape, strides."""
        if not self.dims:
            return [np.ctypeslib.as_ctypes_type(self.dtype)]
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        return [pointer, pointer, number, number, pointer, *[number] * (2 * self.dims)]

    def compiled(self) -> Any:
        """Numba's type."""
        from numba import types

        kind = getattr(types, "boolean" if self.dtype == np.bool_ else self.dtype.name)
        return types.Array(kind, self.dims, "C", readonly="r" in self.mark) if self.dims else kind


class Kernel:
    """A compiled function. It fills arrays that its caller made, and answers with a number if at all."""

    def __init__(self, library: Library, function: Callable[..., Any], result: str, parameters: Sequence[str]) -> None:
        """Nothing is compiled or loaded before the first call."""
        self.function, self.result = function, result
        self.parameters = [_Parameter(mark) for mark in parameters]
        self.name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        self.__doc__ = function.__doc__
        self._expected = [(one.dims, one.dtype, one.dtype.itemsize, one.number) for one in self.parameters]
        self._library = library
        self._native: Callable[..., int] | None = None
        self.types: Final = [(one.dims, one.dtype) for one in self.parameters]
        self._numbers = [(place, one.number) for place, one in enumerate(self.parameters) if not one.dims]
        self._entry: Callable[..., int] | None = None
        self._judges = result == "b1"
        self._types_here = expected(self.types)
        self._types_at = ctypes.addressof(self._types_here)

    def __call__(self, *values: Any) -> int:
        """Call it; `TypeError` where a value is not of the declared type."""
        enter = self._entry or self._open()
        if enter is None or len(values) != len(self.types):
            return self._call_unpacked(values)
        numbers = [number(values[place]) for place, number in self._numbers]
        answer = enter(self._types_at, id(values) + ITEMS, *numbers)
        if answer <= TROUBLE:
            if answer == UNUSUAL:
                return self._call_unpacked(values)
            raise RuntimeError(f"kernel {self.name} failed")
        return bool(answer & 1) if self._judges else answer

    def _call_unpacked(self, values: Sequence[Any]) -> int:
        """The same for values that are not all plain arrays of just the declared type, which are looked at one by one."""
        native = self._native or self._load()
        given: list[Any] = []
        for (dims, dtype, width, number), value in zip(self._expected, values, strict=True):
            if not dims:
                given.append(number(value))
                continue
            if value.dtype != dtype or value.ndim != dims or not value.flags.c_contiguous:
                raise TypeError(f"{self.name}: expected an array {dtype}[{dims}], found {value.dtype} of shape {value.shape}")
            if dims == 1:
                size = value.size
                given += (None, None, size, width, _address(value), size, width)
            else:
                given += (None, None, value.size, width, _address(value), *value.shape, *value.strides)
        answer, trouble = ctypes.c_int64(), ctypes.c_void_p()
        if native(ctypes.addressof(answer), ctypes.addressof(trouble), *given):
            raise RuntimeError(f"kernel {self.name} failed")
        return bool(answer.value & 1) if self._judges else answer.value

    def __reduce__(self) -> tuple[Callable[[str, str], Any], tuple[str, str]]:
        return _named, (self.function.__module__, self.function.__name__)

    def _load(self) -> Callable[..., int]:
        types = [kind for parameter in self.parameters for kind in parameter.native()]
        call = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *types)
        self._native = cast("Callable[..., int]", call(self._library.address(self.name)))
        return self._native

    def _open(self) -> Callable[..., int] | None:
        address = self._library.address(self.name, entry=True)
        if address and LAID_OUT:
            self._entry = cast("Callable[..., int]", prototype(self.types)(address))
        return self._entry


def _named(module: str, name: str) -> Any:
    """A kernel that went to another process by its name."""
    return getattr(import_module(module), name)


class Library:
    """The kernels of some modules of a package."""

    def __init__(self, package: str, modules: Sequence[str], sources: Sequence[Path]) -> None:
        """`modules` of `package` are imported when all has to be compiled; `sources` are what that depends on."""
        ours = [Path(__file__).with_name(name) for name in ("machine.py", "unboxing.py", "indexing.py")]
        self._package, self._modules, self._sources = package, modules, [*sources, *ours]
        self._kernels: dict[str, Kernel] = {}
        self._inner: list[tuple[Callable[..., Any], str]] = []
        self._system: list[tuple[Callable[..., Any], str, Sequence[str]]] = []
        self._addresses: dict[str, int] = {}
        self._engine: Any = None
        self._lock = threading.Lock()

    def kernel(self, result: str, *parameters: str) -> Callable[[Callable[..., Any]], Kernel]:
        """Make a function a kernel of these types: numba's short names (`i8`, `u1`, `b1`, `void`), for arrays in C order
        with `[]` (one dimension) or `[,]` (two) behind it, and with an `r` in the brackets where it may be read-only."""

        def declare(function: Callable[..., Any]) -> Kernel:
            kernel = Kernel(self, function, result, parameters)
            self._kernels[kernel.name] = kernel
            return kernel

        return declare

    def inner(self, function: Function) -> Function:
        """A function that only kernels call: it becomes part of them, and stays what it is elsewhere."""
        self._inner.append((function, "never"))
        return function

    def inlined(self, function: Function) -> Function:
        """The same for a small function of inner loops: it is put into its callers before anything else is done."""
        self._inner.append((function, "always"))
        return function

    def system(self, result: str, *parameters: str) -> Callable[[Function], Function]:
        """A function that stands for the one of that name in the C library, for kernels to call with just these types."""

        def declare(function: Function) -> Function:
            self._system.append((function, result, parameters))
            return function

        return declare

    @property
    def ready(self) -> bool:
        """Whether the kernels are loaded, or kept by an earlier process, so that nothing has to be compiled."""
        if self._addresses:
            return True
        path = self._path(import_module("llvmlite.binding"))
        return path is not None and path.exists()

    def load(self) -> None:
        """Load all kernels, or compile them if they never were; a process that starts others does so before it does."""
        with self._lock:
            if self._addresses:
                return
            try:
                llvm: Any = import_module("llvmlite.binding")
            except ImportError as error:  # pragma: no cover - an incomplete installation
                raise ConfigError("this needs the packages numba and llvmlite") from error
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            path = self._path(llvm)
            known = recall(path) if path else None
            head, _, binary = (self._compile(llvm, path) if known is None else bytes(known)).partition(b"\n")
            symbols = json.loads(head)
            machine = llvm.Target.from_default_triple().create_target_machine()
            self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(binary))
            self._engine.finalize_object()
            found = {name: self._engine.get_function_address(symbol) for name, symbol in symbols.items()}
            self._addresses = found

    def address(self, name: str, *, entry: bool = False) -> int:
        """Where a kernel's machine code begins, or that of its entry for array objects, 0 if it has none."""
        self.load()
        return self._addresses.get(_ENTRY + name, 0) if entry else self._addresses[name]

    def _path(self, llvm: Any) -> Path | None:
        home = cache_home()
        if home is None:
            return None
        state = hashlib.blake2b(digest_size=10)
        for source in sorted(self._sources):
            state.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
        features, version = llvm.get_host_cpu_features().flatten(), import_module("llvmlite").__version__
        for mark in (version, llvm.get_process_triple(), llvm.get_host_cpu_name(), features):
            state.update(mark.encode() + b"\0")
        return home / f"kernels-{state.hexdigest()}.o"

    def _compile(self, llvm: Any, path: Path | None) -> bytes:
        """All kernels as an object file behind a line with the names of their symbols in it, kept at `path`."""
        _log.info("compiling once, this takes some seconds (%s)", path)
        for module in self._modules:
            import_module(f"{self._package}.{module}")
        from numba.extending import register_jitable

        for function, inline in self._inner:
            register_jitable(error_model=_MODEL, _nrt=False, inline=inline)(function)
        for function, result, parameters in self._system:
            _let_call(function, result, parameters)
        whole = llvm.parse_assembly("")
        symbols = {}
        for name, kernel in self._kernels.items():
            symbols[name], assembly = _machine_code_of(kernel)
            whole.link_in(llvm.parse_assembly(assembly))
            if can_enter(kernel.types):
                symbols[_ENTRY + name] = f"entry.{name}"
                whole.link_in(llvm.parse_assembly(entry(f"entry.{name}", symbols[name], kernel.types)))
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, codemodel="jitdefault", jit=True
        )
        content: bytes = json.dumps(symbols).encode() + b"\n" + machine.emit_object(whole)
        if path is None or not keep(path, content, most=_KEPT):
            _log.warning("compiled code could not be kept, so every start compiles: the cache folder cannot be written")
        return content


def _let_call(function: Callable[..., Any], result: str, parameters: Sequence[str]) -> None:
    """Have kernels that call `function` call the C library's function of its name."""
    types: Any = import_module("numba").types
    overload: Any = import_module("numba.extending").overload
    answer, *given = (getattr(types, _TYPES[mark]) for mark in (result, *parameters))
    called = types.ExternalFunction(function.__name__, answer(*given))
    declare = overload(function, jit_options={"error_model": _MODEL, "_nrt": False}, strict=False)
    declare(lambda *_: lambda *values: called(*values))


def _machine_code_of(kernel: Kernel) -> tuple[str, str]:
    """A kernel compiled: its symbol, and LLVM's assembly."""
    types: Any = import_module("numba").types
    compiler: Any = import_module("numba.core.compiler")
    target: Any = import_module("numba.core.registry").cpu_target
    flags = compiler.Flags()
    flags.nrt = False  # no allocations: that would need numba's runtime at every start
    flags.error_model = _MODEL
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    result = types.void if kernel.result == "void" else getattr(types, _TYPES[kernel.result].replace("bool", "boolean"))
    with from_the_start():
        made = compiler.compile_extra(
            target.typing_context, target.target_context, kernel.function,
            tuple(parameter.compiled() for parameter in kernel.parameters), result, flags, {},
        )  # fmt: skip
    return made.fndesc.llvm_func_name, made.library.get_llvm_str()
