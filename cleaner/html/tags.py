"""What each HTML tag does to the text around it, and a number for each tag."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.kernels.octets import key_of


class Flow(IntEnum):
    """How an element stands in the flow of text."""

    INLINE = 0
    BLOCK = 1
    CELL = 2
    """Parts a table row; a block of its own where the row holds more than words."""
    BREAK = 3
    """A line break without content."""
    VOID = 4
    """No content, no break."""
    GONE = 5
    """Its content is no text of the page."""
    OTHER = 6
    """Unknown names with a dash: elements that scripts define, blocks more often than not."""


_INLINE: Final = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr output q ruby rb rp rt rtc "
    "s samp small span strike strong sub sup time tt u var slot picture math mi mo mn mrow msup msub mtext"
)
_BLOCK: Final = (
    "body html address article aside blockquote center details dialog dir div dl dt dd fieldset figcaption figure "
    "footer form frameset h1 h2 h3 h4 h5 h6 header hgroup legend li listing main menu menuitem nav ol optgroup option "
    "p pre search section summary table caption colgroup tbody thead tfoot tr ul xmp plaintext button noscript "
    "marquee"
)
_CELL: Final = "td th"
_BREAK: Final = "br hr"
_VOID: Final = "area base basefont bgsound col embed frame img input keygen link meta param source track wbr"
_GONE: Final = (
    "script style template svg iframe select textarea noembed noframes video audio canvas map datalist object applet "
    "title head annotation progress meter"
)

NAMES: Final[tuple[str, ...]] = ("", *(f"{_INLINE} {_BLOCK} {_CELL} {_BREAK} {_VOID} {_GONE}".split()))
TAG: Final[dict[str, int]] = {name: number for number, name in enumerate(NAMES)}
"""Number of each tag; 0 is any other."""
CUSTOM: Final = len(NAMES)
"""Number of names with a dash."""

FLOW: Final[NDArray[np.uint8]] = np.zeros(len(NAMES) + 1, np.uint8)
for _names, _flow in ((_BLOCK, Flow.BLOCK), (_CELL, Flow.CELL), (_BREAK, Flow.BREAK), (_VOID, Flow.VOID),
                      (_GONE, Flow.GONE)):  # fmt: skip
    FLOW[[TAG[_name] for _name in _names.split()]] = _flow
FLOW[CUSTOM] = Flow.OTHER


SLOTS: Final = 512


def _slots() -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """A table of keys, each from where `cleaner.kernels.page_tags` looks for it on, and their tags' numbers; 0 is free."""
    keys, numbers = np.zeros(SLOTS, np.uint64), np.zeros(SLOTS, np.uint8)
    for number, name in enumerate(NAMES[1:], 1):
        key = key_of(name)
        slot = ((key * 0x9E3779B97F4A7C15) & (2**64 - 1)) >> 40 & SLOTS - 1
        while keys[slot] not in (0, key):
            slot = (slot + 1) & SLOTS - 1
        if not keys[slot]:
            keys[slot], numbers[slot] = key, number
    return keys, numbers


KEYS, NUMBERS = _slots()
for _table in (FLOW, KEYS, NUMBERS):
    _table.flags.writeable = False
