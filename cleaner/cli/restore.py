"""`cleaner restore`: the way back."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from cleaner.cli import DONE
from cleaner.cli.interrupts import Interrupts
from cleaner.errors import ConfigError, RecordError
from cleaner.records.files import STDIN, read_lines
from cleaner.records.outputs import STDOUT, Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner restore`."""
    parser.add_argument(
        "file", nargs="?", default=STDIN, metavar="FILE", help="what `cleaner clean` wrote (default: stdin)"
    )
    parser.add_argument("--ledger", required=True, metavar="FILE", help="the ledger of the same run")
    parser.add_argument("-o", "--output", default=STDOUT, metavar="OUT", help="the originals (default: stdout)")


def run(args: argparse.Namespace) -> int:
    """Write the original records in the order of the output; lines in the quarantine are not among them."""
    from cleaner.records import ledger
    from cleaner.records.parquet import wants_parquet

    if not wants_parquet([args.file], args.output):
        with Interrupts(), Output(args.output) as out:
            entries, fields = _opened(args.ledger)
            for line in ledger.restored(_lines(args.file), entries, fields["text"], fields.get("id", "")):
                out.write(line + b"\n")
        return DONE
    from cleaner.records.parquet import plan_shards
    from cleaner.shard_restore import restore_shard

    shards, folder = plan_shards([args.file], args.output)
    with Interrupts():
        for shard in shards:
            entries, fields = _opened(shard.beside(args.ledger, ".jsonl.zst") if folder else args.ledger)
            restore_shard(shard.source, entries, shard.output, fields["text"])
    return DONE


def _opened(path: str) -> tuple[Iterator[bytes], dict[str, str]]:
    """The lines of a ledger after its header, and the paths of the fields; an error where nothing can be restored."""
    from cleaner.records import ledger

    entries = _lines(path)
    first = next(entries, None)
    if first is None:
        raise RecordError(f"{path}: expected a ledger, found nothing")
    header = ledger.read_header(first, path)
    options = header.get("options", {})
    if options.get("annotate"):
        raise ConfigError(f"{path}: records of an annotated run hold their original texts; nothing to restore")
    if options.get("drop_html"):
        raise ConfigError(f"{path}: the run removed the HTML it read (--drop-html); that is not in the ledger")
    return entries, header["fields"]


def _lines(path: str) -> Iterator[bytes]:
    return (line.data for line in read_lines([path]))
