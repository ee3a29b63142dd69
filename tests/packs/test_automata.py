"""Automata: they keep no hit from a pattern, whatever the line, and spare most of the searches that find nothing."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.document import to_points
from cleaner.kernels import automata as kernel
from cleaner.packs.automata import _MOST_STATES, PLANE, _members, _takes_beyond, automata_of, parted
from cleaner.packs.load import load_rules
from cleaner.packs.patterns import ENDLESS, Atom, UnknownError, read_pattern

_RULES = [rule for rule in load_rules() if rule.kind == "pattern"]
_PATTERNS = [rule.pattern for rule in _RULES]
_KNOWN = automata_of(_PATTERNS)


def likely(line, known=_KNOWN, patterns=_PATTERNS):
    """The numbers of the patterns that the automata let through to a line, and of those that surely hit all of it."""
    points = to_points(line)
    many = len(patterns)
    pairs = np.stack((np.zeros(many, np.int32), np.arange(many, dtype=np.int32)), axis=1)
    start, end, tried = np.zeros(1, np.int32), np.array([len(points)], np.int32), np.empty((many, 5), np.int32)
    kept = kernel.likely(
        points, start, end, known.classes, known.of_rule, known.symbols, known.steps, known.begins, known.sure, pairs, many, tried
    )
    row, rule, first, last, whole = tried[:kept].T
    assert not row.any()
    assert not first.any()
    assert (last == len(points)).all()
    assert np.isin(whole, (kernel.UNSURE, 1)).all()
    return set(rule.tolist()), set(rule[whole == 1].tolist())


@pytest.mark.parametrize(
    ("pattern", "lines", "others"),
    [
        (r"^foto\s?:\s?\S", ["Foto: Ada", "FOTO :x"], ["Fotos: Ada", "ein Foto: Ada", "Foto:"]),
        (r"ab{2}c$", ["xabbc"], ["xabc", "abbbc", "abbcd"]),
        (r"^(?:a|b){1,3}$", ["a", "bab"], ["abab", "c"]),
        (r"^x{2,9}y", ["xxy", "xxxxxxxxy"], ["xy"]),
        (r"(?:^|\s)so$", ["so", "and so"], ["also", "so what"]),
        (r"^a(?=b)b|^\bc", ["ab", "c"], ["b", "dc"]),
        (r"^(?-i:[A-Z]\p{Ll}+) \d+$", ["Ada 12"], ["ada 12", "ADA 12", "Ada x"]),
        (r"^\W*k$", ["»» k", "\u212a", "🎉k"], ["ak"]),
        (r"^straße$", ["STRAßE", "straẞe"], ["strasse"]),
        (r"^[^.!]+$", ["ok 🎉"], ["no."]),
        (r"^[|/&-]\s?[\]x]", ["& x", "-]"], ["x"]),
        (r"^\.\d{1,2}$", [".1", ".12", ".٣"], ["a1", ".123", "."]),
    ],
)
def test_what_automata_let_through(pattern, lines, others):
    known = automata_of(["", pattern])
    assert known.of_rule.tolist() == [-1, 0]
    for line in lines:
        assert regex.search(pattern, line, regex.IGNORECASE), line
        assert likely(line, known, [pattern, pattern])[0] == {0, 1}, line
    for line in others:
        assert not regex.search(pattern, line, regex.IGNORECASE), line
        assert likely(line, known, [pattern, pattern])[0] == {0}, line


@pytest.mark.parametrize("pattern", [r"^(a)\1$", r"(?i)a", r"a*", r"(?<=a)b", r"a++b", r"^[[:alpha:]]$", r"(?:^|a)+b", r"^\x41$"])
def test_patterns_of_which_nothing_is_known_are_always_tried(pattern):
    known = automata_of([pattern])
    assert known.of_rule.tolist() == [-1]
    assert likely("nothing of it", known, [pattern]) == ({0}, set())


def test_an_automaton_that_grows_too_large_is_left_out():
    pattern = "a" + "[ab]{4}" * 4 + "c"
    assert automata_of([pattern]).of_rule.tolist() == [-1]
    assert _MOST_STATES < 2**16  # so many that the numbers of states would still fit


@pytest.mark.parametrize(
    ("pattern", "sure"),
    [
        (r"^ab{2}c$", ENDLESS),
        (r"^a[bc]{1,16}d$", ENDLESS),
        (r"^a[bc]{1,17}d$", 20),
        (r"^(?:ab){0,20}c$", 43),
        (r"^(?:a|b{3,40}c)x?$", 42),
        (r"^(?:a.{0,30}){2}b$", 34),
        (r"^a{20}$", 16),
        (r"^a{18,}b?$", 16),
        (r"^(?:ab)+$", ENDLESS),
        (r"^(?:a(?=b)b|c{3})$", 2),
        (r"^a\b$", 1),
        (r"^a|b$", 0),
        (r"^a", 0),
        (r"a$", 0),
        (r"^(a)\1$", 0),
    ],
)
def test_below_which_length_an_automaton_is_sure(pattern, sure):
    assert automata_of([pattern]).sure.tolist() == [sure]


def test_what_is_sure_of_a_line():
    patterns = [r"^a.{1,20}b$", r"^a.{1,30}b$", r"^a.+", r"^a.{1,30}c$"]
    known = automata_of(patterns)
    assert likely("a" + "x" * 20 + "b", known, patterns) == ({0, 1, 2}, {0, 1})
    assert likely("a" + "x" * 21 + "b", known, patterns) == ({0, 1, 2}, {1})
    assert likely("a🎉b", known, patterns) == ({0, 1, 2}, set())


def test_nearly_all_patterns_of_the_rules_have_an_automaton():
    assert (_KNOWN.of_rule < 0).sum() < 0.02 * len(_PATTERNS)
    for pattern in _PATTERNS:
        read_pattern(pattern)


_found = {piece for pattern in _PATTERNS for piece in regex.findall(r"\p{L}{2,}|[^\p{L}\w\s\\]", pattern)}
_OTHERS = ("12", "2024", " ", " ", ": ", "x", "Anna Lee", "½", "ſ", "\u212a", "🎉", "\ud800", "\U00010400")
_pieces = st.sampled_from([*sorted(_found), *_OTHERS])


def check(line):
    """Assert that no pattern which hits a line is kept from it, and that those which surely do hit all of it; how many hit, how
    many are let through, and of how many of these it is not sure."""
    kept, sure = likely(line)
    hits: dict[int, tuple[int, int]] = {}
    for number, pattern in enumerate(_PATTERNS):
        hit = regex.search(pattern, line, regex.IGNORECASE, timeout=5)
        if hit:
            hits[number] = hit.span()
    assert kept.issuperset(hits), [_RULES[number].id for number in hits if number not in kept]
    for number in sure:
        assert hits.get(number) == (0, len(line)), _RULES[number].id
    return len(hits), len(kept), len(kept) - len(sure)


@given(st.lists(_pieces, min_size=1, max_size=8).map("".join).map(str.strip))
@settings(max_examples=300, deadline=None)
def test_no_hit_is_kept_from_a_pattern(line):
    check(line)


@given(st.sampled_from([line for rule in _RULES for case in rule.examples for line in case.split("\n")]), st.data())
@settings(max_examples=300, deadline=None)
def test_no_hit_is_kept_from_a_pattern_on_lines_like_its_examples(example, data):
    line = example[2:].strip() + " "
    at = data.draw(st.integers(0, len(line) - 1))
    put = data.draw(st.one_of(_pieces, st.characters(), st.just("")))
    check((line[:at] + put + line[at + data.draw(st.integers(0, 2)) :]).strip())


def test_few_searches_are_left_on_the_examples_of_the_rules():
    hits = kept = unsure = 0
    lines = {line[2:].strip() for rule in _RULES for case in (*rule.examples, *rule.keeps) for line in case.split("\n")}
    for line in sorted(lines)[::4]:
        counts = check(line)
        hits, kept, unsure = hits + counts[0], kept + counts[1], unsure + counts[2]
    assert hits > 200
    assert kept < 1.2 * hits
    assert unsure < 0.6 * hits


def test_what_other_cases_characters_have_is_what_the_regex_module_says():
    plane = "".join(map(chr, range(PLANE)))
    for char in "aKſİıßςµ1.é中":
        for cased in (False, True):
            pattern = regex.compile(regex.escape(char), 0 if cased else regex.IGNORECASE)
            taken = "".join(map(chr, _members(Atom(char if char != "." else r"\.", cased)).tolist()))
            assert taken == "".join(pattern.findall(plane))


def test_atoms_that_take_nothing_beyond_the_first_plane():
    above = [chr(point) for point in range(PLANE, sys.maxunicode + 1)]
    moved = "".join(char for char in above if char.isspace() or char.lower() != char or char.upper() != char)
    assert moved
    for spelled in {found for pattern in _PATTERNS for found in regex.findall(r"\[(?:\\.|[^\]\\])+\]|\\.|[^\\]", pattern)}:
        if not _takes_beyond(Atom(spelled, False)):
            assert not regex.search(spelled if len(spelled) > 1 else regex.escape(spelled), moved, regex.IGNORECASE), spelled
    assert _takes_beyond(Atom(r"\w", False))
    assert _takes_beyond(Atom("[^a]", False))
    assert _takes_beyond(Atom("[a\\d]", False))
    assert _takes_beyond(Atom("🎉", False))
    assert not _takes_beyond(Atom("[a-z\\s\\]]", False))


def test_things_are_parted_by_all_sets():
    sets = [np.array([1, 2, 5]), np.array([2, 3]), np.zeros(0, np.int64)]
    assert parted(6, sets).tolist() == [0, 1, 2, 3, 0, 1]


@pytest.mark.parametrize("pattern", ["(a", "a)", "[a", "a{", "*a", "\\", "(?P<x>a)", "[a[b]]"])
def test_what_is_not_read(pattern):
    with pytest.raises(UnknownError):
        read_pattern(pattern)
