"""`cleaner tune` on labelled pages: fits the weights of blocks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.cli import BAD_RECORDS, DONE
from cleaner.errors import ConfigError

if TYPE_CHECKING:
    from cleaner.bench.tune_pages import Figures, PageFitted, PageLesson, PageSettings, Say


def run_pages(args: argparse.Namespace) -> int:
    """Fit, compare on held-out sites, and write; 1 where nothing was gained and so nothing written."""
    from cleaner.bench.labelled import read_pages
    from cleaner.bench.tune_pages import PAGE_WEIGHTS, PageSettings, figures, fit_pages, judged, page_lesson
    from cleaner.packs.load import rules_root

    for name in ("harm", "cut", "hand"):
        if getattr(args, name):
            raise ConfigError(f"--{name}: is for texts; pages have a cut of their own each")
    if args.packs:
        raise ConfigError("--packs: is for texts; the measures of pages do not depend on packs of phrases")
    shipped = (args.rules or rules_root()) / PAGE_WEIGHTS
    output = args.output or shipped
    against = args.against or (output if output.is_file() else None)
    given = {"trees": args.trees, "depth": args.depth, "folds": args.folds, "threads": args.threads}
    settings = PageSettings(**{name: value for name, value in given.items() if value is not None})
    items = read_pages([*args.data, *args.gold], share=args.share)
    told = page_lesson(items, settings, rules=args.rules)
    say = (
        (lambda text: print(f"cleaner: {text}", file=sys.stderr))
        if args.progress or sys.stderr.isatty()
        else lambda _: None
    )
    fitted = fit_pages(told, settings, say=say)
    found = figures(told, fitted.held)
    columns = {
        "held out": found.by_group(told.keys),
        "no address": figures(told, fitted.unaddressed).by_group(told.keys),
        "all seen": figures(told, judged(told, fitted.whole)).by_group(told.keys),
    }
    rival = _rival(args, told, against, columns, settings, say)
    _print(columns)
    gain = round(found.overall(told.keys) - rival, 4) if rival is not None else None  # a header has four places
    if gain is not None:
        print(
            f"mean of the files on held-out sites {found.overall(told.keys):.4f}, current weights {rival:.4f}: {gain:+.4f}"
        )
    if args.dry_run:
        return DONE
    if gain is not None and gain <= 0 and not args.force:
        print(f"cleaner: nothing gained: {output} is left as it is (--force writes it)", file=sys.stderr)
        return BAD_RECORDS
    # What goes by its name is set by people; new weights take it over.
    before = next((file for file in (args.against, output, shipped) if file and file.is_file()), None)
    _write(args, told, fitted, found, settings, output, _named(before))
    return DONE


def _rival(
    args: argparse.Namespace, told: PageLesson, against: Path | None, columns: dict[str, dict[str, float]],
    settings: PageSettings, say: Say,
) -> float | None:  # fmt: skip
    """What has to be beaten: where the current weights were held out on the same data, those figures, or what the same
    settings reach if the pages are read or measured otherwise by now; else what the weights reach on pages that they may have
    been fitted on."""
    from cleaner.bench.labelled import digest
    from cleaner.bench.tune_pages import figures, fit_pages, judged, settings_of
    from cleaner.judge.trees import load_weights

    if against is None:
        return None
    header = load_weights(against).header
    same = header.get("data") == digest([*args.data, *args.gold]) and args.share == 1
    if same and "overall" in header.get("scores", {}):
        if header.get("lines") == told.digest():
            return float(header["scores"]["overall"])
        print(
            "cleaner: pages are read otherwise than for the current weights; their settings are fitted anew to compare",
            file=sys.stderr,
        )
        current = figures(told, fit_pages(told, settings_of(header, settings), say=say).held)
    else:
        if header.get("data"):
            print(
                "cleaner: the current weights have seen the sites of their own data; figures on those flatter them",
                file=sys.stderr,
            )
        current = figures(told, judged(told, against))
    columns["current"] = current.by_group(told.keys)
    return current.overall(told.keys)


def _print(columns: dict[str, dict[str, float]]) -> None:
    print(f"{'':32s}" + "".join(f"{name:>12s}" for name in columns))
    for group in next(iter(columns.values())):
        print(f"{group:32s}" + "".join(f"{values[group]:12.4f}" for values in columns.values()))


def _write(
    args: argparse.Namespace, told: PageLesson, fitted: PageFitted, found: Figures, settings: PageSettings, output: Path,
    named: dict[str, Any],
) -> None:  # fmt: skip
    from dataclasses import asdict
    from datetime import UTC, datetime

    from cleaner.bench.labelled import digest
    from cleaner.bench.tune import VERSION, write_weights
    from cleaner.bench.tune_pages import figures

    header = {
        "version": VERSION,
        "made": datetime.now(UTC).date().isoformat(),
        "reads": "blocks of pages",
        "data": digest([*args.data, *args.gold]),
        "lines": told.digest(),
        **fitted.whole["header"],
        **named,
        "scores": _scores(told, found),
        "scores_without_address": _scores(told, figures(told, fitted.unaddressed)),
        "scored": f"on {len(told.keys)} pages of sites that were held out, {settings.folds} folds: word F1, or F over snippets",
        "settings": {name: value for name, value in asdict(settings).items() if name != "threads"},
    }
    write_weights(output, {**fitted.whole, "header": header})
    print(f"cleaner: wrote {output}", file=sys.stderr)


def _named(weights: Path | None) -> dict[str, Any]:
    """The field of a weights file's header on what goes by its name, if any."""
    from cleaner.html.cut import NAMED
    from cleaner.judge.trees import load_weights

    header = load_weights(weights).header if weights else {}
    return {NAMED: header[NAMED]} if NAMED in header else {}


def _scores(told: PageLesson, found: Figures) -> dict[str, float]:
    """The figures of a header: the mean of the files, and each group's."""
    groups = {name: round(value, 4) for name, value in found.by_group(told.keys).items()}
    return {"overall": round(found.overall(told.keys), 4), **groups}
