from __future__ import annotations

import json

import pytest

from cleaner.bench.floors import Finding, check, load, update
from cleaner.cli import main
from cleaner.errors import DataError

CASE = """# url: https://one.example/
# lang: en

- Skip to main content
  The ferry company will run two extra boats on Sundays from the first of May until the end of September.
  Tickets cost the same as before, and dogs still travel for nothing on the upper deck of both boats.
- © 2024 The Paper. All rights reserved.
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "a.diff").write_text(CASE)
    return tmp_path / "floors.json"


def test_floors_are_set_checked_and_kept(file):
    assert all(finding.risen and not finding.dropped for finding in update(file, ["gold"]))
    assert {finding.name for finding in check(file)} >= {"removed", "kept", "gain", "harmed", "perfect"}
    assert not any(finding.dropped for finding in check(file))


def test_a_dropped_figure_fails_and_is_lowered_only_on_request(file, capsys):
    update(file, ["gold"])
    data = json.loads(file.read_text())
    data["sets"]["gold"]["floors"]["gain"] = 0.9
    file.write_text(json.dumps(data))
    assert main(["floors", "--file", str(file)]) == 1
    assert "DROPPED" in capsys.readouterr().out
    assert main(["floors", "raise", "--file", str(file)]) == 1
    assert load(file)["sets"]["gold"]["floors"]["gain"] == 0.9
    assert main(["floors", "raise", "--lower", "--file", str(file)]) == 0
    assert main(["floors", "check", "--file", str(file)]) == 0


def test_harm_may_not_rise():
    assert Finding("x", "harmed", 0.2, 0.1).dropped
    assert not Finding("x", "harmed", 0.05, 0.1).dropped
    assert Finding("x", "kept", 0.9, 0.95).dropped


def test_changed_data_are_told(file):
    update(file, ["gold"])
    (file.parent / "gold" / "b.diff").write_text(CASE)
    with pytest.raises(DataError, match="the data changed"):
        check(file)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ('{"format": 2}', 'expected an object with "format": 1'),
        ('{"format": 1, "sets": {"g": {}}}', "expected fields 'digest' and 'floors'"),
        (
            '{"format": 1, "sets": {"g": {"digest": "x", "floors": {"luck": 1}}}}',
            "floor 'luck': expected a number for one of",
        ),
    ],
)
def test_wrong_files_are_told(tmp_path, text, told):
    (tmp_path / "floors.json").write_text(text)
    with pytest.raises(DataError, match=told):
        load(tmp_path / "floors.json")
