"""The command line. Each verb lives in a module of its own, which is imported only when it is called."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Final, Protocol, cast

VERBS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "clean": ("cleaner.cli.clean", "clean records: JSON lines or WARC in, JSON lines out"),
        "html": ("cleaner.cli.html", "clean single HTML pages: their text, as plain text or Markdown"),
        "dedup": ("cleaner.cli.dedup", "drop near-duplicate documents, or cut repeated paragraphs"),
        "index": ("cleaner.cli.index", "keep an index of documents, and ask it for near-duplicates"),
        "learn": ("cleaner.cli.learn", "learn what recurs on each site of a corpus, for `clean --memory`"),
        "run": ("cleaner.cli.run", "learn and clean in one go, as two passes over files"),
        "memory": ("cleaner.cli.memory", "look into, merge and prune site memories"),
        "explain": ("cleaner.cli.explain", "show a document with what goes, what stays and why"),
        "rules": ("cleaner.cli.rules", "list rules, explain one, check packs"),
        "bench": ("cleaner.cli.bench", "score every rule on labelled data, or compare cleaners"),
        "tune": ("cleaner.cli.tune", "fit the weights of votes and measures on labelled data"),
        "mine": ("cleaner.cli.mine", "propose phrases for new rules from texts"),
        "label": ("cleaner.cli.label", "label the lines of documents in the browser"),
        "floors": ("cleaner.cli.floors", "check that no pinned figure dropped, or raise the floors"),
        "restore": ("cleaner.cli.restore", "rebuild the original records from an output and its ledger"),
    }
)
"""Verb -> module and one line of help. A module has `add_arguments(parser)` and `run(args) -> int`."""

DONE, BAD_RECORDS, USAGE, UNREADABLE, INTERRUPTED, CLOSED_PIPE = 0, 1, 2, 3, 130, 141
EXIT_CODES: Final = """\
exit codes:
  0    done
  1    done, with more bad records than --max-bad or --strict allow
  2    wrong usage, configuration, rules or data
  3    an input cannot be read, or an output cannot be written
  130  interrupted (a rerun from files to files continues)
  141  the reader of the output went away
"""


class Verb(Protocol):
    """What the module of a verb has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the verb's options."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it and give the exit code."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (that of the process if None) and give its exit code."""
    from cleaner.errors import CleanerError, RecordError

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy would start threads for large matrices; there are none
    # Arrow's own allocator gives memory back in huge pages, which the system clears each time: a tenth of a run.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        if sys.stdout is not None:  # it is where the shell says `>&-`
            sys.stdout.flush()
    except BrokenPipeError:
        _silence_stdout()
        return CLOSED_PIPE
    except KeyboardInterrupt:
        print("cleaner: interrupted", file=sys.stderr)
        return INTERRUPTED
    except RecordError as error:
        print(f"cleaner: {error}", file=sys.stderr)
        return UNREADABLE
    except CleanerError as error:
        print(f"cleaner: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"cleaner: {error}", file=sys.stderr)
        return UNREADABLE
    return code


def _dispatch(argv: list[str]) -> int:
    if not argv or argv[0] not in VERBS:
        return _without_verb(argv)
    name, help_text = VERBS[argv[0]][0], VERBS[argv[0]][1]
    verb = cast("Verb", import_module(name))
    parser = argparse.ArgumentParser(
        prog=f"cleaner {argv[0]}",
        description=help_text[0].upper() + help_text[1:] + ".",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    verb.add_arguments(parser)
    group = parser.add_argument_group("configuration")
    group.add_argument("--config", metavar="FILE", help="settings (default: cleaner.toml or pyproject.toml, upward)")
    group.add_argument("--no-config", action="store_true", help="read no settings file")
    from cleaner.cli.config import apply_config

    apply_config(parser, argv[0], argv[1:], verbs=tuple(VERBS))
    return verb.run(parser.parse_args(argv[1:]))


def _without_verb(argv: list[str]) -> int:
    """Help, the version, or the complaint about an unknown verb."""
    width = max(map(len, VERBS))
    lines = "\n".join(f"  {verb:<{width}}  {help_text}" for verb, (_, help_text) in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="cleaner",
        usage="cleaner VERB [options]",
        description="Clean CMS pages and extracted text for corpora: named rules, evidence for every removal, the way back.",
        epilog=f"verbs:\n{lines}\n\n`cleaner VERB --help` tells more.\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    if argv and not argv[0].startswith("-"):
        import difflib

        near = difflib.get_close_matches(argv[0], VERBS, 1)
        parser.error(f"verb {argv[0]!r}: expected one of {', '.join(VERBS)}" + (f"; {near[0]}?" if near else ""))
    if parser.parse_args(argv).version:
        from cleaner.cli.version import version

        print(f"cleaner {version()}")
        return DONE
    parser.print_help()
    return USAGE


def _silence_stdout() -> None:
    """Point stdout at nothing, so that the interpreter does not complain when it flushes at the end."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
