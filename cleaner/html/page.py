"""A page: its text in blocks, and what else of it the judge or a reader may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cleaner.errors import RecordError
from cleaner.html.blocks import MARK, NO_TEXT, Blocks, read_blocks
from cleaner.html.charset import decode_checked, looks_encoded_twice, not_a_page, repair
from cleaner.html.elements import CssRule, ElementWords, load_elements
from cleaner.html.embedded import embedded_html
from cleaner.html.kind import page_signs
from cleaner.html.links import mark_links
from cleaner.html.marks import (
    Marks,
    mark_cells,
    mark_code,
    mark_items,
    read_marks,
    same_lines,
    states_numbers,
    without_marks,
)  # fmt: skip
from cleaner.html.metadata import PageMeta, page_title
from cleaner.html.nesting import is_deep, limit_nesting
from cleaner.html.slim import Slimmed, encoded, slimmed
from cleaner.html.tags import TAG

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

MAX_PAGE: Final = 120_000_000
"""Characters beyond which a page is refused: it would need several gigabytes while it is read."""
_NO_CUTS: Final[Mapping[int, str]] = MappingProxyType({})
_HARDLY_ANY: Final = 800
"""A visible text shorter than this may be a shell that scripts fill."""
_TIMES_MORE: Final = 2


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `blocks.source` is its text, one line per block."""

    html: str
    url: str | None
    blocks: Blocks
    signs: int
    """Signs of the page's kind, see `cleaner.html.kind.SIGNS`."""
    embedded: bool = False
    """Whether the text includes content that the page carries but does not show."""
    cut: Mapping[int, str] = field(default_factory=lambda: _NO_CUTS)
    """Lines inside elements that a rule on elements found, with its id."""

    @property
    def source(self) -> str:
        """The page's whole text, to which all edits refer."""
        return self.blocks.source

    def title(self) -> str:
        """What the page calls itself."""
        return page_title(self.html)

    def metadata(self) -> PageMeta:
        """Title, author, date, language, site and kind as far as the page states them, read when looked at."""
        return PageMeta(self.html, self.signs)


class PageReader:
    """Reads pages. Keeps what it learned of attribute values, which never changes an answer."""

    def __init__(self, elements: Sequence[Path], *, css: Sequence[CssRule] = ()) -> None:
        rules = load_elements(*elements)
        self.words: Final = ElementWords(rules.groups)
        self.css: Final = (*rules.css, *css)

    def read(self, html: str | bytes, *, url: str | None = None, charset: str | None = None) -> Page:
        """The page in `html`; bytes are decoded as browsers do, with `charset` from the protocol.

        `RecordError` names the reason if `html` is no page (`pdf`, `xml`, `binary`, …) or too large.
        """
        text, known = _page_text(html, charset)
        less = slimmed(encoded(text) if known is None else known)
        if is_deep(text, less.tags):
            text = limit_nesting(text)
            less = slimmed(encoded(text))
        blocks = read_blocks(self._body(text, less), self.words)
        if looks_encoded_twice(blocks.source) and (repaired := repair(text)) is not text:
            text, blocks = repaired, self._blocks(repaired)
        embedded = False
        if len(blocks.source) < _HARDLY_ANY:
            blocks, embedded = self._rescue(text, blocks)
        return Page(text, url, blocks, page_signs(less.stated, url), embedded, self._cut(blocks))

    def marked_lines(self, page: Page, *, links: bool = True) -> tuple[list[str], Marks] | None:
        """The page's lines with its links marked, and what else Markdown shows of them (see `cleaner.html.marks`).

        `None` where nothing is to be marked, or a second reading gives other lines, as for content the page does not show.
        """
        code, cells, items = (bool((page.blocks.elements.tag == TAG[name]).any()) for name in ("pre", "tr", "ol"))
        items = items and states_numbers(page.html)
        if page.embedded or not (links or code or cells or items):
            return None
        targets: list[str] = []

        def mark(tree: LexborHTMLParser) -> None:
            if code:
                mark_code(tree)
            if cells:
                mark_cells(tree)
            if items:
                mark_items(tree)
            if links:
                targets.extend(mark_links(tree, page.url))

        source = read_blocks(self._body(without_marks(page.html), None, prepare=mark), self.words).source
        lines, marks = read_marks(source.split("\n"), targets)
        return (lines, marks) if same_lines(lines, page.source.split("\n")) else None

    def _cut(self, blocks: Blocks) -> Mapping[int, str]:
        if not self.css:
            return _NO_CUTS
        out: dict[int, str] = {}
        for first, last, number in blocks.marks:
            if number < len(self.css):
                for line in range(first, last):
                    out.setdefault(line, self.css[number].id)
        return out

    def _blocks(self, html: str, more: str = "") -> Blocks:
        return read_blocks(self._body(html, slimmed(encoded(html)), more), self.words)

    def _body(
        self, html: str, less: Slimmed | None, more: str = "", *, prepare: Callable[[LexborHTMLParser], None] | None = None
    ) -> bytes:
        """The body element as the parser writes it; `less` is `html` slimmed, where its elements may be seen so."""
        read, gone = (html, NO_TEXT) if less is None or self.css else (less.data, less.gone)
        tree = _parse(read)
        if prepare is not None:
            prepare(tree)
        for number, rule in enumerate(self.css):
            for node in tree.css(rule.selector):
                node.attrs[MARK] = str(number)
        if gone:
            tree.strip_tags(gone)
        body = tree.body
        written = (body.html or "") if body is not None else "<body></body>"
        if more:
            other = _parse(more)
            other.strip_tags(NO_TEXT)
            inner = (other.body.inner_html or "") if other.body is not None else ""
            written = f'{written.removesuffix("</body>")}<article class="article-body">{inner}</article></body>'
        return written.encode("utf-8", "replace")

    def _rescue(self, html: str, blocks: Blocks) -> tuple[Blocks, bool]:
        """A page with hardly any visible text: frames left open, `noframes`, or content only scripts would show."""
        shown = len(blocks.source)
        if "<iframe" in html and html.count("<iframe") > html.count("</iframe"):
            other = self._blocks(html.replace("<iframe", "<iframe></iframe><span hidden"))
            if len(other.source) > _TIMES_MORE * shown:
                return other, False
        if "<noframes" in html.lower():
            start = html.lower().index("<noframes")
            return self._blocks(html[html.index(">", start) + 1 :] if ">" in html[start:] else ""), False
        more = embedded_html(html)
        if len(more) > _TIMES_MORE * shown:
            return self._blocks(html, more), True
        return blocks, False


def _page_text(html: str | bytes, charset: str | None) -> tuple[str, bytes | None]:
    """The page as text, and that text as the parser needs it, `encoded`, where that is known. `RecordError` if it is no page."""
    if len(html) > MAX_PAGE:
        raise RecordError(f"html: {len(html)} characters or bytes, expected at most {MAX_PAGE}")
    reason = not_a_page(html)
    if reason:
        raise RecordError(f"html: this is {reason}, expected an HTML page")
    if isinstance(html, str):
        return html.removeprefix("\ufeff"), None
    text, is_utf8 = decode_checked(html, charset)
    return text, html if is_utf8 else None


def _parse(html: str | bytes) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(html)


__all__ = ["MAX_PAGE", "Page", "PageReader"]
