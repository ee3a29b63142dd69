"""Finding and reading packs: the shipped folder, user folders and files, and a cache of what was parsed."""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from cleaner.arguments import several
from cleaner.errors import RuleError
from cleaner.kept import cache_home, keep, recall
from cleaner.packs.schema import Pack, Rule, read_pack, stack

_LISTS: Final = ("phrases", "keywords", "unless", "examples", "keeps")
_KEPT: Final = 6
"""Parsed forms of other folders that stay beside a new one."""


def rules_root() -> Path:
    """The shipped `rules/` folder: inside the installed package, or beside it in a checkout."""
    packaged = Path(__file__).resolve().parent.parent / "_rules"
    return packaged if packaged.is_dir() else packaged.parent.parent / "rules"


def load_rules(
    *,
    languages: Iterable[str] | None = None,
    extra: Sequence[str | os.PathLike[str]] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    shipped: bool = True,
    cache: bool = True,
) -> tuple[Rule, ...]:
    """The rules that apply, in a fixed order.

    `languages` narrows the shipped packs to these folders (`common` always stays); `extra` are pack files or folders of
    them that stack on top; `select` and `ignore` are classes or beginnings of full ids (`en`, `en.related`,
    `en.related/read-also`, `share`). `RuleError` names file, rule and field of what is wrong.
    """
    extra, select, ignore = several("extra", extra), several("select", select), several("ignore", ignore)
    wanted = None if languages is None else {*several("languages", languages), "common"}
    packs: list[Pack] = []
    for folder in ([rules_root()] if shipped else []) + [Path(path) for path in extra]:
        packs += _read_folder(folder, cache=cache)
    if wanted is not None:
        known = {pack.language for pack in packs}
        for language in sorted(wanted - known - {"common"}):
            raise RuleError(f"no pack of language {language!r}, expected some of {', '.join(sorted(known))}")
        packs = [pack for pack in packs if pack.language in wanted]
    rules = stack(packs)
    for option, prefixes in (("select", select), ("ignore", ignore)):
        for prefix in prefixes:
            if not any(_named(rule, prefix) for rule in rules):
                raise RuleError(f"{option} {prefix!r}: no rule of that class or id, see `cleaner rules`")
    if select:
        rules = tuple(rule for rule in rules if any(_named(rule, prefix) for prefix in select))
    return tuple(rule for rule in rules if not any(_named(rule, prefix) for prefix in ignore))


def _named(rule: Rule, prefix: str) -> bool:
    """Whether `prefix` is the rule's class or the beginning of its id, up to a border."""
    if rule.cls == prefix or rule.id == prefix:
        return True
    return rule.id.startswith(prefix) and rule.id[len(prefix)] in "./"


def pack_files(path: Path) -> list[Path]:
    """The pack files at `path`, a file or a folder of (folders of) them, in a fixed order: `common` first."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise RuleError(f"{path}: no such file or folder of rules")
    files = [file for file in path.rglob("*.toml") if "weights" not in file.parts]
    if not files:
        raise RuleError(f"{path}: no rules in this folder, expected files *.toml")
    return sorted(files, key=lambda file: (file.parent.name != "common", file.relative_to(path).as_posix()))


def parse_pack(file: Path) -> Pack:
    """One pack file, parsed and checked."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise RuleError(f"{file}: not UTF-8 ({error.reason} at byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{file}: not valid TOML: {error}") from error
    if "elements" in data:
        from cleaner.html.rules import element_pack

        return element_pack(data, str(file))
    return read_pack(data, str(file))


def _read_folder(path: Path, *, cache: bool) -> list[Pack]:
    files = pack_files(path)
    stored = _cache_file(files) if cache and len(files) > 1 else None
    if stored is not None:
        known = _read_cache(stored)
        if known is not None:
            return known
    packs = [parse_pack(file) for file in files]
    if stored is not None:
        _write_cache(stored, packs)
    return packs


def _cache_file(files: Sequence[Path]) -> Path | None:
    """Where the parsed form of exactly these files is kept: the name holds all their paths, sizes and times."""
    code = Path(__file__).with_name("schema.py").stat()
    marks = [[str(file), (stat := file.stat()).st_size, stat.st_mtime_ns] for file in files]
    marks.append([str(code.st_size), code.st_mtime_ns, sys.version])
    digest = hashlib.blake2b(orjson.dumps(marks), digest_size=12).hexdigest()
    home = cache_home()
    return home and home / f"packs-{digest}.json"


def _read_cache(stored: Path) -> list[Pack] | None:
    """What an earlier run parsed, or nothing: a cache that cannot be read is no cache."""
    content = recall(stored)
    return None if content is None else [_revive(pack) for pack in orjson.loads(content)]


def _revive(data: dict[str, Any]) -> Pack:
    rules = tuple(revived(rule) for rule in data["rules"])
    return Pack(data["id"], data["language"], data["summary"], rules, (), data["file"])


def revived(rule: dict[str, Any]) -> Rule:
    """A rule from its plain form, in which tuples are lists."""
    for name in _LISTS:
        rule[name] = tuple(rule[name])
    return Rule(**rule)


def _write_cache(stored: Path, packs: Sequence[Pack]) -> None:
    if any(pack.overrides for pack in packs):
        return  # a folder that overrides others is small and its order matters: parse it each time
    keep(stored, orjson.dumps(packs), most=_KEPT)  # a home that cannot be written to costs time, nothing else
