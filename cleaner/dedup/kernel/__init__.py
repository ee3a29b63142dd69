"""The compiled kernel: from UTF-8 bytes to word shingles, MinHash signatures, band keys and exact overlaps.

Everything is unsigned integer arithmetic, so results are the same on every machine. Compiled once per machine and kept as
machine code (`cleaner.machine`), so a warm start needs no compiler; while a kernel runs, other threads of Python do, too.

Signatures are those of datasketch's scheme `affine32` (one bijective affine permutation of 32-bit hashes per value, the
MurmurHash3 finalizer before it); the hash of a shingle is made from 64-bit hashes of its words, the low half of which
enters the signature while exact comparisons use all 64 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from cleaner.dedup.kernel import files, pairs, texts
from cleaner.dedup.kernel.base import LIBRARY


class Kernel(NamedTuple):
    """The compiled functions; their parameters are described at the functions of the same names."""

    sketch: Callable[..., int]
    overlaps: Callable[..., int]
    unite: Callable[..., int]
    same: Callable[..., int]
    stars: Callable[..., int]
    rest: Callable[..., int]
    remember: Callable[..., int]
    read_pieces: Callable[..., int]


_KERNEL: Final = Kernel(
    texts.sketch, pairs.overlaps, pairs.unite, pairs.same, pairs.stars, pairs.rest, pairs.remember, files.read_pieces
)


def load(say: Callable[[str], None] | None = None) -> Kernel:
    """The compiled functions, from the cache or freshly compiled; `say` is told when that takes a while."""
    if say and not LIBRARY.ready:
        say("compiling the kernel once, this takes some seconds")
    LIBRARY.load()
    return _KERNEL
