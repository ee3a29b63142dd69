from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import cleaner
from cleaner.bench.compare import compare, contestant, run_pages, run_texts, score_page
from cleaner.bench.labelled import Info, LabelledPage
from cleaner.bench.peers import TEXT_PEERS
from cleaner.cli import main
from cleaner.errors import ConfigError
from tests.bench.made import documents

ROOT = Path(cleaner.__file__).resolve().parent.parent


def test_a_cleaner_against_one_that_does_nothing():
    items = documents(6, 2)
    runs = [run_texts(contestant(spec), items) for spec in ("peer:nothing", "current")]
    found = compare(runs[0], runs[1], items)
    value, low, high = found.differences["gain"]
    assert value > 0 and low <= value <= high
    better, worse, same = found.counts
    assert better > 6 and better + worse + same == 12
    assert (len(found.better), len(found.worse)) == (better, worse)
    assert any(piece.rule for piece in found.better[0].other) and not any(piece.rule for piece in found.better[0].one)
    assert [row[0] for row in found.rows()][-2:] == ["M characters/s", "documents"]
    same = compare(runs[1], run_texts(contestant("current"), items), items)
    assert same.counts == (0, 0, 12) and same.differences["gain"] == (0, 0, 0)


def test_line_filters():
    assert TEXT_PEERS["exact-lines"]("Menu\nText\nmenu ", "en") == "Menu\nText"
    assert TEXT_PEERS["c4"]("Menu\nA whole sentence that ends well.\nThis site uses cookies to work well.", "en") == (
        "A whole sentence that ends well."
    )
    assert TEXT_PEERS["refinedweb"]("HOME PAGE\n12 comments\nA quiet day\nSign in here\nWord", "en") == "A quiet day"


def test_another_version_runs_in_a_process_of_its_own():
    items = documents(2, 1)
    runs = [run_texts(contestant(spec), items) for spec in (f"checkout:{ROOT}", "current")]
    assert compare(runs[0], runs[1], items).counts == (0, 0, 2)


def test_pages():
    page = LabelledPage(Info(id="p", site="s"), "<p>Hello there</p>", "Hello there", ("Hello",), ("Menu",))
    perfect, empty = score_page(page, "Hello  there"), score_page(page, "")
    assert perfect.tolist() == [1, 1, 1, 1, 1, 1, 1, 0]
    assert empty.tolist() == [1, 1, 0, 1, 0, 1, 1, 1]
    pytest.importorskip("inscriptis")
    run = run_pages(contestant("peer:inscriptis"), [page])
    assert run.rows[0][2] == 1


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("nowhere", "expected `current`, a folder of rules"),
        ("peer:somebody", "expected one of c4"),
        ("checkout:/nowhere", "expected a checkout"),
    ],
)
def test_unknown_cleaners_are_told(spec, told):
    with pytest.raises(ConfigError, match=told):
        contestant(spec)


def test_a_version_that_fails_is_told():
    with pytest.raises(ConfigError, match="cannot be run"):
        run_texts(contestant("python:/nowhere/python"), documents(1, 1))


def test_texts_and_pages_are_not_mixed_up():
    with pytest.raises(ConfigError, match="cleans texts only"):
        run_pages(contestant("peer:c4"), [])


def write_data(tmp_path):
    lines = []
    for item in documents(4, 2):
        rows = [{"t": t, "y": y} for t, y in zip(item.text.split("\n"), item.labels, strict=True)]
        lines.append(
            json.dumps({"id": item.info.id, "url": item.info.url, "lang": "en", "kind": "news", "lines": rows})
        )
    (tmp_path / "data.jsonl").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "data.jsonl")


def test_the_command_line(tmp_path, capsys):
    data = write_data(tmp_path)
    report, figures = tmp_path / "r.html", tmp_path / "f.json"
    assert main(["bench", "current", "peer:c4", "--data", data, "--report", str(report), "--json", str(figures)]) == 0
    assert "gain" in capsys.readouterr().out
    assert json.loads(figures.read_text())[0]["names"] == ["current", "peer:c4"]
    assert report.stat().st_size > 10_000
    assert main(["bench", "--data", data, "-j", "1", "--report", str(report), "--top", "3"]) == 0
    assert "8 documents of 4 sites" in capsys.readouterr().out
    assert main(["bench", "current", "--data", data]) == 2
    assert main(["bench", "--data", str(tmp_path / "none.jsonl")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_mining_and_tuning_by_command(tmp_path, capsys):
    data = write_data(tmp_path)
    assert main(["mine", "--data", data, "-o", str(tmp_path / "packs"), "--top", "5"]) == 0
    assert (tmp_path / "packs" / "en" / "mined.toml").read_text().count("[[rules]]") == 5
    assert main(["tune", "--data", data, "--folds", "1"]) == 2
    assert "--folds: expected at least 2" in capsys.readouterr().err
    pytest.importorskip("catboost")
    output = tmp_path / "w.json"
    few = ["--trees", "8", "--depth", "3", "--folds", "2"]
    assert main(["tune", "--data", data, "-o", str(output), "--hand", *few]) in (0, 1)
    assert main(["tune", "--data", data, "-o", str(output), "--force", *few]) == 0
    written = output.read_bytes()
    header = json.loads(written)["header"]
    assert {"version", "made", "data", "cut", "scores", "gained", "settings"} <= header.keys()
    assert main(["tune", "--data", data, "-o", str(output), *few]) == 1, "the same data gain nothing over themselves"
    assert output.read_bytes() == written
    assert sys.modules["catboost"]


@pytest.mark.parametrize("option", ["--rules", "--packs", "--weights"])
def test_what_only_single_rules_take_is_refused_for_cleaners(option, tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    assert main(["bench", "current", "current", "--data", str(data), option, str(tmp_path)]) == 2
    assert f"{option}: is for scoring single rules" in capsys.readouterr().err


def test_packs_are_refused_for_pages(tmp_path, capsys):
    assert main(["tune", "--data", str(Path(__file__).parents[2] / "benchmarks/gold/html"), "--packs", str(tmp_path)]) == 2
    assert "--packs: is for texts" in capsys.readouterr().err
