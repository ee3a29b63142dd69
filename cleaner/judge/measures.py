"""Measures: what a line looks like, where it stands, what stands around it, as one small number each.

Every measure is a `uint8`, so trees compare bytes and a score is a sum of whole numbers: the same on every machine and
for every batch size. Columns are the rows of a matrix of shape (measures, lines).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints, Lines
from cleaner.kernels.kinds import FAR
from cleaner.packs.schema import CLASSES

LOG: Final = np.minimum(np.round(15 * np.log2(1 + np.arange(65536))), 255).astype(np.uint8)
"""15 steps per doubling, for whole numbers below 65536."""
_TRAIL: Final = ("related", "comments", "author", "newsletter", "share", "account", "tags", "legal", "promo", "consent")
"""Classes that stand after an article more often than in it."""

Flags = NDArray[np.bool_]
Longs = NDArray[np.int64]
Counts = Ints | Longs


def log(values: Counts) -> Bytes:
    """15 steps per doubling; 255 from 65535 on."""
    return LOG[np.minimum(values, 65535)]


def ratio(part: Counts, whole: Counts, steps: int = 64) -> Bytes:
    """`part / whole` in `steps` steps, capped at 255."""
    return np.minimum(part * steps // np.maximum(whole, 1), 255).astype(np.uint8)


def cap(values: Counts, top: int = 254) -> Bytes:
    """Counts and distances, capped."""
    return np.minimum(values, top).astype(np.uint8)


def _running(values: Counts | Flags) -> Longs:
    """Running sums, one longer than `values`; 64 bits, since one text may be a million lines."""
    total = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=total[1:])
    return total


@dataclass(frozen=True, slots=True)
class Place:
    """Where each row stands in its text: bounds and helpers that never look across a text's border."""

    first: Ints
    """Per row: first row of its text."""
    stop: Ints
    """Per row: one past the last row of its text."""
    at: Ints
    """Per row: its own number."""

    @classmethod
    def of(cls, lines: Lines) -> Place:
        """The places of a batch."""
        at = np.arange(len(lines), dtype=np.int32)
        return cls(lines.first[lines.doc], lines.first[lines.doc + 1], at)

    def bounds(self) -> Ints:
        """The first row of each text that has rows, and the number of rows."""
        return np.append(self.at[self.at == self.first], np.int32(len(self.at))).astype(np.int32)

    def since(self, event: Flags) -> Bytes:
        """Rows since the last earlier row with `event`; `FAR` where there is none."""
        last = np.maximum.accumulate(np.where(event, self.at, -1))
        previous = np.concatenate((np.array([-1], last.dtype), last[:-1]))
        return np.where(previous >= self.first, cap(self.at - previous), FAR).astype(np.uint8)

    def until(self, event: Flags) -> Bytes:
        """Rows until the next later row with `event`; `FAR` where there is none."""
        n = len(self.at)
        following = np.minimum.accumulate(np.where(event, self.at, n)[::-1])[::-1]
        after = np.concatenate((following[1:], np.array([n], following.dtype)))
        return np.where(after < self.stop, cap(after - self.at), FAR).astype(np.uint8)

    def before(self, values: Counts | Flags) -> Longs:
        """Sum of `values` over the earlier rows of the same text."""
        total = _running(values)
        return total[:-1] - total[self.first]

    def after(self, values: Counts | Flags) -> Longs:
        """Sum of `values` over the later rows of the same text."""
        total = _running(values)
        return total[self.stop] - total[1:]

    def all(self, values: Counts | Flags) -> Longs:
        """Sum of `values` over the whole text."""
        total = _running(values)
        return total[self.stop] - total[self.first]

    def around(self, values: Counts | Flags, reach: int) -> Longs:
        """Sum of `values` over the rows at most `reach` away, the row itself left out."""
        total = _running(values)
        low, high = np.maximum(self.at - reach, self.first), np.minimum(self.at + reach + 1, self.stop)
        return total[high] - total[low] - (total[1:] - total[:-1])

    def shift(self, columns: Bytes, step: int) -> Bytes:
        """`columns` (k, n) as the row `step` further has them; 0 beyond the text."""
        other = self.at + np.int32(step)
        inside = (other >= self.first) & (other < self.stop)
        return columns[:, np.where(inside, other, 0)] * inside

    def run(self, member: Flags) -> tuple[Bytes, Bytes]:
        """Per row: how many rows directly before and after it are `member` without a break."""
        outside = ~member
        before = self.since(outside)
        after = self.until(outside)
        at, left = self.at - self.first, self.stop - self.at - 1
        return (
            np.where(before == FAR, cap(at), before - 1).astype(np.uint8),
            np.where(after == FAR, cap(left), after - 1).astype(np.uint8),
        )


OWN_NAMES: Final = (
    "length", "words", "word_length", "capitals", "upper", "digits", "dense", "stops", "stops_share", "commas",
    "commas_share", "quotes", "brackets", "dividers", "dividers_share", "signs", "marks", "ends_stop", "ends_letter",
    "ends_digit", "ends_comma", "ends_bracket", "ends_ellipsis", "ends_question", "starts_lower", "starts_digit",
    "starts_divider", "starts_quote", "starts_sign", "prose", "indent", "blank_before",
)  # fmt: skip
PLACE_NAMES: Final = (
    "from_start", "from_end", "position", "row_position", "rows", "chars", "prose_share", "prose_before", "prose_after",
    "prose_chars_before", "prose_chars_after", "since_prose", "until_prose", "short_run_before", "short_run_after",
    "prose_run_before", "prose_run_after", "prose_around_4", "prose_around_12", "length_around_2", "length_around_6",
    "blank_after",
)  # fmt: skip
_ANNOUNCING: Final = ("related", "comments", "author")
VOTE_NAMES: Final = (
    *(f"vote_{name}" for name in CLASSES), "vote_any", "vote_covers",
    *(f"{before}_{name}" for name in _ANNOUNCING for before in ("since", "prose_since")),
    "since_trail", "until_trail", "trail_before", "trail_after", "since_vote", "until_vote", "votes_around_2",
    "votes_around_5", "votes_around_12", "votes_share", "votes_after_share",
)  # fmt: skip
COHESION_NAMES: Final = ("content_words", "shared_words", "shared_share")
RHYTHM_NAMES: Final = ("alike", "alone", "alone_alike_before", "heads_before", "alone_alike", "heads_after")
"""Lines like this one that are no prose; whether it stands between paragraphs; how many others do, and those without a vote."""
_SEEN_OF_NEIGHBOURS: Final = (
    "length", "words", "capitals", "digits", "stops", "dividers", "ends_stop", "ends_letter", "starts_lower", "starts_divider",
    "prose", "vote_any", "vote_related", "vote_comments", "vote_byline", "vote_date", "vote_share", "vote_repeat",
    "blank_before", "shared_share",
)  # fmt: skip
_NEIGHBOURS: Final = (-3, -2, -1, 1, 2, 3)
_OF_LINES: Final = OWN_NAMES + PLACE_NAMES + VOTE_NAMES + COHESION_NAMES + RHYTHM_NAMES
FIRST_NAMES: Final = _OF_LINES + tuple(f"{name}{step:+d}" for step in _NEIGHBOURS for name in _SEEN_OF_NEIGHBOURS)
_SCORES_AROUND: Final = (-4, -3, -2, -1, 1, 2, 3, 4)
_OF_SCORES: Final = (
    "score", "score_before", "score_after", "score_all", "score_around_2", "score_around_5", "score_around_12",
    "since_body", "until_body", "body_before", "body_after", "firm_body_before", "firm_body_after", "until_firm_body",
    "since_firm_body", "body_chars_after", "body_chars_before", "since_chrome", "until_chrome", "chrome_after_share",
    "chrome_before_share",
)  # fmt: skip
SECOND_NAMES: Final = _OF_SCORES + tuple(f"score{step:+d}" for step in _SCORES_AROUND)

_TRAILING: Final = np.array([name in _TRAIL for name in CLASSES])
_ANNOUNCING_CLASSES: Final = np.array([CLASSES.index(name) for name in _ANNOUNCING], np.int64)
_SEEN: Final = np.array([_OF_LINES.index(name) for name in _SEEN_OF_NEIGHBOURS], np.int64)
_STEPS: Final = np.array(_NEIGHBOURS, np.int64)
_SCORE: Final = np.zeros(1, np.int64)
_SCORE_STEPS: Final = np.array(_SCORES_AROUND, np.int64)


@dataclass(frozen=True, slots=True)
class Measures:
    """Named `uint8` columns: `values` has shape (len(names), lines)."""

    names: tuple[str, ...]
    values: Bytes


def own_values(lines: Lines, prose: Flags, out: Bytes | None = None) -> Bytes:
    """(len(OWN_NAMES), lines): what a line looks like by itself; put into `out` where that is given."""
    from cleaner.kernels import measures as kernel

    if out is None:
        out = np.empty((len(OWN_NAMES), len(lines)), np.uint8)
    kernel.own(
        lines.kinds, lines.points, lines.counts, lines.line_start, lines.start, lines.end, lines.weight, lines.words,
        lines.capitals, prose, lines.blank_before, LOG, out,
    )  # fmt: skip
    return out


def own_measures(lines: Lines, prose: Flags) -> dict[str, Bytes]:
    """What a line looks like by itself."""
    return dict(zip(OWN_NAMES, own_values(lines, prose), strict=True))


def place_measures(lines: Lines, place: Place, prose: Flags) -> dict[str, Bytes]:
    """Where a line stands, above all in relation to the paragraphs of prose."""
    out = np.empty((len(PLACE_NAMES), len(lines)), np.uint8)
    _fill_places(lines, place, prose, out)
    return dict(zip(PLACE_NAMES, out, strict=True))


def _fill_places(lines: Lines, place: Place, prose: Flags, out: Bytes) -> None:
    from cleaner.kernels import measures as kernel

    kernel.place(place.bounds(), lines.length(), lines.weight, prose, lines.blank_before, LOG, *_scratch(len(lines)), out)


def _scratch(lines: int) -> tuple[Longs, Flags]:
    """What kernels write running sums and marks of `lines` lines to."""
    from cleaner.kernels import measures as kernel

    return np.empty((kernel.SUMS, lines + 1), np.int64), np.empty((kernel.MARKS, lines), bool)


def first_look(
    lines: Lines, place: Place, prose: Flags, own: Bytes, level: Bytes, covered: Ints, content: Ints, shared: Ints
) -> Measures:
    """All measures of the first look: a line's own, its place, its votes, and those of three neighbours each side.

    `level` is (classes, lines), `covered` 0..64 per line, `content` and `shared` as in `cohesion.shared_words`.
    """
    from cleaner.kernels import measures as kernel

    values = np.empty((len(FIRST_NAMES), len(lines)), np.uint8)
    places = len(OWN_NAMES)
    votes = places + len(PLACE_NAMES)
    cohesion = votes + len(VOTE_NAMES)
    values[:places] = own
    _fill_places(lines, place, prose, values[places:votes])
    kernel.votes(place.bounds(), prose, level, _TRAILING, _ANNOUNCING_CLASSES, *_scratch(len(lines)), values[votes:cohesion])
    values[votes + len(CLASSES) + 1] = covered
    values[cohesion] = cap(content)
    values[cohesion + 1] = cap(shared)
    values[cohesion + 2] = ratio(shared, content)
    ends, counts = values[OWN_NAMES.index("ends_stop")], np.empty(4 * (len(CLASSES) + 1), np.int64)
    kernel.rhythm(place.bounds(), prose, level, ends, counts, values[cohesion + len(COHESION_NAMES) : len(_OF_LINES)])
    kernel.neighbours(place.bounds(), _SEEN, _STEPS, len(_OF_LINES), values)
    return Measures(FIRST_NAMES, values)


def second_look(place: Place, length: Ints, prose: Flags, score: Bytes) -> Measures:
    """What the first scores (0..255) of the other lines say about a line; joined to the first look's measures."""
    from cleaner.kernels import measures as kernel

    first = place.bounds()
    values = np.empty((len(SECOND_NAMES), len(score)), np.uint8)
    kernel.second(first, length, prose, score, LOG, *_scratch(len(score)), values)
    kernel.neighbours(first, _SCORE, _SCORE_STEPS, len(_OF_SCORES), values)
    return Measures(SECOND_NAMES, values)


def first_look_names() -> tuple[str, ...]:
    """The names of the first look's measures, in order: what a weights file may ask about."""
    return FIRST_NAMES


def second_look_names() -> tuple[str, ...]:
    """The names that the second look adds."""
    return SECOND_NAMES
