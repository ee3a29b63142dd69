"""Parquet files read and written without the modules around Arrow's reader and writer."""

from __future__ import annotations

import pytest

from cleaner.records import parquet_core
from cleaner.records.parquet import ParquetInput, ParquetOutput, Shard, layout
from cleaner.shards import Plan, Source

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

TABLE = pa.table(
    {
        "id": pa.array(range(90), pa.int32()),
        "meta": pa.array([{"url": f"u{number}", "tags": ["a"] * (number % 3)} for number in range(90)]),
        "page.url": pa.array(["x", None, "y"] * 30),
        "text": pa.array([None if number % 7 == 3 else f"text {number}" for number in range(90)], pa.large_string()),
    }
).replace_schema_metadata({"made": "here"})


@pytest.fixture(params=["bare", "public"])
def shape(request, monkeypatch):
    """With Arrow as it is, and as one that has its reader and writer in another shape."""
    if request.param == "public":

        def missing(*_, **__):
            raise AttributeError("another shape")

        monkeypatch.setattr(parquet_core, "_bare_reader", missing)
        monkeypatch.setattr(parquet_core, "_bare_writer", missing)
    return request.param


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd"])
def test_what_is_written_is_what_the_public_writer_writes(tmp_path, shape, codec):
    pq.write_table(TABLE, tmp_path / "in.parquet", row_group_size=40, compression=codec)
    with ParquetInput(str(tmp_path / "in.parquet")) as found:
        out = ParquetOutput(str(tmp_path / "out.parquet"), found.schema, layout(found.metadata, plain=["text"]))
        for rows in found.read(size=200):
            out.write(rows.batch, ends_group=rows.ends_group)
        out.finish()
    expected = tmp_path / "expected.parquet"
    repeated = ["id", "meta.url", "meta.tags.list.element", "page.url"]
    read = pq.read_table(tmp_path / "in.parquet")
    pq.write_table(read, expected, row_group_size=40, compression=codec, use_dictionary=repeated)
    assert (tmp_path / "out.parquet").read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("columns", [None, ["id"], ["text", "meta"], ["page.url"], []])
def test_columns_by_name(tmp_path, shape, columns):
    pq.write_table(TABLE, tmp_path / "in.parquet", row_group_size=40)
    with ParquetInput(str(tmp_path / "in.parquet")) as found:
        batches = [rows.batch for rows in found.read(columns=columns, size=500)]
    wanted = TABLE if columns is None else TABLE.select([name for name in TABLE.schema.names if name in columns])
    assert sum(batch.num_rows for batch in batches) == 90
    assert pa.Table.from_batches(batches).to_pylist() == wanted.to_pylist()


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize(
    ("texts", "expected"), [(["a", "b"], ("text", "")), ([None, "b"], ("text", "")), ([None, None], ("text", "html"))]
)
def test_fields_are_those_of_the_first_record_with_a_text(tmp_path, statistics, texts, expected):
    columns = {"html": pa.array([None, b"<p>page"]), "text": pa.array(texts, pa.string()), "lang": pa.array([None, "en"])}
    pq.write_table(pa.table(columns), tmp_path / "in.parquet", write_statistics=statistics)
    path = str(tmp_path / "in.parquet")
    found = Source(Plan(shards=[Shard(path, "out", "in.parquet")], output="out", folder=False)).first_fields()
    assert (found.text, found.html) == expected
    assert found.lang == ("" if texts[0] else "lang")
