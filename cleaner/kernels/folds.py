"""Folding inside kernels: the same as `cleaner.folding.fold`, on codes."""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner
from cleaner.kernels.kinds import DROP, FOLD_MASK, FOLDED_DIGIT, FOLDED_SPACE, OPEN_BIT

_SEED: Final = np.uint64(0x9E3779B97F4A7C15)
_WORD: Final = np.uint64(0xFF51AFD7ED558CCD)
_STEP: Final = np.uint64(0xD6E8FEB86659FD93)


@inner
def fold_words(codes: Array, start: Number, end: Number, chars: Array, origin: Array, words: Array, hashes: Array) -> Number:
    """Fold the codes start..end: characters, where each comes from, and the words they make; returns how many words.

    `words` (two rows) gets where each word begins and ends, and in the first place behind the last word how many
    characters there are and whether one of them needs no border. All need room for 2 * (end - start) + 2.
    """
    made, count = 0, 0
    last, any_ = np.uint32(FOLDED_SPACE), np.uint32(0)
    gap = True
    state = _SEED
    for place in range(start, end):
        code = codes[place]
        char = code & np.uint32(FOLD_MASK)
        if char <= np.uint32(FOLDED_DIGIT):
            if char == np.uint32(DROP):
                continue
            if char == np.uint32(FOLDED_SPACE):
                gap = True
                continue
            if last == char:
                gap = False  # numbers with nothing but spaces between them are one
                continue
        if made and (last == np.uint32(FOLDED_DIGIT)) != (char == np.uint32(FOLDED_DIGIT)):
            gap = True  # numbers stand apart from letters
        if gap:
            if made:
                words[1, count - 1] = made
                hashes[count - 1] = state ^ (state >> np.uint64(32))
                chars[made] = np.uint32(FOLDED_SPACE)
                made += 1
            words[0, count] = made
            count += 1
            state = _SEED
            gap = False
        any_ |= code
        chars[made] = char
        origin[made] = place
        made += 1
        state = (state ^ np.uint64(char)) * _WORD
        last = char
    if count:
        words[1, count - 1] = made
        hashes[count - 1] = state ^ (state >> np.uint64(32))
    words[0, count] = made
    words[1, count] = np.int64((any_ & np.uint32(OPEN_BIT)) != np.uint32(0))
    return count


@inner
def join_hash(state: Array, word: Array) -> Array:
    """The hash of a sequence of words and one more; 0 is that of none."""
    state = (state * _STEP) ^ word
    state = (state ^ (state >> np.uint64(29))) * _WORD
    return state ^ (state >> np.uint64(32))


@inner
def words_of(text: Array, start: Number, end: Number, stop: Array, hashes: Array) -> Number:
    """The words of text[start:end], which is folded already: where they end, counted from `start`, and hashes."""
    made = 0
    at = start
    while at < end:
        state = _SEED
        while at < end and text[at] != np.uint32(FOLDED_SPACE):
            state = (state ^ np.uint64(text[at])) * _WORD
            at += 1
        stop[made] = at - start
        hashes[made] = state ^ (state >> np.uint64(32))
        made += 1
        at += 1
    return made
