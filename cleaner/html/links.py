"""Where links lead: a second reading of a page, on demand, in which each link's text stands between marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from cleaner.html.marks import BEGIN, END, THEN, unmarked

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_MARKED: Final = re.compile(f"(\\s*){BEGIN}(\\d+){THEN}(\\s*)([^{BEGIN}{END}]*?)(\\s*(?:{END}|$)\\s*)")
_BREAKING: Final = str.maketrans({" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E", "\n": "", "\t": ""})
_NOWHERE: Final = ("javascript:", "data:", "#")


def mark_links(tree: LexborHTMLParser, url: str | None) -> list[str]:
    """Put marks around the texts of links; gives the addresses by number."""
    base = tree.css_first("base[href]")
    root = urljoin(url or "", (base.attributes.get("href") or "") if base is not None else "")
    targets: list[str] = []
    for link in tree.css("a[href]"):
        target = (link.attributes.get("href") or "").strip()
        if not target or target.lower().startswith(_NOWHERE):
            continue
        texts = [node for node in link.traverse(include_text=True) if _has_text(node)]
        if texts:
            texts[0].insert_before(f"{BEGIN}{len(targets)}{THEN}")
            texts[-1].insert_after(END)
            targets.append(_joined(root, target).translate(_BREAKING))
    return targets


def _joined(root: str, target: str) -> str:
    try:
        return urljoin(root, target)
    except ValueError:  # a host in brackets that is no address
        return target


def _has_text(node: LexborNode) -> bool:
    return node.tag == "-text" and bool((node.text_content or "").strip())


def write_links(text: str, targets: Sequence[str]) -> str:
    """Marks in a piece of Markdown as its links; a link that goes on in the next line ends with this one, and between two that
    touch stands a space."""

    def written(match: re.Match[str]) -> str:
        before, number, inside, label, after = match.groups()
        before, after = " " * bool(before or inside), " " * (len(after.replace(END, "")) > 0)
        return f"{before}[{label}]({targets[int(number)]}){after}" if label else before or after

    return unmarked(_MARKED.sub(written, text.replace(END + BEGIN, f"{END} {BEGIN}")))
