"""Blocks as plain text or Markdown: headings, lists, quotes, code, tables, and links on demand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cleaner.html.blocks import Blocks
from cleaner.html.links import write_links
from cleaner.html.marks import BEGIN, END, Marks, unmarked
from cleaner.html.tags import CUSTOM, NAMES

_LEVELS: Final = 64
_HEADING: Final = {f"h{level}": "#" * level for level in range(1, 7)}
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "*": "\\*", "_": "\\_", "`": "\\`", "[": "\\[", "]": "\\]",
                                 "<": "\\<"})  # fmt: skip
_STARTERS: Final = ("#", ">", "-", "+", "=")
_TICKS: Final = re.compile("`+")
_NUMBERED: Final = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Shape:
    """What surrounds a line, as far as its written form goes."""

    heading: str = ""
    code: int = -1
    """Number of the `pre` element, -1 outside."""
    quotes: tuple[int, ...] = ()
    """Numbers of the quotes around it, the outermost first."""
    list: int = -1
    """Number of the outermost list, -1 outside."""
    items: tuple[int, ...] = ()
    """Numbers of the list items around it, the innermost first."""
    ordered: bool = False
    row: int = -1
    """Number of the table of a data row, -1 outside."""
    inside: int = 0
    """How many of `items` stand inside that table."""
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
    inside = 0
    quotes: list[int] = []
    items: list[int] = []
    ordered = False
    for _ in range(_LEVELS):
        name = NAMES[tags[element]] if tags[element] != CUSTOM else ""
        if name in _HEADING:
            heading = heading or _HEADING[name]
        elif name in ("pre", "xmp") and code < 0:
            code = element
        elif name == "blockquote":
            quotes.append(element)
        elif name in ("ul", "ol", "menu"):
            ordered = name == "ol" if outer < 0 else ordered
            outer = element
        elif name == "li":
            items.append(element)
        elif name == "table" and row < 0:
            row, inside = element, len(items)
        elif name in ("dt", "dd") and not term:
            term = name
        if parents[element] == element:
            break
        element = parents[element]
    return Shape(heading, code, tuple(reversed(quotes)), outer, tuple(items), ordered, row, inside, term)


def to_text(lines: Sequence[str], kept: Sequence[bool] | None = None) -> str:
    """The kept lines as plain text."""
    return "\n".join(line for i, line in enumerate(lines) if kept is None or kept[i])


def to_markdown(
    blocks: Blocks,
    kept: Sequence[bool] | None = None,
    lines: Sequence[str] | None = None,
    marks: Marks | None = None,
) -> str:
    """The kept lines as Markdown.

    `lines` are their texts, by default those of the page itself; `marks` tells what a second reading found of them, see
    `cleaner.html.marks`.
    """
    writer = _Writer(blocks, blocks.source.split("\n") if lines is None else lines, marks or Marks())
    shaped = shapes(blocks)
    rows = [row for row in range(len(shaped)) if kept is None or kept[row]]
    writer.measure_code(rows, shaped)
    for row in rows:
        writer.add(row, shaped[row])
    return writer.finish()


class _Joint(Enum):
    """How a line follows the one before it."""

    NEXT = 0
    APART = 1
    """After a blank line."""
    BREAK = 2
    """In the same paragraph, after a line break."""
    SPACE = 3
    """In the same line."""


class _Writer:
    """Writes the lines of a page one after the other."""

    def __init__(self, blocks: Blocks, texts: Sequence[str], marks: Marks) -> None:
        self._texts, self._marks = texts, marks
        self._block, self._breaks = blocks.block.tolist(), blocks.breaks.tolist()
        self._lists = _Lists(blocks.elements.parent.tolist())
        self._out: list[str] = []
        self._fences: dict[int, str] = {}
        self._last: tuple[int, Shape] | None = None
        self._table, self._columns = -1, 0
        """The table whose rows are being written, and how many cells its head has."""
        self._margin = ""
        """What stands before each line of the code or the rows that are being written."""

    def measure_code(self, rows: Sequence[int], shaped: Sequence[Shape]) -> None:
        """Find for each piece of code a fence that its lines do not hold."""
        longest: dict[int, int] = {}
        for row in rows:
            code = shaped[row].code
            if code >= 0:
                runs = map(len, _TICKS.findall(self._texts[row]))
                longest[code] = max(longest.get(code, 0), max(runs, default=0))
        self._fences = {code: "`" * max(3, run + 1) for code, run in longest.items()}

    def add(self, row: int, shape: Shape) -> None:
        """Write a line."""
        text = self._texts[row]
        if row in self._marks.numbers and shape.items:
            self._lists.state(shape.items[0], self._marks.numbers[row])
        cells = shape.row >= 0 and shape.code < 0 and ("\t" in text or self._table == shape.row)
        joint = self._joint(row, shape, cells)
        if joint is _Joint.APART and self._last is not None:
            self._close_code()
            self._out.append(self._quoted(self._last[1], shape).rstrip())
        elif joint is _Joint.BREAK:
            self._out[-1] += "\\"
        if shape.code >= 0:
            self._add_code(row, shape, text, joint)
        elif cells:
            self._add_cells(shape, text)
        elif joint is _Joint.SPACE:
            self._out[-1] += f" {self._linked(escape(text))}"
        else:
            self._out.append("> " * len(shape.quotes) + self._linked(_line(text, shape, self._lists)))
        self._table = shape.row if cells else -1
        self._last = row, shape

    def finish(self) -> str:
        """All that was written."""
        self._close_code()
        return "\n".join(self._out)

    def _joint(self, row: int, shape: Shape, cells: bool) -> _Joint:
        if self._last is None:
            return _Joint.NEXT
        before, last = self._last
        if shape.code >= 0 or last.code >= 0:
            return _Joint.NEXT if shape.code == last.code else _Joint.APART
        if cells or self._table >= 0:
            return _Joint.NEXT if cells and self._table == shape.row else _Joint.APART
        if before == row - 1 and self._block[row] == self._block[before] and self._breaks[row] == 1 and not shape.term:
            return _Joint.SPACE if shape.heading else _Joint.BREAK
        one_list = bool(shape.items and last.items) and shape.list == last.list
        return _Joint.NEXT if one_list and not self._lists.has(shape.items[0]) else _Joint.APART

    def _quoted(self, last: Shape, shape: Shape) -> str:
        """The marks of the quotes that go on from one line to the next."""
        return "> " * sum(one == other for one, other in zip(last.quotes, shape.quotes, strict=False))

    def _begin(self, shape: Shape, items: tuple[int, ...]) -> str:
        """What stands before the first line of code or rows; sets what stands before the others."""
        quoted = "> " * len(shape.quotes)
        mark = self._lists.mark(items, shape.ordered) if items else ""
        self._margin = quoted + " " * len(mark)
        return quoted + mark

    def _add_code(self, row: int, shape: Shape, text: str, joint: _Joint) -> None:
        if self._last is None or joint is _Joint.APART:
            language = self._marks.languages.get(row, "")
            self._out.append(self._begin(shape, shape.items) + self._fences[shape.code] + language)
        else:
            self._out += [self._margin.rstrip()] * self._marks.blanks.get(row, 0)
        self._out.append(self._margin + unmarked(text))

    def _close_code(self) -> None:
        if self._last is not None and self._last[1].code >= 0:
            self._out.append(self._margin + self._fences[self._last[1].code])

    def _add_cells(self, shape: Shape, text: str) -> None:
        cells = text.split("\t")
        if self._table == shape.row:
            self._out.append(self._margin + self._linked(_row(cells, self._columns)))
            return
        self._columns = len(cells)
        self._out.append(self._begin(shape, shape.items[shape.inside :]) + self._linked(_row(cells, self._columns)))
        self._out.append(f"{self._margin}| {' | '.join(['---'] * self._columns)} |")

    def _linked(self, text: str) -> str:
        return write_links(text, self._marks.targets) if self._marks.targets else text


def _row(cells: Sequence[str], columns: int) -> str:
    """A row of a table, filled up to `columns` cells. A link ends in the cell in which it begins."""
    ended = [cell + END if BEGIN in cell else cell for cell in cells] + [""] * (columns - len(cells))
    return "| " + " | ".join(escape(cell.strip()).replace("|", "\\|") for cell in ended) + " |"


def _line(text: str, shape: Shape, lists: _Lists) -> str:
    body = escape(text)
    if shape.heading:
        body = f"{shape.heading} {body}"
    elif shape.items:
        body = lists.mark(shape.items, shape.ordered) + body
    elif shape.term == "dt":
        body = f"**{body}**"
    return body


class _Lists:
    """What has been written of the page's lists: only items with a mark of their own indent what is inside them."""

    def __init__(self, parents: Sequence[int]) -> None:
        self._parents = parents
        self._numbers: dict[int, int] = {}
        self._stated: dict[int, int] = {}
        self._indents: dict[int, int] = {}
        """Written item -> columns before its text."""

    def has(self, item: int) -> bool:
        """Whether an item has its mark already."""
        return item in self._indents

    def state(self, item: int, number: int) -> None:
        """The markup says which number an item has."""
        self._stated.setdefault(item, number)

    def mark(self, items: Sequence[int], ordered: bool) -> str:
        """The white space and the mark before a line of an item; `items` are those around it, the innermost first."""
        item = items[0]
        indent = next((self._indents[outer] for outer in items if outer in self._indents), 0)
        if item in self._indents:
            return " " * indent
        mark = "- "
        if ordered:
            number = self._stated.get(item, self._numbers.get(self._parents[item], 0) + 1)
            self._numbers[self._parents[item]] = number
            mark = f"{max(number, 0)}. "
        self._indents[item] = indent + len(mark)
        return " " * indent + mark


def escape(text: str) -> str:
    """A line of text so that Markdown shows it as it is."""
    text = _NUMBERED.sub(r"\1\\\2", text.translate(_ESCAPED))
    return "\\" + text if text.startswith(_STARTERS) else text
