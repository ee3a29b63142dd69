"""Content that a page carries but does not show: JSON-LD texts and the state of pages that scripts draw.

Only read where the visible page has hardly any text. Everything is bounded: sizes, depths and numbers of values.
"""

from __future__ import annotations

import html as entities
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

MAX_JSON: Final = 2_000_000
MAX_TEXT: Final = 400_000
_LD: Final = "application/ld+json"
_LD_LIMIT: Final = 400_000
_MAX_VALUES: Final = 50_000
_STATE_IDS: Final = ("__NEXT_DATA__", "__NUXT_DATA__", "__NUXT__", "server-data", "initial-state", "app-state")
"""Ids of scripts that hold nothing but the state."""
_STATES: Final = ("__INITIAL_STATE__", "__PRELOADED_STATE__", "__APOLLO_STATE__", "__NUXT__", "__INITIAL_DATA__", "__data",
                  "initialState", "__STATE__")  # fmt: skip
"""What scripts assign the state to."""
_ID: Final = re.compile(rf"""<script\b[^>]*?\bid\s*=\s*["'](?:{"|".join(_STATE_IDS)})["'][^>]*>""")
_VALUE: Final = re.compile(r"""\s*=\s*(?=[{\["])""")
_TAG: Final = 1_000
"""Characters before an id in which its tag must begin."""
_BODY_KEYS: Final = frozenset(
    ["articlebody", "body", "bodyhtml", "body_html", "bodytext", "content", "contenthtml", "content_html", "text",
     "html", "description", "descriptionhtml", "longdescription", "long_description", "productdescription",
     "shortdescription", "cooked", "message", "post", "paragraph", "paragraphs", "summary", "answer", "question",
     "details", "specifications", "story", "maincontent", "richtext", "markdown", "value"]
)  # fmt: skip
_TITLE_KEYS: Final = frozenset(
    ["name", "headline", "title", "heading", "question"]
)  # fmt: skip
_LD_BODY: Final = ("articleBody", "text", "reviewBody", "recipeIngredient", "recipeInstructions", "description")
_LD_PARTS: Final = ("mainEntity", "mainEntityOfPage", "@graph", "acceptedAnswer", "suggestedAnswer", "comment",
                    "itemListElement", "item", "hasPart", "step", "hasCourse", "hasVariant")  # fmt: skip
_MARKUP: Final = re.compile(r"</?(?:p|br|div|li|ul|ol|h[1-6]|strong|em|b|i|span|a|table|blockquote)\b", re.IGNORECASE)
_NO_PROSE: Final = re.compile(r"^(?:https?:|data:|[{\[<]\s*[\"{]|function\b|#|\.|/)|[{};]\s*$")
_SHORTEST: Final = 60


def linked_data(html: str) -> Iterator[Any]:
    """The JSON-LD values of a page that can be read."""
    for block in _ld_blocks(html):
        text = block.strip().removeprefix("<![CDATA[").removeprefix("//<![CDATA[").removesuffix("]]>").strip(" \n/;")
        value = _parse(text)
        if value is not None:
            yield value


def _ld_blocks(html: str) -> Iterator[str]:
    """The text of the JSON-LD scripts of a page, as written, up to a limit in all."""
    left = _LD_LIMIT
    at = html.find(_LD)
    while at >= 0 and left > 0:
        begin = html.find(">", at, at + 400) + 1
        end = html.find("</", begin, begin + left) if begin else -1
        while end >= 0 and html[end + 2 : end + 8].lower() != "script":
            end = html.find("</", end + 2, begin + left)
        if begin and end >= 0:
            yield html[begin:end]
            left -= end - begin
        at = html.find(_LD, max(end, at + 1))


def embedded_html(html: str) -> str:
    """The texts a page carries in JSON-LD, or failing that in its state, as HTML; empty if there are none."""
    for texts in (_of_linked_data(html), _of_state(html)):
        parts: list[str] = []
        seen: set[str] = set()
        size = 0
        for text in texts:
            key = text[:200]
            if key in seen:
                continue
            seen.add(key)
            parts.append(_as_html(text))
            size += len(text)
            if size > MAX_TEXT:
                break
        if size >= _SHORTEST:
            return "\n".join(parts)
    return ""


def _as_html(text: str) -> str:
    if "&lt;" in text and "<" not in text:
        text = entities.unescape(text)
    if _MARKUP.search(text):
        return f"<div>{text}</div>"
    lines = [line for line in text.splitlines() if line.strip()]
    return "".join(f"<p>{entities.escape(line)}</p>" for line in lines)


def _of_linked_data(html: str) -> Iterator[str]:
    for value in linked_data(html):
        yield from _ld_texts(value)


def _ld_texts(value: Any) -> Iterator[str]:
    """Names and texts of the things of a page, in their order, without recursion."""
    stack = [(value, False)]
    budget = _MAX_VALUES
    while stack and budget:
        budget -= 1
        node, named = stack.pop()
        if isinstance(node, list):
            stack.extend((item, named) for item in reversed(node))
        elif isinstance(node, str):
            if node.strip():
                yield node
        elif isinstance(node, dict):
            body = next((node[key] for key in _LD_BODY if node.get(key)), None)
            title = node.get("headline") or node.get("name")
            if isinstance(title, str) and (body or named):
                yield title
            parts = [(node[key], True) for key in _LD_PARTS if isinstance(node.get(key), list | dict)]
            stack.extend(reversed(parts))
            if isinstance(body, str):
                yield body
            elif isinstance(body, list):
                stack.append((body, False))


def _of_state(html: str) -> Iterator[str]:
    for begin in _state_places(html):
        value = _read_value(html, begin)
        if value is not None:
            yield from _state_texts(value)


def _state_places(html: str) -> list[int]:
    """Where the state of a page may begin. Names are looked for one by one, which is much faster than one pattern
    for all."""
    found: set[int] = set()
    for name in _STATE_IDS:
        for at in _places(html, name):
            match = _ID.match(html, max(html.rfind("<script", max(at - _TAG, 0), at), 0))
            if match and match.end() > at:
                found.add(match.end())
    for name in _STATES:
        found.update(match.end() for at in _places(html, name) if (match := _VALUE.match(html, at + len(name))))
    return sorted(found)


def _places(html: str, name: str) -> Iterator[int]:
    at = html.find(name)
    while at >= 0:
        yield at
        at = html.find(name, at + 1)


def _read_value(html: str, begin: int) -> Any:
    """The JSON value at `begin`, if it is one and not too large."""
    end = html.find("</script", begin, begin + MAX_JSON)
    if end < 0:
        return None
    value = _parse(html[begin:end].strip().rstrip(";"))
    return _parse(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


def _parse(text: str) -> Any:
    """A JSON value at the beginning of `text`; line breaks in its strings are forgiven, and what follows it."""
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        pass
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _state_texts(value: Any) -> Iterator[str]:
    """Texts under keys that name one, and their titles, in document order."""
    stack: list[tuple[str, Any]] = [("", value)]
    budget = _MAX_VALUES
    while stack and budget:
        budget -= 1
        key, node = stack.pop()
        if isinstance(node, dict):
            stack.extend((str(name), node[name]) for name in reversed(node))
        elif isinstance(node, list):
            stack.extend((key, item) for item in reversed(node))
        elif isinstance(node, str) and _says_something(key, node):
            yield node


def _says_something(key: str, text: str) -> bool:
    name = key.lower()
    if name in _TITLE_KEYS:
        return False
    return (
        name in _BODY_KEYS and len(text) >= _SHORTEST and text.count(" ") * 14 > len(text)
        and not _NO_PROSE.search(text[:200])
    )  # fmt: skip
