from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cleaner.bench.ablation import study
from cleaner.bench.rounds import Judge, hide
from cleaner.bench.score import COLUMN, Key
from cleaner.bench.table import build
from cleaner.engine import Cleaner
from cleaner.packs.load import load_rules
from tests.bench.made import documents

PACK = """
[pack]
schema = 1
id = "en.small"
language = "en"
summary = "A few rules."

[[rules]]
id = "menu"
class = "navigation"
kind = "phrase"
at = "whole"
strength = "alone"
phrases = ["home", "contact us"]
why = "Menus."
examples = ['''
- Home
''']
keeps = ['''
  We went home.
''']

[[rules]]
id = "menu-again"
class = "navigation"
kind = "phrase"
at = "whole"
strength = "alone"
phrases = ["contact us"]
why = "Repeats another rule."
examples = ['''
- Contact us
''']
keeps = ['''
  We went home.
''']

[[rules]]
id = "teaser"
class = "related"
kind = "phrase"
at = "whole"
strength = "alone"
phrases = ["you may also like"]
why = "Headings."
examples = ['''
- You may also like
''']
keeps = ['''
  You may also like tea.
''']

[[rules]]
id = "eats-prose"
class = "legal"
kind = "pattern"
strength = "alone"
pattern = '''\\bcouncil\\b'''
keywords = ["council"]
why = "A rule that harms."
examples = ['''
- council
''']
keeps = ['''
  Home.
''']

[[rules]]
id = "never"
class = "legal"
kind = "phrase"
at = "whole"
strength = "alone"
phrases = ["words that nobody wrote"]
why = "Silent."
examples = ['''
- words that nobody wrote
''']
keeps = ['''
  Home.
''']
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("rules")
    (root / "en").mkdir()
    (root / "en" / "small.toml").write_text(PACK)
    nothing = {"depth": 1, "bias": -8000, "trees": [{"asks": [["length", 0]], "leaves": [0, 0]}]}
    (root / "weights").mkdir()
    weights = {"format": 1, "header": {"cut": 0}, "first": nothing, "second": nothing}
    (root / "weights" / "text.json").write_text(json.dumps(weights))
    return root


@pytest.fixture(scope="module")
def judged(folder):
    items, judge = documents(), Judge.of(rules=folder)
    return items, judge, study(items, judge)


def test_the_bench_decides_as_the_engine_does():
    items, judge = documents(), Judge.of()
    seen = judge.look([item.text for item in items])
    edits = judge.edits(seen, range(len(items)), [item.info.lang for item in items]).edits
    results = Cleaner().clean_batch([item.text for item in items], langs=[item.info.lang for item in items])
    assert [edits[doc] for doc in range(len(items))] == [list(result.edits) for result in results]


def test_leaving_a_rule_out_is_the_same_as_not_having_it(judged, folder):
    items, _judge, part = judged
    rules = load_rules(shipped=False, extra=[folder], cache=False)
    assert part.changes
    for index, rule in enumerate(rules):
        without = Cleaner(
            rules=[other for other in rules if other is not rule], weights=folder / "weights" / "text.json"
        )
        found = {doc: change for number, doc, change in part.changes if number == index}
        rows = dict(part.rows)
        for number, item in enumerate(items):
            row = Key.of(item).score(without.clean(item.text, lang="en").edits)
            np.testing.assert_allclose(row - rows[number], found.get(number, np.zeros(len(row))), err_msg=rule.id)


def test_the_same_for_any_number_of_workers(judged):
    items, judge, part = judged
    other = study(items, judge, jobs=2)
    assert len(other.changes) == len(part.changes)
    assert all(a[:2] == b[:2] and (a[2] == b[2]).all() for a, b in zip(part.changes, other.changes, strict=True))
    assert {rule: hits.removed for rule, hits in part.hits.items()} == {
        rule: hits.removed for rule, hits in other.hits.items()
    }
    assert other.collector.rules.keys() == part.collector.rules.keys()


def test_verdicts(judged):
    items, judge, part = judged
    table = build(items, judge, part)
    rows = {row.id.partition("/")[2]: row for row in table.rules}
    assert rows["menu"].verdict == "useful" and rows["menu"].precision == 1
    assert rows["menu-again"].verdict == "repeats" and rows["menu-again"].partner == "en.small/menu"
    assert rows["eats-prose"].verdict == "harms" and rows["eats-prose"].worth["gain"][0] < 0
    assert rows["eats-prose"].false and rows["eats-prose"].removed_precision == 0
    assert rows["never"].verdict == "silent"
    assert rows["teaser"].only == rows["teaser"].removed > 0
    assert rows["menu"].groups["lang"]["en"][0] == rows["menu"].hits
    assert all(row.cost >= 0 for row in table.rules)
    assert json.dumps(table.as_json())


def test_the_worth_is_whole_minus_whole_without(judged):
    items, judge, part = judged
    table = build(items, judge, part)
    index = next(n for n, rule in enumerate(judge.rules.rules) if rule.id.endswith("teaser"))
    change = sum(change[COLUMN["f1_after"]] for rule, _, change in part.changes if rule == index)
    value, low, high = table.rules[index].worth["gain"]
    assert value == pytest.approx(-change / len(items))
    assert low <= value <= high


def test_hidden_rules_have_no_votes(judged):
    items, judge, _ = judged
    seen = judge.look([item.text for item in items[:3]])
    assert (seen.reading.matched.rule == 0).any()
    assert not (hide(seen, 0).reading.matched.rule == 0).any()


def test_packs_stack_on_the_rules_that_are_judged(tmp_path: Path) -> None:
    pack = tmp_path / "more.toml"
    pack.write_text(
        """
        [pack]
        schema = 1
        id = "en.more"
        language = "en"
        summary = "One more."

        [[rules]]
        id = "dive"
        class = "related"
        at = "whole"
        strength = "alone"
        phrases = ["dive deeper now"]
        why = "A button."
        examples = ["- Dive deeper now"]
        keeps = ["  They dive deeper now than ever."]
        """,
        encoding="utf-8",
    )
    shipped, more = Judge.of(), Judge.of(packs=[pack])
    assert {rule.id for rule in more.rules.rules} - {rule.id for rule in shipped.rules.rules} == {"en.more/dive"}
