"""What edits promise: they lie in the text, apart, and can be undone, replayed and joined."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner import Edit, Result, apply, restore
from cleaner.edits import carry_text, check, compose
from cleaner.errors import RecordError

TEXTS = st.text(st.characters(codec=None), max_size=40)


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(TEXTS)
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=10)))
    pairs = zip(places[::2], places[1::2], strict=False)
    return text, [Edit(start, end, "some/rule", 0.5) for start, end in pairs]


@given(cut_texts())
def test_restore_undoes_apply(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    check(edits, len(text))
    assert restore(apply(text, edits), carry_text(text, edits)) == text


@given(cut_texts(), st.data())
def test_compose_is_one_after_the_other(case: tuple[str, list[Edit]], data: st.DataObject) -> None:
    text, first = case
    left = apply(text, first)
    places = sorted(data.draw(st.sets(st.integers(0, len(left)), max_size=8)))
    second = [Edit(a, b, "other/rule", 1.0) for a, b in zip(places[::2], places[1::2], strict=False)]
    both = compose(first, second)
    check(both, len(text))
    assert apply(text, both) == apply(left, second)


def test_without_edits_nothing_changes() -> None:
    assert apply("a\nb", []) == "a\nb"
    assert restore("a\nb", []) == "a\nb"


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(0, 0, "r", 1.0)],
        [Edit(2, 1, "r", 1.0)],
        [Edit(0, 9, "r", 1.0)],
        [Edit(1, 3, "r", 1.0), Edit(2, 4, "r", 1.0)],
        [Edit(3, 4, "r", 1.0), Edit(0, 1, "r", 1.0)],
    ],
)
def test_wrong_edits_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(RecordError, match="rule r"):
        check(edits, 5)


def test_restore_names_the_edit_that_does_not_fit() -> None:
    with pytest.raises(RecordError, match=r"edit 1\.\.3 of rule r"):
        restore("abc", [Edit(1, 3, "r", 1.0, "x")])
    with pytest.raises(RecordError, match=r"edit 9\.\.10"):
        restore("abc", [Edit(9, 10, "r", 1.0, "x")])


def test_edits_are_made_when_asked_for() -> None:
    made = []

    def make() -> tuple[Edit, ...]:
        made.append(1)
        return (Edit(0, 2, "xx.a/b", 0.5),)

    result = Result.late("c", make, "abc", {})
    assert result.text == "c"
    assert not made
    plain = Result("c", make(), "abc", {})
    assert result == plain
    assert result.edits is result.edits
    assert len(made) == 2
    assert pickle.loads(pickle.dumps(Result.late("c", make, "abc", {}))) == plain
    assert replace(Result.late("c", make, "abc", {}), dropped="x") == replace(plain, dropped="x")
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        result.other  # noqa: B018
