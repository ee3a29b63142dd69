"""Notes: on how many other pages of its site each removed line stands, told only where somebody asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Lines
from cleaner.edits import Edit
from cleaner.memory.rows import ZONES

if TYPE_CHECKING:
    from cleaner.memory.known import Known

Note = tuple[int, int, str]
"""Start and end of a line in its text, and its counts: `412 of 430 pages, tail`, or of its container: `57 of 60 words
in its place recur`."""
_MEMORY: Final = "memory"
PACK: Final = "common.memory/"
"""The rules of memory."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What memory knows of the recurring lines of a batch of texts."""

    lines: NDArray[np.int64]
    """(n, 7): start and end in the line's own text, pages that show it in its zone, pages of the site, index of the zone;
    the weight of lines in its container on other pages, and of those that recur."""
    first: NDArray[np.intp]
    """Per text and one more: its first line."""

    @classmethod
    def on(cls, lines: Lines, known: Known | None) -> Notes:
        """The notes on `lines`; none where nothing is `known`."""
        if known is None:
            return cls(np.zeros((0, 7), np.int64), np.zeros(len(lines.first), np.intp))
        rows = np.flatnonzero((known.pages > 0) | (known.held[:, 1] > 0))
        base = lines.base[lines.doc[rows]]
        columns = (lines.start[rows] - base, lines.end[rows] - base, known.pages[rows], known.of[rows], known.rows.zone[rows])
        return cls(np.stack((*columns, *known.held[rows].T), axis=-1), np.searchsorted(rows, lines.first))

    def all(self, text: int) -> list[Note]:
        """The notes on a text."""
        rows = self.lines[self.first[text] : self.first[text + 1]].tolist()
        return [(start, end, _told(*counts)) for start, end, *counts in rows]

    def inside(self, text: int, edits: Sequence[Edit]) -> list[Note]:
        """The notes on lines of a text that lie in one of `edits` (ordered, not overlapping) whole."""
        starts = [edit.start for edit in edits]
        found = []
        for note in self.all(text):
            at = bisect_right(starts, note[0]) - 1
            if at >= 0 and note[1] <= edits[at].end:
                found.append(note)
        return found


def _told(pages: int, of: int, zone: int, held: int, recurring: int) -> str:
    """The counts in words; what a container holds in words, too, of which each weighs two."""
    told = [f"{pages} of {of} pages, {ZONES[zone]}"] if pages else []
    if recurring:
        told.append(f"{-(-recurring // 2)} of {-(-held // 2)} words in its place recur")
    return "; ".join(told)


def of_memory(edits: Sequence[Edit]) -> list[Edit]:
    """Those of `edits` that memory made."""
    return [edit for edit in edits if edit.rule.startswith(PACK)]


class NotedMeta(Mapping[str, object]):
    """What a page says about itself, and as `memory` the notes on what memory removed of it, made when they are asked for."""

    __slots__ = ("_edits", "_meta", "_notes", "_text")

    def __init__(self, meta: Mapping[str, object], notes: Notes, text: int, edits: Sequence[Edit]) -> None:
        """`edits` are those of memory, in text number `text` of `notes`."""
        self._meta, self._notes, self._text, self._edits = meta, notes, text, edits

    def __getitem__(self, name: str) -> object:
        return self._notes.inside(self._text, self._edits) if name == _MEMORY else self._meta[name]

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._meta if name != _MEMORY)
        yield _MEMORY

    def __len__(self) -> int:
        return len(self._meta) + (_MEMORY not in self._meta)

    def __repr__(self) -> str:
        return repr(dict(self))


def noted(
    metas: Sequence[Mapping[str, object]], edits: Sequence[Sequence[Edit]], notes: Callable[[], Notes]
) -> Sequence[Mapping[str, object]]:
    """What pages say about themselves, with the `notes` where memory made some of the `edits`; all three text by text."""
    mine = [of_memory(own) for own in edits]
    if not any(mine):
        return metas
    made = notes()
    return [NotedMeta(meta, made, text, own) if own else meta for text, (meta, own) in enumerate(zip(metas, mine, strict=True))]
