"""A stand-in for the engine, for tests of what is around it: it removes lines that begin with `AD `.

Texts can ask for trouble: `EXIT` ends the process, `RAISE` raises, `SLOW` takes a moment.
As a script it is the `cleaner` command with the stand-in as its engine.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import Any

from cleaner.edits import Edit, Result, apply

_AD = re.compile(r"^AD .*\n?|\nAD .*\Z", re.MULTILINE)
_TAG = re.compile(r"<[^>]*>")


class AdRemover:
    """Picklable, deterministic, one edit per line that begins with `AD `."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    @property
    def digest(self) -> str:
        return "standin"

    def settings(self) -> dict[str, Any]:
        return dict(self.options)

    def clean_batch(self, texts, *, htmls=None, urls=None, langs=None, titles=None):
        pages = htmls or [None] * len(texts)
        return [
            self._page(page) if page is not None else self._text(text) for text, page in zip(texts, pages, strict=True)
        ]

    def _page(self, page):
        if isinstance(page, bytes):
            page = page.decode("utf-8", "replace")
        return Result(text="", error="not a page") if "BROKEN" in page else self._text(_TAG.sub("", page))

    def _text(self, text):
        if "EXIT" in text:
            os._exit(9)
        if "RAISE" in text:
            raise ValueError("asked for")
        if "SLOW" in text:
            time.sleep(0.01)
        edits = tuple(Edit(found.start(), found.end(), "test.ad/line", 0.97) for found in _AD.finditer(text))
        clean = apply(text, edits)
        return Result(text=clean, edits=edits, source=text, dropped=None if clean else "only ads")


if __name__ == "__main__":
    import cleaner
    from cleaner.cli import main

    cleaner.Cleaner = AdRemover
    sys.exit(main())
