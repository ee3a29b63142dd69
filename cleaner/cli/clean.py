"""`cleaner clean`: the filter."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from cleaner.cli import BAD_RECORDS, DONE, config
from cleaner.cli.interrupts import Interrupts
from cleaner.errors import ConfigError
from cleaner.records.files import BATCH_BYTES, MAX_LINE, STDIN
from cleaner.records.outputs import STDOUT
from cleaner.records.stats import Stats

if TYPE_CHECKING:
    from cleaner import shards
    from cleaner.pipeline import Options
    from cleaner.records.fields import Fields
    from cleaner.stream import Plan, Source, Watch

_SHOWN_BAD: Final = 10
ENGINE: Final = (
    *("languages", "weights", "packs", "select", "ignore", "memory", "min_score"),
    *("format", "keep_comments", "keep_captions", "keep_tables", "keep_links"),
)
"""Options that are the engine's; those that are not set are left to its own defaults."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner clean`."""
    parser.add_argument("files", nargs="*", default=[STDIN], metavar="FILE", help="inputs (default and -: stdin)")
    _add_outputs(parser.add_argument_group("outputs"))
    _add_fields(parser.add_argument_group("fields (dotted paths)"))
    _add_rules(parser.add_argument_group("what is removed"))
    _add_running(parser.add_argument_group("running"))


def _add_outputs(group: Any) -> None:
    add = group.add_argument
    add("-o", "--output", default=STDOUT, metavar="OUT", help="output (default: stdout); .gz and .zst are compressed")
    add("--ledger", metavar="FILE", help="one line per changed record: what was removed, by which rule")
    add("--quarantine", metavar="FILE", help="what cannot be read or judged, with place and reason")
    add("--stats", metavar="FILE", help="counts of the run as JSON (-: on stderr)")
    add("--report", metavar="FILE", help="a page that shows what each rule removed, with samples")
    add("--meta", action="store_true", help="add what a page says of itself under the key `cleaner`")
    add("--annotate", action="store_true", help="leave texts alone and add the edits under the key `cleaner`")
    add("--drop-empty", action="store_true", help="drop records of which nothing is left")
    add("--drop-html", action="store_true", help="remove the HTML field of records that were cleaned from it")


def _add_fields(group: Any) -> None:
    add = group.add_argument
    add(
        "--schema",
        metavar="NAME",
        help="shape of the records: fineweb, dolma, datatrove, c4, dclm, oscar … (or guessed)",
    )
    for name, what in (
        ("text", "text"),
        ("html", "raw HTML, read where there is no text"),
        ("id", "identifier"),
        ("url", "address of the page"),
        ("lang", "language"),
        ("title", "title"),
    ):
        add(f"--{name}-field", metavar="PATH", help=what)


def _add_rules(group: Any) -> None:
    add = group.add_argument
    add("--select", type=names, metavar="IDS", help="only these packs or rules (comma-separated, prefixes)")
    add("--ignore", type=names, metavar="IDS", help="not these packs or rules")
    add("--languages", type=names, metavar="CODES", help="only the packs of these languages (default: all)")
    add("--packs", type=names, metavar="PATHS", help="more rule packs: files or folders")
    add("--memory", metavar="FILE", help="site memory, made by `cleaner learn`")
    add("--weights", metavar="FILE", help="weights of the votes (default: the shipped ones)")
    add("--min-score", type=float, metavar="S", help="certainty that an edit needs (0..1)")
    add_page_options(group)


def add_page_options(group: Any) -> None:
    """Declare how the text of pages is written."""
    add = group.add_argument
    add("--format", choices=("text", "markdown"), help="how a page's text is written (default: text)")
    add("--keep-comments", action="store_true", default=None, help="of pages, keep what readers wrote under the text")
    add("--keep-captions", action="store_true", default=None, help="of pages, keep the captions of figures")
    add("--keep-tables", action="store_true", default=None, help="of pages, keep all rows of tables")
    add("--keep-links", action="store_true", default=None, help="of pages, write the addresses of links (in Markdown)")


def _add_running(group: Any) -> None:
    add = group.add_argument
    add("-j", "--jobs", type=positive, default=cores(), metavar="N", help="worker processes (default: all cores)")
    add("--batch-chars", type=positive, default=BATCH_BYTES, metavar="N", help=f"size of a batch ({BATCH_BYTES})")
    add("--max-line", type=positive, default=MAX_LINE, metavar="BYTES", help="longer lines pass unjudged (1 GiB)")
    add("--max-bad", type=count, metavar="N", help="exit with 1 beyond so many bad records (default: no limit)")
    add("--strict", action="store_true", help="the same as --max-bad 0")
    add("--progress", action=argparse.BooleanOptionalAction, help="a bar on stderr (default: on a terminal)")
    add("--show-config", action="store_true", help="print the merged settings as TOML and stop")
    add("-q", "--quiet", action="store_true", help="no messages but errors")
    add("-v", "--verbose", action="store_true", help="tell every bad record, and the counts")


def names(value: str) -> tuple[str, ...]:
    """A comma-separated list."""
    return tuple(name for name in map(str.strip, value.split(",")) if name)


def positive(value: str) -> int:
    """A number of at least 1."""
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, found {value!r}")
    return int(value)


def count(value: str) -> int:
    """A number of at least 0."""
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, found {value!r}")
    return int(value)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(args: argparse.Namespace) -> int:
    """Clean the inputs; 1 where there are more bad records than allowed."""
    if args.show_config:
        parser = argparse.ArgumentParser(add_help=False)
        add_arguments(parser)
        sys.stdout.write(config.show(args, config.settings_of(parser)))
        return DONE
    gc.disable()  # nearly all that a start makes stays; `_stream` turns it on again
    try:
        stats = _clean(args)
    finally:
        gc.enable()
    _summary(args, stats)
    allowed = 0 if args.strict else args.max_bad
    return BAD_RECORDS if allowed is not None and stats.bad > allowed else DONE


def _clean(args: argparse.Namespace) -> Stats:
    options = _options(args)
    plan, source = _plan_and_source(args)
    with Interrupts() as interrupts:
        fields = _fields(args, source)
        with _watch(args, plan, source, interrupts) as watch:
            return _stream(args, plan, options, fields, source, watch)


def _plan_and_source(args: argparse.Namespace) -> tuple[Plan, Source] | tuple[shards.Plan, shards.Source]:
    """What is read and written: Parquet to Parquet, or lines to lines."""
    from cleaner.records.parquet import wants_parquet

    if wants_parquet(args.files, args.output):
        from cleaner import shards
        from cleaner.cli.parquet import shard_plan

        if args.report or args.meta:
            raise ConfigError("--report and --meta are for JSON lines: expected no Parquet with them")
        parquet = shard_plan(args)
        parquet.check()
        return parquet, shards.Source(parquet)
    from cleaner.stream import Source

    plan = _plan(args)
    plan.check()
    return plan, Source(plan)


def _stream(
    args: argparse.Namespace,
    plan: Plan | shards.Plan,
    options: Options,
    fields: Fields,
    source: Source | shards.Source,
    watch: Watch,
) -> Stats:
    from cleaner import Cleaner, stream
    from cleaner.pipeline import BatchCleaner
    from cleaner.records.workers import reuse_memory, spare_collector

    given = {name: getattr(args, name) for name in ENGINE if getattr(args, name) is not None}
    engine = Cleaner(**given)
    header = {
        "digest": engine.digest,
        "settings": engine.settings(),
        "fields": asdict(fields),
        "options": asdict(options),
    }
    spare_collector()  # the rules stay
    reuse_memory()
    if not isinstance(plan, stream.Plan):
        from cleaner.cli.parquet import clean_shards

        return clean_shards(plan, engine, fields, options, header, watch)
    assert isinstance(source, stream.Source)  # noqa: S101 - they were made together
    work = BatchCleaner(engine, fields, options)
    if not plan.report:
        return stream.run(plan, work, source=source, header=header, watch=watch)
    from cleaner.report.collect import Collector
    from cleaner.report.page import write

    collector, start = Collector(), time.monotonic()
    stats = stream.run(plan, work, source=source, header=header, watch=replace(watch, seen=collector.merge))
    about = ", ".join(plan.inputs)
    write(collector, plan.report, about=about, rules=engine.rules, seconds=time.monotonic() - start)
    return stats


def _plan(args: argparse.Namespace) -> Plan:
    from cleaner.stream import Plan

    return Plan(
        inputs=tuple(args.files),
        output=args.output,
        ledger=args.ledger or "",
        quarantine=args.quarantine or "",
        stats=args.stats or "",
        report=args.report or "",
        jobs=args.jobs,
        batch_bytes=args.batch_chars,
        max_line=max(args.max_line, 16),
    )


def _options(args: argparse.Namespace) -> Options:
    from cleaner.pipeline import Options

    if args.annotate and (args.drop_empty or args.drop_html or args.meta):
        raise ConfigError("--annotate leaves records alone: expected no --drop-empty, --drop-html or --meta with it")
    if args.report == STDOUT:
        raise ConfigError("--report: expected the name of a file, found -")
    return Options(
        annotate=args.annotate,
        ledger=bool(args.ledger),
        drop_empty=args.drop_empty,
        drop_html=args.drop_html,
        meta=args.meta,
        report=bool(args.report),
    )


def _fields(args: argparse.Namespace, source: Source | shards.Source) -> Fields:
    """The fields: a preset or a guess, and what the options say on top of it."""
    from cleaner.records.fields import Fields, override, preset, shape_name

    paths = {name: getattr(args, f"{name}_field") for name in ("text", "html", "id", "url", "lang", "title")}
    if args.schema:
        return override(preset(args.schema), **paths)
    found = source.first_fields()
    named = paths["text"] or paths["html"]
    if found is None and source.first_keys and not named:
        keys = ", ".join(source.first_keys[:20])
        raise ConfigError(f"no field with a text found; expected --text-field or --html-field, one of: {keys}")
    base = found or Fields()
    if named:
        base = override(base, text=paths["text"] or "text", html=paths["html"] or "")
    fields = override(base, **paths)
    if not args.quiet and found:
        name = shape_name(fields)
        print(f"cleaner: fields guessed{name and f' ({name})'}: {fields.described()}", file=sys.stderr)
    return fields


@contextmanager
def _watch(
    args: argparse.Namespace, plan: Plan | shards.Plan, source: Source | shards.Source, interrupts: Interrupts
) -> Iterator[Watch]:
    from cleaner.stream import Watch

    shown = 0

    def bad(lines: bytes) -> None:
        nonlocal shown
        for line in lines.splitlines() if not args.quiet else ():
            shown += 1
            if args.verbose or shown <= _SHOWN_BAD:
                entry = json.loads(line)
                print(f"cleaner: {entry['file']}:{entry['line']}: {entry['reason']}", file=sys.stderr)
            elif shown == _SHOWN_BAD + 1:
                print("cleaner: more bad records follow (-v tells all)", file=sys.stderr)

    def resumed(stats: Stats) -> None:
        if not args.quiet:
            print(f"cleaner: going on after {stats.records} records of an earlier run", file=sys.stderr)

    wanted = sys.stderr.isatty() and not args.quiet if args.progress is None else args.progress
    if not wanted:
        yield Watch(resumed=resumed, bad=bad, guard=interrupts.guard)
        return
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # its thread would be there when workers are forked
    known = source.size if plan.resumable or STDIN not in plan.inputs else None
    with tqdm(total=known, unit="B", unit_scale=True, file=sys.stderr, leave=False) as bar:

        def progress(position: int, stats: Stats) -> None:
            if known:
                bar.update(position - bar.n)
                bar.set_postfix(records=stats.records, refresh=False)
            else:
                bar.unit = "records"
                bar.update(stats.records - bar.n)

        yield Watch(resumed=resumed, progress=progress, bad=bad, guard=interrupts.guard)


def _summary(args: argparse.Namespace, stats: Stats) -> None:
    if stats.no_text and stats.no_text == stats.records - stats.quarantined and not args.quiet:
        looked = args.text_field or args.html_field or args.schema
        found = f" where it was looked for ({looked})" if looked else ""
        print(f"cleaner: no record has a text{found}; --text-field says where it is", file=sys.stderr)
    if args.quiet or not (args.verbose or stats.bad or sys.stderr.isatty()):
        return
    share = 1 - stats.chars_out / stats.chars_in if stats.chars_in else 0.0
    parts = [f"{stats.records} records", f"{stats.changed} changed", f"{share:.1%} of the characters removed"]
    for name in ("dropped", "no_text", "quarantined", "passed"):
        if count := getattr(stats, name):
            parts.append(f"{count} {name.replace('_', ' ')}")
    print(f"cleaner: {', '.join(parts)}", file=sys.stderr)
    if stats.quarantined and not args.quarantine:
        print("cleaner: --quarantine FILE keeps the lines that could not be read", file=sys.stderr)
