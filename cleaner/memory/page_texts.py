"""The text of a record as the cleaner will see it: its text, or its page's own text where it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cleaner.errors import RecordError
from cleaner.records.fields import Fields, Record, getter

if TYPE_CHECKING:
    from cleaner.html.page import PageReader
    from cleaner.memory.rows import Keys

_HTML: Final = "html"


class PageText(NamedTuple):
    """A text, and for each of its lines the container that holds it (see `cleaner.html.containers`) if it is that of a page."""

    text: str
    containers: Keys | None = None


class PageTexts:
    """Reads records. Holds what its reader learned of attribute values, which never changes an answer."""

    def __init__(self, fields: Fields) -> None:
        """`fields` that name no HTML field stand for records whose page is in `html`."""
        self._text_of = getter(fields.text)
        self._html_of = getter(fields.html or _HTML)
        self._reader: PageReader | None = None

    def __call__(self, record: Record) -> PageText | None:
        """The text of `record`; `None` where it has neither a text nor a page that can be read."""
        text = self._text_of(record)
        if isinstance(text, str) and text.strip():
            return PageText(text)
        page = self.of_page(self._html_of(record))
        return page if page is not None or not isinstance(text, str) else PageText(text)

    def of_page(self, html: Any, charset: str | None = None) -> PageText | None:
        """The text of a page; `None` where `html` is none."""
        if not isinstance(html, str | bytes):
            return None
        from cleaner.html.containers import containers_of

        if self._reader is None:
            from cleaner.html.page import PageReader
            from cleaner.html.rules import element_files
            from cleaner.packs.load import rules_root

            self._reader = PageReader(element_files(rules_root()))
        try:
            blocks = self._reader.read(html, charset=charset).blocks
        except RecordError:
            return None
        return PageText(blocks.source, containers_of(blocks))
