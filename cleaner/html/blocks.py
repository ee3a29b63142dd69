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

from cleaner.errors import RecordError
from cleaner.html.elements import HIDDEN, ElementWords
from cleaner.html.tags import CUSTOM, FLOW, KEYS, NUMBERS, TAG, Flow

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
Raw = NDArray[np.uint8]
Words = NDArray[np.uint64]

MARK: Final = "data-cleaner-cut"
"""Attribute that tells which rule on elements found an element."""
ATTRIBUTES: Final = (" style=", " hidden=", "aria-hidden=", " class=", f"{MARK}=", " id=", " role=", " itemprop=",
                      " itemtype=", " aria-label=", " data-testid=", " data-component=")  # fmt: skip
_HIDING: Final = 3
"""The first so many hide elements; the kernel reports them only where they do."""
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
_RAW: Final = _tag_table("xmp", "plaintext", "noembed", "noframes")
_PREFORMATTED: Final = _tag_table("pre", "xmp")
_STRONG: Final = _tag_table("b", "strong", "em", "i")
_COUNTED: Final = np.array([TAG["img"], TAG["input"], TAG["br"]], np.uint8)
for _table in (_ENDINGS, _WIDTHS, _COUNTED):
    _table.flags.writeable = False
_LARGE: Final = 1 << 20
"""Up to this many bytes, room for the most tags they can hold costs less than counting them."""
_ROW_LIMIT: Final = 4000
"""Bytes of markup beyond which a table row is layout, not data."""
_HARDLY_ANY: Final = 3000
"""With less text than this on show, `noscript` may hold the page's content."""
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
    left: Ints
    right: Ints
    number: Raw
    kind: Raw
    own: Ints
    around: Ints
    start: Ints
    stop: Ints
    parent: Ints
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
    at: Ints
    columns: tuple[Ints, ...]
    first: Ints
    last: Ints
    block: Ints


def read_blocks(body: bytes, words: ElementWords) -> Blocks:
    """The blocks of a page.

    `body` is the body element as the parser writes it: balanced, text and attribute values escaped, without `script`
    and `style`.
    """
    tree = _read_any(body)
    number = tree.number[tree.start]
    hidden = _hidden(tree)
    flow = FLOW[number]
    gone = (flow == Flow.GONE) | (hidden & (flow == Flow.INLINE))
    noscript = number == TAG["noscript"]
    text = _assemble(tree, gone | noscript)
    if len(text.source) < _HARDLY_ANY and noscript.any():
        other = _assemble(tree, gone)
        if len(other.source) > _NOSCRIPT_TIMES * len(text.source) + _NOSCRIPT_MORE:
            text = other
    bits, signature = _judge_names(tree, text.first < text.last, number, words)
    bits[hidden] |= np.uint64(HIDDEN)
    elements = Elements(number, tree.parent, text.first, text.last, bits, signature)
    chars, linked, strong, links, images, inputs, breaks = text.columns
    return Blocks(
        source=text.source, elements=elements, leaf=tree.around[text.at], block=text.block, chars=chars, linked=linked,
        strong=strong, links=links, images=images, inputs=inputs, breaks=breaks, marks=_marks(tree, text),
    )  # fmt: skip


def _read_any(body: bytes) -> _Tree:
    """Tags and tree; elements whose text the parser does not escape are escaped here before a second try.

    What even then does not balance is read without its elements: all its tags part lines.
    """
    try:
        tree = _read_tree(body)
        if not _RAW[tree.number].any():
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
    from cleaner.html.kernel import scan

    tags, attributes = len(body) // 3 + 1, len(body) // 6 + 1
    if len(body) > _LARGE:
        tags, attributes = body.count(b"<") + 1, body.count(b'"') // 2 + 1
    left, right, own, around, start, stop, parent, stack = (np.empty(tags, np.int32) for _ in range(8))
    number, kind = np.empty(tags, np.uint8), np.empty(tags, np.uint8)
    name_element, name_begin, name_end = (np.empty(attributes, np.int32) for _ in range(3))
    name_kind = np.empty(attributes, np.uint8)
    found = np.zeros(3, np.int64)
    wrong = scan(
        np.frombuffer(body, np.uint8), KEYS, NUMBERS, FLOW, CUSTOM, _ENDINGS, _WIDTHS, left, right, number, kind, own,
        around, start, stop, parent, name_element, name_kind, name_begin, name_end, stack, found,
    )  # fmt: skip
    if wrong:
        raise RecordError("html: the parser's tree cannot be read: expected balanced tags")
    count, elements, names = found.tolist()
    return _Tree(
        body=body, left=left[:count], right=right[:count], number=number[:count], kind=kind[:count], own=own[:count],
        around=around[:count], start=start[:elements], stop=stop[:elements], parent=parent[:elements],
        name_element=name_element[:names], name_kind=name_kind[:names], name_begin=name_begin[:names],
        name_end=name_end[:names],
    )  # fmt: skip


def _hidden(tree: _Tree) -> Bools:
    """Per element: whether its own attributes hide it."""
    hidden = np.zeros(len(tree.start), bool)
    hidden[tree.name_element[tree.name_kind < _HIDING]] = True
    hidden[0] = False
    return hidden


def _assemble(tree: _Tree, gone: Bools) -> _Text:
    from cleaner.html.kernel import assemble

    data = np.frombuffer(tree.body, np.uint8)
    # A line of text lies between two tags, or is one of several of preformatted text.
    most = len(tree.left) + (tree.body.count(b"\n") if _PREFORMATTED[tree.number].any() else 0)
    out = np.empty(len(data) + most, np.uint8)
    at, chars, linked, strong, block = (np.empty(most, np.int32) for _ in range(5))
    counts = np.empty((1 + len(_COUNTED), most), np.int32)
    first, last = np.empty(len(tree.start), np.int32), np.empty(len(tree.start), np.int32)
    found = np.zeros(1, np.int64)
    n = assemble(
        data, tree.left, tree.right, tree.number, tree.kind, tree.own, tree.around, tree.start, tree.stop, tree.parent,
        FLOW, gone, TAG["tr"], _ROW_LIMIT, _PREFORMATTED, TAG["a"], _STRONG, _COUNTED, out, at, chars,
        linked, strong, counts, first, last, block, found,
    )  # fmt: skip
    source = out[: int(found[0])].tobytes().decode("utf-8", "replace")
    if "&" in source:
        source = source.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    columns = (chars[:n], linked[:n], strong[:n], *(row[:n] for row in counts))
    return _Text(source, at[:n], columns, first, last, block[:n])


def _judge_names(tree: _Tree, chosen: Bools, number: Raw, words: ElementWords) -> tuple[Words, NDArray[np.uint32]]:
    """What the names of the `chosen` elements say, and the signature of each; without names they say nothing."""
    from cleaner.kernels import names as kernel

    bits = np.zeros(len(number), np.uint64)
    signature = number.astype(np.uint32)
    needed = chosen[tree.name_element] & ((tree.name_kind == _CLASS) | (tree.name_kind >= _NAMES))
    data = np.frombuffer(tree.body, np.uint8)
    found, checks = words.of_values(data, tree.name_begin, tree.name_end, needed)
    kernel.spread(tree.name_element, tree.name_kind, needed, found, checks, _CLASS, bits, signature)
    bits[0] = 0
    return bits, signature


def _marks(tree: _Tree, text: _Text) -> tuple[tuple[int, int, int], ...]:
    """Where rules on elements left a mark."""
    marked, values = tree.values(tree.name_kind == _MARK)
    return tuple(
        (int(text.first[element]), int(text.last[element]), int(value))
        for element, value in zip(marked.tolist(), values, strict=True)
        if value.isdigit() and text.first[element] < text.last[element]
    )
