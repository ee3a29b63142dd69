"""`cleaner label`: label the lines of documents in the browser; nothing leaves the machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cleaner.cli import DONE
from cleaner.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner label`."""
    add = parser.add_argument
    add(
        "files",
        nargs="+",
        metavar="PATH",
        help="texts, labelled or not: *.txt, *.jsonl(.zst), *.diff, or folders of them",
    )
    add(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="a .jsonl file, or a folder for one .diff per document",
    )
    add("--suggest", action="store_true", help="begin with what the cleaner would remove")
    add("--limit", type=int, default=200, metavar="N", help="documents taken in at most (200)")
    add("--port", type=int, default=0, metavar="N", help="port on 127.0.0.1 (default: a free one)")
    add("--no-browser", action="store_true", help="print the address only")


def run(args: argparse.Namespace) -> int:
    """Serve the page until interrupted."""
    from itertools import islice

    from cleaner.bench.label import Desk, serve, sheet_of
    from cleaner.bench.labelled import read_any_text

    items = list(islice(read_any_text(args.files), args.limit))
    if not items:
        raise DataError(f"{', '.join(args.files)}: expected texts to label, found none")
    removed = None
    if args.suggest:
        from cleaner.engine import Cleaner

        removed = [result.edits for result in Cleaner().clean_batch([item.text for item in items])]
    sheets = [sheet_of(item, removed[n] if removed is not None else None) for n, item in enumerate(items)]
    server, address = serve(Desk(sheets, args.output), port=args.port)
    print(f"cleaner: {len(sheets)} documents at {address} (Ctrl-C ends)", file=sys.stderr, flush=True)
    if not args.no_browser:
        import webbrowser

        webbrowser.open(address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        done = sum(sheet.done for sheet in sheets)
        print(f"\ncleaner: {done} documents saved to {args.output}", file=sys.stderr)
    finally:
        server.server_close()
    return DONE
