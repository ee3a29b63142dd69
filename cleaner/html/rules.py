"""Rules on elements as rules like any other: they are listed, chosen, checked and named in edits by the same means."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cleaner.errors import RuleError
from cleaner.html.elements import CssRule, ElementWords, Group, css_case_errors, read_elements
from cleaner.packs.schema import CLASSES, Pack, Rule

TABLE: Final = "elements"
"""The head table of a file of rules on elements, where a pack has `[pack]`."""
_SHIPPED: Final = "common/elements.toml"


def element_pack(data: dict[str, Any], file: str) -> Pack:
    """The rules of a parsed element file: one for each group that has a class, and its rules on elements.

    Words and parts of a group are the rule's `phrases` and `keywords`, its hits and misses the rule's cases; a selector is
    the rule's `pattern`. `RuleError` names file, group and field of what is wrong.
    """
    head, rules = read_elements(data, file)
    made = [_of_group(group, head, file) for group in rules.groups if group.cls] + [_of_css(rule, file) for rule in rules.css]
    for rule in made:
        if rule.cls not in CLASSES:
            raise RuleError(f"{file}: {rule.id}: class: expected one of {', '.join(CLASSES)}, got {rule.cls!r}")
    return Pack(head, head.partition(".")[0], str(data[TABLE].get("summary", "")), tuple(made), (), file)


def _of_group(group: Group, pack: str, file: str) -> Rule:
    return Rule(
        id=f"{pack}/{group.id}", cls=group.cls, kind="element", strength="weak", phrases=group.words,
        keywords=group.parts, why=group.why, examples=group.hits, keeps=group.misses, file=file,
    )  # fmt: skip


def _of_css(rule: CssRule, file: str) -> Rule:
    return Rule(
        id=rule.id, cls=rule.cls, kind="css", strength=rule.strength, pattern=rule.selector, why=rule.why,
        examples=rule.examples, keeps=rule.keeps, file=file,
    )  # fmt: skip


def case_errors(rule: Rule) -> Iterator[tuple[str, str]]:
    """What is wrong with the cases of a rule of kind `element` or `css`: field and message."""
    if rule.kind == "css":
        css = CssRule(rule.id, rule.cls, rule.pattern, rule.strength, rule.why, rule.examples, rule.keeps)
        yield from (("examples", error) for error in css_case_errors(css))
        return
    words = ElementWords([Group(rule.id, rule.cls, rule.phrases, rule.keywords, rule.examples, rule.keeps, rule.why)])
    if not rule.examples:
        yield "hits", "expected at least one attribute value that counts"
    for field, values, wanted in (("hits", rule.examples, True), ("misses", rule.keeps, False)):
        for value in values:
            if bool(words.of_value(value.encode())) is not wanted:
                yield field, f"{value!r} {'does not count' if wanted else 'counts'}"


def element_files(root: Path, extra: Sequence[str | os.PathLike[str]] = ()) -> list[Path]:
    """The element files that apply: the shipped one under `root`, and those among the user's packs, in order."""
    from cleaner.packs.load import pack_files

    found = [root / _SHIPPED]
    for path in extra:
        found += [file for file in pack_files(Path(path)) if TABLE in tomllib.loads(file.read_text(encoding="utf-8"))]
    return found
