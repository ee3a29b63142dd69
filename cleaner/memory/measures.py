"""Measures of a line that no other page of its site shows: where it stands among the lines that recur.

Teasers below a heading that is the site's, names between "said" and "said", what follows the last line of every article:
such lines are new on each page, and what surrounds them is not. Each measure is a `uint8`, as those of the judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes
from cleaner.judge.measures import LOG

if TYPE_CHECKING:
    from cleaner.memory.known import Known

NAMES: Final = (
    "of", "weight", "prose", "zone", "near_1", "near_2", "near_5", "near_12", "since_known", "until_known",
    "known_before_share", "known_after_share", "own_before", "own_after", "since_own", "until_own", "new_before", "new_after",
    "from_start", "from_end", "last_share", "next_share", "last_tail", "next_head", "known_share", "known_weight_share",
    "tail_lines_before", "head_lines_after", "last_repeats", "next_repeats", "repeats_around_5", "repeats_after",
    "below_last", "below_least", "above_next", "above_least",
)  # fmt: skip
"""`known` lines stand on another page of the site, `own` ones are paragraphs that no other page shows.

`below_last` is how much of their prose other pages have below the last known line that stands under a paragraph of this
page's own, `below_least` the least of all such lines so far; where other pages have little there, an article has ended. So do
`above_next` and `above_least` for the lines to come, which stand over such a paragraph, and the prose above them."""


def unique_measures(known: Known, wanted: NDArray[np.bool_] | None = None) -> Bytes:
    """(len(NAMES), rows): the measures of all rows that something is `known` of, or only of the rows `wanted`."""
    from cleaner.kernels import site_measures as kernel

    rows = known.rows
    n = len(rows.keys)
    wanted = np.ones(n, bool) if wanted is None else wanted
    out = np.empty((len(NAMES), int(np.count_nonzero(wanted))), np.uint8)
    table = np.empty(4 * int(np.diff(rows.first).max(initial=4)), np.int32)
    scratch = np.empty((kernel.SCRATCH, n + 1), np.int32)
    kernel.measure(
        rows.keys, rows.weight, rows.prose, rows.zone, rows.below, known.counts, known.anywhere, known.of, known.learned,
        rows.first, wanted, LOG, table, scratch, out,
    )  # fmt: skip
    return out
