"""The Python interface: texts, records, Arrow, files; and whole runs over files."""

from __future__ import annotations

import gzip
import itertools
import json
import shutil
from importlib import import_module

import pytest

from cleaner.dedup import Deduplicator
from cleaner.dedup.documents import DocumentRun, Files
from cleaner.dedup.reading import Reading, prose_words
from cleaner.dedup.settings import Settings
from cleaner.errors import ConfigError, RecordError
from cleaner.records import outputs, zstd
from cleaner.records.files import read_lines
from tests.dedup.samples import corpus, first_of_components

BASE = "The harbour office counted every boat that came in during the storm, and wrote each name down twice. " * 4


@pytest.fixture(scope="module")
def texts():
    return corpus(300, seed=21)


@pytest.fixture(scope="module")
def expected(texts):
    return first_of_components(texts)


@pytest.fixture
def lines(texts):
    return [
        json.dumps({"id": f"n{number}", "text": text, "more": [1, "ü"]}).encode() for number, text in enumerate(texts)
    ]


def test_texts(texts, expected):
    clusters = Deduplicator().clusters(iter(texts))
    assert clusters.kept.tolist() == expected
    rows = Deduplicator().duplicates(texts)
    assert [(row.place, row.kept) for row in rows] == [(at, one) for at, one in enumerate(expected) if at != one]
    assert all(type(row.similarity) is float for row in rows)


def test_records(texts, expected):
    records = [{"meta": {"body": text}, "n": number} for number, text in enumerate(texts)]
    records.insert(5, {"n": "no text"})
    kept = list(Deduplicator().filter(records, text="meta.body"))
    assert [one["n"] for one in kept if one["n"] != "no text"] == [at for at, one in enumerate(expected) if at == one]
    assert records[5] in kept
    with pytest.raises(ConfigError, match="gone through twice"):
        Deduplicator().filter(iter(records))


def test_keep():
    records = [
        {"text": BASE, "q": 1},
        {"text": BASE + "menu home search login", "q": 2},
        {"text": BASE.replace(",", " ,  "), "q": 3},
    ]
    place = {"first": 0, "longest": 1, "best": 2}
    for keep, number in place.items():
        assert list(Deduplicator(keep=keep).filter(records)) == [records[number]]
    assert list(Deduplicator(keep="best").filter(records, score="q")) == [records[2]]
    assert [row.kept for row in Deduplicator(keep="best").duplicates([BASE] * 3, scores=[1, 2, 2])] == [1, 1]
    with pytest.raises(ConfigError, match="expected keep 'best'"):
        Deduplicator().clusters([BASE], scores=[1])
    with pytest.raises(ConfigError, match="2 scores, expected one for each of 1"):
        Deduplicator(keep="best").clusters([BASE], scores=[1, 2])
    with pytest.raises(ConfigError, match="keep 'last': expected one of first, longest, best"):
        Deduplicator(keep="last")


def test_prose_is_what_ends_like_a_sentence():
    assert prose_words("Home\nA full sentence here.\nMore …\n") == 6


def test_arrow(texts, expected):
    pa = pytest.importorskip("pyarrow")
    texts = [*texts, "ΣΊΣΥΦΟΣ ΣΤΗΝ ΑΚΤΉ ΜΕ ΤΟΝ ΒΡΆΧΟ", "σίσυφος στην ακτή με τον βράχο"]
    expected = [*expected, 300, 300]
    staying = [number for number, one in enumerate(expected) if number == one]
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        table = pa.table({"text": pa.array(texts).cast(kind), "n": list(range(len(texts)))})
        sliced = pa.concat_tables([table.slice(0, 100), table.slice(100)])
        assert Deduplicator().table(sliced)["n"].to_pylist() == staying
    assert Deduplicator().clusters(pa.array(texts)).kept.tolist() == expected
    holes = pa.table({"text": [BASE, None, BASE, None], "n": [0, 1, 2, 3]})
    assert Deduplicator(keep="longest").table(holes)["n"].to_pylist() == [0, 1, 3]
    with pytest.raises(RecordError, match="1 nulls"):
        Deduplicator().clusters(pa.array([BASE, None]))
    with pytest.raises(RecordError, match="expected texts"):
        Deduplicator().clusters(pa.array([[1]]))


def run(folder, inputs, name="out.jsonl", **options):
    files = Files(
        inputs=[str(one) for one in inputs],
        output=str(folder / name),
        removed=str(folder / "removed"),
        clusters=str(folder / "clusters"),
        quarantine=str(folder / "quarantine"),
    )
    settings = options.pop("settings", Settings())
    summary = DocumentRun(files=files, settings=settings, **options)()
    return summary, [line.data for line in read_lines([folder / name])]


def rows(path):
    return [json.loads(line.data) for line in read_lines([path])]


@pytest.fixture
def small_ranges(monkeypatch):
    monkeypatch.setattr("cleaner.dedup.documents.RANGE_BYTES", 7000)


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_files(tmp_path, lines, expected, jobs, suffix, monkeypatch):
    monkeypatch.setattr("cleaner.dedup.documents.RANGE_BYTES", 7000)
    pack = {"": bytes, ".gz": gzip.compress, ".zst": zstd.frame}[suffix]
    (tmp_path / "a").write_bytes(pack(b"\n".join(lines[:120])))
    (tmp_path / "b").write_bytes(b"\n".join(lines[120:]) + b"\n")
    summary, out = run(tmp_path, [tmp_path / "a", tmp_path / "b"], f"out{suffix}", jobs=jobs)
    staying = [number for number, one in enumerate(expected) if number == one]
    assert out == [lines[number] for number in staying]
    removed = rows(tmp_path / "removed")
    assert [(row["id"], row["kept"]) for row in removed] == [
        (f"n{at}", f"n{one}") for at, one in enumerate(expected) if at != one
    ]
    assert all(0 <= row["similarity"] <= 1 and set(row) == {"id", "kept", "similarity"} for row in removed)
    clusters = rows(tmp_path / "clusters")
    assert sum(row["size"] - 1 for row in clusters) == len(removed) == summary.removed
    assert {other: row["kept"] for row in clusters for other in row["others"]} == {
        row["id"]: row["kept"] for row in removed
    }
    assert not list(tmp_path.glob("*.work"))
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.usefixtures("small_ranges")
def test_no_record_is_lost(tmp_path, lines):
    strange = [
        b"{broken",
        b"",
        b'{"id": 1}',
        b'{"id": 2, "text": 7}',
        b"[1]",
        b"\xff\xfe",
        b'{"text": "without an id, but long enough to be told from others by its words"}',
        b'{"text": "without an id, but long enough to be told from others by its words"}',
        b'{"id": 123456789012345678901234567890, "text": "a b c"}',
        b'{"id": 9, "text": "A b. c"}',
        b'{"id": null, "text": "\\ud800 lone"}\r',
    ]
    mixed = lines[:100] + strange + lines[100:150]
    (tmp_path / "in").write_bytes(b"\n".join(mixed))
    summary, out = run(tmp_path, [tmp_path / "in"])
    removed, bad = rows(tmp_path / "removed"), rows(tmp_path / "quarantine")
    assert len(out) + len(removed) + len(bad) == len(mixed)
    assert [(row["line"], row.get("raw")) for row in bad] == [(101, "{broken"), (105, "[1]"), (106, None)]
    assert bad[0]["file"] == str(tmp_path / "in")
    assert summary.bad == 3
    assert [line for line in strange if line in out] == [strange[at] for at in (1, 2, 3, 6, 6, 8, 10)]
    places = {row["id"]: row["kept"] for row in removed}
    assert places[f"{tmp_path / 'in'}:108"] == f"{tmp_path / 'in'}:107"
    assert '"kept":123456789012345678901234567890' in (tmp_path / "removed").read_text()


@pytest.mark.usefixtures("small_ranges")
def test_annotate(tmp_path, lines, expected):
    again = {"id": "last", "cleaner": {"edits": []}, "text": json.loads(lines[0])["text"]}
    given = [*lines, json.dumps(again).encode()]
    (tmp_path / "in").write_bytes(b"\n".join(given))
    _, out = run(tmp_path, [tmp_path / "in"], annotate=True)
    assert len(out) == len(given)
    for number, (line, before) in enumerate(zip(out, lines, strict=False)):
        record = json.loads(line)
        if expected[number] == number:
            assert line == before
        else:
            assert record.pop("cleaner")["dedup"]["kept"] == f"n{expected[number]}"
            assert record == json.loads(before)
    assert json.loads(out[-1])["cleaner"] == {"edits": [], "dedup": {"kept": "n0", "similarity": 1.0}}


BROKEN_OFF = {
    "reading": "cleaner.dedup.reading.read_range",
    "comparing": "cleaner.dedup.documents.write_arrays",
    "telling": "cleaner.dedup.writing.write_removed",
    "writing": "cleaner.dedup.writing.publish",
}


@pytest.mark.usefixtures("small_ranges")
@pytest.mark.parametrize("keep", ["first", "longest", "best"])
@pytest.mark.parametrize("stage", BROKEN_OFF)
def test_a_broken_run_goes_on(tmp_path, lines, keep, stage, monkeypatch):
    monkeypatch.setattr("cleaner.dedup.documents._SAVE_PAUSE", 0)
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    reading = Reading(keep=keep)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    _, expected_lines = run(whole, [tmp_path / "in"], reading=reading)
    module, _, name = BROKEN_OFF[stage].rpartition(".")
    original = getattr(import_module(module), name)
    calls = itertools.count(1)

    def break_off(*arguments, **options):
        if next(calls) == 3 or stage in ("telling", "writing"):
            raise KeyboardInterrupt
        return original(*arguments, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(BROKEN_OFF[stage], break_off)
        run(broken, [tmp_path / "in"], reading=reading)
    assert not (broken / "out.jsonl").exists()
    work = broken / "out.jsonl.work"
    before, after = _times(work), {}
    assert before

    def publish(path):
        after.update(_times(work))
        outputs.publish(path)

    monkeypatch.setattr("cleaner.dedup.writing.publish", publish)
    _, found = run(broken, [tmp_path / "in"], reading=reading)
    assert found == expected_lines
    assert {name: after[name] for name in before} == before
    for name in ("removed", "clusters"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes()
    assert not work.exists()


def _times(work):
    return {one.name: one.stat().st_mtime_ns for one in work.glob("chunk-*")}


def test_a_changed_input_or_setting_starts_anew(tmp_path, lines, monkeypatch):
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    with monkeypatch.context() as patch:
        patch.setattr("cleaner.dedup.writing.write_removed", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(tmp_path, [tmp_path / "in"])
    assert (tmp_path / "out.jsonl.work").is_dir()
    (tmp_path / "in").write_bytes(b"\n".join(lines[:1]))
    _, out = run(tmp_path, [tmp_path / "in"])
    assert out == lines[:1]


def test_somebody_elses_folder_is_left_alone(tmp_path, lines):
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    (tmp_path / "out.jsonl.work").mkdir()
    (tmp_path / "out.jsonl.work" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="expected an empty folder"):
        run(tmp_path, [tmp_path / "in"])
    assert (tmp_path / "out.jsonl.work" / "thesis.txt").read_text() == "mine"
    shutil.rmtree(tmp_path / "out.jsonl.work")


def test_lines_longer_than_a_range_and_empty_files(tmp_path, monkeypatch):
    monkeypatch.setattr("cleaner.dedup.documents.RANGE_BYTES", 50)
    records = [json.dumps({"id": n, "text": f"{n} " * n}).encode() for n in (1, 200, 3, 200, 5)]
    (tmp_path / "in").write_bytes(b"\n".join(records))
    (tmp_path / "none").write_bytes(b"")
    summary, out = run(tmp_path, [tmp_path / "none", tmp_path / "in", tmp_path / "none"])
    assert out == [records[0], records[1], records[2], records[4]]
    assert summary.documents == 5
    summary, out = run(tmp_path, [tmp_path / "none"])
    assert (summary.documents, out) == (0, [])


def test_outputs_must_differ(tmp_path):
    with pytest.raises(ConfigError, match="expected different files"):
        Files(inputs=["a"], output="x", removed="x").check()


def test_a_missing_input_is_named(tmp_path):
    with pytest.raises(RecordError, match="no-such-file: cannot be read"):
        run(tmp_path, [tmp_path / "no-such-file"])


def test_files_by_the_python_interface(tmp_path, lines, expected):
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    summary = Deduplicator().files([str(tmp_path / "in")], str(tmp_path / "out"))
    assert summary.removed == sum(at != one for at, one in enumerate(expected))
