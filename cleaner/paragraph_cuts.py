"""Repeated paragraphs as edits, through the pipeline that cuts what rules find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cleaner.dedup.paragraphs import Cuts
from cleaner.edits import Result, apply
from cleaner.errors import ConfigError
from cleaner.in_columns import BatchColumns
from cleaner.pipeline import BatchCleaner, Item, Options, Portion
from cleaner.records.fields import Fields
from cleaner.records.files import Batch
from cleaner.shard_pieces import Piece, PieceCleaner


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
