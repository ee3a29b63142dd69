"""From a parsed page to its lines of text, and for each line the elements around it, as columns.

The parser's tree is written out once, balanced and escaped; one compiled pass over these bytes finds tags, elements and
the attributes that tell something, another one puts the text together. Neither depends on how deep elements nest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import kind_of
from cleaner.errors import RecordError
from cleaner.html.elements import HIDDEN, ElementWords
from cleaner.html.tags import CUSTOM, FLOW, KEYS, NUMBERS, TAG
from cleaner.kernels import names as names_kernel
from cleaner.kernels.page_tags import PASSED, scan
from cleaner.kernels.page_text import COUNTED, KIND_BLOCKS, SPACES, assemble

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Raw = NDArray[np.uint8]
Words = NDArray[np.uint64]

MARK: Final = "data-cleaner-cut"
"""Attribute that tells which rule on elements found an element."""
ATTRIBUTES: Final = (" style=", " hidden=", "aria-hidden=", " class=", f"{MARK}=", " id=", " role=", " itemprop=",
                      " itemtype=", " aria-label=", " data-testid=", " data-component=")  # fmt: skip
"""The first ones hide elements (`cleaner.kernels.page_tags.HIDING`), the others are told by their values."""
_CLASS, _MARK = 3, 4
_NAMES: Final = 5
"""From here on the attributes hold names, like `class`."""


def _endings() -> tuple[Words, Raw]:
    """The last bytes, eight at most, of each attribute's name with its quote, and how many they are."""
    bytes_of = [(name + '"').encode()[-8:] for name in ATTRIBUTES]
    return (
        np.array([int.from_bytes(ending, "little") for ending in bytes_of], np.uint64),
        np.array([len(ending) for ending in bytes_of], np.uint8),
    )


def _tag_table(*names: str) -> Raw:
    table = np.zeros(CUSTOM + 1, np.uint8)
    table[[TAG[name] for name in names]] = 1
    table.flags.writeable = False
    return table


_ENDINGS, _WIDTHS = _endings()
NO_TEXT: Final = ["script", "style", "svg", "template", "iframe"]
"""Elements that are none of the page: where they are not empty, they are to be taken out before it is read."""
_RAW, _HAS_PRE, _HAS_NOSCRIPT = 1, 2, 4
"""What is told of all tags of a page at once: that there are some whose text the parser does not escape, or preformats."""
_TOLD: Final = (
    _RAW * _tag_table("xmp", "plaintext", "noembed", "noframes") + _HAS_PRE * _tag_table("pre", "xmp")
    + _HAS_NOSCRIPT * _tag_table("noscript") + PASSED * _tag_table(*NO_TEXT)
)  # fmt: skip
_PREFORMATTED: Final = _tag_table("pre", "xmp")
_STRONG: Final = _tag_table("b", "strong", "em", "i")
_COUNTED: Final = np.array([TAG["img"], TAG["input"], TAG["br"]], np.uint8)
_KINDS: Final = np.array([kind_of(chr(code)) for block in KIND_BLOCKS for code in range(*block)], np.uint8)
"""The kinds of the code points whose capitals tell where a word begins."""
for _table in (_ENDINGS, _WIDTHS, _COUNTED, _KINDS, _TOLD):
    _table.flags.writeable = False
_LARGE: Final = 1 << 20
"""Up to this many bytes, room for the most tags they can hold costs less than counting them."""
_ROW_LIMIT: Final = 4000
"""Bytes of markup beyond which a table row is layout, not data."""
_HARDLY_ANY: Final = 3000
"""With less text than this on show, `noscript` may hold the page's content."""
_NOSCRIPT: Final = TAG["noscript"]
_NOTHING: Final = -1
_NOSCRIPT_TIMES: Final = 2
_NOSCRIPT_MORE: Final = 200
_ANY_TAG: Final = re.compile(rb"<[^<>]*>")
_RAW_TEXT: Final = re.compile(rb"(<(xmp|plaintext|noembed|noframes)(?: [^>]*)?>)(.*?)(</\2>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of a page in document order; element 0 is the body."""

    tag: Raw
    parent: Ints
    """Number of the parent; the body is its own."""
    first: Ints
    """First line inside, or after, the element's start."""
    last: Ints
    """One past the last line inside."""
    bits: Words
    """What its names say, one bit per group of element words."""
    signature: NDArray[np.uint32]
    """Equal for elements of one tag and the same classes."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The lines of a page's text as columns of length `n`, and its elements.

    `source` is the text: one line per block, except that each line of preformatted text is its own. Offsets are not
    kept: line `i` is the `i`-th line of `source`, and no line is blank.
    """

    source: str
    elements: Elements
    leaf: Ints
    """Innermost element around the line's first character."""
    block: Ints
    """Innermost block element around the line."""
    chars: Ints
    """Bytes of text that are not white space, the unit of the next columns."""
    linked: Ints
    """Of these, how many stand in links."""
    strong: Ints
    """Of these, how many are bold or italic."""
    links: Ints
    """Links that begin in the line."""
    images: Ints
    """Images since the line before."""
    inputs: Ints
    """Form fields since the line before."""
    breaks: Ints
    """Line breaks (`br`) directly before the line."""
    marks: tuple[tuple[int, int, int], ...] = ()
    """Lines from, lines to, and the number that a rule on elements left on the element around them."""

    def __len__(self) -> int:
        return len(self.leaf)


@dataclass(frozen=True, slots=True)
class _Tree:
    """Tags in document order, elements by their tags, and the attributes that tell something."""

    body: bytes
    has: int
    """Bits that tell of all tags, see `_RAW`."""
    left: Ints
    right: Ints
    number: Raw
    kind: Raw
    own: Ints
    around: Ints
    start: Ints
    stop: Ints
    parent: Ints
    tag: Raw
    hidden: Bools
    """Per element: whether its own attributes hide it."""
    name_element: Ints
    name_kind: Raw
    name_begin: Ints
    name_end: Ints

    def values(self, chosen: Bools) -> tuple[Ints, list[bytes]]:
        """Elements and values of the chosen attributes."""
        begin, end = self.name_begin[chosen].tolist(), self.name_end[chosen].tolist()
        return self.name_element[chosen], [self.body[a:b] for a, b in zip(begin, end, strict=True)]


@dataclass(frozen=True, slots=True)
class _Text:
    """The page's text, its lines, and the lines of its elements."""

    source: str
    columns: tuple[Ints, ...]
    """What is told of lines, as in `cleaner.kernels.page_text.LEAF` and after."""
    first: Ints
    last: Ints


def read_blocks(body: bytes, words: ElementWords) -> Blocks:
    """The blocks of a page.

    `body` is the body element as the parser writes it: balanced, text and attribute values escaped, without `script`
    and `style`.
    """
    tree = _read_any(body)
    text = _assemble(tree, _NOSCRIPT)
    if len(text.source) < _HARDLY_ANY and tree.has & _HAS_NOSCRIPT:
        other = _assemble(tree, _NOTHING)
        if len(other.source) > _NOSCRIPT_TIMES * len(text.source) + _NOSCRIPT_MORE:
            text = other
    bits, signature = _judge_names(tree, text, words)
    elements = Elements(tree.tag, tree.parent, text.first, text.last, bits, signature)
    leaf, block, chars, linked, strong, links, images, inputs, breaks = text.columns
    return Blocks(
        source=text.source, elements=elements, leaf=leaf, block=block, chars=chars, linked=linked, strong=strong, links=links,
        images=images, inputs=inputs, breaks=breaks, marks=_marks(tree, text),
    )  # fmt: skip


def _read_any(body: bytes) -> _Tree:
    """Tags and tree; elements whose text the parser does not escape are escaped here before a second try.

    What even then does not balance is read without its elements: all its tags part lines.
    """
    try:
        tree = _read_tree(body)
        if not tree.has & _RAW:
            return tree
    except RecordError:
        pass
    try:
        return _read_tree(_RAW_TEXT.sub(_escape, body))
    except RecordError:
        flat = _ANY_TAG.sub(b"<br>", body).replace(b"<", b"&lt;").replace(b"&lt;br>", b"<br>")
        return _read_tree(b"<body>" + flat + b"</body>")


def _escape(match: re.Match[bytes]) -> bytes:
    """Elements that the parser writes out unescaped: as text, or nothing where no browser shows it."""
    start, name, text, stop = match.groups()
    if name in (b"noembed", b"noframes"):
        return b""
    return start + text.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;") + stop


def _read_tree(body: bytes) -> _Tree:
    tags, attributes = len(body) // 2 + 1, len(body) // 6 + 1  # the shortest are `<>`, ` id=""`
    if len(body) > _LARGE:
        tags, attributes = body.count(b"<") + 1, body.count(b'"') // 2 + 1
    left, right, own, around, start, stop, parent, stack = np.empty((8, tags), np.int32)
    number, kind, tag = np.empty((3, tags), np.uint8)
    hidden = np.empty(tags, bool)
    name_element, name_begin, name_end = np.empty((3, attributes), np.int32)
    name_kind = np.empty(attributes, np.uint8)
    found = np.empty(4, np.int64)
    wrong = scan(
        np.frombuffer(body, np.uint8), KEYS, NUMBERS, FLOW, _TOLD, CUSTOM, _ENDINGS, _WIDTHS, left, right, number, kind, own,
        around, start, stop, parent, tag, hidden, name_element, name_kind, name_begin, name_end, stack, found,
    )  # fmt: skip
    if wrong:
        raise RecordError("html: the parser's tree cannot be read: expected balanced tags")
    count, elements, names, has = found.tolist()
    # What blocks keep is copied, so that they do not keep the room for the most tags.
    return _Tree(
        body=body, has=has, left=left[:count], right=right[:count], number=number[:count], kind=kind[:count], own=own[:count],
        around=around[:count], start=start[:elements], stop=stop[:elements], parent=parent[:elements].copy(),
        tag=tag[:elements].copy(), hidden=hidden[:elements], name_element=name_element[:names], name_kind=name_kind[:names],
        name_begin=name_begin[:names], name_end=name_end[:names],
    )  # fmt: skip


def _assemble(tree: _Tree, skipped: int) -> _Text:
    """The text without that of elements of the tag `skipped`."""
    data = np.frombuffer(tree.body, np.uint8)
    # A line of text lies between two tags, or is one of several of preformatted text.
    most = len(tree.left) + (tree.body.count(b"\n") if tree.has & _HAS_PRE else 0)
    out, columns = np.empty(len(data) + most, np.uint8), np.empty((COUNTED + len(_COUNTED), most), np.int32)
    first, last = np.empty((2, len(tree.start)), np.int32)
    breaks, counts, spaces = np.empty(len(tree.left) + 1, np.int32), np.empty(len(_COUNTED), np.int64), np.empty(SPACES, np.uint8)
    found = np.empty(1, np.int64)
    n = assemble(
        data, tree.left, tree.right, tree.number, tree.kind, tree.own, tree.around, tree.start, tree.stop, tree.parent,
        tree.tag, tree.hidden, FLOW, skipped, TAG["tr"], _ROW_LIMIT, _PREFORMATTED, TAG["a"], _STRONG, _COUNTED, _KINDS, breaks,
        counts, spaces, out, columns, first, last, found,
    )  # fmt: skip
    source = out[: int(found[0])].tobytes().decode("utf-8", "replace")
    return _Text(source, tuple(row[:n] for row in columns), first, last)


def _judge_names(tree: _Tree, text: _Text, words: ElementWords) -> tuple[Words, NDArray[np.uint32]]:
    """What the names of elements with lines inside say, and the signature of each; without names they say nothing."""
    bits, signature = np.empty(len(tree.tag), np.uint64), np.empty(len(tree.tag), np.uint32)
    needed = np.empty(len(tree.name_element), bool)
    names_kernel.choose(tree.name_element, tree.name_kind, text.first, text.last, _CLASS, _NAMES, needed)
    data = np.frombuffer(tree.body, np.uint8)
    found, checks = words.of_values(data, tree.name_begin, tree.name_end, needed)
    names_kernel.spread(
        tree.tag, tree.hidden, tree.name_element, tree.name_kind, needed, found, checks, _CLASS, HIDDEN, bits, signature
    )
    return bits, signature


def _marks(tree: _Tree, text: _Text) -> tuple[tuple[int, int, int], ...]:
    """Where rules on elements left a mark."""
    if _MARK not in tree.name_kind.tobytes():
        return ()
    marked, values = tree.values(tree.name_kind == _MARK)
    return tuple(
        (int(text.first[element]), int(text.last[element]), int(value))
        for element, value in zip(marked.tolist(), values, strict=True)
        if value.isdigit() and text.first[element] < text.last[element]
    )
