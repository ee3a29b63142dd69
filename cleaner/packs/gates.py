"""What a line must be like for a pattern to hit it: found out from the pattern, so that most searches can be left out.

Three things can be told cheaply of a line before a search: how many characters it has that are not white space, which
signs (punctuation, symbols, digits) it holds, and which letter or digit is its first. A gate only says what is certain;
from a construct that is not known here nothing is concluded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

from cleaner.folding import fold_char
from cleaner.packs.patterns import ENDLESS, Atom, Bound, Choice, Row, Tree, UnknownError, read_pattern

DIGIT: Final = "0"
"""In `Gate.needs`: any digit."""
_MOST_SIGNS: Final = 24
_MEMBER: Final = re.compile(r"((?:[^\\]|\\[^a-zA-Z])-(?:[^\\]|\\[^a-zA-Z]))|(\\[pP]\{[^}]*\}|\\.|.)", re.DOTALL)
"""A range of a class, or another member."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What is certain of every line a pattern hits."""

    most: int = ENDLESS
    """Bound of the match's code points that are not white space; of the line's, once `gate_of` is through with it."""
    needs: frozenset[str] | None = None
    """Signs of which at least one stands in the match; `None`: none is asked for."""
    first: frozenset[str] | None = None
    """What the first letter or digit of the match can be, folded; `None`: anything. Of the line's, in the end."""
    through: bool = True
    """It can match without any letter or digit."""
    opens: bool = False
    """It begins at the beginning of the line."""
    closes: bool = False


_NONE: Final[frozenset[str]] = frozenset()
_ANY: Final = Gate()
_NOTHING: Final = Gate(0, first=_NONE)
_ONE: Final = Gate(1)


def gate_of(pattern: str) -> Gate:
    """The gate of a pattern of the `regex` module that is searched for in lines, ignoring case."""
    try:
        gate = _gate(read_pattern(pattern))
    except UnknownError:
        return _ANY
    return replace(
        gate,
        most=gate.most if gate.opens and gate.closes else ENDLESS,
        first=gate.first if gate.opens and not gate.through else None,
    )


def _sign(char: str) -> frozenset[str] | None:
    """What a literal asks for: signs only, since letters have relatives that a search ignoring case finds as well."""
    return frozenset(char) if unicodedata.category(char)[0] in "PS" and char.lower() == char.upper() else None


def _letter(char: str) -> tuple[frozenset[str] | None, bool]:
    """What a literal says of the first letter or digit, and whether it is none itself."""
    if unicodedata.category(char)[0] in "PSZC":
        return _NONE, True
    folded = fold_char(char)
    return (frozenset(folded) if folded.strip() else None), False


def _literal(char: str) -> Gate:
    first, through = _letter(char)
    return Gate(0 if char == " " else 1, _sign(char), first, through)


def _join(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    joined: frozenset[str] = _NONE
    for one in sets:
        if one is None:
            return None
        joined |= one
    return joined


def _either(gates: Sequence[Gate]) -> Gate:
    needs = _join(gate.needs for gate in gates)
    return Gate(
        max(gate.most for gate in gates),
        needs if needs and len(needs) <= _MOST_SIGNS else None,
        _join(gate.first for gate in gates),
        any(gate.through for gate in gates),
        all(gate.opens for gate in gates),
        all(gate.closes for gate in gates),
    )


def _both(one: Gate, other: Gate) -> Gate:
    """One after the other."""
    asked = [gate.needs for gate in (one, other) if gate.needs is not None]
    needs = min(asked, key=lambda signs: (DIGIT in signs, len(signs)), default=None)  # nearly every line has digits
    return Gate(
        min(one.most + other.most, ENDLESS),
        needs,
        _join((one.first, other.first)) if one.through else one.first,
        one.through and other.through,
        one.opens or (one.most == 0 and other.opens),
        other.closes or (other.most == 0 and one.closes),
    )


def _gate(tree: Tree) -> Gate:
    """What a part of a pattern says."""
    if isinstance(tree, Atom):
        return _atom(tree.spelled)
    if isinstance(tree, Bound):
        return Gate(0, first=_NONE, opens=not tree.end, closes=tree.end)
    if isinstance(tree, Choice):
        return _either([_gate(part) for part in tree.parts])
    if isinstance(tree, Row):
        return reduce(_both, map(_gate, tree.parts), _NOTHING)
    gate = _gate(tree.part)
    most = 0 if not gate.most else min(gate.most * tree.high, ENDLESS)
    return replace(gate, most=most) if tree.low else Gate(most, None, gate.first, True)


def _atom(spelled: str) -> Gate:
    """What one character says: a literal, a class or an escape."""
    if spelled == ".":
        return _ONE
    if spelled[0] == "[":
        return _class(spelled)
    return _escape(spelled[1]) if spelled[0] == "\\" else _literal(spelled)


def _escape(char: str) -> Gate:
    if char == "d":
        return Gate(1, frozenset(DIGIT), frozenset(DIGIT), False)
    if char == "W":
        return Gate(1, None, frozenset(DIGIT))  # some numbers are no word characters
    if char == "s":
        return _NOTHING
    return _ONE if char.isalnum() else _literal(char)


def _class(spelled: str) -> Gate:
    if spelled[1] == "^":
        return _ONE
    members = _MEMBER.findall(spelled[1:-1])
    return replace(_either([_member(*member) for member in members]), most=1)


def _member(range_: str, single: str) -> Gate:
    """One member of a class: a range, or one character or escape."""
    if not range_:
        return _escape(single[1]) if single[0] == "\\" else _literal(single)
    digits = range_[0].isdecimal() and range_[-1].isdecimal()
    return Gate(1, frozenset(DIGIT), frozenset(DIGIT), False) if digits else _ONE
