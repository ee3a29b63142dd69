"""What becomes of votes: which are heard, in which order, and which rule answers for a line."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import HEAD, QUOTE, STOP, TAIL

_COLONS: Final = (0x3A, 0xFF1A)
_SPACES: Final = (0x20, 0xA0, 0x202F)
_RULE_BITS: Final = 20
"""Room for the number of a rule in the rank of its vote."""
_WHOLE: Final = 2**20
"""The width of a vote that covers its line."""


@inner
def _is_label(points: Array, end: Number, stop: Number) -> Number:
    """Whether a colon follows at `end`, before `stop`; a space may stand between."""
    last = len(points) - 1
    after = points[min(end, last)]
    if after == _SPACES[0] or after == _SPACES[1] or after == _SPACES[2]:
        end += 1
    after = points[min(end, last)]
    return end < stop and (after == _COLONS[0] or after == _COLONS[1])


@inner
def _is_foreign(points: Array, start: Number, end: Number, lacks: Array, lowest: Number) -> Number:
    """Whether points[start:end] have a letter, from `lowest` on, that a language lacks."""
    for at in range(start, end):
        letter = np.int64(points[at]) - lowest
        if 0 <= letter < len(lacks) and lacks[letter]:
            return True
    return False


@inner
def _is_quoted(kinds: Array, start: Number, end: Number) -> Number:
    """Whether kinds[start:end] are those of a line in quotation marks; a stop may follow."""
    last = end - 1
    if kinds[last] == STOP:
        last -= 1
    return last > start and kinds[start] == QUOTE and kinds[last] == QUOTE


@kernel(
    "i8", "i4[,]", "i8", "u4[r]", "u1[]", "i4[]", "i4[]", "b1[]", "b1[]", "b1[,]", "i4[]", "i8", "i4[,]", "b1[]",
)  # fmt: skip
def sift(
    votes: Array, many: Number, points: Array, kinds: Array, start: Array, end: Array, label: Array, spoken: Array,
    lacks: Array, language: Array, lowest: Number, out: Array, whole: Array,
) -> Number:  # fmt: skip
    """Fill `out` (row, rule, start, end; votes) and `whole` with those of votes[:many] that are what they look like; how many.

    Out go labels without a colon, words with a letter that their language `lacks`, which counts letters from `lowest` on, and
    what rules that are `spoken` say of whole lines in quotation marks.
    """
    kept = 0
    for vote in range(many):
        row, rule = votes[vote, 0], votes[vote, 1]
        begin, stop = np.int64(votes[vote, 2]), np.int64(votes[vote, 3])
        covers = votes[vote, 4] != 0
        if label[rule] and not _is_label(points, stop, end[row]):
            continue
        if _is_foreign(points, begin, stop, lacks[language[rule]], lowest):
            continue
        if covers and spoken[rule] and _is_quoted(kinds, np.int64(start[row]), np.int64(end[row])):
            continue
        out[0, kept], out[1, kept], out[2, kept], out[3, kept] = row, rule, begin, stop
        whole[kept] = covers
        kept += 1
    return kept


@inner
def _is_later(
    row: Array, rule: Array, start: Array, end: Array, at: Number, others: Array, ruled: Array, begun: Array, ended: Array,
    other: Number,
) -> Number:  # fmt: skip
    """Whether one vote comes after another of other columns."""
    if row[at] != others[other]:
        return row[at] > others[other]
    if rule[at] != ruled[other]:
        return rule[at] > ruled[other]
    if start[at] != begun[other]:
        return start[at] > begun[other]
    return end[at] > ended[other]


@kernel(
    "void", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i4[,]", "b1[]",
)  # fmt: skip
def merge(
    row: Array, rule: Array, start: Array, end: Array, whole: Array, others: Array, ruled: Array, begun: Array, ended: Array,
    covering: Array, out: Array, covers: Array,
) -> None:  # fmt: skip
    """Fill `out` (row, rule, start, end; votes) and `covers` with the votes of two ordered parts in order."""
    one = other = 0
    for at in range(len(covers)):
        if one == len(row) or (
            other < len(others) and _is_later(row, rule, start, end, one, others, ruled, begun, ended, other)
        ):
            out[0, at], out[1, at], out[2, at], out[3, at] = others[other], ruled[other], begun[other], ended[other]
            covers[at] = covering[other]
            other += 1
        else:
            out[0, at], out[1, at], out[2, at], out[3, at] = row[one], rule[one], start[one], end[one]
            covers[at] = whole[one]
            one += 1


@kernel("void", "i4[]", "b1[]", "i8", "u1[]")
def zones(first: Array, prose: Array, tail: Number, out: Array) -> None:
    """Fill `out` with the bits `HEAD` (up to the second row of prose) and `TAIL` (the second half, or the last `tail` rows)."""
    for doc in range(len(first) - 1):
        low, high = np.int64(first[doc]), np.int64(first[doc + 1])
        earlier = 0
        for row in range(low, high):
            bits = HEAD if earlier < 2 else 0
            if 2 * (row - low) >= high - low or high - row <= tail:
                bits |= TAIL
            out[row] = bits
            earlier += prose[row]


@inner
def _answer_by_place(first: Array, body: Array, places: Array, out: Array) -> None:
    """Fill `out` with the rule of each row's place: before, between or after `body`."""
    for doc in range(len(first) - 1):
        low, high = np.int64(first[doc]), np.int64(first[doc + 1])
        total = 0
        for at in range(low, high):
            total += body[at]
        seen = 0
        for at in range(low, high):
            here = np.int64(body[at])
            out[at] = places[0 if seen == 0 else (2 if seen + here == total else 1)]
            seen += here


@inner
def _rank(rule: Number, width: Number, spoken: Number, level: Number, alone: Number) -> Number:
    """How much a vote has to say: firm or more, then width, then language, then strength, then order. Holds its rule."""
    strength = np.int64(level) + 4 * np.int64(alone)
    sure = np.int64(1) if strength > 1 else np.int64(0)
    return (sure << 46) + (width << 25) + ((np.int64(spoken) * 8 + strength) << _RULE_BITS) - np.int64(rule)


@inner
def _rule_of(rank: Number) -> Number:
    """The rule of a vote of that rank."""
    return -rank & ((1 << _RULE_BITS) - 1)


@kernel(
    "void", "i4[]", "b1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i4[]", "u1[]", "b1[]", "i4[]",
)  # fmt: skip
def answers(
    first: Array, body: Array, places: Array, row: Array, rule: Array, start: Array, end: Array, whole: Array, spoken: Array,
    level: Array, alone: Array, out: Array,
) -> None:  # fmt: skip
    """Fill `out` with the rule of each row's strongest vote, else with that of its place: before, between or after `body`.

    Votes are ordered by row; see `judge.resolve.answering_rule`.
    """
    _answer_by_place(first, body, places, out)
    best, last = np.int64(0), -1
    for vote in range(len(row)):
        mine = rule[vote]
        width = np.int64(_WHOLE) if whole[vote] else np.int64(end[vote]) - np.int64(start[vote])
        rank = _rank(mine, width, spoken[vote], level[mine], alone[mine])
        if row[vote] != last or rank > best:
            best, last = rank, row[vote]
            out[last] = _rule_of(best)


@kernel(
    "void", "i4[]", "i4[]", "b1[]", "i4[]", "i8", "b1[]", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i4[]", "i4[]", "i8", "i8",
    "u1[]", "b1[]", "b1[]", "i4[]", "b1[,]", "i4[]",
)  # fmt: skip
def settle(
    first: Array, doc: Array, prose: Array, odds: Array, veto: Number, wanted: Array, row: Array, rule: Array, start: Array,
    end: Array, whole: Array, language: Array, own: Array, common: Number, english: Number, level: Array, alone: Array,
    span: Array, places: Array, flags: Array, out: Array,
) -> None:  # fmt: skip
    """What the votes on the lines of pages, ordered by row, change about which go, and which rule answers for each.

    `flags` (4, rows) holds which are gone by their scores, of which none that is `wanted` goes; a rule that decides `alone`
    takes a line with it where the `odds` are above `veto`. Filled in is then which lines are gone, which of them by a rule
    alone, which without a vote, and which are paragraphs that stay; and in `out` what `answers` gives, where `own` is the
    language of each text and `language` that of each rule.
    """
    gone, strong, unnamed, body = flags[0], flags[1], flags[2], flags[3]
    strong[:] = False
    for vote in range(len(row)):
        if alone[rule[vote]] and not span[rule[vote]]:
            strong[row[vote]] = True
    for at in range(len(odds)):
        strong[at] = strong[at] and odds[at] > veto and not wanted[at]
        gone[at] = (gone[at] and not wanted[at]) or strong[at]
        unnamed[at] = gone[at]
        body[at] = prose[at] and not gone[at]
    _answer_by_place(first, body, places, out)
    best, last = np.int64(0), -1
    for vote in range(len(row)):
        mine, line = rule[vote], row[vote]
        width = np.int64(_WHOLE) if whole[vote] else np.int64(end[vote]) - np.int64(start[vote])
        tongue = np.int64(language[mine])
        spoken = 2 if tongue == common else (1 if tongue == english else 0)
        if tongue == own[doc[line]]:
            spoken = 3
        rank = _rank(mine, width, spoken, level[mine], alone[mine])
        if line != last or rank > best:
            best, last = rank, line
            out[last] = _rule_of(best)
            unnamed[last] = False
