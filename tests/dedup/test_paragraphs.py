"""Repeated paragraphs: where they stand, which go, and that the edits can be undone."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.dedup.paragraphs import EXACT, FREQUENT, NEAR, ParagraphRun, cut, paragraphs
from cleaner.edits import apply, carry_text, check, restore
from cleaner.errors import ConfigError
from tests.dedup.samples import edited, words

LONG = (
    "The old ferry crossed the strait twice a day, carrying milk, letters and now and then a cow that did not want to "
    "travel, and nobody on the island could remember a morning on which its horn had not been heard."
)
NEARLY = LONG.replace("been heard", "been heard there").replace(",", " –")
OTHER = " ".join(words(random.Random(5), 40)) + "."
SHORT = "Sign up for the island letter"


def texts_of(text):
    return [text[start:end] for start, end in paragraphs(text)]


def test_paragraphs_are_lines_that_are_no_list_table_or_code():
    text = "\n".join(
        [
            "A line.",
            "",
            "  ",
            "- a list item",
            "  * another",
            "12. numbered",
            "b) lettered",
            "| a | table |",
            "name\tvalue\tunit",
            "    indented code",
            "```",
            "fenced code",
            "```",
            "***",
            "A 12. line goes on – with a dash.",
        ]
    )
    assert texts_of(text) == ["A line.", "A 12. line goes on – with a dash."]


@given(st.lists(st.sampled_from(["", "one line", "two words", " ", "- item"]), max_size=9), st.data())
@settings(max_examples=300)
def test_cuts_are_edits_that_can_be_undone(lines, data):
    text = "\n".join(lines)
    places = list(paragraphs(text))
    chosen = [place for place in places if data.draw(st.booleans())]
    edits = cut(text, [(start, end, EXACT, 1.0) for start, end in chosen])
    check(edits, len(text))
    clean = apply(text, edits)
    assert restore(clean, carry_text(text, edits)) == text
    left = [text[start:end] for start, end in places if (start, end) not in chosen]
    assert texts_of(clean) == left
    assert [line for line in clean.split("\n") if line.startswith("-")] == [x for x in lines if x.startswith("-")]


@pytest.mark.parametrize(
    ("text", "gone", "expected"),
    [
        ("a\nb\nc", "b", "a\nc"),
        ("a\n\nb\n\nc", "b", "a\n\nc"),
        ("a\n\nb", "b", "a"),
        ("a\n\nb\n", "b", "a\n\n"),
        ("b\n\na", "b", "a"),
        ("b", "b", ""),
    ],
)
def test_blank_lines_do_not_pile_up(text, gone, expected):
    start = text.index(gone)
    assert apply(text, cut(text, [(start, start + 1, EXACT, 1.0)])) == expected


def found(tmp_path, texts, name="work", **options):
    path = tmp_path / f"{name}.jsonl"
    path.write_text("".join(json.dumps({"id": at, "text": text}) + "\n" for at, text in enumerate(texts)))
    folder = tmp_path / name
    folder.mkdir()
    cuts = ParagraphRun(**options)([str(path)], folder)
    return [
        [(edit.rule, text[edit.start : edit.end].strip()) for edit in cuts.edits(0, at + 1, text)]
        for at, text in enumerate(texts)
    ]


def test_long_paragraphs_go_where_an_earlier_document_has_them(tmp_path):
    texts = [f"{LONG}\n{OTHER}", f"Something new here.\n{LONG}", f"{NEARLY}\nMore news.", f"{OTHER.upper()}"]
    assert found(tmp_path, texts) == [[], [(EXACT, LONG)], [(NEAR, NEARLY)], [(EXACT, OTHER.upper())]]


def test_short_paragraphs_go_only_where_they_are_frequent(tmp_path):
    texts = [f"{SHORT}\n{number} {' '.join(words(random.Random(number), 30))}" for number in range(5)]
    three = found(tmp_path, texts[:3], "three")
    assert three == [[], [], []]
    five = found(tmp_path, texts, "five")
    assert five == [[], *[[(FREQUENT, SHORT)]] * 4]
    assert found(tmp_path, texts, "bound", max_documents=5) == [[]] * 5
    near = [text.replace("island letter", f"island letter {at}") for at, text in enumerate(texts)]
    assert found(tmp_path, near, "near") == [[]] * 5


def test_what_repeats_within_one_document_stays(tmp_path):
    chorus = f"{LONG}\nverse\n{LONG}\nverse\n{LONG}\n{LONG}\n{LONG}"
    assert found(tmp_path, [chorus, "other"]) == [[], []]


def test_lists_tables_and_code_stay(tmp_path):
    text = f"- {LONG}\n| {LONG} | x |\n    {LONG}"
    assert found(tmp_path, [text] * 6) == [[]] * 6


def test_a_near_duplicate_of_what_goes_is_judged_by_what_stays(tmp_path):
    """In a chain, only paragraphs that are similar to the first one itself go."""
    rng = random.Random(8)
    chain = [words(rng, 200)]
    for _ in range(25):
        chain.append(edited(rng, chain[-1], 0.01))
    result = found(tmp_path, [" ".join(one) for one in chain])
    gone = [bool(one) for one in result]
    assert gone[1]
    assert not gone[-1]
    assert gone == sorted(gone, reverse=True)[1:1] + gone


def test_jobs_do_not_matter(tmp_path, monkeypatch):
    monkeypatch.setattr("cleaner.dedup.ranges.RANGE_BYTES", 2000)
    rng = random.Random(3)
    pool = [" ".join(words(rng, rng.randrange(3, 60))) for _ in range(60)]
    texts = ["\n".join(rng.sample(pool, 8)) for _ in range(80)]
    assert found(tmp_path, texts, "one") == found(tmp_path, texts, "three", jobs=3)


def test_wrong_bounds_are_named():
    with pytest.raises(ConfigError, match="max documents 0"):
        ParagraphRun(max_documents=0)
