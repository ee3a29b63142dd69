"""Automata of patterns: making them deterministic, and running them over lines.

An automaton reads a line once, one step of a table per character, and says whether its pattern can hit there. It may say
so of lines in which the pattern then does not hit, never the other way round.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel

DEAD, HIT, START = 0, 1, 2
"""States: nothing can come of it, the pattern may hit, and where a line begins."""
BEGIN, END = 0, 1
"""Symbols that stand for the ends of a line; those of characters follow."""
UNSURE: Final = -1
"""In place of whether a pattern hits all of a line: that has to be searched."""
_ONE: Final = np.uint64(1)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


@inner
def _state_of(sets: Array, made: Number, table: Array) -> Number:
    """The number of the state whose positions are in sets[made]: `made`, or that of an equal one before."""
    key = np.uint64(0)
    for word in range(sets.shape[1]):
        key = (key ^ sets[made, word]) * _MIX
        key ^= key >> np.uint64(29)
    mask = len(table) - 1
    slot = np.int64(key & np.uint64(mask))
    while table[slot] >= 0:
        state = table[slot]
        same = True
        for word in range(sets.shape[1]):
            same = same and sets[state, word] == sets[made, word]
        if same:
            return state
        slot = (slot + 1) & mask
    table[slot] = made
    return made


@inner
def _follow(follow: Array, sets: Array, state: Number, after: Array) -> None:
    """All positions that can come after those of a state."""
    for word in range(len(after)):
        after[word] = np.uint64(0)
    for word in range(sets.shape[1]):
        bits = sets[state, word]
        place = 64 * word
        while bits:
            if bits & _ONE:
                for other in range(len(after)):
                    after[other] |= follow[place, other]
            bits >>= _ONE
            place += 1


@inner
def _step(after: Array, able: Array, last: Array, sets: Array, made: Number, table: Array) -> Number:
    """The state after a symbol that the positions `able` take."""
    some, hit = np.uint64(0), np.uint64(0)
    for word in range(len(after)):
        bits = after[word] & able[word]
        sets[made, word] = bits
        some |= bits
        hit |= bits & last[word]
    if hit:
        return HIT
    return _state_of(sets, made, table) if some else DEAD


@kernel("i8", "u8[,]", "u8[,]", "u8[]", "u8[]", "u8[,]", "i4[]", "u2[,]")
def determine(follow: Array, able: Array, last: Array, after: Array, sets: Array, table: Array, steps: Array) -> Number:
    """Fill `steps` (states, symbols) with the state after each symbol; returns how many states there are, -1 for too many.

    Positions are bits of rows of 64: `follow` has per position those that can come after it (0 is that before the line),
    `able` per symbol those that take it, `last` those with which the pattern has hit. `after` (words), `sets`
    (one more than states, words) and `table` (a power of two above that, filled with -1) are scratch.
    """
    most = len(steps)
    for symbol in range(len(able)):
        steps[DEAD, symbol], steps[HIT, symbol] = np.uint16(DEAD), np.uint16(HIT)
    for word in range(len(last)):
        sets[START, word] = np.uint64(0)
    sets[START, 0] = _ONE
    _follow(follow, sets, START, after)
    first = _step(after, able[BEGIN], last, sets, START, table)
    if first != START:
        return -1  # it hits or fails before any character
    made, state = START + 1, START
    while state < made:
        _follow(follow, sets, state, after)
        steps[state, BEGIN] = np.uint16(DEAD)
        for symbol in range(END, len(able)):
            if made > most:
                return -1
            found = _step(after, able[symbol], last, sets, made, table)
            if found == made:
                made += 1
            if found >= most:
                return -1
            steps[state, symbol] = np.uint16(found)
        state += 1
    return made


@inner
def _like(steps: Array, group: Array, one: Number, other: Number) -> Number:
    """Whether two states of a group lead to the same groups."""
    if group[one] != group[other]:
        return False
    for symbol in range(steps.shape[1]):
        if group[steps[one, symbol]] != group[steps[other, symbol]]:
            return False
    return True


@inner
def _regroup(steps: Array, made: Number, group: Array, fresh: Array, table: Array) -> Number:
    """Fill `fresh` with groups of states that are of one group and lead to the same groups; returns how many."""
    mask = len(table) - 1
    for slot in range(len(table)):
        table[slot] = -1
    many = 0
    for state in range(made):
        key = np.uint64(group[state])
        for symbol in range(steps.shape[1]):
            key = (key ^ np.uint64(group[steps[state, symbol]])) * _MIX
            key ^= key >> np.uint64(29)
        slot = np.int64(key & np.uint64(mask))
        while table[slot] >= 0 and not _like(steps, group, state, table[slot]):
            slot = (slot + 1) & mask
        if table[slot] < 0:
            table[slot] = state
            fresh[state] = many
            many += 1
        else:
            fresh[state] = fresh[table[slot]]
    return many


@kernel("i8", "u2[,]", "i8", "i4[]", "i4[]", "i4[]")
def merge(steps: Array, made: Number, group: Array, fresh: Array, table: Array) -> Number:
    """Make one state of those that differ in nothing that follows; returns how many there are now, -1 if it can never hit.

    Scratch: `group` and `fresh` (states), `table` as for `determine`.
    """
    for state in range(made):
        group[state] = state == HIT
    many, before = 2, 0
    while many != before:
        before = many
        many = _regroup(steps, made, group, fresh, table)
        for state in range(made):
            group[state] = fresh[state]
    if group[START] != START:
        return -1
    reached = 0
    for state in range(made):
        if group[state] == reached:  # groups are numbered in the order of their first states
            for symbol in range(steps.shape[1]):
                steps[reached, symbol] = np.uint16(group[steps[state, symbol]])
            reached += 1
    return many


@inner
def _may_hit(
    points: Array, start: Number, end: Number, classes: Array, symbols: Array, steps: Array, first: Number, width: Number
) -> Number:
    """Whether the automaton at steps[first:], of so many symbols, finds that its pattern may hit points[start:end]."""
    state = START
    for place in range(start, end):
        symbol = symbols[classes[min(points[place], np.uint32(len(classes) - 1))]]
        state = np.int64(steps[first + state * width + symbol])
        if state <= HIT:
            return state == HIT
    return steps[first + state * width + END] == HIT


@inner
def _all_below(points: Array, start: Number, end: Number, limit: Number) -> Number:
    """Whether all of points[start:end] are below `limit`."""
    beyond = False
    for place in range(start, end):
        beyond |= np.int64(points[place]) >= limit
    return not beyond


@kernel("i8", "u4[r]", "i4[]", "i4[]", "u2[]", "i4[]", "u1[,]", "u2[]", "i8[]", "i4[]", "i4[,]", "i8", "i4[,]")
def likely(
    points: Array, row_start: Array, row_end: Array, classes: Array, automaton: Array, symbols: Array, steps: Array,
    first: Array, sure: Array, pairs: Array, many: Number, out: Array,
) -> Number:  # fmt: skip
    """Fill `out` (row, rule, start, end, whole) with those of pairs[:many] (row, rule of a pattern to try) whose pattern hits
    the whole row, or may hit it: then `whole` is `UNSURE`. Returns how many these are.

    `classes` has the class of each code point, the last that of all beyond; `automaton` per rule the number of its automaton or
    -1, `symbols` per automaton the symbol of each class, `first` where its steps begin, and one more. Rows shorter than what is
    `sure` per rule are hit if the automaton takes them, but for characters without a class.
    """
    kept = 0
    for pair in range(many):
        row, rule = pairs[pair, 0], pairs[pair, 1]
        start, end = np.int64(row_start[row]), np.int64(row_end[row])
        whole = np.int64(UNSURE)
        number = automaton[rule]
        if number >= 0:
            mine = symbols[number]
            width = np.int64(mine[len(mine) - 1])
            if not _may_hit(points, start, end, classes, mine, steps, first[number], width):
                continue
            if end - start < sure[rule] and _all_below(points, start, end, len(classes) - 1):
                whole = np.int64(1)
        out[kept, 0], out[kept, 1], out[kept, 2], out[kept, 3], out[kept, 4] = row, rule, start, end, whole
        kept += 1
    return kept
