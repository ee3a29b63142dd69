"""Which fields of a record hold what: dotted paths, presets for known corpora, and a guess from the first record."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final

from cleaner.errors import ConfigError

Record = Mapping[str, Any]
Getter = Callable[[Record], Any]


@dataclass(frozen=True, slots=True)
class Fields:
    """Dotted paths of the fields that are read; an empty path is a field that is not there.

    A key that holds a dot itself is found as well: the whole path is tried as one key first.
    """

    text: str = "text"
    html: str = ""
    id: str = "id"
    url: str = "url"
    lang: str = ""
    title: str = ""

    def described(self) -> str:
        """The paths in one line, as they are shown to the user."""
        return " ".join(f"{name}={path}" for name, path in asdict(self).items() if path)


PRESETS: Final[Mapping[str, Fields]] = MappingProxyType(
    {
        "fineweb": Fields(lang="language"),
        "datatrove": Fields(url="metadata.url", lang="metadata.language", title="metadata.title"),
        "dolma": Fields(url="metadata.url", lang="metadata.language", title="metadata.title"),
        "dclm": Fields(id="metadata.WARC-Record-ID", lang="language"),
        "c4": Fields(),
        "culturax": Fields(),
        "redpajama": Fields("raw_content", id="digest", lang="language", title="title"),
        "ccnet": Fields("raw_content", id="digest", lang="language", title="title"),
        "oscar": Fields(
            "content",
            id="warc_headers.warc-record-id",
            url="warc_headers.warc-target-uri",
            lang="metadata.identification.label",
        ),
        "hplt": Fields(url="u", lang="lang"),
        "cc-wet-jsonl": Fields(lang="language"),
        "cms": Fields("body", title="title", lang="language"),
        "html": Fields("text", html="html", lang="language"),
    }
)
"""Shapes of records by name. `cc-wet-jsonl` is also what WET and WARC files become when they are read directly."""

_TEXTS: Final = (
    *("text", "raw_content", "content", "body", "article_body", "maintext", "main_text", "article", "plain_text"),
    *("raw_text", "extracted_text", "cleaned_text", "document", "passage"),
)
_HTMLS: Final = ("html", "raw_html", "page_html", "html_content", "content_html")
_IDS: Final = ("id", "_id", "doc_id", "docid", "document_id", "uuid", "digest", "key", "warc_headers.warc-record-id")
_IDS_DEEP: Final = ("metadata.WARC-Record-ID", "metadata.id")
_URLS: Final = (
    *("url", "metadata.url", "uri", "link", "source_url", "canonical_url", "u", "warc_headers.warc-target-uri"),
    *("metadata.WARC-Target-URI", "WARC-Target-URI", "warc_url"),
)
_LANGS: Final = ("language", "lang", "metadata.language", "metadata.lang", "metadata.identification.label", "lang_code")
_TITLES: Final = ("title", "metadata.title", "headline", "metadata.headline")


def resolve(record: Record, path: str) -> tuple[str, ...] | None:
    """The keys that lead to `path` in this record, or None where it has no such field."""
    if path in record:
        return (path,)
    head, dot, rest = path.partition(".")
    while dot:
        inner = record.get(head)
        if isinstance(inner, dict) and (keys := resolve(inner, rest)):
            return (head, *keys)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def getter(path: str) -> Getter:
    """A function that gives the value at `path` of a record, or None."""
    if not path:
        return lambda _: None
    if "." not in path:
        return lambda record: record.get(path)

    def get(record: Record) -> Any:
        value: Any = record
        for key in resolve(record, path) or ("",):
            value = value.get(key)
        return value

    return get


def preset(name: str) -> Fields:
    """The fields of a known shape; `ConfigError` names the nearest for an unknown name."""
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name, PRESETS, 1)
    raise ConfigError(f"schema {name!r}: expected one of {', '.join(PRESETS)}" + (f"; {near[0]}?" if near else ""))


def guess(record: Record) -> Fields | None:
    """The fields of a record of unknown shape, or None where it holds neither text nor HTML."""

    def first(paths: tuple[str, ...]) -> str:
        values = ((path, getter(path)(record)) for path in paths)
        return next((path for path, value in values if isinstance(value, str | int) and value is not True), "")

    def first_text(paths: tuple[str, ...]) -> str:
        return next((path for path in paths if isinstance(getter(path)(record), str)), "")

    text, html = first_text(_TEXTS), first_text(_HTMLS)
    if not text and not html:
        return None
    return Fields(
        text=text or "text",
        html="" if text else html,
        id=first((*_IDS, *_IDS_DEEP)),
        url=first_text(_URLS),
        lang=first_text(_LANGS),
        title=first_text(_TITLES),
    )


def shape_name(found: Fields) -> str:
    """The name of the preset that equals `found`, or nothing."""
    return next((name for name, known in PRESETS.items() if known == found), "")


def override(base: Fields, **paths: str | None) -> Fields:
    """`base` with the paths that are given (not None)."""
    known = {field.name for field in fields(Fields)}
    if unknown := set(paths) - known:
        raise ConfigError(f"field {min(unknown)!r}: expected one of {', '.join(sorted(known))}")
    return replace(base, **{name: path for name, path in paths.items() if path is not None})
