"""Measures as compiled loops: each fills rows of a matrix (measures, lines) of bytes, in the order of their names."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import (
    BRACKET,
    COMMA,
    DENSE,
    DIGIT,
    DIVIDER,
    FAR,
    LOWER,
    QUOTE,
    SIGN,
    SPACE,
    STOP,
    UPPER,
)  # fmt: skip

_PROSE_WEIGHT: Final = 24
"""Twelve words, or 24 letters of a script without spaces: from here on a line that ends in a stop reads as prose."""
_LONG_WEIGHT: Final = 80
_SHORT_WEIGHT: Final = 30
SUMS: Final = 6
MARKS: Final = 3


@inner
def ratio(part: Number, whole: Number, steps: Number) -> Number:
    """`part / whole` in `steps` steps, capped at 255."""
    return min(part * steps // max(whole, 1), 255)


@inner
def cap(value: Number) -> Number:
    """Counts and distances, capped."""
    return min(value, 254)


@inner
def log(table: Array, value: Number) -> Number:
    """Steps of the table, 255 beyond it."""
    return table[min(value, 65535)]


@kernel("void", "u1[]", "i4[,]", "i4[]", "i4[]", "i4[]", "b1[]", "b1[]")
def read_rows(
    kinds: Array, counts: Array, start: Array, end: Array, weight: Array, prose: Array, listed: Array
) -> None:
    """Fill `prose` and `listed`."""
    for row in range(len(start)):
        low, high = np.int64(start[row]), np.int64(end[row])
        last = kinds[high - 1]
        ends = kinds[max(high - 2, low)] if last == QUOTE or last == BRACKET else last
        prose[row] = (weight[row] >= _PROSE_WEIGHT and ends == STOP) or weight[row] >= _LONG_WEIGHT
        first, second = kinds[low], kinds[min(low + 1, high - 1)]
        bullet = first == DIVIDER and second == SPACE
        mark = second == DIGIT or second == SPACE or second == COMMA or second > DIVIDER
        dividers = counts[row, DIVIDER]
        pipes = dividers >= 2 and dividers * 12 >= high - low
        listed[row] = bullet or pipes or (first == DIGIT and mark and weight[row] < _PROSE_WEIGHT)


@kernel(
    "void", "u1[]", "u4[r]", "i4[,]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "u1[]", "u1[]", "u1[,]"
)
def own(
    kinds: Array, points: Array, counts: Array, line_start: Array, start: Array, end: Array, weight: Array, words: Array,
    capitals: Array, prose: Array, blank_before: Array, logs: Array, out: Array,
) -> None:  # fmt: skip
    """Fill `out` with what lines look like by themselves: `judge.measures.OWN_NAMES`."""
    for row in range(len(start)):
        low, high = np.int64(start[row]), np.int64(end[row])
        count = counts[row]
        length, heavy = high - low, np.int64(weight[row])
        letters = length
        for kind in range(DIGIT, SIGN + 1):
            letters -= count[kind]
        stop, comma, quote, divider, sign = count[STOP], count[COMMA], count[QUOTE], count[DIVIDER], count[SIGN]
        first, last, point = kinds[low], kinds[high - 1], points[high - 1]
        ends = kinds[max(high - 2, low)] if last == QUOTE or last == BRACKET else last
        out[0, row] = log(logs, length)
        out[1, row] = log(logs, heavy)
        out[2, row] = ratio(length, heavy, 16)
        out[3, row] = ratio(capitals[row], words[row], 64)
        out[4, row] = ratio(count[UPPER], letters, 64)
        out[5, row] = ratio(count[DIGIT], length, 64)
        out[6, row] = ratio(count[DENSE], length, 64)
        out[7, row] = cap(stop)
        out[8, row] = ratio(stop, heavy, 128)
        out[9, row] = cap(comma)
        out[10, row] = ratio(comma, heavy, 128)
        out[11, row] = cap(quote)
        out[12, row] = cap(count[BRACKET])
        out[13, row] = cap(divider)
        out[14, row] = ratio(divider, heavy, 128)
        out[15, row] = cap(sign)
        out[16, row] = ratio(stop + comma + quote + sign, length, 128)
        out[17, row] = ends == STOP
        out[18, row] = last <= DENSE
        out[19, row] = last == DIGIT
        out[20, row] = last == COMMA
        out[21, row] = last == BRACKET
        out[22, row] = point == 0x2026
        out[23, row] = point == 0x3F or point == 0xFF1F
        out[24, row] = first == LOWER
        out[25, row] = first == DIGIT
        out[26, row] = first == DIVIDER
        out[27, row] = first == QUOTE
        out[28, row] = first >= BRACKET
        out[29, row] = prose[row]
        out[30, row] = min(low - line_start[row], 40)
        out[31, row] = blank_before[row]


@inner
def since(event: Array, first: Array, out: Array) -> None:
    """Rows since the last earlier row with `event` in the same text; `FAR` where there is none."""
    for doc in range(len(first) - 1):
        last = np.int64(-1)
        for row in range(first[doc], first[doc + 1]):
            out[row] = FAR if last < 0 else cap(row - last)
            if event[row]:
                last = row


@inner
def until(event: Array, first: Array, out: Array) -> None:
    """Rows until the next later row with `event` in the same text; `FAR` where there is none."""
    for doc in range(len(first) - 1):
        following = np.int64(-1)
        for row in range(first[doc + 1] - 1, first[doc] - 1, -1):
            out[row] = FAR if following < 0 else cap(following - row)
            if event[row]:
                following = row


@inner
def _runs(member: Array, first: Array, before: Array, after: Array) -> None:
    """How many rows directly before and after each are `member` without a break."""
    for doc in range(len(first) - 1):
        run, broken = np.int64(0), False
        for row in range(first[doc], first[doc + 1]):
            before[row] = min(run, 253) if broken else cap(run)
            broken = broken or not member[row]
            run = run + 1 if member[row] else 0
        run, broken = np.int64(0), False
        for row in range(first[doc + 1] - 1, first[doc] - 1, -1):
            after[row] = min(run, 253) if broken else cap(run)
            broken = broken or not member[row]
            run = run + 1 if member[row] else 0


@inner
def around(total: Array, row: Number, low: Number, high: Number, reach: Number) -> Number:
    """Sum over the rows at most `reach` away, the row itself left out, from running sums one longer than the rows."""
    return total[min(row + reach + 1, high)] - total[max(row - reach, low)] - (total[row + 1] - total[row])


@kernel("void", "i4[]", "i4[]", "i4[]", "b1[]", "u1[]", "u1[]", "i8[,]", "b1[,]", "u1[,]")
def place(
    first: Array, length: Array, weight: Array, prose: Array, blank_before: Array, logs: Array, sums: Array, marks: Array,
    out: Array,
) -> None:  # fmt: skip
    """Fill `out` with where lines stand: `judge.measures.PLACE_NAMES`.

    Here and below `sums` (SUMS, lines + 1) and `marks` (MARKS, lines) are scratch.
    """
    n = len(prose)
    chars, solids, proses = sums[0], sums[1], sums[2]
    sums[:3, 0] = 0
    short = marks[0]
    for row in range(n):
        chars[row + 1] = chars[row] + length[row]
        solids[row + 1] = solids[row] + (length[row] if prose[row] else 0)
        proses[row + 1] = proses[row] + prose[row]
        short[row] = not prose[row] and weight[row] < _SHORT_WEIGHT
    for doc in range(len(first) - 1):
        low, high = np.int64(first[doc]), np.int64(first[doc + 1])
        rows, all_chars, all_solid = high - low, chars[high] - chars[low], solids[high] - solids[low]
        for row in range(low, high):
            before = solids[row] - solids[low]
            out[0, row] = cap(row - low)
            out[1, row] = cap(high - 1 - row)
            out[2, row] = ratio(chars[row] - chars[low], all_chars, 128)
            out[3, row] = ratio(row - low, rows, 128)
            out[4, row] = log(logs, rows)
            out[5, row] = log(logs, all_chars)
            out[6, row] = ratio(all_solid, all_chars, 128)
            out[7, row] = cap(proses[row] - proses[low])
            out[8, row] = cap(proses[high] - proses[row + 1])
            out[9, row] = ratio(before, all_solid, 128)
            out[10, row] = log(logs, solids[high] - solids[row + 1])
            out[17, row] = cap(around(proses, row, low, high, 4))
            out[18, row] = cap(around(proses, row, low, high, 12))
            out[19, row] = log(logs, around(chars, row, low, high, 2))
            out[20, row] = log(logs, around(chars, row, low, high, 6))
            out[21, row] = blank_before[row + 1] if row + 1 < high else 0
    since(prose, first, out[11])
    until(prose, first, out[12])
    _runs(short, first, out[13], out[14])
    _runs(prose, first, out[15], out[16])


@inner
def _prose_since(event: Array, prose: Array, first: Array, out: Array) -> None:
    """Paragraphs since the last row with `event`, the row itself counting as one; `FAR` where there is none."""
    for doc in range(len(first) - 1):
        seen, known = np.int64(0), False
        for row in range(first[doc], first[doc + 1]):
            if event[row]:
                seen, known = 0, True
            out[row] = cap(seen) if known else FAR
            seen += prose[row]


@kernel("void", "i4[]", "b1[]", "u1[,]", "b1[]", "i8[]", "i8[,]", "b1[,]", "u1[,]")
def votes(
    first: Array, prose: Array, level: Array, trailing: Array, announcing: Array, sums: Array, marks: Array, out: Array
) -> None:
    """Fill `out` with what rules say: levels per class, the strongest, and that of other lines; see `VOTE_NAMES`.

    `level` is (classes, lines), `trailing` says which classes stand after an article, `announcing` names classes. The row
    `vote_covers` is left alone.
    """
    classes, n = level.shape
    firm, trail, event = marks[0], marks[1], marks[2]
    firms, voted, trails = sums[0], sums[1], sums[2]
    sums[:3, 0] = 0
    out[classes, :] = 0
    trail[:] = False
    for column in range(classes):
        for row in range(n):
            value = level[column, row]
            out[column, row] = value
            out[classes, row] = max(out[classes, row], value)
            if trailing[column] and value >= 2:
                trail[row] = True
    for row in range(n):
        firm[row] = out[classes, row] >= 2
        firms[row + 1] = firms[row] + firm[row]
        voted[row + 1] = voted[row] + (out[classes, row] > 0)
        trails[row + 1] = trails[row] + trail[row]
    at = classes + 2
    for column in announcing:
        for row in range(n):
            event[row] = level[column, row] >= 2
        since(event, first, out[at])
        _prose_since(event, prose, first, out[at + 1])
        at += 2
    since(trail, first, out[at])
    until(trail, first, out[at + 1])
    since(firm, first, out[at + 4])
    until(firm, first, out[at + 5])
    for doc in range(len(first) - 1):
        low, high = np.int64(first[doc]), np.int64(first[doc + 1])
        for row in range(low, high):
            out[at + 2, row] = cap(trails[row] - trails[low])
            out[at + 3, row] = cap(trails[high] - trails[row + 1])
            out[at + 6, row] = cap(around(voted, row, low, high, 2))
            out[at + 7, row] = cap(around(firms, row, low, high, 5))
            out[at + 8, row] = cap(around(firms, row, low, high, 12))
            out[at + 9, row] = ratio(firms[high] - firms[low], high - low, 64)
            out[at + 10, row] = ratio(firms[high] - firms[row + 1], high - row - 1, 64)


@kernel("void", "i4[]", "b1[]", "u1[,]", "u1[]", "i8[]", "u1[,]")
def rhythm(first: Array, prose: Array, level: Array, ends_stop: Array, counts: Array, out: Array) -> None:
    """Fill `out` with how often short lines like each stand between paragraphs: `judge.measures.RHYTHM_NAMES`.

    Two lines are alike when the same class speaks for them and both or none end in a stop. `level` is (classes, lines),
    `counts` is scratch of four times the number of classes and one.
    """
    classes = level.shape[0]
    kinds = 2 * (classes + 1)
    for doc in range(len(first) - 1):
        low, high = np.int64(first[doc]), np.int64(first[doc + 1])
        counts[:] = 0
        for row in range(low, high):
            best, key = np.int64(0), np.int64(classes)
            for column in range(classes):
                if level[column, row] > best:
                    best, key = np.int64(level[column, row]), np.int64(column)
            key = 2 * key + ends_stop[row]
            alone = not prose[row] and (row == low or prose[row - 1]) and row + 1 < high and prose[row + 1]
            out[0, row], out[1, row], out[2, row] = key, alone, cap(counts[key])
            out[3, row] = cap(counts[2 * classes])
            if alone:
                counts[key] += 1
            if not prose[row]:
                counts[kinds + key] += 1
        for row in range(low, high):
            key = np.int64(out[0, row])
            out[0, row] = cap(counts[kinds + key])
            out[4, row] = cap(counts[key] - out[1, row])
            out[5, row] = cap(counts[2 * classes] - out[3, row] - (out[1, row] if key == 2 * classes else 0))


@kernel("void", "i4[]", "i8[]", "i8[]", "i8", "u1[,]")
def neighbours(first: Array, seen: Array, steps: Array, width: Number, out: Array) -> None:
    """Fill the rows of `out` from `width` on with the rows `seen` as the lines some `steps` away have them, 0 beyond."""
    n = out.shape[1]
    at = width
    for step in steps:
        begin, stop = max(0, -step), max(min(n, n - step), 0)
        for column in seen:
            if begin < stop:
                target, source = out[at][begin:stop], out[column][begin + step : stop + step]
                for row in range(stop - begin):
                    target[row] = source[row]
            at += 1
        for doc in range(len(first) - 1):
            low, high = np.int64(first[doc]), np.int64(first[doc + 1])
            if step < 0:
                high = min(low - step, high)
            else:
                low = max(high - step, low)
            for row in range(low, high):
                out[at - len(seen) : at, row] = 0


@inner
def _mean(mass: Number, size: Number) -> Number:
    return min(mass // max(size, 1), 255)


@kernel("void", "i4[]", "i4[]", "b1[]", "u1[]", "u1[]", "i8[,]", "b1[,]", "u1[,]")
def second(
    first: Array, length: Array, prose: Array, score: Array, logs: Array, sums: Array, marks: Array, out: Array
) -> None:
    """Fill `out` with what the scores of the other lines say: `judge.measures.SECOND_NAMES` up to the neighbours."""
    n = len(prose)
    sums[:6, 0] = 0
    masses, sizes, bodies, firms, chars, chromes = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
    body, firm, chrome = marks[0], marks[1], marks[2]
    for row in range(n):
        size = min(np.int64(length[row]), 400)
        body[row] = score[row] < 96 and prose[row]
        firm[row] = score[row] < 48 and prose[row]
        chrome[row] = score[row] >= 176
        masses[row + 1] = masses[row] + np.int64(score[row]) * size
        sizes[row + 1] = sizes[row] + size
        bodies[row + 1] = bodies[row] + body[row]
        firms[row + 1] = firms[row] + firm[row]
        chars[row + 1] = chars[row] + (length[row] if body[row] else 0)
        chromes[row + 1] = chromes[row] + chrome[row]
    for doc in range(len(first) - 1):
        low, high = np.int64(first[doc]), np.int64(first[doc + 1])
        for row in range(low, high):
            out[0, row] = score[row]
            out[1, row] = _mean(masses[row] - masses[low], sizes[row] - sizes[low])
            out[2, row] = _mean(masses[high] - masses[row + 1], sizes[high] - sizes[row + 1])
            out[3, row] = _mean(masses[high] - masses[low], sizes[high] - sizes[low])
            out[4, row] = _mean(around(masses, row, low, high, 2), around(sizes, row, low, high, 2))
            out[5, row] = _mean(around(masses, row, low, high, 5), around(sizes, row, low, high, 5))
            out[6, row] = _mean(around(masses, row, low, high, 12), around(sizes, row, low, high, 12))
            out[9, row] = cap(bodies[row] - bodies[low])
            out[10, row] = cap(bodies[high] - bodies[row + 1])
            out[11, row] = cap(firms[row] - firms[low])
            out[12, row] = cap(firms[high] - firms[row + 1])
            out[15, row] = log(logs, chars[high] - chars[row + 1])
            out[16, row] = log(logs, chars[row] - chars[low])
            out[19, row] = ratio(chromes[high] - chromes[row + 1], high - row - 1, 64)
            out[20, row] = ratio(chromes[row] - chromes[low], row - low, 64)
    since(body, first, out[7])
    until(body, first, out[8])
    until(firm, first, out[13])
    since(firm, first, out[14])
    since(chrome, first, out[17])
    until(chrome, first, out[18])


@kernel("void", "i4[]", "i4[]", "i4[]", "b1[]", "i4[]", "u1[]", "i4[]", "u1[,]", "i4[]")
def levels(
    row: Array, rule: Array, width: Array, whole: Array, length: Array, level_of: Array, class_of: Array, out: Array,
    covered: Array,
) -> None:  # fmt: skip
    """Fill `out` (classes, lines) with the strongest level of votes, and `covered` with how much of a line the widest covers.

    Both come as zeros; `covered` is in 64 steps.
    """
    for vote in range(len(row)):
        line = row[vote]
        cls = class_of[rule[vote]]
        out[cls, line] = max(out[cls, line], level_of[rule[vote]])
        wide = np.int64(length[line]) if whole[vote] else np.int64(width[vote])
        covered[line] = max(covered[line], min(wide * 64 // max(np.int64(length[line]), 1), 64))
