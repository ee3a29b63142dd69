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

    entries = _lines(args.ledger)
    first = next(entries, None)
    if first is None:
        raise RecordError(f"{args.ledger}: expected a ledger, found nothing")
    header = ledger.read_header(first, args.ledger)
    options = header.get("options", {})
    if options.get("annotate"):
        raise ConfigError(f"{args.ledger}: records of an annotated run hold their original texts; nothing to restore")
    if options.get("drop_html"):
        raise ConfigError(f"{args.ledger}: the run removed the HTML it read (--drop-html); that is not in the ledger")
    text_path = header["fields"]["text"]
    with Interrupts(), Output(args.output) as out:
        for line in ledger.restored(_lines(args.file), entries, text_path):
            out.write(line + b"\n")
    return DONE


def _lines(path: str) -> Iterator[bytes]:
    return (line.data for line in read_lines([path]))
