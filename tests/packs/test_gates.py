"""Gates: what they ask for is asked for by the pattern, whatever the line."""

from __future__ import annotations

import sys

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.document import DENSE, DIGIT, LOWER, UPPER, kind_of
from cleaner.folding import fold_char
from cleaner.kernels.kinds import ODD_FIRST, ODD_LAST
from cleaner.packs.gates import ENDLESS, Gate, gate_of
from cleaner.packs.load import load_rules


@pytest.mark.parametrize(
    ("pattern", "most", "needs", "first"),
    [
        (r"^foto\s?:\s?\S.{0,9}$", 15, ":", "f"),
        (r"^\W{0,3}(?:foto|bild)\s*[:：]", ENDLESS, ":：", "fb0"),
        (r"^(?:a|b:)$", 2, None, "ab"),
        (r"^\d{1,2}\s?/\s?\d{2}$", 5, "/", "0"),
        (r"[(\[]x{2,}", ENDLESS, "([", None),
        (r"^x?é|Ü", ENDLESS, None, None),
        (r"^.{2,5}:$", 6, ":", None),
        (r"^(?:»\s)?[A-Z]", ENDLESS, None, None),
        (r"^(?i)a$", ENDLESS, None, None),
        (r"^a(?=:)b$", 2, None, "a"),
        (r"^\p{L}+:?$", ENDLESS, None, None),
        (r"^[^:]$", 1, None, None),
        (r"^(a)\1$", ENDLESS, None, None),
        (r"^©?\s?[0-9]{4}$", 5, "0", "0"),
    ],
)
def test_what_gates_know(pattern, most, needs, first):
    gate = gate_of(pattern)
    assert (gate.most, gate.needs and set(gate.needs)) == (most, needs and set(needs))
    assert gate.first == (None if first is None else frozenset(first))


def passes(gate: Gate, line: str) -> bool:
    ink = [char for char in line if not char.isspace()]
    signs = {"0" if kind_of(char) == DIGIT else char for char in line}
    letters = [char for char in line if kind_of(char) in (LOWER, UPPER, DENSE, DIGIT)]
    begins = fold_char(letters[0]) if letters else "none"
    odd = not begins or ODD_FIRST <= ord(begins[0]) <= ODD_LAST
    return (
        len(ink) <= gate.most
        and (gate.needs is None or bool(gate.needs & signs))
        and (gate.first is None or odd or begins in gate.first)
    )


_PATTERNS = [(rule.pattern, gate_of(rule.pattern)) for rule in load_rules() if rule.kind == "pattern"]
_OTHERS = ("12", "2024", " ", " ", ": ", "x", "Anna Lee", "½", "ſ", "\u212a")
_found = {piece for pattern, _ in _PATTERNS for piece in regex.findall(r"\p{L}{2,}|[^\p{L}\w\s\\]", pattern)}
_pieces = st.sampled_from([*sorted(_found), *_OTHERS])


@given(st.sampled_from(_PATTERNS), st.lists(_pieces, max_size=8).map("".join))
@settings(max_examples=3000, deadline=None)
def test_no_hit_is_kept_from_a_pattern(known, line):
    pattern, gate = known
    line = line.strip()
    if regex.search(pattern, line, regex.IGNORECASE, timeout=5):
        assert passes(gate, line)


def test_examples_of_the_rules_pass_their_gates():
    hits = 0
    for rule in load_rules():
        if rule.kind == "pattern":
            gate = gate_of(rule.pattern)
            for line in "\n".join((*rule.examples, *rule.keeps)).split("\n"):
                if regex.search(rule.pattern, line[2:].strip(), regex.IGNORECASE, timeout=5):
                    assert passes(gate, line[2:].strip()), rule.id
                    hits += 1
    assert hits > 200


def test_relatives_of_letters_fold_alike():
    """A search that ignores case takes characters for equal; folding must, or a gate would be closed to them."""
    letters = sorted({letter for pattern, gate in _PATTERNS for letter in pattern if letter.isalpha()})
    known = regex.compile("[" + "".join(letters) + "]", regex.IGNORECASE)
    folded = {fold_char(letter) for letter in letters}
    odd = [
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if known.match(char) and fold_char(char) not in folded and kind_of(char) in (LOWER, UPPER, DENSE, DIGIT)
    ]
    assert all(ODD_FIRST <= ord(char) <= ODD_LAST for char in odd), odd


def test_a_group_that_minds_case_is_read_like_any_other():
    gate = gate_of(r"^(?-i:[\p{Ll}]{2,9}[-_]\p{Ll}+)$")
    assert gate.needs == frozenset("-_")
    assert gate.opens and gate.closes
