"""What memory adds to the judge: only from other pages, only where it was learned, never the article itself."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cleaner import Cleaner, SiteMemory, apply, restore
from cleaner.document import KindTable, read_lines
from cleaner.errors import RuleError
from cleaner.judge.look import look
from cleaner.judge.resolve import cuts_of
from cleaner.judge.score import Scorer
from cleaner.judge.trees import UNIT, load_weights
from cleaner.memory.evidence import Evidence, MemoryJudge, MemoryWeights
from cleaner.packs.load import load_rules, rules_root
from cleaner.packs.match import compile_rules
from tests.memory.pages import article, corpus, page

RECORDS = corpus(sites=2, pages=8)
MEMORY = SiteMemory.learn(RECORDS)


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner(memory=MEMORY)


@pytest.fixture(scope="module")
def without() -> Cleaner:
    return Cleaner()


def gone(cleaner: Cleaner, text: str, url: str | None) -> list[str]:
    result = cleaner.clean(text, url=url)
    assert apply(text, result.edits) == result.text
    assert restore(result.text, result.with_removed_text()) == text
    return [text[edit.start : edit.end].strip() for edit in result.edits if edit.rule.startswith("common.memory/")]


def test_a_page_that_was_not_learned_profits(cleaner: Cleaner, without: Cleaner) -> None:
    new = page("gazette1.example", 99)
    kept = cleaner.clean(new["text"], url=new["url"]).text
    assert "tower" not in kept
    assert "Printed and bound" not in kept
    assert all(line in kept for line in new["text"].split("\n") if line.endswith("."))
    assert "52 readers wrote to us" in gone(cleaner, new["text"], new["url"])
    assert "52 readers wrote to us" in without.clean(new["text"], url=new["url"]).text


def test_no_url_or_another_site_means_no_evidence(cleaner: Cleaner, without: Cleaner) -> None:
    new = page("gazette1.example", 99)
    for url in (None, "https://elsewhere.example/1"):
        assert cleaner.clean(new["text"], url=url).edits == without.clean(new["text"], url=url).edits


def test_a_page_is_no_evidence_against_itself() -> None:
    pages = [page("paper.example", number) for number in range(2)]
    alone = Cleaner(memory=SiteMemory.learn(pages[:1], min_pages=1))
    assert gone(alone, pages[0]["text"], pages[0]["url"]) == []
    copy = "https://paper.example/another/address"
    assert gone(alone, pages[0]["text"], copy) == [], "nor is the page that it is a copy of"


def test_evidence_counts_only_where_it_was_learned(cleaner: Cleaner) -> None:
    lines = article(random.Random(5), 24)
    lines.insert(12, "The gazette1.example tower")
    assert gone(cleaner, "\n".join(lines), "https://gazette1.example/new") == []


def test_a_paragraph_that_one_other_page_has_in_its_body_stays() -> None:
    shared = article(random.Random(3), 1)[0]
    pages = []
    for number in range(6):
        lines = article(random.Random(40 + number), 8)
        if number < 2:
            lines.insert(4, shared)
        pages.append({"text": "\n".join(lines), "url": f"https://series.example/{number}"})
    cleaner = Cleaner(memory=SiteMemory.learn(pages))
    assert cleaner.recurrence(pages[0]["text"], url=pages[0]["url"]), "it recurs"
    assert gone(cleaner, pages[0]["text"], pages[0]["url"]) == []


def test_another_version_of_a_page_is_no_evidence() -> None:
    shared = article(random.Random(3), 3)
    pages = []
    for number in range(6):
        lines = article(random.Random(60 + number), 6)
        if number < 2:
            lines[:0] = shared
        pages.append({"text": "\n".join(lines), "url": f"https://updates.example/{number}"})
    cleaner = Cleaner(memory=SiteMemory.learn(pages))
    for version in pages[:2]:
        assert cleaner.recurrence(version["text"], url=version["url"]) == []
    third = "\n".join((shared[0], *article(random.Random(80), 8)))
    assert cleaner.recurrence(third, url="https://updates.example/new"), "what both versions show is still known"


def test_what_two_pages_share_below_their_own_text_is_not_another_version() -> None:
    """Where two pages of a site are known, all that is the site's stands on exactly one other page."""
    legal, opening = article(random.Random(3), 2), article(random.Random(4), 2)
    for number, (above, below, kept) in enumerate((((), legal, ()), (opening, (), opening), ((), legal * 9, legal))):
        site = f"https://two{number}.example"
        pages = [
            {"text": "\n".join((*above, *article(random.Random(60 + page), 3), *below)), "url": f"{site}/{page}"}
            for page in range(2)
        ]
        cleaner = Cleaner(memory=SiteMemory.learn(pages))
        for one in pages:
            found = {one["text"][start:end] for start, end, _ in cleaner.recurrence(one["text"], url=one["url"])}
            assert found == {*above, *below} - {*kept}


def test_lines_that_recur_stay_on_a_page_without_a_paragraph_of_its_own(cleaner: Cleaner) -> None:
    """Cards and specifications of a shop recur and are all that its pages hold; beside prose the same lines go."""
    cards = ["Harbour ferry", "Orchard tram", "Market violin", "Glacier library", "Tunnel bakery"]
    chrome = page("gazette1.example", 99)["text"].split("\n")[-3:]
    url = "https://gazette1.example/new"
    assert gone(cleaner, "\n".join((*cards, *chrome)), url) == []
    assert gone(cleaner, "\n".join((*cards, *article(random.Random(2), 1), *chrome)), url) == chrome


def test_the_only_content_of_a_page_stays(cleaner: Cleaner) -> None:
    text = "The gazette1.example tower\nPrinted and bound by the gazette1.example company"
    assert cleaner.clean(text, url="https://gazette1.example/new").text


def test_counts_are_told(cleaner: Cleaner) -> None:
    new = page("gazette1.example", 99)
    notes = {new["text"][start:end]: note for start, end, note in cleaner.recurrence(new["text"], url=new["url"])}
    assert notes["The gazette1.example tower"] == "8 of 8 pages, tail"
    known = RECORDS[-1]
    notes = {known["text"][start:end]: note for start, end, note in cleaner.recurrence(known["text"], url=known["url"])}
    assert notes["The gazette1.example tower"] == "7 of 7 pages, tail"
    assert Cleaner().recurrence("x", url="https://gazette1.example") == []


def test_batches_pickles_and_files_do_not_matter(cleaner: Cleaner, tmp_path: Path) -> None:
    MEMORY.save(tmp_path / "memory.db")
    texts, urls = [record["text"] for record in RECORDS], [record["url"] for record in RECORDS]
    single = [cleaner.clean(text, url=url) for text, url in zip(texts, urls, strict=True)]
    opened = Cleaner(memory=tmp_path / "memory.db")
    assert cleaner.clean_batch(texts, urls=urls) == single
    assert pickle.loads(pickle.dumps(opened)).clean_batch(texts, urls=urls) == single
    assert opened.digest == cleaner.digest != Cleaner().digest


def test_the_rules_of_memory_can_be_turned_off() -> None:
    ids = {rule.id for rule in load_rules() if rule.id.startswith("common.memory/")}
    assert ids == {"common.memory/line", "common.memory/run", "common.memory/container"}
    off = Cleaner(memory=MEMORY, ignore=["common.memory"])
    new = page("gazette1.example", 99)
    assert off.clean(new["text"], url=new["url"]).edits == Cleaner().clean(new["text"], url=new["url"]).edits


def test_wrong_weights(tmp_path: Path) -> None:
    good = (rules_root() / "weights" / "memory.toml").read_text(encoding="utf-8")
    assert MemoryWeights.load(rules_root() / "weights" / "memory.toml").steps
    wrong = [("[pages]", "[page]"), ("tail = 0.2", 'tail = "much"'), ("[own]", "[mine]"), ("least = -0.5", "")]
    for number, (old, new) in enumerate(wrong):
        bad = tmp_path / f"{number}.toml"
        bad.write_text(good.replace(old, new), encoding="utf-8")
        with pytest.raises(RuleError, match="not the weights of site memory"):
            MemoryWeights.load(bad)


def weighed(text: str, url: str = "https://gazette1.example/new") -> Evidence:
    judge = MemoryJudge(MEMORY, rules_root() / "weights" / "memory.toml")
    found = judge.weigh(read_lines([text], KindTable()), [url])
    assert found is not None
    return found


def test_the_first_look_hears_of_memory_within_bounds() -> None:
    looks = MemoryWeights.load(rules_root() / "weights" / "memory.toml").looks
    text = page("gazette1.example", 99)["text"]
    known = weighed(text)
    assert known.heard is not None
    assert known.heard.min() >= looks.least and known.heard.max() == looks.most
    assert (known.heard[known.pages > 0] == looks.most).all(), "lines of the site are said to be that"
    alone = known.pages == 0
    said = known.odds[alone] - looks.again
    assert (known.heard[alone] == np.clip(said, looks.least, looks.most)).all(), "before anything is taken off again"
    spared = weighed(text, "https://gazette1.example/products/new")
    assert spared.heard is not None
    assert not spared.heard.any() and not spared.odds.any(), "nor is anything said of what is spared"


def test_texts_with_few_paragraphs_of_their_own_tell_the_first_look_nothing() -> None:
    chrome = page("gazette1.example", 99)["text"].split("\n")[-3:]
    for paragraphs, told in ((2, False), (3, True)):
        known = weighed("\n".join((*article(random.Random(2), paragraphs), *chrome)))
        assert known.heard is not None
        assert known.odds[-1] > 0 and bool(known.heard.any()) == told


def test_what_the_first_look_hears_changes_what_is_said_of_others() -> None:
    """Lines beside those that are known to be boilerplate are more likely to be."""
    text = "\n".join((*article(random.Random(4), 6), "Harbour ferry", "Orchard tram", "Market violin"))
    seen = look(compile_rules(load_rules()), [text])
    scorer = Scorer.of(load_weights(rules_root() / "weights" / "text.json"))
    arguments = (seen.measures, seen.place, seen.lines.length(), seen.prose)
    heard = np.zeros(len(seen.lines), np.int32)
    heard[[-3, -1]] = 4 * UNIT
    plain, told = scorer.score(*arguments), scorer.score(*arguments, heard)
    assert (told.first == plain.first).all(), "what is heard is no part of the score itself"
    assert told.second[-2] > plain.second[-2]
    assert (scorer.score(*arguments, np.zeros_like(heard)).second == plain.second).all()


def test_what_is_known_settles_doubts_of_a_text() -> None:
    """A text of which the judge is in doubt needs surer scores, but not where memory knows its lines."""
    text = page("gazette1.example", 99)["text"]
    seen, scorer = look(compile_rules(load_rules()), [text]), Scorer.of(load_weights(rules_root() / "weights" / "text.json"))
    judged = scorer.score(seen.measures, seen.place, seen.lines.length(), seen.prose)
    unsure = replace(judged, second=np.zeros_like(judged.second))
    for odds, settled in ((0, False), (8 * UNIT, True), (-8 * UNIT, True)):
        known = replace(weighed(text), odds=np.full(len(seen.lines), odds, np.int32))
        cuts = cuts_of(seen, unsure, scorer.limits, known)
        assert (cuts < cuts_of(seen, unsure, scorer.limits)).all() == settled


def test_texts_of_products_are_spared() -> None:
    """What their address says is believed: there tables and specifications recur."""
    records = [page("gazette.example", number) for number in range(8)]
    stated = [{**record, "url": record["url"].replace("/stories/", "/products/")} for record in records]
    for some, differ in ((records, True), (stated, False)):
        known, plain = Cleaner(memory=SiteMemory.learn(some)), Cleaner()
        texts = [(known.clean(one["text"], url=one["url"]).text, plain.clean(one["text"], url=one["url"]).text) for one in some]
        assert any(one != other for one, other in texts) == differ
        assert known.recurrence(some[0]["text"], url=some[0]["url"])
