"""Lines with a name go on pages of prose; the header of the weights says how easily."""

from __future__ import annotations

import pytest

from cleaner import Cleaner
from cleaner.errors import RuleError
from cleaner.html.cut import read_named

GOOD = {"prose": 0.5, "votes": {"odds": -1, "classes": ["byline"]}, "elements": {"odds": 0, "classes": ["newsletter"]}}
PROSE = "The night ferry left the old quay at six on Monday, with the mayor, the school band and forty bicycles on board."
PAGE = f"""<html><body><article><h1>The night ferry is back</h1><p class="byline">By Nora Quill</p>
<p>{PROSE}</p><p>{PROSE.replace("Monday", "Tuesday").replace("mayor", "baker")}</p>
<div class="newsletter-box"><p>The town in your inbox, every morning at seven.</p></div>
<p>{PROSE.replace("Monday", "Friday").replace("school band", "fire brigade")}</p></article></body></html>"""


def test_a_header_without_it_says_nothing() -> None:
    assert read_named({}, "w.json") is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prose": 2}, "field 'prose': expected a share from 0 to 1, got 2"),
        ({"votes": {"odds": "low", "classes": []}}, "field 'votes': expected log-odds"),
        ({"elements": {"odds": 0, "classes": ["nonsense"]}}, "field 'elements': expected log-odds"),
        ({"more": 1}, "expected a table of prose, votes and elements"),
    ],
)
def test_a_wrong_header_names_file_and_field(change: dict[str, object], said: str) -> None:
    with pytest.raises(RuleError, match=said) as caught:
        read_named({"named": {**GOOD, **change}}, "w.json")
    assert str(caught.value).startswith("w.json: header: named")


def test_bylines_and_boxes_go_from_a_page_of_prose_under_their_names() -> None:
    result = Cleaner().clean(html=PAGE)
    assert "Nora Quill" not in result.text
    assert "inbox" not in result.text
    assert result.text.count("The night ferry left") == 3
    rules = {result.source[edit.start : edit.end].strip(): edit.rule for edit in result.edits}
    assert rules["By Nora Quill"].partition("/")[0] in ("en.people", "en.stamps")
