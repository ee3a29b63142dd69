"""The memory file: all sections of a memory as arrays behind a small header, mapped when it is opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.store import Arrays, write_arrays
from cleaner.errors import IndexMismatch, RecordError

FORMAT: Final = 3
"""Changes whenever a line gets another key, a page another number or a row another place."""
_KIND: Final = "site memory"
SECTIONS: Final = (
    *("keys", "site", "counts", "sites", "site_pages", "name_ends", "name_bytes", "pages", "page_site"),
    *("text_keys", "text_ends", "text_bytes", "containers", "container_site", "container_sums"),
)
"""keys (n, sorted), site (n: index into sites), counts (n, 5: pages in the head, body, tail, and all, and how much
of its prose stands below the line on each of them, in fifteenths, added up); sites (s, sorted
numbers), site_pages (s) and their names; pages (p, sorted numbers), page_site (p); text_keys (t, sorted) and their texts;
containers (c, sorted keys), container_site (c) and container_sums (c, 2: the weight of lines, page by page, and of those
that recur)."""


def write_memory(path: Path, sections: Mapping[str, NDArray[Any]], *, site: str, least: int) -> None:
    """Write a memory, whole or not at all."""
    about = {"kind": _KIND, "format": FORMAT, "site": site, "min_pages": least}
    try:
        write_arrays(path, {name: sections[name] for name in SECTIONS}, about=about)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror}") from error


def open_memory(path: Path) -> tuple[Mapping[str, NDArray[Any]], dict[str, Any]]:
    """The sections of a memory file, mapped, and what its header says."""
    try:
        arrays = Arrays(path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        about = arrays.about
        if about.get("kind") != _KIND:
            raise RecordError(f"{path}: expected a site memory made by `cleaner learn`")
        if about.get("format") != FORMAT:
            raise IndexMismatch(f"{path}: expected a site memory of format {FORMAT}, found {about.get('format')}: learn anew")
        # Plain arrays on the same mapped memory: what is taken from numpy's own class for it is slow.
        return {name: arrays.mapped(name).view(np.ndarray) for name in SECTIONS}, about
    finally:
        arrays.close()


def digest_of(sections: Mapping[str, NDArray[Any]], site: str) -> str:
    """A short hash of what a memory knows: of its counts all, or some thousand where there are more."""
    state = hashlib.blake2b(site.encode(), digest_size=8)
    for name, array in _sampled(sections):
        state.update(name.encode())
        state.update(str(array.shape).encode())
        state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()


def _sampled(sections: Mapping[str, NDArray[Any]]) -> Iterator[tuple[str, NDArray[Any]]]:
    for name in ("keys", "counts", "sites", "site_pages", "containers", "container_sums"):
        array = sections[name]
        yield name, array[:: max(1, len(array) // 4096)]
        yield name, np.array([len(array)])
