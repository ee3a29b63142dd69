"""Site memory on pages: learned from HTML, used on HTML, with the counts in the result."""

from __future__ import annotations

import random

import numpy as np
import pytest

from cleaner import Cleaner, SiteMemory, restore
from tests.memory.pages import article, page

HOUSE = "Our house on the quay has printed what happens in this town since the year of the great flood, and it still does."


def html_page(number: int, site: str = "gazette.example") -> dict[str, str]:
    """A page whose article holds a paragraph that stands on every page of the site, without a name that tells."""
    rng = random.Random(f"{site} {number}")
    paragraphs = "".join(f"<p>{paragraph}</p>" for paragraph in article(rng, 4))
    body = f"<html><body><div><h1>Story {number}</h1>{paragraphs}<p>{HOUSE}</p></div></body></html>"
    return {"url": f"https://www.{site}/stories/{number}.html", "html": body}


@pytest.fixture(scope="module")
def memory() -> SiteMemory:
    return SiteMemory.learn([html_page(number) for number in range(12)])


def test_pages_are_learned_as_they_are_read(memory: SiteMemory) -> None:
    [site] = memory.sites()
    assert (site.name, site.pages) == ("gazette.example", 12)
    texts = [{"url": html_page(n)["url"], "text": Cleaner(rules=()).clean(html=html_page(n)["html"]).text} for n in range(12)]
    learned = SiteMemory.learn(texts).sections
    assert all(np.array_equal(learned[name], memory.sections[name]) for name in ("keys", "counts", "pages", "sites"))


def test_what_recurs_goes_from_a_page_that_was_not_learned(memory: SiteMemory) -> None:
    new = html_page(99)
    plain = Cleaner().clean(html=new["html"], url=new["url"])
    assert HOUSE in plain.text
    result = Cleaner(memory=memory).clean(html=new["html"], url=new["url"])
    assert HOUSE not in result.text
    assert restore(result.text, result.with_removed_text()) == result.source
    [edit] = [edit for edit in result.edits if HOUSE in result.source[edit.start : edit.end]]
    assert edit.rule.startswith("common.memory/")
    [note] = [note for note in result.meta["memory"] if HOUSE in result.source[note[0] : note[1]]]
    assert note[2].startswith("12 of 12 pages")
    assert all(paragraph in result.text for paragraph in article(random.Random("gazette.example 99"), 4))


def test_other_sites_and_pages_without_a_url_are_left_alone(memory: SiteMemory) -> None:
    cleaner = Cleaner(memory=memory)
    other = html_page(99, "courier.example")
    assert HOUSE in cleaner.clean(html=other["html"], url=other["url"]).text
    assert HOUSE in cleaner.clean(html=other["html"]).text


def test_texts_and_pages_are_learned_together() -> None:
    both = [page("gazette.example", 1), page("gazette.example", 2), html_page(3), {"url": "https://gazette.example/4", "html": "%PDF-1.4"}]
    [site] = SiteMemory.learn(both).sites()
    assert site.pages == 3
