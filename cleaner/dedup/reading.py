"""A range of an input into a chunk file: records parsed, texts sketched, and what is needed to write them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray

from cleaner.dedup.corpus import CACHED_CHUNKS, sketch_sections
from cleaner.dedup.ranges import Range, read_range
from cleaner.dedup.settings import Settings
from cleaner.dedup.sketch import Sketcher
from cleaner.dedup.store import write_arrays
from cleaner.errors import ConfigError, RecordError
from cleaner.records.fields import getter, resolve
from cleaner.records.json_bytes import dumps, locate, parse

Keep = Literal["first", "longest", "best"]
KEEPS: Final = ("first", "longest", "best")
TEXT, OTHER, BAD = 0, 1, 2
"""Kinds of lines: a record with a text; a blank line or a record without one, which passes; one that cannot be read."""
_ENDS: Final = tuple(".!?…。！？।؟\"'”’»)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is read of a record: dotted paths of its text, its id, and the number `keep` goes by (empty: made here)."""

    text: str = "text"
    id: str = "id"
    keep: Keep = "first"
    score: str = ""

    def __post_init__(self) -> None:
        if self.keep not in KEEPS:
            raise ConfigError(f"keep {self.keep!r}: expected one of {', '.join(KEEPS)}")
        if self.score and self.keep != "best":
            raise ConfigError(f"score field {self.score!r}: expected keep 'best' with it, found {self.keep!r}")


def prose_words(text: str) -> int:
    """The words in lines that end like a sentence: what makes a copy `best` where no score is given."""
    return sum(len(line.split()) for line in text.splitlines() if line.rstrip().endswith(_ENDS))


@dataclass(slots=True)
class Columns:
    """The lines of a range, in the making."""

    kinds: bytearray
    texts: Any
    """A list of strings, or an Arrow array of them."""
    ids: list[bytes]
    scores: list[float]
    bad: list[tuple[int, str]]


class RangeReader:
    """Turns a range into a chunk file in `folder`; gives the number of its bytes.

    Chunks that are there already are left as they are. Picklable; the compiled kernel is loaded where it is used.
    """

    takes_arrow: ClassVar[bool] = True
    """Whether texts may come as an Arrow array."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        reading: Reading,
        *,
        say: Callable[[str], None] | None = None,
        signatures: bool = False,
    ) -> None:
        self.folder, self.settings, self.reading = folder, settings, reading
        self._signatures = signatures
        self._sketcher: Sketcher | None = Sketcher(settings, say=say)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_sketcher": None}

    def path(self, number: int) -> Path:
        """The chunk file of a range."""
        return self.folder / f"chunk-{number:07}"

    def __call__(self, found: Range) -> int:
        """Read, sketch and write."""
        path = self.path(found.number)
        if not path.exists():
            self._write(found, path)
        return found.last - found.first

    def _write(self, found: Range, path: Path) -> None:
        lines = read_range(found)
        raw = lines.data.split(b"\n")
        if not raw[-1]:
            raw.pop()
        ends = np.cumsum(np.fromiter(map(len, raw), np.int64, len(raw)) + 1)
        ended = lines.data.endswith(b"\n")
        if len(ends) and not ended:
            ends[-1] -= 1
        columns = self.columns_of(raw)
        about = {"offset": lines.offset, "ended": ended}
        del lines, raw  # the texts are all that is needed from here on
        self.write(path, columns, about, ends=ends, cached=found.number < CACHED_CHUNKS)

    def write(
        self,
        path: Path,
        columns: Columns,
        about: Mapping[str, Any],
        *,
        ends: NDArray[np.int64] | None = None,
        cached: bool = True,
    ) -> None:
        """Sketch and write the records of a chunk; `ends` tells where lines end, for inputs that have lines."""
        sections: dict[str, NDArray[Any]] = {} if ends is None else {"ends": ends}
        sections["kinds"] = np.frombuffer(bytes(columns.kinds), np.uint8)
        sections |= self.sketched(columns)
        write_arrays(path, sections, about={**about, "bad": columns.bad}, cached=cached)

    def sketched(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """What a chunk holds of its texts; overwritten by the next call."""
        if self._sketcher is None:
            self._sketcher = Sketcher(self.settings)
        return self._sketched(columns, self._sketcher)

    def _sketched(self, columns: Columns, sketcher: Sketcher) -> dict[str, NDArray[Any]]:
        """What the chunk holds of its texts."""
        sections: dict[str, NDArray[Any]] = {
            **sketch_sections(sketcher.lent(columns.texts, signatures=self._signatures)),
            "ids": np.frombuffer(b"".join(columns.ids), np.uint8),
            "id_ends": np.cumsum(np.fromiter(map(len, columns.ids), np.int64, len(columns.ids))),
        }
        if self.reading.keep != "first":
            sections["scores"] = np.array(columns.scores, np.float64)
        return sections

    def columns_of(self, raw: list[bytes]) -> Columns:
        """What `raw` lines hold."""
        columns = Columns(bytearray(len(raw)), [], [], [], [])
        text_of, id_of, score_of = getter(self.reading.text), getter(self.reading.id), self.score()
        for number, line in enumerate(raw):
            if not line or line.isspace():
                columns.kinds[number] = OTHER
                continue
            try:
                record = parse(line)
            except RecordError as error:
                columns.kinds[number] = BAD
                columns.bad.append((number, str(error)))
                continue
            text = text_of(record)
            if type(text) is not str:
                columns.kinds[number] = OTHER
                continue
            columns.texts.append(text)
            columns.ids.append(self._id(id_of(record), record, line))
            if score_of:
                columns.scores.append(score_of(record, text))
        return columns

    def _id(self, value: Any, record: dict[str, Any], line: bytes) -> bytes:
        """The record's id as JSON, spelled as in the line where that matters; nothing where it has none."""
        if isinstance(value, float):
            span = locate(line, resolve(record, self.reading.id) or ())
            return line[slice(*span)] if span else b""
        return dumps(value) if isinstance(value, str | int) else b""

    def score(self) -> Callable[[dict[str, Any], str], float] | None:
        """What `keep` goes by, of a record and its text; None where that is their order."""
        if self.reading.keep == "first":
            return None
        if self.reading.keep == "longest":
            return lambda _, text: float(len(text))
        if not self.reading.score:
            return lambda _, text: float(prose_words(text))
        score_of = getter(self.reading.score)

        def given(record: dict[str, Any], _: str) -> float:
            value = score_of(record)
            return float(value) if isinstance(value, int | float) else float("-inf")

        return given
