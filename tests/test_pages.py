"""The promises of the engine on pages: invented ones, the labelled ones, and things that are no page."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaner import Cleaner, Result, apply, restore
from cleaner.edits import check

GOLD = Path(__file__).resolve().parent.parent / "benchmarks" / "gold" / "html"
PAGES = [path.read_text(encoding="utf-8") for path in sorted(GOLD.glob("*.html"))]
FERRY = "The council approved the second ferry on Monday after a debate of six hours and a vote of nine to six."
BUDGET = "Nora Quill, who keeps the books of the harbour, said that the money for it had been put aside in spring."
PAGE = f"""<!doctype html><html lang=en><head><title>A second ferry | Elmsford Courier</title></head><body>
<nav class="main-menu"><ul><li><a href="/">Front</a></li><li><a href="/town">Town</a></li></ul></nav>
<main><article><h1>Elmsford gets a second ferry</h1><p>{FERRY}</p><p>{BUDGET}</p>
<div class="share-bar"><a href="#">Tell somebody</a></div><p>{FERRY[::-1]}</p></article></main>
<footer class="site-footer"><p>Elmsford Courier, Quay 4</p></footer></body></html>"""


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


def check_promises(cleaner: Cleaner, result: Result) -> None:
    check(result.edits, len(result.source))
    assert apply(result.source, result.edits) == result.text
    assert restore(result.text, result.with_removed_text()) == result.source
    known = {rule.id for rule in cleaner.rules}
    assert all(edit.rule in known and 0 <= edit.score <= 1 for edit in result.edits)


def test_a_page_becomes_its_article(cleaner: Cleaner) -> None:
    result = cleaner.clean(html=PAGE, url="https://courier.example/town/second-ferry")
    check_promises(cleaner, result)
    lines = result.text.split("\n")
    assert FERRY in lines
    assert BUDGET in lines
    assert "Tell somebody" not in lines
    assert "Elmsford Courier, Quay 4" not in lines
    assert result.error is None


def test_removals_are_named_by_elements_where_no_phrase_names_them(cleaner: Cleaner) -> None:
    result = cleaner.clean(html=PAGE)
    by_line = {result.source[edit.start : edit.end].strip("\n"): edit.rule for edit in result.edits}
    assert by_line["Tell somebody"] == "common.elements/share"
    assert by_line["Elmsford Courier, Quay 4"] == "common.elements/footer"


def test_labelled_pages_keep_the_promises(cleaner: Cleaner) -> None:
    results = cleaner.clean_batch([None] * len(PAGES), htmls=PAGES)
    for result in results:
        assert result.text
        check_promises(cleaner, result)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_the_batch_does_not_matter(cleaner: Cleaner, size: int) -> None:
    some = [*PAGES[::3], "%PDF-1.7 nothing", "<body></body>", *PAGES[1::4]]
    whole = cleaner.clean_batch([None] * len(some), htmls=some)
    pieces: list[Result] = []
    for start in range(0, len(some), size):
        part = some[start : start + size]
        pieces += cleaner.clean_batch([None] * len(part), htmls=part)
    assert pieces == whole


def test_texts_and_pages_share_a_batch(cleaner: Cleaner) -> None:
    text = f"{FERRY}\nShare on Facebook\n{BUDGET}\n"
    mixed = cleaner.clean_batch(
        [text, None, text], htmls=[None, PAGE, None], urls=["https://a.example/", "https://b.example/", None]
    )
    assert mixed == [cleaner.clean(text), cleaner.clean(html=PAGE, url="https://b.example/"), cleaner.clean(text)]


def test_pickled_cleaners_and_results(cleaner: Cleaner) -> None:
    copy = pickle.loads(pickle.dumps(cleaner))
    results = copy.clean_batch([None] * 3, htmls=PAGES[:3])
    assert results == cleaner.clean_batch([None] * 3, htmls=PAGES[:3])
    assert pickle.loads(pickle.dumps(results)) == results


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"%PDF-1.7\n1 0 obj", "pdf"),
        ("<?xml version='1.0'?><rss><channel><title>News</title></channel></rss>", "xml"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image"),
        (bytes(range(1, 9)) * 200, "binary"),
    ],
)
def test_what_is_no_page_is_an_error_of_its_own_record(cleaner: Cleaner, page: str | bytes, reason: str) -> None:
    bad, good = cleaner.clean_batch([None, None], htmls=[page, PAGE])
    assert reason in (bad.error or "")
    assert (bad.text, bad.source, bad.edits) == ("", "", ())
    assert good == cleaner.clean(html=PAGE)


def test_rules_choose_what_goes() -> None:
    assert Cleaner(rules=()).clean(html=PAGE).edits == ()
    only = Cleaner(select=["share"]).clean(html=PAGE)
    assert {edit.rule for edit in only.edits} == {"common.elements/share"}
    without = Cleaner(ignore=["common.elements"]).clean(html=PAGE)
    assert not [edit for edit in without.edits if edit.rule.startswith("common.elements")]


def test_min_score_is_the_certainty_of_every_edit() -> None:
    sure = Cleaner(min_score=0.9).clean_batch([None] * 8, htmls=PAGES[:8])
    assert all(edit.score >= 0.89 for result in sure for edit in result.edits)
    assert sum(len(result.edits) for result in sure) > 0


pieces = st.lists(
    st.one_of(
        st.sampled_from(["<p>", "</p>", "<div class=footer>", "</div>", "<table><tr><td>", "<pre>", "<br>", "<!--", "-->", "&#0;",
                         "<script>", "</script>", "<frameset>", "<body>", "\x00", "\u200b", "<li>", "<svg>", FERRY, BUDGET]),
        st.text(max_size=12),
    ),
    max_size=30,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(html=pieces.map("".join))
def test_promises_on_odd_pages(cleaner: Cleaner, html: str) -> None:
    result = cleaner.clean(html=html)
    if result.error is None:
        check_promises(cleaner, result)
