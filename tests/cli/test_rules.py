"""`cleaner rules` and `cleaner explain`, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cleaner.cli import main

HARBOUR = Path(__file__).resolve().parents[2] / "examples" / "harbour.txt"


def test_lists_and_narrows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    every = capsys.readouterr().out.splitlines()
    assert main(["rules", "en.related"]) == 0
    some = capsys.readouterr().out.splitlines()
    assert len(every) > 1000
    assert 2 < len(some) < len(every)
    assert all(line.startswith("en.related/") for line in some)


def test_explains_one_rule_with_its_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "common.page/pull-quote"]) == 0
    shown = capsys.readouterr().out
    for part in ("common.page/pull-quote", "detector", "removes:", "leaves alone:", "pull quote"):
        assert part in shown


def test_json_has_a_rule_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "share", "--json"]) == 0
    rules = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {rule["class"] for rule in rules} == {"share"}


def test_an_unknown_name_gets_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "en.relatd"]) == 2
    assert "no rule, class or pack 'en.relatd'" in capsys.readouterr().err


def test_check_names_file_rule_and_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = tmp_path / "my" / "site.toml"
    pack.parent.mkdir()
    body = (
        '[pack]\nschema = 1\nid = "my.site"\nlanguage = "my"\nsummary = "mine"\n[[rules]]\nid = "crest"\nclass = "promo"\n'
        'at = "start"\nphrases = ["printed under the crest"]\nwhy = "Our printer."\nkeeps = ["  A crest."]\n'
    )
    pack.write_text(body + 'examples = ["- Printed under the crest of Elm"]\n', encoding="utf-8")
    assert main(["rules", "check", str(pack)]) == 0
    assert "1 rules checked, 0 failures" in capsys.readouterr().err
    pack.write_text(body + 'examples = ["- Painted under the crest of Elm"]\n', encoding="utf-8")
    assert main(["rules", "check", str(pack)]) == 2
    out = capsys.readouterr().out
    assert str(pack) in out
    assert "'my.site/crest'" in out
    assert "'examples'" in out


def test_explain_marks_what_goes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(HARBOUR), "--color", "never"]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert any(line.startswith("- You may also like") for line in lines)
    assert any(line.startswith("  What happens next") for line in lines)
    assert any("en.related/related-heading" in line for line in lines)
    assert "characters" in captured.err


def test_explain_shows_the_strongest_votes_and_all_of_them_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(HARBOUR), "--color", "never"]) == 0
    short = capsys.readouterr().out
    assert "more votes" in short
    assert main(["explain", str(HARBOUR), "--color", "never", "--votes"]) == 0
    whole = capsys.readouterr().out
    assert "more votes" not in whole
    assert len(whole) > len(short)


def test_explain_only_what_goes_without_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(HARBOUR), "--gone", "--no-why"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("- ") for line in lines)


def test_explain_tells_where_pages_are_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "a.html"
    page.write_bytes(b"\xef\xbb\xbf\n<!DOCTYPE html><p>The ferry is back.</p>")
    assert main(["explain", str(page)]) == 0
    assert "`cleaner html --explain`" in capsys.readouterr().err
    assert main(["explain", str(HARBOUR)]) == 0
    assert "cleaner html" not in capsys.readouterr().err


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "no-such-page.txt"]) == 3
    assert "no-such-page.txt" in capsys.readouterr().err
