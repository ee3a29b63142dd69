"""Labelled data: texts with a label per line, pages with gold text or snippets; one reader for all files of it.

The shapes are described in `docs/data.md`. Whatever is wrong in a file raises `DataError`, which names the file, the
record, the field and what was expected.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cleaner.bench.cases import parse_case
from cleaner.errors import DataError, RecordError
from cleaner.records.files import Input, read_batches, split_lines
from cleaner.records.json_bytes import parse

LABELS: Final = ("keep", "drop", "dup", "mixed", "title", "either", "blank")
"""keep: belongs to the text; drop: does not; dup: a second copy of a kept line; mixed: both, `k` says which part
belongs; title: the page's title, and either: it does not matter; blank: nothing on the line."""
_SUFFIXES: Final = (".jsonl", ".jsonl.zst", ".jsonl.gz", ".diff", ".gold.txt")
_INFO: Final = ("url", "site", "lang", "kind", "title", "extractor")
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {"kind": ("ptype", "page_type"), "site": ("host",)}
_PROSE_CHARS: Final = 100
_STOPS: Final = tuple('.!?…。！？"”»')

Group = tuple[tuple[int, ...], int]
"""Lines that repeat each other, and how many of them stay; which of them it is does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """Where a labelled document comes from; what figures are grouped by."""

    id: str
    url: str = ""
    site: str = ""
    lang: str = ""
    kind: str = ""
    title: str = ""
    extractor: str = ""
    place: str = ""
    """File and number of the record, for messages."""


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text and a label for each of its lines (what stands between line feeds)."""

    info: Info
    text: str
    labels: tuple[str, ...]
    kept: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """Line -> ranges of it that belong to the text, for mixed lines."""
    groups: tuple[Group, ...] = ()
    gold: str | None = None
    """The text as it should be, where it is known apart from the labels."""

    def wanted_text(self) -> str:
        """The gold text: the one that came with the record, else the lines that stay."""
        if self.gold is not None:
            return self.gold
        spare = {line for lines, stay in self.groups for line in lines[stay:]}
        lines = self.text.split("\n")
        stays = [
            self.labels[n] in ("keep", "title", "either", "mixed", "dup") and n not in spare for n in range(len(lines))
        ]
        return "\n".join(line for line, stay in zip(lines, stays, strict=True) if stay)


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page, and its gold text and/or snippets that must (`wanted`) and must not (`unwanted`) be in the output."""

    info: Info
    html: str
    gold: str | None = None
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


Labelled = LabelledText | LabelledPage


def find_files(paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
    """The files of labelled data at `paths` (files, or folders of them), in a fixed order."""
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.name.endswith(_SUFFIXES))
            if not inside:
                raise DataError(f"{path}: expected labelled data in it ({', '.join(_SUFFIXES)}), found none")
            files += inside
        elif not path.is_file():
            raise DataError(f"{path}: no such file or folder of labelled data")
        elif path.name.endswith(_SUFFIXES):
            files.append(path)
        else:
            raise DataError(f"{path}: expected a file named {', '.join('*' + suffix for suffix in _SUFFIXES)}")
    return files


def read_labelled(paths: Sequence[str | os.PathLike[str]], *, whole_only: bool = True) -> Iterator[Labelled]:
    """All labelled texts and pages of `paths`; with `whole_only` without texts whose gold text looks cut short."""
    for file in find_files(paths):
        for item in _read_file(file):
            if not (whole_only and isinstance(item, LabelledText) and cut_short(item)):
                yield item


def read_texts(
    paths: Sequence[str | os.PathLike[str]], *, share: float = 1.0, whole_only: bool = True
) -> list[LabelledText]:
    """The labelled texts of `paths`; `share` < 1 takes a fixed sample of the pages."""
    found = read_labelled(paths, whole_only=whole_only)
    texts = [item for item in found if isinstance(item, LabelledText) and in_sample(item.info.id, share)]
    if not texts:
        raise DataError(f"{', '.join(map(str, paths))}: expected labelled texts (records with lines), found none")
    return texts


def read_any_text(paths: Sequence[str | os.PathLike[str]]) -> Iterator[LabelledText]:
    """All texts of `paths`, labelled or not; the lines of records that only have a `text` are labelled `either`.

    Plain files (`*.txt`) are texts too, each of a site of its own.
    """
    for path in map(Path, paths):
        plain = sorted(path.rglob("*.txt")) if path.is_dir() else [path] if path.suffix == ".txt" else []
        plain = [file for file in plain if not file.name.endswith(".gold.txt")]
        for file in plain:
            yield unlabelled(file.read_text(encoding="utf-8"), Info(id=file.stem, site=file.stem, place=str(file)))
        if plain and (not path.is_dir() or not any(file.name.endswith(_SUFFIXES) for file in path.rglob("*"))):
            continue
        for file in find_files([path]):
            if file.name.endswith(".gold.txt"):
                continue
            if file.name.endswith(".diff"):
                yield _read_case(file)
                continue
            for number, line in enumerate(_json_lines(file), 1):
                if line.strip():
                    yield from _any_text(_parse(line, f"{file}:{number}"), f"{file}:{number}")


def _any_text(record: Mapping[str, Any], place: str) -> Iterator[LabelledText]:
    if "lines" in record:
        yield _text_of(record, _info(record, place))
    elif isinstance(record.get("text"), str) and "html" not in record:
        info = _info({"id": place, **record}, place)
        yield unlabelled(record["text"], info)
    elif "html" not in record:
        raise DataError(f"{place}: expected a field 'text' or 'lines', found {', '.join(record) or 'none'}")


def unlabelled(text: str, info: Info) -> LabelledText:
    """A text of which nothing is known."""
    return LabelledText(info, text, tuple("either" if line.strip() else "blank" for line in text.split("\n")))


def read_pages(paths: Sequence[str | os.PathLike[str]], *, share: float = 1.0) -> list[LabelledPage]:
    """The labelled pages of `paths`."""
    return [item for item in read_labelled(paths) if isinstance(item, LabelledPage) and in_sample(item.info.id, share)]


def are_pages(paths: Sequence[str | os.PathLike[str]]) -> bool:
    """Whether `paths` hold labelled pages; `DataError` where they hold pages and texts, as each needs its own weights."""
    found = {file: isinstance(next(_read_file(file), None), LabelledPage) for file in find_files(paths)}
    if len(set(found.values())) > 1:
        text = next(file for file, pages in found.items() if not pages)
        raise DataError(f"{text}: expected labelled pages as in the other files, found texts")
    return any(found.values())


def in_sample(identity: str, share: float) -> bool:
    """Whether a page is in a sample of `share`; the same pages whatever else is in a file."""
    if share >= 1:
        return True
    import hashlib

    return int(hashlib.md5(identity.encode(), usedforsecurity=False).hexdigest(), 16) % 1000 < round(1000 * share)


def digest(paths: Sequence[str | os.PathLike[str]]) -> str:
    """A short hash of the content of all files of `paths`."""
    import hashlib

    total = hashlib.blake2b(digest_size=8)
    for file in find_files(paths):
        total.update(hashlib.blake2b(file.read_bytes()).digest())
        page = _page_of(file)
        if page is not None and page.is_file():
            total.update(hashlib.blake2b(page.read_bytes()).digest())
    return total.hexdigest()


def cut_short(item: LabelledText) -> bool:
    """Whether much prose is labelled drop right after kept prose: the gold text probably ends too early."""
    kept = sum(len(t) for t, y in zip(item.text.split("\n"), item.labels, strict=True) if y == "keep") or 1
    longest = run = 0
    after_kept = False
    for line, label in zip(item.text.split("\n"), item.labels, strict=True):
        if label == "blank":
            continue
        line = line.strip()
        prose = len(line) >= _PROSE_CHARS and line.endswith(_STOPS)
        if prose and label == "keep":
            after_kept, run = True, 0
        elif prose and label == "drop" and after_kept:
            run += len(line)
            longest = max(longest, run)
        else:
            after_kept, run = False, 0
    return longest > 0.3 * kept


def _read_file(file: Path) -> Iterator[Labelled]:
    if file.name.endswith(".diff"):
        yield _read_case(file)
    elif file.name.endswith(".gold.txt"):
        yield _read_pair(file)
    else:
        for number, line in enumerate(_json_lines(file), 1):
            if line.strip():
                yield read_record(_parse(line, f"{file}:{number}"), f"{file}:{number}")


def _json_lines(file: Path) -> Iterator[bytes]:
    try:
        with Input(str(file), 0) as stream:
            for batch in read_batches(stream):
                yield from split_lines(batch.data)
    except RecordError as error:
        raise DataError(str(error)) from error


def _parse(line: bytes, place: str) -> dict[str, Any]:
    try:
        return parse(line)
    except RecordError as error:
        raise DataError(f"{place}: expected a record in JSON: {error}") from error


def read_record(record: Mapping[str, Any], place: str) -> Labelled:
    """A labelled document from its record; `place` names file and record in errors."""
    info = _info(record, place)
    if "lines" in record:
        return _text_of(record, info)
    if isinstance(record.get("html"), str):
        return _page_record(record, info)
    raise DataError(f"{place}: record {info.id!r}: expected a field 'lines' (labelled lines) or 'html'")


def _info(record: Mapping[str, Any], place: str) -> Info:
    identity = record.get("id")
    if not isinstance(identity, str | int):
        raise DataError(f"{place}: field 'id': expected a string, got {identity!r}")
    found: dict[str, str] = {}
    for name in _INFO:
        value = next((record[key] for key in (name, *_ALIASES.get(name, ())) if record.get(key) is not None), "")
        if not isinstance(value, str):
            raise DataError(f"{place}: record {identity!r}: field {name!r}: expected a string, got {value!r}")
        found[name] = value
    found["site"] = found["site"] or urlsplit(found["url"]).hostname or str(identity)
    return Info(id=str(identity), place=place, **found)


def _text_of(record: Mapping[str, Any], info: Info) -> LabelledText:
    lines = record["lines"]
    place = f"{info.place}: record {info.id!r}"
    if not isinstance(lines, list):
        raise DataError(f"{place}: field 'lines': expected a list, got {type(lines).__name__}")
    texts, labels, kept = [], [], {}
    for number, line in enumerate(lines):
        where = f"{place}: lines[{number}]"
        if not isinstance(line, dict) or not isinstance(line.get("t"), str):
            raise DataError(f"{where}: expected an object with the line's text under 't', got {line!r:.80}")
        if "\n" in line["t"]:
            raise DataError(f"{where}: field 't': expected one line, found a line feed in it")
        if line.get("y") not in LABELS:
            raise DataError(f"{where}: field 'y': expected one of {', '.join(LABELS)}, got {line.get('y')!r}")
        if line["y"] == "mixed":
            kept[number] = _ranges(line, where)
        texts.append(line["t"])
        labels.append(line["y"] if line["t"].strip() else "blank")
    gold = record.get("gt", record.get("gold"))
    if gold is not None and not isinstance(gold, str):
        raise DataError(f"{place}: field 'gt': expected a string, got {gold!r:.80}")
    return LabelledText(info, "\n".join(texts), tuple(labels), kept, _equal_groups(texts, labels), gold)


def _ranges(line: Mapping[str, Any], where: str) -> tuple[tuple[int, int], ...]:
    found = line.get("k")
    try:
        ranges = tuple((int(start), int(end)) for start, end in found or ())
    except (TypeError, ValueError):
        ranges = ((-1, -1),)
    if found is None or any(not 0 <= start < end <= len(line["t"]) for start, end in ranges):
        expected = f"ranges [start, end] inside 0..{len(line['t'])} of what belongs to the text"
        raise DataError(f"{where}: field 'k': expected {expected} on a mixed line, got {found!r}")
    return ranges


def _equal_groups(texts: Sequence[str], labels: Sequence[str]) -> tuple[Group, ...]:
    """Equal lines of which some are kept and some are copies: it does not matter which copy stays."""
    same: dict[str, list[int]] = {}
    for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if label in ("keep", "dup"):
            same.setdefault(text.strip(), []).append(number)
    groups = []
    for lines in same.values():
        stay = sum(labels[number] == "keep" for number in lines)
        if 0 < stay < len(lines):
            groups.append((tuple(lines), stay))
    return tuple(groups)


def _read_case(file: Path) -> LabelledText:
    case = parse_case(file.read_text(encoding="utf-8"), str(file))
    meta = case.meta
    site = urlsplit(meta["url"]).hostname or ""
    info = Info(
        id=file.name.removesuffix(".diff"),
        url=meta["url"],
        # Cases of one hand share made-up hosts: their language tells them apart at least.
        site=site if site and not site.startswith(("example.", "www.example.")) else f"case-{meta['lang']}",
        lang=meta["lang"],
        kind=meta.get("kind", "").split(",")[0].strip(),
        title=meta.get("title", ""),
        extractor="case",
        place=str(file),
    )
    groups: dict[str, list[int]] = {}
    for number, (label, _) in enumerate(case.lines):
        if label.isdigit():
            groups.setdefault(label, []).append(number)
    names = {"-": "drop", " ": "keep", "~": "either", "": "blank"}
    labels = [names.get(label, "keep") for label, _ in case.lines]
    for lines in groups.values():
        for number in lines[1:]:
            labels[number] = "dup"
    text = "\n".join(text for _, text in case.lines)
    return LabelledText(info, text, tuple(labels), {}, tuple((tuple(lines), 1) for lines in groups.values()))


def _page_record(record: Mapping[str, Any], info: Info) -> LabelledPage:
    place = f"{info.place}: record {info.id!r}"
    gold = record.get("text")
    if gold is not None and not isinstance(gold, str):
        raise DataError(f"{place}: field 'text': expected the gold text, got {gold!r:.80}")
    snippets = {}
    for name, other in (("with", "wanted"), ("without", "unwanted")):
        value = record.get(name, record.get(other)) or []
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise DataError(f"{place}: field {name!r}: expected a list of strings, got {value!r:.80}")
        snippets[other] = tuple(value)
    if gold is None and not any(snippets.values()):
        raise DataError(f"{place}: expected a gold 'text' or snippets under 'with' or 'without', found neither")
    return LabelledPage(info, record["html"], gold, **snippets)


def _page_of(file: Path) -> Path | None:
    return file.with_name(file.name.removesuffix(".gold.txt") + ".html") if file.name.endswith(".gold.txt") else None


def _read_pair(file: Path) -> LabelledPage:
    """`page.html` beside `page.gold.txt`: headers, a blank line, then the gold text; see `docs/data.md`."""
    page = file.with_name(file.name.removesuffix(".gold.txt") + ".html")
    if not page.is_file():
        raise DataError(f"{file}: expected the page it belongs to in {page.name}, found no such file")
    head, _, gold = file.read_text(encoding="utf-8").partition("\n\n")
    record: dict[str, Any] = {"id": page.name.removesuffix(".html"), "with": [], "without": []}
    for number, row in enumerate(head.split("\n"), 1):
        key, colon, value = row.removeprefix("# ").partition(": ")
        if not row.startswith("# ") or not colon:
            raise DataError(f"{file}:{number}: expected a header '# key: value', got {row!r}")
        if key in ("with", "without"):
            record[key].append(value)
        elif key in _INFO:
            record[key] = value
        elif key != "notes":
            raise DataError(
                f"{file}:{number}: header {key!r}: expected one of {', '.join((*_INFO, 'with, without, notes'))}"
            )
    record["text"] = gold.rstrip("\n")
    record["html"] = page.read_text(encoding="utf-8")
    return _page_record(record, _info(record, str(file)))
