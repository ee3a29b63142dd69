"""What memory says of the lines of texts, told again where a text is read once more after something was cut.

It is looked up once, of the whole text. What is left of a text would be a page that the memory never learned from, so that
its own lines, counted when the whole page was learned, would speak against themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Lines
from cleaner.edits import Edit
from cleaner.memory.evidence import Evidence
from cleaner.memory.notes import Notes


@dataclass(frozen=True, slots=True)
class Told:
    """The evidence on the lines of whole texts."""

    lines: Lines
    evidence: Evidence

    def of_rest(self, left: Lines, texts: Sequence[int], edits: Sequence[Sequence[Edit]]) -> Evidence:
        """The evidence on the lines `left` of some `texts` after `edits`, one sequence per text: a line of which a part was
        cut is what it was."""
        return self.evidence.take(rows_before(self.lines, left, texts, edits))

    def notes(self) -> Notes:
        """The notes on the lines."""
        return self.evidence.notes(self.lines)


def rows_before(lines: Lines, left: Lines, texts: Sequence[int], edits: Sequence[Sequence[Edit]]) -> NDArray[np.intp]:
    """Per row of `left`, what `edits` leave of some `texts` of `lines`: the row of `lines` that it was, or a part of."""
    rows = [np.zeros(0, np.intp)]
    for doc, (text, cuts) in enumerate(zip(texts, edits, strict=True)):
        low, high = lines.first[text : text + 2]
        starts = left.start[left.first[doc] : left.first[doc + 1]] - left.base[doc]
        whole = offsets_before(cuts, starts) + lines.base[text]
        rows.append(low + np.searchsorted(lines.line_start[low:high], whole, side="right") - 1)
    return np.concatenate(rows)


def offsets_before(edits: Sequence[Edit], offsets: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Where characters stood before `edits`, by their `offsets` in what those leave."""
    start, end = np.array([(edit.start, edit.end) for edit in edits], np.int64).reshape(-1, 2).T
    gone = np.zeros(len(start) + 1, np.int64)
    np.cumsum(end - start, out=gone[1:])
    before: NDArray[np.int64] = offsets + gone[np.searchsorted(start - gone[:-1], offsets, side="right")]
    return before
