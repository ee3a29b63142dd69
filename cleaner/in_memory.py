"""Records that are Python dicts already: the library's door to the engine, in order and with any number of workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from cleaner.edits import Result
from cleaner.errors import CleanerError, ConfigError
from cleaner.pipeline import ANNOTATIONS, BatchCleaner, BatchEngine, Item
from cleaner.records.fields import Fields, Record, getter, resolve
from cleaner.records.workers import OrderedPool

_RECORDS_PER_TASK: Final = 64
_FIELDS: Final = Fields()


def clean_records(
    engine: BatchEngine, records: Iterable[Record], *, jobs: int = 1, fields: Fields = _FIELDS, annotate: bool = False
) -> Iterator[dict[str, Any]]:
    """`records` in order, each as a new dict with its text cleaned (or, with `annotate`, with its edits added).

    Records without a text (or, where `fields` names an HTML field, without HTML) pass as they are. A record that kills
    its worker, or that the engine fails on, passes unchanged with the reason under `cleaner`.
    """
    if not isinstance(jobs, int) or jobs < 1:
        raise ConfigError(f"jobs: expected a number of at least 1, found {jobs!r}")
    if isinstance(records, str | bytes | Mapping):
        raise TypeError(f"records: expected several dicts, found {type(records).__name__}")
    return _cleaned(_RecordCleaner(engine, fields, annotate), records, jobs)


def _cleaned(clean: _RecordCleaner, records: Iterable[Record], jobs: int) -> Iterator[dict[str, Any]]:
    source = iter(records)
    tasks = iter(lambda: list(islice(source, _RECORDS_PER_TASK)), [])
    if jobs <= 1:
        results = (clean(task) for task in tasks)
    else:
        results = OrderedPool(clean, jobs=jobs, split=_halves, give_up=_passed_records).map(tasks)
    for cleaned in results:
        yield from cleaned


def _halves(task: list[Record]) -> Sequence[list[Record]]:
    return (task[: len(task) // 2], task[len(task) // 2 :]) if len(task) > 1 else ()


def _passed_records(task: list[Record], reason: str) -> list[dict[str, Any]]:
    return [{**record, ANNOTATIONS: {"error": reason}} for record in task]


@dataclass(frozen=True, slots=True)
class _RecordCleaner:
    """Cleans lists of dicts, here or in a worker."""

    engine: BatchEngine
    fields: Fields
    annotate: bool

    def __call__(self, records: list[Record]) -> list[dict[str, Any]]:
        for record in records:
            if not isinstance(record, Mapping):
                raise ConfigError(f"records: expected dicts, found {type(record).__name__}")
        worker = BatchCleaner(self.engine, self.fields)
        out = [dict(record) for record in records]
        for html, path in ((False, self.fields.text), (True, self.fields.html)):
            get = getter(path)
            text_of = getter(self.fields.text)
            items = [
                Item(index, index, b"", record, value)
                for index, record in enumerate(records)
                if isinstance(value := get(record), str | bytes if html else str)
                and not (html and isinstance(text_of(record), str))
            ]
            for item, result in _results(worker, items, html=html):
                self._finish(out[item.row], result, page=html)
        return out

    def _finish(self, record: dict[str, Any], result: Result | str, *, page: bool) -> None:
        if isinstance(result, str) or result.error:
            record[ANNOTATIONS] = {"error": result if isinstance(result, str) else result.error}
        elif self.annotate:
            edits = [list(edit[:4]) for edit in result.edits]
            if page:
                record[ANNOTATIONS] = {"source": result.source, "edits": edits}
            elif edits:
                record[ANNOTATIONS] = {"edits": edits}
        else:
            _set(record, resolve(record, self.fields.text) or (self.fields.text,), result.text)


def _results(worker: BatchCleaner, items: list[Item], *, html: bool) -> Iterator[tuple[Item, Result | str]]:
    """Each item with its result, or with the reason why there is none."""
    if not items:
        return
    try:
        yield from zip(items, worker.clean(items, html=html), strict=True)
    except CleanerError:
        raise
    except Exception as error:  # noqa: BLE001 - one record's trouble must not cost the others
        if len(items) == 1:
            yield items[0], f"{type(error).__name__}: {error}"
            return
        for item in items:
            yield from _results(worker, [item], html=html)


def _set(record: dict[str, Any], keys: Sequence[str], text: str) -> None:
    """Put `text` at `keys`, copying the dicts on the way and leaving the caller's alone."""
    for key in keys[:-1]:
        record[key] = dict(record[key])
        record = record[key]
    record[keys[-1]] = text
