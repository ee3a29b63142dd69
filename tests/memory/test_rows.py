"""Lines as memory sees them agree with the document's lines and with folding."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.document import KindTable, prose_rows, read_lines
from cleaner.folding import fold, fold_char
from cleaner.kernels.site_lines import WINDOW
from cleaner.memory.rows import RowReader
from cleaner.memory.texts import Texts
from tests.memory.pages import article

READER = RowReader()
KINDS = KindTable()
ODD = ["", " ", "12", "1 2 3", "12 x 3", "…", "»Fin«.", "\ud800", "a\u2028b", "\u200bé", "水が出る。", "AB  cd", "ab cd", "Ab, cd!", "x" * 300]
lines = st.one_of(st.sampled_from(ODD), st.text(max_size=40), st.sampled_from(article(random.Random(1))))


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.lists(lines, max_size=8).map("\n".join), min_size=1, max_size=5))
def test_rows_weights_and_prose_are_those_of_the_document(texts: list[str]) -> None:
    document = read_lines(texts, KINDS)
    rows = READER.read(Texts.of(texts))
    assert rows.first.tolist() == document.first.tolist()
    short = document.length() <= WINDOW
    assert rows.weight[short].tolist() == document.weight[short].tolist()
    assert rows.prose[short].tolist() == prose_rows(document)[short].tolist()
    folds = [fold(document.text(row)[:WINDOW]) for row in range(len(document))]
    keys = rows.keys.tolist()
    assert [key == 0 for key in keys] == [not folded for folded in folds]
    by_fold: dict[str, int] = {}
    assert all(by_fold.setdefault(folded, key) == key for folded, key in zip(folds, keys, strict=True))
    assert len(set(by_fold.values())) == len(by_fold)
    joined = "\n".join(texts).encode("utf-8", "surrogatepass")
    starts = [document.text(row)[:1].encode("utf-8", "surrogatepass") for row in range(len(document))]
    assert all(joined[at:].startswith(start) for at, start in zip(rows.start.tolist(), starts, strict=True))


def key_of(line: str) -> int:
    """The key of a line as memory files hold it, before its site is added: by the definition, with Python's numbers."""
    state, gap, last = 0, 0, ""
    for char in line[:WINDOW]:
        folded = fold_char(char)
        if folded == " ":
            gap = 1 << 22 if state else 0
        elif folded == "0" == last:
            gap = 0
        elif folded:
            state = (state * 0xD6E8FEB86659FD93 + (ord(folded) | gap)) % 2**64
            gap, last = 0, folded
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ state >> 27) * 0x94D049BB133111EB % 2**64
    return state ^ state >> 31


@settings(max_examples=300, deadline=None)
@given(text=st.lists(st.one_of(lines, st.text("aZ09 -.é水\u200b\ud800😀", max_size=120)), max_size=6).map("\n".join))
def test_keys_are_those_of_the_definition(text: str) -> None:
    document = read_lines([text], KINDS)
    expected = [key_of(document.text(row)) for row in range(len(document))]
    assert READER.read(Texts.of([text])).keys.tolist() == expected


def test_every_ascii_character_is_folded_alike_alone_and_beside_others() -> None:
    rows = ["a" + chr(point) + "b" for point in range(128) if point != 10]
    rows += [row + "é" for row in rows]
    found = READER.read(Texts.of(["\n".join(rows)]))
    assert found.keys.tolist() == list(map(key_of, rows))
    assert found.weight.tolist() == read_lines(["\n".join(rows)], KINDS).weight.tolist()


def test_what_stands_around_a_text_changes_nothing() -> None:
    texts = ["\n".join(article(random.Random(seed), 3)) + f"\nfoot {seed}" for seed in range(9)]
    together = READER.read(Texts.of(texts))
    for number, text in enumerate(texts):
        alone = READER.read(Texts.of([text]))
        part = slice(together.first[number], together.first[number + 1])
        assert alone.keys.tolist() == together.keys[part].tolist()
        assert alone.zone.tolist() == together.zone[part].tolist()
        assert alone.sketches[0].tolist() == together.sketches[number].tolist()


def test_an_end_beyond_the_window_reads_alike_the_first_time() -> None:
    text = "word " * 20 + "so it is。」"
    assert RowReader().read(Texts.of([text])).prose.tolist() == READER.read(Texts.of([text])).prose.tolist() == [True]


def test_zones() -> None:
    body = article(random.Random(4), 20)
    rows = READER.read(Texts.of(["\n".join(["Menu", "Search", *body, "Share", "Imprint"])]))
    assert rows.zone.tolist()[:3] == [0, 0, 0]
    assert rows.zone.tolist()[-2:] == [2, 2]
    assert rows.zone.tolist()[6] == 1


def test_signs_beyond_ascii_are_folded_like_spaces() -> None:
    rows = ["“It’s 5—6 o’clock…” – he said 1 ’ 2 and 3.", "’" * 200 + "end", "a’b" * 60]
    rows += ["soft\u00adhyphen’s end", "1’" * 90 + "é", "x…" * 47 + "yzé"]
    found = READER.read(Texts.of(["\n".join(rows)]))
    assert found.keys.tolist() == list(map(key_of, rows))
