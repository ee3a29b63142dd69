"""`cleaner html`: single pages in, their text out."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Final

from cleaner.cli import DONE, UNREADABLE
from cleaner.cli.clean import ENGINE, add_page_options, names
from cleaner.records.files import STDIN

if TYPE_CHECKING:
    from cleaner.edits import Result

_WIDTH: Final = 100
_RED, _OFF = "\x1b[31m", "\x1b[0m"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner html`."""
    add = parser.add_argument
    add("files", nargs="*", default=[STDIN], metavar="FILE", help="HTML pages (default and -: stdin)")
    add("--url", help="address of the page: tells its kind, its site, and where its links lead")
    add("--title", help="the page's title, if known")
    add("--lang", help="the page's language, if known")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="one JSON object per page: text, metadata, edits")
    shown.add_argument("--explain", action="store_true", help="all lines of the page, those that go marked with their rule")
    add_page_options(parser.add_argument_group("how the text is written"))
    rules = parser.add_argument_group("what is removed").add_argument
    rules("--select", type=names, metavar="IDS", help="only these packs or rules (comma-separated, prefixes)")
    rules("--ignore", type=names, metavar="IDS", help="not these packs or rules")
    rules("--languages", type=names, metavar="CODES", help="only the packs of these languages (default: all)")
    rules("--packs", type=names, metavar="PATHS", help="more rule packs: files or folders")
    rules("--memory", metavar="FILE", help="site memory, made by `cleaner learn` (needs --url)")
    rules("--min-score", type=float, metavar="S", help="certainty that an edit needs (0..1)")


def run(args: argparse.Namespace) -> int:
    """Clean each page; 3 where one cannot be read or is no page."""
    from cleaner import Cleaner

    cleaner = Cleaner(**{name: value for name in ENGINE if (value := getattr(args, name, None)) is not None})
    code = DONE
    for name in args.files:
        try:
            result = cleaner.clean(html=_read(name), url=args.url, title=args.title, lang=args.lang)
            reason = result.error
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            print(f"cleaner: {name}: {reason}", file=sys.stderr)
            code = UNREADABLE
            continue
        if len(args.files) > 1 and not args.json:
            print(f"== {name}")
        _show(args, name, result)
    return code


def _read(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        return file.read()


def _show(args: argparse.Namespace, name: str, result: Result) -> None:
    if args.json:
        edits = [list(edit) for edit in result.with_removed_text()]
        value = {"file": name, "url": args.url, "text": result.text, "meta": dict(result.meta), "edits": edits}
        _write(json.dumps(value, ensure_ascii=False))
    elif args.explain:
        _explain(result)
    elif result.text:
        _write(result.text)


def _write(text: str) -> None:
    sys.stdout.write(text.encode("utf-8", "replace").decode() + "\n")


def _explain(result: Result) -> None:
    """Each line of the page, `-` before those that go and `~` before those of which a part goes, and by which rule."""
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    start, first = 0, 0
    for line in result.source.split("\n"):
        end = start + len(line)
        while first < len(result.edits) and result.edits[first].end <= start:
            first += 1
        mine = []
        for edit in result.edits[first:]:
            if edit.start >= end:
                break
            mine.append(edit)
        mark = " " if not mine else "-" if mine[0].start <= start and mine[-1].end >= end else "~"
        shown = f"{mark} {line if len(line) <= _WIDTH else line[: _WIDTH - 1] + '…'}"
        _write(f"{_RED}{shown}{_OFF}" if mine and color else shown)
        for edit in mine:
            _write(f"      {edit.rule} {edit.score:.2f}")
        start = end + 1
