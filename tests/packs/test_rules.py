"""Every shipped rule does what its own cases say, with all packs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleaner.errors import RuleError
from cleaner.packs.cases import check_rules
from cleaner.packs.load import load_rules, parse_pack, rules_root
from cleaner.packs.match import compile_rules
from cleaner.packs.schema import CLASSES

LANGUAGES = (
    ["en", "fr", "de", "es", "it", "pt", "nl", "pl", "ru", "uk", "cs", "sk", "ro", "hu", "bg", "sr", "hr", "el", "sv", "da", "no", "fi", "tr", "ar", "fa", "he", "hi", "id", "vi", "th", "zh", "ja", "ko", "common"]
)
HEAD = '[pack]\nschema = 1\nid = "xx.mine"\nlanguage = "xx"\nsummary = "mine"\n[[rules]]\n'
RULE = (
    'id = "one"\nclass = "share"\nat = "whole"\nphrases = ["wave at us"]\nwhy = "Because."\n'
    'examples = ["- Wave at us"]\nkeeps = ["  They wave at us from the ship."]\n'
)


def test_all_cases_hold() -> None:
    failures = [str(failure) for failure in check_rules(compile_rules(load_rules(cache=False)))]
    assert not failures, "\n".join(failures)


def test_every_language_has_every_kind_of_pack() -> None:
    rules = load_rules()
    by_language: dict[str, set[str]] = {}
    for rule in rules:
        by_language.setdefault(rule.language, set()).add(rule.cls)
    assert set(LANGUAGES) == set(by_language)
    needed = {"related", "byline", "date", "share", "comments", "newsletter", "legal", "consent", "navigation"}
    for language in LANGUAGES:
        if language != "common":
            assert needed <= by_language[language], language
            assert {"caption", "credit"} & by_language[language], language
    assert {rule.cls for rule in rules} <= set(CLASSES)


def test_ids_are_unique_and_say_where_the_rule_lives() -> None:
    rules = load_rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        path = Path(rule.file)
        assert rule.id.startswith(f"{path.parent.name}.{path.stem}/")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('class = "share"', 'class = "shares"'), "field 'class': expected one of .*did you mean 'share'"),
        (('at = "whole"', 'att = "whole"'), "unknown field 'att', did you mean 'at'"),
        (('phrases = ["wave at us"]', 'phrases = "wave"'), "field 'phrases': expected a list of strings"),
        (('why = "Because."\n', ""), "field 'why' is missing"),
        (('id = "one"\n', ""), "field 'id' is missing"),
        (('at = "whole"', 'at = "whole"\nmax_words = "7"'), "field 'max_words': expected a number"),
        (('at = "whole"', 'kind = "pattern"\nat = "whole"'), "field 'pattern' is missing"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + RULE.replace(*change), encoding="utf-8")
    with pytest.raises(RuleError, match=message) as caught:
        parse_pack(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("- Wave at us", "- Nod at us"), "stays, expected to go: 'Nod at us'"),
        (("  They wave at us from the ship.", "  Wave at us"), "goes, expected to stay"),
        (('examples = ["- Wave at us"]', 'examples = ["  Nod at us"]'), "removes nothing"),
        (('keeps = ["  They wave at us from the ship."]\n', ""), "expected at least one case"),
    ],
)
def test_a_rule_against_its_cases_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(HEAD + RULE.replace(*change), encoding="utf-8")
    rules = load_rules(extra=[file], cache=False)
    failures = [str(failure) for failure in check_rules(compile_rules(rules), [str(file)])]
    assert any(message in failure and "xx.mine/one" in failure and str(file) in failure for failure in failures), failures


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"(?<=x)y", r"(a)\1", r"(?:a|aa)+(?:b|bb)+(?:a+)+c"])
def test_patterns_that_can_explode_are_refused(tmp_path: Path, pattern: str) -> None:
    file = tmp_path / "mine.toml"
    body = RULE.replace('at = "whole"\nphrases = ["wave at us"]', f"kind = \"pattern\"\npattern = '{pattern}'\nkeywords = [\"wave\"]")
    file.write_text(HEAD + body, encoding="utf-8")
    rules = load_rules(extra=[file], cache=False)
    failures = [failure for failure in check_rules(compile_rules(rules), [str(file)]) if failure.field == "pattern"]
    assert failures


def test_the_root_holds_the_packs() -> None:
    assert (rules_root() / "common" / "page.toml").is_file()
