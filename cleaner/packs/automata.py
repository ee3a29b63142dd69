"""Patterns as automata that tell which lines they can hit, since most searches of a line find nothing.

Each pattern becomes the automaton of its positions, which is made deterministic (see `kernels.automata`). It takes for a hit
whatever the pattern hits, and a little more: long counts have no bound, and looks ahead and borders of words are passed over.
How long a line must be for that to matter is known, too: of shorter ones the pattern hits whatever the automaton takes.
Which characters a literal or a class of a pattern takes is asked of the `regex` module, for every code point of the first
plane; those beyond are taken by anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import regex
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints, to_points
from cleaner.kernels.automata import BEGIN, END
from cleaner.packs.patterns import ENDLESS, Atom, Bound, Choice, Repeat, Row, Tree, UnknownError, read_pattern

PLANE: Final = 1 << 16
_MOST_STATES: Final = 1 << 15
_MOST_POSITIONS: Final = 1 << 12
_MOST_SYMBOLS: Final = 250
_ATTEMPTS: Final = ((16, 1 << 12), (8, 1 << 12), (4, 1 << 12), (4, _MOST_STATES))
"""Counts up to the first number are heeded if no more states come of it than the second; the first attempt that holds counts."""

Symbols = NDArray[np.uint16]
Points = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Automata:
    """The automata of all patterns."""

    classes: Symbols
    """Per code point of the first plane, and one for all others: its class. Patterns treat characters of a class alike."""
    of_rule: Ints
    """Per rule: the number of its automaton; -1 where it has none and each line has to be searched."""
    symbols: Bytes
    """(automata, classes and one) the symbol of each class; in the last place how many symbols there are."""
    steps: Symbols
    """The state after each state and symbol, one automaton behind the other."""
    begins: NDArray[np.int64]
    """Per automaton, and one more: where its steps begin."""
    sure: Ints
    """Per rule: its pattern hits all of each line shorter than this that its automaton takes, if all characters are of the
    first plane. 0 where that is not known."""


@dataclass(slots=True)
class Positions:
    """The positions of a pattern: each takes one character, or stands for an end of the line."""

    takes: list[Atom | Bound | None]
    """What each takes; the first stands before the line."""
    follow: list[int]
    """Per position: bits of those that can come after it."""
    counted: int
    """Counts up to this are heeded."""
    last: int = 0
    """Bits of those with which the pattern has hit."""
    sure: int = 0
    """See `Automata.sure`."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A part of a pattern: bits of the positions it can begin with and end with, and whether it can be empty."""

    first: int = 0
    last: int = 0
    empty: bool = True


def positions_of(tree: Tree, counted: int) -> Positions:
    """The positions of a pattern; `UnknownError` where it can hit nothing at all, or is too large."""
    found = Positions([None], [0], counted)
    whole = _place(tree, found)
    if whole.empty:
        raise UnknownError("it hits nothing at all")
    begins, ends = (_bits(found, end) for end in (False, True))
    found.follow[0] = whole.first | (1 if whole.first & ~begins else 0)
    found.last = whole.last
    for place, after in enumerate(found.follow):
        if (begins >> place & 1 and after & begins) or (ends >> place & 1 and after & ends):
            raise UnknownError("one end of the line behind the other")
    if not (whole.first & ~begins or whole.last & ~ends):
        found.sure = _lengths(tree, counted)[1]
    return found


def _lengths(tree: Tree, counted: int) -> tuple[int, int]:
    """How long what an automaton takes is at least, and what it takes although the pattern has no such thing.

    The latter has more copies of a part than the pattern counts, or fewer, or stands where the pattern looks ahead.
    """
    if isinstance(tree, Atom | Bound):
        return int(isinstance(tree, Atom)), ENDLESS
    if isinstance(tree, Repeat):
        least, wrong = _lengths(tree.part, counted)
        low = min(tree.low, counted)
        wrong += max(low - 1, 0) * least
        if tree.low > counted:
            wrong = min(wrong, low * least)
        if counted < tree.high < ENDLESS:
            wrong = min(wrong, (tree.high + 1) * max(least, 1))
        return low * least, min(wrong, ENDLESS)
    if not tree.parts:
        return 0, 0  # nothing is known of what stands there
    leasts, wrongs = zip(*(_lengths(part, counted) for part in tree.parts), strict=True)
    if isinstance(tree, Choice):
        return min(leasts), min(wrongs)
    whole = sum(leasts)
    return whole, min(ENDLESS, *(wrong + whole - least for least, wrong in zip(leasts, wrongs, strict=True)))


def _bits(found: Positions, end: bool) -> int:
    return sum(1 << place for place, atom in enumerate(found.takes) if atom == Bound(end))


def _place(tree: Tree, found: Positions) -> _Span:
    """Add the positions of a part of a pattern."""
    if isinstance(tree, Atom | Bound):
        if len(found.takes) == _MOST_POSITIONS:
            raise UnknownError("too large")
        bit = 1 << len(found.takes)
        found.takes.append(tree)
        found.follow.append(0)
        return _Span(bit, bit, False)
    if isinstance(tree, Choice):
        spans = [_place(part, found) for part in tree.parts]
        return _Span(_union(span.first for span in spans), _union(span.last for span in spans), any(s.empty for s in spans))
    if isinstance(tree, Row):
        return _in_row((_place(part, found) for part in tree.parts), found)
    return _in_row(_copies(tree, found), found)


def _union(sets: Iterable[int]) -> int:
    union = 0
    for bits in sets:
        union |= bits
    return union


def _in_row(spans: Iterable[_Span], found: Positions) -> _Span:
    whole = _Span()
    for span in spans:
        _lead(found, whole.last, span.first)
        whole = _Span(
            whole.first | span.first if whole.empty else whole.first,
            whole.last | span.last if span.empty else span.last,
            whole.empty and span.empty,
        )
    return whole


def _lead(found: Positions, before: int, after: int) -> None:
    """Let the positions `after` come after those `before`."""
    while before:
        found.follow[(before & -before).bit_length() - 1] |= after
        before &= before - 1


def _copies(repeat: Repeat, found: Positions) -> Iterable[_Span]:
    """A part as often as it must be, and as often again as it can be."""
    low, high = min(repeat.low, found.counted), repeat.high if repeat.high <= found.counted else ENDLESS
    if high < repeat.low or not high:
        raise UnknownError("a count of nothing")
    for _ in range(low if high < ENDLESS else max(low - 1, 0)):
        yield _place(repeat.part, found)
    if high < ENDLESS:
        for _ in range(high - low):
            span = _place(repeat.part, found)
            yield _Span(span.first, span.last, True)
    else:
        span = _place(repeat.part, found)
        _lead(found, span.last, span.first)
        yield _Span(span.first, span.last, span.empty or not low)


@cache
def _everything() -> tuple[str, str]:
    """All code points of the first plane, and those of them that have another case."""
    plane = "".join(map(chr, range(PLANE)))
    changed = {char for char in plane if {char.lower(), char.upper(), char.title(), char.casefold()} != {char}}
    images = {image for char in changed for image in char.lower() + char.upper() + char.title() + char.casefold()}
    return plane, "".join(sorted(changed | {image for image in images if ord(image) < PLANE}))


@cache
def _members(atom: Atom) -> Points:
    """The code points of the first plane that an atom takes."""
    plane, with_case = _everything()
    literal = _literal(atom.spelled)
    if literal and (atom.cased or literal not in with_case):
        return np.array([ord(literal)] if ord(literal) < PLANE else [], np.int64)
    pattern = regex.compile(f"(?:{atom.spelled})+", 0 if atom.cased else regex.IGNORECASE)
    return to_points("".join(pattern.findall(with_case if literal else plane))).astype(np.int64)


def _literal(spelled: str) -> str:
    """The character that an atom stands for, if it is one."""
    if len(spelled) == 1:
        return "" if spelled == "." else spelled
    return spelled[1] if spelled[0] == "\\" and not spelled[1].isalnum() else ""


_WITHIN: Final = regex.compile(r"\\s|[^\\.]|\\[^a-zA-Z]|\[(?:[^\\^]|\\s|\\[^a-zA-Z])(?:[^\\]|\\s|\\[^a-zA-Z])*\]")
"""Spellings of atoms that take nothing beyond the first plane: none of its characters has its other case there."""


def _takes_beyond(atom: Atom) -> bool:
    """Whether an atom may take code points beyond the first plane."""
    return _WITHIN.fullmatch(atom.spelled) is None or any(ord(char) >= PLANE for char in atom.spelled)


def parted(size: int, sets: Iterable[Points]) -> Ints:
    """The class of each of `size` things such that those in the same `sets` have the same; counted in order of appearance."""
    found = np.zeros(size, np.int32)
    counts = np.array([size])
    for members in sets:
        met = np.bincount(found[members], minlength=len(counts))
        split = np.flatnonzero((met > 0) & (met < counts))
        if len(split):
            renamed = np.arange(len(counts), dtype=np.int32)
            renamed[split] = len(counts) + np.arange(len(split), dtype=np.int32)
            found[members] = renamed[found[members]]
            counts = np.append(counts, met[split])
            counts[split] -= met[split]
    _, place, classes = np.unique(found, return_index=True, return_inverse=True)
    rank = np.empty(len(place), np.int32)
    rank[np.argsort(place)] = np.arange(len(place), dtype=np.int32)
    ranked: Ints = rank[classes]
    return ranked


def automata_of(patterns: Sequence[str]) -> Automata:
    """The automata of the patterns of rules; an empty one stands for a rule without."""
    trees: dict[int, Tree] = {}
    for rule, pattern in enumerate(patterns):
        try:
            if pattern:
                trees[rule] = read_pattern(pattern)
        except UnknownError:
            continue
    atoms = dict.fromkeys(atom for tree in trees.values() for atom in _atoms(tree))
    classes = parted(PLANE, [_members(atom) for atom in atoms])
    many = int(classes.max()) + 1
    taken = {atom: np.unique(classes[_members(atom)]).astype(np.int64) for atom in atoms}
    of_rule, sure = np.full(len(patterns), -1, np.int32), np.zeros(len(patterns), np.int32)
    symbols: list[NDArray[np.uint8]] = []
    tables: list[Symbols] = []
    for rule, tree in trees.items():
        made = _attempted(tree, taken, many)
        if made is not None:
            of_rule[rule] = len(tables)
            sure[rule] = made[2]
            symbols.append(made[0])
            tables.append(made[1])
    begins = np.zeros(len(tables) + 1, np.int64)
    np.cumsum([len(steps) for steps in tables], out=begins[1:])
    return Automata(
        classes=np.append(classes, many).astype(np.uint16),
        of_rule=of_rule,
        symbols=np.stack(symbols) if symbols else np.zeros((0, many + 2), np.uint8),
        steps=np.concatenate(tables) if tables else np.zeros(0, np.uint16),
        begins=begins,
        sure=sure,
    )


def _atoms(tree: Tree) -> Iterable[Atom]:
    if isinstance(tree, Atom):
        yield tree
    elif isinstance(tree, Repeat):
        yield from _atoms(tree.part)
    elif not isinstance(tree, Bound):
        for part in tree.parts:
            yield from _atoms(part)


def _attempted(tree: Tree, taken: Mapping[Atom, Points], many: int) -> tuple[Bytes, Symbols, int] | None:
    """The symbols of all classes, the steps of the automaton and `Automata.sure`; `None` where nothing comes of a pattern."""
    for counted, states in _ATTEMPTS:
        try:
            positions = positions_of(tree, counted)
        except UnknownError:
            continue
        made = _determined(positions, taken, many, states)
        if made is not None:
            return *made, positions.sure
    return None


def _determined(
    positions: Positions, taken: Mapping[Atom, Points], many: int, states: int
) -> tuple[Bytes, Symbols] | None:
    """The symbols of all classes and the steps of the automaton; `None` where it has more states than that."""
    from cleaner.kernels import automata as kernel

    atoms = dict.fromkeys(atom for atom in positions.takes if isinstance(atom, Atom))
    symbol = parted(many, [taken[atom] for atom in atoms]) + END + 1
    wild = int(symbol.max()) + 1
    if wild >= _MOST_SYMBOLS:
        return None
    size = len(positions.takes)
    able = np.zeros((wild + 1, size), bool)
    able[:, 0] = True
    of_atom = {atom: np.unique(np.append(symbol[taken[atom]], np.full(int(_takes_beyond(atom)), wild))) for atom in atoms}
    for place, atom in enumerate(positions.takes):
        if isinstance(atom, Bound):
            able[END if atom.end else BEGIN, place] = True
        elif atom is not None:
            able[of_atom[atom], place] = True
    words = -(-size // 64)
    steps = np.empty((states, wild + 1), np.uint16)
    table = np.full(4 * states, -1, np.int32)
    made = kernel.determine(
        _rows(positions.follow, words), _packed(able, words), _rows([positions.last], words)[0],
        np.empty(words, np.uint64), np.empty((states + 1, words), np.uint64), table, steps,
    )  # fmt: skip
    if made >= 0:
        made = kernel.merge(steps, made, np.empty(made, np.int32), np.empty(made, np.int32), table)
    if made < 0:
        return None
    return np.concatenate((symbol, [wild, wild + 1])).astype(np.uint8), steps[:made].ravel()


def _rows(sets: Sequence[int], words: int) -> NDArray[np.uint64]:
    content = b"".join(bits.to_bytes(8 * words, "little") for bits in sets)
    return np.frombuffer(content, "<u8").astype(np.uint64).reshape(len(sets), words)


def _packed(able: NDArray[np.bool_], words: int) -> NDArray[np.uint64]:
    packed: NDArray[Any] = np.packbits(able, axis=1, bitorder="little")
    padded = np.zeros((len(able), 8 * words), np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view("<u8").astype(np.uint64)
