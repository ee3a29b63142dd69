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


@inner
def _is_heard(
    votes: Array, vote: Number, points: Array, kinds: Array, start: Array, end: Array, label: Array, spoken: Array,
    lacks: Array, language: Array, lowest: Number,
) -> Number:  # fmt: skip
    """Whether a vote of a phrase is what it looks like, see `sift`."""
    row, rule = votes[vote, 0], votes[vote, 1]
    begin, stop = np.int64(votes[vote, 2]), np.int64(votes[vote, 3])
    if label[rule] and not _is_label(points, stop, end[row]):
        return False
    if _is_foreign(points, begin, stop, lacks[language[rule]], lowest):
        return False
    return not (votes[vote, 4] and spoken[rule] and _is_quoted(kinds, np.int64(start[row]), np.int64(end[row])))


@inner
def _put(votes: Array, vote: Number, at: Number, out: Array, whole: Array) -> None:
    """Put a vote to its columns."""
    for column in range(4):
        out[column, at] = votes[vote, column]
    whole[at] = votes[vote, 4] != 0


@kernel(
    "i8", "i4[,]", "i8", "i4[,]", "i8", "u4[r]", "u1[]", "i4[]", "i4[]", "b1[]", "b1[]", "b1[,]", "i4[]", "i8", "i4[,]", "b1[]",
)  # fmt: skip
def sift(
    votes: Array, many: Number, tried: Array, more: Number, points: Array, kinds: Array, start: Array, end: Array, label: Array,
    spoken: Array, lacks: Array, language: Array, lowest: Number, out: Array, whole: Array,
) -> Number:  # fmt: skip
    """Fill `out` (row, rule, start, end; votes) and `whole` with those of votes[:many] that are what they look like, and among
    them, in order, with those of tried[:more], the patterns, that hit; how many.

    Both are ordered, and (row, rule, start, end, whole) each. Out go labels without a colon, words with a letter that their
    language `lacks`, which counts letters from `lowest` on, and what rules that are `spoken` say of whole lines in quotation
    marks; of patterns those whose `whole` is below zero.
    """
    kept = other = 0
    for vote in range(many + 1):
        while other < more and (
            vote == many
            or tried[other, 0] < votes[vote, 0]
            or (tried[other, 0] == votes[vote, 0] and tried[other, 1] < votes[vote, 1])
        ):
            if tried[other, 4] >= 0:
                _put(tried, other, kept, out, whole)
                kept += 1
            other += 1
        if vote < many and _is_heard(votes, vote, points, kinds, start, end, label, spoken, lacks, language, lowest):
            _put(votes, vote, kept, out, whole)
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
    best, last = np.int64(0), -1
    for vote in range(len(row)):
        mine = rule[vote]
        width = np.int64(_WHOLE) if whole[vote] else np.int64(end[vote]) - np.int64(start[vote])
        strength = np.int64(level[mine]) + 4 * np.int64(alone[mine])
        sure = np.int64(1) if strength > 1 else np.int64(0)
        rank = (sure << 46) + (width << 25) + ((np.int64(spoken[vote]) * 8 + strength) << _RULE_BITS) - np.int64(mine)
        if row[vote] != last or rank > best:
            best, last = rank, row[vote]
            out[last] = -best & ((1 << _RULE_BITS) - 1)
