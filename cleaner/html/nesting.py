"""Keeps pages with absurdly deep nesting readable in bounded time.

For each start tag a parser looks through the elements that are open, so elements nested a hundred thousand deep take
minutes. Browsers stop nesting at some 500 levels; so does this, before the parser sees the page. Text stays in order.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from cleaner.html.tags import FLOW, TAG, Flow

LIMIT: Final = 512
_MANY: Final = 20_000
"""Pages with fewer tags cannot nest deep enough to matter."""
_TOO_DEEP: Final = 1_500
_CLOSED_BY_NEXT: Final = frozenset(
    ["p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "optgroup", "colgroup", "html",
     "head", "body", "rb", "rt", "rp", "rtc"]
)  # fmt: skip
_FLAT: Final = frozenset(name for name, number in TAG.items() if FLOW[number] in (Flow.VOID, Flow.BREAK))
_NESTING: Final = frozenset(TAG) - _CLOSED_BY_NEXT - _FLAT - {"", "script", "style"}
_TOKEN: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1|\Z)|<(/?)([a-z][a-z0-9]*)(?:[^>\"']|\"[^\"]*\"|'[^']*')*>",
    re.IGNORECASE | re.DOTALL,
)
_LETTERS: Final = np.uint64(0x2020202020202020)


def is_deep(html: str, tags: int) -> bool:
    """Whether a page of so many tags nests far too deep."""
    return tags >= _MANY and _depth(html) >= _TOO_DEEP


def limit_nesting(html: str) -> str:
    """`html`, without the tags that open or close elements deeper than `LIMIT`."""
    depth = 0
    out: list[str] = []
    reached = 0
    for match in _TOKEN.finditer(html):
        name = (match[3] or "").lower()
        if name not in _NESTING:
            continue
        drop = depth > LIMIT if match[2] else depth >= LIMIT
        depth = max(depth - 1, 0) if match[2] else depth + 1
        if drop:
            out.append(html[reached : match.start()])
            reached = match.end()
    out.append(html[reached:])
    return " ".join(out)


def _depth(html: str) -> int:
    """About how deep a page nests, from its tags alone."""
    data = html.encode("utf-8", "replace") + b"\0" * 16
    raw = np.frombuffer(data, np.uint8)
    left = np.flatnonzero(raw[:-16] == ord("<"))
    ends = raw[left + 1] == ord("/")
    windows = np.ndarray((len(raw) - 8,), "<u8", buffer=data, strides=(1,))
    key = windows[left + 1 + ends] | _LETTERS
    step = np.zeros(len(left), np.int64)
    for name in ("div", "span", "section", "article", "table", "ul", "ol", "dl", "font", "center", "blockquot", "main",
                 "form", "details", "fieldset", "nav", "aside", "header", "footer", "figure"):  # fmt: skip
        name = name[:8]
        mask = np.uint64((1 << 8 * len(name)) - 1)
        step[(key & mask) == np.uint64(int.from_bytes(name.encode(), "little"))] = 1
    step[ends] *= -1
    # A running sum that never falls below zero.
    total = np.cumsum(step)
    return int((total - np.minimum(np.minimum.accumulate(total), 0)).max(initial=0))
