"""`cleaner learn`: a site memory from a corpus."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cleaner.cli import BAD_RECORDS, DONE
from cleaner.cli.clean import _add_fields, _fields, cores, positive
from cleaner.cli.interrupts import Interrupts
from cleaner.errors import ConfigError
from cleaner.records.files import BATCH_BYTES, MAX_LINE, STDIN

if TYPE_CHECKING:
    from cleaner.memory.corpus import Learned, LearnPlan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner learn`."""
    parser.add_argument("files", nargs="*", default=[STDIN], metavar="FILE", help="inputs (default and -: stdin)")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="the memory file")
    add_site_options(parser.add_argument_group("what is learned"))
    _add_fields(parser.add_argument_group("fields (dotted paths)"))
    add = parser.add_argument_group("running").add_argument
    add("-j", "--jobs", type=positive, default=cores(), metavar="N", help="worker processes (default: all cores)")
    add("--work", default="", metavar="DIR", help="folder for what is under way (OUT.work); a rerun goes on from it")
    add("--batch-chars", type=positive, default=BATCH_BYTES, metavar="N", help=f"size of a batch ({BATCH_BYTES})")
    add("--max-line", type=positive, default=MAX_LINE, metavar="BYTES", help="longer lines are passed over (1 GiB)")
    add("--strict", action="store_true", help="exit with 1 where a line cannot be read")
    add("--progress", action=argparse.BooleanOptionalAction, help="a bar on stderr (default: on a terminal)")
    add("-q", "--quiet", action="store_true", help="no messages but errors")


def add_site_options(group: Any) -> None:
    """The options that say what a site is and what is kept of it."""
    add = group.add_argument
    add("--site", default="domain", metavar="RULE", help="domain (registered domain), host, or prefix:N (parts of a path)")
    add("--min-pages", type=positive, default=2, metavar="N", help="forget lines on fewer pages of their site (2)")


def run(args: argparse.Namespace) -> int:
    """Learn; 1 with --strict where lines could not be read."""
    from cleaner.stream import Plan, Source

    plan = learn_plan(args, args.files, args.output)
    files = Plan(inputs=tuple(args.files), output=args.output, jobs=args.jobs, batch_bytes=args.batch_chars)
    files.check()
    with Interrupts():
        source = Source(files)
        fields = _fields(args, source)
        size = source.size
        if STDIN in args.files and not args.schema:
            raise ConfigError("stdin can be read once only: name its fields with --schema")
        source.close()
        with bar(args, size) as progress:
            learned = learn(args, plan, fields, progress)
    return BAD_RECORDS if args.strict and learned.bad else DONE


def learn_plan(args: argparse.Namespace, inputs: list[str], output: str) -> LearnPlan:
    """The plan that the options ask for."""
    from cleaner.memory.corpus import LearnPlan

    return LearnPlan(
        inputs=tuple(inputs),
        output=output,
        site=args.site,
        min_pages=args.min_pages,
        jobs=args.jobs,
        batch_bytes=args.batch_chars,
        max_line=max(args.max_line, 16),
        work=getattr(args, "work", ""),
    )


def learn(args: argparse.Namespace, plan: LearnPlan, fields: Any, progress: Callable[[int], None]) -> Learned:
    """Run the plan and tell what was learned."""
    from cleaner.memory.corpus import LearnWatch, learn_files

    def say(message: str) -> None:
        if not args.quiet:
            print(f"cleaner: {message}", file=sys.stderr)

    learned = learn_files(plan, fields, watch=LearnWatch(say=say, progress=progress))
    parts = [f"{learned.pages} pages of {learned.sites} sites, {learned.lines} recurring lines"]
    if learned.without_site:
        parts.append(f"{learned.without_site} pages without a URL left out")
    if learned.bad:
        parts.append(f"{learned.bad} lines could not be read")
    say(", ".join(parts))
    return learned


@contextmanager
def bar(args: argparse.Namespace, size: int) -> Iterator[Callable[[int], None]]:
    """A bar over `size` bytes on stderr, where it is wanted; gives what moves it."""
    wanted = sys.stderr.isatty() and not args.quiet if args.progress is None else args.progress
    if not wanted or not size:
        yield lambda _: None
        return
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # its thread would be there when workers are forked
    with tqdm(total=size, unit="B", unit_scale=True, file=sys.stderr, leave=False) as shown:

        def move(position: int) -> None:
            shown.update(position - shown.n)

        yield move
