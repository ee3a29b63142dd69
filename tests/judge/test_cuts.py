"""The edits of a batch are those of its texts one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaner.edits import apply, check
from cleaner.judge.cuts import batch_cuts, batch_edits
from cleaner.judge.look import look
from cleaner.judge.resolve import Verdict, line_edits
from cleaner.packs.match import RuleSet, compile_rules
from cleaner.packs.schema import Rule

RULES = (
    Rule("xx.a/line", "share", at="whole", phrases=("share",)),
    Rule("xx.a/span", "share", at="inside", strength="alone", scope="span", phrases=("lamp post",)),
)
lines = st.sampled_from(["", " ", "One line", "share", "a lamp post here", "\t", "lamp post", "x\r", "漢字"])
texts = st.lists(st.lists(lines, max_size=9).map("\n".join), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return compile_rules(RULES)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=texts, data=st.data())
def test_batches_are_cut_like_texts(rules: RuleSet, texts: list[str], data: st.DataObject) -> None:
    seen = look(rules, texts)
    rows = len(seen.lines)
    gone = np.array(data.draw(st.lists(st.booleans(), min_size=rows, max_size=rows)), bool)
    certainty = np.arange(rows).astype(np.uint8)
    verdict = Verdict(gone, np.zeros(rows, np.int32), certainty)
    answers = batch_edits(rules, seen, verdict)
    assert answers == [line_edits(rules, seen, verdict, doc) for doc in range(len(texts))]
    cuts = batch_cuts(rules, seen, verdict)
    for text, (edits, _), cut in zip(texts, answers, cuts, strict=True):
        check(edits, len(text))
        assert list(cut()) == edits
        assert cut.left == apply(text, edits)
