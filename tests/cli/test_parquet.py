"""Parquet in and out as commands: real processes, shards in folders, kills."""

from __future__ import annotations

import datetime
import json
import random
import subprocess
import sys

import pytest

from tests.cli.test_clean import cleaner, contents, environment, start, wait_for

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

WORDS = ["ferry", "Äpfel", "город", "水", "😀", "AD"]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def rows(count, seed=1, *, slow=False):
    rng = random.Random(seed)
    made = []
    for number in range(count):
        text = "\n".join(" ".join(rng.choices(WORDS, k=rng.randrange(1, 9))) for _ in range(rng.randrange(9)))
        made.append(
            {
                "id": f"r{seed}-{number}",
                "text": None if number % 17 == 3 else "AD only" if number % 19 == 4 else text + "\nSLOW" * slow,
                "metadata": {"url": f"https://a.example/{number}", "tags": ["x", None]} if number % 5 else None,
                "seen": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=number),
                "raw": bytes([number % 256]),
            }
        )
    return made


def schema(kind=None):
    meta = pa.struct([("url", pa.string()), ("tags", pa.list_(pa.field("element", pa.string())))])
    fields = [
        *(("id", pa.string()), ("text", kind or pa.string()), ("metadata", meta)),
        *(("seen", pa.timestamp("us", "UTC")), ("raw", pa.binary())),
    ]
    return pa.schema(fields, metadata={"huggingface": '{"info": {}}', "made": "here"})


def write(path, made, *, kind=None, group=50, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(made, schema(kind)), path, row_group_size=group, **options)


def as_lines(made):
    return b"".join(json.dumps({"id": row["id"], "text": row["text"]}).encode() + b"\n" for row in made)


def facts(path):
    with pq.ParquetFile(path) as file:
        groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
        return [one.num_rows for one in groups], {
            one.column(at).path_in_schema: one.column(at).compression for one in groups for at in range(one.num_columns)
        }


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_the_same_texts_as_from_json_lines_and_everything_else_untouched(tmp_path, kind):
    made = rows(230)
    write(tmp_path / "in.parquet", made, kind=kind, compression={"text": "zstd", "id": "snappy", "raw": "gzip"})
    cleaner("clean", "in.parquet", "-o", "out.parquet", "--ledger", "led", "--stats", "stats", "-j", 1)
    lines = cleaner("clean", "--ledger", "led.json", "--stats", "stats.json", "-j", 1, data=as_lines(made)).stdout
    table = pq.read_table("out.parquet")
    assert table.schema.equals(pq.read_schema("in.parquet"), check_metadata=True)
    assert table.schema.equals(schema(kind), check_metadata=True)
    assert table.column("text").to_pylist() == [json.loads(line)["text"] for line in lines.splitlines()]
    assert table.drop_columns("text").equals(pq.read_table("in.parquet").drop_columns("text"))
    assert facts("out.parquet") == facts("in.parquet")
    assert (tmp_path / "stats").read_bytes() == (tmp_path / "stats.json").read_bytes()
    ledgers = [(tmp_path / name).read_text("utf-8").splitlines()[1:] for name in ("led", "led.json")]
    for ours, theirs in zip(*(map(json.loads, lines) for lines in ledgers), strict=True):
        assert [ours[key] for key in ("line", "id", "edits")] == [theirs[key] for key in ("line", "id", "edits")]
        assert ours["at"] == f"in.parquet:{ours['line']}"


def test_folders_of_shards_with_any_number_of_jobs(tmp_path):
    for number in range(4):
        write(tmp_path / "in" / ("deep" if number % 2 else "") / f"part-{number}.parquet", rows(60, number), group=25)
    write(tmp_path / "in" / "empty.parquet", [])
    write(tmp_path / "in" / "_hidden" / "part.parquet", rows(3))
    (tmp_path / "in" / "README.md").write_text("not a shard")
    sides = ("--ledger", "--quarantine")
    for jobs, size in ((1, 300_000), (3, 700)):
        out = f"out{jobs}"
        named = [value for side in sides for value in (side, f"{out}{side}")]
        cleaner("clean", "in", "-o", out, *named, "--stats", f"{out}.json", "-j", jobs, "--batch-chars", size)
    names = ["deep/part-1.parquet", "deep/part-3.parquet", "empty.parquet", "part-0.parquet", "part-2.parquet"]
    assert sorted(str(path.relative_to(tmp_path / "out1")) for path in (tmp_path / "out1").rglob("*.*")) == names
    for name in names:
        assert (tmp_path / "out1" / name).read_bytes() == (tmp_path / "out3" / name).read_bytes()
        assert pq.read_metadata(f"out1/{name}").num_rows == pq.read_metadata(f"in/{name}").num_rows
        assert contents(f"out1--ledger/{name}.jsonl.zst") == contents(f"out3--ledger/{name}.jsonl.zst")
    assert json.loads((tmp_path / "out1.json").read_text())["records"] == 240
    assert (tmp_path / "out1.json").read_bytes() == (tmp_path / "out3.json").read_bytes()


def test_kill_and_rerun_gives_the_same_bytes(tmp_path):
    for number in range(6):
        write(tmp_path / "in" / f"part-{number}.parquet", rows(60, number, slow=True))

    def options(out, jobs):
        sides = ("--ledger", f"{out}.ledger", "--quarantine", f"{out}.bad", "--stats", f"{out}.json")
        return ("clean", "in", "-o", out, *sides, "-j", jobs, "--batch-chars", 2000)

    cleaner(*options("calm", 2))
    kills = 0
    for jobs in (1, 2, 1):
        before = set((tmp_path / "killed").glob("*.parquet")) if kills else set()
        process = start(*options("killed", jobs), stderr=subprocess.DEVNULL)
        while process.poll() is None and not set((tmp_path / "killed").glob("*.parquet")) - before:
            wait_for(tmp_path / "killed" / ".cleaner", process)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    assert kills
    finished = {path: path.stat().st_mtime_ns for path in (tmp_path / "killed").glob("*.parquet")}
    done = cleaner(*options("killed", 2))
    assert b"going on after" in done.stderr
    kept = [path for path, time in finished.items() if path.stat().st_mtime_ns == time]
    assert len(kept) >= len(finished) - 1  # one may have got its name, but not yet its mark

    def everything(out):
        found = {}
        for side in ("", ".ledger", ".bad"):
            found |= {(side, path.name): path for path in (tmp_path / f"{out}{side}").iterdir()}
        return found

    calm, killed = everything("calm"), everything("killed")
    assert killed.keys() == calm.keys()
    for name, path in calm.items():
        mine, other = (contents(one) if name[0] else one.read_bytes() for one in (path, killed[name]))
        assert mine == other, name
    assert (tmp_path / "calm.json").read_bytes() == (tmp_path / "killed.json").read_bytes()


def test_other_rules_start_afresh(tmp_path):
    write(tmp_path / "in" / "a.parquet", rows(5))
    cleaner("clean", "in", "-o", "out")
    cleaner("clean", "in", "-o", "out", "--annotate")
    table = pq.read_table("out/a.parquet")
    assert table.column("text").equals(pq.read_table("in/a.parquet").column("text"))
    edits = table.column("cleaner_edits").to_pylist()
    assert [edit["text"] for edit in edits[4]] == ["AD only"] and edits[3] is None


def test_what_kills_a_worker_passes_and_is_noted(tmp_path):
    made = rows(40)
    made[21]["text"] = "AD\nEXIT"
    made[23]["text"] = "RAISE"
    write(tmp_path / "in.parquet", made)
    cleaner("clean", "in.parquet", "-o", "out.parquet", "--quarantine", "bad", "-j", 2)
    texts = pq.read_table("out.parquet").column("text").to_pylist()
    assert texts[21] == "AD\nEXIT" and texts[23] == "RAISE" and len(texts) == 40
    notes = [json.loads(line) for line in (tmp_path / "bad").read_bytes().splitlines()]
    assert [(note["line"], note["reason"], note["passed"]) for note in notes] == [
        (22, "worker process died: exit status 9", True),
        (24, "ValueError: asked for", True),
    ]


def test_empty_records_go_and_are_kept_whole_in_the_ledger(tmp_path):
    write(tmp_path / "in.parquet", rows(60))
    cleaner("clean", "in.parquet", "-o", "out.parquet", "--drop-empty", "--ledger", "led", "-j", 2)
    before, after = pq.read_table("in.parquet"), pq.read_table("out.parquet")
    entries = [json.loads(line) for line in (tmp_path / "led").read_bytes().splitlines()[1:]]
    gone = [entry for entry in entries if "dropped" in entry]
    assert gone and before.num_rows == after.num_rows + len(gone)
    ids = after.column("id").to_pylist()
    for entry in entries:
        if "dropped" not in entry:
            assert ids[entry["line"] - 1] == entry["id"]


@pytest.mark.parametrize("options", [(), ("--drop-empty",)])
def test_restore(tmp_path, options):
    for number in range(2):
        made = rows(90, number)
        made[-1]["text"] = made[0]["text"] = "AD only"
        write(tmp_path / "in" / f"{number}.parquet", made)
    cleaner("clean", "in", "-o", "out", "--ledger", "led", "--batch-chars", 900, *options)
    cleaner("restore", "out", "--ledger", "led", "-o", "back")
    for number in range(2):
        before = pq.read_table(f"in/{number}.parquet")
        assert not pq.read_table(f"out/{number}.parquet").equals(before)
        assert pq.read_table(f"back/{number}.parquet").equals(before, check_metadata=True)
    done = cleaner("restore", "out/0.parquet", "--ledger", "led/1.parquet.jsonl.zst", "-o", "no.parquet", code=3)
    assert b"row " in done.stderr and not (tmp_path / "no.parquet.part").exists()


def test_restored_pages_have_no_text(tmp_path):
    pq.write_table(pa.table({"html": ["<p>A\nAD b</p>"], "text": pa.array([None], pa.string())}), "in.parquet")
    cleaner("clean", "in.parquet", "-o", "out.parquet", "--html-field", "html", "--ledger", "led")
    assert pq.read_table("out.parquet").column("text").to_pylist() == ["A"]
    cleaner("restore", "out.parquet", "--ledger", "led", "-o", "back.parquet")
    assert pq.read_table("back.parquet").equals(pq.read_table("in.parquet"))


def test_pages_become_texts(tmp_path):
    pages = pa.table({"html": [b"<p>A\nAD b</p>", b"BROKEN"], "id": [1, 2]})
    pq.write_table(pages, "in.parquet")
    done = cleaner("clean", "in.parquet", "-o", "out.parquet", "--drop-html")
    assert b"html=html" in done.stderr
    assert pq.read_table("out.parquet").to_pylist() == [
        {"html": None, "id": 1, "text": "A"},
        {"html": b"BROKEN", "id": 2, "text": None},
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("in.parquet",), 2, "cannot go to stdout"),
        (("in.parquet", "lines", "-o", "out"), 2, "lines: expected Parquet"),
        (("lines", "-o", "out.parquet"), 2, "written from Parquet"),
        (("in.parquet", "-o", "in.parquet"), 2, "it is the input"),
        (("in.parquet", "sub/in.parquet", "-o", "out"), 2, "different names"),
        (("nothing", "-o", "out"), 3, "no Parquet files"),
        (("damaged.parquet", "-o", "out"), 3, "damaged.parquet: cannot be read as Parquet"),
        (("in.parquet", "-o", "out", "--ledger", "out"), 2, "expected different files"),
        (("in.parquet", "-o", "out", "--text-field", "body"), 2, "'body': not there; expected one of id, text"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path, arguments, code, told):
    write(tmp_path / "in.parquet", rows(3))
    write(tmp_path / "sub" / "in.parquet", rows(3))
    (tmp_path / "nothing").mkdir()
    (tmp_path / "lines").write_bytes(as_lines(rows(2)))
    (tmp_path / "damaged.parquet").write_bytes((tmp_path / "in.parquet").read_bytes()[:-20])
    done = cleaner("clean", *arguments, code=code)
    assert told in done.stderr.decode()
    assert not list(tmp_path.glob("*.part"))


def test_without_pyarrow_the_extra_is_named(tmp_path):
    write(tmp_path / "in.parquet", rows(3))
    script = "import sys; sys.modules['pyarrow'] = None; from cleaner.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = [sys.executable, "-c", script, "clean", "in.parquet", "-o", "out.parquet"]
    done = subprocess.run(arguments, capture_output=True, env=environment(), check=False)
    assert done.returncode == 2
    assert b"cleaner-corpus[arrow]" in done.stderr and b"Traceback" not in done.stderr


def test_large_row_groups_are_cut_the_same_way_for_any_batch(tmp_path, monkeypatch):
    from cleaner.records import parquet

    monkeypatch.setattr(parquet, "GROUP_BYTES", 4000)
    write(tmp_path / "in.parquet", rows(400), group=1000)
    with parquet.ParquetInput("in.parquet") as found:
        spans = found.spans(0)
        assert sum(spans) == 400 and len(spans) > 3
        for size in (100, 5000, 10**9):
            ends, seen = [], 0
            for part in found.read(size=size):
                assert part.first == seen + 1
                seen += part.batch.num_rows
                if part.ends_group:
                    ends.append(seen)
            assert [after - before for before, after in zip([0, *ends], ends, strict=False)] == spans


def test_annotated_pages_carry_the_text_that_their_edits_refer_to(tmp_path):
    pages = {"html": ["<p>A\nAD b</p>", None], "text": pa.array([None, "AD c\nD"], pa.string())}
    pq.write_table(pa.table(pages), tmp_path / "in.parquet")
    cleaner("clean", "in.parquet", "-o", "out.parquet", "--html-field", "html", "--annotate")
    page, text = pq.read_table("out.parquet").to_pylist()
    assert (page["html"], page["text"]) == ("<p>A\nAD b</p>", None) and text["cleaner_source"] is None
    assert text["text"] == "AD c\nD" and text["cleaner_edits"]
    for edit in page["cleaner_edits"]:
        assert page["cleaner_source"][edit["start"] : edit["end"]] == edit["text"]
    assert page["cleaner_edits"]


@pytest.mark.parametrize("option", ["--ledger", "--quarantine", "--stats"])
def test_an_input_is_never_overwritten(tmp_path, option):
    write(tmp_path / "in.parquet", rows(5))
    before = (tmp_path / "in.parquet").read_bytes()
    done = cleaner("clean", "in.parquet", "-o", "out.parquet", option, "./in.parquet", code=2)
    assert b"./in.parquet: is an input" in done.stderr
    assert (tmp_path / "in.parquet").read_bytes() == before
