from __future__ import annotations

import json

import numpy as np
import pytest

from cleaner.engine import Cleaner
from cleaner.errors import RuleError
from cleaner.judge.limits import no_limits, read_limits
from cleaner.packs.schema import CLASSES, Rule

LINE = "The council met on Tuesday and spoke about the new bridge for three hours, as it had in May."
TEXT = f"A first paragraph that nobody would take for anything else, whatever it says.\n{LINE}\n"


def weights(tmp_path, **header):
    """Weights that call every line text, with log-odds of -2."""
    calm = {"depth": 1, "bias": -2048, "trees": [{"asks": [["length", 0]], "leaves": [0, 0]}]}
    path = tmp_path / "w.json"
    path.write_text(json.dumps({"format": 1, "header": {"cut": 1000, **header}, "first": calm, "second": calm}))
    return path


def rule(strength: str) -> Rule:
    return Rule(id="en.own/council", cls="legal", at="start", strength=strength, phrases=("the council met",))


@pytest.mark.parametrize(
    ("strength", "veto", "goes"),
    [
        ("alone", None, True),
        ("alone", -512, False),
        ("alone", {"legal": -512}, False),
        ("alone", {"default": -512, "legal": -3000}, True),
        ("alone", {"related": -512}, True),
        ("always", -512, True),
        ("firm", None, False),
    ],
)
def test_measures_may_overrule_a_strong_rule(tmp_path, strength, veto, goes):
    file = weights(tmp_path, **({} if veto is None else {"veto": veto}))
    found = Cleaner(rules=[rule(strength)], weights=file).clean(TEXT)
    assert found.text == (TEXT.replace(LINE + "\n", "") if goes else TEXT)


@pytest.mark.parametrize(("large", "strength", "goes"), [(400, "alone", False), (600, "alone", True), (400, "always", True)])
def test_a_large_part_of_a_text_does_not_go_because_of_one_strong_rule(tmp_path, large, strength, goes):
    """The line is little more than half of its text."""
    found = Cleaner(rules=[rule(strength)], weights=weights(tmp_path, large=large)).clean(TEXT)
    assert (LINE not in found.text) is goes


@pytest.mark.parametrize(
    ("large", "goes"),
    [(100, False), ({"body": 100, "but": {"repeats": ["exact"]}}, True), ({"body": 100, "chars": 2000}, True)],
)
def test_rules_of_detectors_may_decide_on_large_lines(tmp_path, large, goes):
    twice = f"{TEXT}{LINE}\n"
    found = Cleaner(weights=weights(tmp_path, large=large)).clean(twice)
    assert found.text == (TEXT if goes else twice)


def test_a_large_line_goes_where_its_score_passes_the_cut(tmp_path):
    found = Cleaner(rules=[rule("alone")], weights=weights(tmp_path, large=0, cut=-3000)).clean(TEXT)
    assert LINE not in found.text


def test_without_weights_nothing_overrules(tmp_path):
    assert LINE not in Cleaner(rules=[rule("alone")], weights=False).clean(TEXT).text
    assert (no_limits().veto < -(2**29)).all()


def test_a_cut_follows_the_share_of_boilerplate():
    limits = read_limits({"cut": [[64, 2000], [192, 1000]]}, "w.json")
    share = np.array([0, 64, 128, 192, 255], np.uint8)
    few = np.zeros(5, np.int64)
    assert limits.of_rows(share, few).tolist() == [2000, 2000, 1500, 1000, 1000]
    assert (np.diff(limits.cuts) <= 0).all()
    assert not limits.constant
    assert limits.moved(-100).of_rows(share, few).tolist() == [1900, 1900, 1400, 900, 900]
    assert limits.asked_for(0.5).of_rows(share, few).tolist() == [0] * 5


def test_the_cut_is_higher_in_texts_of_which_many_lines_are_uncertain():
    doubt = {"within": 2000, "usual": 250, "slope": 2000, "bounds": [-400, 1000]}
    limits = read_limits({"cut": 2000, "doubt": doubt}, "w.json")
    assert limits.doubt is not None
    uncertain, rows = np.array([0, 1, 2, 4]), np.array([4, 4, 4, 4])
    assert limits.doubt.of_rows(uncertain, rows).tolist() == [-400, 0, 500, 1000]
    assert not limits.constant
    assert limits.asked_for(0.5).constant


@pytest.mark.parametrize(("doubt", "goes"), [(None, True), ([0, 500], True), ([0, 5000], False)])
def test_a_line_stays_where_all_lines_are_uncertain(tmp_path, doubt, goes):
    """Every line has log-odds of -2, three above the cut of -5."""
    more = {"doubt": {"within": 3000, "usual": 0, "slope": 9000, "bounds": doubt}} if doubt else {}
    found = Cleaner(rules=[rule("firm")], weights=weights(tmp_path, cut=-5 * 1024, **more)).clean(TEXT)
    assert (LINE not in found.text) is goes


def test_texts_with_many_lines_of_boilerplate_have_a_cut_of_their_own():
    limits = read_limits({"cut": 2000, "pages": {"rows": 32, "cut": [[100, 1500], [200, 0]]}}, "w.json")
    share, rows = np.array([200, 200, 100], np.uint8), np.array([31, 32, 500])
    assert limits.of_rows(share, rows).tolist() == [2000, 0, 1500]
    assert not limits.constant
    assert limits.moved(10).of_rows(share, rows).tolist() == [2010, 10, 1510]
    assert limits.asked_for(0.5).constant


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({}, "'cut' is missing"),
        ({"cut": "high"}, "field 'cut': expected a whole number or pairs"),
        ({"cut": [[10, 5], [5, 10]]}, "rising shares"),
        ({"cut": [[0, 5], [256, 10]]}, "share 0..255"),
        ({"cut": 1, "veto": {"legals": 3}}, "'legals' is no class of rules"),
        ({"cut": 1, "doubt": 3}, "field 'doubt': expected whole numbers"),
        ({"cut": 1, "doubt": {"within": 1, "usual": 2, "slope": 3, "bounds": [4]}}, "field 'doubt': expected whole numbers"),
        ({"cut": 1, "pages": 32}, "field 'pages': expected 'rows', a number of lines, and 'cut'"),
        ({"cut": 1, "pages": {"rows": 9, "cut": "low"}}, "field 'pages.cut': expected a whole number or pairs"),
        ({"cut": 1, "large": 0.06}, "field 'large': expected thousandths of a body"),
        ({"cut": 1, "large": {"body": 60, "but": ["exact"]}}, "names of rules per detector"),
        ({"cut": 1, "large": {"part": 60}}, "field 'large': expected thousandths of a body"),
        ({"cut": 1, "large": 1001}, "field 'large': expected thousandths of a body"),
        ({"cut": 1, "veto": 0.5}, "field 'veto': expected a whole number or a table"),
    ],
)
def test_errors_name_the_field(header, message):
    with pytest.raises(RuleError, match=message):
        read_limits(header, "w.json")


def test_the_veto_is_per_class():
    limits = read_limits({"cut": 5, "veto": {"default": -7, "repeat": -9}}, "w.json")
    assert limits.veto[CLASSES.index("repeat")] == -9
    assert limits.veto[CLASSES.index("legal")] == -7
    assert limits.cut == 5


@pytest.mark.parametrize("cut", [1755, [[0, 2200], [200, 900]], [[16, 2000], [64, 1900], [255, 300]]])
def test_limits_return_as_they_were_written(cut):
    pages = {"rows": 24, "cut": [[0, 1000], [255, -200]]}
    doubt = {"within": 2000, "usual": 250, "slope": 2000, "bounds": [-400, 1000]}
    large = {"body": 60, "chars": 40, "but": {"repeats": ["exact", "near"]}}
    limits = read_limits({"cut": cut, "veto": {"default": -512, "repeat": -4096}, "large": large, "pages": pages, "doubt": doubt}, "w.json")
    again = read_limits(limits.as_header(), "w.json")
    assert (again.page_cuts == limits.page_cuts).all()
    assert (again.large, again.page_rows) == (60, 24)
    assert (again.as_header()["large"], again.as_header()["doubt"]) == (large, doubt)
    assert "large" not in read_limits({"cut": cut}, "w.json").as_header()
    assert (again.cuts == limits.cuts).all()
    assert (again.veto == limits.veto).all()
    assert limits.as_header()["veto"] == {"default": -512, "repeat": -4096}
