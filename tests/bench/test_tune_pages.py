"""Labels of blocks, and fitting their weights on made-up pages of many sites."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from cleaner.bench.labelled import Info, LabelledPage, are_pages
from cleaner.bench.page_labels import PageKey
from cleaner.bench.tune_pages import PageSettings, figures, fit_pages, judged, page_lesson, settings_of
from cleaner.cli import main
from cleaner.errors import DataError
from tests.bench.made import sentence

SMALL = PageSettings(forests=2, trees=15, depth=3, folds=3, threads=1, measures=0.5, lines=1.0)


def page(number: int, site: int, **more) -> dict:
    rng = random.Random(f"{site}/{number}")
    body = [" ".join(sentence(rng) for _ in range(3)) for _ in range(rng.randint(3, 6))]
    html = (
        "<body><nav><ul><li><a href=/>Home</a><li><a href=/n>Notices</a><li><a href=/b>Boats</a></ul></nav><main><h1>"
        f"Notice {number}</h1>{''.join(f'<p>{text}</p>' for text in body)}</main><aside><h3>Popular</h3><ul>"
        + "".join(f"<li><a href=/{n}>{sentence(rng)[:30]}</a>" for n in range(4))
        + f"</ul></aside><footer><p>Paper {site}, {rng.randint(1, 99)} Quay Street</p></footer></body>"
    )
    record = {"id": f"p{site}-{number}", "html": html, "url": f"https://paper{site}.example/{number}", "kind": "article"}
    return {**record, "text": "\n".join([f"Notice {number}", *body]), **more}


def key(lines: list[str], gold: str | None, **snippets) -> PageKey:
    return PageKey.of(LabelledPage(Info(id="x"), "<p>", gold, **snippets), lines)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "made.jsonl"
    path.write_text("".join(json.dumps(page(number, site)) + "\n" for site in range(12) for number in range(2)))
    return path


@pytest.fixture(scope="module")
def told(data):
    from cleaner.bench.labelled import read_pages

    return page_lesson(read_pages([data]), SMALL)


def test_words_are_lined_up_in_order():
    lines = ["Boats", "The boats leave at noon", "Boats of other harbours", "They come back at night, says the crew"]
    found = key(lines, "The boats leave at noon. They come back at night")
    assert found.wanted.round(2).tolist() == [0, 1, 0, 0.62]
    keep = np.array([False, True, False, True])
    assert found.f1(keep) == pytest.approx(20 / (13 + 10))
    assert found.f1(np.zeros(4, bool)) == 0.0


def test_lines_in_another_place_are_found():
    lines = ["One two three four five six", "seven eight nine ten", "eleven twelve thirteen"]
    found = key(lines, "eleven twelve thirteen one two three four five six seven eight nine ten")
    assert found.wanted.tolist() == [1, 1, 1]


def test_a_copy_is_wanted_only_once():
    lines = ["A row of lime trees", "Two brass bells", "A row of lime trees"]
    assert sorted(key(lines, "A row of lime trees. Two brass bells").wanted.tolist()) == [0, 1, 1]


def test_nothing_to_take_is_right_where_nothing_is_wanted():
    found = key(["Please enable scripts"], "")
    assert found.f1(np.array([False])) == 1.0 and found.f1(np.array([True])) == 0.0


def test_snippets_label_the_lines_they_are_in():
    lines = ["The boats leave at noon", "Subscribe today", "Something else"]
    found = key(lines, None, wanted=("boats  leave",), unwanted=("Subscribe today",))
    assert found.wanted[:2].tolist() == [1, 0] and np.isnan(found.wanted[2])
    assert found.snippets(np.array([True, True, False])) == (1, 1, 0)
    assert found.snippets(np.array([False, False, True])) == (0, 0, 1)


def test_long_texts_line_up_like_a_plain_table_says():
    from cleaner.bench.align_kernel import longest_common

    rng = np.random.default_rng(4)
    for n, m, known in ((40, 70, 5), (130, 64, 9), (65, 200, 40)):
        words, gold = (rng.integers(0, known, size).astype(np.int32) for size in (n, m))
        table = np.zeros((n + 1, m + 1), int)
        for i in range(n):
            for j in range(m):
                same = words[i] == gold[j]
                table[i + 1, j + 1] = table[i, j] + 1 if same else max(table[i, j + 1], table[i + 1, j])
        hit, used = np.zeros(n, bool), np.zeros(m, bool)
        longest_common(words, gold, known, hit, used)
        assert words[hit].tolist() == gold[used].tolist()
        assert hit.sum() == table[n, m]


def test_fitted_weights_find_the_text_on_sites_they_have_not_seen(told):
    pytest.importorskip("catboost")
    fitted = fit_pages(told, SMALL)
    found = figures(told, fitted.held)
    everything = figures(told, np.full(int(told.first[-1]), -9999, np.int32))
    assert found.overall(told.keys) > 0.97 > everything.overall(told.keys)
    assert list(found.by_group(told.keys)) == ["made"]
    assert figures(told, judged(told, fitted.whole)).overall(told.keys) > 0.97
    again = fit_pages(told, SMALL)
    assert json.dumps(fitted.whole) == json.dumps(again.whole) and (fitted.held == again.held).all()


def test_addresses_are_hidden_from_the_forests_as_often_as_asked_for(told):
    pytest.importorskip("catboost")
    # As if the pages of one collector, who wants nothing, were the only ones with an address.
    place = told.names.index("sign_url_docs")
    odd = told.per_line(np.arange(len(told.keys)) % 2)
    values = told.values.copy()
    values[place] = odd
    taught = replace(told, values=values, gone=np.where(odd == 1, 1.0, told.gone))
    none, all_ = (fit_pages(taught, replace(SMALL, hidden=share)) for share in (0.0, 1.0))
    assert (none.held != none.unaddressed).any() and (all_.held == all_.unaddressed).all()
    asked = {name for look in ("first", "second") for tree in all_.whole[look]["trees"] for name, _ in tree["asks"]}
    assert not any(name.startswith("sign_url_") for name in asked)


def test_no_site_is_on_both_sides(told):
    folds = {key.item.info.site: fold for key, fold in zip(told.keys, told.fold.tolist(), strict=True)}
    assert len(folds) == 12 and len(set(folds.values())) == 3
    assert all(folds[key.item.info.site] == fold for key, fold in zip(told.keys, told.fold.tolist(), strict=True))


def test_the_command_writes_once_and_refuses_what_gains_nothing(data, tmp_path, capsys):
    pytest.importorskip("catboost")
    output = tmp_path / "w.json"
    call = ["tune", "--data", str(data), "-o", str(output), "--trees", "8", "--depth", "3", "--threads", "1"]
    assert main(call) == 0
    header = json.loads(output.read_text())["header"]
    assert header["scores"]["made"] == header["scores"]["overall"] > 0.9 and header["data"] and header["made"]
    assert header["named"]["prose"] > 0  # set by people, and in the shipped weights
    before = output.read_bytes()
    assert main(call) == 1
    assert output.read_bytes() == before
    assert "nothing gained" in capsys.readouterr().err


def test_weights_of_another_reading_are_fitted_anew_to_compare(data, tmp_path, capsys):
    pytest.importorskip("catboost")
    output = tmp_path / "w.json"
    call = ["tune", "--data", str(data), "-o", str(output), "--trees", "8", "--depth", "3", "--folds", "3", "--threads", "1"]
    assert main(call) == 0
    written = json.loads(output.read_text())
    claimed = {**written["header"], "lines": "of another reading", "scores": {"overall": 2.0}}
    output.write_text(json.dumps({**written, "header": claimed}))
    assert main([*call, "--dry-run"]) == 0
    told = capsys.readouterr()
    assert "fitted anew to compare" in told.err
    mean = written["header"]["scores"]["overall"]
    assert f"current weights {mean:.4f}: +0.0000" in told.out


def test_settings_of_a_header_are_held_out_by_the_folds_of_this_run():
    found = settings_of({"settings": {"trees": 8, "second_forests": 1, "folds": 10, "gone": 3}}, SMALL)
    assert (found.trees, found.second_forests, found.folds, found.threads) == (8, 1, SMALL.folds, SMALL.threads)


def test_texts_and_pages_do_not_mix(data, tmp_path):
    other = tmp_path / "texts.jsonl"
    other.write_text(json.dumps({"id": "a", "lines": [{"t": "x", "y": "keep"}]}) + "\n")
    with pytest.raises(DataError, match=r"texts\.jsonl: expected labelled pages"):
        are_pages([data, other])
    assert are_pages([data]) and not are_pages([other])


def test_a_page_that_is_none_is_named(tmp_path):
    item = LabelledPage(Info(id="p", place="d.jsonl:3"), "%PDF-1.7 x", "text")
    with pytest.raises(DataError, match=r"d\.jsonl:3: record 'p': html"):
        page_lesson([item], SMALL)
