from __future__ import annotations

import gzip
import json

import pytest

from cleaner.bench.cases import parse_case, write_case
from cleaner.bench.labelled import (
    LabelledPage,
    LabelledText,
    cut_short,
    digest,
    in_sample,
    read_any_text,
    read_labelled,
    read_texts,
)  # fmt: skip
from cleaner.errors import DataError

GOOD = {
    "id": "a1",
    "url": "https://one.example/x",
    "lang": "en",
    "ptype": "article",
    "extractor": "x",
    "lines": [
        {"t": "Menu", "y": "drop"},
        {"t": "", "y": "blank"},
        {"t": "A line of text. Share", "y": "mixed", "k": [[0, 15]]},
    ],
}


def write(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_lines_of_a_record(tmp_path):
    (item,) = read_labelled([write(tmp_path / "a.jsonl", GOOD)])
    assert isinstance(item, LabelledText)
    assert item.text == "Menu\n\nA line of text. Share"
    assert item.labels == ("drop", "blank", "mixed")
    assert item.kept == {2: ((0, 15),)}
    assert (item.info.site, item.info.kind) == ("one.example", "article")


def test_compressed_files_and_folders(tmp_path):
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    write(tmp_path / "a.jsonl", {**GOOD, "id": "a0"})
    assert [item.info.id for item in read_labelled([tmp_path])] == ["a0", "a1"]


def test_pages_from_records_and_from_pairs(tmp_path):
    record = {"id": "p", "html": "<p>Hello</p>", "text": "Hello", "with": ["Hello"], "without": ["Menu"]}
    (page,) = read_labelled([write(tmp_path / "p.jsonl", record)])
    assert isinstance(page, LabelledPage)
    assert (page.gold, page.wanted, page.unwanted) == ("Hello", ("Hello",), ("Menu",))
    (tmp_path / "q.html").write_text("<p>Hi</p>")
    (tmp_path / "q.gold.txt").write_text("# url: https://q.example/\n# lang: en\n# without: Menu\n\nHi\n")
    (pair,) = read_labelled([tmp_path / "q.gold.txt"])
    assert (pair.info.id, pair.html, pair.gold, pair.unwanted) == ("q", "<p>Hi</p>", "Hi", ("Menu",))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lines": [{"t": "x", "y": "maybe"}]}, r"lines\[0\]: field 'y': expected one of keep, drop"),
        (
            {"lines": [{"t": "x", "y": "mixed", "k": [[0, 9]]}]},
            r"field 'k': expected ranges \[start, end\] inside 0\.\.1",
        ),
        ({"lines": [{"t": "a\nb", "y": "keep"}]}, "field 't': expected one line"),
        ({"lines": {"t": "x"}}, "field 'lines': expected a list, got dict"),
        ({"lines": None, "html": None}, "field 'lines': expected a list"),
        ({"id": None}, "field 'id': expected a string, got None"),
        ({"gt": 3}, "field 'gt': expected a string, got 3"),
    ],
)
def test_wrong_records_are_told_by_file_record_and_field(tmp_path, change, told):
    file = write(tmp_path / "wrong.jsonl", GOOD, {**GOOD, **change})
    with pytest.raises(DataError, match=told) as error:
        list(read_labelled([file]))
    assert "wrong.jsonl:2" in str(error.value)


def test_wrong_pages(tmp_path):
    with pytest.raises(DataError, match="expected a gold 'text' or snippets"):
        list(read_labelled([write(tmp_path / "p.jsonl", {"id": "p", "html": "<p>"})]))
    with pytest.raises(DataError, match="expected a field 'lines'"):
        list(read_labelled([write(tmp_path / "n.jsonl", {"id": "n", "text": "alone"})]))
    with pytest.raises(DataError, match="not.*JSON|JSON"):
        (tmp_path / "j.jsonl").write_text("{oops\n")
        list(read_labelled([tmp_path / "j.jsonl"]))


def test_missing_and_strange_paths(tmp_path):
    for path, told in ((tmp_path / "none", "no such file"), (tmp_path, "found none")):
        with pytest.raises(DataError, match=told):
            list(read_labelled([path]))
    (tmp_path / "x.csv").write_text("a")
    with pytest.raises(DataError, match=r"expected a file named \*\.jsonl"):
        list(read_labelled([tmp_path / "x.csv"]))
    with pytest.raises(DataError, match="expected labelled texts"):
        read_texts([write(tmp_path / "p.jsonl", {"id": "p", "html": "<p>x", "text": "x"})])


CASE = "# url: https://one.example/\n# lang: fr\n# kind: news\n\n- Menu\n\n~ Titre\n1 Une phrase.\n  Du texte.\n1 Une phrase !\n"


def test_a_mini_diff_is_labelled_data(tmp_path):
    (tmp_path / "fr-case.diff").write_text(CASE, encoding="utf-8")
    (item,) = read_labelled([tmp_path])
    assert item.labels == ("drop", "blank", "either", "keep", "keep", "dup")
    assert item.groups == (((3, 5), 1),)
    assert item.wanted_text() == "Titre\nUne phrase.\nDu texte."
    case = parse_case(CASE, "x")
    assert write_case(case.meta, case.lines) == CASE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# lang: fr\n\n- x\n", "header 'url' is missing"),
        ("url: x\n\n- x\n", "x.diff:1: expected a header"),
        ("# url: a\n# lang: b\n\nx line\n", "x.diff:4: expected a label of two columns"),
        ("# url: a\n# lang: b\n\n", "expected labelled lines"),
    ],
)
def test_wrong_mini_diffs(text, told):
    with pytest.raises(DataError, match=told):
        parse_case(text, "x.diff")


def test_equal_lines_of_which_one_stays_are_a_group(tmp_path):
    lines = [{"t": "Same words", "y": "keep"}, {"t": "Other", "y": "keep"}, {"t": "Same words", "y": "dup"}]
    (item,) = read_labelled([write(tmp_path / "g.jsonl", {**GOOD, "lines": lines})])
    assert item.groups == (((0, 2), 1),)


def test_texts_cut_short_are_left_out(tmp_path):
    prose = (
        "A long paragraph that reads like prose and goes on for more than one hundred characters, as prose will do. "
    )
    lines = [{"t": prose.strip(), "y": "keep"}, {"t": prose.strip(), "y": "drop"}]
    file = write(tmp_path / "s.jsonl", {**GOOD, "lines": lines})
    (item,) = read_labelled([file], whole_only=False)
    assert cut_short(item)
    assert list(read_labelled([file])) == []


def test_samples_are_fixed_and_nested():
    names = [f"page-{n}" for n in range(2000)]
    small, large = ({name for name in names if in_sample(name, share)} for share in (0.1, 0.3))
    assert small < large
    assert 120 < len(small) < 280
    assert all(in_sample(name, 1.0) for name in names)


def test_the_digest_is_of_the_content(tmp_path):
    file = write(tmp_path / "a.jsonl", GOOD)
    before = digest([tmp_path])
    assert digest([file]) == before
    write(file, {**GOOD, "id": "b"})
    assert digest([tmp_path]) != before


def test_any_text(tmp_path):
    (tmp_path / "one.txt").write_text("A line\n\nAnother")
    write(tmp_path / "two.jsonl", {"text": "Plain", "url": "https://b.example/"}, GOOD)
    found = {item.info.site: item for item in read_any_text([tmp_path / "one.txt", tmp_path / "two.jsonl"])}
    assert found["one"].labels == ("either", "blank", "either")
    assert found["b.example"].text == "Plain"
    assert found["one.example"].labels[0] == "drop"
