"""Many small pieces of files, read without a word of Python for each, so that threads read side by side."""

from __future__ import annotations

import numpy as np

from cleaner.dedup.kernel.base import LIBRARY, Array, Number, kernel

_I32, _I64, _U64 = np.int32, np.int64, np.uint64


@LIBRARY.system("i8", "i4", "u8", "u8", "i8")
def pread(file: Number, memory: Number, count: Number, offset: Number) -> Number:
    """POSIX: read `count` bytes from `offset` of an open file to an address; how many were read, negative for an error."""
    raise NotImplementedError


@kernel("i8", "i8[]", "i8[]", "i8[]", "i8[]", "u8[]")
def read_pieces(files: Array, offsets: Array, counts: Array, places: Array, out: Array) -> int:
    """Piece i, `counts[i]` bytes from `offsets[i]` of the open file `files[i]`, to byte `places[i]` of `out`.

    Answers with the number of pieces; a smaller one is that of the piece at which a file was cut off or could not be read.
    """
    memory = _U64(out.ctypes.data)
    for piece in range(len(files)):
        done = _I64(0)
        while done < counts[piece]:
            to = memory + _U64(places[piece] + done)
            got = pread(_I32(files[piece]), to, _U64(counts[piece] - done), _I64(offsets[piece] + done))
            if got <= 0:
                return piece
            done += got
    return len(files)
