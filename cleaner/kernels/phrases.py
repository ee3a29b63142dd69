"""The phrase table: sequences of words, looked up word by word, and what scripts without spaces need besides.

A phrase that begins and ends in letters with borders is a sequence of words between spaces. The table holds a hash of
each such sequence, and a sieve tells of each hash whether a phrase may end or go on there, so that most words of a text never
reach the table. Hits are compared character by character, so a hash never decides. Phrases that begin or end in a letter
that needs no border lie in a trie of characters that is walked only where such letters stand.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.folds import join_hash, words_of
from cleaner.kernels.kinds import FOLDED_DIGIT, FOLDED_SPACE, OPEN_BIT

LONGEST: Final = 260
"""Longer lines are looked at only at their ends: nothing but running text is that long."""
FRONT, BACK = 120, 90
SIEVE_BITS: Final = 20
_ENDS, _GOES_ON = np.uint8(1), np.uint8(2)
"""What the sieve says of a hash, in two bits: perhaps a phrase ends there, perhaps one goes on. Most words begin some phrase but
are none, so that the table, which is too large for the processor's caches, is asked for few of them."""

# What a table entry holds: 38 bits of the hash, the number of the phrase + 1, and its flags.
_VALUE_BITS: Final = np.uint64(26)
_VALUE: Final = np.uint64((1 << 26) - 1)
_FLAG_BITS: Final = np.uint64(2)
_FLAGS: Final = np.uint64(3)
_FORWARD, _BACKWARD = np.uint64(0), np.uint64(1)


@inner
def _sieved(sieve: Array, key: Array) -> Array:
    """What the sieve says of a hash, in the two lowest bits."""
    cell = (key >> np.uint64(20)) & np.uint64((1 << SIEVE_BITS) - 1)
    return sieve[cell >> np.uint64(2)] >> np.uint8(np.uint64(2) * (cell & np.uint64(3)))


@inner
def _sift(sieve: Array, key: Array, mark: Array) -> None:
    """Have the sieve say `mark` of a hash."""
    cell = (key >> np.uint64(20)) & np.uint64((1 << SIEVE_BITS) - 1)
    sieve[cell >> np.uint64(2)] |= mark << np.uint8(np.uint64(2) * (cell & np.uint64(3)))


@inner
def _find(table: Array, key: Array) -> Array:
    """The value at `key`, 0 where it has none."""
    mask = np.uint64(len(table) - 1)
    slot = key & mask
    while table[slot] != np.uint64(0):
        if (table[slot] ^ key) >> _VALUE_BITS == np.uint64(0):
            return table[slot] & _VALUE
        slot = (slot + np.uint64(1)) & mask
    return np.uint64(0)


@inner
def _put(table: Array, owner: Array, key: Array, value: Array, phrase: Number) -> Number:
    """Add `value` at `key`, the hash of `phrase`; false where another phrase has the same."""
    mask = np.uint64(len(table) - 1)
    slot = key & mask
    while table[slot] != np.uint64(0):
        if (table[slot] ^ key) >> _VALUE_BITS == np.uint64(0):
            return owner[slot] == phrase
        slot = (slot + np.uint64(1)) & mask
    table[slot] = ((key >> _VALUE_BITS) << _VALUE_BITS) | value
    owner[slot] = phrase
    return True


@kernel("b1", "u4[]", "i4[]", "b1[]", "u1[]", "u8", "u8[]", "i4[]", "u1[]", "i8[]", "u8[]")
def build_words(
    text: Array, starts: Array, bordered: Array, flags: Array, seed: Array, table: Array, owner: Array, sieve: Array,
    stop: Array, hashes: Array,
) -> Number:  # fmt: skip
    """Fill `table` and `sieve` with the `bordered` phrases, phrase i being text[starts[i]:starts[i+1]].

    False where two hashes of `seed` clash. `owner` (slots), and `stop` and `hashes` (the longest phrase and 1), are scratch.
    """
    for phrase in range(len(starts) - 1):
        if not bordered[phrase]:
            continue
        count = words_of(text, starts[phrase], starts[phrase + 1], stop, hashes)
        key = seed
        for word in range(count):
            key = join_hash(key, hashes[word])
            _sift(sieve, key, _GOES_ON if word + 1 < count else _ENDS)
        value = np.uint64(phrase + 1) << _FLAG_BITS | np.uint64(flags[phrase])
        if not _put(table, owner, key, value, phrase):
            return False
    return True


@inner
def _edge(edges: Array, node: Array, char: Array) -> Array:
    """The slot of the edge from `node` by `char`, or that where it would be."""
    key = (node << np.uint64(21)) | np.uint64(char)
    mask = np.uint64(len(edges) - 1)
    slot = ((key + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & mask
    while edges[slot, 1] != np.uint64(0) and edges[slot, 0] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel("void", "u4[]", "i4[]", "b1[]", "b1[]", "u8[,]", "i4[]")
def build_trie(text: Array, starts: Array, head: Array, tail: Array, edges: Array, ends: Array) -> None:
    """Fill the trie of the phrases of which `head` or `tail` says that this end needs no border.

    `edges` (slots, 2) has a node and a character in its first column and the next node in its second; `ends` is per node
    the phrase that ends there, or -1. Node 0 begins phrases with an open head, node 1 the others, read from their end.
    """
    made = np.uint64(2)
    for phrase in range(len(starts) - 1):
        if not (head[phrase] or tail[phrase]):
            continue
        node = _FORWARD if head[phrase] else _BACKWARD
        size = starts[phrase + 1] - starts[phrase]
        for place in range(size):
            at = starts[phrase] + place if head[phrase] else starts[phrase + 1] - 1 - place
            slot = _edge(edges, node, text[at])
            if edges[slot, 1] == np.uint64(0):
                edges[slot, 0] = (node << np.uint64(21)) | np.uint64(text[at])
                edges[slot, 1] = made
                made += np.uint64(1)
            node = edges[slot, 1]
        ends[node] = phrase


@inner
def word_hits(words: Array, hashes: Array, count: Number, seed: Array, table: Array, sieve: Array, hits: Array) -> Number:
    """Fill `hits` with (phrase, start, end, flags) of what are phrases by their hashes; returns how many."""
    found = 0
    for word in range(count):
        key = seed
        for last in range(word, count):
            key = join_hash(key, hashes[last])
            said = _sieved(sieve, key)
            if said & _ENDS:
                value = _find(table, key)
                if value:
                    hits[found, 0] = np.int64(value >> _FLAG_BITS) - 1
                    hits[found, 1], hits[found, 2] = words[0, word], words[1, last]
                    hits[found, 3] = value & _FLAGS
                    found += 1
            if not said & _GOES_ON:
                break
    return found


@inner
def is_phrase(chars: Array, start: Number, end: Number, text: Array, bounds: Array, phrase: Number) -> Number:
    """Whether chars[start:end] really is the phrase that its hash says it is."""
    one = bounds[phrase, 0]
    if end - start != bounds[phrase + 1, 0] - one:
        return False
    for place in range(end - start):
        if chars[start + place] != text[one + place]:
            return False
    return True


@inner
def open_hits(
    codes: Array, chars: Array, origin: Array, count: Number, edges: Array, ends: Array, tail: Array, flags: Array, hits: Array,
    found: Number,
) -> Number:  # fmt: skip
    """Add the hits of phrases that begin or end in a character without a border; returns how many there are now."""
    for place in range(count):
        if chars[place] == np.uint32(FOLDED_SPACE) or not codes[origin[place]] & np.uint32(OPEN_BIT):
            continue
        for backward in range(2):
            node = np.uint64(backward)
            at = place
            while 0 <= at < count:
                node = edges[_edge(edges, node, chars[at]), 1]
                if node == np.uint64(0):
                    break
                at += 1 - 2 * backward
                border = at < 0 or at >= count or chars[at] == np.uint32(FOLDED_SPACE)
                if ends[node] >= 0 and (border or (not backward and tail[ends[node]])):
                    hits[found, 0] = ends[node]
                    hits[found, 1] = at + 1 if backward else place
                    hits[found, 2] = place + 1 if backward else at
                    hits[found, 3] = flags[ends[node]]
                    found += 1
    return found


@inner
def is_solid(char: Array) -> Number:
    """Whether a folded character is neither space nor number."""
    return char != np.uint32(FOLDED_SPACE) and char != np.uint32(FOLDED_DIGIT)
