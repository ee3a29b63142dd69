"""Learning counts different pages, forgets nothing that recurs, and gives the same bytes whatever the order."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import pytest

from cleaner import SiteMemory
from cleaner.errors import ConfigError, IndexMismatch, RecordError
from cleaner.memory import learn as learning
from cleaner.memory.corpus import LearnPlan, learn_files
from cleaner.records.fields import Fields
from tests.memory.pages import corpus, page

RECORDS = corpus()


def shown(memory: SiteMemory, url: str) -> dict[str | None, int]:
    return {line.text: line.pages for line in memory.lines(memory.find(url))}


@pytest.fixture(scope="module")
def memory() -> SiteMemory:
    return SiteMemory.learn(RECORDS)


def test_what_recurs_is_known_with_counts_zones_and_texts(memory: SiteMemory) -> None:
    index = memory.find("http://gazette1.example/anything")
    assert memory.site_at(index).pages == 8
    lines = memory.lines(index)
    assert {line.pages for line in lines} == {8}
    assert len(lines) == 5
    zones = {line.text: line.zones for line in lines}
    assert zones["Front of gazette1.example"] == {"head": 8}
    assert zones["The gazette1.example tower"] == {"tail": 8}
    assert any(text and text.startswith("Weather") for text in zones), "numbers are folded"
    below = {line.text: line.below for line in lines}
    assert below["Front of gazette1.example"] == 1
    assert below["The gazette1.example tower"] == 0


def test_how_much_prose_stands_below_a_line_is_added_up_page_by_page() -> None:
    """A page that shows a line twice has below it what stands below the last one; a page read twice counts once."""
    prose = " ".join(["The ferry waits for the orchard and the council."] * 6)
    shapes = (("Read on", *range(4)), (0, "Read on", 1, "Read on", 2, 3), (0, 1, "Read on"), (0, 1, 2, "Read on"))
    records = []
    for number, shape in enumerate(shapes):
        lines = [f"{'abcd'[part]}{'klmn'[number]} {prose}" if isinstance(part, int) else part for part in shape]
        records.append({"url": f"https://parts.example/{number}", "text": "\n".join(lines)})
    (line,) = SiteMemory.learn([*records, records[1]]).lines(0)
    assert line.pages == 4
    assert line.below == pytest.approx((15 + 8 + 0 + 0) / 15 / 4), "in fifteenths, rounded up"


def test_sites_are_kept_apart(memory: SiteMemory) -> None:
    assert [site.name for site in memory.sites()] == [f"gazette{n}.example" for n in range(3)]
    assert not set(shown(memory, "//gazette0.example")) & {"Front of gazette1.example"}
    assert memory.find("https://elsewhere.example/") == -1


def test_records_without_a_url_teach_nothing() -> None:
    bare = [{"text": record["text"]} for record in RECORDS]
    assert len(SiteMemory.learn(bare)) == 0
    assert len(SiteMemory.learn([{"text": "a", "url": 7}, {"url": "https://a.example"}, {}])) == 0


def test_copies_and_reposts_count_once() -> None:
    first = page("paper.example", 1)
    copy = {**first, "url": "https://paper.example/print/1"}
    lines = first["text"].split("\n")
    repost = {"url": "https://paper.example/again", "text": "\n".join([*lines[:-1], "One more line", lines[-1]])}
    other = page("paper.example", 2)
    memory = SiteMemory.learn([first, first, copy, repost, other])
    assert memory.site_at(0).pages == 2
    assert set(shown(memory, first["url"]).values()) == {2}


def test_the_order_does_not_matter(tmp_path: Path) -> None:
    SiteMemory.learn(RECORDS).save(tmp_path / "a")
    mixed = [*RECORDS, *RECORDS[:5]]
    random.Random(3).shuffle(mixed)
    SiteMemory.learn(mixed).save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("rows", [1, 1 << 20])
def test_a_page_with_two_texts_shows_the_same_one_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Lines are known by how they begin, so pages may be one although their lines end in other ways."""
    monkeypatch.setattr(learning, "_RUN_ROWS", rows)
    footer = " ".join(f"word{number}" for number in range(16))
    forms = [
        {**record, "text": f"{record['text']}\n{footer} {end}"}
        for record in (page("gazette.example", number) for number in range(3))
        for end in ("ends", "begins")
    ]
    for number, records in enumerate((forms, forms[::-1])):
        source = tmp_path / f"{number}.jsonl"
        source.write_text("".join(json.dumps(record) + "\n" for record in records))
        learn_files(LearnPlan(inputs=[str(source)], output=str(tmp_path / f"out{number}"), batch_bytes=500), Fields())
    assert (tmp_path / "out0").read_bytes() == (tmp_path / "out1").read_bytes()
    assert f"{footer} begins" in shown(SiteMemory.load(tmp_path / "out0"), forms[0]["url"])


@pytest.mark.parametrize(("jobs", "rows", "batch"), [(1, 100, 1000), (2, 64, 3000), (1, 1 << 21, 300_000)])
def test_files_workers_and_spills_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, rows: int, batch: int
) -> None:
    monkeypatch.setattr(learning, "_RUN_ROWS", rows)
    monkeypatch.setattr("cleaner.memory.build._RANGE_ROWS", rows)
    monkeypatch.setattr("cleaner.memory.build._RANGE_PAGES", 7)
    monkeypatch.setattr(learning, "STEP", 3)
    mixed = list(RECORDS)
    random.Random(jobs).shuffle(mixed)
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.jsonl")
        files[-1].write_text("".join(json.dumps(record) + "\n" for record in mixed[number::3]))
    plan = LearnPlan(inputs=[str(file) for file in files], output=str(tmp_path / "out"), jobs=jobs, batch_bytes=batch)
    learned = learn_files(plan, Fields())
    SiteMemory.learn(RECORDS).save(tmp_path / "library")
    assert (learned.pages, learned.sites) == (24, 3)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "library").read_bytes()
    assert not (tmp_path / "out.work").exists()


def test_an_interrupted_run_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "_RUN_ROWS", 50)
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    plan = LearnPlan(inputs=[str(source)], output=str(tmp_path / "out"), batch_bytes=4000)
    seen = 0
    original = learning.PageLearner.__call__

    def breaks_off(self: learning.PageLearner, *args: object) -> learning.Piece:
        nonlocal seen
        seen += 1
        if seen == 5:
            raise KeyboardInterrupt
        return original(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(learning.PageLearner, "__call__", breaks_off)
        with pytest.raises(KeyboardInterrupt):
            learn_files(plan, Fields())
    seen = -1000
    read: list[int] = []
    monkeypatch.setattr(learning.PageLearner, "__call__", lambda self, *args: read.append(len(args[0])) or original(self, *args))
    assert learn_files(plan, Fields()).pages == 24
    assert 0 < sum(read) < 24, "what was on disk was not read again"
    SiteMemory.learn(RECORDS).save(tmp_path / "whole")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_memory_pickles_and_opens(memory: SiteMemory, tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    memory.save(path)
    opened = SiteMemory.load(path)
    assert len(pickle.dumps(opened)) < 1000, "only the path travels"
    for other in (opened, pickle.loads(pickle.dumps(opened)), pickle.loads(pickle.dumps(memory))):
        assert other.digest == memory.digest
        assert shown(other, "//gazette2.example") == shown(memory, "//gazette2.example")


def test_merging_adds_up_and_does_not_count_pages_twice(memory: SiteMemory, tmp_path: Path) -> None:
    halves = [SiteMemory.learn(RECORDS[part::2], min_pages=1) for part in range(2)]
    merged = halves[0].merge(halves[1])
    assert {site.pages for site in merged.sites()} == {8}
    pruned = merged.prune(min_pages=2)
    assert pruned.sections["keys"].tolist() == memory.sections["keys"].tolist()
    assert pruned.sections["counts"].tolist() == memory.sections["counts"].tolist()
    halves[1].merge(halves[0]).save(tmp_path / "b")
    merged.save(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = memory.merge(memory)
    assert shown(again, "//gazette0.example") == shown(memory, "//gazette0.example")
    assert [site.pages for site in again.sites()] == [site.pages for site in memory.sites()]
    assert again.sections["counts"].tolist() == memory.sections["counts"].tolist(), "and what stands below a line is the mean"


def test_pruning(memory: SiteMemory) -> None:
    assert [site.name for site in memory.prune(drop=["gazette1.example"]).sites()] == ["gazette0.example", "gazette2.example"]
    assert len(memory.prune(min_site_pages=9)) == 0
    left = memory.prune(drop=["gazette1.example"])
    assert shown(left, "//gazette2.example") == shown(memory, "//gazette2.example")


def test_errors(memory: SiteMemory, tmp_path: Path) -> None:
    (tmp_path / "no").write_bytes(b"something else")
    with pytest.raises(RecordError):
        SiteMemory.load(tmp_path / "no")
    with pytest.raises(RecordError, match="cannot be read"):
        SiteMemory.load(tmp_path / "missing")
    with pytest.raises(ConfigError, match="min_pages"):
        SiteMemory.learn([], min_pages=0)
    with pytest.raises(IndexMismatch, match="domain"):
        memory.merge(SiteMemory.learn(RECORDS, site="host"))
