"""Where the cuts of lines that go begin and end."""

from __future__ import annotations

from cleaner.kernels.base import Array, Number, kernel


@kernel("void", "i4[]", "i4[]", "i4[]", "i4[]", "b1[]", "i8", "i4[]", "i4[]", "b1[]")
def bounds(
    first: Array, base: Array, line_start: Array, line_end: Array, gone: Array, points: Number, starts: Array, ends: Array,
    emptied: Array,
) -> None:  # fmt: skip
    """Fill `starts` and `ends` with where in its text a cut of each row would begin and end, and `emptied` with which texts
    have rows, but none that stays.

    A cut takes along the blank lines above its row; those below a removed head go with that. `points` is the length of the
    batch, which a line feed closes.
    """
    texts = len(base)
    for doc in range(texts):
        size = (base[doc + 1] if doc + 1 < texts else points) - 1 - base[doc]
        reached = 0
        kept = False
        for row in range(first[doc], first[doc + 1]):
            starts[row] = reached
            reached = min(line_end[row] + 1 - base[doc], size)
            ends[row] = reached
            if not gone[row]:
                if not kept and row > first[doc]:
                    ends[row - 1] = line_start[row] - base[doc]
                kept = True
        emptied[doc] = not kept and first[doc + 1] > first[doc]
