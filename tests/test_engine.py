"""The promises of the engine, on invented texts of every kind."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaner import Cleaner, Result, apply, restore
from cleaner.edits import check
from cleaner.errors import ConfigError, RuleError

GOLD = Path(__file__).resolve().parent.parent / "benchmarks" / "gold" / "text"
LABELS = (*(f"{label} " for label in "-~123456789"), "  ")


def plain(path: Path) -> str:
    """The text of a labelled document."""
    rows = path.read_text(encoding="utf-8").split("\n\n", 1)[1].split("\n")
    return "\n".join(row[2:] for row in rows)


DOCUMENTS = [plain(path) for path in sorted(GOLD.glob("*.diff"))]
LINES = sorted({line for text in DOCUMENTS[::3] for line in text.split("\n")})
ODD = ["", " ", "\r", "\x00", "a\u2028b", "\ud800", "x\x0by", "\u200f\u05d0\u05d1", "12", "...", "\u00a0", " " * 60 + "deep", "©"]


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    return Cleaner()


texts = st.lists(st.one_of(st.sampled_from(LINES), st.sampled_from(ODD), st.text(max_size=30)), max_size=25).map("\n".join)
quick = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def check_promises(cleaner: Cleaner, text: str, result: Result) -> None:
    check(result.edits, len(text))
    assert result.source == text
    assert apply(text, result.edits) == result.text
    assert restore(result.text, result.with_removed_text()) == text
    known = {rule.id for rule in cleaner.rules}
    assert all(edit.rule in known and 0 <= edit.score <= 1 for edit in result.edits)


@quick
@given(text=texts)
def test_promises_on_odd_texts(cleaner: Cleaner, text: str) -> None:
    result = cleaner.clean(text)
    check_promises(cleaner, text, result)
    assert not cleaner.clean(result.text).edits, "cleaning twice changed something"


def test_promises_on_documents(cleaner: Cleaner) -> None:
    variants = [*DOCUMENTS, *(text.replace("\n", "\r\n") for text in DOCUMENTS[::5]), *(text + "\n" for text in DOCUMENTS[::7])]
    results = cleaner.clean_batch(variants)
    for text, result in zip(variants, results, strict=True):
        check_promises(cleaner, text, result)
    again = cleaner.clean_batch([result.text for result in results])
    assert [result.edits for result in again] == [()] * len(again)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_batch_does_not_matter(cleaner: Cleaner, size: int) -> None:
    some = DOCUMENTS[::6]
    whole = cleaner.clean_batch(some)
    pieces = [result for start in range(0, len(some), size) for result in cleaner.clean_batch(some[start : start + size])]
    assert pieces == whole


def test_empty_rule_set_is_the_identity() -> None:
    nothing = Cleaner(rules=())
    for text in [*DOCUMENTS[:10], "", "\n", "a"]:
        assert nothing.clean(text) == Result(text=text, source=text)


def test_bytes_are_utf8(cleaner: Cleaner) -> None:
    text = DOCUMENTS[0]
    assert cleaner.clean(text.encode()) == cleaner.clean(text)
    assert cleaner.clean(b"caf\xe9 ouvert").text == "caf\ufffd ouvert"


def test_a_pickled_cleaner_answers_the_same(cleaner: Cleaner) -> None:
    copy = pickle.loads(pickle.dumps(cleaner))
    assert copy.digest == cleaner.digest
    assert copy.clean_batch(DOCUMENTS[:5]) == cleaner.clean_batch(DOCUMENTS[:5])


def test_ignored_rules_answer_for_nothing(cleaner: Cleaner) -> None:
    text = next(text for text in DOCUMENTS if any(e.rule.startswith("common.place") for e in cleaner.clean(text).edits))
    without = Cleaner(ignore=["common.place"])
    assert not [edit for edit in without.clean(text).edits if edit.rule.startswith("common.place")]


def test_selected_rules_alone_decide() -> None:
    only = Cleaner(select=["comments"])
    classes = {rule.id: rule.cls for rule in only.rules}
    found = [edit for result in only.clean_batch(DOCUMENTS) for edit in result.edits]
    assert found
    assert {classes[edit.rule] for edit in found} == {"comments"}


def test_options_are_checked() -> None:
    with pytest.raises(ConfigError, match="min_score"):
        Cleaner(min_score=1.5)
    with pytest.raises(RuleError, match="no rule of that class or id"):
        Cleaner(select=["nonsense"])
    with pytest.raises(RuleError, match="no pack of language 'xx'"):
        Cleaner(languages=["xx"])
    with pytest.raises(RuleError, match="cannot be read as weights"):
        Cleaner(weights="no-such-file.json")


def test_records_keep_their_other_fields(cleaner: Cleaner) -> None:
    records = [{"id": number, "text": text, "more": [1]} for number, text in enumerate(DOCUMENTS[:12])]
    one = list(cleaner.clean_records(records))
    assert list(cleaner.clean_records(records, jobs=2)) == one
    assert [record["text"] for record in one] == [result.text for result in cleaner.clean_batch(DOCUMENTS[:12])]
    assert all(record["more"] == [1] for record in one)


def test_a_user_pack_stacks(tmp_path: Path) -> None:
    pack = tmp_path / "mine.toml"
    pack.write_text(
        '[pack]\nschema = 1\nid = "my.site"\nlanguage = "my"\nsummary = "mine"\n'
        '[[rules]]\nid = "crest"\nclass = "promo"\nat = "start"\nstrength = "alone"\nphrases = ["printed under the crest of"]\n'
        'why = "Our printer signs each page."\nexamples = ["- Printed under the crest of Elm"]\nkeeps = ["  A crest."]\n',
        encoding="utf-8",
    )
    text = "The ferry ran late on Monday because of the wind, and many waited.\nPrinted under the crest of Elmsford\n"
    removed = [edit.rule for edit in Cleaner(packs=[pack]).clean(text).edits]
    assert removed == ["my.site/crest"]


def test_an_override_disables_a_rule_or_adds_an_exception(tmp_path: Path, cleaner: Cleaner) -> None:
    pack = tmp_path / "mine.toml"
    victim = next(rule.id for rule in cleaner.rules if rule.id.startswith("en."))
    head, _, name = victim.rpartition("/")
    pack.write_text(
        f'[pack]\nschema = 1\nid = "{head}"\nlanguage = "en"\nsummary = "mine"\n'
        f'[[rules]]\nid = "{name}"\nenabled = false\n',
        encoding="utf-8",
    )
    assert victim not in {rule.id for rule in Cleaner(packs=[pack]).rules}


def test_explain_agrees_with_clean(cleaner: Cleaner) -> None:
    for text in DOCUMENTS[:8]:
        reports = cleaner.explain(text)
        shown = {edit for report in reports for edit in report.edits}
        assert shown == {edit for edit in cleaner.clean(text).edits if text[edit.start : edit.end].strip()}
