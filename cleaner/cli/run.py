"""`cleaner run`: learn from files and clean them with what was learned."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.cli import BAD_RECORDS, DONE
from cleaner.cli import clean as cleaning
from cleaner.cli.interrupts import Interrupts
from cleaner.cli.learn import add_site_options, bar, learn, learn_plan
from cleaner.errors import ConfigError
from cleaner.records.files import STDIN
from cleaner.records.outputs import STDOUT, write_whole

if TYPE_CHECKING:
    from cleaner.records.fields import Fields
    from cleaner.records.stats import Stats


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner run`: those of `cleaner clean`, and what is learned."""
    cleaning.add_arguments(parser)
    add_site_options(parser.add_argument_group("what is learned (--memory FILE keeps it)"))


def run(args: argparse.Namespace) -> int:
    """Both passes; 1 where there are more bad records than allowed."""
    from cleaner.stream import Source

    plan, options = cleaning._plan(args), cleaning._options(args)
    if STDIN in plan.inputs or plan.output == STDOUT:
        raise ConfigError("run reads its inputs twice: expected files and -o OUT")
    plan.check()
    kept = bool(args.memory)
    args.memory = args.memory or f"{args.output}.memory"
    with Interrupts() as interrupts:
        source = Source(plan)
        fields = cleaning._fields(args, source)
        with bar(args, 2 * source.size) as progress:
            _learn(args, fields, progress)
            quiet = argparse.Namespace(**{**vars(args), "progress": False})
            with cleaning._watch(quiet, plan, source, interrupts) as watch:
                moved = replace(watch, progress=_second_half(source.size, progress))
                stats = cleaning._stream(args, plan, options, fields, source, moved)
    cleaning._summary(args, stats)
    Path(_key_file(args)).unlink(missing_ok=True)
    if not kept:
        Path(args.memory).unlink(missing_ok=True)
    allowed = 0 if args.strict else args.max_bad
    return BAD_RECORDS if allowed is not None and stats.bad > allowed else DONE


def _second_half(size: int, progress: Callable[[int], None]) -> Callable[[int, Stats], None]:
    return lambda position, _stats: progress(size + position)


def _learn(args: argparse.Namespace, fields: Fields, progress: Callable[[int], None]) -> None:
    """Learn, unless an interrupted run has done so from the same files."""
    from cleaner.dedup.work import facts

    key: dict[str, Any] = {
        "inputs": facts(args.files),
        "fields": asdict(fields),
        "site": args.site,
        "min_pages": args.min_pages,
    }
    wanted = json.dumps(key).encode()
    mark = Path(_key_file(args))
    if mark.exists() and mark.read_bytes() == wanted and os.path.exists(args.memory):
        return
    learn(args, learn_plan(args, args.files, args.memory), fields, progress)
    write_whole(mark, wanted)


def _key_file(args: argparse.Namespace) -> str:
    return f"{args.memory}.key"
