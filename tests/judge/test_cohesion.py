"""Cohesion: words that stand in another paragraph, too."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from cleaner.document import DENSE, MARK, KindTable, kind_of, prose_rows, read_lines
from cleaner.folding import fold_char
from cleaner.judge.cohesion import content_words, shared_words
from tests import reference


def words_of(line: str) -> list[str]:
    kinds = [kind_of(char) for char in line]
    found = []
    for at in range(len(line)):
        begins = at == 0 or kinds[at - 1] > MARK
        if begins and len(line) >= at + 5 and all(kind <= MARK for kind in kinds[at : at + 5]):
            found.append("".join(fold_char(char) or "\0" for char in line[at : at + 5]))
        if kinds[at : at + 2] == [DENSE, DENSE]:
            found.append("".join(fold_char(char) for char in line[at : at + 2]))
    return found


@given(reference.batches)
@settings(max_examples=100, deadline=None)
def test_shared_words(texts):
    lines = read_lines(texts, KindTable())
    prose = prose_rows(lines)
    words, shared = shared_words(content_words(lines), prose)
    known = [words_of(lines.text(row)) for row in range(len(lines))]
    assert words.tolist() == [len(found) for found in known]
    for row, found in enumerate(known):
        others = {
            word
            for other in range(lines.first[lines.doc[row]], lines.first[lines.doc[row] + 1])
            if other != row and prose[other]
            for word in known[other]
        }
        assert shared[row] == sum(word in others for word in found)


def test_taking_rows():
    text = "The harbour people talked about seven large lamps near the quiet water again.\n"
    lines = read_lines([text * 3], KindTable())
    content = content_words(lines)
    words, shared = shared_words(content, np.ones(3, bool))
    assert (words == shared).all()
    stay = np.array([True, False, False])
    words, shared = shared_words(content.take(stay, np.cumsum(stay, dtype=np.int32) - np.int32(1)), np.ones(1, bool))
    assert words.tolist() == [10]
    assert shared.tolist() == [0]
