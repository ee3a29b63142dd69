"""Labelling by hand: a page served to the browser of this machine only, and files of labelled data written by it.

The server listens on 127.0.0.1, on a port that the system chooses. Requests need the token that is in the address that
was opened, so that other pages in the same browser can neither read nor write labels.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any, Final

from cleaner.bench.cases import write_case
from cleaner.bench.labelled import Info, LabelledText
from cleaner.bench.score import Spans
from cleaner.errors import DataError

MARKS: Final = " -~123456789"
"""What a line can be marked with, as in mini-diffs: stays, goes, either, copies of which one stays."""
_LABEL_OF: Final = {"keep": " ", "mixed": " ", "drop": "-", "dup": "-", "title": "~", "either": "~", "blank": ""}
_LARGEST: Final = 64 << 20


@dataclass(slots=True)
class Sheet:
    """One document in work: its lines, a mark per line (empty for blank lines), and whether a person has saved it."""

    info: Info
    lines: list[str]
    marks: list[str]
    done: bool = False


def sheet_of(item: LabelledText, removed: Spans | None = None) -> Sheet:
    """A document to label; `removed` (ranges of its text) suggests what goes, instead of the labels it has."""
    lines = item.text.split("\n")
    marks = [_LABEL_OF[label] for label in item.labels]
    for number, (members, stay) in enumerate(item.groups[:9], 1):
        for member in members if stay == 1 else ():
            marks[member] = str(number)
    if removed is not None:
        marks = []
        start = 0
        for line in lines:
            end = start + len(line)
            gone = any(a <= start and end <= b for a, b, *_ in removed)
            marks.append("" if not line.strip() else "-" if gone else " ")
            start = end + 1
    return Sheet(item.info, lines, marks)


class Desk:
    """The documents in work, and where they are saved: a `.jsonl` file, or a folder of `.diff` files."""

    def __init__(self, sheets: Sequence[Sheet], output: Path) -> None:
        """Nothing is written before the first document is saved."""
        self.sheets, self.output = list(sheets), output
        self._lock = Lock()

    def save(self, number: int, marks: Sequence[str]) -> None:
        """Take over the marks of a document and write it; `DataError` where they do not fit its lines."""
        if not 0 <= number < len(self.sheets):
            raise DataError(f"document {number}: expected a number below {len(self.sheets)}")
        sheet = self.sheets[number]
        if len(marks) != len(sheet.lines):
            raise DataError(f"document {sheet.info.id!r}: expected {len(sheet.lines)} marks, got {len(marks)}")
        for line, mark in zip(sheet.lines, marks, strict=True):
            if line.strip() and (not isinstance(mark, str) or len(mark) != 1 or mark not in MARKS):
                raise DataError(f"document {sheet.info.id!r}: expected one of {MARKS!r} as a mark, got {mark!r}")
        with self._lock:
            sheet.marks = [mark if line.strip() else "" for line, mark in zip(sheet.lines, marks, strict=True)]
            sheet.done = True
            self._write(sheet)

    def _write(self, sheet: Sheet) -> None:
        if self.output.name.endswith(".jsonl"):
            text = "".join(json.dumps(as_record(one), ensure_ascii=False) + "\n" for one in self.sheets if one.done)
            _write_whole(self.output, text)
            return
        self.output.mkdir(parents=True, exist_ok=True)
        info = {
            key: value for key, value in asdict(sheet.info).items() if key in ("url", "lang", "kind", "title") and value
        }
        meta = {"url": "", "lang": "", **info}
        name = "".join(char if char.isalnum() or char in "-_." else "-" for char in sheet.info.id)[:120]
        text = write_case(meta, list(zip(sheet.marks, sheet.lines, strict=True)))
        _write_whole(self.output / f"{name.strip('.') or 'document'}.diff", text)


def as_record(sheet: Sheet) -> dict[str, Any]:
    """A labelled document as a record of `docs/data.md`; of copies the first counts as kept."""
    seen: set[str] = set()
    lines = []
    for text, mark in zip(sheet.lines, sheet.marks, strict=True):
        label = {" ": "keep", "-": "drop", "~": "either", "": "blank"}.get(mark) or ("dup" if mark in seen else "keep")
        seen.add(mark)
        lines.append({"t": text, "y": label})
    info = {key: value for key, value in asdict(sheet.info).items() if key != "place" and value}
    return {**info, "lines": lines}


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8", suffix=".part") as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def serve(desk: Desk, *, port: int = 0) -> tuple[ThreadingHTTPServer, str]:
    """A server for a desk, not yet running, and the address to open."""
    token = secrets.token_urlsafe(16)
    page = files("cleaner.bench").joinpath("label.html").read_text(encoding="utf-8").encode()

    class Handler(_Handler):
        pass

    Handler.desk, Handler.token, Handler.page = desk, token, page
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server, f"http://127.0.0.1:{server.server_address[1]}/{token}/"


class _Handler(BaseHTTPRequestHandler):
    """GET the page, the list of documents and a document; POST the marks of a document."""

    desk: Desk
    token: str
    page: bytes

    def do_GET(self) -> None:
        """Page, list or document."""
        path = self._path()
        if path is None:
            return self._refuse(HTTPStatus.NOT_FOUND, "expected the address that was printed at the start")
        if path == "":
            return self._answer(self.page, "text/html; charset=utf-8")
        if path == "docs":
            docs = [{"id": sheet.info.id, "done": sheet.done} for sheet in self.desk.sheets]
            return self._json(docs)
        number = path.removeprefix("docs/")
        if number.isdecimal() and int(number) < len(self.desk.sheets):
            sheet = self.desk.sheets[int(number)]
            return self._json(
                {"info": asdict(sheet.info), "lines": sheet.lines, "marks": sheet.marks, "done": sheet.done}
            )
        return self._refuse(HTTPStatus.NOT_FOUND, "expected '', 'docs' or 'docs/NUMBER'")

    def do_POST(self) -> None:
        """Save a document."""
        path = self._path()
        size = int(self.headers.get("Content-Length") or 0)
        if path is None or not path.startswith("docs/") or not path[5:].isdecimal() or not 0 < size <= _LARGEST:
            return self._refuse(HTTPStatus.NOT_FOUND, "expected marks for 'docs/NUMBER'")
        try:
            marks = json.loads(self.rfile.read(size))
            if not isinstance(marks, list):
                raise DataError(f"expected a list of marks, got {type(marks).__name__}")
            self.desk.save(int(path[5:]), marks)
        except (ValueError, DataError, OSError) as error:
            return self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        return self._json({"saved": True})

    def _path(self) -> str | None:
        """What is asked for; nothing for a stranger: another host's page, or one who does not know the token."""
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        parts = self.path.split("/", 2)
        if host not in ("127.0.0.1", "localhost") or len(parts) < 3 or not secrets.compare_digest(parts[1], self.token):
            return None
        return parts[2]

    def _json(self, data: object) -> None:
        self._answer(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"), "application/json")

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._answer(json.dumps({"error": reason}).encode(), "application/json", status)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the base class
        """Requests are not told on the terminal."""
