"""What Markdown shows and lines do not hold, marked in a second reading of a page.

Where links lead, which cells of a table row are empty, where code has blank lines and what language it is in. Lines
are made for the judge, which needs none of it; only who writes Markdown pays for the second reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_ALL: Final = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd5\ufdd6\ufdd7"
BEGIN, THEN, END, BLANK, SPOKEN, SPOKEN_END, NUMBER, NUMBER_END = _ALL
"""Code points that no text may contain. A link is `BEGIN`, its number, `THEN`, its text, `END`; `BLANK` stands in an empty
cell or line of code, the language of code between `SPOKEN` and `SPOKEN_END`, the number of a list item between `NUMBER` and
`NUMBER_END`."""
_DROPPED: Final = dict.fromkeys(map(ord, _ALL))
_MARKS: Final = re.compile(
    f"{BEGIN}\\d+{THEN}|{END}|{BLANK}|{SPOKEN}[^{SPOKEN_END}]*{SPOKEN_END}|{NUMBER}-?\\d+{NUMBER_END}"
)
_NUMBER: Final = re.compile(f"{NUMBER}(-?\\d+){NUMBER_END}")
_WHOLE: Final = re.compile(r"\s*\+?(-?\d{1,9})(?!\d)")
"""A whole number as browsers read it from an attribute."""
_NUMBERED: Final = re.compile(r"<(?:ol\s[^>]*\bstart|li\s[^>]*\bvalue)\s*=", re.IGNORECASE)
_LANGUAGE: Final = re.compile(
    r"(?:^|\s)(?:(?:language|lang|highlight-source)-|brush:\s*|highlight-(?=\S+\s(?:.*\s)?notranslate\b))([a-z][\w+#.-]*)",
    re.IGNORECASE,
)
_NO_LANGUAGE: Final = frozenset(["default", "none", "text", "plain", "plaintext", "txt", "nohighlight"])
_AROUND: Final = 2
"""So many elements around a `pre` may name its language."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What a second reading found: addresses by the number of the link, and by line what is before or in it."""

    targets: Sequence[str] = ()
    blanks: Mapping[int, int] = field(default_factory=dict)
    """Blank lines of code before a line."""
    languages: Mapping[int, str] = field(default_factory=dict)
    """The language of the code that begins with a line."""
    numbers: Mapping[int, int] = field(default_factory=dict)
    """The number of the list item that begins with a line, where the markup states it."""


def without_marks(text: str) -> str:
    """`text` without code points that would be taken for marks."""
    return text.translate(_DROPPED) if any(map(text.__contains__, _ALL)) else text


def unmarked(text: str) -> str:
    """A line without its marks."""
    return _MARKS.sub("", text)


def same_lines(marked: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether the marked lines are these lines, but for marks and white space."""
    return len(marked) == len(lines) and all(
        "".join(unmarked(one).split()) == "".join(without_marks(other).split())
        for one, other in zip(marked, lines, strict=True)
    )


def mark_cells(tree: LexborHTMLParser) -> None:
    """Mark the empty cells of rows in which something stands."""
    for row in tree.css("tr"):
        if row.css_first("table") is not None:  # layout, and reading the text of each level would take forever
            continue
        cells = [cell for cell in row.iter() if cell.tag in ("td", "th")]
        empty = [cell for cell in cells if not cell.text(deep=True).strip()]
        if len(empty) < len(cells):
            for cell in empty:
                cell.insert_child(BLANK)


def states_numbers(html: str) -> bool:
    """Whether a page may say with which number a list or one of its items begins."""
    return _NUMBERED.search(html) is not None


def mark_items(tree: LexborHTMLParser) -> None:
    """Mark the items of lists of which the markup states a number, with the number of each."""
    for found in tree.css("ol"):
        items = [node for node in found.iter() if node.tag == "li"]
        number = _whole(found.attributes.get("start"))
        stated = number is not None
        number = 1 if number is None else number
        for item in items:
            own = _whole(item.attributes.get("value"))
            stated = stated or own is not None
            number = number if own is None else own
            if stated:
                mark = f"{NUMBER}{number}{NUMBER_END}"
                if item.first_child is None:
                    item.insert_child(mark)
                else:
                    item.first_child.insert_before(mark)
            number += 1


def _whole(value: str | None) -> int | None:
    """The whole number at the beginning of an attribute's value, if there is one."""
    found = _WHOLE.match(value or "")
    return int(found[1]) if found else None


def mark_code(tree: LexborHTMLParser) -> None:
    """Mark the blank lines of preformatted text, and its language where the markup names it."""
    for code in tree.css("pre"):
        language = _language(code)
        begun = False
        fresh = True
        """Whether nothing stands in the line so far."""
        for node in list(code.traverse(include_text=True)):
            if node.tag == "br":
                if begun and fresh:
                    node.insert_before(BLANK)
                fresh = True
            elif node.tag == "-text":
                text, begun_here, fresh = _with_blanks(node.text_content or "", begun, fresh)
                if begun_here and not begun and language:
                    text = text.replace(_first(text), f"{SPOKEN}{language}{SPOKEN_END}{_first(text)}", 1)
                begun = begun or begun_here
                if text != node.text_content:
                    node.replace_with(text)


def _first(text: str) -> str:
    """The first character of a text that is no white space."""
    return text.lstrip()[:1]


def _with_blanks(text: str, begun: bool, fresh: bool) -> tuple[str, bool, bool]:
    """A piece of code with its blank lines marked, whether it holds anything, and whether a line is empty after it.

    `begun` tells whether something stands before it, `fresh` whether its first line is empty before it.
    """
    lines = text.split("\n")
    held = False
    for place, line in enumerate(lines):
        empty = (fresh or place > 0) and not line.strip()
        if empty and (begun or held) and place < len(lines) - 1:
            lines[place] = line + BLANK
        held = held or bool(line.strip())
        fresh = empty
    return "\n".join(lines), held, fresh


def _language(code: LexborNode) -> str:
    """The language that the class of a `pre`, of the `code` in it or of the elements around it names."""
    places: list[LexborNode | None] = [code, code.css_first("code")]
    around = code.parent
    for _ in range(_AROUND):
        places.append(around)
        around = around.parent if around is not None else None
    for node in places:
        found = _LANGUAGE.search((node.attributes.get("class") or "") if node is not None else "")
        if found:
            return "" if found[1].lower() in _NO_LANGUAGE else found[1]
    return ""


def read_marks(lines: Sequence[str], targets: Sequence[str]) -> tuple[list[str], Marks]:
    """The lines of a second reading without those that hold nothing but marks of their own, and what the marks say.

    Marks of links stay in the lines, and those of empty cells as nothing between tabs.
    """
    out: list[str] = []
    blanks: dict[int, int] = {}
    languages: dict[int, str] = {}
    numbers: dict[int, int] = {}
    before = 0
    for line in lines:
        if BLANK in line:
            line = line.replace(BLANK, "")
            if not line.strip():
                before += 1
                continue
        if NUMBER in line:
            *_, numbers[len(out)] = map(int, _NUMBER.findall(line))
            line = _NUMBER.sub("", line)
            if not line.strip():
                continue
        if SPOKEN in line:
            head, _, rest = line.partition(SPOKEN)
            language, _, tail = rest.partition(SPOKEN_END)
            languages[len(out)] = language
            line = head + tail
        if before:
            blanks[len(out)] = before
            before = 0
        out.append(line)
    return out, Marks(targets, blanks, languages, numbers)
