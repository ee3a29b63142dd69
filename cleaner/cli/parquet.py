"""Parquet on the command line: shards as the options name them, and options of JSON lines as columns."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, Final

from cleaner.in_columns import BatchColumns, Outputs
from cleaner.pipeline import BatchEngine, Options
from cleaner.records.fields import Fields
from cleaner.records.files import BATCH_BYTES
from cleaner.records.parquet import plan_shards
from cleaner.records.stats import Stats
from cleaner.shard_pieces import PieceCleaner
from cleaner.shards import Plan, Run
from cleaner.stream import Watch

EDITS: Final = "cleaner_edits"
"""The column that `--annotate` adds."""
SOURCE: Final = "cleaner_source"
"""The column that it adds where there are pages: the text that the edits of a page refer to."""


def shard_plan(args: argparse.Namespace) -> Plan:
    """The shards and files that the options name."""
    shards, folder = plan_shards(args.files, args.output)
    return Plan(
        shards=shards,
        output=args.output,
        folder=folder,
        ledger=args.ledger or "",
        quarantine=args.quarantine or "",
        stats=getattr(args, "stats", None) or "",
        jobs=args.jobs,
        batch_bytes=getattr(args, "batch_chars", BATCH_BYTES),
    )


def columns(fields: Fields, options: Options) -> BatchColumns:
    """The columns that are read and made."""
    outputs = Outputs(
        edits=EDITS if options.annotate else "",
        source=SOURCE if options.annotate else "",
        annotate=options.annotate,
        drop_empty=options.drop_empty,
        drop_html=options.drop_html,
    )
    return BatchColumns(fields, outputs)


def clean_shards(
    plan: Plan, engine: BatchEngine, fields: Fields, options: Options, header: Mapping[str, Any], watch: Watch
) -> Stats:
    """Clean the shards of `plan`; the counts of the run."""
    work = PieceCleaner(engine, columns(fields, options), notes=options.ledger)
    return Run(plan, work, header=header, watch=watch)()
