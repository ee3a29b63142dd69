"""Containers: where in a page a line stands, told by the markup alone, so that it is the same place on each page of a site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cleaner.html.blocks import Blocks


def containers_of(blocks: Blocks) -> NDArray[np.uint64]:
    """Per line of `blocks`: a number, never 0, equal for lines of which the block and the four elements around it have the
    same tags and classes, on any page."""
    from cleaner.kernels.containers import of_blocks

    out = np.empty(len(blocks), np.uint64)
    of_blocks(blocks.block, blocks.elements.parent, blocks.elements.signature, out)
    return out
