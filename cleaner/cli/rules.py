"""`cleaner rules`: list the rules, explain one with its cases, or check packs."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cleaner.errors import ConfigError
from cleaner.packs.load import load_rules, pack_files, parse_pack
from cleaner.packs.schema import Rule


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `cleaner rules`."""
    parser.add_argument("what", nargs="?", help="id of a rule, class or beginning of ids; `check` runs the packs' cases")
    parser.add_argument("paths", nargs="*", type=Path, help="with `check`: packs or folders of packs (default: the shipped)")
    parser.add_argument("--packs", action="append", default=[], metavar="PATH", help="also these packs (repeatable)")
    parser.add_argument("--json", action="store_true", help="one JSON object per rule instead of a table")


def run(args: argparse.Namespace) -> int:
    """List, explain or check."""
    if args.what == "check":
        return _check(args.paths, args.packs)
    rules = load_rules(extra=args.packs)
    if args.what is None:
        return _list(rules, as_json=args.json)
    exact = [rule for rule in rules if rule.id == args.what]
    if exact:
        _explain(exact[0])
        return 0
    chosen = [rule for rule in rules if rule.cls == args.what or rule.id.startswith(args.what)]
    if not chosen:
        near = difflib.get_close_matches(args.what, [rule.id for rule in rules] + sorted({r.cls for r in rules}), 3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `cleaner rules` lists all"
        raise ConfigError(f"no rule, class or pack {args.what!r}{hint}")
    return _list(chosen, as_json=args.json)


def _list(rules: Sequence[Rule], *, as_json: bool) -> int:
    for rule in rules:
        if as_json:
            shown = {name: getattr(rule, name) for name in ("id", "kind", "at", "strength", "scope", "zone", "why")}
            print(json.dumps({**shown, "class": rule.cls, "phrases": rule.phrases}, ensure_ascii=False))
        else:
            print(f"{rule.id:44} {rule.cls:11} {rule.strength:6} {rule.why}")
    if not as_json:
        print(f"{len(rules)} rules; `cleaner rules ID` explains one", file=sys.stderr)
    return 0


def _explain(rule: Rule) -> None:
    print(rule.id)
    print(f"  {rule.why}\n")
    for name, value in (
        ("class", rule.cls),
        ("kind", rule.kind),
        ("at", rule.at if rule.kind == "phrase" else ""),
        ("strength", rule.strength),
        ("scope", rule.scope),
        ("zone", rule.zone),
        ("max words", str(rule.max_words or "")),
        ("pattern", rule.pattern),
        ("phrases", " | ".join(rule.phrases)),
        ("keywords", " | ".join(rule.keywords)),
        ("unless", " | ".join(rule.unless)),
        ("file", rule.file),
    ):
        if value:
            print(f"  {name:10} {value}")
    for title, cases in (("removes", rule.examples), ("leaves alone", rule.keeps)):
        for case in cases:
            print(f"\n  {title}:")
            for line in case.strip("\n").split("\n"):
                print(f"    {line}")


def _check(paths: Sequence[Path], packs: Sequence[str]) -> int:
    """Run the cases of the packs at `paths`, with all shipped packs on as they are in use."""
    from cleaner.packs.cases import check_rules
    from cleaner.packs.match import compile_rules

    files: list[str] | None = None
    extra = list(packs)
    if paths:
        own = [file for path in paths for file in pack_files(path)]
        for file in own:
            parse_pack(file)
        files = [str(file) for file in own]
        shipped = {rule.file for rule in load_rules()}
        extra += [file for file in files if str(Path(file).resolve()) not in shipped and file not in shipped]
        files += [str(Path(file).resolve()) for file in files]
    rules = compile_rules(load_rules(extra=extra, cache=False))
    failures = 0
    for failure in check_rules(rules, files):
        failures += 1
        print(failure)
    checked = sum(files is None or rule.file in set(files) for rule in rules.rules)
    print(f"{checked} rules checked, {failures} failures", file=sys.stderr)
    return 2 if failures else 0
