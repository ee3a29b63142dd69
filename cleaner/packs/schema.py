"""What a pack may say: the fields of a rule, their values, and errors that name file, rule and field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cleaner.errors import RuleError

SCHEMA: Final = 1
CLASSES: Final = (
    "breadcrumb", "title", "byline", "date", "tags", "share", "caption", "credit", "related", "pointer", "newsletter",
    "account", "promo", "comments", "author", "legal", "consent", "ad", "navigation", "widget", "listing", "repeat", "place",
)  # fmt: skip
KINDS: Final = ("phrase", "pattern", "detector", "place")
"""What a pack may hold; rules on elements (`element`, `css`) come from files of their own, see `cleaner.html.rules`."""
PLACES: Final = ("whole", "tile", "start", "end", "inside", "label")
_PARTIAL: Final = ("start", "end", "inside", "label")
STRENGTHS: Final = ("weak", "firm", "alone", "always")
SCOPES: Final = ("line", "block", "span")
ZONES: Final = ("any", "head", "tail")
_PACK_FIELDS: Final = {"schema": int, "id": str, "language": str, "summary": str}
_RULE_FIELDS: Final[Mapping[str, type]] = {
    "id": str, "class": str, "kind": str, "at": str, "strength": str, "scope": str, "zone": str, "max_words": int,
    "phrases": list, "pattern": str, "keywords": list, "unless": list, "why": str, "examples": list, "keeps": list,
    "enabled": bool, "settings": dict,
}  # fmt: skip
_CHOICES: Final[Mapping[str, Sequence[str]]] = {
    "class": CLASSES, "kind": KINDS, "at": PLACES, "strength": STRENGTHS, "scope": SCOPES, "zone": ZONES,
}  # fmt: skip
MOST_WORDS: Final = 120
"""Lines that a phrase or pattern which asks for a part of them only looks at, unless its rule says otherwise: what begins
like a breadcrumb and goes on for a page is a page that lost its line breaks."""
_OVERRIDES: Final = frozenset({"id", "enabled", "unless"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `id` is the full id `<language>.<pack>/<rule>`; the other fields are those of the pack file."""

    id: str
    cls: str
    kind: str = "phrase"
    at: str = "inside"
    strength: str = "firm"
    scope: str = "line"
    zone: str = "any"
    max_words: int = 0
    phrases: tuple[str, ...] = ()
    pattern: str = ""
    keywords: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    why: str = ""
    examples: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""

    @property
    def most_words(self) -> int:
        """The longest line it looks at, in words; 0 where any is."""
        partial = self.kind == "pattern" or (self.kind == "phrase" and self.at in _PARTIAL)
        return self.max_words or (MOST_WORDS if partial and self.scope != "span" else 0)

    @property
    def language(self) -> str:
        """The folder the rule lives in."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Override:
    """What a later pack changes about a rule of an earlier one."""

    id: str
    enabled: bool = True
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """One file of rules."""

    id: str
    language: str
    summary: str
    rules: tuple[Rule, ...]
    overrides: tuple[Override, ...] = ()
    file: str = ""


def read_pack(data: Mapping[str, Any], file: str) -> Pack:
    """A pack from its parsed TOML; `RuleError` names `file`, the rule, the field and what was expected."""
    head = data.get("pack")
    if not isinstance(head, dict):
        raise RuleError(f"{file}: expected a table [pack] with {', '.join(_PACK_FIELDS)}")
    for name in data:
        if name not in ("pack", "rules"):
            raise RuleError(f"{file}: unknown table {name!r}, expected [pack] and [[rules]]")
    for name, kind in _PACK_FIELDS.items():
        if not isinstance(head.get(name), kind):
            raise RuleError(f"{file}: [pack] {name}: expected {_type_name(kind)}, got {head.get(name)!r}")
    if head["schema"] != SCHEMA:
        raise RuleError(f"{file}: [pack] schema: expected {SCHEMA}, got {head['schema']!r}")
    rules: list[Rule] = []
    overrides: list[Override] = []
    seen: set[str] = set()
    for number, table in enumerate(data.get("rules", []), 1):
        place = f"{file}: rule {table.get('id', f'number {number}')!r}"
        _check_fields(table, place)
        if table["id"] in seen:
            raise RuleError(f"{place}: field 'id': used twice in this file, expected a new one")
        seen.add(table["id"])
        full = f"{head['id']}/{table['id']}"
        if set(table) <= _OVERRIDES:
            overrides.append(Override(full, table.get("enabled", True), tuple(table.get("unless", ()))))
        else:
            rules.append(_read_rule(table, full, place, file))
    return Pack(head["id"], head["language"], head["summary"], tuple(rules), tuple(overrides), file)


def _type_name(kind: type) -> str:
    names = {list: "a list of strings", str: "a string", int: "a number", bool: "true or false", dict: "a table"}
    return names[kind]


def _check_fields(table: Mapping[str, Any], place: str) -> None:
    for name, value in table.items():
        kind = _RULE_FIELDS.get(name)
        if kind is None:
            near = difflib.get_close_matches(name, _RULE_FIELDS, 1)
            hint = f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(_RULE_FIELDS)}"
            raise RuleError(f"{place}: unknown field {name!r}{hint}")
        wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if wrong or (kind is list and not all(isinstance(item, str) and item.strip() for item in value)):
            raise RuleError(f"{place}: field {name!r}: expected {_type_name(kind)}, got {value!r}")
        choices = _CHOICES.get(name)
        if choices and value not in choices:
            near = difflib.get_close_matches(value, choices, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise RuleError(f"{place}: field {name!r}: expected one of {', '.join(choices)}, got {value!r}{hint}")
    if "id" not in table:
        raise RuleError(f"{place}: field 'id' is missing, expected a name unique in this pack")


def _read_rule(table: Mapping[str, Any], full: str, place: str, file: str) -> Rule:
    kind = table.get("kind", "phrase")
    needed = {"phrase": ("at", "phrases"), "pattern": ("pattern", "keywords"), "detector": (), "place": ()}[kind]
    for name in ("class", "why", *needed):
        if not table.get(name):
            raise RuleError(f"{place}: field {name!r} is missing, expected for a rule of kind {kind!r}")
    if kind != "phrase":
        for name in ("at", "phrases"):
            if name in table:
                raise RuleError(f"{place}: field {name!r}: only for rules of kind 'phrase', this one is {kind!r}")
    texts = {name: tuple(table.get(name, ())) for name in ("phrases", "keywords", "unless", "examples", "keeps")}
    return Rule(
        id=full,
        cls=table["class"],
        kind=kind,
        at=table.get("at", "inside"),
        strength=table.get("strength", "firm"),
        scope=table.get("scope", "line"),
        zone=table.get("zone", "any"),
        max_words=table.get("max_words", 0),
        pattern=table.get("pattern", ""),
        why=table["why"],
        settings=table.get("settings", {}),
        file=file,
        **texts,
    )


def stack(packs: Sequence[Pack]) -> tuple[Rule, ...]:
    """The rules of `packs` in order, later packs overriding earlier ones by full id."""
    rules: dict[str, Rule] = {}
    for pack in packs:
        for rule in pack.rules:
            rules[rule.id] = rule
        for override in pack.overrides:
            known = rules.get(override.id)
            if known is None:
                near = difflib.get_close_matches(override.id, rules, 1)
                hint = f", did you mean {near[0]!r}?" if near else ""
                raise RuleError(f"{pack.file}: rule {override.id!r}: overrides a rule that does not exist{hint}")
            if override.enabled:
                rules[override.id] = replace(known, unless=known.unless + override.unless)
            else:
                del rules[override.id]
    return tuple(rules.values())
