"""What makes two runs, or a run and an index, comparable: how texts become shingles, signatures and bands."""

from __future__ import annotations

import copy
import unicodedata
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cleaner.errors import ConfigError, IndexMismatch

SCHEME: Final = "affine32"
NORMALISER: Final = "lower \\w+ 1"
"""Lower case, words as `\\w+` finds them; the number changes when hashes of words or shingles change."""
MISS: Final = 2e-4
"""How likely a pair right at the threshold may share no band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How similarity is measured and candidates are found.

    Two texts are near-duplicates when the Jaccard index of their sets of shingles (`ngram` words; characters in scripts
    without spaces, see `words.word_table`) is at least `threshold`. `permutations` and `seed` are those of the MinHash
    signatures; bands follow from them and the threshold.
    """

    threshold: float = 0.8
    ngram: int = 5
    unit: str = "auto"
    permutations: int = 128
    seed: int = 1
    bands: int = field(init=False, default=0)
    rows: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if not 0.3 <= self.threshold <= 1.0:
            raise ConfigError(f"threshold {self.threshold}: expected a number from 0.3 to 1")
        if not 1 <= self.ngram <= 64:
            raise ConfigError(f"ngram {self.ngram}: expected a number from 1 to 64")
        if not 16 <= self.permutations <= 1024 or self.permutations % 8:
            raise ConfigError(f"permutations {self.permutations}: expected a multiple of 8 from 16 to 1024")
        bands, rows = banding(self.threshold, self.permutations)
        object.__setattr__(self, "bands", bands)
        object.__setattr__(self, "rows", rows)

    def header(self) -> dict[str, Any]:
        """The settings as they stand in files, with what this version of the program adds to them."""
        return {
            "scheme": SCHEME,
            "normaliser": NORMALISER,
            "unicode": unicodedata.unidata_version,
            **asdict(self),
        }

    def with_bands(self, bands: int) -> Settings:
        """The same measure of similarity for a search that sees so many of the bands only."""
        found = copy.copy(self)
        object.__setattr__(found, "bands", bands)
        return found

    def check(self, header: dict[str, Any], source: str) -> None:
        """`IndexMismatch` unless `header` was written with these settings; the message names all that differ."""
        ours = self.header()
        found = ((name, header.get(name), value) for name, value in ours.items())
        differing = [f"{name} is {given!r}, expected {value!r}" for name, given, value in found if given != value]
        if differing:
            raise IndexMismatch(f"{source}: made with other settings: {'; '.join(differing)}")

    @classmethod
    def from_header(cls, header: dict[str, Any], source: str) -> Settings:
        """The settings `header` was written with; `IndexMismatch` where this program would read them otherwise."""
        try:
            names = ("threshold", "ngram", "unit", "permutations", "seed")
            settings = cls(**{name: header[name] for name in names})
        except (KeyError, TypeError) as error:
            raise IndexMismatch(f"{source}: header without {error}") from None
        settings.check(header, source)
        return settings


def banding(threshold: float, permutations: int) -> tuple[int, int]:
    """Bands and rows: the most rows for which a pair at `threshold` is missed with a probability of at most `MISS`."""
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if (1 - threshold**rows) ** bands <= MISS:
            return min(bands, _enough(threshold, rows)), rows
    return permutations, 1


def _enough(threshold: float, rows: int) -> int:
    """The fewest bands of `rows` rows that meet `MISS` a hundredfold: more would only find pairs that are unlike."""
    bands = 1
    while (1 - threshold**rows) ** bands > MISS / 100:
        bands += 1
    return bands
