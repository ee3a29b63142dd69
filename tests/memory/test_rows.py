"""Lines as memory sees them agree with the document's lines and with folding."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.document import KindTable, prose_rows, read_lines
from cleaner.folding import fold
from cleaner.kernels.site_lines import WINDOW
from cleaner.memory.rows import RowReader, narrow_points
from tests.memory.pages import article

READER = RowReader()
KINDS = KindTable()
ODD = ["", " ", "12", "1 2 3", "12 x 3", "…", "»Fin«.", "\ud800", "a\u2028b", "\u200bé", "水が出る。", "AB  cd", "ab cd", "Ab, cd!", "x" * 300]
lines = st.one_of(st.sampled_from(ODD), st.text(max_size=40), st.sampled_from(article(random.Random(1))))


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.lists(lines, max_size=8).map("\n".join), min_size=1, max_size=5))
def test_rows_weights_and_prose_are_those_of_the_document(texts: list[str]) -> None:
    document = read_lines(texts, KINDS)
    rows = READER.read(texts)
    assert rows.first.tolist() == document.first.tolist()
    short = document.length() <= WINDOW
    assert rows.weight[short].tolist() == document.weight()[short].tolist()
    assert rows.prose[short].tolist() == prose_rows(document)[short].tolist()
    folds = [fold(document.text(row)[:WINDOW]) for row in range(len(document))]
    keys = rows.keys.tolist()
    assert [key == 0 for key in keys] == [not folded for folded in folds]
    by_fold: dict[str, int] = {}
    assert all(by_fold.setdefault(folded, key) == key for folded, key in zip(folds, keys, strict=True))
    assert len(set(by_fold.values())) == len(by_fold)
    joined = "\n".join(texts)
    assert all(joined[start:].startswith(document.text(row)[:1]) for row, start in enumerate(rows.start.tolist()))


def test_what_stands_around_a_text_changes_nothing() -> None:
    texts = ["\n".join(article(random.Random(seed), 3)) + f"\nfoot {seed}" for seed in range(9)]
    together = READER.read(texts)
    for number, text in enumerate(texts):
        alone = READER.read([text])
        part = slice(together.first[number], together.first[number + 1])
        assert alone.keys.tolist() == together.keys[part].tolist()
        assert alone.zone.tolist() == together.zone[part].tolist()
        assert alone.sketches[0].tolist() == together.sketches[number].tolist()


def test_narrow_and_wide_texts_read_alike() -> None:
    plain = "\n".join(article(random.Random(8), 4)) + "\ncafé 12\nx"
    alone = READER.read([plain])
    for wide, width in (("é", 1), ("…”", 2), ("\ud800\udc00", 2), ("😀", 4)):
        assert narrow_points(plain + wide).itemsize == width
        beside = READER.read([plain, wide])
        assert beside.keys[: len(alone.keys)].tolist() == alone.keys.tolist()
        assert beside.start[: len(alone.keys)].tolist() == alone.start.tolist()
        assert beside.sketches[0].tolist() == alone.sketches[0].tolist()


def test_an_end_beyond_the_window_reads_alike_the_first_time() -> None:
    text = "word " * 20 + "so it is。」"
    assert RowReader().read([text]).prose.tolist() == READER.read([text]).prose.tolist() == [True]


def test_zones() -> None:
    body = article(random.Random(4), 20)
    rows = READER.read(["\n".join(["Menu", "Search", *body, "Share", "Imprint"])])
    assert rows.zone.tolist()[:3] == [0, 0, 0]
    assert rows.zone.tolist()[-2:] == [2, 2]
    assert rows.zone.tolist()[6] == 1
