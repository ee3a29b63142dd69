"""Rules from the cache: the same as those just compiled, and read again when a file changes."""

from __future__ import annotations

import os

import numpy as np
import pytest

from cleaner import Cleaner
from cleaner.errors import RuleError
from cleaner.packs import ready
from cleaner.packs.load import load_rules
from cleaner.packs.match import compile_rules
from cleaner.packs.ready import KeptRules, ready_rules

PACK = """
[pack]
schema = 1
id = "xx.boats"
language = "xx"
summary = "Boats"

[[rules]]
id = "ferry"
class = "promo"
why = "Offers stand apart from the text."
kind = "phrase"
at = "whole"
strength = "alone"
phrases = ["{phrase}"]
examples = ["- {phrase}"]
keeps = ["A ferry."]
"""
BODY = "The boat left the quay at six and came back at noon with nobody on board."


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def pack(tmp_path):
    return written(tmp_path / "boats.toml", "Book the ferry")


def written(path, phrase):
    path.write_text(PACK.replace("{phrase}", phrase), encoding="utf-8")
    return path


def test_what_is_kept_is_what_was_compiled(pack):
    options = {"languages": ("xx", "fr"), "extra": [pack], "ignore": ("share",)}
    made = ready_rules(**options)
    known = ready_rules(**options)
    anew = compile_rules(load_rules(**options))
    assert isinstance(known.rules, KeptRules)
    assert not isinstance(made.rules, KeptRules)
    for name in ready._COLUMNS:
        assert np.array_equal(getattr(known, name), getattr(anew, name)), name
        assert getattr(known, name).dtype == getattr(anew, name).dtype, name
    assert (known.ids, known.digest, known.detectors) == (anew.ids, anew.digest, anew.detectors)
    assert len(known.rules) == len(anew.rules)
    for wanted in known.detectors.values():
        assert all(known.rules[number] == anew.rules[number] for number in wanted.values())
    assert known.rules._all is None
    assert tuple(known.rules) == anew.rules


def test_a_changed_file_is_read_again(pack):
    def removing(text):
        return [edit.rule for edit in Cleaner(languages=["xx"], packs=[pack]).clean(f"{text}\n{BODY}").edits]

    assert [removing("Book the ferry"), removing("Book the ferry")] == [["xx.boats/ferry"]] * 2
    assert removing("Hire a bike") == []
    written(pack, "Hire a bike")
    os.utime(pack, ns=(1, 1))
    assert removing("Hire a bike") == ["xx.boats/ferry"]


def test_lost_tables_are_made_anew(home):
    first = ready_rules(select=("share",))
    for file in home.rglob("rules-*"):
        file.unlink()
    again = ready_rules(select=("share",))
    assert again.ids == first.ids
    assert not isinstance(again.rules, KeptRules)
    assert isinstance(ready_rules(select=("share",)).rules, KeptRules)


def test_files_that_change_under_a_run_are_an_error(pack):
    ready_rules(extra=[pack])
    known = ready_rules(extra=[pack])
    pack.write_text(pack.read_text(encoding="utf-8").replace("ferry", "tram"), encoding="utf-8")
    with pytest.raises(RuleError, match="have changed"):
        list(known.rules)


@pytest.mark.parametrize("options", [{"select": ("nothing",)}, {"languages": ("qq",)}, {"extra": ("nowhere.toml",)}])
def test_errors_are_told_each_time(options):
    for _ in range(2):
        with pytest.raises(RuleError):
            ready_rules(**options)


def test_all_rules_are_there_for_who_asks():
    Cleaner(select=["share"])
    cleaner = Cleaner(select=["share"])
    assert cleaner.rules == load_rules(select=["share"])
    assert all(rule.examples for rule in cleaner.rules if rule.kind == "phrase")
