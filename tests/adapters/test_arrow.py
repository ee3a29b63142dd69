"""Arrow in, Arrow out."""

import pickle

import pytest

from cleaner.adapters.arrow import ArrowCleaner, clean_arrow
from cleaner.errors import ConfigError
from tests.standin import AdRemover

pa = pytest.importorskip("pyarrow")

TEXTS = ["A line.\nAD buy this\nAnother.", None, "Nothing to cut.", "AD only"]
CLEAN = ["A line.\nAnother.", None, "Nothing to cut.", ""]
EDITS = [
    [{"start": 8, "end": 20, "rule": "test.ad/line", "score": 0.97, "text": "AD buy this\n"}],
    None,
    [],
    [{"start": 0, "end": 7, "rule": "test.ad/line", "score": 0.97, "text": "AD only"}],
]
KINDS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


def batch(**columns):
    schema = pa.schema([(name, values.type) for name, values in columns.items()], metadata={"made": "here"})
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_texts_keep_their_type_their_nulls_and_their_neighbours(kind):
    texts = pa.array(TEXTS, pa.string()).cast(kind)
    found = batch(id=pa.array([1, 2, 3, 4]), text=texts, rest=pa.array(["a", None, "c", "d"]))
    done = clean_arrow(found, AdRemover())
    assert done.column("text").to_pylist() == CLEAN
    assert done.schema.equals(found.schema, check_metadata=True)
    assert done.column("id").equals(found.column("id")) and done.column("rest").equals(found.column("rest"))


def test_a_sliced_batch_is_read_from_where_it_begins():
    found = batch(text=pa.array(TEXTS)).slice(2)
    assert clean_arrow(found, AdRemover()).column("text").to_pylist() == CLEAN[2:]


def test_a_column_in_which_nothing_changes_is_the_same_memory():
    found = batch(text=pa.array(["One.", "Two."]))
    done = clean_arrow(found, AdRemover())
    assert done.column("text").buffers()[2].address == found.column("text").buffers()[2].address


def test_further_columns_are_made_on_demand():
    texts = batch(text=pa.array([*TEXTS, "RAISE"]))
    clean = ArrowCleaner(AdRemover(), result="clean", edits="edits", dropped="why", error="error")
    done = clean(texts)
    assert done.schema.names == ["text", "clean", "edits", "why", "error"]
    assert done.column("text").equals(texts.column("text"))
    assert done.column("clean").to_pylist() == [*CLEAN, "RAISE"]
    assert done.column("edits").to_pylist() == [*EDITS, None]
    assert done.column("why").to_pylist() == [None, None, None, "only ads", None]
    assert done.column("error").to_pylist() == [None] * 4 + ["ValueError: asked for"]
    assert done.schema == clean.schema(texts.schema)
    assert clean(done).equals(done)


def test_annotating_leaves_texts_alone():
    done = clean_arrow(batch(text=pa.array(TEXTS)), AdRemover(), annotate=True, edits="edits")
    assert done.column("text").to_pylist() == TEXTS
    assert done.column("edits").to_pylist() == EDITS


def test_empty_records_go_on_demand():
    done = clean_arrow(batch(text=pa.array(TEXTS), id=pa.array([1, 2, 3, 4])), AdRemover(), drop_empty=True)
    assert done.column("id").to_pylist() == [1, 2, 3]


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.large_binary()], ids=str)
def test_pages_become_texts_where_there_is_no_text(kind):
    pages = pa.array(["<p>A\nAD b</p>", "<p>never read</p>", None, "BROKEN"], pa.string()).cast(kind)
    found = batch(html=pages, text=pa.array([None, "has a text\nAD", None, None], pa.string()))
    done = clean_arrow(found, AdRemover(), html="html", drop_html=True, error="error")
    assert done.column("text").to_pylist() == ["A", "has a text\nAD", None, None]
    assert done.column("html").to_pylist() == [None, *pages.to_pylist()[1:]]
    assert done.column("error").to_pylist() == [None, None, None, "not a page"]
    only = clean_arrow(found.select(["html"]), AdRemover(), html="html")
    assert only.schema.names == ["html", "text"]
    assert only.column("text").to_pylist() == ["A", "never read", None, None]
    untyped = clean_arrow(found.set_column(1, "text", pa.nulls(4)), AdRemover(), html="html")
    assert untyped.column("text").equals(only.column("text"))


def test_fields_of_structs_are_reached_by_dotted_paths():
    rows = [{"doc": {"body": text, "n": 1}} for text in TEXTS] + [{"doc": None}]
    found = pa.RecordBatch.from_pylist(rows)
    done = clean_arrow(found, AdRemover(), text="doc.body")
    assert done.schema == found.schema
    assert done.to_pylist() == [{"doc": {"body": text, "n": 1}} for text in CLEAN] + [{"doc": None}]


def test_addresses_languages_and_titles_reach_the_engine():
    class Asked(AdRemover):
        def clean_batch(self, texts, **known):
            self.known = known
            return super().clean_batch(texts)

    engine = Asked()
    meta = [{"url": "https://a.example/1"}, {"url": None}]
    found = batch(text=pa.array(["a", "b"]), meta=pa.array(meta), lang=pa.array(["en", "de"]), n=pa.array([1, 2]))
    clean_arrow(found, engine, url="meta.url", lang="lang", title="n")
    assert engine.known == {"urls": ["https://a.example/1", None], "langs": ["en", "de"]}


def test_tables_of_many_chunks_and_of_none():
    table = pa.Table.from_batches([batch(text=pa.array(TEXTS)), batch(text=pa.array(["AD x\ny"]))])
    clean = ArrowCleaner(AdRemover(), edits="edits")
    assert clean(table).column("text").to_pylist() == [*CLEAN, "y"]
    empty = clean(table.slice(0, 0))
    assert empty.num_rows == 0 and empty.schema.names == ["text", "edits"]


def test_what_cannot_be_read_is_named():
    with pytest.raises(ConfigError, match="'body'.*expected one of text"):
        clean_arrow(batch(text=pa.array(["a"])), AdRemover(), text="body")
    with pytest.raises(ConfigError, match="'n'.*expected texts, found int64"):
        clean_arrow(batch(n=pa.array([1])), AdRemover(), text="n")


def test_a_pickled_cleaner_does_the_same():
    found = batch(text=pa.array(TEXTS))
    clean = ArrowCleaner(AdRemover(), edits="edits")
    assert pickle.loads(pickle.dumps(clean))(found).equals(clean(found))
