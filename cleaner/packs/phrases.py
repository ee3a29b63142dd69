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
    starts: Ints
    """Phrase p is text[starts[p]:starts[p + 1]]."""
    tail: Flags
    """Per phrase: its end needs no border of a word."""
    seed: np.uint64
    words: Hashes
    """A hash table of all sequences of words that begin a phrase."""
    sieve: Bytes
    """Two bits for the hash of each such sequence: most words of a text end here."""
    edges: Hashes
    """A trie of the phrases with an open end, as a hash table of (node and character, next node)."""
    ends: Ints
    """Per node of the trie: the phrase that ends there, or -1."""
    flags: Bytes
    """Per phrase: `kinds.TILES` and `kinds.ELSEWHERE`."""
    entry_of: Ints
    """CSR: entries of phrase p are entry_of[p]:entry_of[p + 1]."""
    entry_rule: Ints
    entry_role: Bytes

    def __len__(self) -> int:
        return len(self.tail)


def phrase_table(entries: Mapping[str, Sequence[tuple[int, int]]]) -> PhraseTable:
    """`entries` are (rule, role as in `kernels.kinds`) for each folded phrase."""
    phrases = sorted(entries)
    distinct = [list(dict.fromkeys(entries[phrase])) for phrase in phrases]
    border: dict[str, bool] = {char: needs_border(char) for char in {char for p in phrases for char in (p[0], p[-1])}}
    head = np.array([not border[phrase[0]] for phrase in phrases], bool)
    tail = np.array([not border[phrase[-1]] for phrase in phrases], bool)
    starts = np.zeros(len(phrases) + 1, np.int32)
    np.cumsum([len(phrase) for phrase in phrases], out=starts[1:])
    entry_of = np.zeros(len(phrases) + 1, np.int32)
    np.cumsum([len(found) for found in distinct], out=entry_of[1:])
    text = to_points("".join(phrases))
    seed, words, sieve = _word_table(text, starts, ~(head | tail), sum(phrase.count(" ") + 1 for phrase in phrases))
    edges, ends = _trie(text, starts, head, tail)
    return PhraseTable(
        text=text,
        starts=starts,
        tail=tail,
        seed=seed,
        words=words,
        sieve=sieve,
        edges=edges,
        ends=ends,
        flags=np.array([_flags([role for _, role in found]) for found in distinct], np.uint8),
        entry_of=entry_of,
        entry_rule=np.array([rule for found in distinct for rule, _ in found], np.int32),
        entry_role=np.array([role for found in distinct for _, role in found], np.uint8),
    )


def _flags(roles: Sequence[int]) -> int:
    return (TILES if min(roles) <= TILE else 0) | (ELSEWHERE if max(roles) > TILE else 0)


def _slots(entries: int) -> int:
    """Slots of a hash table that is at most a third full."""
    return max(_LEAST_SLOTS, 1 << (3 * entries).bit_length())


def _word_table(text: Points, starts: Ints, bordered: Flags, words: int) -> tuple[np.uint64, Hashes, Bytes]:
    from cleaner.kernels import phrases as kernel

    slots, room = _slots(words), int(np.diff(starts).max(initial=0)) + 1
    stop, hashes = np.empty(room, np.int64), np.empty(room, np.uint64)
    for seed in count(1):
        table = np.zeros(slots, np.uint64)
        sieve = np.zeros(1 << (kernel.SIEVE_BITS - 2), np.uint8)
        owner = np.empty((slots, 2), np.int32)
        if kernel.build_words(text, starts, bordered, seed, table, owner, sieve, stop, hashes):
            return np.uint64(seed), table, sieve
    raise AssertionError  # the seeds do not end


def _trie(text: Points, starts: Ints, head: Flags, tail: Flags) -> tuple[Hashes, Ints]:
    from cleaner.kernels import phrases as kernel

    size = int((starts[1:] - starts[:-1])[head | tail].sum())
    edges, ends = np.zeros((_slots(size), 2), np.uint64), np.full(size + 2, -1, np.int32)
    kernel.build_trie(text, starts, head, tail, edges, ends)
    return edges, ends
