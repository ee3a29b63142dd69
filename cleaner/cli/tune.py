"""`cleaner tune`: fits the weights of votes and measures on labelled data, texts or pages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.cli import BAD_RECORDS, DONE
from cleaner.cli.bench import progress
from cleaner.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cleaner.bench.labelled import LabelledText
    from cleaner.bench.rounds import Judge
    from cleaner.bench.tune import Fitted, Held, Settings
    from cleaner.judge.limits import Limits
    from cleaner.judge.score import Scorer

_TRIED_SHARE = 0.3
_DEPTH = 6
_FOLDS = 3
"""Parts that the sites of texts are dealt into; pages have a number of their own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner tune`."""
    add = parser.add_argument
    add(
        "--data",
        nargs="+",
        required=True,
        metavar="PATH",
        help="labelled texts, or labelled pages: files or folders (docs/data.md)",
    )
    add(
        "--gold",
        nargs="+",
        default=[],
        metavar="PATH",
        help="hand-made labelled texts that count for more, if not in --data",
    )
    add("-o", "--output", type=Path, metavar="FILE", help="weights file to write (default: the shipped one)")
    add(
        "--against",
        type=Path,
        metavar="FILE",
        help="weights that must be beaten (default: the file that would be replaced)",
    )
    add("--memory", action="store_true", help="fit how site memory weighs lines that no other page shows")
    add("--caution", type=float, metavar="L", help="with --memory: taken off every score, in log-odds (1)")
    add("--hand", action="store_true", help="also compare with the hand-set weights on the same held-out sites")
    add("--rules", type=Path, metavar="FOLDER", help="fit for the rules of this folder")
    add("--packs", type=Path, action="append", default=[], metavar="PATH", help="also these packs (repeatable)")
    add("--folds", type=int, metavar="N", help="parts that the sites are dealt into (3 for texts, 10 for pages)")
    add("--trees", type=int, metavar="N", help="trees per look (200)")
    add("--depth", type=int, metavar="N", help="questions per tree (6; 4 with --memory)")
    add("--threads", type=int, default=2, metavar="N", help="threads that fit (2); only weights of texts depend on it")
    add(
        "--harm",
        type=float,
        metavar="S",
        help="share of documents that may be harmed; the cut with the most gain below it is taken",
    )
    add("--cut", type=float, metavar="C", help="certainty that a removal needs (0..1) instead of the best one")
    add("--share", type=float, default=1.0, metavar="S", help="learn from this share of the pages (0..1)")
    add("--dry-run", action="store_true", help="report, write nothing")
    add("--force", action="store_true", help="write even where nothing was gained")
    add("--progress", action=argparse.BooleanOptionalAction, help="progress on stderr (default: on a terminal)")


def run(args: argparse.Namespace) -> int:
    """Fit, compare on held-out sites, and write; 1 where nothing was gained and so nothing written."""
    from cleaner.bench.labelled import are_pages, read_texts
    from cleaner.bench.rounds import TEXT_WEIGHTS, Judge
    from cleaner.bench.tune import Settings, fit, lesson
    from cleaner.packs.load import rules_root

    _check(args)
    if args.memory:
        from cleaner.cli.tune_memory import run_memory

        args.folds = args.folds or _FOLDS
        return run_memory(args)
    if args.caution is not None:
        raise ConfigError("--caution: goes with --memory")
    args.depth = args.depth or _DEPTH
    if are_pages([*args.data, *args.gold]):
        from cleaner.cli.tune_pages import run_pages

        return run_pages(args)
    output = args.output or (args.rules or rules_root()) / TEXT_WEIGHTS
    against = args.against or (output if output.is_file() else None)
    given = {"trees": args.trees} if args.trees else {}
    settings = Settings(folds=args.folds or _FOLDS, depth=args.depth, threads=args.threads, **given)
    judge = Judge.of(rules=args.rules, packs=args.packs, weights=against)
    items = read_texts([*args.data, *args.gold], share=args.share)
    show = progress(args, len(items), "held out")
    say = (
        (lambda text: print(f"cleaner: {text}", file=sys.stderr))
        if args.progress or sys.stderr.isatty()
        else lambda _: None
    )
    fitted = fit(lesson(items, judge, settings), settings, say=say)
    return _decide(args, items, judge, settings, fitted, output, against, show)


def _check(args: argparse.Namespace) -> None:
    for name, low in (("folds", 2), ("trees", 1), ("depth", 1), ("threads", 1)):
        value = getattr(args, name)
        if value is not None and value < low:
            raise ConfigError(f"--{name}: expected at least {low}, found {value}")
    for name in ("cut", "harm", "share"):
        value = getattr(args, name)
        if value is not None and not 0 < value <= 1:
            raise ConfigError(f"--{name}: expected a number between 0 and 1, found {value}")


def _decide(
    args: argparse.Namespace, items: Sequence[LabelledText], judge: Judge, settings: Settings, fitted: Fitted, output: Path,
    against: Path | None, show: Any,
) -> int:  # fmt: skip
    from cleaner.bench.tune import as_scorers, best_cut, duel, hold_out, odds

    tried = _tried(items)
    sites = [item.info.site for item in tried]
    _, folds = as_scorers(fitted)
    trials: list[tuple[str, Sequence[Scorer]]] = [("fitted", folds)]
    rival = _header_of(against)
    if against is not None:
        trials.append(("current", _current(judge, rival, settings)))
    if args.hand or against is None:
        trials.append(("hand", [_hand()]))
    held = hold_out(tried, judge, trials, folds=settings.folds, progress=show)
    for one in held:
        _print_held(one)
    duels = [duel(other, held[0], sites, harm=args.harm) for other in held[1:]]
    for found in duels:
        print(f"at equal harm: {found}")
    best = best_cut(held[0], harm=args.harm if args.harm is not None else 1.0)
    cut = args.cut or best
    gained = all(found.difference[0] > 0 for found in duels)
    if args.dry_run:
        return DONE
    if not gained and not args.force:
        print(
            f"cleaner: nothing gained over {duels[0].names[0]}: {output} is left as it is (--force writes it)",
            file=sys.stderr,
        )
        return BAD_RECORDS
    limits = judge.limits.moved(odds(cut) - judge.limits.cut)
    _write(args, fitted, held[0], duels, settings, output, cut, limits)
    return DONE


def _tried(items: Sequence[LabelledText]) -> list[LabelledText]:
    """What gains are measured on: a fixed part of large data, all of small."""
    from cleaner.bench.labelled import in_sample

    large = len(items) > 5000
    return [item for item in items if not large or in_sample(item.info.id, _TRIED_SHARE)]


def _header_of(path: Path | None) -> dict[str, Any]:
    from cleaner.judge.trees import load_weights

    return dict(load_weights(path).header) if path is not None else {}


def _current(judge: Judge, header: dict[str, Any], settings: Settings) -> Sequence[Scorer]:
    """The current weights. They were fitted on all sites of their data, so that figures on those flatter them."""
    if header.get("data"):
        print(
            "cleaner: the current weights have seen the sites of their own data; figures on those flatter them",
            file=sys.stderr,
        )
    return [] if judge.scorer is None else [judge.scorer]


def _hand() -> Scorer:
    from cleaner.bench.rounds import HAND_WEIGHTS
    from cleaner.judge.score import Scorer
    from cleaner.judge.trees import load_weights
    from cleaner.packs.load import rules_root

    return Scorer.of(load_weights(rules_root() / HAND_WEIGHTS))


def _print_held(one: Held) -> None:
    print(f"{one.name} on held-out sites")
    for cut in one.rows:
        figures = "  ".join(f"{name} {one.figures(cut, name):.4f}" for name in ("removed", "kept", "gain", "harmed"))
        print(f"  cut {cut:.2f}  {figures}")


def _write(
    args: argparse.Namespace,
    fitted: Fitted,
    held: Held,
    duels: Sequence[Any],
    settings: Settings,
    output: Path,
    cut: float,
    limits: Limits,
) -> None:
    from dataclasses import asdict
    from datetime import UTC, datetime

    from cleaner.bench.labelled import digest
    from cleaner.bench.tune import VERSION, write_weights

    nearest = min(held.rows, key=lambda known: abs(known - cut))
    header = {
        "version": VERSION,
        "made": datetime.now(UTC).date().isoformat(),
        "data": digest([*args.data, *args.gold]),
        **limits.as_header(),
        "scores": {
            name: round(held.figures(nearest, name), 4) for name in ("removed", "kept", "precision", "gain", "harmed")
        },
        "scored": f"on {len(held.rows[nearest])} texts of sites that were held out, {settings.folds} folds, cut {nearest}",
        "gained": [str(found) for found in duels],
        "settings": asdict(settings),
    }
    write_weights(output, {**fitted.whole, "header": header})
    print(f"cleaner: wrote {output}", file=sys.stderr)
