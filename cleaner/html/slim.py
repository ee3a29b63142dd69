"""A page without what no judge looks at, so that the parser has less to read.

Half of a page's bytes are scripts, drawings, addresses and what scripts left on elements. A compiled pass leaves these out
before the page is parsed; the blocks are the same with them and without.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.html.blocks import ATTRIBUTES
from cleaner.kernels.markup import AS_IT_IS, key_of, slim

NO_TEXT: Final = ["script", "style", "svg", "template", "iframe"]
"""Elements that are taken out of the parsed page."""
_FORMAT_NAMES: Final = "b big code em font i nobr s small strike strong tt u"
_HOLLOW_NAMES: Final = "area base br col embed hr img input link meta param source track wbr"
_DRAWN_NAMES: Final = (
    "path g circle rect polygon polyline line ellipse use defs symbol lineargradient radialgradient stop clippath mask filter "
    "title desc style text tspan image pattern animate animatetransform animatemotion marker fegaussianblur fecolormatrix "
    "feoffset feblend feflood femerge femergenode fecomposite"
)
_FORMATS: Final = np.array([key_of(name) for name in _FORMAT_NAMES.split()], np.uint64)
_HOLLOW: Final = np.array([key_of(name) for name in _HOLLOW_NAMES.split()], np.uint64)
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


def slimmed(whole: bytes) -> tuple[bytes, list[str]]:
    """The bytes of a page to parse, without what the blocks do not depend on; all of them where that is not certain.

    Then the names of those of `NO_TEXT` that there may be elements of.
    """
    data = np.frombuffer(whole, np.uint8)
    out, found = np.empty(len(data), np.uint8), np.empty(len(NO_TEXT), bool)
    words = np.frombuffer(whole, np.uint64, len(whole) // 8)
    length = slim(data, words, _ENDINGS, _BEYOND, _FORMATS, _HOLLOW, _DRAWN, _ASKED, out, found)
    if length == AS_IT_IS:
        return whole, NO_TEXT
    return out[:length].tobytes(), [name for name, is_there in zip(NO_TEXT, found.tolist(), strict=True) if is_there]
