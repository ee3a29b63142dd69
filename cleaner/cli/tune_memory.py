"""`cleaner tune --memory`: fits how site memory weighs lines that no other page shows."""

from __future__ import annotations

import argparse
import datetime
import sys
from dataclasses import asdict

from cleaner.cli import BAD_RECORDS, DONE

_TREES, _RATE, _DEPTH, _CAUTION, _FORESTS = 200, 0.06, 4, 1.0, 3
_TRIED_SHARE = 0.3
_HARM = 0.01
"""Of texts on sites with several pages: what memory may harm more than the judge alone."""


def run_memory(args: argparse.Namespace) -> int:
    """Fit, measure on held-out sites, and write; 1 where memory with these weights gains nothing or harms too much."""
    from cleaner.bench.labelled import digest, in_sample, read_texts
    from cleaner.bench.rounds import Judge
    from cleaner.bench.tune import Settings
    from cleaner.bench.tune_memory import by_site, fit_unique, held_out, unique_lines, write_unique
    from cleaner.judge.trees import read_trees
    from cleaner.memory.measures import NAMES
    from cleaner.packs.load import rules_root

    weights = (args.rules or rules_root()) / "weights" / "memory.toml"
    output = args.output or weights.with_suffix(".json")
    caution = _CAUTION if args.caution is None else args.caution
    settings = Settings(
        folds=args.folds, trees=args.trees or _TREES, depth=args.depth or _DEPTH, threads=args.threads, smoothing=100.0,
        columns=0.4, rate=_RATE, forests=_FORESTS,
    )  # fmt: skip
    paths = [*args.data, *args.gold]
    sites = list(by_site(read_texts(paths, share=args.share)))
    lines = unique_lines(sites, Judge.of(rules=args.rules, packs=args.packs), weights, args.folds)
    fitted = fit_unique(lines, settings, caution)
    tried = [site for site in sites if in_sample(site.site, _TRIED_SHARE)]
    found = held_out(tried, [read_trees(forest, NAMES, "fold") for forest in fitted.folds], weights)
    for kind, figures in found.items():
        told = ", ".join(f"{key} {value:.4f}" if key != "texts" else f"{value:.0f} texts" for key, value in figures.items())
        print(f"with memory against without, {kind}: {told}")
    article = found.get("article", {"gain": 0.0, "harmed": 1.0})
    gained = article["gain"] > 0 and article["harmed"] <= (args.harm or _HARM)
    if args.dry_run or not (gained or args.force):
        print("nothing written", file=sys.stderr)
        return DONE if args.dry_run else BAD_RECORDS
    header = {
        "what": "Fitted by `cleaner tune --memory`: what to add to the judge's score of a line that no other page shows.",
        "data": digest(paths),
        "date": datetime.date.today().isoformat(),
        "caution": caution,
        "settings": {key: value for key, value in asdict(settings).items() if key != "threads"},
        "held_out": {kind: {key: round(value, 4) for key, value in row.items()} for kind, row in found.items()},
    }
    write_unique(output, fitted.whole, header)
    print(f"written to {output}")
    return DONE
