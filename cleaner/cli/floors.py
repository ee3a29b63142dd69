"""`cleaner floors`: checks that no pinned figure dropped; raises floors."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cleaner.cli import BAD_RECORDS, DONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner floors`."""
    add = parser.add_argument
    add(
        "action",
        nargs="?",
        choices=("check", "raise"),
        default="check",
        help="check (default), or set floors to what is reached",
    )
    add(
        "sets",
        nargs="*",
        metavar="SET",
        help="folders of labelled data beside the floors file (default: those it names)",
    )
    add(
        "--file",
        type=Path,
        default=Path("benchmarks/floors.json"),
        metavar="FILE",
        help="the floors (benchmarks/floors.json)",
    )
    add("--lower", action="store_true", help="with raise: also lower what dropped")


def run(args: argparse.Namespace) -> int:
    """Check or raise; 1 where a figure is below its floor."""
    from cleaner.bench.floors import check, update

    findings = (
        update(args.file, args.sets, lower=args.lower) if args.action == "raise" else check(args.file, sets=args.sets)
    )
    for finding in findings:
        print(finding)
    dropped = [finding for finding in findings if finding.dropped]
    if dropped and not args.lower:
        advice = "; `cleaner floors raise --lower` sets them lower" if args.action == "raise" else ""
        print(f"cleaner: {len(dropped)} figures dropped below their floors{advice}", file=sys.stderr)
        return BAD_RECORDS
    if not findings:
        print(
            f"cleaner: {args.file}: no floors yet; name sets of data, as in `cleaner floors raise gold/text`",
            file=sys.stderr,
        )
    return DONE
