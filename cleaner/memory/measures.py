"""Measures of a line that no other page of its site shows: where it stands among the lines that recur.

Teasers below a heading that is the site's, names between "said" and "said", what follows the last line of every article:
such lines are new on each page, and what surrounds them is not. Each measure is a `uint8`, as those of the judge.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints
from cleaner.judge.measures import LOG
from cleaner.memory.rows import Rows

NAMES: Final = (
    "of", "weight", "prose", "zone", "near_1", "near_2", "near_5", "near_12", "since_known", "until_known",
    "known_before_share", "known_after_share", "own_before", "own_after", "since_own", "until_own", "new_before", "new_after",
    "from_start", "from_end", "last_share", "next_share", "last_tail", "next_head", "known_share", "known_weight_share",
    "tail_lines_before", "head_lines_after", "last_repeats", "next_repeats", "repeats_around_5", "repeats_after",
)  # fmt: skip
"""`known` lines stand on another page of the site, `own` ones are paragraphs that no other page shows."""


def unique_measures(
    rows: Rows, counts: Ints, anywhere: Ints, of: Ints, wanted: NDArray[np.bool_] | None = None
) -> Bytes:
    """(len(NAMES), rows), or only the rows `wanted`. `counts` (rows, 4) are pages in the head, body, tail, and all;
    `anywhere` other pages that show the line at all, `of` other pages of its site."""
    from cleaner.kernels import site_measures as kernel

    n = len(rows.keys)
    wanted = np.ones(n, bool) if wanted is None else wanted
    out = np.empty((len(NAMES), int(np.count_nonzero(wanted))), np.uint8)
    table = np.empty(4 * int(np.diff(rows.first).max(initial=4)), np.int32)
    scratch = np.empty((kernel.SCRATCH, n + 1), np.int32)
    kernel.measure(
        rows.keys, rows.weight, rows.prose, rows.zone, counts, anywhere, of, rows.first, wanted, LOG, table, scratch, out
    )
    return out
