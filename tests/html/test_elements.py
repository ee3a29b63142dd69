"""The words of elements: every group's own cases, the schema's refusals, and that remembering changes nothing."""

import re
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.errors import RuleError
from cleaner.html.elements import CssRule, ElementWords, css_case_errors, load_elements
from cleaner.packs.load import rules_root

FILE = rules_root() / "common" / "elements.toml"
RULES = load_elements(FILE)
WORDS = ElementWords(RULES.groups)


@pytest.mark.parametrize("group", RULES.groups, ids=lambda group: group.id)
def test_every_group_keeps_its_cases(group):
    bit = WORDS.bit(group.id)
    assert group.hits
    assert [value for value in group.hits if not WORDS.of_value(value.encode()) & bit] == []
    assert [value for value in group.misses if WORDS.of_value(value.encode()) & bit] == []


def test_names_are_read_as_words():
    share, article, body = (WORDS.bit(name) for name in ("share", "article", "body"))
    assert WORDS.of_value(b"postShareBar") & share
    assert WORDS.of_value(b"c-article__body") & article
    assert WORDS.of_value(b"c-article__body") & body
    assert WORDS.of_value(b"articlebody") & body
    assert not WORDS.of_value(b"timeshare") & share


def test_style_kit_names_say_nothing():
    assert WORDS.of_value(b"md:share-x lg:w-[12px] top-1/2") == 0


def test_digits_and_unreadable_bytes_do_not_matter():
    assert WORDS.of_value(b"comment-4711") == WORDS.of_value(b"comment-")
    assert WORDS.of_value(b"\xff\xfe") == 0


def _of_values(words, values):
    ends = np.cumsum([len(value) for value in values], dtype=np.int32)
    begins = np.concatenate((np.zeros(1, np.int32), ends[:-1]))
    return words.of_values(np.frombuffer(b"".join(values), np.uint8), begins, ends, np.ones(len(values), bool))


def test_what_is_remembered_changes_nothing():
    values = [b"site-footer", b"x", b"related-posts", b"site-footer", b"", b"col-" + b"9" * 300]
    fresh = ElementWords(RULES.groups)
    one_by_one = [fresh.of_value(value) for value in values]
    first, checks = _of_values(fresh, values)
    again, checks_again = _of_values(fresh, values)
    assert first.tolist() == again.tolist() == one_by_one
    assert checks.tolist() == checks_again.tolist()
    many = ElementWords(RULES.groups)
    _of_values(many, [f"name-{chr(97 + i % 26)}{'x' * (i % 50)}".encode() for i in range(5000)])
    assert _of_values(many, values)[0].tolist() == one_by_one


def _write(path: Path, body: str) -> Path:
    file = path / "mine.toml"
    file.write_text(f'[elements]\nschema = 1\nid = "mine"\n{body}', encoding="utf-8")
    return file


def test_a_users_file_adds_words_and_rules(tmp_path):
    file = _write(
        tmp_path,
        """
[[groups]]
id = "share"
words = ["teilen"]
hits = ["teilen-leiste"]
misses = ["mitteilung"]
why = "Ours."

[[rules]]
id = "ticker"
class = "ad"
kind = "css"
selector = "div.stock-ticker"
why = "Shows prices."
examples = ["<div class='stock-ticker'>ACME 12.3</div>"]
keeps = ["<div class='stock'>Our stock of lamps</div>"]
""",
    )
    rules = load_elements(FILE, file)
    words = ElementWords(rules.groups)
    assert words.of_value(b"teilen-leiste") == words.bit("share")
    assert words.of_value(b"share-bar") & words.bit("share")
    assert [rule.id for rule in rules.css] == ["mine/ticker"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('[[groups]]\nid = "x"\nwrods = ["a"]', "did you mean 'words'"),
        ('[[groups]]\nid = "x"\nwords = "a"', "words: expected list"),
        ('[[groups]]\nid = "x"\nwords = [1]', "list of strings"),
        ('[[groups]]\nid = "x"\nwords = ["a"]', "hits is missing"),
        ('[[groups]]\nid = "x"\nwords = []\nparts = ["ab"]\nhits = []\nmisses = []\nwhy = ""', "at least 4"),
        (
            '[[rules]]\nid = "x"\nclass = "ad"\nkind = "xpath"\nselector = "a"\nwhy = ""\nexamples = []\nkeeps = []',
            "'css'",
        ),
        ("[[groups", "mine.toml"),
    ],
)
def test_errors_name_file_and_field(tmp_path, body, message):
    with pytest.raises(RuleError, match=message) as caught:
        load_elements(_write(tmp_path, body))
    assert "mine.toml" in str(caught.value)


def test_too_many_groups(tmp_path):
    body = "".join(f'[[groups]]\nid = "g{i}"\nwords = []\nhits = []\nmisses = []\nwhy = ""\n' for i in range(64))
    with pytest.raises(RuleError, match="64 groups"):
        load_elements(_write(tmp_path, body))


def test_the_cases_of_css_rules_are_checked():
    def rule(selector, examples, keeps):
        return CssRule("mine/x", "ad", selector, "alone", "why", examples, keeps)

    good = rule("div.ad", ("<div class='ad'>x</div>",), ("<div class='add'>x</div>",))
    assert css_case_errors(good) == []
    bad = rule("div", ("<p>x</p>",), ("<div>y</div>",))
    assert [error.split(":")[1] for error in css_case_errors(bad)] == [" examples", " keeps"]
    assert css_case_errors(rule("div", (), ()))
    assert css_case_errors(rule("div[", ("<div>",), ("<p>",)))
    assert [css_case_errors(rule) for rule in RULES.css if css_case_errors(rule)] == []


def _judged(value):
    """What `ElementWords` says of a value, told by regular expressions."""
    bits = 0
    for name in value.translate(None, b"0123456789").decode("utf-8", "replace").split()[:40]:
        name = name[:80]
        if re.search(r"[:\[\]/%]", name):
            continue
        words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
        flat = "".join(words)
        for number, group in enumerate(RULES.groups):
            wanted = {re.sub("[0-9]", "", word) for word in group.words}
            if wanted.intersection((*words, flat)) or any(part in flat for part in group.parts):
                bits |= 1 << number
    return bits


_NAMES = st.one_of(
    st.sampled_from([name for group in RULES.groups for name in (*group.words, *group.parts, *group.hits)]),
    st.text("aBcDeRlTs-_:/[%09 \t\n\x0b\x1c\x1f\x00", max_size=30),
    st.text(max_size=8),
)


@given(st.lists(st.lists(_NAMES, max_size=50).map(" ".join), min_size=1, max_size=8))
def test_values_are_judged_by_their_words_and_parts(values):
    encoded = [value.encode("utf-8", "surrogatepass") for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    begin, end = ends[:-1].copy(), ends[1:].copy()
    data = np.frombuffer(b"".join(encoded) or b" ", np.uint8)
    bits, checks = ElementWords(RULES.groups).of_values(data, begin, end, np.ones(len(values), np.bool_))
    assert bits.tolist() == [_judged(value) for value in encoded] == [WORDS.of_value(value) for value in encoded]
    assert checks.tolist() == [crc32(value) for value in encoded]


def test_long_names_and_many_of_them_are_read_in_part():
    words = [word for group in RULES.groups for word in group.words][:60]
    for value in ("x" * 79 + words[0], " ".join(f"q{k}z" for k in range(39)) + f" {words[0]} {words[1]}", words[0] + "1" * 90):
        encoded = value.encode()
        data, many = np.frombuffer(encoded, np.uint8), np.array([0, len(encoded)], np.int32)
        bits, _ = ElementWords(RULES.groups).of_values(data, many[:1].copy(), many[1:].copy(), np.ones(1, np.bool_))
        assert bits.tolist() == [_judged(encoded)]
