"""`cleaner dedup --level paragraph`: repeated paragraphs as edits, through the pipeline that cuts what rules find."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from cleaner import shards
from cleaner.cli.interrupts import Interrupts
from cleaner.cli.parquet import columns, shard_plan
from cleaner.dedup.documents import Watch
from cleaner.dedup.paragraphs import Cuts, ParagraphRun
from cleaner.dedup.ranges import plain_file
from cleaner.dedup.reading import Reading
from cleaner.dedup.settings import Settings
from cleaner.dedup.work import facts, work_folder
from cleaner.paragraph_cuts import CutParagraphs, CutRows
from cleaner.pipeline import Options
from cleaner.records.fields import Fields
from cleaner.records.files import STDIN
from cleaner.records.outputs import STDOUT
from cleaner.records.parquet import wants_parquet
from cleaner.records.stats import Stats
from cleaner.stream import Plan, Source
from cleaner.stream import Watch as StreamWatch
from cleaner.stream import run as run_stream


def cut_paragraphs(
    args: argparse.Namespace, settings: Settings, watch: Watch, interrupts: Interrupts
) -> tuple[Stats, Cuts]:
    """Find and cut; the counts of the run and what was cut."""
    reading = Reading(text=args.text_field, id=args.id_field)
    parquet = _shard_plan(args)
    if parquet:
        args = argparse.Namespace(**{**vars(args), "files": parquet.inputs})
    search = ParagraphRun(
        settings=settings,
        reading=reading,
        max_documents=args.max_documents or 3,
        min_words=args.min_words or 20,
        jobs=args.jobs,
        watch=watch,
    )
    work = Path(args.work or ("cleaner-dedup" if args.output == STDOUT else args.output) + ".work")
    key = {
        "level": "paragraph",
        "inputs": facts([path for path in args.files if path != STDIN]),
        "settings": settings.header(),
        "fields": [reading.text, reading.id],
        "bounds": [search.max_documents, search.min_words],
    }
    with work_folder(work, key, say=watch.say) as folder:
        files = [plain_file(path, at, folder) if path == STDIN else path for at, path in enumerate(args.files)]
        cuts = search(files, folder)
        options = Options(annotate=args.annotate, ledger=bool(args.ledger))
        header = {"settings": key["settings"], "bounds": key["bounds"], "fields": {"text": args.text_field}}
        told = StreamWatch(guard=interrupts.guard)
        if parquet:
            fields = Fields(text=args.text_field, id=args.id_field, url="")
            rows = CutRows(cuts, columns(fields, options), notes=options.ledger)
            return shards.Run(parquet, rows, header={**header, "options": asdict(options)}, watch=told)(), cuts
        cutter = CutParagraphs(cuts, Fields(text=args.text_field, id=args.id_field), options)
        plan = Plan(
            inputs=tuple(map(os.fspath, files)),
            output=args.output,
            ledger=args.ledger or "",
            quarantine=args.quarantine or "",
            jobs=args.jobs,
        )
        plan.check()
        stats = run_stream(plan, cutter, source=Source(plan), header=header, watch=told)
    return stats, cuts


def _shard_plan(args: argparse.Namespace) -> shards.Plan | None:
    """The shards of Parquet inputs; None for others."""
    if not wants_parquet(args.files, args.output):
        return None
    plan = shard_plan(args)
    plan.check()
    return plan
