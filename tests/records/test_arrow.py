"""Arrow values read and made without the modules that are slow to load."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from cleaner.errors import RecordError
from cleaner.records import arrow
from tests.cli.test_clean import environment

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

TEXTS = ["one", None, "", "zwölf Boxkämpfer", None, "日本", "\ud800 alone"]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_texts_into_any_type_and_back(kind):
    made = arrow.from_texts(TEXTS, kind)
    made.validate(full=True)
    assert made.type == kind
    assert arrow.to_texts(made) == [*TEXTS[:-1], "? alone"]
    assert arrow.from_texts([], kind).equals(pa.array([], kind))


@pytest.mark.parametrize("first", range(9))
def test_which_values_are_there_also_in_slices(first):
    values = pa.array([None if number % 3 == 1 else number for number in range(40)])[first:37]
    assert arrow.valid(values).tolist() == [value is not None for value in values.to_pylist()]
    assert arrow.valid(values.drop_null()).all()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_bytes_of_texts_also_of_slices(kind):
    texts = ["left out", "eins", "", "日本", "left out, too"]
    data, starts = arrow.text_buffers(pa.array(texts, kind)[1:4])
    assert data.tobytes().decode() == "eins日本"
    assert starts.dtype == np.int64
    assert starts.tolist() == [0, 4, 4, 10]
    with pytest.raises(RecordError, match="1 nulls"):
        arrow.text_buffers(pa.array(["a", None], kind))


@pytest.mark.parametrize("length", [1, 20_000])
def test_rows_that_stay_are_those_of_a_filter(length):
    rng = np.random.default_rng(3)
    batch = pa.RecordBatch.from_pydict({"n": list(range(60)), "text": [f"{number}" * length for number in range(60)]})
    for share in (0.0, 0.3, 0.9, 1.0):
        stays = rng.random(60) < share
        parts = arrow.kept_rows(batch, stays)
        assert pa.Table.from_batches(parts, schema=batch.schema).to_pylist() == batch.filter(pa.array(stays)).to_pylist()
        assert length > 1 or len(parts) <= 1  # many small slices would take more room than a copy


@pytest.mark.parametrize("verb", ["clean", "dedup"])
def test_a_run_over_parquet_loads_no_more_than_it_needs(tmp_path, verb):
    texts = [f"A sentence about house number {number} and its garden.\nShare on Facebook" for number in range(8)]
    table = pa.table({"id": list(range(9)), "text": [*texts, texts[0]]})
    pq.write_table(table, tmp_path / "in.parquet")
    script = f"""
import json, sys
from cleaner.cli import main
code = main(["{verb}", "in.parquet", "-o", "out.parquet", "-q"])
print(json.dumps([code, [name for name in ("pandas", "pyarrow.compute") if name in sys.modules]]))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [0, []]
    written = pq.read_table(tmp_path / "out.parquet")
    assert written.num_rows == (9 if verb == "clean" else 8)
    assert written.column("text")[0].as_py() == (texts[0].partition("\n")[0] if verb == "clean" else texts[0])


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
@pytest.mark.parametrize("new", [{}, {0: "eins"}, {1: "da", 3: ""}, {2: "日本", 5: "\ud800"}, dict(enumerate("abcdef"))])
def test_texts_in_place_of_others_also_in_slices(kind, new):
    values = arrow.from_texts(["before", *TEXTS[:-1], "after", None], kind)[1:7]
    made = arrow.replaced_texts(values, new)
    made.validate(full=True)
    expected = [new.get(row, text) for row, text in enumerate(TEXTS[:-1])]
    assert made.type == kind
    assert made.to_pylist() == [text and text.replace("\ud800", "?") for text in expected]


def test_a_page_of_which_nothing_goes_becomes_a_text_in_any_company():
    from cleaner.edits import Edit, Result
    from cleaner.in_columns import BatchColumns
    from cleaner.records.fields import Fields

    page, kept, cut = Result("page", source="page"), Result("a", source="a"), Result("b", (Edit(1, 3, "x", 1.0),), "b c")
    columns = BatchColumns(Fields(text="text", html="html"))
    batch = pa.record_batch({"text": pa.array([None, "a", "b c"]), "html": pa.array(["<p>page", None, None])})
    whole = columns.write(batch, [page, kept, cut])
    alone = columns.write(batch.slice(0, 1), [page])
    assert whole.column("text").to_pylist() == ["page", "a", "b"]
    assert alone.column("text").to_pylist() == ["page"]
