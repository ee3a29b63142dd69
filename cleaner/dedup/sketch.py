"""From texts to shingle sets, digests and band keys, a batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.kernel.base import PARITIES
from cleaner.dedup.settings import Settings
from cleaner.dedup.words import CONTEXTUAL, Unit, word_table
from cleaner.records.arrow import is_array, text_buffers

Bytes = NDArray[np.uint8]
_CONTEXTUAL_BYTES: Final = tuple(char.encode() for char in CONTEXTUAL)
_ASCII: Final = 0x7F


@dataclass(frozen=True, slots=True)
class Sketches:
    """What is kept of `n` texts.

    `sets` holds the distinct shingle hashes of all texts one after another, `sizes` (n) how many each has, `digests`
    (n, 2) two sums that tell equal sets, `keys` (bands, n) a hash per band, `marks` (n, permutations + 128) the low byte
    of each MinHash value and 1,024 parities of the hashes, `signatures` (n or 0, permutations) the values.
    """

    sets: NDArray[np.uint64]
    sizes: NDArray[np.int32]
    digests: NDArray[np.uint64]
    keys: NDArray[np.uint64]
    marks: NDArray[np.uint8]
    signatures: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.sizes)

    def starts(self) -> NDArray[np.int64]:
        """Where each text's shingles begin in `sets`, and their end."""
        return starts_of(self.sizes)


def take(sketches: Sketches, places: Sequence[int] | NDArray[np.int64]) -> Sketches:
    """The sketches at `places` alone."""
    chosen = np.asarray(places, np.int64)
    starts = sketches.starts()
    parts = [sketches.sets[starts[one] : starts[one + 1]] for one in chosen.tolist()]
    signatures = sketches.signatures[chosen] if len(sketches.signatures) else sketches.signatures
    sets = np.concatenate([np.empty(0, np.uint64), *parts])
    return Sketches(
        sets,
        sketches.sizes[chosen],
        sketches.digests[chosen],
        sketches.keys[:, chosen],
        sketches.marks[chosen],
        signatures,
    )


def join(parts: Sequence[Sketches]) -> Sketches:
    """The texts of all `parts`, of which there is at least one."""
    return Sketches(
        np.concatenate([part.sets for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.digests for part in parts]),
        np.concatenate([part.keys for part in parts], axis=1),
        np.concatenate([part.marks for part in parts]),
        np.concatenate([part.signatures for part in parts]),
    )


def starts_of(sizes: NDArray[Any]) -> NDArray[np.int64]:
    """The places where parts of the given sizes begin, and the end of the last."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def permutations(count: int, seed: int) -> NDArray[np.uint32]:
    """(2, count): factors and terms of datasketch's `affine32` permutations for this seed."""
    generator = np.random.RandomState(seed)
    factors = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    terms = generator.randint(0, 1 << 32, count, dtype=np.uint32)
    return np.array([factors, terms])


def encode(text: str) -> bytes:
    """UTF-8; lone surrogates as the three bytes they would have."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


class Sketcher:
    """Sketches batches of texts; keeps its scratch memory, and nothing else, from one batch to the next."""

    def __init__(self, settings: Settings, *, say: Callable[[str], None] | None = None) -> None:
        """`say` is that of `kernel.load`."""
        from cleaner.dedup import kernel

        self.settings = settings
        self._kernel = kernel.load(say)
        unit: Unit = settings.unit  # type: ignore[assignment]
        self._table = word_table(unit)
        self._permutations = permutations(settings.permutations, settings.seed)
        self._signature = np.empty(settings.permutations, np.uint32)
        self._bands = settings.bands
        self._words = np.empty(0, np.uint64)
        self._slots = np.empty(0, np.uint64)
        self._sets = np.empty(0, np.uint64)

    def texts(self, texts: Sequence[str], *, signatures: bool = False) -> Sketches:
        """The sketches of `texts`: strings, or an Arrow array of them."""
        return _owned(self.lent(texts, signatures=signatures))

    def lent(self, texts: Sequence[str], *, signatures: bool = False) -> Sketches:
        """The same, but `sets` is overwritten by the next call: for those who write it away."""
        if is_array(texts):
            return self._buffers(*text_buffers(texts), signatures=signatures)
        # A string of narrow characters is known not to hold wide ones, so this looks at few texts.
        first, second = CONTEXTUAL
        encoded = [encode(text.lower() if first in text or second in text else text) for text in texts]
        return self._joined(encoded, signatures)

    def buffers(self, data: Bytes, starts: NDArray[np.int64], *, signatures: bool = False) -> Sketches:
        """The sketches of the texts data[starts[i]:starts[i+1]], valid UTF-8 as Arrow holds it."""
        return _owned(self._buffers(data, starts, signatures=signatures))

    def _buffers(self, data: Bytes, starts: NDArray[np.int64], *, signatures: bool) -> Sketches:
        if data.max(initial=0) > _ASCII and any(_holds(data, char) for char in _CONTEXTUAL_BYTES):
            raw, bounds = data.tobytes(), starts.tolist()
            texts = [raw[first:last] for first, last in itertools.pairwise(bounds)]
            return self._joined([_lowered(text) for text in texts], signatures)
        return self._sketch(data, starts, signatures)

    def _joined(self, texts: Sequence[bytes], signatures: bool) -> Sketches:
        starts = starts_of(np.fromiter(map(len, texts), np.int64, len(texts)))
        return self._sketch(np.frombuffer(b"".join(texts), np.uint8), starts, signatures)

    def _sketch(self, data: Bytes, starts: NDArray[np.int64], signatures: bool) -> Sketches:
        count = len(starts) - 1
        longest = int(np.max(np.diff(starts), initial=0))
        if len(self._words) < longest + 2:
            self._words = np.empty(longest + 2, np.uint64)
            self._slots = np.empty(max(16, 1 << (2 * longest + 2).bit_length()), np.uint64)
        if len(self._sets) < (most := int(starts[-1] - starts[0]) + count):
            self._sets = np.empty(most, np.uint64)
        sizes = np.empty(count, np.int32)
        digests = np.empty((count, 2), np.uint64)
        keys = np.empty((count, self._bands), np.uint64)
        marks = np.empty((count, self.settings.permutations + 8 * PARITIES), np.uint8)
        minima = np.empty((count if signatures else 0, self.settings.permutations), np.uint32)
        filled = self._kernel.sketch(
            *(data, starts, self._table, self.settings.ngram, self._permutations, self.settings.rows),
            *(self._words, self._slots, self._signature, self._sets, sizes, digests, keys, marks, minima),
        )
        return Sketches(self._sets[:filled], sizes, digests, np.ascontiguousarray(keys.T), marks, minima)


def _owned(sketches: Sketches) -> Sketches:
    return replace(sketches, sets=sketches.sets.copy())


def _holds(data: Bytes, char: bytes) -> bool:
    """Whether a character of two bytes is there: among the pairs of bytes from the first on, or from the second.

    Three times as fast as `bytes.find`, which stops at each byte that such a character could begin with.
    """
    pair = np.frombuffer(char, np.uint16)[0]
    pairs = (data[first : first + (len(data) - first) // 2 * 2].view(np.uint16) for first in (0, 1) if first < len(data))
    return any(bool((found == pair).any()) for found in pairs)


def _lowered(text: bytes) -> bytes:
    """`text` in lower case where it holds a code point that the kernel cannot lower by itself."""
    if any(char in text for char in _CONTEXTUAL_BYTES):
        return text.decode("utf-8", "surrogatepass").lower().encode("utf-8", "surrogatepass")
    return text
