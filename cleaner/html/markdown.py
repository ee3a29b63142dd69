"""Blocks as plain text or Markdown: headings, lists, quotes, code, tables, and links on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cleaner.html.blocks import Blocks
from cleaner.html.tags import CUSTOM, NAMES

_LEVELS: Final = 64
_HEADING: Final = {f"h{level}": "#" * level for level in range(1, 7)}
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "*": "\\*", "_": "\\_", "`": "\\`", "[": "\\[", "]": "\\]"})
_STARTERS: Final = ("#", ">", "-", "+", "=")


@dataclass(frozen=True, slots=True)
class Shape:
    """What surrounds a line, as far as its written form goes."""

    heading: str = ""
    code: int = -1
    """Number of the `pre` element, -1 outside."""
    quote: int = 0
    depth: int = 0
    """Lists around the line."""
    item: int = -1
    """Number of the innermost list item, -1 outside."""
    ordered: bool = False
    row: int = -1
    """Number of the table of a data row, -1 outside."""
    term: str = ""
    language: str = ""


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
    code = item = row = -1
    quote = depth = 0
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
            depth += 1
            ordered = name == "ol" if depth == 1 else ordered
        elif name == "li" and item < 0:
            item = element
        elif name == "table" and row < 0:
            row = element
        elif name in ("dt", "dd") and not term:
            term = name
        if parents[element] == element:
            break
        element = parents[element]
    return Shape(heading, code, quote, depth, item, ordered, row, term)


def to_text(lines: Sequence[str], kept: Sequence[bool] | None = None) -> str:
    """The kept lines as plain text."""
    return "\n".join(line for i, line in enumerate(lines) if kept is None or kept[i])


def to_markdown(blocks: Blocks, kept: Sequence[bool] | None = None, lines: Sequence[str] | None = None) -> str:
    """The kept lines as Markdown; `lines` are their texts, by default those of the page itself."""
    texts = blocks.source.split("\n") if lines is None else lines
    out: list[str] = []
    last: Shape | None = None
    numbers: dict[int, int] = {}
    header = False
    parents = blocks.elements.parent.tolist()
    for row, (text, shape) in enumerate(zip(texts, shapes(blocks), strict=True)):
        if kept is not None and not kept[row]:
            continue
        if last is not None and last.code >= 0 and shape.code != last.code:
            out.append(_FENCE)
        if last is not None and not _goes_on(last, shape):
            out.append("")
        header = "\t" in text and shape.row >= 0 and (last is None or last.row != shape.row)
        if shape.code >= 0 and (last is None or last.code != shape.code):
            out.append(_FENCE)
        out.append(_line(text, shape, last, numbers, parents))
        if header:
            out.append("| " + " | ".join(["---"] * (text.count("\t") + 1)) + " |")
        last = shape
    if last is not None and last.code >= 0:
        out.append(_FENCE)
    return "\n".join(out)


_FENCE: Final = "```"


def _goes_on(last: Shape, shape: Shape) -> bool:
    """Whether a line follows the one before it without a blank line."""
    if shape.code >= 0 or last.code >= 0:
        return shape.code == last.code
    if shape.row >= 0:
        return shape.row == last.row
    return shape.item >= 0 and last.item >= 0


def _line(text: str, shape: Shape, last: Shape | None, numbers: dict[int, int], parents: Sequence[int]) -> str:
    if shape.code >= 0:
        return text
    body = _escape(text)
    if shape.row >= 0 and "\t" in text:
        body = "| " + " | ".join(cell.strip().replace("|", "\\|") for cell in body.split("\t")) + " |"
    elif shape.heading:
        body = f"{shape.heading} {body}"
    elif shape.item >= 0:
        indent = "  " * max(shape.depth - 1, 0)
        if last is not None and last.item == shape.item:
            body = f"{indent}  {body}"
        elif shape.ordered:
            numbers[parents[shape.item]] = number = numbers.get(parents[shape.item], 0) + 1
            body = f"{indent}{number}. {body}"
        else:
            body = f"{indent}- {body}"
    elif shape.term == "dt":
        body = f"**{body}**"
    return "> " * shape.quote + body


def _escape(text: str) -> str:
    text = text.translate(_ESCAPED)
    return "\\" + text if text.startswith(_STARTERS) else text
