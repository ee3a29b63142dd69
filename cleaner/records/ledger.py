"""The ledger: which rule removed which characters from which record, and the way back.

The first line tells the settings of the run. Each following line belongs to one changed record, in the order of the
output: `line` (its number in the output), `id`, `at` (its place in the input) and `edits`, each as `[start, end, rule,
score, removed text]` with offsets in code points of the original text. More keys where the way back needs them:
`ascii` (the original text was written with escapes for all beyond ASCII), `raw` (the original JSON of the text, where
writing it again would give other bytes), `was` (what stood in the text field of a record that was cleaned from its
HTML; null for no field), `noted` (the same for the key `cleaner`, where the page's metadata went), and for a dropped
record `dropped` (the reason) and `record` (the whole line).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from cleaner.edits import Edit, restore
from cleaner.errors import RecordError
from cleaner.records.fields import getter, resolve
from cleaner.records.json_bytes import dumps, encode, locate, parse, put, remove, splice

VERSION: Final = 1
NOTES: Final = "cleaner"
"""The one key under which anything is ever added to a record."""


def header(settings: Mapping[str, Any]) -> bytes:
    """The first line of a ledger."""
    return dumps({"ledger": VERSION, **settings}) + b"\n"


def body(
    record_id: object, place: str, edits: Iterable[Edit], source: str, extra: Mapping[str, object] | None = None
) -> bytes:
    """A ledger line without its beginning: the number in the output is not known where records are cleaned."""
    listed = [[start, end, rule, round(score, 4), source[start:end]] for start, end, rule, score, _ in edits]
    return dumps({"id": record_id, "at": place, "edits": listed, **(extra or {})})[1:]


def numbered(number: int, line_body: bytes) -> bytes:
    """The whole ledger line of the record that is (or, if dropped, would be) line `number` of the output."""
    return b'{"line":%d,%b\n' % (number, line_body)


def spelling(raw: bytes, text: str) -> dict[str, object]:
    """What has to be noted so that `text` can be written as the very bytes `raw` again."""
    if encode(text) == raw:
        return {}
    if encode(text, ascii_only=True) == raw:
        return {"ascii": True}
    return {"raw": raw.decode()}


def read_header(line: bytes, source: str) -> dict[str, Any]:
    """The settings in the first line of a ledger; `RecordError` where it is none of ours."""
    try:
        settings = parse(line)
    except RecordError as error:
        raise RecordError(f"{source}:1: {error}") from None
    if settings.get("ledger") != VERSION:
        raise RecordError(f"{source}:1: expected the header of a ledger of version {VERSION}")
    return settings


def restored(
    output: Iterable[bytes], ledger: Iterable[bytes], text_path: str, id_path: str = ""
) -> Iterator[bytes]:
    """The original lines from the lines of an output and of its ledger (without the header).

    With `id_path`, a record must have the id that its ledger line tells. `RecordError` names the first line of the
    output that does not fit its ledger line.
    """
    entries = (json.loads(line) for line in ledger)
    entry = next(entries, None)
    number = 0
    for number, line in enumerate(chain(output, (None,)), 1):
        while entry and "dropped" in entry and (entry["line"] == number or line is None):
            yield entry["record"].encode()
            entry = next(entries, None)
        if line is None:
            break
        if entry and entry["line"] == number:
            try:
                yield _restored_line(line, entry, text_path, id_path)
            except RecordError as error:
                raise RecordError(f"output line {number} (from {entry['at']}): {error}") from None
            entry = next(entries, None)
        else:
            yield line
    if entry:
        raise RecordError(f"the ledger goes on with line {entry['line']}, the output ends after {number - 1} lines")


def _restored_line(line: bytes, entry: Mapping[str, Any], text_path: str, id_path: str) -> bytes:
    record = parse(line)
    identity = getter(id_path)(record)
    if isinstance(identity, str | int) and identity != entry["id"]:
        raise RecordError(f"expected the record {entry['id']!r}, found {identity!r}; the ledger is of another run")
    if "was" in entry:
        if "noted" in entry:
            noted = entry["noted"]
            line = remove(line, NOTES) if noted is None else put(line, NOTES, noted.encode())
        if entry["was"] is None:
            return remove(line, text_path)
        span = locate(line, resolve(record, text_path) or (text_path,))
        return splice(line, span, entry["was"].encode()) if span else put(line, text_path, entry["was"].encode())
    keys = resolve(record, text_path)
    span = locate(line, keys) if keys else None
    if not span:
        raise RecordError(f"expected a field {text_path}")
    value: Any = record
    for key in keys or ():
        value = value[key]
    text = restore(value, edits_from(entry["edits"]))
    raw = entry["raw"].encode() if "raw" in entry else encode(text, ascii_only=entry.get("ascii", False))
    return splice(line, span, raw)


def edits_from(listed: Sequence[Sequence[Any]]) -> list[Edit]:
    """Edits as a ledger lists them."""
    return [Edit(*values) for values in listed]
