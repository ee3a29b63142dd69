"""`cleaner dedup`: what repeats across documents."""

from __future__ import annotations

import argparse
import gc
import sys
from typing import TYPE_CHECKING, Any

from cleaner.cli import BAD_RECORDS, DONE
from cleaner.cli.clean import cores, positive
from cleaner.cli.interrupts import Interrupts
from cleaner.errors import ConfigError
from cleaner.records.files import STDIN
from cleaner.records.outputs import STDOUT

if TYPE_CHECKING:
    from cleaner.dedup.documents import Summary, Watch
    from cleaner.dedup.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner dedup`."""
    parser.add_argument("files", nargs="*", default=[STDIN], metavar="FILE", help="inputs (default and -: stdin)")
    _add_outputs(parser.add_argument_group("outputs"))
    _add_similarity(parser.add_argument_group("what is a repeat"))
    _add_fields(parser.add_argument_group("fields (dotted paths)"))
    _add_running(parser.add_argument_group("running"))


def _add_outputs(group: Any) -> None:
    add = group.add_argument
    add("-o", "--output", default=STDOUT, metavar="OUT", help="output (default: stdout); .gz and .zst are compressed")
    add("--removed", metavar="FILE", help="one row per removed document: id, kept, similarity")
    add("--clusters", metavar="FILE", help="one row per cluster: kept, size, others")
    add("--ledger", metavar="FILE", help="with --level paragraph: which paragraphs were cut, and the way back")
    add("--quarantine", metavar="FILE", help="lines that cannot be read, with place and reason")
    add("--annotate", action="store_true", help="remove nothing; say it under the key `cleaner`")


def _add_similarity(group: Any) -> None:
    add = group.add_argument
    add("--level", choices=("document", "paragraph"), default="document", help="what is compared (document)")
    add_settings(group)
    add("--keep", choices=("first", "longest", "best"), default="first", help="which one of a cluster stays (first)")
    add("--score-field", default="", metavar="PATH", help="with --keep best: the highest number in this field stays")
    add("--max-documents", type=positive, metavar="K", help="paragraphs in more documents are cut from later ones (3)")
    add("--min-words", type=positive, metavar="N", help="shorter paragraphs count only where they are equal (20)")


def add_settings(group: Any, *, set_by_default: bool = True) -> None:
    """The options that say how similarity is measured; not set by default, they are None where they are not given."""
    add = group.add_argument
    threshold, ngram, unit = (0.8, 5, "auto") if set_by_default else (None, None, None)
    add("--threshold", type=float, default=threshold, metavar="T", help="Jaccard index of shingle sets (0.8)")
    add("--ngram", type=positive, default=ngram, metavar="N", help="words in a shingle (5)")
    add(
        "--unit",
        choices=("auto", "word", "char"),
        default=unit,
        help="what a shingle is made of; auto: words, and characters in scripts without spaces",
    )


def _add_fields(group: Any) -> None:
    add = group.add_argument
    add("--text-field", default="text", metavar="PATH", help="text (text)")
    add("--id-field", default="id", metavar="PATH", help="identifier (id)")


def _add_running(group: Any) -> None:
    add = group.add_argument
    add("-j", "--jobs", type=positive, default=cores(), metavar="N", help="worker processes (default: all cores)")
    add("--work", default="", metavar="DIR", help="folder for what is under way (OUT.work); a rerun goes on from it")
    add("--max-bad", type=int, metavar="N", help="exit with 1 beyond so many bad lines (default: no limit)")
    add("--strict", action="store_true", help="the same as --max-bad 0")
    add("--progress", action=argparse.BooleanOptionalAction, help="progress on stderr (default: on a terminal)")
    add("-q", "--quiet", action="store_true", help="no messages but errors")


def run(args: argparse.Namespace) -> int:
    """Find repeats; 1 where there are more bad lines than allowed."""
    _check(args)
    gc.disable()  # nearly all that a start makes stays
    try:
        with Interrupts() as interrupts:
            bad = _paragraphs(args, interrupts) if args.level == "paragraph" else _documents(args)
    finally:
        gc.enable()
    allowed = 0 if args.strict else args.max_bad
    return BAD_RECORDS if allowed is not None and bad > allowed else DONE


def _check(args: argparse.Namespace) -> None:
    paragraph = args.level == "paragraph"
    wrong = ("removed", "clusters", "score_field") if paragraph else ("ledger", "max_documents", "min_words")
    for name in wrong:
        if getattr(args, name):
            raise ConfigError(f"--{name.replace('_', '-')}: not with --level {args.level}")


def settings(args: argparse.Namespace) -> Settings:
    """How similarity is measured."""
    from cleaner.dedup.settings import Settings

    given = {name: getattr(args, name) for name in ("threshold", "ngram", "unit")}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def _documents(args: argparse.Namespace) -> int:
    from cleaner.dedup.documents import DocumentRun, Files
    from cleaner.dedup.reading import Reading
    from cleaner.records.parquet import plan_shards, wants_parquet
    from cleaner.records.workers import reuse_memory, spare_collector

    spare_collector()
    reuse_memory()
    shards = plan_shards(args.files, args.output)[0] if wants_parquet(args.files, args.output) else []
    summary = DocumentRun(
        files=Files(
            inputs=[shard.source for shard in shards] or args.files,
            output=args.output,
            removed=args.removed or "",
            clusters=args.clusters or "",
            quarantine=args.quarantine or "",
            work=args.work,
            shards=shards,
        ),
        settings=settings(args),
        reading=Reading(text=args.text_field, id=args.id_field, keep=args.keep, score=args.score_field),
        annotate=args.annotate,
        jobs=args.jobs,
        watch=watch(args),
    )()
    _report(args, summary)
    return summary.bad


def _paragraphs(args: argparse.Namespace, interrupts: Interrupts) -> int:
    """Cut repeated paragraphs through the same stream, edits and ledger as the rules."""
    from cleaner.cli.paragraphs import cut_paragraphs
    from cleaner.records.workers import spare_collector

    spare_collector()
    stats, cuts = cut_paragraphs(args, settings(args), watch(args), interrupts)
    if not args.quiet:
        print(f"cleaner: {stats.records} records, {stats.changed} changed", file=sys.stderr)
        for rule, (edits, chars) in sorted(stats.rules.items()):
            print(f"cleaner: {rule}: {edits} paragraphs, {chars} characters", file=sys.stderr)
        _tell_cut(cuts.cut_buckets, cuts.cut_pairs)
    return stats.bad


def watch(args: argparse.Namespace) -> Watch:
    """Messages and progress on stderr, as the options want them."""
    from cleaner.dedup.documents import Watch

    wanted = sys.stderr.isatty() and not args.quiet if args.progress is None else args.progress
    shown = -1

    def tick(stage: str, done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if wanted and percent != shown:
            shown = percent
            print(f"\r{stage}: {percent:3d} %", end="", file=sys.stderr, flush=True)

    def say(message: str) -> None:
        if not args.quiet:
            print(f"cleaner: {message}", file=sys.stderr)

    return Watch(say=say, tick=tick)


def _report(args: argparse.Namespace, summary: Summary) -> None:
    if args.quiet:
        return
    tell = [f"{summary.documents} documents, {summary.removed} removed"]
    if summary.bad:
        tell.append(f"{summary.bad} lines could not be read")
        if not args.quarantine:
            tell.append("--quarantine FILE keeps them")
    print(f"cleaner: {'; '.join(tell)}", file=sys.stderr)
    _tell_cut(summary.cut_buckets, summary.cut_pairs)


def _tell_cut(buckets: int, pairs: int) -> None:
    if buckets:
        message = f"{buckets} buckets were too large: {pairs} candidate pairs were not compared there"
        print(f"cleaner: {message}", file=sys.stderr)
