"""What becomes of votes: which are heard, in which order, and which rule answers for a line."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import ANYWHERE, HEAD, QUOTE, STOP, TAIL, TAIL_ROWS

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
def _zone(before: Number, row: Number, low: Number, high: Number) -> Number:
    """The bits of the zones of a row of the text low..high with so many rows of prose before it."""
    bits = ANYWHERE | (HEAD if before < 2 else 0)
    return bits | (TAIL if 2 * (row - low) >= high - low or high - row <= TAIL_ROWS else 0)


@kernel(
    "i8", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "u1[]", "i4[]", "b1[]", "u2[]", "u2[]", "i4[]", "i4[]", "i4[]", "i4[,]",
    "b1[]",
)  # fmt: skip
def hear(
    row_of: Array, rule: Array, start: Array, end: Array, whole: Array, zone: Array, first: Array, prose: Array, marks: Array,
    bits: Array, ruled: Array, row_start: Array, row_end: Array, out: Array, covers: Array,
) -> Number:  # fmt: skip
    """Fill `out` (row, rule, start, end; votes) and `covers` with the votes whose rule looks at the `zone` of their row, and
    with those of detectors, in order; returns how many, -1 if there is not enough room.

    A row of a text is in its `HEAD` up to the second row of `prose`, and in its `TAIL` in the second half, or in the last
    `TAIL_ROWS`. `marks` are what detectors say of each row; `bits` has a mark, and `ruled` its rule, in the order of rules.
    """
    kept = vote = 0
    for doc in range(len(first) - 1):
        low, high = np.int64(first[doc]), np.int64(first[doc + 1])
        earlier = 0
        for row in range(low, high):
            at = 0 if marks[row] else len(bits)
            here = _zone(earlier, row, low, high)
            earlier += prose[row]
            while True:
                while at < len(bits) and not marks[row] & bits[at]:
                    at += 1
                voted = vote < len(row_of) and row_of[vote] == row
                if not voted and at == len(bits):
                    break
                if kept == len(covers):
                    return -1
                if voted and (at == len(bits) or rule[vote] < ruled[at]):
                    out[0, kept], out[1, kept], out[2, kept], out[3, kept] = row, rule[vote], start[vote], end[vote]
                    covers[kept] = whole[vote]
                    kept += 1 if here & zone[rule[vote]] else 0
                    vote += 1
                else:
                    out[0, kept], out[1, kept], out[2, kept], out[3, kept] = row, ruled[at], row_start[row], row_end[row]
                    covers[kept] = True
                    kept += 1
                    at += 1
    return kept


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
