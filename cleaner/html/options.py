"""How a page's text is written, and what of it stays beside the content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cleaner.errors import ConfigError

FORMATS: Final = ("text", "markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """`format` is `text` (one line per block) or `markdown`; the others keep what is otherwise left to the judge.

    `keep_comments` keeps what readers wrote under the text, `keep_captions` the captions of figures, `keep_tables` all rows
    of data tables; `keep_links` writes the addresses of links, which only Markdown can.
    """

    format: str = "text"
    keep_comments: bool = False
    keep_captions: bool = False
    keep_tables: bool = False
    keep_links: bool = False

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise ConfigError(f"format: expected one of {', '.join(FORMATS)}, got {self.format!r}")
        if self.keep_links and self.format != "markdown":
            raise ConfigError(f"keep_links: expected format 'markdown' with it, got {self.format!r}")
