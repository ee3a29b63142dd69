"""Detectors: repeats, glued titles, pairs of image texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.detectors import captions, crumbs, repeats
from cleaner.detectors.scene import MARKS, Scene
from cleaner.document import BRACKET, QUOTE, KindTable, kind_of, read_lines, read_rows
from cleaner.folding import fold
from cleaner.kernels import copies
from cleaner.kernels import hearing as hearing_kernel
from cleaner.kernels import repeats as kernel
from cleaner.kernels.kinds import ANYWHERE, HEAD, TAIL
from tests import reference

LONG = "The people of the harbour talked about seven large lamps near the quiet water again, and nobody saw the boat leave"
OTHER = "Rain fell on the old market all morning while the vendors kept their stalls open under wide green canvas roofs"
DENSE = "日本語のテキストです"
THIRD = "A small school above the valley painted its walls in summer with the help of parents who had learned there"


def scene(*texts: str, titles=None) -> Scene:
    lines = read_lines(texts, KindTable())
    return Scene(lines, *read_rows(lines), titles=titles)


def rows(detector, seen: Scene) -> dict[str, list[int]]:
    """What a detector marks, by the names of rules."""
    detector.find(seen)
    marked = {name: np.flatnonzero(seen.marks & mark).tolist() for name, mark in MARKS.items()}
    return {name: found for name, found in marked.items() if found}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ((LONG + ".", OTHER + ".", LONG + "."), {"exact": [2]}),
        (("Read more", LONG + ".", "Read more"), {"title-again": [2]}),
        ((LONG + ".", *"abcdefgh", "Read more", "Read more"), {"short": [10]}),
        ((LONG + ".", OTHER + ".", LONG.replace("leave", "sail") + "."), {"near": [2]}),
        ((LONG + ". " + OTHER + ".", THIRD + ".", "“" + OTHER + ".”"), {"pull-quote": [2]}),
        (("“" + OTHER + "”, he said to " + LONG + ".", THIRD + ".", OTHER), {"pull-quote": [2]}),
        (("“" + OTHER + "”, he said.", THIRD + ".", OTHER + "."), {"pull-quote": [2]}),
        ((OTHER + ", he said to " + LONG + ".", THIRD + ".", OTHER), {"short": [2]}),
        (("– " + OTHER + ", he said.", THIRD + ".", "“" + OTHER + "”"), {"pull-quote": [2]}),
        (("– " + OTHER + ", he said.", THIRD + ".", "– " + OTHER + "."), {}),
        (("“We all sail at dawn”, said the master of the port.", THIRD + ".", "«We all sail at dawn»"), {"pull-quote": [2]}),
        (("“We all sail at dawning”, said the master of the port.", THIRD + ".", "“We all sail at dawn”"), {}),
        (("He told us: “We all sail at dawn” and left.", THIRD + ".", "“We all sail at dawn”"), {}),
        (("“We sail”, said the master of the port.", THIRD + ".", "“We sail”"), {}),
        ((OTHER + ". " + LONG + ".", THIRD + ".", OTHER + "."), {"contained": [2]}),
        ((LONG + " in 12 days.", OTHER + ".", LONG + " in 9 days."), {"short": [2]}),
        ((LONG + ".", OTHER + ".", THIRD + "."), {}),
        (("Home",), {}),
    ],
)
def test_repeats(text, wanted):
    assert rows(repeats, scene("\n".join(text))) == wanted


def test_refrains_stay():
    verse = ["Oh the boat went over the water by night and never again", "with seven lamps on its mast and a song in the air"]
    assert "exact" not in rows(repeats, scene("\n".join([*verse, "One", *verse, "Two", *verse])))


def test_crowds_belong_to_the_text():
    lines = [f"{LONG} {number}." for number in range(9)]
    found = repeats.alike(scene("\n".join(lines), LONG + "."))
    assert found.crowded == {0}


@given(reference.batches)
@settings(max_examples=60, deadline=None)
def test_equal_rows_share_a_group(texts):
    seen = scene(*texts)
    group = repeats.alike(seen).group
    known: dict[tuple[int, str], int] = {}
    for row in range(len(seen.lines)):
        assert group[row] == known.setdefault((int(seen.lines.doc[row]), seen.lines.text(row)), row)


@given(reference.batches)
@settings(max_examples=60, deadline=None)
def test_repeats_do_not_depend_on_the_batch(texts):
    text = f"{LONG}.\n{OTHER}.\n“{LONG}.”"
    alone = rows(repeats, scene(text))
    together = scene(*texts, text)
    low = together.lines.first[len(texts)]
    found = {name: [row - low for row in found if row >= low] for name, found in rows(repeats, together).items()}
    assert {name: found for name, found in found.items() if found} == alone


def test_common_passages():
    seen = scene(f"{LONG}\n{LONG} and more of it\n{DENSE}{DENSE}\n{DENSE}日本語の")
    facts, found = repeats.compare(seen, np.array([[0, 1], [2, 3]], np.int32), 0.55, 0.85, 0.95)
    triples = len(LONG.replace(",", "").split()) - 2
    assert facts.tolist() == [[len(LONG) - 1, len(LONG) + 14, triples, triples], [20, 14, 12, 12]]
    assert found.tolist() == [[1, 0, MARKS["short"]], [2, 3, MARKS["short"]]]


@given(reference.batches)
@settings(max_examples=60, deadline=None)
def test_short_quotes_are_lines_in_quotation_marks_with_which_others_begin(texts):
    near = ["Hm", "“we sail at noon and”", "“we sail” they said and went", "“we sail at dawn”: he told all of them so", "x y z", ""]
    seen = scene(*texts, "\n".join([*near, "“we sail at”", "(“we sail at dawn”)", "“we sail at dawn”)", *reversed(near)]))
    lines, found = seen.lines, np.empty((len(seen.lines), 2), np.int32)
    room = 2 * lines.longest() + 4
    many = kernel.short_quotes(
        lines.codes, lines.kinds, lines.first, lines.start, lines.end, lines.words, lines.counts, seen.listed, 3, 9, 4,
        np.empty((2, room), np.uint32), np.empty(room, np.int64), np.empty((2, room), np.int64), np.empty(room, np.uint64), found,
    )  # fmt: skip
    wanted, weights = [], lines.weight.tolist()
    for row, weight in enumerate(weights):
        kinds = [kind_of(char) for char in lines.text(row)]
        closed = kinds[-1] == QUOTE or (kinds[-1] == BRACKET and kinds[max(len(kinds) - 2, 0)] == QUOTE)
        if kinds[0] == QUOTE and closed and 6 <= weight < 18 and not seen.listed[row]:
            low, high = lines.first[lines.doc[row]], lines.first[lines.doc[row] + 1]
            others = [other for other in range(max(row - 4, low), min(row + 5, high)) if weights[other] > weight]
            said = fold(lines.text(row)) + " "
            wanted.append([row, next((other for other in others if fold(lines.text(other)).startswith(said)), -1)])
    assert found[:many].tolist() == wanted
    assert any(other >= 0 for _, other in wanted)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_what_is_heard_of_votes_and_marks(data):
    prose = np.array(data.draw(st.lists(st.booleans(), max_size=40)), bool)
    n = len(prose)
    cut = data.draw(st.integers(0, n))
    first = np.array([0, cut, n], np.int32)
    marks = np.array(data.draw(st.lists(st.integers(0, 7), min_size=n, max_size=n)), np.uint16)
    bits, ruled = np.array([2, 1], np.uint16), np.array([1, 4], np.int32)
    zone = np.array(data.draw(st.lists(st.sampled_from([HEAD, TAIL, ANYWHERE]), min_size=6, max_size=6)), np.uint8)
    pick = st.tuples(st.integers(0, max(n - 1, 0)), st.sampled_from([0, 2, 3, 5]), st.integers(0, 9))
    votes = sorted(data.draw(st.lists(pick, max_size=20 if n else 0)))
    row, rule, start = np.array(votes, np.int32).reshape(-1, 3).T.copy()
    whole = start > 4
    begin, end = np.arange(n, dtype=np.int32) * 10, np.arange(n, dtype=np.int32) * 10 + 9
    marked = [(line, rule) for line in range(n) for bit, rule in ((2, 1), (1, 4)) if marks[line] & bit]
    wanted = [(line, number, 10 * line, 10 * line + 9, True) for line, number in marked]
    for line, number, at in votes:
        low, high = (0, cut) if line < cut else (cut, n)
        known = ANYWHERE | (HEAD if prose[low:line].sum() < 2 else 0)
        known |= TAIL if line - low >= (high - low) / 2 or high - line <= 12 else 0
        if known & zone[number]:
            wanted.append((line, number, at, at + 1, at > 4))
    given_, room = (row, rule, start, start + 1, whole), len(votes) + 2 * n + 1
    out, covers = np.empty((4, room), np.int32), np.empty(room, bool)
    kept = hearing_kernel.hear(*given_, zone, first, prose, marks, bits, ruled, begin, end, out, covers)
    assert [(*place, whole) for place, whole in zip(out[:, :kept].T.tolist(), covers[:kept].tolist(), strict=True)] == [
        (*place, whole) for *place, whole in sorted(wanted)
    ]
    if wanted:
        few = (np.empty((4, len(wanted) - 1), np.int32), np.empty(len(wanted) - 1, bool))
        assert hearing_kernel.hear(*given_, zone, first, prose, marks, bits, ruled, begin, end, *few) == -1


def test_titles_with_more_around_them():
    title = "Seven lamps at the harbour"
    seen = scene(f"News Local {title}\n{title}\n{LONG}.", f"{title}\n{title} | The Daily\n{LONG}.")
    assert rows(crumbs, seen) == {"glued": [0], "title-with-site": [4]}
    assert rows(crumbs, scene(f"News {title}\n{LONG}.", "", titles=[title, None])) == {"glued": [0]}
    assert rows(crumbs, scene(f"The News {title}.\n{title}.\n{LONG}.")) == {}
    assert rows(crumbs, scene(f"• News {title}\n{LONG}.", titles=[title])) == {}
    assert rows(crumbs, scene(f"News “{title}.”\n{LONG}.", titles=[title])) == {}
    assert rows(crumbs, scene(f"{title}\n{title}\n{LONG}.")) == {}


def test_pairs_of_image_texts():
    pair = "Seven lamps near the harbour\nSeven lamps near the old harbour wall"
    assert rows(captions, scene(f"{LONG}.\n{pair}\n{OTHER}.")) == {"pair-in-prose": [1, 2]}
    assert rows(captions, scene(f"{LONG}.\n{pair}\nWhat comes next in town\n{OTHER}.")) == {"pair-in-prose": [1, 2]}
    assert rows(captions, scene(f"{LONG}.\n{pair}")) == {"pair": [1, 2]}
    assert rows(captions, scene(f"{pair}\n{LONG}.")) == {}
    assert rows(captions, scene(f"{LONG}.\n{pair}\nSeven lamps near the harbour again\n{OTHER}.")) == {}


def stems(line: str, least: int, letters: int) -> set[str]:
    words = line.split()
    if len(words) * 12 < len(line):
        return {line[at : at + 2] for at in range(len(line) - 1)}
    return {word[:letters] for word in words if len(word) >= least}


def are_alike(one: str, other: str, share: float) -> bool:
    a, b = stems(one, 3, 5), stems(other, 3, 5)
    both = len(a & b)
    return bool(a and b) and both >= max(1, share * min(len(a), len(b)), min(2, len(a), len(b)))


@given(st.lists(st.one_of(reference.texts, reference.long_lines), min_size=3, max_size=6), st.data())
@settings(max_examples=100, deadline=None)
def test_pairs_share_the_beginnings_of_their_words(texts, data):
    lines = scene("\n".join(texts) + "\n" + "\n".join((LONG, LONG + " too", OTHER, DENSE * 3, DENSE * 2))).lines
    flags = st.sampled_from([0, copies.SUBHEAD, copies.SURE | copies.BETWEEN, copies.BETWEEN, copies.SUBHEAD | copies.BETWEEN])
    drawn = data.draw(st.lists(st.tuples(st.integers(0, len(lines) - 3), flags), min_size=1, max_size=12))
    folded = [fold(lines.text(row)) for row in range(len(lines))]
    weight, share, wanted = lines.weight, data.draw(st.sampled_from([0.1, 0.33, 1.0])), np.zeros(len(lines), np.uint16)
    for row, kind in drawn:
        if kind & copies.SUBHEAD and are_alike(folded[row + 1], folded[row + 2], share):
            continue
        if min(weight[row], weight[row + 1]) >= 8 and are_alike(folded[row], folded[row + 1], share):
            wanted[row : row + 2] |= MARKS["pair-in-prose" if kind & copies.SURE else "pair"]
        elif kind & copies.BETWEEN and stems(folded[row], 4, 4) & stems(folded[row + 1], 4, 4):
            wanted[row : row + 2] |= MARKS["pair-loose"]
    room, marks = 2 * int(lines.length().max()) + 4, np.zeros(len(lines), np.uint16)
    copies.liken(
        lines.codes, lines.start, lines.end, lines.words, lines.counts, np.array(drawn, np.int32), len(drawn), 4, share,
        np.empty(room, np.uint32), np.empty(room, np.int64), np.empty((2, room), np.int64), np.empty(room, np.uint64),
        np.empty(room, np.uint64), np.empty((2, 4 * room + 16), np.uint64), marks,
    )  # fmt: skip
    assert marks.tolist() == wanted.tolist()
