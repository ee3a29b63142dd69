"""Columns of numbers as compact bytes: what travels between tasks, a few bytes per number instead of a row each."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_HEADER: Final = struct.Struct("<IIB")
_KEY: Final = struct.Struct("<I")
KEY_BYTES: Final = 6
"""High bytes of a band key that travel. What they take for equal by chance is told apart when it is compared."""


def pack(columns: Sequence[Array]) -> bytes:
    """Columns of equal length as bytes; small numbers cost little."""
    import pyarrow as pa

    planes = []
    for column in columns:
        raw = np.ascontiguousarray(column).view(np.uint8).reshape(len(column), -1)
        planes.append(np.ascontiguousarray(raw.T).tobytes())
    plain = b"".join(planes)
    packed = pa.compress(plain, codec="zstd", asbytes=True) if len(plain) > _HEADER.size else plain
    kept, coded = (packed, 1) if len(packed) < len(plain) else (plain, 0)
    return _HEADER.pack(len(columns[0]), len(plain), coded) + kept


def unpack(data: bytes, kinds: Sequence[str]) -> list[Array]:
    """The columns of `pack`, of the given kinds (`<u4`, or `2<u8` for two numbers per row)."""
    import pyarrow as pa

    count, size, coded = _HEADER.unpack_from(data)
    body = data[_HEADER.size :]
    plain = pa.decompress(body, decompressed_size=size, codec="zstd", asbytes=True) if coded else body
    found, at = [], 0
    for kind in kinds:
        width, dtype = (int(kind[0]), np.dtype(kind[1:])) if kind[0].isdigit() else (1, np.dtype(kind))
        bytes_ = count * width * dtype.itemsize
        raw = np.frombuffer(plain, np.uint8, bytes_, at).reshape(width * dtype.itemsize, count)
        values = np.ascontiguousarray(raw.T).view(dtype)
        found.append(values.reshape(count) if width == 1 else values)
        at += bytes_
    return found


def pack_keys(keys: NDArray[np.uint64]) -> bytes:
    """Band keys without their low bytes, which choose the partition."""
    raw = np.ascontiguousarray(keys).view(np.uint8).reshape(-1, 8)[:, 8 - KEY_BYTES :]
    return _KEY.pack(len(keys)) + raw.tobytes()


def unpack_keys(data: bytes) -> tuple[NDArray[np.uint64], bytes]:
    """The keys at the beginning of `data`, and what follows them."""
    (count,) = _KEY.unpack_from(data)
    end = _KEY.size + count * KEY_BYTES
    raw = np.zeros((count, 8), np.uint8)
    raw[:, 8 - KEY_BYTES :] = np.frombuffer(data, np.uint8, count * KEY_BYTES, _KEY.size).reshape(count, KEY_BYTES)
    return raw.view(np.uint64).reshape(count), data[end:]


def record_batch(columns: Mapping[str, Any], schema: Any) -> Any:
    """An Arrow batch with the columns that `schema` names."""
    import pyarrow as pa

    arrays = []
    for one in schema:
        values = columns[one.name]
        if isinstance(values, np.ndarray):
            values = values.astype(one.type.to_pandas_dtype(), copy=False)
        arrays.append(pa.array(values, one.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


_TYPES: Final = {
    "byte": "int8",
    "int": "int32",
    "long": "int64",
    "double": "float64",
    "string": "string",
    "binary": "binary",
}


def arrow_schema(text: str) -> Any:
    """The Arrow schema of a Spark schema in words, `name type, …`."""
    import pyarrow as pa

    pairs = [one.split() for one in text.split(",")]
    return pa.schema([(name, pa.type_for_alias(_TYPES[kind])) for name, kind in pairs])
