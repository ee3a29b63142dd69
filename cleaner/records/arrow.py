"""Arrow values: texts out of columns of any string type and back into the same, and fields by dotted path.

`pyarrow` is loaded where it is used; its absence is told with the name of the extra that brings it. Arrays are made from
buffers and never by `pyarrow.array`, and read without `to_numpy`: both load pandas, too, where that is installed, half a
second at the start of each process. Casts and filters load `pyarrow.compute`, a tenth of a second, so common columns do
without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import ConfigError, RecordError

Path = tuple[str, ...]
"""The names that lead to a column, or to a field of a struct in it."""
_SHORT: Final = 2**31 - 1
"""The most bytes that an array of the type `string` can hold."""
_SLICE: Final = 4096
"""Bytes of rows that are worth a slice of their own: about four times what a slice takes."""


def arrow(module: str = "pyarrow") -> Any:
    """`pyarrow` or a module of it; `ConfigError` names the extra where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        message = (
            f"Arrow and Parquet: need pyarrow; install the extra `arrow` (pip install 'cleaner-corpus[arrow]'): {error}"
        )
        raise ConfigError(message) from error


def is_array(values: object) -> bool:
    """Whether `values` is an Arrow array or a column of several."""
    return type(values).__module__.partition(".")[0] == "pyarrow"


def is_text(kind: Any) -> bool:
    """Whether an Arrow type is one of texts, also where each different text is stored once."""
    types = arrow().types
    value = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(value) or types.is_large_string(value) or types.is_string_view(value))


def is_bytes(kind: Any) -> bool:
    """Whether an Arrow type is one of byte strings."""
    types = arrow().types
    return bool(types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind))


def is_null(kind: Any) -> bool:
    """Whether an Arrow type is that of a column of which nothing but nulls was ever seen."""
    return bool(arrow().types.is_null(kind))


def find(schema: Any, path: str) -> Path | None:
    """The names that lead to `path`: the whole path as one name first, then through structs; None for no such field."""
    if not path:
        return None
    if schema.get_field_index(path) >= 0:
        return (path,)
    head, dot, rest = path.partition(".")
    while dot:
        at = schema.get_field_index(head)
        if at >= 0 and arrow().types.is_struct(schema.field(at).type):
            inner = find(arrow().schema(list(schema.field(at).type)), rest)
            if inner:
                return (head, *inner)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def field(schema: Any, path: Path) -> Any:
    """The field at the end of `path`."""
    found = schema.field(path[0])
    for name in path[1:]:
        found = found.type.field(name)
    return found


def column(batch: Any, path: Path) -> Any:
    """The values at the end of `path`, null where a struct on the way is null."""
    values = batch.column(path[0])
    for name in path[1:]:
        values = arrow("pyarrow.compute").struct_field(values, name)
    return values


def with_column(batch: Any, path: Path, values: Any) -> Any:
    """`batch` with `values` at the end of `path`; everything else stays as it is."""
    at = batch.schema.get_field_index(path[0])
    if len(path) > 1:
        values = _with_field(batch.column(at), path[1:], values)
    return batch.set_column(at, batch.schema.field(at), values)


def _with_field(struct: Any, path: Path, values: Any) -> Any:
    pa = arrow()
    kinds = list(struct.type)
    children = [pa.compute.struct_field(struct, kind.name) for kind in kinds]
    at = struct.type.get_field_index(path[0])
    children[at] = values if len(path) == 1 else _with_field(children[at], path[1:], values)
    mask = struct.is_null() if struct.null_count else None
    return pa.StructArray.from_arrays(children, fields=kinds, mask=mask)


def put(batch: Any, name: str, values: Any) -> Any:
    """`batch` with the column `name`: in its place, or as the last one."""
    pa = arrow()
    at = batch.schema.get_field_index(name)
    one = pa.field(name, values.type)
    return batch.append_column(one, values) if at < 0 else batch.set_column(at, one, values)


def to_texts(values: Any) -> list[str | None]:
    """The texts of an Arrow array, None for nulls; `RecordError` for arrays of anything else."""
    if is_null(values.type):
        return [None] * len(values)
    if not is_text(values.type):
        raise RecordError(f"Arrow array of type {values.type}: expected texts")
    return list(values.to_pylist())


def from_texts(texts: Sequence[str | None], kind: Any = None) -> Any:
    """An Arrow array of the string type `kind` (None: `string`); a lone surrogate, which has no bytes, becomes `?`."""
    parts = [b"" if text is None else _bytes_of(text) for text in texts]
    there = np.fromiter((text is not None for text in texts), np.bool_, len(texts))
    return _texts_of(parts, np.fromiter(map(len, parts), np.int64, len(parts)), there, kind or arrow().string())


def replaced_texts(values: Any, texts: Mapping[int, str]) -> Any:
    """An Arrow array of texts with others in place of some (by row, ascending); the bytes of the rest are only copied."""
    types, kind = arrow().types, values.type
    if not (types.is_string(kind) or types.is_large_string(kind)):
        held = to_texts(values)
        for row, text in texts.items():
            held[row] = text
        return from_texts(held, kind)
    _, offsets, data = values.buffers()
    width = np.int64 if types.is_large_string(kind) else np.int32
    starts = np.frombuffer(offsets, width)[values.offset : values.offset + len(values) + 1].astype(np.int64)
    lengths, there = np.diff(starts), valid(values)
    view, at = memoryview(b"" if data is None else data), 0
    parts: list[bytes | memoryview] = []
    for row, text in texts.items():
        new = _bytes_of(text)
        parts += (view[starts[at] : starts[row]], new)
        lengths[row], there[row], at = len(new), True, row + 1
    parts.append(view[starts[at] : starts[-1]])
    return _texts_of(parts, lengths, there, kind)


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _texts_of(parts: Sequence[bytes | memoryview], lengths: NDArray[np.int64], there: NDArray[np.bool_], kind: Any) -> Any:
    """An Arrow array of texts of these lengths, whose bytes are `parts` one after another."""
    pa = arrow()
    ends = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    short = pa.types.is_string(kind) and ends[-1] <= _SHORT
    buffers = [_bitmap(there), pa.py_buffer(ends.astype(np.int32) if short else ends), pa.py_buffer(b"".join(parts))]
    values = pa.Array.from_buffers(kind if short else pa.large_string(), len(lengths), buffers)
    if pa.types.is_dictionary(kind):
        return values.cast(kind.value_type).dictionary_encode().cast(kind)
    return values if values.type == kind else values.cast(kind)


def from_numbers(values: NDArray[Any]) -> Any:
    """An Arrow array of numbers or truth values, without nulls."""
    pa = arrow()
    if values.dtype == np.bool_:
        data = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(data)])
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def mask(values: Iterable[bool]) -> Any:
    """An Arrow array of truth values."""
    return from_numbers(np.fromiter(values, np.bool_))


def no_rows(schema: Any) -> Any:
    """A record batch of no rows."""
    pa = arrow()
    return pa.RecordBatch.from_arrays([pa.nulls(0, one.type) for one in schema], schema=schema)


def valid(values: Any) -> NDArray[np.bool_]:
    """Which of the values of an Arrow array are there."""
    if not values.null_count:
        return np.ones(len(values), np.bool_)
    flags = values.is_valid()  # its bits, which may begin within a byte
    bits = np.unpackbits(np.frombuffer(flags.buffers()[1], np.uint8), bitorder="little")
    return bits[flags.offset : flags.offset + len(flags)].astype(np.bool_)


def kept_rows(batch: Any, stays: NDArray[np.bool_]) -> list[Any]:
    """The rows of a record batch that stay, as consecutive batches: slices of it, but not more than it is worth."""
    pa = arrow()
    edges = np.flatnonzero(np.diff(np.concatenate(([False], stays, [False])).view(np.int8)))
    parts = [batch.slice(first, last - first) for first, last in edges.reshape(-1, 2).tolist()]
    if len(parts) * _SLICE > batch.nbytes:
        return list(pa.Table.from_batches(parts, schema=batch.schema).combine_chunks().to_batches())
    return parts


def _bitmap(there: NDArray[np.bool_]) -> Any:
    """Arrow's bits for values that are there; None where all are."""
    return None if there.all() else arrow().py_buffer(np.packbits(there, bitorder="little"))


def text_buffers(values: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 bytes of an Arrow array of texts and where each text begins (with the end).

    No Python string is made. `RecordError` for arrays of other types and for nulls.
    """
    pa = arrow()
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not (pa.types.is_large_string(values.type) or pa.types.is_string(values.type)):
        try:
            values = values.cast(pa.large_string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise RecordError(f"Arrow array of type {values.type}: expected texts") from error
    if values.null_count:
        raise RecordError(f"Arrow array of texts: {values.null_count} nulls, expected none")
    _, offsets, data = values.buffers()
    count = len(values)
    if not count or data is None:
        return np.empty(0, np.uint8), np.zeros(count + 1, np.int64)
    width = np.int64 if pa.types.is_large_string(values.type) else np.int32
    starts = np.frombuffer(offsets, width)[values.offset : values.offset + count + 1].astype(np.int64)
    return np.frombuffer(data, np.uint8)[starts[0] : starts[-1]], starts - starts[0]


def plain_values(values: Any) -> list[Any]:
    """A list of Python values, from an Arrow array or any sequence."""
    return list(values.to_pylist()) if is_array(values) else list(values)


def from_lists(rows: Sequence[Sequence[Sequence[Any]] | None], kind: Any) -> Any:
    """An Arrow array of lists of structs, of the type `kind`; each row is a sequence of tuples, or None for a null.

    The fields of the structs are texts, whole numbers (`int64`) or numbers (`double`).
    """
    pa = arrow()
    fields = list(kind.value_type)
    flat = [one for row in rows if row for one in row]
    columns: Iterable[Sequence[Any]] = zip(*flat, strict=True) if flat else [()] * len(fields)
    children = [
        from_texts(values, field.type)
        if is_text(field.type)
        else from_numbers(np.array(values, field.type.to_pandas_dtype()))
        for field, values in zip(fields, columns, strict=True)
    ]
    there = np.fromiter((row is not None for row in rows), np.bool_, len(rows))
    ends = np.zeros(len(rows) + 1, np.int32)
    np.cumsum(np.fromiter((len(row or ()) for row in rows), np.int32, len(rows)), out=ends[1:])
    structs = pa.StructArray.from_arrays(children, fields=fields)
    return pa.Array.from_buffers(kind, len(rows), [_bitmap(there), pa.py_buffer(ends)], children=[structs])
