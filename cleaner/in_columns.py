"""Records that are columns already, as lists or as Arrow record batches: what all hosts of adapters have in common.

Everything runs in the calling thread: the hosts have workers of their own. Results are those of the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cleaner.edits import Result
from cleaner.errors import ConfigError, RuleError
from cleaner.pipeline import BatchEngine
from cleaner.records import arrow
from cleaner.records.arrow import Path
from cleaner.records.fields import Fields
from cleaner.records.files import BATCH_BYTES

Page = str | bytes

EDIT_FIELDS: Final = ("start", "end", "rule", "score", "text")
"""What an edit is told by: code points of the original text (half open), rule, certainty (0..1), removed text."""
NOTHING_LEFT: Final = "nothing left of the text"


def judge(
    engine: BatchEngine,
    texts: Sequence[str | None],
    htmls: Sequence[Page | None] | None = None,
    *,
    urls: Sequence[str | None] | None = None,
    langs: Sequence[str | None] | None = None,
    titles: Sequence[str | None] | None = None,
) -> list[Result | None]:
    """One result per record: of its text, or where that is None of its HTML; None where it has neither.

    `dropped` is set where nothing is left of a page, or of a text of which something was removed. A record that the
    engine fails on gets a result with `error`; the others are not touched by it.
    """
    results: list[Result | None] = [None] * len(texts)
    known = {name: values for name, values in (("urls", urls), ("langs", langs), ("titles", titles)) if values}
    with_text = [row for row, text in enumerate(texts) if text is not None]
    for rows in _portions(with_text, texts):
        _judge(engine, rows, {"texts": texts, **known}, results)
    if htmls is not None:
        pages = [row for row, text in enumerate(texts) if text is None and htmls[row] is not None]
        for rows in _portions(pages, htmls):
            _judge(engine, rows, {"htmls": htmls, **known}, results)
    return results


def _portions(rows: Sequence[int], contents: Sequence[Page | None]) -> Iterator[list[int]]:
    """`rows` in portions of about equal size, as much text each as the engine likes to judge at once."""
    sizes = [len(contents[row] or "") for row in rows]
    total = sum(sizes)
    share = total / max(1, round(total / BATCH_BYTES))
    portion: list[int] = []
    reached, due = 0, share
    for row, size in zip(rows, sizes, strict=True):
        if portion and reached + size / 2 > due:  # the border is nearer to where this text begins
            yield portion
            portion, due = [], due + share
        portion.append(row)
        reached += size
    if portion:
        yield portion


def _judge(
    engine: BatchEngine, rows: Sequence[int], columns: dict[str, Sequence[Any]], results: list[Result | None]
) -> None:
    given: dict[str, Any] = {name: [values[row] for row in rows] for name, values in columns.items()}
    content = given.get("texts") or given["htmls"]
    try:
        found = engine.clean_batch(given.pop("texts", [""] * len(rows)), **given)
    except (ConfigError, RuleError):
        raise
    except Exception as error:  # noqa: BLE001 - one record's trouble must not cost the others
        if len(rows) > 1:
            for row in rows:
                _judge(engine, [row], columns, results)
            return
        source = content[0] if isinstance(content[0], str) else ""
        found = [Result(text=source, source=source, error=f"{type(error).__name__}: {error}")]
    for row, result in zip(rows, found, strict=True):
        results[row] = result if result.text else _emptied(result, page="htmls" in columns)


def _emptied(result: Result, *, page: bool) -> Result:
    """A result without a text, with the reason: none where there was no text before."""
    if result.error:
        return result
    return replace(result, dropped=(result.dropped or NOTHING_LEFT) if page or result.edits else None)


def dropped(result: Result | None) -> str | None:
    """Why nothing is left of a record; None where something is, or where nothing was removed."""
    return None if result is None or result.error else result.dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Which columns are made. An empty name is a column that is not.

    `result` takes the cleaned text (empty: the text column itself), `edits` a list of structs of `start`, `end` (code
    points of the original text, half open), `rule`, `score` (0..1) and `text` (what was removed), `dropped` the reason
    where nothing is left of a record, `error` why a record was not judged, `source` the whole text of a page, to which its
    edits refer, where there is a column of pages. `annotate` leaves texts alone; `drop_empty` drops records of which
    nothing is left; `drop_html` puts nulls for pages that became texts.
    """

    result: str = ""
    edits: str = ""
    dropped: str = ""
    error: str = ""
    source: str = ""
    annotate: bool = False
    drop_empty: bool = False
    drop_html: bool = False


_IN_PLACE: Final = Outputs()


@dataclass(frozen=True, slots=True)
class BatchColumns:
    """Reads a record batch into lists for the engine, and writes results into a new batch of the same order.

    `fields` are columns by name or fields of structs by dotted path. The text column (or the HTML column) must be there;
    others that are named but not there are read as null. All column types are kept, and the schema's metadata.
    """

    fields: Fields
    outputs: Outputs = _IN_PLACE

    def read(self, batch: Any) -> dict[str, Any]:
        """The arguments of `judge` for the records of a batch; HTML may be of bytes."""
        schema = batch.schema
        self._content(schema)
        count = batch.num_rows
        known: dict[str, Any] = {"texts": self._texts(batch, self.fields.text) or [None] * count}
        html = arrow.find(schema, self.fields.html)
        if html:
            values = arrow.column(batch, html)
            known["htmls"] = values.to_pylist() if arrow.is_bytes(values.type) else self._texts(batch, self.fields.html)
        for name, path in (("urls", self.fields.url), ("langs", self.fields.lang), ("titles", self.fields.title)):
            known[name] = self._texts(batch, path)
        return known

    def used(self, schema: Any) -> list[str]:
        """The names of the columns that are read, for whoever hands on no more than needed."""
        fields = self.fields
        paths = (fields.text, fields.html, fields.id, fields.url, fields.lang, fields.title)
        found = [names[0] for path in paths if (names := arrow.find(schema, path))]
        return list(dict.fromkeys(found))

    def _texts(self, batch: Any, path: str) -> list[str | None] | None:
        found = arrow.find(batch.schema, path)
        if not found:
            return None
        values = arrow.column(batch, found)
        if path in (self.fields.text, self.fields.html) or arrow.is_text(values.type):
            return arrow.to_texts(values)
        return None  # as with JSON: an address or a language that is no text is none

    def _content(self, schema: Any) -> tuple[Path | None, Path | None]:
        """The paths of text and HTML; `ConfigError` where there is neither, or they hold something else."""
        text, html = arrow.find(schema, self.fields.text), arrow.find(schema, self.fields.html)
        if text is None and html is None:
            named = " or ".join(repr(path) for path in (self.fields.text, self.fields.html) if path)
            raise ConfigError(f"column {named}: not there; expected one of {', '.join(schema.names)}")
        for path, name, bytes_too in ((text, self.fields.text, False), (html, self.fields.html, True)):
            kind = arrow.field(schema, path).type if path else None
            if kind is not None and not (
                arrow.is_text(kind) or arrow.is_null(kind) or (bytes_too and arrow.is_bytes(kind))
            ):
                raise ConfigError(f"column {name!r}: expected texts, found {kind}")
        if html and text and arrow.is_null(arrow.field(schema, text).type):
            text = None  # a column of nulls only, which has no type yet, takes the texts of the pages
        return text, html

    def schema(self, schema: Any) -> Any:
        """The schema of what `write` makes of batches with `schema`."""
        return self.write(arrow.no_rows(schema), []).schema

    def write(self, batch: Any, results: Sequence[Result | None]) -> Any:
        """`batch` with `results`, one per row, as the outputs want them."""
        outputs = self.outputs
        text, html = self._content(batch.schema)
        done = batch
        if not outputs.annotate:
            done = self._with_texts(done, text, results)
        if outputs.drop_html and html:
            done = _without_pages(done, batch, text, html, results)
        if outputs.edits:
            done = arrow.put(
                done, outputs.edits, arrow.from_lists([edit_rows(result) for result in results], edits_type())
            )
        if outputs.dropped:
            done = arrow.put(done, outputs.dropped, arrow.from_texts([dropped(result) for result in results]))
        if outputs.error:
            done = arrow.put(
                done, outputs.error, arrow.from_texts([result.error if result else None for result in results])
            )
        if outputs.source and html:
            done = arrow.put(done, outputs.source, arrow.from_texts(self._sources(batch, text, results)))
        if outputs.drop_empty:
            done = done.filter(arrow.mask(dropped(result) is None for result in results))
        return done

    def _sources(self, batch: Any, text: Path | None, results: Sequence[Result | None]) -> list[str | None]:
        """The whole texts of the pages among the records; None for records with a text, and for those not judged."""
        texts = arrow.to_texts(arrow.column(batch, text)) if text else [None] * batch.num_rows
        return [
            result.source if old is None and result is not None and not result.error else None
            for old, result in zip(texts, results, strict=True)
        ]

    def _with_texts(self, batch: Any, text: Path | None, results: Sequence[Result | None]) -> Any:
        """`batch` with the cleaned texts in their column; a column in which nothing changes is not made anew."""
        target = self.outputs.result
        if text and not target:
            values = arrow.column(batch, text)
            there = arrow.valid(values).tolist()
            new = {row: result.text for row, result in enumerate(results) if result and is_new(result, there[row])}
            return arrow.with_column(batch, text, arrow.replaced_texts(values, new)) if new else batch
        kind = arrow.field(batch.schema, text).type if text else arrow.arrow().string()
        unjudged = any(result is None or result.error for result in results)
        before = arrow.to_texts(arrow.column(batch, text)) if text and unjudged else [None] * batch.num_rows
        after = [
            result.text if result is not None and not result.error else old
            for old, result in zip(before, results, strict=True)
        ]
        return arrow.put(batch, target or self.fields.text, arrow.from_texts(after, kind))


def _without_pages(done: Any, batch: Any, text: Path | None, html: Path, results: Sequence[Result | None]) -> Any:
    """`done` with nulls in place of the pages of `batch` that became texts."""
    compute = arrow.arrow("pyarrow.compute")
    judged = arrow.mask(result is not None and not result.error for result in results)
    if text:
        judged = compute.and_(judged, compute.is_null(arrow.column(batch, text)))
    pages = arrow.column(batch, html)
    return arrow.with_column(done, html, compute.if_else(judged, arrow.arrow().nulls(len(pages), pages.type), pages))


def is_new(result: Result, has_text: bool) -> bool:
    """Whether the text of a result is another one than stands in the text column, if any stands there."""
    return not result.error and (not has_text or bool(result.edits) or result.text != result.source)


def edit_rows(result: Result | None) -> list[tuple[Any, ...]] | None:
    """The edits of a result as rows of the edits column; None for a record that was not judged."""
    if result is None or result.error:
        return None
    source = result.source
    return [(start, end, rule, round(score, 4), source[start:end]) for start, end, rule, score, _ in result.edits]


def edits_type() -> Any:
    """The Arrow type of the edits column."""
    pa = arrow.arrow()
    kinds = (pa.int64(), pa.int64(), pa.string(), pa.float64(), pa.string())
    return pa.list_(pa.struct([pa.field(name, kind) for name, kind in zip(EDIT_FIELDS, kinds, strict=True)]))
