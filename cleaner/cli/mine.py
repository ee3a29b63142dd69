"""`cleaner mine`: proposes phrases for new rules."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cleaner.cli import DONE
from cleaner.cli.bench import progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaner.bench.mine import Candidate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner mine`."""
    add = parser.add_argument
    add(
        "--data",
        nargs="+",
        required=True,
        metavar="PATH",
        help="texts, labelled or not: files or folders (docs/data.md)",
    )
    add("--languages", metavar="CODES", help="only these languages (comma-separated)")
    add("--share", type=float, default=1.0, metavar="S", help="use this share of the pages (0..1)")
    add("--min-sites", type=int, default=3, metavar="N", help="sites that a candidate must stand on (3)")
    add("--top", type=int, default=100, metavar="N", help="candidates per language (100)")
    add("--new", action="store_true", help="leave out what rules hit already")
    add("--no-beginnings", action="store_true", help="whole lines only")
    add(
        "-o",
        "--output",
        type=Path,
        metavar="FOLDER",
        help="write <language>/mined.toml there (default: a table on stdout)",
    )
    add("--progress", action=argparse.BooleanOptionalAction, help="progress on stderr (default: on a terminal)")


def run(args: argparse.Namespace) -> int:
    """Mine, and print a table or write packs."""
    from cleaner.bench.labelled import in_sample, read_any_text
    from cleaner.bench.mine import as_toml, mine
    from cleaner.bench.rounds import Judge
    from cleaner.records.outputs import write_whole

    wanted = set(filter(None, (args.languages or "").split(",")))
    items = [item for item in read_any_text(args.data) if in_sample(item.info.id, args.share)]
    items = [item for item in items if not wanted or item.info.lang in wanted]
    found = mine(
        items,
        Judge.of(),
        min_sites=args.min_sites,
        begins=not args.no_beginnings,
        progress=progress(args, len(items), "documents"),
    )
    by_language: dict[str, list[Candidate]] = {}
    for one in found:
        chosen = by_language.setdefault(one.language, [])
        if len(chosen) < args.top and not (args.new and one.known):
            chosen.append(one)
    for language, chosen in sorted(by_language.items()):
        if args.output is None:
            _print(language, chosen)
        elif chosen:
            folder = args.output / (language or "unknown")
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(str(folder / "mined.toml"), as_toml(chosen, language or "unknown").encode("utf-8", "replace"))
            print(f"cleaner: {len(chosen)} candidates in {folder / 'mined.toml'}", file=sys.stderr)
    return DONE


def _print(language: str, chosen: Sequence[Candidate]) -> None:
    print(f"# {language or 'language unknown'}: {len(chosen)} candidates")
    for one in chosen:
        precision = "     –" if one.precision is None else f"{one.precision:6.1%}"
        print(
            f"{one.score:9.2f} {one.sites:6} sites {one.times:7} times {precision}  {one.at:5} {one.phrase}  {one.known}"
        )
