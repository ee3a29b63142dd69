"""Texts out of Arrow arrays without a Python string for each: the kernel reads Arrow's own buffers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import RecordError


def is_array(values: object) -> bool:
    """Whether `values` is an Arrow array or a column of several."""
    return type(values).__module__.partition(".")[0] == "pyarrow"


def text_buffers(values: Any) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 bytes of an Arrow array of texts and where each text begins (with the end).

    `RecordError` for arrays of other types and for nulls.
    """
    pa: Any = import_module("pyarrow")

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if not pa.types.is_large_string(values.type):
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
    starts = np.frombuffer(offsets, np.int64)[values.offset : values.offset + count + 1]
    return np.frombuffer(data, np.uint8)[starts[0] : starts[-1]], starts - starts[0]


def plain_values(values: Any) -> list[Any]:
    """A list of Python values, from an Arrow array or any sequence."""
    return list(values.to_pylist()) if is_array(values) else list(values)
