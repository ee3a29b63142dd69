"""`cleaner bench`: what each rule is worth, and how cleaners compare."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.cli import DONE
from cleaner.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cleaner.bench.compare import Comparison, Run
    from cleaner.bench.labelled import LabelledPage, LabelledText
    from cleaner.bench.table import Table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner bench`."""
    add = parser.add_argument
    add("cleaners", nargs="*", metavar="CLEANER",
        help="two or more to compare: current, a folder of rules, a weights file, checkout:FOLDER, python:EXE, peer:NAME; "
        "none: score the single rules")  # fmt: skip
    add("--data", nargs="+", required=True, metavar="PATH", help="labelled data: files or folders (docs/data.md)")
    add(
        "--share",
        type=_share,
        default=1.0,
        metavar="S",
        help="use this share of the pages (0..1), always the same ones",
    )
    add("--rules", type=Path, metavar="FOLDER", help="score the rules of this folder instead of the shipped ones")
    add("--packs", type=Path, action="append", default=[], metavar="PATH", help="also these packs (repeatable)")
    add("--weights", type=Path, metavar="FILE", help="judge with these weights")
    add("--report", metavar="FILE", help="write the report page")
    add("--json", metavar="FILE", help="write all figures")
    add("--no-ablation", action="store_true", help="leave out what the whole is worth without each rule")
    add("--all-records", action="store_true", help="use texts whose gold text looks cut short, too")
    add("--top", type=int, default=25, metavar="N", help="rules shown on the terminal (25)")
    add("-j", "--jobs", type=int, default=0, metavar="N", help="worker processes (default: all cores)")
    add("--progress", action=argparse.BooleanOptionalAction, help="progress on stderr (default: on a terminal)")


def _share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 and up to 1, found {value!r}")
    return share


def run(args: argparse.Namespace) -> int:
    """Score rules, or compare cleaners."""
    if len(args.cleaners) == 1:
        raise ConfigError(f"bench: expected two or more cleaners to compare or none, found only {args.cleaners[0]!r}")
    if not args.cleaners:
        return _rules(args)
    for name in ("rules", "packs", "weights"):
        if getattr(args, name):
            raise ConfigError(f"--{name}: is for scoring single rules; cleaners that are compared are named with all they have")
    return _compare(args)


def progress(args: argparse.Namespace, total: int, what: str) -> Callable[[int], None]:
    """A function that is told how many are done and shows it, if wanted."""
    wanted = sys.stderr.isatty() if args.progress is None else args.progress
    if not wanted:
        return lambda _: None
    from time import monotonic

    begin = monotonic()

    def show(done: int) -> None:
        spent = monotonic() - begin
        left = spent / max(done, 1) * (total - done)
        end = "\n" if done >= total else ""
        print(f"\r{what}: {done} of {total}, {spent:.0f} s, {left:.0f} s left   ", end=end, file=sys.stderr, flush=True)

    return show


def _rules(args: argparse.Namespace) -> int:
    from cleaner.bench.ablation import study
    from cleaner.bench.labelled import read_texts
    from cleaner.bench.rounds import Judge
    from cleaner.bench.table import build
    from cleaner.cli.clean import cores
    from cleaner.report import page

    judge = Judge.of(rules=args.rules, packs=args.packs, weights=args.weights)
    items = read_texts(args.data, share=args.share, whole_only=not args.all_records)
    show = progress(args, len(items), "documents")
    part = study(items, judge, jobs=args.jobs or cores(), ablate=not args.no_ablation, progress=show)
    table = build(items, judge, part)
    if args.json:
        _write_json(args.json, table.as_json())
    if args.report:
        about = f"{', '.join(map(str, args.data))}, {args.share:.0%} of the pages; rules {args.rules or 'as shipped'}"
        size = page.write(part.collector, args.report, title="What each rule is worth", about=about, table=table)
        print(f"cleaner: report {args.report}, {size / 1e6:.1f} MB", file=sys.stderr)
    _print_table(table, args.top)
    return DONE


def _print_table(table: Table, top: int) -> None:
    total = table.total
    print(f"{total.docs} documents of {total.sites} sites, {table.chars_per_second / 1e6:.2f} M characters/s and core")
    for name in ("removed", "kept", "gain", "harmed"):
        low, high = total.intervals[name]
        print(f"  {name:8} {total.figures[name]:+.4f}  [{low:+.4f}, {high:+.4f}]")
    print(f"\n{'rule':44} {'lines':>7} {'prec.':>6} {'removed':>9} {'right':>6} {'only it':>8}  worth in gain")
    ranked = sorted(table.rules, key=lambda row: (-row.worth["gain"][0], row.id))
    shown = ranked[:top]
    lost = [row for row in ranked[::-1][:top] if row.worth["gain"][0] < 0 and row not in shown]
    for row in [*shown, *lost[::-1]]:
        worth = "{:+.5f} [{:+.5f}, {:+.5f}]".format(*row.worth["gain"])
        right, precision = (f"{x:.3f}" if x is not None else "–" for x in (row.removed_precision, row.precision))
        print(
            f"{row.id[:44]:44} {row.hits:7} {precision:>6} {row.removed:9} {right:>6} {row.only:8}  {worth} {row.verdict}"
        )
    from collections import Counter

    counts = Counter(row.verdict or "open" for row in table.rules)
    print("\n" + ", ".join(f"{count} {name}" for name, count in counts.most_common()))
    for name in ("harms", "repeats"):
        rows = [row for row in table.rules if row.verdict == name]
        if rows:
            more = f" and {len(rows) - 30} more" if len(rows) > 30 else ""
            print(f"{name}: {', '.join(row.id for row in rows[:30])}{more}")


def _compare(args: argparse.Namespace) -> int:
    from cleaner.bench.compare import compare, contestant
    from cleaner.bench.labelled import LabelledPage, LabelledText, in_sample, read_labelled
    from cleaner.report import page
    from cleaner.report.collect import Collector

    found = [
        item
        for item in read_labelled(args.data, whole_only=not args.all_records)
        if in_sample(item.info.id, args.share)
    ]
    texts = [item for item in found if isinstance(item, LabelledText)]
    pages = [item for item in found if isinstance(item, LabelledPage)]
    contestants = [contestant(spec) for spec in args.cleaners]
    results: list[Comparison] = []
    for items in (texts, pages):
        if items:
            runs = _run_all(args, contestants, items)
            results += [compare(runs[0], other, items) for other in runs[1:]]
    if not results:
        raise ConfigError(
            "bench: expected labelled texts or pages that these cleaners can clean, found none in the data"
        )
    for one in results:
        print(f"{one.names[0]}  ->  {one.names[1]}")
        for row in one.rows():
            print(f"  {row[0]:16} {row[1]:>12} {row[2]:>12} {row[3]:>10}  {row[4]}")
    if args.json:
        _write_json(args.json, [_as_json(one) for one in results])
    if args.report:
        page.write(
            Collector(),
            args.report,
            title=" / ".join(args.cleaners),
            about=", ".join(map(str, args.data)),
            comparison=results[0],
        )
    return DONE


def _run_all(
    args: argparse.Namespace, contestants: list[Any], items: list[LabelledText] | list[LabelledPage]
) -> list[Run]:
    from cleaner.bench.compare import run_pages, run_texts
    from cleaner.bench.labelled import LabelledText

    texts = isinstance(items[0], LabelledText)
    able = [one for one in contestants if (one.texts if texts else one.pages) is not None]
    if len(able) < 2:
        return []
    run_one: Any = run_texts if texts else run_pages
    return [run_one(one, items, progress=progress(args, len(items), one.name)) for one in able]


def _as_json(one: Comparison) -> dict[str, Any]:
    return {
        "names": one.names,
        "figures": one.figures,
        "differences": one.differences,
        "chars_per_second": one.speeds,
        "better_worse_same": one.counts,
        "better": [[doc.record, doc.change] for doc in one.better],
        "worse": [[doc.record, doc.change] for doc in one.worse],
    }


def _write_json(path: str, data: object) -> None:
    from cleaner.records.outputs import write_whole

    write_whole(path, json.dumps(data, indent=1, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
