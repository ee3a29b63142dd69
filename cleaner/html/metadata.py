"""What a page says about itself: title, author, date, language, site, kind.

Read from JSON-LD, OpenGraph and other `meta` elements, microdata and the tags that state them, in this order of trust,
and only when somebody asks: nothing here is needed to judge a page.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cleaner.html.embedded import linked_data
from cleaner.html.kind import SIGNS

HEAD: Final = 200_000
"""Characters of a page that are searched for `meta` and `title`."""
MAX_VALUE: Final = 500
_MAX_THINGS: Final = 2_000
_TAG: Final = re.compile(r"<(meta|html|title|link|time)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([a-zA-Z:_-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_LANGUAGE: Final = re.compile(r"^[a-zA-Z]{2,3}(?:[-_][a-zA-Z0-9]{1,8})*$")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_SEPARATED: Final = re.compile(r"\s+[|–—·•»-]\s+")
_TITLES: Final = ("og:title", "twitter:title", "dc.title", "dcterms.title", "title")
_AUTHORS: Final = ("author", "article:author", "dc.creator", "dcterms.creator", "parsely-author", "sailthru.author",
                   "byl", "twitter:creator")  # fmt: skip
_DATES: Final = ("article:published_time", "datepublished", "date", "dc.date", "dcterms.date", "dc.date.issued",
                 "parsely-pub-date", "pubdate", "publishdate", "sailthru.date", "og:published_time",
                 "article:published")  # fmt: skip
_SITES: Final = ("og:site_name", "application-name", "twitter:site", "apple-mobile-web-app-title")
_ARTICLES: Final = frozenset(
    ["Article", "NewsArticle", "BlogPosting", "ReportageNewsArticle", "OpinionNewsArticle", "LiveBlogPosting",
     "TechArticle", "Report", "DiscussionForumPosting", "QAPage", "Question", "Product", "Recipe", "WebPage",
     "Course", "HowTo", "ScholarlyArticle"]
)  # fmt: skip
_KIND_OF_SIGN: Final[Mapping[str, str]] = {
    "ld_product": "product", "og_product": "product", "ld_forum": "forum", "generator_forum": "forum",
    "ld_docs": "documentation", "generator_docs": "documentation", "ld_recipe": "recipe", "ld_event": "event",
    "ld_article": "article", "og_article": "article", "ld_list": "listing", "ld_faq": "faq", "ld_service": "service",
}  # fmt: skip


class PageMeta(Mapping[str, object]):
    """The metadata of a page as a mapping that is read from the page when it is first looked at.

    Until then it holds the page; pickled, it is a plain dict.
    """

    def __init__(self, html: str, signs: int) -> None:
        self._page: tuple[str, int] | None = (html, signs)
        self._known: dict[str, object] = {}

    def _read(self) -> dict[str, object]:
        page = self._page
        if page is not None:
            self._known = dict(read_metadata(*page))
            self._page = None
        return self._known

    def __getitem__(self, key: str) -> object:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())

    def __reduce__(self) -> tuple[type[dict[str, object]], tuple[dict[str, object]]]:
        return dict, (self._read(),)


def read_metadata(html: str, signs: int = 0) -> dict[str, str]:
    """The keys `title`, `author`, `date`, `language`, `site`, `kind`: those that the page states, as short strings.

    `signs` are those of the page's kind, see `cleaner.html.kind.SIGNS`.
    """
    stated, tags = _meta(html), list(_things(html))
    out = {
        "title": _title(stated, tags),
        "author": _author(stated, tags),
        "date": _date(stated, tags),
        "language": _language(stated, tags),
        "site": _first(stated, _SITES) or _site(tags),
        "kind": _kind(signs),
    }
    return {key: value[:MAX_VALUE] for key, value in out.items() if value}


def page_title(html: str) -> str:
    """The title alone, as cheaply as possible."""
    return _title(_meta(html), [])


def _meta(html: str) -> dict[str, str]:
    """Names and contents of `meta`, the `title` and the language, the first of each name."""
    out: dict[str, str] = {}
    head = html[:HEAD]
    for match in _TAG.finditer(head):
        tag, rest = match[1].lower(), match[2]
        if tag == "title":
            end = head.find("<", match.end())
            out.setdefault("<title>", _clean(head[match.end() : end if end >= 0 else match.end()]))
            continue
        pairs = {name.lower(): _unquote(value) for name, value in _ATTRIBUTE.findall(rest)}
        if tag == "html":
            out.setdefault("<lang>", pairs.get("lang") or pairs.get("xml:lang") or "")
        elif tag == "time":
            if pairs.get("datetime"):
                out.setdefault("<time>", pairs["datetime"])
        else:
            name = (pairs.get("property") or pairs.get("name") or pairs.get("itemprop") or "").lower()
            name = name or pairs.get("http-equiv", "").lower()
            content = _clean(pairs.get("content", ""))
            if name and content:
                out.setdefault(name, content)
    return out


def _unquote(value: str) -> str:
    return value[1:-1] if value[:1] in "\"'" and value[-1:] == value[:1] and len(value) > 1 else value


def _clean(text: str) -> str:
    return " ".join(entities.unescape(text[: 4 * MAX_VALUE]).split())


def _things(html: str) -> Iterator[dict[str, Any]]:
    """The things of the page's JSON-LD, outer ones first."""
    stack: list[Any] = list(linked_data(html))[::-1]
    for _ in range(_MAX_THINGS):
        if not stack:
            return
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(reversed(node))
        elif isinstance(node, dict):
            yield node
            stack.extend(node[key] for key in ("mainEntity", "mainEntityOfPage", "@graph") if key in node)


def _types(thing: Mapping[str, Any]) -> Sequence[str]:
    kind = thing.get("@type", ())
    return [kind] if isinstance(kind, str) else [name for name in kind if isinstance(name, str)]


def _main(things: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (thing for thing in things if not _ARTICLES.isdisjoint(_types(thing)))


def _first(stated: Mapping[str, str], names: Sequence[str]) -> str:
    return next((stated[name] for name in names if stated.get(name)), "")


def _title(stated: Mapping[str, str], things: Sequence[dict[str, Any]]) -> str:
    for thing in _main(things):
        title = thing.get("headline") or (thing.get("name") if "WebPage" not in _types(thing) else None)
        if isinstance(title, str) and title.strip():
            return _clean(title)
    found = _first(stated, _TITLES)
    if found:
        return found
    parts = _SEPARATED.split(stated.get("<title>", ""))
    return max(parts, key=len)


def _author(stated: Mapping[str, str], things: Sequence[dict[str, Any]]) -> str:
    for thing in _main(things):
        names = list(_names(thing.get("author") or thing.get("creator")))
        if names:
            return ", ".join(dict.fromkeys(names[:10]))
    found = _first(stated, _AUTHORS)
    return "" if found.startswith(("http://", "https://")) else found


def _names(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        name = item.get("name") if isinstance(item, dict) else item
        if isinstance(name, str) and name.strip() and not name.startswith("http"):
            yield _clean(name)


def _date(stated: Mapping[str, str], things: Sequence[dict[str, Any]]) -> str:
    candidates = [thing.get(key) for thing in _main(things) for key in ("datePublished", "uploadDate", "dateCreated")]
    candidates += [stated.get(name) for name in _DATES] + [stated.get("<time>")]
    for value in candidates:
        match = _DATE.search(value) if isinstance(value, str) else None
        if match:
            return match.group()
    return ""


def _language(stated: Mapping[str, str], things: Sequence[dict[str, Any]]) -> str:
    spoken = [thing.get("inLanguage") for thing in _main(things)]
    for value in (stated.get("<lang>"), stated.get("og:locale"), stated.get("content-language"), *spoken):
        if isinstance(value, str) and _LANGUAGE.match(value.strip()):
            return value.strip().replace("_", "-")
    return ""


def _site(things: Sequence[dict[str, Any]]) -> str:
    for thing in things:
        publisher = thing.get("publisher")
        if isinstance(publisher, dict) and isinstance(publisher.get("name"), str):
            return _clean(publisher["name"])
        if "WebSite" in _types(thing) and isinstance(thing.get("name"), str):
            return _clean(thing["name"])
    return ""


def _kind(signs: int) -> str:
    present = {name for place, name in enumerate(SIGNS) if signs >> place & 1}
    return next((kind for sign, kind in _KIND_OF_SIGN.items() if sign in present), "")
