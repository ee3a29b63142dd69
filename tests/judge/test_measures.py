"""Measures: the compiled columns against the definitions, and the same in any batch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.document import KindTable, prose_rows, read_lines
from cleaner.judge.look import look, look_again
from cleaner.judge.measures import (
    FIRST_NAMES,
    OWN_NAMES,
    PLACE_NAMES,
    RHYTHM_NAMES,
    SECOND_NAMES,
    Place,
    cap,
    log,
    own_measures,
    place_measures,
    ratio,
    second_look,
)  # fmt: skip
from cleaner.packs.match import compile_rules
from cleaner.packs.schema import CLASSES, Rule
from tests import reference

_RULES = compile_rules([
    Rule(id="en.x/share", cls="share", at="whole", phrases=("share", "home", "日本")),
    Rule(id="en.x/more", cls="related", at="start", strength="alone", phrases=("read more", "about")),
    Rule(id="en.x/by", cls="byline", at="inside", strength="weak", phrases=("boat",)),
    Rule(id="en.x/said", cls="comments", at="inside", strength="alone", phrases=("people talked",)),
])  # fmt: skip
_longer = st.lists(st.one_of(reference.texts, reference.long_lines.map("{}.".format)), max_size=12).map("\n".join)


def columns(seen) -> dict[str, np.ndarray]:
    return dict(zip(seen.measures.names, seen.measures.values, strict=True))


@given(_longer)
@settings(max_examples=60, deadline=None)
def test_columns_are_what_place_says(text):
    seen = look(_RULES, [text])
    lines, place, prose = seen.lines, seen.place, seen.prose
    known = columns(seen)
    length = lines.length()
    any_vote = np.max([known[f"vote_{name}"] for name in CLASSES], axis=0)
    related = known["vote_related"] >= 2
    short = ~prose & (lines.weight < 30)
    wanted = {
        "length": log(length),
        "capitals": ratio(lines.capitals, lines.words),
        "prose_before": cap(place.before(prose)),
        "prose_chars_after": log(place.after(np.where(prose, length, 0))),
        "position": ratio(place.before(length), place.all(length), 128),
        "since_prose": place.since(prose),
        "until_prose": place.until(prose),
        "short_run_before": place.run(short)[0],
        "short_run_after": place.run(short)[1],
        "prose_around_12": cap(place.around(prose, 12)),
        "length_around_2": log(place.around(length, 2)),
        "vote_any": any_vote,
        "since_related": place.since(related),
        "until_vote": place.until(any_vote >= 2),
        "votes_around_2": cap(place.around(any_vote > 0, 2)),
        "votes_after_share": ratio(place.after(any_vote >= 2), place.stop - place.at - 1),
        "shared_share": ratio(known["shared_words"].astype(np.int32), known["content_words"].astype(np.int32)),
    }
    for step in (-3, -1, 2):
        wanted[f"words{step:+d}"] = place.shift(known["words"][None], step)[0]
        wanted[f"vote_share{step:+d}"] = place.shift(known["vote_share"][None], step)[0]
    for name, column in wanted.items():
        if name != "shared_share" or known["content_words"].max(initial=0) < 254:
            assert (known[name] == column).all(), name


@given(st.lists(_longer, min_size=2, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_measures_do_not_depend_on_the_batch(texts, chance):
    together = look(_RULES, texts)
    stay = np.array([chance.random() < 0.6 for _ in range(len(together.lines))], bool)
    again = look_again(_RULES, together, stay)
    for doc, text in enumerate(texts):
        low, high = together.lines.first[doc], together.lines.first[doc + 1]
        alone = look(_RULES, [text])
        assert (alone.measures.values == together.measures.values[:, low:high]).all()
        alone = look_again(_RULES, alone, stay[low:high])
        low, high = again.lines.first[doc], again.lines.first[doc + 1]
        assert (alone.measures.values == again.measures.values[:, low:high]).all()


@given(st.lists(_longer, min_size=1, max_size=3), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_second_look(texts, seed):
    lines = read_lines(texts, KindTable())
    place, prose, length = Place.of(lines), prose_rows(lines), lines.length()
    score = np.random.default_rng(seed).integers(0, 256, len(lines)).astype(np.uint8)
    found = second_look(place, length, prose, score)
    known = dict(zip(found.names, found.values, strict=True))
    size = np.minimum(length, 400)
    mass = score.astype(np.int32) * size
    body = (score < 96) & prose
    assert (known["score_before"] == place.before(mass) // np.maximum(place.before(size), 1)).all()
    assert (known["score_around_5"] == place.around(mass, 5) // np.maximum(place.around(size, 5), 1)).all()
    assert (known["until_body"] == place.until(body)).all()
    assert (known["body_chars_before"] == log(place.before(np.where(body, length, 0)))).all()
    assert (known["since_chrome"] == place.since(score >= 176)).all()
    assert (known["score-3"] == place.shift(score[None], -3)[0]).all()


@given(_longer)
@settings(max_examples=60, deadline=None)
def test_lines_that_stand_alike_between_paragraphs(text):
    seen = look(_RULES, ["", text, "Home"])
    known, rows = columns(seen), range(*seen.lines.first[1:3])
    levels = np.array([known[f"vote_{name}"] for name in CLASSES])
    kind = [
        (int(levels[:, row].argmax()) if levels[:, row].any() else None, int(known["ends_stop"][row])) for row in rows
    ]
    prose = [bool(seen.prose[row]) for row in rows]
    alone = [
        not prose[n] and (n == 0 or prose[n - 1]) and n + 1 < len(prose) and prose[n + 1] for n in range(len(prose))
    ]
    for n, row in enumerate(rows):
        others = [other for other in range(len(kind)) if other != n]
        alike = [other for other in others if alone[other] and kind[other] == kind[n]]
        heads = [other for other in others if alone[other] and kind[other] == (None, 0)]
        wanted = {
            "alike": sum(not prose[other] and kind[other] == kind[n] for other in range(len(kind))),
            "alone": alone[n],
            "alone_alike_before": sum(other < n for other in alike),
            "heads_before": sum(other < n for other in heads),
            "alone_alike": len(alike),
            "heads_after": sum(other > n for other in heads),
        }
        assert {name: known[name][row] for name in RHYTHM_NAMES} == wanted


def test_a_line_by_itself():
    lines = read_lines(["  Read MORE: 12 (x)…", ""], KindTable())
    known = {name: int(column[0]) for name, column in own_measures(lines, prose_rows(lines)).items()}
    assert tuple(known) == OWN_NAMES
    assert known["indent"] == 2
    assert known["ends_ellipsis"] == known["ends_stop"] == 1
    assert known["commas"] == known["stops"] == 1
    assert known["brackets"] == 2
    assert known["capitals"] == 2 * 64 // 3
    assert known["prose"] == 0


def test_names_are_those_of_the_columns():
    lines = read_lines(["a\nb"], KindTable())
    assert tuple(place_measures(lines, Place.of(lines), prose_rows(lines))) == PLACE_NAMES
    for names in (FIRST_NAMES, SECOND_NAMES):
        assert len(set(names)) == len(names)
    assert look(_RULES, [""]).measures.values.shape == (len(FIRST_NAMES), 0)


@pytest.mark.parametrize("count", [0, 1, 65_535, 10**9])
def test_caps(count):
    values = np.array([count], np.int64)
    assert log(values)[0] == min(round(15 * np.log2(1 + min(count, 65_535))), 255)
    assert cap(values)[0] == min(count, 254)
