"""Matching: every vote of the kernels is one of the slow reference, and the other way round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.document import KindTable, read_lines
from cleaner.errors import RuleError
from cleaner.packs.match import compile_rules, match
from cleaner.packs.schema import Rule
from tests import reference

_PHRASES = (
    "read more", "share", "home", "read", "more share", "foto ©", "©", "© {n}", "{n} boat", "boat {n}", "日本", "本語", "相关阅读",
    "分享到 facebook", "email 日本", "the boat", "about the", "a", "b", "Άσς", "may {n}, {n}", "lamps near water", "word",
)  # fmt: skip
_rules = st.lists(
    st.builds(
        Rule,
        id=st.integers(0, 10**6).map("en.x/{}".format),
        cls=st.just("share"),
        at=st.sampled_from(("whole", "tile", "start", "end", "inside")),
        max_words=st.sampled_from((0, 0, 4, 30)),
        phrases=st.lists(st.sampled_from(_PHRASES), min_size=1, max_size=4).map(tuple),
        unless=st.lists(st.sampled_from(_PHRASES), max_size=1).map(tuple),
    ),
    min_size=1,
    max_size=6,
)


@given(_rules, reference.batches)
@settings(max_examples=200, deadline=None)
def test_phrases_hit_where_the_reference_hits(rules, texts):
    compiled = compile_rules(rules)
    lines = read_lines(texts, compiled.kinds)
    votes = match(compiled, lines)
    found = list(zip(*(getattr(votes, name).tolist() for name in ("row", "rule", "start", "end", "whole")), strict=True))
    wanted = [
        (row, rule, int(lines.start[row]) + start, int(lines.start[row]) + end, whole)
        for row in range(len(lines))
        for rule, start, end, whole in sorted(reference.phrase_votes(rules, lines.text(row), int(lines.weight[row])))
    ]
    assert found == wanted


def _pattern(pattern: str, *keywords: str, **more: object) -> Rule:
    return Rule(id="en.x/p", cls="share", kind="pattern", pattern=pattern, keywords=keywords, **more)


@pytest.mark.parametrize(
    ("rule", "line", "span"),
    [
        (_pattern(r"^foto\s*:\s*\S.{0,20}$", "foto"), "Foto: Anna Lee", (0, 14)),
        (_pattern(r"^foto\s*:\s*\S.{0,20}$", "foto"), "Foto: Anna Lee and far too many other people", None),
        (_pattern(r"^foto\s*:\s*\S.{0,20}$", "foto"), "Foto Anna Lee", None),
        (_pattern(r"^foto\s*:\s*\S.{0,20}$", "foto"), "Das Foto: Anna", None),
        (_pattern(r"\d+ foto", "foto"), "Noch 12 Foto", (5, 12)),
        (_pattern(r"^\d+:\d+$", "{n}"), "10:30", (0, 5)),
        (_pattern(r"^\d+:\d+$", "{n}"), "Noon 10:30", None),
        (_pattern(r"^foto$", "foto", unless=("foto",)), "Foto", None),
        (_pattern(r"foto", "foto", max_words=2), "ein Foto von hier", None),
    ],
)
def test_patterns(rule, line, span):
    compiled = compile_rules([rule])
    for _ in range(2):  # the second time from what was tried before
        votes = match(compiled, read_lines([line], compiled.kinds))
        assert list(zip(votes.start.tolist(), votes.end.tolist(), strict=True)) == ([span] if span else [])


def test_many_votes_find_room():
    rules = [Rule(id=f"en.x/{n}", cls="share", at="inside", phrases=("a", "b", "a b")) for n in range(90)]
    compiled = compile_rules(rules)
    votes = match(compiled, read_lines(["a b\n" * 3], compiled.kinds))
    assert len(votes) == 90 * 3 * 3
    assert (np.diff(votes.row) >= 0).all()


def test_a_phrase_that_folds_away_is_refused():
    with pytest.raises(RuleError, match="folds to nothing but a number"):
        compile_rules([Rule(id="en.x/a", cls="share", at="whole", phrases=("…",))])


def test_no_rules_no_votes():
    assert not len(match(compile_rules([]), read_lines(["a"], KindTable())))


@pytest.mark.parametrize(
    ("line", "hit"),
    [
        ("Read also: The long way home", True),
        ("READ ALSO : The long way home", True),
        ("Read also： The long way home", True),
        ("Read also\u00a0: The long way home", True),
        ("Read also:", True),
        ("Read also the small print: it bites", False),
        ("Read also The long way home", False),
        ("Read also", False),
        ("They read also: slowly", False),
    ],
)
def test_a_label_needs_its_colon(line, hit):
    rules = compile_rules([Rule(id="en.x/label", cls="pointer", at="label", phrases=("read also",))])
    assert len(match(rules, read_lines([line, "Another line"], rules.kinds))) == hit


@pytest.mark.parametrize(
    ("line", "cls", "hit"),
    [
        ("Share", "share", True),
        ("“Share”", "share", False),
        ("«Share».", "share", False),
        ("「Share」", "share", False),
        ("“Share", "share", True),
        ("“Share” now", "share", False),
        ("« Share »", "navigation", True),
    ],
)
def test_what_somebody_says_is_no_button(line, cls, hit):
    rules = compile_rules([Rule(id="en.x/say", cls=cls, at="whole", phrases=("share",))])
    assert len(match(rules, read_lines(["Another line", line], rules.kinds))) == hit


def test_a_word_with_a_letter_of_another_language_is_another_word():
    known = ("su", "più", *(f"parola {number * 'a'}" for number in range(100)))
    italian, foreign = Rule(id="it.x/full", cls="share", at="whole", phrases=known), ("SU", "PIÙ", "piu", "sử", "şu", "Su")
    rules = compile_rules([italian])
    votes = match(rules, read_lines(foreign, rules.kinds))
    assert votes.row.tolist() == [0, 1, 2, 5]
    few = compile_rules([replace(italian, phrases=("su", "più"))])
    assert len(match(few, read_lines(foreign, few.kinds))) == len(foreign)


def test_a_pattern_may_ask_for_a_sign_instead_of_a_word():
    rule = Rule(id="common.x/handle", cls="share", kind="pattern", pattern=r"^@\w{2,9}$", keywords=("{sign}",), max_words=5)
    compiled = compile_rules([rule])
    votes = match(compiled, read_lines(["@nora\nnora\n(@nora\n@nora_quill_of_the_harbour\n@ida"], compiled.kinds))
    assert votes.row.tolist() == [0, 4]


@pytest.mark.parametrize(
    ("pattern", "max_words", "field"), [(r"^@\w{2,9}$", 0, "max_words"), (r"^@?\w{2,9}$", 5, "pattern")]
)
def test_a_pattern_that_would_be_tried_everywhere_is_refused(pattern, max_words, field):
    rule = Rule(id="common.x/y", cls="share", kind="pattern", pattern=pattern, keywords=("{sign}",), max_words=max_words)
    with pytest.raises(RuleError, match=f"rule 'common.x/y': field '{field}'"):
        compile_rules([rule])


@pytest.mark.parametrize("at", ["start", "inside"])
def test_a_part_of_a_page_without_line_breaks_is_no_reason(at):
    text = " ".join(["home"] * 121)
    rule = Rule(id="en.x/home", cls="breadcrumb", at=at, phrases=("home",))
    compiled = compile_rules([rule])
    assert not len(match(compiled, read_lines([text], compiled.kinds)))
    assert len(match(compiled, read_lines([text[5:]], compiled.kinds)))
    wide = compile_rules([replace(rule, max_words=400)])
    assert len(match(wide, read_lines([text], wide.kinds)))
