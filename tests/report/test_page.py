"""The report in a real browser."""

from __future__ import annotations

import json
import random
import re
import tomllib

import pytest

from cleaner.edits import Edit, Result, apply
from cleaner.errors import ConfigError
from cleaner.packs.load import load_rules
from cleaner.report import page
from cleaner.report.collect import Collector
from tests.report.chromium import Chromium, executable

needs_browser = pytest.mark.skipif(executable() is None, reason="no Chromium on this machine")
WORDS = [
    "harbour",
    "bridge",
    "copper",
    "lantern",
    "ferry",
    "morning",
    "kettle",
    "winter",
    "orchard",
    "signal",
    "marble",
    "paper",
    "violet",
    "engine",
    "river",
]


def big_run(records: int = 10_000) -> Collector:
    """A run as large as a real one: ten thousand records, a few removals each, a thousand rules."""
    rng = random.Random(5)
    rules = [
        f"{lang}.pack{n % 7}/rule-{n}" for n in range(125) for lang in ("en", "de", "fr", "es", "ru", "zh", "ar", "it")
    ]
    out = Collector()
    for number in range(records):
        lines, edits, place = [], [], 0
        for _ in range(14):
            line = " ".join(rng.choices(WORDS, k=rng.randint(3, 22)))
            if rng.random() < 0.4:
                edits.append(Edit(place, place + len(line) + 1, rng.choice(rules), round(rng.uniform(0.6, 1), 2)))
            lines.append(line)
            place += len(line) + 1
        text = "\n".join(lines) + "\n"
        out.add(f"record-{number}", Result(apply(text, edits), tuple(edits), text), lang=rng.choice(["en", "de", "fr"]))
    return out


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "big.html"
    size = page.write(big_run(), path, title="A <big> run & more", rules=load_rules(languages=["en"]), seconds=3.5)
    assert size == path.stat().st_size
    return path


@pytest.fixture(scope="module")
def browser():
    one = Chromium(executable())
    yield one
    one.close()


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)[1])


def test_ten_thousand_records_fit_into_five_megabytes(big):
    assert big.stat().st_size <= 5_000_000
    data = data_of(big)
    assert len(data["rules"]) == 1000 and len(data["samples"]) == 1000
    assert data["totals"][0][1] == "10,000"


def test_nothing_is_loaded_from_anywhere(big):
    text = big.read_text(encoding="utf-8")
    head = text.partition('<script id="data"')[0]
    assert (
        not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", head) and "@import" not in head and "url(" not in head
    )
    assert "&lt;big&gt; run &amp; more" in head


def test_text_cannot_break_out_of_the_data(tmp_path):
    text = "</script><script>window.broken = 1</script> \u2028 \ud800 '''\nrest"
    out = Collector()
    out.add("</script>", Result("rest", (Edit(0, text.index("\n") + 1, "en.a/b", 1.0),), text))
    page.write(out, tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").count("</script>") == 2
    assert data_of(tmp_path / "r.html")["samples"]["en.a/b"][0][0] == "</script>"


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="the report cannot be written"):
        page.write(Collector(), tmp_path / "none" / "r.html")


def first_column(browser):
    return browser.js("[...document.querySelectorAll('#table tbody tr[data-id]')].map(tr => tr.dataset.id)")


@needs_browser
def test_it_is_ready_within_two_seconds_and_quiet(big, browser):
    seconds = browser.open(big.as_uri())
    assert seconds < 2
    assert browser.console == []
    assert [url for url in browser.requests if not url.startswith(("file:", "data:", "about:"))] == []
    assert browser.js("document.querySelector('h1').textContent") == "A <big> run & more"


@needs_browser
def test_sorting_and_filtering(big, browser):
    browser.open(big.as_uri())
    data = {rule["id"]: rule for rule in data_of(big)["rules"]}
    shown = first_column(browser)
    assert shown == sorted(data, key=lambda name: (-data[name]["chars"], name))[: len(shown)]
    browser.js("document.querySelector('th[data-field=edits] button').click()")
    assert first_column(browser)[0] == min(data, key=lambda name: (-data[name]["edits"], name))
    browser.js("document.querySelector('th[data-field=edits] button').click()")
    assert first_column(browser)[0] == min(data, key=lambda name: (data[name]["edits"], name))
    assert browser.js("document.querySelector('th[data-field=edits]').getAttribute('aria-sort')") == "ascending"
    browser.js("const f = document.getElementById('find'); f.value = 'pack3 de.'; f.dispatchEvent(new Event('input'))")
    wanted = [name for name in data if "pack3" in name and "de." in name]
    assert sorted(first_column(browser)) == sorted(wanted)
    assert browser.js("document.getElementById('count').textContent") == f"{len(wanted)} of 1000 rules"


@needs_browser
def test_samples_tooltips_and_verdicts_by_keyboard(big, browser):
    browser.open(big.as_uri())
    browser.js("document.querySelector('.name').focus()")
    browser.key("Enter")
    assert browser.js("document.querySelector('.name').getAttribute('aria-expanded')") == "true"
    rule = first_column(browser)[0]
    assert browser.js(f"!!document.querySelector('tr.detail del[data-rule=\"{rule}\"]')")
    for _ in range(3):  # accept, reject, then the first removal
        browser.key("Tab")
    assert browser.js("document.activeElement.tagName") == "DEL"
    assert browser.js(
        "!document.getElementById('tip').hidden && document.getElementById('tip').textContent"
    ) == browser.js("document.activeElement.dataset.tip")
    browser.key("a")
    assert browser.js("document.querySelector('.sample').dataset.verdict") == "accept"
    browser.js("document.querySelectorAll('.sample')[1].querySelector('.reject').click()")
    assert browser.js("document.getElementById('download').textContent") == "Download verdicts (2)"
    cases = tomllib.loads(browser.js("cleanerVerdicts()"))[rule]
    rows = cases["examples"][0].strip("\n").split("\n")
    assert any(row.startswith("- ") for row in rows) and all(row[:2] in ("- ", "  ") for row in rows)
    assert not re.search(r"^- ", cases["keeps"][0], re.M)
    browser.key("Escape")
    assert browser.js("document.getElementById('tip').hidden")


@needs_browser
def test_hovering_names_the_rule(big, browser):
    browser.open(big.as_uri())
    browser.size(1280, 900)
    browser.js("document.querySelector('.name').click(); document.querySelector('.sample').scrollIntoView()")
    browser.drawn()
    x, y = browser.js(
        "(() => { const r = document.querySelector('.sample del').getClientRects()[0]; return [r.left + 4, r.top + 4]; })()"
    )
    browser.move(1, 1)
    browser.move(x, y)
    browser.wait("!document.getElementById('tip').hidden")
    assert browser.js("document.getElementById('tip').textContent").startswith(
        browser.js("document.querySelector('.sample del').dataset.rule")
    )


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_it_without_scrolling_sideways(big, browser, tmp_path, dark):
    browser.size(390, 800, dark=dark)
    browser.open(big.as_uri())
    browser.js("document.querySelector('.name').click()")
    assert browser.js("document.documentElement.scrollWidth") <= 390
    paper = browser.js("getComputedStyle(document.body).backgroundColor")
    assert (int(re.search(r"\d+", paper)[0]) < 60) == dark
    browser.screenshot(tmp_path / "phone.png")
    assert (tmp_path / "phone.png").read_bytes().startswith(b"\x89PNG")
    browser.size(1280, 900)
    assert browser.console == []


def test_a_run_of_less_than_a_second_says_nothing_about_speed(tmp_path):
    for seconds, told in ((0.4, False), (3.5, True)):
        page.write(big_run(), tmp_path / "report.html", seconds=seconds)
        assert ("characters per second" in (tmp_path / "report.html").read_text(encoding="utf-8")) is told
