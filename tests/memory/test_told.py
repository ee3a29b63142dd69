"""What memory says of a line is said once: of what is left of a text it is told again, and not looked up."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleaner import Cleaner, SiteMemory, apply
from cleaner.document import KindTable, read_lines
from cleaner.edits import Edit
from cleaner.memory.told import rows_before
from cleaner.packs.load import load_rules
from cleaner.packs.schema import Rule
from tests.memory.pages import article

KINDS = KindTable()
TEXTS = st.lists(st.text("ab \n", max_size=40), min_size=1, max_size=4)


@given(texts=TEXTS, cuts=st.data())
def test_each_line_is_a_part_of_the_line_that_it_was(texts: list[str], cuts: st.DataObject) -> None:
    chosen = sorted(cuts.draw(st.sets(st.integers(0, len(texts) - 1))))
    edits = [_some_edits(texts[number], cuts) for number in chosen]
    lines = read_lines(texts, KINDS)
    left = read_lines([apply(texts[number], some) for number, some in zip(chosen, edits, strict=True)] or [""], KINDS)
    rows = rows_before(lines, left, chosen, edits)
    assert len(rows) == len(left)
    for row, before in enumerate(rows.tolist()):
        text = chosen[left.doc[row]]
        assert lines.doc[before] == text
        kept = _places_kept(texts[text], edits[left.doc[row]])
        start = kept[int(left.start[row] - left.base[left.doc[row]])] + lines.base[text]
        assert lines.line_start[before] <= start < lines.line_end[before]


def _some_edits(text: str, cuts: st.DataObject) -> list[Edit]:
    places = sorted(cuts.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    return [Edit(start, end, "xx.a/b", 1.0) for start, end in zip(places[::2], places[1::2], strict=False)]


def _places_kept(text: str, edits: list[Edit]) -> list[int]:
    gone = {place for edit in edits for place in range(edit.start, edit.end)}
    return [place for place in range(len(text)) if place not in gone]


def test_a_cut_inside_a_line_does_not_turn_a_page_against_itself() -> None:
    """A page of which a part was cut is none that was learned: what its other version shows must not speak against it."""
    cut = Rule("xx.a/lamp", "share", at="inside", strength="alone", scope="span", phrases=("lamp post",))
    shared = article(random.Random(3), 3)
    pages = []
    for number in range(6):
        first, *lines = article(random.Random(60 + number), 6)
        text = "\n".join((*(shared if number < 2 else ()), f"A lamp post stands there, and {first}", *lines))
        pages.append({"text": text, "url": f"https://updates.example/{number}"})
    known = Cleaner(rules=[*load_rules(), cut], memory=SiteMemory.learn(pages))
    for version in pages[:2]:
        result = known.clean(version["text"], url=version["url"])
        assert any(edit.rule == cut.id for edit in result.edits), "it is read twice"
        assert all(paragraph in result.text for paragraph in shared)


def test_no_text_left() -> None:
    lines = read_lines(["a\nb"], KINDS)
    assert rows_before(lines, read_lines([""], KINDS), [], []).dtype == np.intp
