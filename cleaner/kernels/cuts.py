"""Where the cuts of lines that go begin and end, and what they leave."""

from __future__ import annotations

from typing import Final

from cleaner.kernels.base import Array, Number, inner, kernel

_FEED: Final = 0x0A


@inner
def _break_tail(points: Array, base: Number, size: Number, out: Array, low: Number, high: Number) -> None:
    """When the end of a text goes, the line feed before it goes too, unless the text itself ended in one."""
    if out[1, high - 1] < size or points[base + size - 1] == _FEED:
        return
    first = high - 1
    while first > low and out[1, first - 1] == out[0, first]:
        first -= 1
    start = out[0, first]
    if start > 0 and points[base + start - 1] == _FEED:
        out[0, first] = start - 1


@inner
def _leave(out: Array, low: Number, high: Number, size: Number, pieces: Array, at: Number) -> Number:
    """Fill `pieces` from `at` on with what the cuts low..high leave of a text; how many there are then."""
    reached = 0
    for cut in range(low, high):
        if out[0, cut] > reached:
            pieces[0, at], pieces[1, at] = reached, out[0, cut]
            at += 1
        reached = out[1, cut]
    if size > reached:
        pieces[0, at], pieces[1, at] = reached, size
        at += 1
    return at


@kernel(
    "void", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "u4[r]", "b1[]", "i4[]", "u1[]", "i4[]", "i4[]", "b1[]", "b1[]", "i4[,]",
    "i4[,]", "i4[,]", "b1[]",
)  # fmt: skip
def cuts(
    first: Array, base: Array, doc: Array, line_start: Array, line_end: Array, points: Array, gone: Array, rule: Array,
    certainty: Array, voted: Array, voting: Array, span: Array, alone: Array, out: Array, pieces: Array, many: Array,
    inside: Array,
) -> None:  # fmt: skip
    """Fill `out` (start, end, rule, certainty; cuts) with a cut of each row that is `gone`, `pieces` (start, end; pieces) with
    what these leave, `many` (2, texts + 1) with how many cuts and pieces come before each text, and `inside` with which texts
    a rule of kind `span` that decides `alone` cuts inside lines that stay, for which the others do not hold.

    A cut takes along the blank lines above its row; those below a removed head go with that. Offsets are those in the text;
    `voted` and `voting` are row and rule of each vote.
    """
    texts = len(base)
    at = left = 0
    for text in range(texts):
        size = (base[text + 1] if text + 1 < texts else len(points)) - 1 - base[text]
        many[0, text], many[1, text], inside[text] = at, left, False
        low = at
        reached = 0
        kept = False
        for row in range(first[text], first[text + 1]):
            start = reached
            reached = min(line_end[row] + 1 - base[text], size)
            if gone[row]:
                out[0, at], out[1, at], out[2, at], out[3, at] = start, reached, rule[row], certainty[row]
                at += 1
            elif not kept:
                kept = True
                if at > low:
                    out[1, at - 1] = line_start[row] - base[text]
        if at > low:
            if kept:
                _break_tail(points, base[text], size, out, low, at)
            else:
                out[1, at - 1] = size
        left = _leave(out, low, at, size, pieces, left)
    many[0, texts], many[1, texts] = at, left
    for vote in range(len(voted)):
        if span[voting[vote]] and alone[voting[vote]] and not gone[voted[vote]]:
            inside[doc[voted[vote]]] = True
