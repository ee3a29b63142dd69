"""Measures of lines among lines that recur on their site; `cleaner.memory.measures` says what each of them means."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import FAR
from cleaner.kernels.repeats import slots_for
from cleaner.kernels.site_counts import ALL, BELOW
from cleaner.kernels.site_lines import HEAD, TAIL
from cleaner.kernels.site_lines import STEPS as PARTS

MEASURES: Final = 36
_CAP: Final = 254
_STEPS: Final = 64
_REACHES: Final = (1, 2, 5, 12)
_REPEATS_REACH: Final = 5
_SHARES: Final = 200
TIMES, KNOWN, AGAIN, NEXT_KNOWN, NEXT_OWN, BELOW_IT, NEXT_ABOVE, LEAST_ABOVE, SCRATCH = 0, 1, 2, 3, 4, 5, 6, 7, 8
"""Columns of scratch: how often a row's line stands on its page, running sums, where the next rows stand, how much prose other
pages have below a row's line, and above the lines to come: the next one, and the least."""


@inner
def _ratio(part: Number, whole: Number) -> Number:
    return min(np.int64(part) * _STEPS // max(np.int64(whole), 1), 255)


@inner
def _times(keys: Array, below: Array, low: Number, high: Number, table: Array, times: Array, least: Array) -> None:
    """Fill `times`: how often a row's line stands on its page, 1 for lines without a key; and `least`: how much prose is `below`
    the last of them."""
    size = slots_for(high - low)
    table[:size] = -1
    for back in range(high - low):
        row = high - 1 - back
        times[row], least[row] = 1, below[row]
        if keys[row] == np.uint64(0):
            continue
        slot = np.int64(keys[row] & np.uint64(size - 1))
        while table[slot] >= 0 and keys[table[slot]] != keys[row]:
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = row
        else:
            times[table[slot]] += 1
    for row in range(low, high):
        if keys[row] != np.uint64(0):
            slot = np.int64(keys[row] & np.uint64(size - 1))
            while keys[table[slot]] != keys[row]:
                slot = (slot + 1) & (size - 1)
            times[row], least[row] = times[table[slot]], below[table[slot]]


@inner
def _below(counts: Array, row: Number, learned: Number, least: Number) -> Number:
    """How much prose other pages have below a row's line in the mean, in `_SHARES` parts; below 0 where none shows it.

    Of a page that was learned the least that it has below that line was counted, too.
    """
    pages = np.int64(counts[row, ALL]) - learned
    if pages <= 0:
        return np.int64(-1)
    total = max(np.int64(counts[row, BELOW]) - learned * np.int64(least), 0)
    return min((2 * _SHARES * total + PARTS * pages) // (2 * PARTS * pages), _SHARES)


@inner
def _backwards(
    prose: Array, anywhere: Array, low: Number, high: Number, next_known: Array, next_own: Array, below: Array,
    next_above: Array, least_above: Array,
) -> None:  # fmt: skip
    """Fill in what stands below each row: the next known line, the next paragraph of the page's own, and of the known lines
    over such a paragraph how much other pages have above the next one, and the least of all."""
    after_known, after_own, above, least = high, high, FAR, FAR
    for back in range(high - low):
        row = high - 1 - back
        next_known[row], next_own[row] = after_known, after_own
        next_above[row], least_above[row] = above, least
        if anywhere[row] > 0:
            after_known = row
            if after_own < high and below[row] >= 0:
                above = _SHARES - np.int64(below[row])
                least = min(least, above)
        elif prose[row]:
            after_own = row


@inner
def _around(total: Array, row: Number, low: Number, high: Number, reach: Number) -> Number:
    """How many rows at most `reach` away count, the row itself left out, from running sums."""
    return total[min(row + reach + 1, high)] - total[max(row - reach, low)] - (total[row + 1] - total[row])


@kernel(
    "i8", "u8[]", "i4[]", "b1[]", "i4[]", "i4[]", "i4[,]", "i4[]", "i4[]", "b1[]", "i4[]", "b1[]", "u1[]", "i4[]", "i4[,]",
    "u1[,]",
)  # fmt: skip
def measure(
    keys: Array, weight: Array, prose: Array, zone: Array, below: Array, counts: Array, anywhere: Array, of: Array,
    learned: Array, first: Array, wanted: Array, log: Array, table: Array, scratch: Array, out: Array,
) -> Number:  # fmt: skip
    """Fill `out` (MEASURES, rows wanted) for the rows `wanted`, in order; gives their number.

    `log` are logarithms of 0..65535; `table` (for `slots_for` the rows of any page) and `scratch` (SCRATCH, rows + 1) are
    scratch.
    """
    made = 0
    times, known, again = scratch[TIMES], scratch[KNOWN], scratch[AGAIN]
    next_known, next_own, below_it = scratch[NEXT_KNOWN], scratch[NEXT_OWN], scratch[BELOW_IT]
    next_above, least_above = scratch[NEXT_ABOVE], scratch[LEAST_ABOVE]
    for doc in range(len(first) - 1):
        low, high = np.int64(first[doc]), np.int64(first[doc + 1])
        some = False
        for row in range(low, high):
            some |= wanted[row]
        if not some:
            continue
        _times(keys, below, low, high, table, times, below_it)
        own_all, new_all, weight_all, known_weight, heads_all, again_all = 0, 0, 0, 0, 0, 0
        known[low], again[low] = 0, 0
        for row in range(low, high):
            recurs, heavy = anywhere[row] > 0, np.int64(weight[row])
            known[row + 1] = known[row] + recurs
            again[row + 1] = again[row] + (times[row] > 1)
            own_all += prose[row] and not recurs
            new_all += 0 if recurs else heavy
            weight_all += heavy
            known_weight += heavy if recurs else 0
            heads_all += recurs and 2 * counts[row, HEAD] > counts[row, ALL]
            below_it[row] = _below(counts, row, np.int64(learned[row]), below_it[row]) if recurs else -1
        _backwards(prose, anywhere, low, high, next_known, next_own, below_it, next_above, least_above)
        known_all, again_all = known[high], again[high]
        last_known, last_own = -1, -1
        own, new, tails, heads = 0, 0, 0, 0
        below_last, below_least = FAR, FAR
        for row in range(low, high):
            recurs, heavy = anywhere[row] > 0, np.int64(weight[row])
            mine = prose[row] and not recurs
            fresh = 0 if recurs else heavy
            head = recurs and 2 * counts[row, HEAD] > counts[row, ALL]
            heads += head
            if wanted[row]:
                # Beyond the cap the row at the cap stands for the one that is meant.
                last = row - min(row - last_known, _CAP) if last_known >= 0 else -1
                following = row + min(next_known[row] - row, _CAP) if next_known[row] < high else -1
                out[0, made], out[1, made] = min(of[row], _CAP), log[min(weight[row], 65535)]
                out[2, made], out[3, made] = prose[row], zone[row]
                out[4, made] = min(_around(known, row, low, high, _REACHES[0]), _CAP)
                out[5, made] = min(_around(known, row, low, high, _REACHES[1]), _CAP)
                out[6, made] = min(_around(known, row, low, high, _REACHES[2]), _CAP)
                out[7, made] = min(_around(known, row, low, high, _REACHES[3]), _CAP)
                out[8, made] = min(row - last_known, _CAP) if last_known >= 0 else FAR
                out[9, made] = min(next_known[row] - row, _CAP) if next_known[row] < high else FAR
                out[10, made] = _ratio(known[row], row - low)
                out[11, made] = _ratio(known_all - known[row + 1], high - row - 1)
                out[12, made], out[13, made] = min(own, _CAP), min(own_all - own - mine, _CAP)
                out[14, made] = min(row - last_own, _CAP) if last_own >= 0 else FAR
                out[15, made] = min(next_own[row] - row, _CAP) if next_own[row] < high else FAR
                out[16, made], out[17, made] = _ratio(new, new_all), _ratio(new_all - new - fresh, new_all)
                out[18, made], out[19, made] = min(row - low, _CAP), min(high - row - 1, _CAP)
                out[20, made] = _ratio(anywhere[last], of[last]) if last >= 0 else 0
                out[21, made] = _ratio(anywhere[following], of[following]) if following >= 0 else 0
                out[22, made] = _ratio(counts[last, TAIL], counts[last, ALL]) if last >= 0 else 0
                out[23, made] = _ratio(counts[following, HEAD], counts[following, ALL]) if following >= 0 else 0
                out[24, made], out[25, made] = _ratio(known_all, high - low), _ratio(known_weight, weight_all)
                out[26, made], out[27, made] = min(tails, _CAP), min(heads_all - heads, _CAP)
                out[28, made] = min(times[last], _CAP) if last >= 0 else 0
                out[29, made] = min(times[following], _CAP) if following >= 0 else 0
                out[30, made] = min(_around(again, row, low, high, _REPEATS_REACH), _CAP)
                out[31, made] = min(again_all - again[row + 1], _CAP)
                out[32, made], out[33, made] = below_last, below_least
                out[34, made], out[35, made] = next_above[row], least_above[row]
                made += 1
            if recurs:
                last_known = row
                if own and below_it[row] >= 0:
                    below_last = np.int64(below_it[row])
                    below_least = min(below_least, below_last)
                tails += 2 * counts[row, TAIL] > counts[row, ALL]
            elif mine:
                last_own = row
            own += mine
            new += fresh
    return made
