"""A page without what no judge looks at, so that the parser has less to read.

Half of a page's bytes are scripts, drawings, addresses and what scripts left on elements. A compiled pass leaves these out
before the page is parsed; the blocks are the same with them and without.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cleaner.html.blocks import ATTRIBUTES, NO_TEXT
from cleaner.html.tags import FLOW, TAG, Flow
from cleaner.kernels.markup import AS_IT_IS, slim
from cleaner.kernels.octets import key_of
from cleaner.kernels.stated import TYPES

_FORMAT_NAMES: Final = "b big code em font i nobr s small strike strong tt u"
_DRAWN_NAMES: Final = (
    "path g circle rect polygon polyline line ellipse use defs symbol lineargradient radialgradient stop clippath mask filter "
    "title desc style text tspan image pattern animate animatetransform animatemotion marker fegaussianblur fecolormatrix "
    "feoffset feblend feflood femerge femergenode fecomposite"
)
_FORMATS: Final = np.array([key_of(name) for name in _FORMAT_NAMES.split()], np.uint64)
_HOLLOW: Final = np.array(
    [key_of(name) for name, tag in TAG.items() if FLOW[tag] in (Flow.BREAK, Flow.VOID) and len(name) < 8], np.uint64
)
"""Of longer names the key is not all, and a longer one with a dash is an element with attributes that tell something."""
_DRAWN: Final = np.array([key_of(name) for name in _DRAWN_NAMES.split()], np.uint64)
_ASKED: Final = np.array([key_of(name) for name in NO_TEXT], np.uint64)
_BYTES: Final = [name.removesuffix("=").encode()[-6:] for name in ATTRIBUTES]
"""As much of each attribute's name as the scan of the parsed page looks at, whose window of eight bytes has the sign of
equality and the quote in it."""
_ENDINGS: Final = np.array([int.from_bytes(ending, "big") for ending in _BYTES], np.uint64)
_BEYOND: Final = np.array([64 - 8 * len(ending) for ending in _BYTES], np.uint64)
"""Bits of such a window that are not the ending's."""
for _table in (_FORMATS, _HOLLOW, _DRAWN, _ASKED, _ENDINGS, _BEYOND):
    _table.flags.writeable = False


def encoded(html: str) -> bytes:
    """A page as the parser encodes it."""
    return html.encode("utf-8", "ignore")


class Stated(NamedTuple):
    """What a page states of its kind, as it is written."""

    og_type: str
    """The first `meta` element with `og:type`, empty for none."""
    generator: str
    """The first that names a generator."""
    types: tuple[str, ...]
    """The types that its linked data names, each once."""


class Slimmed(NamedTuple):
    """A page ready to be parsed, and what it states of its kind."""

    data: bytes
    """Its bytes without what the blocks do not depend on; all of them where that is not certain."""
    gone: list[str]
    """The names of those of `NO_TEXT` that have to be taken out of the parsed page; others are empty and passed over."""
    stated: Stated
    tags: int
    """How many tags and comments it has, but for what scripts say."""


def slimmed(whole: bytes) -> Slimmed:
    """Slim the bytes of a page."""
    data = np.frombuffer(whole, np.uint8)
    out, found, told = np.empty(len(data), np.uint8), np.empty(len(NO_TEXT), bool), np.empty((3 + TYPES, 2), np.int32)
    words = np.frombuffer(whole, np.uint64, len(whole) // 8)
    length = slim(data, words, _ENDINGS, _BEYOND, _FORMATS, _HOLLOW, _DRAWN, _ASKED, out, found, told)
    stated = _read_stated(whole, told)
    if length == AS_IT_IS:
        return Slimmed(whole, NO_TEXT, stated, int(told[0, 0]))
    gone = [name for name, is_there in zip(NO_TEXT, found.tolist(), strict=True) if is_there]
    return Slimmed(out[:length].tobytes(), gone, stated, int(told[0, 0]))


def _read_stated(whole: bytes, told: NDArray[np.int32]) -> Stated:
    found = told[1 : 3 + np.count_nonzero(told[3:, 1])].tolist()
    parts = [whole[begin:end].decode("utf-8", "replace") for begin, end in found]
    return Stated(parts[0], parts[1], tuple(parts[2:]))
