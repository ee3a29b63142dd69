"""Blocks as plain text or Markdown: headings, lists, quotes, code, tables, and links on demand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cleaner.html.blocks import Blocks
from cleaner.html.links import BEGIN, END, unmarked, write_links
from cleaner.html.tags import CUSTOM, NAMES

_LEVELS: Final = 64
_HEADING: Final = {f"h{level}": "#" * level for level in range(1, 7)}
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "*": "\\*", "_": "\\_", "`": "\\`", "[": "\\[", "]": "\\]",
                                 "<": "\\<"})  # fmt: skip
_STARTERS: Final = ("#", ">", "-", "+", "=")
_NUMBERED: Final = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Shape:
    """What surrounds a line, as far as its written form goes."""

    heading: str = ""
    code: int = -1
    """Number of the `pre` element, -1 outside."""
    quote: int = 0
    list: int = -1
    """Number of the outermost list, -1 outside."""
    items: tuple[int, ...] = ()
    """Numbers of the list items around it, the innermost first."""
    ordered: bool = False
    row: int = -1
    """Number of the table of a data row, -1 outside."""
    term: str = ""


def shapes(blocks: Blocks) -> list[Shape]:
    """The shape of each line."""
    tags, parents = blocks.elements.tag.tolist(), blocks.elements.parent.tolist()
    memo: dict[int, Shape] = {}
    out = []
    for element in blocks.leaf.tolist():
        shape = memo.get(element)
        if shape is None:
            shape = memo[element] = _shape(element, tags, parents)
        out.append(shape)
    return out


def _shape(element: int, tags: Sequence[int], parents: Sequence[int]) -> Shape:
    heading = term = ""
    code = row = outer = -1
    quote = 0
    items: list[int] = []
    ordered = False
    for _ in range(_LEVELS):
        name = NAMES[tags[element]] if tags[element] != CUSTOM else ""
        if name in _HEADING:
            heading = heading or _HEADING[name]
        elif name in ("pre", "xmp") and code < 0:
            code = element
        elif name == "blockquote":
            quote += 1
        elif name in ("ul", "ol", "menu"):
            ordered = name == "ol" if outer < 0 else ordered
            outer = element
        elif name == "li":
            items.append(element)
        elif name == "table" and row < 0:
            row = element
        elif name in ("dt", "dd") and not term:
            term = name
        if parents[element] == element:
            break
        element = parents[element]
    return Shape(heading, code, quote, outer, tuple(items), ordered, row, term)


def to_text(lines: Sequence[str], kept: Sequence[bool] | None = None) -> str:
    """The kept lines as plain text."""
    return "\n".join(line for i, line in enumerate(lines) if kept is None or kept[i])


def to_markdown(
    blocks: Blocks,
    kept: Sequence[bool] | None = None,
    lines: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> str:
    """The kept lines as Markdown.

    `lines` are their texts, by default those of the page itself; `targets` are the addresses of the links that are marked
    in them, see `cleaner.html.links`.
    """
    texts = blocks.source.split("\n") if lines is None else lines
    out: list[str] = []
    last: Shape | None = None
    lists = _Lists(blocks.elements.parent.tolist())
    table = -1
    """The table whose head has been written."""
    for row, shape in enumerate(shapes(blocks)):
        if kept is not None and not kept[row]:
            continue
        text = texts[row]
        if last is not None and last.code >= 0 and shape.code != last.code:
            out.append(_FENCE)
        if last is not None and not _goes_on(last, shape):
            out.append("")
        if shape.code >= 0 and (last is None or last.code != shape.code):
            out.append(_FENCE)
        cells = shape.row >= 0 and shape.code < 0 and ("\t" in text or table == shape.row)
        if targets and shape.code >= 0:
            text = unmarked(text)
        written = _row(text) if cells else _line(text, shape, lists)
        out.append("> " * shape.quote + (write_links(written, targets) if targets else written))
        if cells and table != shape.row:
            table = shape.row
            out.append("> " * shape.quote + "| " + " | ".join(["---"] * (text.count("\t") + 1)) + " |")
        last = shape
    if last is not None and last.code >= 0:
        out.append(_FENCE)
    return "\n".join(out)


def _row(text: str) -> str:
    """A row of a table. A link ends in the cell in which it begins."""
    cells = (cell + END if BEGIN in cell else cell for cell in text.split("\t"))
    return "| " + " | ".join(escape(cell.strip()).replace("|", "\\|") for cell in cells) + " |"


_FENCE: Final = "```"


def _goes_on(last: Shape, shape: Shape) -> bool:
    """Whether a line follows the one before it without a blank line."""
    if shape.code >= 0 or last.code >= 0:
        return shape.code == last.code
    if shape.row >= 0:
        return shape.row == last.row
    return bool(shape.items and last.items) and shape.list == last.list


def _line(text: str, shape: Shape, lists: _Lists) -> str:
    if shape.code >= 0:
        return text
    body = escape(text)
    if shape.heading:
        body = f"{shape.heading} {body}"
    elif shape.items:
        body = lists.mark(shape) + body
    elif shape.term == "dt":
        body = f"**{body}**"
    return body


class _Lists:
    """What has been written of the page's lists: only items with a mark of their own indent what is inside them."""

    def __init__(self, parents: Sequence[int]) -> None:
        self._parents = parents
        self._numbers: dict[int, int] = {}
        self._indents: dict[int, int] = {}
        """Written item -> columns before its text."""

    def mark(self, shape: Shape) -> str:
        """The white space and the mark before a line of an item."""
        item = shape.items[0]
        indent = next((self._indents[outer] for outer in shape.items if outer in self._indents), 0)
        if item in self._indents:
            return " " * indent
        mark = "- "
        if shape.ordered:
            number = self._numbers[self._parents[item]] = self._numbers.get(self._parents[item], 0) + 1
            mark = f"{number}. "
        self._indents[item] = indent + len(mark)
        return " " * indent + mark


def escape(text: str) -> str:
    """A line of text so that Markdown shows it as it is."""
    text = _NUMBERED.sub(r"\1\\\2", text.translate(_ESCAPED))
    return "\\" + text if text.startswith(_STARTERS) else text
