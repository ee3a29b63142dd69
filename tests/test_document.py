"""Reading a batch: compared with a slow reader, and independent of what shares the batch."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from cleaner.document import DENSE, DIGIT, KindTable, code_of, kind_of, read_lines, read_rows, to_points
from cleaner.kernels.kinds import UNKNOWN
from tests import reference

KINDS = KindTable()


@given(reference.batches)
@settings(max_examples=150, deadline=None)
def test_rows_are_those_of_the_slow_reader(texts):
    lines = read_lines(texts, KINDS)
    prose, listed = read_rows(lines)
    for doc, text in enumerate(texts):
        low, high = lines.first[doc], lines.first[doc + 1]
        wanted = reference.rows(text)
        assert high - low == len(wanted)
        for row, known in zip(range(low, high), wanted, strict=True):
            base = lines.base[doc]
            assert lines.doc[row] == doc
            for name in ("line_start", "line_end", "start", "end"):
                assert getattr(lines, name)[row] - base == known[name], name
            for name in ("blank_before", "words", "capitals", "ink"):
                assert getattr(lines, name)[row] == known[name], name
            assert lines.counts[row].tolist() == known["counts"]
            assert lines.text(row) == text[known["start"] : known["end"]]
            begins = lines.word_at[(lines.word_at >= lines.start[row]) & (lines.word_at < lines.end[row])]
            assert (begins - base).tolist() == known["word_at"]
            assert bool(prose[row]) == reference.is_prose(known)
            assert bool(listed[row]) == reference.is_listed(known)


@given(reference.batches)
@settings(max_examples=50, deadline=None)
def test_a_text_reads_the_same_in_any_batch(texts):
    together = read_lines(texts, KINDS)
    for doc, text in enumerate(texts):
        alone = read_lines([text], KindTable())
        rows = slice(together.first[doc], together.first[doc + 1])
        assert (alone.counts == together.counts[rows]).all()
        assert (alone.blank_before == together.blank_before[rows]).all()
        assert (alone.start + together.base[doc] == together.start[rows]).all()


@given(reference.batches)
@settings(max_examples=50, deadline=None)
def test_taking_rows_keeps_what_they_say(texts):
    lines = read_lines(texts, KINDS)
    rows = np.arange(0, len(lines), 2, dtype=np.int32)
    some = lines.take(rows)
    assert len(some) == len(rows)
    assert [some.text(row) for row in range(len(some))] == [lines.text(row) for row in rows]
    assert (np.diff(some.first) == np.bincount(some.doc, minlength=len(texts))).all()


def test_code_points_of_texts():
    assert to_points("").tolist() == []
    assert to_points("a\ud800\U0001f600\x00").tolist() == [0x61, 0xD800, 0x1F600, 0]


def test_kinds_of_scripts_without_spaces():
    assert [kind_of(char) for char in "日ไ1"] == [DENSE, DENSE, DIGIT]
    assert KindTable()(to_points("日x")).tolist() == [DENSE, 0]



def test_what_the_table_knows_from_the_start_is_what_it_would_learn():
    codes = KindTable().codes
    known = np.flatnonzero(codes != UNKNOWN)
    assert len(known) > 30_000
    assert codes[known].tolist() == [code_of(chr(point)) for point in known.tolist()]
