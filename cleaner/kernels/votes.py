"""From phrase hits to votes: whether a hit stands at the right place of its line."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.folds import fold_words
from cleaner.kernels.kinds import (
    DENSE,
    DIGIT,
    ELSEWHERE,
    END,
    FIRST_MIX,
    FOLD_MASK,
    INSIDE,
    KEYWORD,
    KINDS,
    MARK,
    ODD_FIRST,
    ODD_LAST,
    START,
    STOP,
    TILE,
    TILES,
    UNLESS,
)  # fmt: skip
from cleaner.kernels.phrases import BACK, FRONT, LONGEST, is_phrase, is_solid, open_hits, word_hits

_HITS: Final = LONGEST * (LONGEST + 1) // 2
"""Room for the hits of a part of a line: each range of it can be one phrase."""


WEIGHT, WIDEST, NEEDS, BEGINS = range(4)
"""What asks lines for something, per rule: twice its most words, the most ink its pattern can hit, bits of which a line has one
and of letters one of which it begins with; 0 where any line will do."""


def scratch(rules: int) -> tuple[Array, ...]:
    """The scratch of `match`, in the order of its parameters."""
    room = 2 * LONGEST + 4
    return (
        np.empty(room, np.uint32), np.empty(room, np.int64), np.empty((2, room), np.int64), np.empty(room, np.uint64),
        np.empty(room, bool), np.empty((_HITS, 4), np.int32), np.empty((rules + 1, 2), np.int32), np.empty(3, np.uint64),
        np.empty(rules, np.int32),
    )  # fmt: skip


@inner
def _first_solid(chars: Array, count: Number) -> Number:
    """Where the first folded character stands that is neither space nor number; `count` if there is none."""
    first = 0
    while first < count and not is_solid(chars[first]):
        first += 1
    return first


@inner
def _last_solid(chars: Array, count: Number) -> Number:
    """Where the last such character stands; -1 if there is none."""
    last = count - 1
    while last >= 0 and not is_solid(chars[last]):
        last -= 1
    return last


@inner
def _tiled(
    chars: Array, count: Number, hits: Array, found: Number, text: Array, bounds: Array, cover: Array
) -> Number:
    """Whether whole and tile phrases cover everything but numbers."""
    first = _first_solid(chars, count)
    begun = False
    for hit in range(found):
        begun = begun or (hits[hit, 3] & TILES and hits[hit, 1] <= first < hits[hit, 2])
    if not begun:
        return False
    cover[:count] = False
    for hit in range(found):
        phrase, left, right = hits[hit, 0], hits[hit, 1], hits[hit, 2]
        if hits[hit, 3] & TILES and is_phrase(chars, left, right, text, bounds, phrase):
            cover[left:right] = True
    for place in range(first, count):
        if is_solid(chars[place]) and not cover[place]:
            return False
    return True


@inner
def _before(votes: Array, one: Number, other: Number) -> Number:
    """Whether vote `one` comes before vote `other` of its row."""
    for column in range(1, 4):
        if votes[one, column] != votes[other, column]:
            return votes[one, column] < votes[other, column]
    return False


@inner
def _sort(votes: Array, low: Number, high: Number) -> None:
    """Order the votes of a row by rule and place."""
    for end in range(low + 1, high):
        at = end
        while at > low and _before(votes, at, at - 1):
            for column in range(5):
                votes[at, column], votes[at - 1, column] = votes[at - 1, column], votes[at, column]
            at -= 1


@inner
def _signs(points: Array, kinds: Array, start: Number, end: Number, signs: Array) -> Array:
    """The bits of a line's signs."""
    mask = np.uint64(1)
    for place in range(start, end):
        if kinds[place] >= DIGIT:
            sign = np.uint64(1) if kinds[place] == DIGIT else np.uint64(signs[min(points[place], np.uint32(65535))])
            mask |= np.uint64(1) << sign
    return mask


@inner
def _first(codes: Array, kinds: Array, start: Number, end: Number) -> Array:
    """The bit of a line's first letter or digit; all bits where it folds to nothing, or is too odd to be sure of."""
    for place in range(start, end):
        if kinds[place] <= DIGIT and kinds[place] != MARK:
            char = np.uint64(codes[place] & np.uint32(FOLD_MASK))
            if char == np.uint64(0) or np.uint64(ODD_FIRST) <= char <= np.uint64(ODD_LAST):
                break
            return np.uint64(1) << ((char * np.uint64(FIRST_MIX)) >> np.uint64(58))
    else:
        return np.uint64(0)
    return ~np.uint64(0)


@inner
def _has_signs(counts: Array, row: Number) -> Number:
    """Whether a row has anything but letters and white space."""
    some = counts[row, DIGIT]
    for kind in range(STOP, KINDS):
        some |= counts[row, kind]
    return some != 0


@inner
def _known_signs(points: Array, kinds: Array, start: Number, end: Number, signs: Array, seen: Array) -> Array:
    """The bits of a line's signs, as `seen` has or gets them."""
    if not seen[2] & np.uint64(2):
        seen[0] = _signs(points, kinds, start, end, signs)
        seen[2] |= np.uint64(2)
    return seen[0]


@inner
def _passes(
    codes: Array, points: Array, kinds: Array, start: Number, end: Number, signs: Array, seen: Array, ink: Number, asks: Array,
    rule: Number,
) -> Number:  # fmt: skip
    """Whether a line of so much `ink` has what a rule asks for.

    `seen` keeps what was found out: the bits of the line's signs, of its first letter, and which of both are known.
    """
    if ink > np.int64(asks[rule, WIDEST]):
        return False
    needs, first = asks[rule, NEEDS], asks[rule, BEGINS]
    if first:
        if not seen[2] & np.uint64(1):
            seen[1] = _first(codes, kinds, start, end)
            seen[2] |= np.uint64(1)
        if not first & seen[1]:
            return False
    return needs == np.uint64(0) or (needs & _known_signs(points, kinds, start, end, signs, seen)) != np.uint64(0)


@inner
def _add(pairs: Array, low: Number, high: Number, row: Number, rule: Number) -> Number:
    """Add (row, rule) to pairs[low:high] where it is missing; returns the new end, or -1 where there is no room."""
    at = high
    while at > low and pairs[at - 1, 1] >= rule:
        if pairs[at - 1, 1] == rule:
            return high
        at -= 1
    if high == len(pairs):
        return -1
    for move in range(high, at, -1):
        pairs[move, 0], pairs[move, 1] = pairs[move - 1, 0], pairs[move - 1, 1]
    pairs[at, 0], pairs[at, 1] = row, rule
    return high + 1


@inner
def _drop(items: Array, low: Number, high: Number, spared: Array, saved: Number) -> Number:
    """Drop the items of a row whose rule is among spared[:saved]; returns the new end."""
    kept = low
    for at in range(low, high):
        stays = True
        for index in range(saved):
            stays = stays and spared[index, 1] != items[at, 1]
        if stays:
            for column in range(items.shape[1]):
                items[kept, column] = items[at, column]
            kept += 1
    return kept


@kernel(
    "void", "u4[]", "u4[r]", "u1[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[,]",
    "u8", "u8[]", "u1[]", "u4[]", "i4[,]", "u8[,]", "i4[]", "b1[]", "u1[]",
    "i4[,]", "i4[]", "i4[]", "u1[]", "u8[,]",
    "u4[]", "i8[]", "i8[,]", "u8[]", "b1[]", "i4[,]", "i4[,]", "u8[]", "i4[]",
    "i4[,]", "i4[,]", "i8[]",
)  # fmt: skip
def match(
    codes: Array, points: Array, kinds: Array, row_start: Array, row_end: Array, ink: Array, weight: Array,
    word_count: Array, counts: Array,
    seed: Array, table: Array, sieve: Array, text: Array, bounds: Array, edges: Array, ends: Array, tail: Array,
    flags: Array,
    entries: Array, numeric: Array, shaped: Array, signs: Array, asks: Array,
    chars: Array, origin: Array, words: Array, hashes: Array, cover: Array, hits: Array, spared: Array, seen: Array, met: Array,
    votes: Array, pairs: Array, made: Array,
) -> None:  # fmt: skip
    """Fill `votes` (row, rule, start, end, whole) and `pairs` (row, rule of a pattern to try), both ordered.

    `made` gets how many of each, -1 where there is not enough room. `asks` (rules, 4) has what a rule asks lines for, from
    `WEIGHT` on, and `signs` per code point the bit it sets in `NEEDS`. The rules `shaped` are tried on all lines that are short
    enough and have one of their signs, `numeric` on those without letters.
    Scratch: what `scratch` makes.
    """
    met[:] = -1
    bare, shapes = True, np.uint64(0)
    for rule in shaped:
        bare = bare and asks[rule, NEEDS] != np.uint64(0)
        shapes |= asks[rule, NEEDS]
    if not bare:
        shapes = ~np.uint64(0)
    voted, paired = 0, 0
    made[0], made[1] = -1, -1
    for row in range(len(row_start)):
        low_vote, low_pair, saved = voted, paired, 0
        first, last = np.int64(row_start[row]), np.int64(row_end[row])
        short = last - first <= LONGEST
        seen[2] = np.uint64(0)
        for back in range(1 if short else 2):
            start = last - BACK if back else first
            end = last if short or back else first + FRONT
            many = fold_words(codes, start, end, chars, origin, words, hashes)
            count = words[0, many]
            found = word_hits(words, hashes, many, seed, table, sieve, hits)
            if words[1, many]:
                found = open_hits(codes, chars, origin, count, edges, ends, tail, flags, hits, found)
            tiled = short and _tiled(chars, count, hits, found, text, bounds, cover)
            opens = closes = np.int64(-1)
            if short and found and not tiled:
                opens, closes = _first_solid(chars, count), _last_solid(chars, count)
            for hit in range(found):
                phrase, left, right = hits[hit, 0], hits[hit, 1], hits[hit, 2]
                if not (tiled or hits[hit, 3] & ELSEWHERE) or not is_phrase(chars, left, right, text, bounds, phrase):
                    continue
                whole = tiled or (short and left <= opens and closes < right)
                for entry in range(bounds[phrase, 1], bounds[phrase + 1, 1]):
                    rule, place = entries[entry, 0], entries[entry, 1]
                    if place == UNLESS:
                        saved = _add(spared, 0, saved, row, rule)
                    elif np.int64(weight[row]) > np.int64(asks[rule, WEIGHT]):
                        continue
                    elif place == KEYWORD:
                        if met[rule] == row:
                            continue
                        met[rule] = row
                        if _passes(codes, points, kinds, first, last, signs, seen, np.int64(ink[row]), asks, rule):
                            paired = _add(pairs, low_pair, paired, row, rule)
                            if paired < 0:
                                return
                    elif (
                        place == INSIDE
                        or (place <= TILE and tiled)
                        or (place == START and left == 0 and not back)
                        or (place == END and right == count and (short or back == 1))
                    ):
                        if voted == len(votes):
                            return
                        votes[voted, 0], votes[voted, 1] = row, rule
                        votes[voted, 2], votes[voted, 3] = origin[left], origin[right - 1] + 1
                        votes[voted, 4] = whole
                        voted += 1
        signed = short and not (bare and not _has_signs(counts, row))
        if signed and shapes & _known_signs(points, kinds, first, last, signs, seen):
            for rule in shaped:
                if np.int64(weight[row]) <= np.int64(asks[rule, WEIGHT]) and _passes(
                    codes, points, kinds, first, last, signs, seen, np.int64(ink[row]), asks, rule
                ):
                    paired = _add(pairs, low_pair, paired, row, rule)
                    if paired < 0:
                        return
        if word_count[row] == 0 and counts[row, DENSE] == 0 and counts[row, DIGIT] > 0:
            for rule in numeric:
                if _passes(codes, points, kinds, first, last, signs, seen, np.int64(ink[row]), asks, rule):
                    paired = _add(pairs, low_pair, paired, row, rule)
                    if paired < 0:
                        return
        _sort(votes, low_vote, voted)
        if saved:
            voted = _drop(votes, low_vote, voted, spared, saved)
            paired = _drop(pairs, low_pair, paired, spared, saved)
    made[0], made[1] = voted, paired
