"""What the kernels of site memory know of a code point: its kind, and what it folds to."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import kind_of
from cleaner.folding import fold_char

KIND_SHIFT: Final = 24
UNKNOWN: Final = 0xFFFFFFFF
_PLANES: Final = 0x110000
_BLOCK: Final = 128


class Signs:
    """A table of one word per code point: the kind from bit 24 on, the folded code point (0: none) below.

    It fills up with the code points it is asked for, and what it says never depends on what it met before.
    """

    def __init__(self) -> None:
        self.table: Final[NDArray[np.uint32]] = np.full(_PLANES, UNKNOWN, np.uint32)

    def cover(self, points: NDArray[Any]) -> None:
        """Fill in what `points` hold, and their neighbours: a script's signs come together, and each gap costs a reading."""
        blocks = np.unique(points[self.table[points] == UNKNOWN] // _BLOCK)
        for block in blocks.tolist():
            for point in range(block * _BLOCK, (block + 1) * _BLOCK):
                char = chr(point)
                self.table[point] = (kind_of(char) << KIND_SHIFT) | ord(fold_char(char) or "\0")


@cache
def shared_signs() -> Signs:
    """The table of this process: what it says is the same for every reader, so none fills one of its own."""
    return Signs()
