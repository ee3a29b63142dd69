"""Pages of which the text is kept until the examples of a site are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.memory.texts import Texts

SAMPLES: Final = 4
"""Pages per site of which the text is kept: those with the smallest numbers."""
_HALF: Final = 2_000
_REMEMBERED: Final = 200_000
_ALL: Final = 1 << 64
Sample = tuple[int, int, bytes]
"""Numbers of a site and a page, and the page's text, of a long one its beginning and end (in characters)."""


@dataclass(slots=True)
class SamplePicker:
    """Picks pages whose texts may be kept. What it remembers saves work and never changes what is kept in the end."""

    _smallest: dict[int, dict[int, int]] = field(default_factory=dict)
    _bound: dict[int, int] = field(default_factory=dict)

    def __call__(self, sites: Sequence[int], pages: Sequence[int], texts: Texts) -> list[Sample]:
        """Pages with the smallest numbers of their sites so far; a page again where it is read with another text."""
        if len(self._smallest) > _REMEMBERED:
            self._smallest.clear()
            self._bound.clear()
        largest = self._bound.get
        likely = [
            number
            for number, (site, page) in enumerate(zip(sites, pages, strict=True))
            if page <= largest(site, _ALL)
        ]
        found = []
        for number, shown in zip(likely, _shown(texts, likely), strict=True):
            site, page = sites[number], pages[number]
            if page > largest(site, _ALL):
                continue
            smallest, seen = self._smallest.setdefault(site, {}), hash(shown)
            if smallest.get(page) == seen:
                continue
            smallest[page] = seen
            if len(smallest) > SAMPLES:
                del smallest[max(smallest)]
            if len(smallest) == SAMPLES:
                self._bound[site] = max(smallest)
            found.append((site, page, shown))
        return found


def _shown(texts: Texts, chosen: Sequence[int]) -> list[bytes]:
    """What is kept of some texts."""
    from cleaner.kernels.octets import cut

    places = np.empty((len(chosen), 2), np.int64)
    cut(texts.data, texts.base, np.array(chosen, np.int64), _HALF, places)
    out, base = [], texts.base.tolist()
    data = texts.data.data
    for number, (first, last) in zip(chosen, places.tolist(), strict=True):
        start, end = base[number], base[number + 1] - 1
        shown = bytes(data[start:end]) if first >= last else b"\n".join((data[start:first], data[last:end]))
        out.append(_valid(shown) if b"\xed" in shown else shown)
    return out


def _valid(text: bytes) -> bytes:
    """A text without halves of surrogate pairs, which begin with that byte."""
    return text.decode("utf-8", "surrogatepass").encode("utf-8", "replace")


def sample_sections(samples: Sequence[Sample]) -> dict[str, NDArray[Any]]:
    """The samples that are kept as sections of a `Run`: site and page, ends of their texts, their texts."""
    kept = smallest(samples)
    return {
        "samples": np.array([sample[:2] for sample in kept], np.uint64).reshape(-1, 2),
        "ends": np.cumsum([len(text) for _, _, text in kept], dtype=np.int64),
        "texts": np.frombuffer(b"".join(text for _, _, text in kept), np.uint8),
    }


def smallest(samples: Sequence[Sample]) -> list[Sample]:
    """The samples of the pages with each site's smallest numbers."""
    kept: list[Sample] = []
    count, before = 0, (-1, -1)
    for sample in sorted(samples):
        count = count if sample[0] == before[0] else 0
        if sample[:2] != before and count < SAMPLES:
            kept.append(sample)
            count += 1
        before = sample[:2]
    return kept
