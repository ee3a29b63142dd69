"""Patterns of the `regex` module as trees, so that something can be said of them without searching.

Only constructs that the rules use are read; of any other pattern nothing is concluded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

ENDLESS: Final = 2**30
_ZERO_WIDTH: Final = "bB"
_LOOKS: Final = ("?=", "?!")
_GROUPS: Final = ("?:", "?-i:", *_LOOKS)
_CLASSES: Final = "sSwWdD"
_QUANTIFIER: Final = re.compile(r"\{(\d*)(,?)(\d*)\}")
_PROPERTY: Final = re.compile(r"\{\^?[\w=: -]+\}")
_CLASS: Final = re.compile(r"\[\^?(?:\\.|[^\]\\\[])(?:\\.|[^\]\\\[])*\]", re.DOTALL)


class UnknownError(ValueError):
    """A construct from which nothing is concluded."""


@dataclass(frozen=True, slots=True)
class Atom:
    """One character: a literal, a class or an escape, as it is spelled in the pattern."""

    spelled: str
    cased: bool
    """Whether upper and lower case differ."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The beginning of the line, or its end."""

    end: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One part after the other. An empty one stands for what has no width and is not looked into, as looks ahead."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part so many times."""

    part: Tree
    low: int
    high: int


Tree = Atom | Bound | Row | Choice | Repeat


def read_pattern(pattern: str) -> Tree:
    """The tree of a pattern; `UnknownError` where it holds something that is not known here."""
    reader = _Reader(pattern)
    tree = reader.choice(cased=False)
    if reader.at != len(pattern):
        raise UnknownError(pattern)
    return tree


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def _peek(self, size: int = 1) -> str:
        return self.pattern[self.at : self.at + size]

    def _take(self) -> str:
        if self.at >= len(self.pattern):
            raise UnknownError(self.pattern)
        self.at += 1
        return self.pattern[self.at - 1]

    def choice(self, *, cased: bool) -> Tree:
        """Alternatives up to the end or a closing bracket."""
        parts = [self._row(cased)]
        while self._peek() == "|":
            self.at += 1
            parts.append(self._row(cased))
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _row(self, cased: bool) -> Tree:
        parts: list[Tree] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._part(cased)))
        return Row(tuple(parts))

    def _repeated(self, part: Tree) -> Tree:
        sign = self._peek()
        if sign and sign in "?*+":
            self.at += 1
            low, high = {"?": (0, 1), "*": (0, ENDLESS), "+": (1, ENDLESS)}[sign]
        elif sign == "{":
            found = _QUANTIFIER.match(self.pattern, self.at)
            if found is None or not (found[1] or found[3]):
                raise UnknownError(self.pattern)
            self.at = found.end()
            low = int(found[1] or 0)
            high = (int(found[3]) if found[3] else ENDLESS) if found[2] else low
        else:
            return part
        if self._peek() == "?":  # as few as possible: where it hits may differ, whether it does not
            self.at += 1
        if self._peek() and self._peek() in "*+{":
            raise UnknownError(self.pattern)
        return Repeat(part, low, high)

    def _part(self, cased: bool) -> Tree:
        char = self._take()
        if char == "(":
            return self._group(cased)
        if char == "[":
            return Atom(self._class(), cased)
        if char == "\\":
            return self._escape(cased)
        if char in "^$":
            return Bound(char == "$")
        if char in "*+?{":
            raise UnknownError(self.pattern)
        return Atom(char, cased)

    def _group(self, cased: bool) -> Tree:
        silent = False
        if self._peek() == "?":
            kind = next((kind for kind in _GROUPS if self._peek(len(kind)) == kind), None)
            if kind is None:
                raise UnknownError(self.pattern)
            silent = kind in _LOOKS
            cased = cased or kind == "?-i:"
            self.at += len(kind)
        tree = self.choice(cased=cased)
        if self._take() != ")":
            raise UnknownError(self.pattern)
        return Row(()) if silent else tree

    def _escape(self, cased: bool) -> Tree:
        char = self._take()
        if char in _ZERO_WIDTH:
            return Row(())
        if char in "pP":
            found = _PROPERTY.match(self.pattern, self.at)
            if found is None:
                raise UnknownError(self.pattern)
            self.at = found.end()
            return Atom(f"\\{char}{found[0]}", cased)
        if char.isalnum() and char not in _CLASSES:
            raise UnknownError(self.pattern)
        return Atom(f"\\{char}", cased)

    def _class(self) -> str:
        found = _CLASS.match(self.pattern, self.at - 1)
        if found is None:
            raise UnknownError(self.pattern)
        self.at = found.end()
        return found[0]
