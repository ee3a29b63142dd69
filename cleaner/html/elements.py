"""What class and id words, roles and item types say about an element: groups of words, kept as data.

A group is a meaning ("share", "sidebar", "product") and has one bit. Values repeat across pages, so each distinct value
is judged once and remembered; what is remembered never changes an answer.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import RuleError
from cleaner.html.word_tables import WordTables
from cleaner.kernels import names as names_kernel

SCHEMA: Final = 1
MAX_GROUPS: Final = 63
HIDDEN: Final = 1 << 63
"""The bit of elements that their markup hides: `hidden`, `display:none`, `aria-hidden`."""
_FIELDS: Final[Mapping[str, type]] = {
    "id": str, "class": str, "words": list, "parts": list, "hits": list, "misses": list, "why": str,
}  # fmt: skip
_RULE_FIELDS: Final[Mapping[str, type]] = {
    "id": str, "class": str, "kind": str, "selector": str, "strength": str, "why": str, "examples": list, "keeps": list,
}  # fmt: skip
_REQUIRED: Final = ("id", "words", "hits", "misses", "why")
_NOT_LETTERS: Final = re.compile(r"[^a-z0-9]+")
_MEMO_LIMIT: Final = 300_000


@dataclass(frozen=True, slots=True)
class Group:
    """One meaning: whole `words`, `parts` of names, and attribute values that must (`hits`) and must not count."""

    id: str
    cls: str
    words: tuple[str, ...]
    parts: tuple[str, ...]
    hits: tuple[str, ...]
    misses: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class CssRule:
    """A rule on elements: what `selector` finds goes, with all it holds.

    `examples` and `keeps` are HTML; the selector must find something in each example and nothing in any keep.
    """

    id: str
    cls: str
    selector: str
    strength: str
    why: str
    examples: tuple[str, ...]
    keeps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ElementRules:
    """Everything one file (or several, stacked) says about elements."""

    groups: tuple[Group, ...]
    css: tuple[CssRule, ...]


def load_elements(*files: Path) -> ElementRules:
    """Read element files; later files add words to groups of the same id, and rules.

    `RuleError` names file, group and field of what is wrong.
    """
    groups: dict[str, Group] = {}
    rules: dict[str, CssRule] = {}
    for file in files:
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RuleError(f"{file}: {error}") from error
        _, read = read_elements(data, str(file))
        for group in read.groups:
            known = groups.get(group.id)
            groups[group.id] = group if known is None else _join(known, group)
        rules |= {rule.id: rule for rule in read.css}
    if len(groups) > MAX_GROUPS:
        raise RuleError(f"{len(groups)} groups of element words, expected at most {MAX_GROUPS}")
    return ElementRules(tuple(groups.values()), tuple(rules.values()))


def read_elements(data: Mapping[str, Any], file: str) -> tuple[str, ElementRules]:
    """The id and the rules of one parsed element file; `RuleError` names group and field of what is wrong."""
    head = data.get("elements")
    if not isinstance(head, dict) or head.get("schema") != SCHEMA or not isinstance(head.get("id"), str):
        raise RuleError(f"{file}: [elements] needs schema = {SCHEMA} and an id")
    groups = tuple(_read_group(table, file) for table in data.get("groups", []))
    return head["id"], ElementRules(groups, tuple(_read_rule(table, file, head["id"]) for table in data.get("rules", [])))


def _check(table: Mapping[str, Any], fields: Mapping[str, type], required: Sequence[str], where: str) -> None:
    name = table.get("id", "?")
    for key, value in table.items():
        if key not in fields:
            close = difflib.get_close_matches(key, fields, 1)
            hint = f", did you mean {close[0]!r}?" if close else f", expected one of {', '.join(fields)}"
            raise RuleError(f"{where}: {name}: unknown field {key!r}{hint}")
        if not isinstance(value, fields[key]):
            raise RuleError(f"{where}: {name}: {key}: expected {fields[key].__name__}, got {type(value).__name__}")
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise RuleError(f"{where}: {name}: {key}: expected a list of strings")
    for key in required:
        if key not in table:
            raise RuleError(f"{where}: {name}: {key} is missing")


def _read_group(table: Mapping[str, Any], where: str) -> Group:
    _check(table, _FIELDS, _REQUIRED, where)
    parts = tuple(table.get("parts", ()))
    for part in parts:
        if len(part) < 4 or _NOT_LETTERS.search(part):
            raise RuleError(f"{where}: {table['id']}: parts: {part!r}: expected at least 4 of a-z, 0-9")
    return Group(
        table["id"], table.get("class", ""), tuple(table["words"]), parts,
        tuple(table["hits"]), tuple(table["misses"]), table["why"],
    )  # fmt: skip


def _join(one: Group, other: Group) -> Group:
    return Group(
        one.id, other.cls or one.cls, one.words + other.words, one.parts + other.parts,
        one.hits + other.hits, one.misses + other.misses, one.why,
    )  # fmt: skip


def _read_rule(table: Mapping[str, Any], where: str, pack: str) -> CssRule:
    _check(table, _RULE_FIELDS, ("id", "class", "kind", "selector", "why", "examples", "keeps"), where)
    if table["kind"] != "css":
        raise RuleError(f"{where}: {table['id']}: kind: expected 'css', got {table['kind']!r}")
    strength = table.get("strength", "alone")
    if strength != "alone":
        raise RuleError(f"{where}: {table['id']}: strength: expected 'alone', got {strength!r}")
    return CssRule(
        f"{pack}/{table['id']}", table["class"], table["selector"], strength, table["why"],
        tuple(table["examples"]), tuple(table["keeps"]),
    )  # fmt: skip


def css_case_errors(rule: CssRule) -> list[str]:
    """What is wrong with a rule's own cases: nothing if all is well."""
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    try:
        missed = [case for case in rule.examples if not LexborHTMLParser(case).css(rule.selector)]
        found = [case for case in rule.keeps if LexborHTMLParser(case).css(rule.selector)]
    except (SelectolaxError, ValueError) as error:
        return [f"{rule.id}: selector {rule.selector!r}: {error}"]
    out = [] if rule.examples and rule.keeps else [f"{rule.id}: expected at least one example and one keep"]
    out += [f"{rule.id}: examples: nothing found in {case!r}" for case in missed]
    return out + [f"{rule.id}: keeps: something found in {case!r}" for case in found]


class ElementWords:
    """Judges attribute values: which groups their names belong to, as bits."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups: Final = tuple(groups)
        words = [(word, 1 << index) for index, group in enumerate(groups) for word in group.words]
        parts = [(part, 1 << index) for index, group in enumerate(groups) for part in group.parts]
        self._tables = WordTables(words, parts)
        self._known = _Known.empty(2048)
        self._looking = Lock()

    def bit(self, group: str) -> int:
        """The bit of a group by its id, 0 if there is none."""
        return next((1 << i for i, known in enumerate(self.groups) if known.id == group), 0)

    def of_value(self, value: bytes) -> int:
        """The groups of an attribute value (UTF-8) with its names parted by spaces; digits say nothing."""
        return int(self._tables.of_values([value])[0])

    def of_values(
        self, data: NDArray[np.uint8], begin: NDArray[np.int32], end: NDArray[np.int32], needed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """Groups and checksums of the `needed` values data[begin:end]; of others nothing is said."""
        many = len(begin)
        bits, checks = np.empty(many, np.uint64), np.empty(many, np.uint32)
        hashes, missing = np.empty(many, np.uint64), np.empty(many, np.int32)
        with self._looking:
            if self._known.many > _MEMO_LIMIT:
                self._known = _Known.empty(2048)
            while True:
                known = self._known
                unknown = names_kernel.look_up(
                    data, begin, end, needed, known.keys, known.bits, known.checks, hashes, bits, checks, missing
                )
                if not unknown:
                    return bits, checks
                new = dict(zip(hashes[missing[:unknown]].tolist(), missing[:unknown].tolist(), strict=True))
                chosen = np.fromiter(new.values(), np.int32, len(new))
                self._known = self._known.with_room(len(new))
                self._known.add(np.fromiter(new, np.uint64, len(new)), *self._tables.judge(data, begin, end, chosen))
                needed = np.zeros(many, np.bool_)
                needed[missing[:unknown]] = True


@dataclass(slots=True)
class _Known:
    """A table of values that were judged, by their hashes; see `cleaner.kernels.names.look_up`."""

    keys: NDArray[np.uint64]
    bits: NDArray[np.uint64]
    checks: NDArray[np.uint32]
    many: int = 0

    @classmethod
    def empty(cls, size: int) -> _Known:
        """A table with `size` places, a power of two."""
        return cls(np.zeros(size, np.uint64), np.zeros(size, np.uint64), np.zeros(size, np.uint32))

    def add(self, keys: NDArray[np.uint64], bits: NDArray[np.uint64], checks: NDArray[np.uint32]) -> None:
        """Add values, for which there has to be room."""
        self.many += names_kernel.add(self.keys, self.bits, self.checks, keys, bits, checks)

    def with_room(self, more: int) -> _Known:
        """The same, of which half stays free when there are `more` values."""
        size = len(self.keys)
        while size < 2 * (self.many + more):
            size *= 2
        if size == len(self.keys):
            return self
        other = _Known.empty(size)
        other.add(self.keys, self.bits, self.checks)
        return other
