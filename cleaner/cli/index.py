"""`cleaner index`: documents of earlier days, for those of today."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cleaner.cli import BAD_RECORDS, DONE
from cleaner.cli.clean import cores, positive
from cleaner.cli.dedup import add_settings, settings, watch
from cleaner.cli.interrupts import Interrupts
from cleaner.errors import CleanerError, ConfigError
from cleaner.records.files import STDIN
from cleaner.records.outputs import STDOUT, Output

if TYPE_CHECKING:
    from cleaner.dedup.index_files import Counts, Index

_ACTIONS: Final = ("create", "add", "query", "remove", "merge", "info")
_HELP: Final = """\
create: a new, empty index; add: documents of files into it; query: which of its documents are similar to those of
files; remove: documents by id; merge: all documents of other indexes; info: what is in it"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner index`."""
    vars(parser)["parse_args"] = parser.parse_intermixed_args  # files may stand after options: `add --index X FILE`
    parser.add_argument("action", choices=_ACTIONS, help=_HELP)
    help_items = "files (default and -: stdin); remove: ids; merge: indexes"
    parser.add_argument("items", nargs="*", metavar="ITEM", help=help_items)
    add = parser.add_argument_group("index").add_argument
    add("--index", required=True, metavar="PATH", help="a folder, or redis://host:port/db?name=NAME")
    add_settings(parser.add_argument_group("create: how similarity is measured (else checked)"), set_by_default=False)
    group = parser.add_argument_group("add and query")
    group.add_argument("-o", "--output", metavar="FILE", help="matches: id, match, similarity (query: default stdout)")
    group.add_argument("--text-field", default="text", metavar="PATH", help="text (text)")
    group.add_argument("--id-field", default="id", metavar="PATH", help="identifier (id)")
    group.add_argument("-j", "--jobs", type=positive, default=cores(), metavar="N", help="worker processes (all cores)")
    group.add_argument("--max-bad", type=int, metavar="N", help="exit with 1 beyond so many bad lines (no limit)")
    group.add_argument("--progress", action=argparse.BooleanOptionalAction, help="on stderr (default: on a terminal)")
    parser.add_argument_group("remove").add_argument("--ids", metavar="FILE", help="ids, one a line, as JSON or plain")
    parser.add_argument("-q", "--quiet", action="store_true", help="no messages but errors")


def run(args: argparse.Namespace) -> int:
    """Do one action; 1 where more lines could not be read than allowed."""
    with Interrupts():
        if args.action in ("add", "query"):
            return _files(args)
        with _open(args, write=args.action != "info") as index:
            if args.action == "remove":
                _say(args, f"{index.remove(_ids(args))} documents removed")
            elif args.action == "merge":
                _say(args, f"{sum(_merge(index, path) for path in args.items)} documents added")
            elif args.action == "info":
                print(json.dumps(_info(index), indent=2))
    return DONE


def _open(args: argparse.Namespace, *, write: bool) -> Index:
    from cleaner.dedup.redis_index import SCHEMES

    index: Index
    if args.index.startswith(SCHEMES):
        from cleaner.dedup.redis_index import RedisIndex

        index = RedisIndex.create(args.index, settings(args)) if args.action == "create" else RedisIndex(args.index)
    else:
        from cleaner.dedup.index import DedupIndex

        if args.action == "create":
            return DedupIndex.create(args.index, settings(args))
        index = DedupIndex(args.index, write=write)
    try:
        _check(args, index)
    except CleanerError:
        index.close()
        raise
    return index


def _check(args: argparse.Namespace, index: Index) -> None:
    """`IndexMismatch` where options say something else than the index was made with."""
    given = {name: getattr(args, name) for name in ("threshold", "ngram", "unit") if getattr(args, name) is not None}
    if given:
        replace(index.settings, **given).check(index.settings.header(), args.index)


def _files(args: argparse.Namespace) -> int:
    from cleaner.dedup.index_files import IndexFiles
    from cleaner.dedup.reading import Reading

    path = args.output or (STDOUT if args.action == "query" else "")
    with ExitStack() as stack:
        index: Index = _open(args, write=args.action == "add")
        stack.enter_context(index)
        out: Any = stack.enter_context(Output(path) if path else nullcontext())
        reading = Reading(text=args.text_field, id=args.id_field)
        files = IndexFiles(index=index, reading=reading, jobs=args.jobs, watch=watch(args))
        inputs = args.items or [STDIN]
        counts = files.add(inputs, out) if args.action == "add" else files.query(inputs, out)
        _tell(args, counts, index.cut_pairs)
    return BAD_RECORDS if args.max_bad is not None and counts.bad > args.max_bad else DONE


def _tell(args: argparse.Namespace, counts: Counts, cut_pairs: int) -> None:
    parts = [f"{counts.documents} documents"]
    if args.action == "add":
        parts.append(f"{counts.added} added")
    if args.action == "query" or args.output:
        parts.append(f"{counts.matches} matches")
    if counts.bad:
        parts.append(f"{counts.bad} lines could not be read")
    if cut_pairs:
        parts.append(f"{cut_pairs} candidates of too large buckets were not compared")
    _say(args, ", ".join(parts))


def _merge(index: Index, path: str) -> int:
    from cleaner.dedup.index import DedupIndex

    if not isinstance(index, DedupIndex):
        raise ConfigError("merge: expected an index in a folder; into Redis documents are added")
    with DedupIndex(path) as other:
        return index.merge(other)


def _ids(args: argparse.Namespace) -> Iterable[str | int]:
    """The ids that are named: a number stands for the number as well as for the text of its digits."""
    given = list(args.items)
    if args.ids:
        given += Path(args.ids).read_text("utf-8").splitlines()
    if not given:
        raise ConfigError("remove: expected ids or --ids FILE")
    for text in given:
        yield text
        try:
            value = json.loads(text)
        except ValueError:
            continue
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield value


def _info(index: Index) -> dict[str, Any]:
    info = index.info()
    return {
        "documents": info.documents,
        "removed": info.removed,
        "runs": info.runs,
        "bytes": info.bytes,
        "settings": asdict(info.settings),
    }


def _say(args: argparse.Namespace, message: str) -> None:
    if not args.quiet:
        print(f"cleaner: {message}", file=sys.stderr)
