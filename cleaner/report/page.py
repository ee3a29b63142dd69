"""Writes the report: one HTML file that loads nothing, opens from disk, and works on a phone."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from cleaner.errors import ConfigError
from cleaner.packs.schema import Rule
from cleaner.records.outputs import write_whole
from cleaner.report.collect import Collector, GroupCount, Piece

BYTES: Final = 4_000_000
"""Samples are left out, the last of every rule first, until all of them fit into this."""

_PLAIN_COLUMNS: Final = (
    ("id", "Rule", "word", False, "Language, pack and rule"),
    ("cls", "Class", "word", False, "What kind of thing it removes"),
    ("chars", "Characters", "whole", True, "Characters removed under its name"),
    ("edits", "Edits", "whole", True, "Removals under its name"),
    ("records", "Records", "whole", True, "Records with such a removal"),
    ("score", "Certainty", "share", False, "Mean certainty of its removals"),
)
_LABELLED_COLUMNS: Final = (
    ("id", "Rule", "word", False, "Language, pack and rule"),
    ("verdict", "Judgement", "word", False, "What the figures say of it"),
    ("cls", "Class", "word", False, "What kind of thing it removes"),
    ("worth", "Worth", "signed", True, "Points of word F1 that the whole loses without it"),
    ("hits", "Lines", "whole", True, "Lines on which it has a vote"),
    ("precision", "Precision", "share", False, "Share of these lines that must go"),
    ("recall", "Recall", "share", False, "Share of all lines that must go on which it has a vote"),
    ("removed", "Removed", "whole", True, "Characters removed under its name"),
    ("removed_precision", "of them right", "share", False, "Share of these characters that must go"),
    ("only", "Only it", "whole", True, "Characters that stay without it"),
    ("overlap", "Overlap", "share", False, "Share of its lines that other rules hit too"),
    ("sites", "Sites", "whole", False, "Sites on which it hits"),
    ("cost", "µs/M", "whole", True, "Microseconds per million characters"),
)

_WARM: Final = 1.0
"""Seconds below which a run says nothing about speed: the first batch takes what no other does."""


def write(
    collector: Collector,
    path: str | os.PathLike[str],
    *,
    title: str = "cleaner report",
    about: str = "",
    rules: Sequence[Rule] = (),
    settings: Mapping[str, Any] | None = None,
    seconds: float | None = None,
    table: Any = None,
    comparison: Any = None,
) -> int:
    """Write the report of `collector` to `path`, aside and then renamed; give its size in bytes.

    `rules` lend their class and reason; `seconds` is what the run took; `table` (`cleaner.bench.table.Table`) adds what
    labels say, `comparison` (`cleaner.bench.compare.Comparison`) two cleaners side by side. `ConfigError` where the
    file cannot be written.
    """
    data = page_data(
        collector, about=about, rules=rules, settings=settings, seconds=seconds, table=table, comparison=comparison
    )
    text = render(title, data)
    _write_whole(path, text)
    return len(text.encode("utf-8"))


def render(title: str, data: Mapping[str, Any]) -> str:
    """The page of `data`."""
    folder = files("cleaner.report")
    page = folder.joinpath("page.html").read_text(encoding="utf-8")
    # A lone surrogate cannot be written; "<" could end the script element that holds the data.
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode("utf-8")
    parts = {
        "title": html.escape(title),
        "style": folder.joinpath("page.css").read_text(encoding="utf-8"),
        "script": folder.joinpath("page.js").read_text(encoding="utf-8"),
        "data": written.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
    }
    pieces = page.split("@")
    return "".join(parts.get(piece, "@" + piece) if number % 2 else piece for number, piece in enumerate(pieces))


def page_data(
    collector: Collector, *, about: str, rules: Sequence[Rule], settings: Mapping[str, Any] | None, seconds: float | None,
    table: Any, comparison: Any,
) -> dict[str, Any]:  # fmt: skip
    """Everything the page shows, as plain data."""
    names: dict[str, int] = {}
    known = {rule.id: rule for rule in rules}
    if table is None:
        entries = [_plain_row(name, count, known.get(name)) for name, count in sorted(collector.rules.items())]
    else:
        entries = [_labelled_row(row, collector) for row in table.rules]
    return {
        "about": about or _about(settings),
        "labelled": table is not None,
        "columns": _PLAIN_COLUMNS if table is None else _LABELLED_COLUMNS,
        "sort": "chars" if table is None else "worth",
        "totals": _shown_totals(collector, seconds, table, comparison),
        "tables": _tables(collector) if table is None else _labelled_tables(table),
        "rules": entries,
        "verdicts": _verdicts() if table is not None else {},
        "samples": _samples(collector, names),
        "compare": _compare(comparison, names) if comparison is not None else None,
        "names": list(names),
    }


def _verdicts() -> dict[str, str]:
    return {
        "harms": "The whole is better without it, or most of what it removes must stay",
        "silent": "It hits nothing in this data",
        "repeats": "Whatever it hits, other rules hit too",
        "useful": "The whole is worse without it, beyond doubt",
    }


def _about(settings: Mapping[str, Any] | None) -> str:
    shown = {name: value for name, value in (settings or {}).items() if value not in (None, (), [], "", False)}
    return ", ".join(f"{name} {value}" for name, value in shown.items())


def _plain_row(name: str, count: Any, rule: Rule | None) -> dict[str, Any]:
    score = sum((step + 0.5) * edits for step, edits in enumerate(count.scores)) / max(10 * count.edits, 1)
    return {
        "id": name,
        "language": name.partition(".")[0],
        "cls": rule.cls if rule else "",
        "why": rule.why if rule else "",
        "strength": rule.strength if rule else "",
        "kind": rule.kind if rule else "",
        "chars": count.chars,
        "edits": count.edits,
        "records": count.records,
        "score": round(score, 3),
    }


def _labelled_row(row: Any, collector: Collector) -> dict[str, Any]:
    gain = row.worth["gain"]
    entry: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("id", "language", "cls", "why", "strength", "kind", "verdict", "hits", "removed", "only", "sites",
                     "partner")
    }  # fmt: skip
    for name in ("precision", "recall", "removed_precision", "overlap", "cost"):
        value = getattr(row, name)
        entry[name] = None if value is None else round(value, 4)
    entry["worth"], entry["low"], entry["high"] = (round(value, 6) for value in gain)
    if row.hits or row.removed:
        entry["false"] = [list(one) for one in row.false]
        entry["groups"] = {
            what: [[name, *counts] for name, counts in of.items()] for what, of in row.groups.items() if of
        }
    return entry


def _shown_totals(collector: Collector, seconds: float | None, table: Any, comparison: Any) -> list[list[str]]:
    if table is not None:
        return _labelled_totals(collector, table)
    if comparison is not None:
        better, worse, same = comparison.counts
        return [
            ["Documents", f"{better + worse + same:,}", "cleaned by both"],
            ["Better", f"{better:,}", f"with {comparison.names[1]}"],
            ["Worse", f"{worse:,}", f"with {comparison.names[1]}"],
            ["Alike", f"{same:,}", ""],
        ]
    return _totals(collector, seconds)


def _totals(collector: Collector, seconds: float | None) -> list[list[str]]:
    total = collector.total
    speed = []
    if seconds and seconds > _WARM:
        speed = [["Speed", f"{total.chars / seconds / 1e6:.2f} M", "characters per second"]]
    return [
        ["Records", f"{total.records:,}", f"{total.changed:,} changed"],
        ["Characters", f"{total.chars:,}", "read"],
        ["Removed", f"{total.removed / max(total.chars, 1):.1%}", f"{total.removed:,} characters"],
        [
            "Rules at work",
            f"{len(collector.rules):,}",
            f"{sum(rule.edits for rule in collector.rules.values()):,} edits",
        ],
        *speed,
    ]


def _with_interval(summary: Any, name: str, *, sign: bool = False) -> list[str]:
    value = summary.figures[name]
    low, high = summary.intervals.get(name, (value, value))
    return [f"{value:+.4f}" if sign else f"{value:.3f}", f"{low:.4f} … {high:.4f}"]


def _labelled_totals(collector: Collector, table: Any) -> list[list[str]]:
    total = table.total
    counts = {
        verdict: sum(row.verdict == verdict for row in table.rules)
        for verdict in ("useful", "harms", "repeats", "silent")
    }
    return [
        ["Documents", f"{total.docs:,}", f"of {total.sites:,} sites"],
        ["Boilerplate removed", *_with_interval(total, "removed")],
        ["Body kept", *_with_interval(total, "kept")],
        ["Gain in word F1", *_with_interval(total, "gain", sign=True)],
        ["Harmed documents", *_with_interval(total, "harmed")],
        ["Rules", f"{len(table.rules):,}", ", ".join(f"{count} {verdict}" for verdict, count in counts.items())],
        ["Speed", f"{table.chars_per_second / 1e6:.2f} M", "characters per second and core"],
    ]


def _tables(collector: Collector) -> list[dict[str, Any]]:
    out = []
    for what, title in (("lang", "Languages"), ("kind", "Kinds of page")):
        found = {name: count for (group, name), count in collector.groups.items() if group == what}
        rows = [
            _group_row(name, count) for name, count in sorted(found.items(), key=lambda one: (-one[1].records, one[0]))
        ]
        if rows:
            out.append({"title": title, "headings": ["", "records", "changed", "removed"], "rows": rows[:60]})
    return out


def _group_row(name: str, count: GroupCount) -> list[str]:
    return [name, f"{count.records:,}", f"{count.changed:,}", f"{count.removed / max(count.chars, 1):.1%}"]


def _labelled_tables(table: Any) -> list[dict[str, Any]]:
    titles = {"lang": "Languages", "kind": "Kinds of page", "extractor": "Extractors", "site": "Sites"}
    headings = ["", "docs", "removed", "kept", "gain", "interval", "harmed"]
    out = []
    for what, title in titles.items():
        rows = []
        for name, one in sorted(table.groups.get(what, {}).items(), key=lambda entry: (-entry[1].docs, entry[0]))[:40]:
            figures = one.figures
            low, high = one.intervals["gain"]
            shown = [f"{figures[key]:.3f}" for key in ("removed", "kept")]
            rows.append(
                [
                    name,
                    f"{one.docs:,}",
                    *shown,
                    f"{figures['gain']:+.4f}",
                    f"{low:.4f} … {high:.4f}",
                    f"{figures['harmed']:.3f}",
                ]
            )
        if rows:
            out.append({"title": title, "headings": headings, "rows": rows})
    return out


def _samples(collector: Collector, names: dict[str, int]) -> dict[str, list[Any]]:
    """The samples of all rules, as many of each as fit."""
    out: dict[str, list[Any]] = {}
    room = BYTES
    for turn in range(collector.samples):
        for name, count in sorted(collector.rules.items()):
            if turn >= len(count.samples):
                continue
            sample = count.samples[turn]
            entry = [sample.record, pieces_as_data(sample.pieces, names)]
            size = len(json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace"))
            if size <= room:
                room -= size
                out.setdefault(name, []).append(entry)
    return out


def pieces_as_data(pieces: Sequence[Piece], names: dict[str, int]) -> list[list[Any]]:
    """Pieces as the page reads them: text, or text with the number of its rule, its certainty and whether it is wrong."""
    out: list[list[Any]] = []
    for piece in pieces:
        if piece.rule:
            out.append([piece.text, names.setdefault(piece.rule, len(names)), piece.score, int(piece.wrong)])
        else:
            out.append([piece.text])
    return out


def _compare(comparison: Any, names: dict[str, int]) -> dict[str, Any]:
    def docs(found: Sequence[Any]) -> list[list[Any]]:
        return [
            [doc.record, round(doc.change, 5), pieces_as_data(doc.one, names), pieces_as_data(doc.other, names)]
            for doc in found
        ]

    one, other = comparison.names
    return {
        "names": [one, other],
        "headings": ["", one, other, "difference", "95 % interval"],
        "rows": comparison.rows(),
        "better": docs(comparison.better),
        "worse": docs(comparison.worse),
    }


def _write_whole(path: str | os.PathLike[str], text: str) -> None:
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise ConfigError(f"{os.fspath(path)}: the report cannot be written: {error.strerror or error}") from error
