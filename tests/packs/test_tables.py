"""The tables that are kept: the same as those just made, made anew when anything changes, and never needed."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import regex

from cleaner.errors import RuleError
from cleaner.packs.load import load_rules
from cleaner.packs.schema import Rule
from cleaner.packs.tables import digest_of, tables_of


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def same(one, other):
    for part in ("phrases", "gates", "automata"):
        for field in fields(getattr(one, part)):
            assert np.array_equal(getattr(getattr(one, part), field.name), getattr(getattr(other, part), field.name)), field.name
    assert np.array_equal(one.numeric, other.numeric)
    assert np.array_equal(one.shaped, other.shaped)
    assert {number: (pattern.pattern, pattern.flags) for number, pattern in one.patterns.items()} == {
        number: (pattern.pattern, pattern.flags) for number, pattern in other.patterns.items()
    }


def test_what_is_kept_is_what_was_made(home):
    rules = load_rules()
    made = tables_of(rules, kept=True)
    (file,) = home.rglob("rules-*")
    known = tables_of(rules, kept=True)
    same(made, known)
    same(made, tables_of(rules, kept=False))
    for number, pattern in known.patterns.items():
        for case in (*rules[number].examples, *rules[number].keeps):
            for line in case.split("\n"):
                mine, other = made.patterns[number].search(line[2:]), pattern.search(line[2:])
                assert (mine and mine.span()) == (other and other.span())
    file.write_bytes(file.read_bytes()[:-1])
    same(made, tables_of(rules, kept=True))
    assert len(list(home.rglob("rules-*"))) == 1


def test_a_file_for_each_set_of_rules(home):
    rules = [
        Rule("xx.a/one", "share", phrases=("Share this",)),
        Rule("xx.a/two", "date", kind="pattern", pattern="^(?P<day>\\d+)$", keywords=("{n}",)),
    ]
    tables_of(rules, kept=True)
    known = tables_of(rules, kept=True)
    assert known.patterns[1].search("12")["day"] == "12"
    assert known.patterns[1].flags & regex.IGNORECASE
    for number in range(12):
        tables_of([replace(rules[0], phrases=(f"Share {chr(97 + number)}",))], kept=True)
    assert len(list(home.rglob("rules-*"))) == 6


def test_the_digest_is_of_what_rules_do():
    rule = Rule("xx.a/one", "share", phrases=("a", "b"))
    assert digest_of([rule]) == digest_of([replace(rule, file="elsewhere", why="because", examples=("- a",))])
    others = [
        replace(rule, phrases=("a\x01b",)), replace(rule, phrases=("a",)), replace(rule, unless=("b",)), replace(rule, strength="weak"),
        replace(rule, max_words=3), replace(rule, zone="head"), replace(rule, settings={"share": 0.5}), replace(rule, phrases=("a", "\ud800")),
    ]  # fmt: skip
    assert len({digest_of([one]) for one in (rule, *others)}) == len(others) + 1


def test_errors_are_told_each_time(home):
    rules = [Rule("xx.a/one", "share", kind="pattern", pattern="(", keywords=("a",), file="x.toml")]
    for _ in range(2):
        with pytest.raises(RuleError, match=r"x\.toml: rule 'xx\.a/one'"):
            tables_of(rules, kept=True)


def test_a_closed_cache_folder_costs_time_only(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CLEANER_CACHE", str(tmp_path / "file"))
    rules = [Rule("xx.a/one", "share", phrases=("Share this",))]
    same(tables_of(rules, kept=True), tables_of(rules, kept=False))
