"""`cleaner explain`: a document in the terminal, with what goes, what stays, and why."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Final

from cleaner.errors import RecordError
from cleaner.packs.schema import STRENGTHS

if TYPE_CHECKING:
    from cleaner.judge.explain import LineReport

_RED, _DIM, _BOLD, _OFF = "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_WIDTH: Final = 100
_PAGE: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_VOTES: Final = 4
"""As many votes of a line as fit beside its text; common words have one in every language."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner explain`."""
    parser.add_argument("files", nargs="*", default=["-"], metavar="FILE", help="plain text, or - for stdin (default)")
    parser.add_argument("--title", help="the page's title, if known")
    parser.add_argument("--packs", action="append", default=[], metavar="PATH", help="also these packs (repeatable)")
    parser.add_argument("--select", action="append", default=[], metavar="RULES", help="only these rules or classes")
    parser.add_argument("--ignore", action="append", default=[], metavar="RULES", help="not these rules or classes")
    parser.add_argument("--gone", action="store_true", help="show only the lines that go")
    parser.add_argument("--no-why", action="store_true", help="leave out votes and measures")
    parser.add_argument("--votes", action="store_true", help="show all votes of a line, not just the strongest")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def run(args: argparse.Namespace) -> int:
    """Show each file."""
    from cleaner.engine import Cleaner

    cleaner = Cleaner(packs=args.packs, select=args.select, ignore=args.ignore)
    color = args.color == "always" or (args.color == "auto" and sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    for name in args.files:
        data = _read(name)
        if _PAGE.match(data):
            hint = "looks like HTML, shown as text: `cleaner html --explain` reads it as a page"
            print(f"cleaner: {name}: {hint}", file=sys.stderr)
        reports = cleaner.explain(data, title=args.title)
        if len(args.files) > 1:
            print(f"== {name}")
        for report in reports:
            if report.edits or not args.gone:
                _show(report, color=color, why=not args.no_why, most=len(report.votes) if args.votes else _VOTES)
        gone = [report for report in reports if report.edits]
        lost = sum(min(e.end, r.end) - max(e.start, r.start) for r in gone for e in r.edits)
        total = sum(report.end - report.start for report in reports)
        print(f"{len(gone)} of {len(reports)} lines go, {lost} of {total} characters", file=sys.stderr)
    return 0


def _read(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read()
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise RecordError(f"{name}: {error.strerror}") from error


def _show(report: LineReport, *, color: bool, why: bool, most: int) -> None:
    text = report.text if len(report.text) <= _WIDTH else report.text[: _WIDTH - 1] + "…"
    text = text.encode("utf-8", "replace").decode()
    gone = bool(report.edits)
    whole = any(edit.start <= report.start and edit.end >= report.end for edit in report.edits)
    mark = "-" if whole else "~" if gone else " "
    line = f"{mark} {text}"
    print(f"{_RED}{line}{_OFF}" if color and gone else line)
    if not why or not (gone or report.votes):
        return
    parts = [f"{edit.rule} {edit.score:.2f}" for edit in report.edits]
    if report.score is not None:
        parts.append(f"score {report.score:.2f}")
    parts += _votes(report, most)
    parts += [f"{name} {value:+.1f}" for name, value in report.shares if gone]
    note = "      " + "; ".join(parts)
    print(f"{_DIM}{note}{_OFF}" if color else note)


def _votes(report: LineReport, most: int) -> list[str]:
    """The strongest votes beside those of the rules that are named already, and how many there are beyond them."""
    named = {edit.rule for edit in report.edits}
    others = [vote for vote in report.votes if vote[0] not in named]
    others.sort(key=lambda vote: -STRENGTHS.index(vote[1]))
    more = [f"and {len(others) - most} more votes"] if len(others) > most else []
    return [f"{rule} ({strength})" for rule, strength in others[:most]] + more
