"""What stays on demand: comments of readers, captions of figures, rows of tables."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.html.blocks import Blocks
from cleaner.html.elements import HIDDEN, ElementWords
from cleaner.html.options import PageOptions
from cleaner.html.tags import TAG

Flags = NDArray[np.bool_]

_COMMENTS: Final = ("comments", "comment")
_CAPTION: Final = ("caption",)
_OUTER: Final = ("nav", "footer", "aside", "form", "button")
"""Elements around a comment, a caption or a table that make chrome of it."""


def on_demand(blocks: Blocks, words: ElementWords, options: PageOptions) -> Flags:
    """Per line: whether it is of a kind that `options` keep, and stands in no part of the page that is chrome.

    The form under the comments and the buttons beside each are inside `form` and `button`; names and dates of comments
    count as parts of them.
    """
    keep = np.zeros(len(blocks), bool)
    if options.keep_comments:
        keep |= _inside(blocks, _named(blocks, words, _COMMENTS))
    if options.keep_captions:
        keep |= _inside(blocks, _named(blocks, words, _CAPTION) | (blocks.elements.tag == TAG["figcaption"]))
    if options.keep_tables:
        keep |= _inside(blocks, blocks.elements.tag == TAG["table"]) & _rows_of_cells(blocks)
    if keep.any():
        hidden = (blocks.elements.bits & np.uint64(HIDDEN)) != 0
        keep &= ~_inside(blocks, hidden | np.isin(blocks.elements.tag, [TAG[name] for name in _OUTER]))
    return keep


def _named(blocks: Blocks, words: ElementWords, groups: tuple[str, ...]) -> Flags:
    """Elements whose names belong to one of the groups."""
    bits = np.uint64(sum(words.bit(group) for group in groups))
    named: Flags = (blocks.elements.bits & bits) != 0
    return named


def _inside(blocks: Blocks, chosen: Flags) -> Flags:
    """Lines inside one of the chosen elements, the body left out: its names speak of the whole page."""
    change = np.zeros(len(blocks) + 1, np.int64)
    elements = blocks.elements
    index = np.flatnonzero(chosen & (elements.first < elements.last))
    index = index[index > 0]
    np.add.at(change, elements.first[index], 1)
    np.add.at(change, elements.last[index], -1)
    inside: Flags = np.cumsum(change[:-1]) > 0
    return inside


def _rows_of_cells(blocks: Blocks) -> Flags:
    """Lines that are rows of a table of data: their cells are parted by tabs."""
    return np.fromiter(("\t" in line for line in blocks.source.split("\n")), bool, len(blocks))
