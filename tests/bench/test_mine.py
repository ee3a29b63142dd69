from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from cleaner.bench.mine import as_toml, mine
from cleaner.bench.rounds import Judge
from cleaner.packs.match import compile_rules
from cleaner.packs.schema import read_pack
from tests.bench.made import documents


@pytest.fixture(scope="module")
def judge():
    return Judge.of()


def spoken(extra):
    """Documents with a line of their own put before the last one."""
    out = []
    for number, item in enumerate(documents(8, 2)):
        label, line = extra(number)
        lines = item.text.split("\n")
        out.append(
            replace(
                item, text="\n".join([*lines[:-1], line, lines[-1]]), labels=(*item.labels[:-1], label, item.labels[-1])
            )
        )
    return out


def test_what_recurs_on_many_sites_is_proposed_first(judge):
    found = mine(spoken(lambda n: ("drop", "Wibble wobble club")), judge)
    one = next(candidate for candidate in found if candidate.folded == "wibble wobble club")
    assert (one.sites, one.times, one.at, one.known) == (8, 16, "whole", "")
    assert one.precision == 1
    known = next(candidate for candidate in found if candidate.folded == "you may also like")
    assert known.known.startswith("en.")


def test_beginnings_need_varied_ends(judge):
    found = mine(spoken(lambda n: ("drop", f"Wibbled by: number {'abcdefghijklmnop'[n]} of the row")), judge)
    starts = {candidate.folded for candidate in found if candidate.at == "start"}
    assert "wibbled by" in starts
    same = mine(spoken(lambda n: ("drop", "Wibbled by the same old man")), judge)
    assert "wibbled by" not in {candidate.folded for candidate in same if candidate.at == "start"}


def test_labels_change_nothing_in_the_order(judge):
    one = mine(spoken(lambda n: ("drop", "Wibble wobble club")), judge)
    other = mine(spoken(lambda n: ("keep", "Wibble wobble club")), judge)
    assert [(c.folded, c.at, c.score) for c in one] == [(c.folded, c.at, c.score) for c in other]


def test_the_toml_is_a_pack_with_real_cases(judge):
    found = mine(spoken(lambda n: ("drop", f"Wibble '''wobble {n}")), judge)
    text = as_toml(found, "en")
    pack = read_pack(tomllib.loads(text), "mined.toml")
    assert pack.language == "en" and len(pack.rules) == len({rule.id for rule in pack.rules})
    rule = next(rule for rule in pack.rules if "wibble" in rule.phrases[0] and rule.at == "whole")
    assert rule.phrases == ("wibble wobble {n}",)
    assert "- Wibble '''wobble" in rule.examples[0]
    compile_rules(pack.rules)
    assert "16 times; 100.0% of labelled occurrences must go" in text
