"""Records through the engine: bytes in, bytes out, so that it can run in any process and on any batch.

A record is parsed to find its text (or HTML), all texts of a batch are judged at once, and a record that changed gets
its new text spliced into the bytes that came in. Whatever goes wrong with one record stays with that record.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from cleaner.edits import Result
from cleaner.errors import ConfigError, RecordError, RuleError
from cleaner.records import ledger, quarantine
from cleaner.records.checkpoint import Place
from cleaner.records.fields import PRESETS, Fields, Record, getter, resolve
from cleaner.records.files import Batch, split_lines
from cleaner.records.json_bytes import dumps, encode, locate, parse, put, remove, splice
from cleaner.records.stats import Stats
from cleaner.records.wet import WarcRecord, split_warc, warc_records
from cleaner.records.workers import OrderedPool

if TYPE_CHECKING:
    from cleaner.report.collect import Collector

ANNOTATIONS: Final = ledger.NOTES


class BatchEngine(Protocol):
    """What is needed of a cleaner; `cleaner.Cleaner` is one."""

    def clean_batch(
        self,
        texts: Sequence[str],
        *,
        htmls: Sequence[str | bytes] | None = None,
        urls: Sequence[str | None] | None = None,
        langs: Sequence[str | None] | None = None,
        titles: Sequence[str | None] | None = None,
    ) -> list[Result]:
        """One result per text (or page)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How results become lines.

    `annotate` leaves the text alone and adds the edits under the key `cleaner`; `ledger` makes ledger lines;
    `drop_empty` drops records of which nothing is left; `drop_html` removes the HTML field of records cleaned from it;
    `meta` adds what a page says of itself under the key `cleaner`; `report` collects counts and samples for a report.
    """

    annotate: bool = False
    ledger: bool = False
    drop_empty: bool = False
    drop_html: bool = False
    meta: bool = False
    report: bool = False


@dataclass(slots=True)
class Portion:
    """What a batch became: whole output lines, ledger lines (each with the number of its output line, counted from 0
    within the portion), quarantine lines, the counts, the place in the inputs where the next batch begins, and what was
    collected for a report."""

    lines: bytes = b""
    count: int = 0
    ledger: list[tuple[int, bytes]] = field(default_factory=list)
    quarantine: bytes = b""
    stats: Stats = field(default_factory=Stats)
    place: Place | None = None
    collected: Collector | None = None


class Item(NamedTuple):
    """A record that is to be judged: its row in the batch, its number in the file, its line, and what it holds."""

    row: int
    number: int
    line: bytes
    record: Record
    content: str | bytes


@dataclass(slots=True)
class _Draft:
    """A batch in the making: an output line per input line (None for none), and notes by index."""

    source: str
    out: list[bytes | None]
    texts: list[Item] = field(default_factory=list)
    pages: list[Item] = field(default_factory=list)
    ledger: list[tuple[int, bytes]] = field(default_factory=list)
    bad: list[tuple[int, bytes]] = field(default_factory=list)
    stats: Stats = field(default_factory=Stats)
    collected: Collector | None = None

    def quarantine(self, index: int, number: int, reason: str, raw: bytes | None) -> None:
        self.bad.append((index, quarantine.entry(self.source, number, reason, raw=raw)))
        if raw is None:
            self.stats.passed += 1
        else:
            self.stats.quarantined += 1
            self.out[index] = None

    def portion(self, place: Place) -> Portion:
        """The batch as it leaves; ledger lines get the numbers of their output lines."""
        before = 0  # lines that are not in the output, so far
        gone = iter([index for index, line in enumerate(self.out) if line is None])
        next_gone = next(gone, len(self.out))
        numbered = []
        self.ledger.sort(key=lambda entry: entry[0])
        for index, body in self.ledger:
            while next_gone < index:
                before += 1
                next_gone = next(gone, len(self.out))
            numbered.append((index - before, body))
        kept = [line for line in self.out if line is not None]
        lines = b"\n".join((*kept, b"")) if kept else b""
        self.bad.sort(key=lambda entry: entry[0])
        bad = b"".join(entry for _, entry in self.bad)
        return Portion(lines, len(kept), numbered, bad, self.stats, place, self.collected)


_PLAIN: Final = Options()
_WARC_FIELDS: Final = PRESETS["cc-wet-jsonl"]


class BatchCleaner:
    """Turns a `Batch` into a `Portion`. Picklable if its engine is; holds nothing that changes."""

    def __init__(self, engine: BatchEngine, fields: Fields, options: Options = _PLAIN) -> None:
        """`fields` must name a text field; its HTML field counts for records without a text."""
        if not fields.text:
            raise ConfigError("text field: expected a path, found nothing")
        self.engine, self.fields, self.options = engine, fields, options

    def __call__(self, batch: Batch) -> Portion:
        """Clean the records of `batch`."""
        if batch.kind == "piece":
            return _passed_piece(batch)
        if batch.kind == "warc" and self.fields != _WARC_FIELDS:
            return BatchCleaner(self.engine, _WARC_FIELDS, self.options)(batch)
        draft = self._read_warc(batch) if batch.kind == "warc" else self._read_lines(batch)
        if self.options.report:
            from cleaner.report.collect import Collector

            draft.collected = Collector()
        self._judge(draft, draft.texts, html=False)
        self._judge(draft, draft.pages, html=True)
        draft.texts.clear()  # a record of hundreds of megabytes is not to be held once more than needed
        draft.pages.clear()
        return draft.portion(_place_after(batch))

    def give_up(self, batch: Batch, reason: str) -> Portion:
        """What stands for a record that cannot be judged because a worker dies of it."""
        draft = _Draft(batch.source, list(split_lines(batch.data)))
        if batch.kind == "warc":
            draft.out = [_warc_line(record) for record in warc_records(batch) if record.text is not None]
        draft.stats.records = max(1, len(draft.out))
        if draft.out:
            draft.quarantine(0, batch.first, reason, None)
        else:
            draft.out = [None]
            draft.quarantine(0, batch.first, reason, batch.data)
        return draft.portion(_place_after(batch))

    def _read_lines(self, batch: Batch) -> _Draft:
        lines = split_lines(batch.data)
        draft = _Draft(batch.source, list(lines))
        text_of, html_of = getter(self.fields.text), getter(self.fields.html)
        for index, line in enumerate(lines):
            if not line or line.isspace():
                draft.stats.blank += 1
                continue
            draft.stats.records += 1
            try:
                record = parse(line)
            except RecordError as error:
                draft.quarantine(index, batch.first + index, str(error), line)
                continue
            text, html = text_of(record), html_of(record)
            paged = isinstance(html, str) and bool(html)
            if isinstance(text, str) and not (paged and not text.strip()):
                draft.texts.append(Item(index, batch.first + index, line, record, text))
            elif isinstance(html, str):
                draft.pages.append(Item(index, batch.first + index, line, record, html))
            else:
                draft.stats.no_text += 1
        return draft

    def _read_warc(self, batch: Batch) -> _Draft:
        draft = _Draft(batch.source, [])
        for found in warc_records(batch):
            index, line = len(draft.out), _warc_line(found)
            draft.out.append(line)
            draft.stats.records += 1
            record = {"id": found.id, "url": found.url, "language": found.language, "text": found.text}
            if found.text is not None:
                draft.texts.append(Item(index, found.number, line, record, found.text))
            elif found.html is not None:
                draft.pages.append(Item(index, found.number, line, record, _decoded(found.html, found.charset)))
        return draft

    def _judge(self, draft: _Draft, items: Sequence[Item], *, html: bool) -> None:
        if not items:
            return
        try:
            results = self.clean(items, html=html)
        except (ConfigError, RuleError):
            raise
        except Exception as error:  # noqa: BLE001 - one record's trouble must not cost the others
            if len(items) > 1:
                for item in items:
                    self._judge(draft, [item], html=html)
                return
            draft.quarantine(items[0].row, items[0].number, f"{type(error).__name__}: {error}", None)
            return
        finish = self._finish_page if html else self._finish_text
        for item, result in zip(items, results, strict=True):
            if result.error:
                draft.quarantine(item.row, item.number, result.error, None)
                continue
            draft.stats.chars_in += len(result.source if html else item.content)
            draft.stats.chars_out += len(result.text)
            draft.stats.count_edits(result.edits)
            if draft.collected is not None:
                lang = getter(self.fields.lang)(item.record)
                name = self._identity(draft, item)
                draft.collected.add(name, result, lang=lang if isinstance(lang, str) else None)
            try:
                finish(draft, item, result)
            except (RecursionError, ValueError) as error:
                draft.quarantine(item.row, item.number, f"cannot be written: {error}", None)

    def clean(self, items: Sequence[Item], *, html: bool) -> list[Result]:
        """The engine's results for `items`, with what their records tell about them."""
        known: dict[str, Any] = {}
        for name, path in (("urls", self.fields.url), ("langs", self.fields.lang), ("titles", self.fields.title)):
            if path:
                get = getter(path)
                found = [get(item.record) for item in items]
                known[name] = [value if isinstance(value, str) else None for value in found]
        contents: Any = [item.content for item in items]
        if html:
            return self.engine.clean_batch([""] * len(items), htmls=contents, **known)
        return self.engine.clean_batch(contents, **known)

    def _finish_text(self, draft: _Draft, item: Item, result: Result) -> None:
        if not result.edits:
            draft.stats.unchanged += 1
            return
        draft.stats.changed += 1
        if self.options.annotate:
            draft.out[item.row] = _annotated(item.line, result)
            self._note(draft, item, result)
            return
        if not result.text and self.options.drop_empty:
            self._drop(draft, item, result)
            return
        span = locate(item.line, resolve(item.record, self.fields.text) or ())
        if span is None:
            raise ValueError(f"no place found for {self.fields.text}")
        raw = item.line[span[0] : span[1]]
        new = encode(result.text, ascii_only=raw.isascii())
        draft.out[item.row] = splice(item.line, span, new)
        if self.options.ledger:
            self._note(draft, item, result, ledger.spelling(raw, str(item.content)))

    def _finish_page(self, draft: _Draft, item: Item, result: Result) -> None:
        draft.stats.changed += 1
        if self.options.annotate:
            # The record does not hold the text to which the edits of a page refer.
            draft.out[item.row] = _annotated(item.line, result, {"source": result.source})
            self._note(draft, item, result)
            return
        if not result.text and self.options.drop_empty:
            self._drop(draft, item, result)
            return
        key, value = self.fields.text, encode(result.text)
        before = locate(item.line, resolve(item.record, key) or (key,))
        was: dict[str, object] = {"was": item.line[slice(*before)].decode() if before else None}
        line = splice(item.line, before, value) if before else put(item.line, key, value)
        if self.options.meta:
            noted = locate(item.line, (ANNOTATIONS,))
            was["noted"] = item.line[slice(*noted)].decode() if noted else None
            line = put(line, ANNOTATIONS, dumps({"meta": dict(result.meta)}))
        draft.out[item.row] = remove(line, self.fields.html) if self.options.drop_html else line
        self._note(draft, item, result, was)

    def _drop(self, draft: _Draft, item: Item, result: Result) -> None:
        draft.stats.changed -= 1
        draft.stats.dropped += 1
        draft.out[item.row] = None
        reason = result.dropped or "nothing left of the text"
        self._note(draft, item, result, {"dropped": reason, "record": item.line.decode()})

    def _note(self, draft: _Draft, item: Item, result: Result, extra: Mapping[str, object] | None = None) -> None:
        if not self.options.ledger:
            return
        identity = self._identity(draft, item)
        source = result.source or str(item.content)
        place = f"{draft.source}:{item.number}"
        draft.ledger.append((item.row, ledger.body(identity, place, result.edits, source, extra)))

    def _identity(self, draft: _Draft, item: Item) -> str | int:
        """What the record calls itself, or its place in the input."""
        identity = getter(self.fields.id)(item.record)
        if isinstance(identity, float):  # an integer beyond 64 bit, perhaps: take it as it is spelled
            span = locate(item.line, resolve(item.record, self.fields.id) or ())
            identity = item.line[slice(*span)].decode() if span else None
        return identity if isinstance(identity, str | int) else f"{draft.source}:{item.number}"


def _annotated(line: bytes, result: Result, more: Mapping[str, object] | None = None) -> bytes:
    edits = [[start, end, rule, round(score, 4)] for start, end, rule, score, _ in result.edits]
    return put(line, ANNOTATIONS, dumps({**(more or {}), "edits": edits}))


def _passed_piece(batch: Batch) -> Portion:
    """A part of a line that is too long to be held: it passes, and the last part notes the line."""
    if not batch.count:
        return Portion(batch.data)
    data = batch.data if batch.data.endswith(b"\n") else batch.data + b"\n"
    note = quarantine.entry(batch.source, batch.first, "line longer than the bound: not judged", raw=None)
    return Portion(data, 1, quarantine=note, stats=Stats(records=1, passed=1), place=_place_after(batch))


def _place_after(batch: Batch) -> Place:
    return Place(batch.input, batch.end, batch.first + batch.count)


def _warc_line(record: WarcRecord) -> bytes:
    value = {"id": record.id, "url": record.url, "date": record.date}
    if record.language:
        value["language"] = record.language
    if record.text is not None:
        value["text"] = record.text
    return dumps(value)


def _decoded(html: bytes, charset: str | None) -> str | bytes:
    """The page as text where its HTTP header names a charset; else the bytes, for the page itself to tell."""
    if charset:
        from cleaner.html.charset import decode, web_codec

        if web_codec(charset):
            return decode(html, charset)
    return html


def split_batch(batch: Batch) -> Sequence[Batch]:
    """Halves of a batch of several lines; nothing where it cannot be split further."""
    if batch.count < 2 or batch.kind == "piece":
        return ()
    return split_warc(batch) if batch.kind == "warc" else batch.halves()


def portions(batches: Iterable[Batch], work: BatchCleaner, *, jobs: int) -> Generator[Portion]:
    """The portions of `batches` in order: in this process for one job, else in `jobs` worker processes."""
    if jobs <= 1:
        return (work(batch) for batch in batches)
    return OrderedPool(work, jobs=jobs, split=split_batch, give_up=work.give_up).map(batches)
