"""The phrases of all rules as arrays that kernels look words up in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints, Points, needs_border, to_points
from cleaner.kernels.kinds import ELSEWHERE, TILE, TILES

Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint64]
_LEAST_SLOTS: Final = 1 << 10


@dataclass(frozen=True, slots=True)
class PhraseTable:
    """Folded phrases in order, and what they mean to which rules; see `kernels.phrases`."""

    text: Points
    """The phrases, one behind the other."""
    bounds: Ints
    """(phrases + 1, 2): phrase p is text[bounds[p, 0]:bounds[p + 1, 0]], its entries are entries[bounds[p, 1]:bounds[p + 1, 1]];
    side by side, because a look at one is a look at the other."""
    tail: Flags
    """Per phrase: its end needs no border of a word."""
    seed: np.uint64
    words: Hashes
    """A hash table of all phrases that are sequences of words, with their `flags`."""
    sieve: Bytes
    """Two bits for the hash of each such sequence and each beginning of one: most words of a text end here."""
    edges: Hashes
    """A trie of the phrases with an open end, as a hash table of (node and character, next node)."""
    ends: Ints
    """Per node of the trie: the phrase that ends there, or -1."""
    flags: Bytes
    """Per phrase: `kinds.TILES` and `kinds.ELSEWHERE`."""
    entries: Ints
    """(entries, 2): a rule, and the phrase's role in it."""

    def __len__(self) -> int:
        return len(self.tail)


def phrase_table(entries: Mapping[str, Sequence[tuple[int, int]]]) -> PhraseTable:
    """`entries` are (rule, role as in `kernels.kinds`) for each folded phrase."""
    phrases = sorted(entries)
    distinct = [list(dict.fromkeys(entries[phrase])) for phrase in phrases]
    border: dict[str, bool] = {char: needs_border(char) for char in {char for p in phrases for char in (p[0], p[-1])}}
    head = np.array([not border[phrase[0]] for phrase in phrases], bool)
    tail = np.array([not border[phrase[-1]] for phrase in phrases], bool)
    bounds = np.zeros((len(phrases) + 1, 2), np.int32)
    np.cumsum([(len(phrase), len(found)) for phrase, found in zip(phrases, distinct, strict=True)], axis=0, out=bounds[1:])
    starts = bounds[:, 0].copy()
    flags = np.array([_flags([role for _, role in found]) for found in distinct], np.uint8)
    text = to_points("".join(phrases))
    seed, words, sieve = _word_table(text, starts, ~(head | tail), flags)
    edges, ends = _trie(text, starts, head, tail)
    return PhraseTable(
        text=text,
        bounds=bounds,
        tail=tail,
        seed=seed,
        words=words,
        sieve=sieve,
        edges=edges,
        ends=ends,
        flags=flags,
        entries=np.array([entry for found in distinct for entry in found], np.int32).reshape(-1, 2),
    )


def _flags(roles: Sequence[int]) -> int:
    return (TILES if min(roles) <= TILE else 0) | (ELSEWHERE if max(roles) > TILE else 0)


def _slots(entries: int) -> int:
    """Slots of a hash table that is at most a third full."""
    return max(_LEAST_SLOTS, 1 << (3 * entries).bit_length())


def _word_table(text: Points, starts: Ints, bordered: Flags, flags: Bytes) -> tuple[np.uint64, Hashes, Bytes]:
    from cleaner.kernels import phrases as kernel

    # Half full at most: it is asked for hardly anything that it does not have, and the less room it takes the better.
    slots, room = max(_LEAST_SLOTS, 1 << (2 * len(flags)).bit_length()), int(np.diff(starts).max(initial=0)) + 1
    stop, hashes = np.empty(room, np.int64), np.empty(room, np.uint64)
    for seed in count(1):
        table = np.zeros(slots, np.uint64)
        sieve = np.zeros(1 << (kernel.SIEVE_BITS - 2), np.uint8)
        owner = np.empty(slots, np.int32)
        if kernel.build_words(text, starts, bordered, flags, seed, table, owner, sieve, stop, hashes):
            return np.uint64(seed), table, sieve
    raise AssertionError  # the seeds do not end


def _trie(text: Points, starts: Ints, head: Flags, tail: Flags) -> tuple[Hashes, Ints]:
    from cleaner.kernels import phrases as kernel

    size = int((starts[1:] - starts[:-1])[head | tail].sum())
    edges, ends = np.zeros((_slots(size), 2), np.uint64), np.full(size + 2, -1, np.int32)
    kernel.build_trie(text, starts, head, tail, edges, ends)
    return edges, ends
