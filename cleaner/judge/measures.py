"""Measures: what a line looks like, where it stands, what stands around it, as one small number each.

Every measure is a `uint8`, so trees compare bytes and a score is a sum of whole numbers: the same on every machine and
for every batch size. Columns are the rows of a matrix of shape (measures, lines).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import (
    BRACKET, COMMA, DENSE, DIGIT, DIVIDER, LOWER, MARK, QUOTE, SIGN, STOP, UPPER, Bytes, Ints, KindTable, Lines, last_kinds,
    read_lines,
)  # fmt: skip
from cleaner.packs.schema import CLASSES

FAR: Final = 255
"""A distance to something that is not there."""
_LOG: Final = np.minimum(np.round(15 * np.log2(1 + np.arange(65536))), 255).astype(np.uint8)
_TRAIL: Final = ("related", "comments", "author", "newsletter", "share", "account", "tags", "legal", "promo", "consent")
"""Classes that stand after an article more often than in it."""

Flags = NDArray[np.bool_]
Longs = NDArray[np.int64]
Counts = Ints | Longs


def log(values: Counts) -> Bytes:
    """15 steps per doubling; 255 from 65535 on."""
    return _LOG[np.minimum(values, 65535)]


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


def own_measures(lines: Lines, prose: Flags) -> dict[str, Bytes]:
    """What a line looks like by itself."""
    counts = lines.counts
    length, weight = lines.length(), lines.weight()
    letters = np.maximum(length - counts[:, DIGIT :].sum(axis=1, dtype=np.int32), 1)
    first_kind = lines.kinds[lines.start]
    last, ends = last_kinds(lines)
    last_point = lines.points[lines.end - 1]
    return {
        "length": log(length),
        "words": log(weight),
        "word_length": ratio(length, np.maximum(weight, 1), 16),
        "capitals": ratio(lines.capitals, lines.words),
        "upper": ratio(counts[:, UPPER], letters),
        "digits": ratio(counts[:, DIGIT], length),
        "dense": ratio(counts[:, DENSE], length),
        "stops": cap(counts[:, STOP]),
        "stops_share": ratio(counts[:, STOP], weight, 128),
        "commas": cap(counts[:, COMMA]),
        "commas_share": ratio(counts[:, COMMA], weight, 128),
        "quotes": cap(counts[:, QUOTE]),
        "brackets": cap(counts[:, BRACKET]),
        "dividers": cap(counts[:, DIVIDER]),
        "dividers_share": ratio(counts[:, DIVIDER], weight, 128),
        "signs": cap(counts[:, SIGN]),
        "marks": ratio(counts[:, STOP] + counts[:, COMMA] + counts[:, QUOTE] + counts[:, SIGN], length, 128),
        "ends_stop": (ends == STOP).astype(np.uint8),
        "ends_letter": (last <= DENSE).astype(np.uint8),
        "ends_digit": (last == DIGIT).astype(np.uint8),
        "ends_comma": (last == COMMA).astype(np.uint8),
        "ends_bracket": (last == BRACKET).astype(np.uint8),
        "ends_ellipsis": (last_point == 0x2026).astype(np.uint8),
        "ends_question": ((last_point == 0x3F) | (last_point == 0xFF1F)).astype(np.uint8),
        "starts_lower": (first_kind == LOWER).astype(np.uint8),
        "starts_digit": (first_kind == DIGIT).astype(np.uint8),
        "starts_divider": (first_kind == DIVIDER).astype(np.uint8),
        "starts_quote": (first_kind == QUOTE).astype(np.uint8),
        "starts_sign": (first_kind >= BRACKET).astype(np.uint8),
        "prose": prose.astype(np.uint8),
        "indent": cap(lines.start - lines.line_start, 40),
        "blank_before": lines.blank_before,
    }  # fmt: skip


OWN_NAMES: Final = tuple(own_measures(read_lines([""], KindTable()), np.zeros(0, bool)))


def place_measures(lines: Lines, place: Place, prose: Flags) -> dict[str, Bytes]:
    """Where a line stands, above all in relation to the paragraphs of prose."""
    length, weight = lines.length(), lines.weight()
    chars_before, chars = place.before(length), place.all(length)
    solid = np.where(prose, length, 0).astype(np.int32)
    short = ~prose & (weight < 30)
    run_before, run_after = place.run(short)
    prose_run_before, prose_run_after = place.run(prose)
    return {
        "from_start": cap(place.at - place.first),
        "from_end": cap(place.stop - 1 - place.at),
        "position": ratio(chars_before, chars, 128),
        "row_position": ratio(place.at - place.first, place.stop - place.first, 128),
        "rows": log(place.stop - place.first),
        "chars": log(chars),
        "prose_share": ratio(place.all(solid), chars, 128),
        "prose_before": cap(place.before(prose)),
        "prose_after": cap(place.after(prose)),
        "prose_chars_before": ratio(place.before(solid), place.all(solid), 128),
        "prose_chars_after": log(place.after(solid)),
        "since_prose": place.since(prose),
        "until_prose": place.until(prose),
        "short_run_before": run_before,
        "short_run_after": run_after,
        "prose_run_before": prose_run_before,
        "prose_run_after": prose_run_after,
        "prose_around_4": cap(place.around(prose, 4)),
        "prose_around_12": cap(place.around(prose, 12)),
        "length_around_2": log(place.around(length, 2)),
        "length_around_6": log(place.around(length, 6)),
        "blank_after": place.shift(lines.blank_before[None], 1)[0],
    }


def vote_measures(place: Place, prose: Flags, level: Bytes, covered: Bytes) -> dict[str, Bytes]:
    """What rules say of a line and of the lines around it; `level` is (lines, classes), `covered` 0..64 per line."""
    any_vote = level.max(axis=1) if level.size else np.zeros(len(prose), np.uint8)
    named = {f"vote_{name}": level[:, column] for column, name in enumerate(CLASSES)}
    out: dict[str, Bytes] = dict(named)
    out["vote_any"] = any_vote
    out["vote_covers"] = covered
    voted = any_vote > 0
    firm = any_vote >= 2
    for name in ("related", "comments", "author"):
        event = named[f"vote_{name}"] >= 2
        out[f"since_{name}"] = place.since(event)
        prose_before = place.before(prose)
        at_event = np.maximum.accumulate(np.where(event, place.at, -1))
        known = at_event >= place.first
        out[f"prose_since_{name}"] = np.where(
            known, cap(prose_before - prose_before[np.maximum(at_event, 0)]), FAR
        ).astype(np.uint8)
    trail = np.zeros(len(prose), bool)
    for name in _TRAIL:
        trail |= named[f"vote_{name}"] >= 2
    out["since_trail"] = place.since(trail)
    out["until_trail"] = place.until(trail)
    out["trail_before"] = cap(place.before(trail))
    out["trail_after"] = cap(place.after(trail))
    out["since_vote"] = place.since(firm)
    out["until_vote"] = place.until(firm)
    out["votes_around_2"] = cap(place.around(voted, 2))
    out["votes_around_5"] = cap(place.around(firm, 5))
    out["votes_around_12"] = cap(place.around(firm, 12))
    out["votes_share"] = ratio(place.all(firm), place.stop - place.first)
    out["votes_after_share"] = ratio(place.after(firm), place.stop - place.at - 1)
    return out


_SEEN_OF_NEIGHBOURS: Final = (
    "length", "words", "capitals", "digits", "stops", "dividers", "ends_stop", "ends_letter", "starts_lower", "starts_divider",
    "prose", "vote_any", "vote_related", "vote_comments", "vote_byline", "vote_date", "vote_share", "vote_repeat",
    "blank_before", "shared_share",
)  # fmt: skip
_NEIGHBOURS: Final = (-3, -2, -1, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Measures:
    """Named `uint8` columns: `values` has shape (len(names), lines)."""

    names: tuple[str, ...]
    values: Bytes


def cohesion_measures(content: Ints, shared: Ints) -> dict[str, Bytes]:
    """What a line has in common with the paragraphs, see `cohesion.shared_words`."""
    return {"content_words": cap(content), "shared_words": cap(shared), "shared_share": ratio(shared, content)}


def first_look(
    lines: Lines, place: Place, prose: Flags, own: Bytes, level: Bytes, covered: Bytes, content: Ints, shared: Ints
) -> Measures:
    """All measures of the first look: a line's own, its place, its votes, and those of three neighbours each side."""
    columns = place_measures(lines, place, prose) | vote_measures(place, prose, level, covered)
    columns |= cohesion_measures(content, shared)
    names = list(OWN_NAMES) + list(columns)
    seen = np.array([names.index(name) for name in _SEEN_OF_NEIGHBOURS])
    width, n = len(names), len(lines)
    values = np.empty((width + len(seen) * len(_NEIGHBOURS), n), np.uint8)
    values[: len(own)] = own
    for row, column in enumerate(columns.values(), len(own)):
        values[row] = column
    neighbours = values[seen]
    for number, step in enumerate(_NEIGHBOURS):
        values[width + number * len(seen) :][: len(seen)] = place.shift(neighbours, step)
        names += [f"{name}{step:+d}" for name in _SEEN_OF_NEIGHBOURS]
    return Measures(tuple(names), values)


def second_look(place: Place, length: Ints, prose: Flags, score: Bytes) -> Measures:
    """What the first scores (0..255) of the other lines say about a line; joined to the first look's measures."""
    value = score.astype(np.int32)
    mass = value * np.minimum(length, 400)
    size = np.minimum(length, 400)
    body = (score < 96) & prose
    firm_body = (score < 48) & prose
    chrome = score >= 176
    columns: dict[str, Bytes] = {
        "score": score,
        "score_before": _mean(place.before(mass), place.before(size)),
        "score_after": _mean(place.after(mass), place.after(size)),
        "score_all": _mean(place.all(mass), place.all(size)),
        "score_around_2": _mean(place.around(mass, 2), place.around(size, 2)),
        "score_around_5": _mean(place.around(mass, 5), place.around(size, 5)),
        "score_around_12": _mean(place.around(mass, 12), place.around(size, 12)),
        "since_body": place.since(body),
        "until_body": place.until(body),
        "body_before": cap(place.before(body)),
        "body_after": cap(place.after(body)),
        "firm_body_before": cap(place.before(firm_body)),
        "firm_body_after": cap(place.after(firm_body)),
        "until_firm_body": place.until(firm_body),
        "since_firm_body": place.since(firm_body),
        "body_chars_after": log(place.after(np.where(body, length, 0).astype(np.int32))),
        "body_chars_before": log(place.before(np.where(body, length, 0).astype(np.int32))),
        "since_chrome": place.since(chrome),
        "until_chrome": place.until(chrome),
        "chrome_after_share": ratio(place.after(chrome), place.stop - place.at - 1),
        "chrome_before_share": ratio(place.before(chrome), place.at - place.first),
    }
    names = list(columns)
    values = [np.stack(list(columns.values()))]
    for step in (-4, -3, -2, -1, 1, 2, 3, 4):
        values.append(place.shift(score[None], step))
        names.append(f"score{step:+d}")
    return Measures(tuple(names), np.concatenate(values))


def _mean(mass: Counts, size: Counts) -> Bytes:
    return np.minimum(mass // np.maximum(size, 1), 255).astype(np.uint8)


def first_look_names() -> tuple[str, ...]:
    """The names of the first look's measures, in order: what a weights file may ask about."""
    return first_look(*_nothing()).names


def second_look_names() -> tuple[str, ...]:
    """The names that the second look adds."""
    lines, place, prose, *_ = _nothing()
    return second_look(place, lines.length(), prose, np.zeros(0, np.uint8)).names


def _nothing() -> tuple[Lines, Place, Flags, Bytes, Bytes, Bytes, Ints, Ints]:
    """The arguments of a first look at no line at all."""
    lines = read_lines([""], KindTable())
    none = np.zeros(0, np.int32)
    level = np.zeros((0, len(CLASSES)), np.uint8)
    own = np.zeros((len(OWN_NAMES), 0), np.uint8)
    return lines, Place.of(lines), np.zeros(0, bool), own, level, np.zeros(0, np.uint8), none, none
