"""Measures of a line that no other page of its site shows: where it stands among the lines that recur.

Teasers below a heading that is the site's, names between "said" and "said", what follows the last line of every article:
such lines are new on each page, and what surrounds them is not. Each measure is a `uint8`, as those of the judge.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints
from cleaner.judge.measures import Place, cap, log, ratio
from cleaner.kernels.kinds import FAR
from cleaner.memory.rows import Keys, Rows

NAMES: Final = (
    "of", "weight", "prose", "zone", "near_1", "near_2", "near_5", "near_12", "since_known", "until_known",
    "known_before_share", "known_after_share", "own_before", "own_after", "since_own", "until_own", "new_before", "new_after",
    "from_start", "from_end", "last_share", "next_share", "last_tail", "next_head", "known_share", "known_weight_share",
    "tail_lines_before", "head_lines_after", "last_repeats", "next_repeats", "repeats_around_5", "repeats_after",
)  # fmt: skip
"""`known` lines stand on another page of the site, `own` ones are paragraphs that no other page shows."""
_HEAD, _TAIL, _ALL = 0, 2, 3


def unique_measures(rows: Rows, counts: Ints, anywhere: Ints, of: Ints) -> Bytes:
    """(len(NAMES), rows). `counts` (rows, 4) are pages in the head, body, tail, and all; `anywhere` other pages that show
    the line at all, `of` other pages of its site."""
    n = len(rows.keys)
    place = _place(rows)
    known = anywhere > 0
    own = rows.prose & ~known
    weight = rows.weight.astype(np.int64)
    before, after = place.at - place.first, place.stop - place.at - 1
    last, following = _last(place, known), _following(place, known)
    shares = np.append(ratio(anywhere, of), np.uint8(0))
    tails = np.append(ratio(counts[:, _TAIL], counts[:, _ALL]), np.uint8(0))
    heads = np.append(ratio(counts[:, _HEAD], counts[:, _ALL]), np.uint8(0))
    repeats = _repeats(rows.keys, place.first)
    found = np.append(repeats, np.uint8(0))
    again = repeats > 1
    new = weight * ~known
    new_all = place.all(new)
    columns = (
        cap(of), log(rows.weight), rows.prose, rows.zone,
        *(cap(place.around(known, reach)) for reach in (1, 2, 5, 12)),
        place.since(known), place.until(known),
        ratio(place.before(known), before), ratio(place.after(known), after),
        cap(place.before(own)), cap(place.after(own)), place.since(own), place.until(own),
        ratio(place.before(new), new_all), ratio(place.after(new), new_all),
        cap(before), cap(after),
        shares[last], shares[following], tails[last], heads[following],
        ratio(place.all(known), place.stop - place.first), ratio(place.all(weight * known), place.all(weight)),
        cap(place.before(known & (2 * counts[:, _TAIL] > counts[:, _ALL]))),
        cap(place.after(known & (2 * counts[:, _HEAD] > counts[:, _ALL]))),
        found[last], found[following], cap(place.around(again, 5)), cap(place.after(again)),
    )  # fmt: skip
    out = np.empty((len(NAMES), n), np.uint8)
    for number, column in enumerate(columns):
        out[number] = column
    return out


def _place(rows: Rows) -> Place:
    lengths = np.diff(rows.first)
    first, stop = np.repeat(rows.first[:-1], lengths), np.repeat(rows.first[1:], lengths)
    return Place(first, stop, np.arange(len(rows.keys), dtype=np.int32))


def _last(place: Place, known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Per row: the last earlier row of its text that is `known`, or -1."""
    since = place.since(known)
    return np.where(since == FAR, -1, place.at - since).astype(np.intp)


def _following(place: Place, known: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Per row: the next later row of its text that is `known`, or -1."""
    until = place.until(known)
    return np.where(until == FAR, -1, place.at + until).astype(np.intp)


def _repeats(keys: Keys, first: Ints) -> Bytes:
    """Per row: how often its line stands on its own page; 1 for lines without a key."""
    order = np.lexsort((keys, first))
    sorted_keys, page = keys[order], first[order]
    fresh = np.ones(len(keys), bool)
    fresh[1:] = (sorted_keys[1:] != sorted_keys[:-1]) | (page[1:] != page[:-1])
    run = np.cumsum(fresh) - 1
    times = np.empty(len(keys), np.int64)
    times[order] = np.bincount(run)[run] if len(keys) else 0
    return np.where(keys == 0, 1, cap(times)).astype(np.uint8)
