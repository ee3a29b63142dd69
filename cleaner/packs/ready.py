"""Rules ready to match, at once where the same files were compiled before.

A start needs of most rules no more than their ids and a few numbers. Those are kept in the user's cache folder, beside
the tables of `tables`, under a name made of the places, sizes and times of all files they come from. The rules
themselves are read when somebody asks for them.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, overload

import orjson

from cleaner.document import KindTable
from cleaner.errors import RuleError
from cleaner.kept import cache_home, keep, recall
from cleaner.packs import load, match, schema
from cleaner.packs.arrays import packed, unpacked
from cleaner.packs.load import load_rules, pack_files, revived, rules_root
from cleaner.packs.match import RuleSet, compile_rules
from cleaner.packs.schema import Rule
from cleaner.packs.tables import SOURCES, kept_tables

_COLUMNS: Final = (
    "level", "cls", "alone", "always", "span", "element", "label", "spoken", "lacks", "language", "places", "zone", "max_weight",
)  # fmt: skip
_MODULES: Final = (load, match, schema)
_KEPT: Final = 12
"""Files of other rules that stay beside a new one: some hundred kilobytes each."""

StrPath = str | os.PathLike[str]


def ready_rules(
    *,
    languages: Iterable[str] | None = None,
    extra: Sequence[StrPath] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> RuleSet:
    """What `compile_rules` makes of the rules that `load_rules` gives for the same options; the same errors, too."""
    chosen = None if languages is None else sorted(set(languages))
    options: dict[str, Any] = {
        "languages": chosen, "extra": [os.fspath(path) for path in extra], "select": list(select), "ignore": list(ignore),
    }  # fmt: skip
    path = _path(options)
    known = recall(path) if path is not None else None
    rules = _read(known, options) if known is not None else None
    if rules is None:
        rules = compile_rules(load_rules(**options), kept=True)
        if path is not None:
            keep(path, _written(rules), most=_KEPT)
    return rules


def _path(options: Mapping[str, Any]) -> Path | None:
    """Where the rules are kept: the name holds the options, and the paths, sizes and times of all that they depend on."""
    home = cache_home()
    if home is None:
        return None
    files = [file for folder in (rules_root(), *map(Path, options["extra"])) for file in pack_files(folder)]
    sources = [*SOURCES, *(Path(module.__file__ or "") for module in _MODULES), Path(__file__)]
    marks = [[str(file), (stat := file.stat()).st_size, stat.st_mtime_ns] for file in (*files, *sources)]
    told = repr((options, marks, sys.version, sys.byteorder))
    return home / f"ready-{hashlib.blake2b(told.encode('utf-8', 'surrogatepass'), digest_size=12).hexdigest()}.bin"


def _written(rules: RuleSet) -> bytes:
    detectors = {name: dict(wanted) for name, wanted in rules.detectors.items()}
    few = {str(number): rules.rules[number] for wanted in detectors.values() for number in wanted.values()}
    head = {"digest": rules.digest, "ids": rules.ids, "detectors": detectors, "few": orjson.loads(orjson.dumps(few))}
    return packed(head, {name: getattr(rules, name) for name in _COLUMNS})


def _read(content: memoryview, options: Mapping[str, Any]) -> RuleSet | None:
    """The rules as they were kept; nothing where their tables are no longer there."""
    head, columns = unpacked(content)
    tables = kept_tables(head["digest"])
    if tables is None:
        return None
    ids = tuple(head["ids"])
    few = {int(number): revived(rule) for number, rule in head["few"].items()}
    return RuleSet(
        rules=KeptRules(ids, few, options), ids=ids, digest=head["digest"], detectors=head["detectors"],
        kinds=KindTable(), tried={},
        phrases=tables.phrases, patterns=tables.patterns, numeric=tables.numeric, shaped=tables.shaped, gates=tables.gates,
        automata=tables.automata,
        **columns,
    )  # fmt: skip


class KeptRules(Sequence[Rule]):
    """Rules that are read when one is asked for, but for a few that every start needs."""

    def __init__(self, ids: tuple[str, ...], few: Mapping[int, Rule], options: Mapping[str, Any]) -> None:
        """`options` are those of `load_rules`, which gives the rules of these `ids`; `few` holds some by number."""
        self._ids, self._few, self._options = ids, few, options
        self._all: tuple[Rule, ...] | None = None

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, number: int) -> Rule: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Rule]: ...
    def __getitem__(self, number: int | slice) -> Rule | Sequence[Rule]:
        found = self._few.get(number) if isinstance(number, int) else None
        return self._read()[number] if found is None else found

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._read())

    def _read(self) -> tuple[Rule, ...]:
        if self._all is None:
            rules = load_rules(**self._options)
            if tuple(rule.id for rule in rules) != self._ids:
                raise RuleError("the files of the rules have changed since they were read")
            self._all = rules
        return self._all
