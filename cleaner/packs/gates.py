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
from typing import Final

from cleaner.folding import fold_char

DIGIT: Final = "0"
"""In `Gate.needs`: any digit."""
ENDLESS: Final = 2**30
_MOST_SIGNS: Final = 24
_CLASS_ESCAPES: Final = "sSwWdDhpP"
_ZERO_WIDTH: Final = "bBAZ"
_LOOKS: Final = ("?=", "?!")
_GROUPS: Final = ("?:", "?-i:", *_LOOKS)
_QUANTIFIER: Final = re.compile(r"\{(\d*)(,?)(\d*)\}")
_PROPERTY: Final = re.compile(r"\{\^?[\w=: -]+\}")


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


class _UnknownError(ValueError):
    """A construct from which nothing is concluded."""


def gate_of(pattern: str) -> Gate:
    """The gate of a pattern of the `regex` module that is searched for in lines, ignoring case."""
    try:
        reader = _Reader(pattern)
        gate = reader.choice()
        if reader.at != len(pattern):
            raise _UnknownError(pattern)
    except _UnknownError:
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


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def _peek(self, size: int = 1) -> str:
        return self.pattern[self.at : self.at + size]

    def _take(self) -> str:
        if self.at >= len(self.pattern):
            raise _UnknownError(self.pattern)
        self.at += 1
        return self.pattern[self.at - 1]

    def choice(self) -> Gate:
        """Alternatives up to the end or a closing bracket."""
        gates = [self._sequence()]
        while self._peek() == "|":
            self.at += 1
            gates.append(self._sequence())
        return _either(gates)

    def _sequence(self) -> Gate:
        whole = _NOTHING
        while self._peek() not in ("", "|", ")"):
            whole = _both(whole, self._repeated(self._atom()))
        return whole

    def _repeated(self, gate: Gate) -> Gate:
        sign = self._peek()
        if sign and sign in "?*+":
            self.at += 1
            low, high = {"?": (0, 1), "*": (0, ENDLESS), "+": (1, ENDLESS)}[sign]
        elif sign == "{":
            found = _QUANTIFIER.match(self.pattern, self.at)
            if found is None or not (found[1] or found[3]):
                raise _UnknownError(self.pattern)
            self.at = found.end()
            low = int(found[1] or 0)
            high = (int(found[3]) if found[3] else ENDLESS) if found[2] else low
        else:
            return gate
        if self._peek() and self._peek() in "?+":
            self.at += 1
        if self._peek() and self._peek() in "*{":
            raise _UnknownError(self.pattern)
        most = 0 if not gate.most else min(gate.most * high, ENDLESS)
        if low:
            return replace(gate, most=most)
        return Gate(most, None, gate.first, True)

    def _atom(self) -> Gate:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char == "^":
            return Gate(0, first=_NONE, opens=True)
        if char == "$":
            return Gate(0, first=_NONE, closes=True)
        if char in "*+?{":
            raise _UnknownError(self.pattern)
        return _ONE if char == "." else _literal(char)

    def _group(self) -> Gate:
        silent = False
        if self._peek() == "?":
            kind = next((kind for kind in _GROUPS if self._peek(len(kind)) == kind), None)
            if kind is None:
                raise _UnknownError(self.pattern)
            silent = kind in _LOOKS
            self.at += len(kind)
        gate = self.choice()
        if self._take() != ")":
            raise _UnknownError(self.pattern)
        return _NOTHING if silent else gate

    def _escape(self) -> Gate:
        char = self._take()
        if char in "pP":
            self._property()
            return _ONE
        if char == "d":
            return Gate(1, frozenset(DIGIT), frozenset(DIGIT), False)
        if char == "W":
            return Gate(1, None, frozenset(DIGIT))  # some numbers are no word characters
        if char == "s":
            return _NOTHING
        if char in _CLASS_ESCAPES:
            return _ONE
        if char in _ZERO_WIDTH:
            return _NOTHING
        if char.isalnum():
            raise _UnknownError(self.pattern)
        return _literal(char)

    def _property(self) -> None:
        found = _PROPERTY.match(self.pattern, self.at)
        if found is None:
            raise _UnknownError(self.pattern)
        self.at = found.end()

    def _class(self) -> Gate:
        outside = self._peek() == "^"
        self.at += outside
        members: list[Gate] = []
        while not members or self._peek() != "]":
            members.append(self._member())
        self.at += 1
        if outside:
            return _ONE
        gate = _either(members)
        return replace(gate, most=1)

    def _member(self) -> Gate:
        """One member of a class."""
        char = self._take()
        if char in "[&~" or self._peek(2) in ("--", "||") or (char == "-" and self._peek() == "-"):
            raise _UnknownError(self.pattern)  # sets inside sets
        if char == "\\":
            if self._peek() in _ZERO_WIDTH:
                raise _UnknownError(self.pattern)
            return self._escape()
        if self._peek() == "-" and self._peek(2) != "-]":
            self.at += 1
            end = self._take()
            if end in "\\[":
                raise _UnknownError(self.pattern)
            digits = char.isdecimal() and end.isdecimal()
            return Gate(1, frozenset(DIGIT), frozenset(DIGIT), False) if digits else _ONE
        return _literal(char)
