"""`cleaner dedup --level paragraph`: repeated paragraphs as edits, through the pipeline that cuts what rules find."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cleaner import shards
from cleaner.cli.interrupts import Interrupts
from cleaner.cli.parquet import columns, shard_plan
from cleaner.dedup.documents import Watch
from cleaner.dedup.paragraphs import Cuts, ParagraphRun
from cleaner.dedup.ranges import plain_file
from cleaner.dedup.reading import Reading
from cleaner.dedup.settings import Settings
from cleaner.dedup.work import facts, work_folder
from cleaner.edits import Result, apply
from cleaner.errors import ConfigError
from cleaner.in_columns import BatchColumns
from cleaner.pipeline import BatchCleaner, Item, Options, Portion
from cleaner.records.fields import Fields
from cleaner.records.files import STDIN, Batch
from cleaner.records.outputs import STDOUT
from cleaner.records.parquet import wants_parquet
from cleaner.records.stats import Stats
from cleaner.shard_pieces import Piece, PieceCleaner
from cleaner.stream import Plan, Source
from cleaner.stream import Watch as StreamWatch
from cleaner.stream import run as run_stream


class CutParagraphs(BatchCleaner):
    """Gives each record the edits that were found for its place in the inputs."""

    def __init__(self, cuts: Cuts, fields: Fields, options: Options) -> None:
        super().__init__(_NoEngine(), fields, options)
        self._cuts, self._input = cuts, 0

    def __call__(self, batch: Batch) -> Portion:
        """Cut the paragraphs of the records of `batch`."""
        self._input = batch.input
        return super().__call__(batch)

    def clean(self, items: Sequence[Item], *, html: bool) -> list[Result]:
        """What was found for the places of `items`."""
        results = []
        for item in items:
            text = str(item.content)
            edits = () if html else self._cuts.edits(self._input, item.number, text)
            results.append(Result(apply(text, edits), edits, text))
        return results


class CutRows(PieceCleaner):
    """Gives each row of a shard the edits that were found for its place in the inputs."""

    def __init__(self, cuts: Cuts, columns: BatchColumns, *, notes: bool) -> None:
        super().__init__(_NoEngine(), columns, notes=notes)
        self._cuts = cuts

    def results(self, piece: Piece, known: Mapping[str, Any]) -> list[Result | None]:
        """What was found for the places of the rows."""
        results: list[Result | None] = []
        for number, text in enumerate(known["texts"], piece.first):
            edits = self._cuts.edits(piece.shard, number, text) if text is not None else ()
            results.append(None if text is None else Result(apply(text, edits), edits, text))
        return results


class _NoEngine:
    """Stands where an engine is expected; what is cut was decided before."""

    def clean_batch(self, texts: Sequence[str], **_: object) -> list[Result]:
        raise ConfigError(f"{len(texts)} texts: paragraphs are judged by their place, not by themselves")


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
        lean=True,
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
