"""Arrays in a file: a line of JSON that says where each lies, and the arrays behind it, read without a copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

_ALIGNED: Final = 64
_SIZE: Final = 8


def packed(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """As bytes: eight for the size of the JSON that follows, and the arrays, each at a multiple of 64."""
    places: dict[str, tuple[str, tuple[int, ...], int]] = {}
    parts: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        places[name] = (array.dtype.str, array.shape, at)
        parts.append(array.tobytes() + bytes(-array.nbytes % _ALIGNED))
        at += len(parts[-1])
    told = orjson.dumps({**head, "arrays": places})
    told += b" " * (-(len(told) + _SIZE) % _ALIGNED)
    return b"".join([len(told).to_bytes(_SIZE, "little"), told, *parts])


def unpacked(content: memoryview) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `packed` was given: the head, and the arrays, which are views of `content`."""
    end = _SIZE + int.from_bytes(content[:_SIZE], "little")
    head: dict[str, Any] = orjson.loads(content[_SIZE:end])
    arrays = {
        name: np.frombuffer(content, dtype, int(np.prod(shape)), end + at).reshape(shape)
        for name, (dtype, shape, at) in head.pop("arrays").items()
    }
    return head, arrays
