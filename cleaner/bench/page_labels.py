"""Pages made ready to be learned from and scored: their lines as words, and how much of each line is wanted.

Where a page has a gold text, its words are lined up with those of the page's lines in their order; lines that stand in
the gold text in another place are found afterwards. Where it has snippets, a line that holds one, or is part of one, is
wanted or not as the snippet is, and nothing is known of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledPage
from cleaner.bench.score import words

_MOST: Final = 0.5
"""A line less of which lines up with the gold text stands there by chance, or in another place."""
_MOVED: Final = 0.75
_MOVED_PAIRS: Final = 0.6
"""Shares of words and of pairs of neighbouring words that the gold text must have of a line in another place."""
_PART: Final = 12
"""Characters from which on a line that is part of a snippet is taken for it."""

Counts = NDArray[np.int32]
Shares = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PageKey:
    """A labelled page and its lines (none of them blank), ready to be scored for any choice of lines."""

    item: LabelledPage
    lines: tuple[str, ...]
    sizes: Counts
    """Words of each line."""
    words: Counts
    """Numbers of the words, line after line."""
    line: Counts
    """The line of each."""
    gold: Counts
    """How often each word is in the gold text; empty where there is none."""
    wanted: Shares
    """Per line: the share of its words that is wanted, NaN where that is not known."""

    @classmethod
    def of(cls, item: LabelledPage, lines: Sequence[str]) -> PageKey:
        """Line the page's text up with what is known of it."""
        ids: dict[str, int] = {}
        numbers = [[ids.setdefault(word, len(ids)) for word in words(line)] for line in lines]
        sizes = np.array([len(found) for found in numbers], np.int32)
        line = np.repeat(np.arange(len(lines), dtype=np.int32), sizes)
        flat = np.array([number for found in numbers for number in found], np.int32)
        gold = np.zeros(0, np.int32)
        if item.gold is None:
            wanted = _by_snippets(item, lines)
        else:
            order = np.array([ids.setdefault(word, len(ids)) for word in words(item.gold)], np.int32)
            gold = np.bincount(order, minlength=len(ids)).astype(np.int32)
            right = _lined_up(numbers, sizes, flat, line, order, len(ids))
            wanted = np.where(sizes > 0, right / np.maximum(sizes, 1), np.nan)
        return cls(item, tuple(lines), sizes, flat, line, gold, wanted)

    def f1(self, keep: NDArray[np.bool_]) -> float:
        """Word F1 of the lines `keep` against the gold text; 1 where both are empty."""
        from cleaner.bench.align_kernel import overlap

        taken, wanted = int(self.sizes[keep].sum()), int(self.gold.sum())
        if not taken or not wanted:
            return float(taken == wanted)
        return 2 * overlap(self.words, self.line, self.gold.copy(), keep) / (taken + wanted)

    def snippets(self, keep: NDArray[np.bool_]) -> tuple[int, int, int]:
        """Wanted snippets found in the lines `keep`, unwanted ones found, and wanted ones missing."""
        text = _squeezed("\n".join(line for line, stays in zip(self.lines, keep.tolist(), strict=True) if stays))
        found = sum(_squeezed(snippet) in text for snippet in self.item.wanted)
        wrong = sum(_squeezed(snippet) in text for snippet in self.item.unwanted)
        return found, wrong, len(self.item.wanted) - found


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _by_snippets(item: LabelledPage, lines: Sequence[str]) -> Shares:
    wanted, unwanted = ([_squeezed(text).lower() for text in texts] for texts in (item.wanted, item.unwanted))
    out = np.full(len(lines), np.nan)
    for number, line in enumerate(lines):
        text = _squeezed(line).lower()
        good, bad = (
            any(snippet in text or (len(text) > _PART and text in snippet) for snippet in snippets)
            for snippets in (wanted, unwanted)
        )
        if good != bad:
            out[number] = float(good)
    return out


def _lined_up(
    numbers: Sequence[Sequence[int]], sizes: Counts, flat: Counts, line: Counts, gold: Counts, known: int
) -> Counts:
    """Per line: how many of its words are wanted."""
    from cleaner.bench.align_kernel import longest_common

    hit, used = np.zeros(len(flat), bool), np.zeros(len(gold), bool)
    if len(flat) and len(gold):
        longest_common(flat, gold, known, hit, used)
    right = np.bincount(line[hit], minlength=len(sizes)).astype(np.int32)
    chance = right < _MOST * sizes
    left = np.bincount(gold[~used], minlength=known)
    left += np.bincount(flat[hit & chance[line]], minlength=known)
    pairs = set(pairwise(gold.tolist()))
    begin = np.concatenate(([0], np.cumsum(sizes)))
    for number in sorted(np.flatnonzero(chance | (right == 0)).tolist(), key=lambda n: (-int(sizes[n]), n)):
        found = numbers[number]
        count = np.bincount(found, minlength=1) if found else np.zeros(1, np.int64)
        same = int(np.minimum(count, left[: len(count)]).sum())
        joined = sum(pair in pairs for pair in pairwise(found))
        if found and same >= _MOVED * len(found) and joined >= _MOVED_PAIRS * (len(found) - 1):
            right[number] = same
            left[: len(count)] -= np.minimum(count, left[: len(count)])
            continue
        right[number] = 0
        for at in range(int(begin[number]), int(begin[number + 1])):
            if hit[at] and left[flat[at]] > 0:
                left[flat[at]] -= 1
                right[number] += 1
    return right
