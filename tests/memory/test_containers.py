"""Containers: what stands where the site's own lines stand goes, whatever it says; counted the same in any order."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cleaner import Cleaner, SiteMemory
from cleaner.cli import main
from cleaner.html.containers import containers_of
from cleaner.html.page import PageReader
from cleaner.html.rules import element_files
from cleaner.memory import learn as learning
from cleaner.packs.load import rules_root
from tests.memory.pages import boxed_page, corpus

SECTIONS = ("containers", "container_site", "container_sums")


@pytest.fixture(scope="module")
def memory() -> SiteMemory:
    return SiteMemory.learn([boxed_page(number) for number in range(60)])


def box_of(page: dict[str, str]) -> list[str]:
    """The headlines of a page's box."""
    return [piece.split("</div>")[0] for piece in page["html"].split('class="entry">')[1:]]


def test_what_a_box_has_never_shown_goes_with_it(memory: SiteMemory) -> None:
    new = boxed_page(1000, fresh=True)
    plain = Cleaner().clean(html=new["html"], url=new["url"])
    assert box_of(new)[0] in plain.text
    known = Cleaner(memory=memory).clean(html=new["html"], url=new["url"])
    assert not any(headline in known.text for headline in box_of(new))
    assert all(line in known.text for line in plain.text.split("\n") if len(line) > 100)


def test_it_is_named_and_its_counts_are_told(memory: SiteMemory) -> None:
    new = boxed_page(1000, fresh=True)
    result = Cleaner(memory=memory).clean(html=new["html"], url=new["url"])
    [first, *_] = [edit for edit in result.edits if box_of(new)[0] in result.source[edit.start : edit.end]]
    assert first.rule == "common.memory/container"
    [told] = [note for start, _, note in result.meta["memory"] if start == first.start]
    whole, recurring = memory.sections["container_sums"].max(axis=0).tolist()
    assert told == f"{recurring // 2} of {whole // 2} words in its place recur"
    off = Cleaner(memory=memory, ignore=["common.memory"]).clean(html=new["html"], url=new["url"])
    assert off.text == Cleaner().clean(html=new["html"], url=new["url"]).text


def test_the_rule_alone_can_be_turned_off(memory: SiteMemory) -> None:
    new = boxed_page(1000, fresh=True)
    off = Cleaner(memory=memory, ignore=["common.memory/container"]).clean(html=new["html"], url=new["url"])
    assert off.text == Cleaner().clean(html=new["html"], url=new["url"]).text


def test_the_same_words_in_another_place_are_left_alone(memory: SiteMemory) -> None:
    new = boxed_page(1000, fresh=True)
    headline = "The lighthouse keeper tells how the storm of that night looked from above, and who came to help her first."
    html = new["html"].replace("<h1>", f"<p>{headline}</p><h1>")
    assert headline in Cleaner(memory=memory).clean(html=html, url=new["url"]).text


def test_pages_that_say_they_are_products_are_spared(memory: SiteMemory) -> None:
    page = boxed_page(3)
    stated = page["html"].replace("<body>", '<head><meta property="og:type" content="product"></head><body>')
    plain, known = Cleaner(), Cleaner(memory=memory)
    assert known.clean(html=stated, url=page["url"]).text == plain.clean(html=stated, url=page["url"]).text
    assert known.clean(html=stated, url=page["url"]).edits == plain.clean(html=stated, url=page["url"]).edits


def containers(page: dict[str, str]) -> list[tuple[int, str]]:
    """Containers and texts of the lines of a page."""
    blocks = PageReader(element_files(rules_root())).read(page["html"]).blocks
    return list(zip(containers_of(blocks).tolist(), blocks.source.split("\n"), strict=True))


def weight_of(text: str) -> int:
    return 2 * len(text.replace("'", "").split())


def test_the_sums_are_those_of_counting_by_hand() -> None:
    pages = [boxed_page(number) for number in range(14)]
    shown: dict[str, set[int]] = defaultdict(set)
    held: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    for number, page in enumerate(pages):
        for container, text in containers(page):
            folded = text.lower()[:96]
            shown[folded].add(number)
            held[container][number, folded] = weight_of(text)
    expected = []
    for lines in held.values():
        total, recurring = sum(lines.values()), sum(w for (_, text), w in lines.items() if len(shown[text]) > 1)
        expected.append((total, recurring))
    known = SiteMemory.learn(pages, min_pages=1)
    found = [tuple(row) for row in known.sections["container_sums"].tolist()]
    assert [total for total, _ in sorted(expected)] == pytest.approx([total for total, _ in sorted(found)], rel=0.05)
    assert sorted(recurring > 0 for _, recurring in expected) == sorted(recurring > 0 for _, recurring in found)
    kept = SiteMemory.learn(pages).sections["container_sums"]
    assert len(kept) == sum(recurring > 0 for _, recurring in found)


def test_a_page_is_no_evidence_against_itself() -> None:
    """Cleaned by a memory of all pages, and by one of all others: the same but for lines that only it and one other show."""
    pages = [boxed_page(number, fresh=True) for number in range(10)]
    known = SiteMemory.learn(pages)
    lone = Cleaner(memory=known).clean(html=pages[0]["html"], url=pages[0]["url"])
    assert lone.text == Cleaner(memory=SiteMemory.learn(pages[1:])).clean(html=pages[0]["html"], url=pages[0]["url"]).text


def test_files_workers_and_spills_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[dict[str, Any]] = [boxed_page(n, site) for site in ("a.example", "b.example") for n in range(20)]
    rows += [*rows[:3], *corpus(2, 4), {**rows[5], "url": rows[5]["url"] + "?again"}]
    random.Random(7).shuffle(rows)
    path = tmp_path / "pages.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["learn", str(path), "-o", str(tmp_path / "one"), "-q"]) == 0
    random.Random(8).shuffle(rows)
    halves = [tmp_path / "half0.jsonl", tmp_path / "half1.jsonl"]
    for half, some in zip(halves, (rows[:23], rows[23:]), strict=True):
        half.write_text("".join(json.dumps(row) + "\n" for row in some))
    monkeypatch.setattr(learning, "_RUN_ROWS", 300)
    assert main(["learn", *map(str, halves), "-o", str(tmp_path / "two"), "-j", "2", "-q"]) == 0
    assert (tmp_path / "two").read_bytes() == (tmp_path / "one").read_bytes()
    SiteMemory.learn(rows).save(tmp_path / "three")
    assert (tmp_path / "three").read_bytes() == (tmp_path / "one").read_bytes()


def test_merging_adds_up_and_pruning_takes_sites_away() -> None:
    whole, other = [boxed_page(n) for n in range(24)], [boxed_page(n, "b.example") for n in range(6)]
    parts = [SiteMemory.learn(part, min_pages=1) for part in (whole[:12], [*whole[12:], *other])]
    merged = parts[0].merge(parts[1])
    both = SiteMemory.learn([*whole, *other], min_pages=1)
    assert np.array_equal(merged.sections["containers"], both.sections["containers"])
    assert np.array_equal(merged.sections["container_sums"][:, 0], both.sections["container_sums"][:, 0])
    assert (merged.sections["container_sums"][:, 1] <= both.sections["container_sums"][:, 1]).all()
    again = parts[0].merge(parts[0])
    assert all(np.array_equal(again.sections[name], parts[0].sections[name]) for name in SECTIONS)
    pruned = both.prune(drop=["b.example"])
    alone = SiteMemory.learn(whole, min_pages=1)
    assert all(np.array_equal(pruned.sections[name], alone.sections[name]) for name in SECTIONS)


def test_texts_have_no_containers() -> None:
    assert not len(SiteMemory.learn(corpus(), min_pages=1).sections["containers"])
