"""Detectors: repeats, glued titles, pairs of image texts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from cleaner.detectors import captions, crumbs, repeats
from cleaner.detectors.scene import Scene
from cleaner.document import KindTable, read_lines, read_rows
from tests import reference

LONG = "The people of the harbour talked about seven large lamps near the quiet water again, and nobody saw the boat leave"
OTHER = "Rain fell on the old market all morning while the vendors kept their stalls open under wide green canvas roofs"
DENSE = "日本語のテキストです"
THIRD = "A small school above the valley painted its walls in summer with the help of parents who had learned there"


def scene(*texts: str, titles=None) -> Scene:
    lines = read_lines(texts, KindTable())
    return Scene(lines, *read_rows(lines), titles=titles)


def rows(found) -> dict[str, list[int]]:
    return {name: sorted(rows.tolist()) for name, rows in found.items() if len(rows)}


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
        ((LONG + ".", OTHER + ".", THIRD + "."), {}),
        (("Home",), {}),
    ],
)
def test_repeats(text, wanted):
    assert rows(repeats.find(scene("\n".join(text)))) == wanted


def test_refrains_stay():
    verse = ["Oh the boat went over the water by night and never again", "with seven lamps on its mast and a song in the air"]
    assert "exact" not in rows(repeats.find(scene("\n".join([*verse, "One", *verse, "Two", *verse]))))


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
    alone = rows(repeats.find(scene(text)))
    together = scene(*texts, text)
    low = together.lines.first[len(texts)]
    found = {name: found[found >= low] - low for name, found in repeats.find(together).items()}
    assert rows(found) == alone


def test_common_passages():
    lines = read_lines([f"{LONG}\n{LONG} and more of it\n{DENSE}{DENSE}\n{DENSE}日本語の"], KindTable())
    out = repeats.compared(lines, np.array([[0, 1], [2, 3]], np.int32))
    triples = len(LONG.replace(",", "").split()) - 2
    assert out.tolist() == [[len(LONG) - 1, len(LONG) + 14, triples, triples], [20, 14, 12, 12]]


def test_titles_with_more_around_them():
    title = "Seven lamps at the harbour"
    found = crumbs.find(scene(f"News Local {title}\n{title}\n{LONG}.", f"{title}\n{title} | The Daily\n{LONG}."))
    assert rows(found) == {"glued": [0], "title-with-site": [4]}
    found = crumbs.find(scene(f"News {title}\n{LONG}.", "", titles=[title, None]))
    assert rows(found) == {"glued": [0]}
    assert rows(crumbs.find(scene(f"{title}\n{title}\n{LONG}."))) == {}


def test_pairs_of_image_texts():
    pair = "Seven lamps near the harbour\nSeven lamps near the old harbour wall"
    assert rows(captions.find(scene(f"{LONG}.\n{pair}\n{OTHER}."))) == {"pair-in-prose": [1, 2]}
    assert rows(captions.find(scene(f"{LONG}.\n{pair}\nWhat comes next in town\n{OTHER}."))) == {"pair-in-prose": [1, 2]}
    assert rows(captions.find(scene(f"{LONG}.\n{pair}"))) == {"pair": [1, 2]}
    assert rows(captions.find(scene(f"{pair}\n{LONG}."))) == {}
    assert rows(captions.find(scene(f"{LONG}.\n{pair}\nSeven lamps near the harbour again\n{OTHER}."))) == {}
