"""What the kernels of site memory know of a code point: its kind, and what it folds to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import kind_of
from cleaner.folding import fold_char
from cleaner.kernels.kinds import BLOCK_BITS, KIND_SHIFT, UNKNOWN

_PLANES: Final = 0x110000


class Signs:
    """A table of one word per code point: the kind from bit 24 on, the folded code point (0: none) below.

    It fills up with the code points it is asked for, and what it says never depends on what it met before.
    """

    def __init__(self) -> None:
        self.table: Final[NDArray[np.uint32]] = np.full(_PLANES, UNKNOWN, np.uint32)
        self.blocks: Final = _PLANES >> BLOCK_BITS
        self.cover([0])

    def cover(self, blocks: Iterable[int]) -> None:
        """Fill in blocks of the table: a script's signs come together, and each gap costs a reading."""
        for block in blocks:
            for point in range(block << BLOCK_BITS, (block + 1) << BLOCK_BITS):
                char = chr(point)
                self.table[point] = (kind_of(char) << KIND_SHIFT) | ord(fold_char(char) or "\0")


@cache
def shared_signs() -> Signs:
    """The table of this process: what it says is the same for every reader, so none fills one of its own."""
    return Signs()
