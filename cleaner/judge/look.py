"""A batch as the judge sees it: lines, votes and measures, worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cleaner.detectors import hear
from cleaner.detectors.scene import Alike, Scene
from cleaner.document import Bytes, Lines, read_lines, read_rows
from cleaner.judge.cohesion import Content, content_words, shared_words
from cleaner.judge.measures import OWN_NAMES, Measures, Place, first_look, own_values
from cleaner.packs.match import RuleSet, match
from cleaner.packs.schema import CLASSES
from cleaner.votes import Votes, levels


@dataclass(frozen=True, slots=True)
class Reading:
    """What is found out once for a batch and only picked from when lines go."""

    lines: Lines
    prose: NDArray[np.bool_]
    listed: NDArray[np.bool_]
    matched: Votes
    """What phrases and patterns say, whatever the zone."""
    content: Content
    own: Bytes
    """`own_measures`, stacked."""
    alike: Alike | None = None

    def take(self, stay: NDArray[np.bool_]) -> Reading:
        """The reading of the text that is left when only the rows `stay` are."""
        rows = np.flatnonzero(stay).astype(np.int32)
        number = np.cumsum(stay, dtype=np.int32) - np.int32(1)
        kept = self.matched.take(stay[self.matched.row])
        lines = self.lines.take(rows)
        own = self.own[:, rows]
        own[OWN_NAMES.index("blank_before")] = lines.blank_before
        return Reading(
            lines=lines,
            prose=self.prose[rows],
            listed=self.listed[rows],
            matched=Votes(number[kept.row], kept.rule, kept.start, kept.end, kept.whole),
            content=self.content.take(stay, number),
            own=own,
            alike=self.alike.take(stay, number) if self.alike is not None else None,
        )


@dataclass(frozen=True, slots=True)
class Look:
    """Everything known of a batch before it is judged."""

    reading: Reading
    place: Place
    votes: Votes
    measures: Measures

    @property
    def lines(self) -> Lines:
        """The lines looked at."""
        return self.reading.lines

    @property
    def prose(self) -> NDArray[np.bool_]:
        """Which of them read as running text."""
        return self.reading.prose


def look(rules: RuleSet, texts: Sequence[str], titles: Sequence[str | None] | None = None) -> Look:
    """Read, match and measure a batch of texts."""
    lines = read_lines(texts, rules.kinds)
    prose, listed = read_rows(lines)
    own = own_values(lines, prose)
    return _measure(rules, Reading(lines, prose, listed, match(rules, lines), content_words(lines), own), titles)


def look_again(rules: RuleSet, look: Look, stay: NDArray[np.bool_], titles: Sequence[str | None] | None = None) -> Look:
    """The batch as it looks when only the rows `stay` are left: the same as a look at the text that would be left.

    What a line says by itself is not read again; votes on other lines, places and neighbours are.
    """
    return _measure(rules, look.reading.take(stay), titles)


def _measure(rules: RuleSet, reading: Reading, titles: Sequence[str | None] | None) -> Look:
    lines, prose = reading.lines, reading.prose
    scene = Scene(lines, prose, reading.listed, rules.folds, titles, reading.alike)
    votes = hear(rules, reading.matched, scene)
    place = Place.of(lines)
    level, covered = levels(votes, rules.level, rules.cls, len(CLASSES), lines.length())
    measures = first_look(lines, place, prose, reading.own, level, covered, *shared_words(reading.content, prose))
    return Look(replace(reading, alike=scene.alike), place, votes, measures)


def listed_rows(lines: Lines) -> NDArray[np.bool_]:
    """Rows that look like an item of a list, a row of a table or a line of code."""
    return read_rows(lines)[1]
