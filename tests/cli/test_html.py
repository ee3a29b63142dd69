"""`cleaner html`, and pages through `cleaner clean`: JSON lines, WARC files, metadata, reports."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cleaner import Cleaner, Edit, apply
from cleaner.cli import main
from cleaner.records.fields import Fields

ROOT = Path(__file__).resolve().parents[2]
FERRY = "The council approved the second ferry on Monday after a debate of six hours and a vote of nine to six."
BUDGET = "Nora Quill, who keeps the books of the harbour, said that the money for it had been put aside in spring."
PAGE = f"""<!doctype html><html lang=en><head><title>A second ferry</title><meta name=author content="Ida Brandt">
<meta property="og:site_name" content="Elmsford Courier"></head><body>
<nav class="main-menu"><ul><li><a href="/">Front</a></li><li><a href="/town">Town</a></li></ul></nav>
<main><article><h1>Elmsford gets a second ferry</h1><p>{FERRY}</p><p>{BUDGET} <a href="/budget?y=24">All figures</a> are known.</p>
<ul><li>The boat is nine metres long.</li><li>It takes forty passengers and six cars.</li></ul></article></main>
<section class="comments"><h3>Comments</h3><div class="comment"><p>I have waited for this boat since my father sold his own.</p>
</div><form><button>Send</button></form></section>
<footer class="site-footer"><p>Elmsford Courier, Quay 4</p></footer></body></html>"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*args):
    return main([str(arg) for arg in args])


def test_a_page_as_text_and_as_markdown(tmp_path, capsys):
    (tmp_path / "a.html").write_text(PAGE, encoding="utf-8")
    assert run("html", "a.html") == 0
    text = capsys.readouterr().out
    assert f"{FERRY}\n{BUDGET} All figures are known.\n" in text
    assert "Quay 4" not in text and "I have waited" not in text
    assert run("html", "a.html", "--format", "markdown", "--keep-links", "--url", "https://courier.example/t/") == 0
    markdown = capsys.readouterr().out
    assert "# Elmsford gets a second ferry\n\n" in markdown
    assert "[All figures](https://courier.example/budget?y=24) are known." in markdown
    assert "- The boat is nine metres long.\n- It takes forty passengers" in markdown


def test_comments_on_demand(tmp_path, capsys):
    (tmp_path / "a.html").write_text(PAGE, encoding="utf-8")
    assert run("html", "a.html", "--keep-comments") == 0
    text = capsys.readouterr().out
    assert "I have waited for this boat since my father sold his own." in text
    assert "Send" not in text and "Quay 4" not in text


def test_json_and_explain(tmp_path, capsys):
    (tmp_path / "a.html").write_text(PAGE, encoding="utf-8")
    assert run("html", "--json", "a.html") == 0
    value = json.loads(capsys.readouterr().out)
    assert value["meta"] == {
        "title": "A second ferry", "author": "Ida Brandt", "language": "en", "site": "Elmsford Courier",
    }  # fmt: skip
    assert all(edit[4] for edit in value["edits"])
    assert run("html", "--explain", "a.html") == 0
    shown = capsys.readouterr().out.split("\n")
    assert f"  {FERRY[:100]}"[:90] in "\n".join(shown)
    at = shown.index("- Elmsford Courier, Quay 4")
    assert shown[at + 1].strip().startswith("common.elements/footer")


def test_bytes_from_stdin_in_their_own_charset(monkeypatch, capsys):
    page = "<meta charset=koi8-r><p>Паром вернулся в гавань в понедельник утром, и многие его ждали.</p>".encode("koi8-r")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(page)))
    assert run("html") == 0
    assert "Паром вернулся в гавань" in capsys.readouterr().out


def test_what_is_no_page_does_not_stop_the_others(tmp_path, capsys):
    (tmp_path / "a.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "b.html").write_bytes(b"%PDF-1.4\n\x00")
    assert run("html", "b.html", "missing.html", "a.html") == 3
    captured = capsys.readouterr()
    assert "b.html: html: this is pdf" in captured.err
    assert "missing.html: No such file" in captured.err
    assert FERRY in captured.out


def test_links_need_markdown(tmp_path, capsys):
    (tmp_path / "a.html").write_text(PAGE, encoding="utf-8")
    assert run("html", "a.html", "--keep-links") == 2
    assert "keep_links: expected format 'markdown'" in capsys.readouterr().err


def records():
    values = [
        {"id": 1, "html": PAGE, "url": "https://courier.example/town/a"},
        {"id": 2, "text": f"{FERRY}\nShare on Facebook\n{BUDGET}", "html": PAGE},
        {"id": 3, "html": "%PDF-1.7 not a page", "n": 12345678901234567890123},
        {"id": 4, "text": " ", "html": PAGE, "cleaner": "own"},
        {"id": 5, "n": 1},
    ]
    return "".join(json.dumps(value) + "\n" for value in values)


def clean(*args, code=0):
    command = [sys.executable, "-m", "cleaner", "clean", *map(str, args)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, env=env, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done


@pytest.mark.parametrize("jobs", [1, 2])
def test_text_or_page_is_decided_per_record(tmp_path, jobs):
    (tmp_path / "in.jsonl").write_text(records() * 20, encoding="utf-8")
    options = ["--html-field", "html", "--meta", "--ledger", "led", "--quarantine", "bad", "--stats", "-", "-o", "out"]
    done = clean("in.jsonl", *options, "-j", jobs, "--batch-chars", 20000, "-q")
    out = [json.loads(line) for line in (tmp_path / "out").read_text(encoding="utf-8").splitlines()][:5]
    assert out[0]["text"] == out[3]["text"]
    assert FERRY in out[0]["text"] and "Quay 4" not in out[0]["text"]
    assert out[0]["cleaner"]["meta"]["author"] == "Ida Brandt"
    assert out[1]["text"] == f"{FERRY}\n{BUDGET}"
    assert "text" not in out[2]
    assert "text" not in out[4]
    bad = [json.loads(line) for line in (tmp_path / "bad").read_text(encoding="utf-8").splitlines()]
    assert len(bad) == 20
    assert bad[0]["reason"] == "html: this is pdf, expected an HTML page"
    counts = json.loads(done.stderr)
    assert counts["records"] == 100 and counts["passed"] == counts["no_text"] == 20
    assert run("restore", "out", "--ledger", "led", "-o", "back") == 0
    assert (tmp_path / "back").read_text(encoding="utf-8") == records() * 20


def test_annotated_pages_carry_the_text_that_their_edits_refer_to(tmp_path):
    record = {"id": 1, "html": PAGE}
    (tmp_path / "in.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    assert run("clean", "in.jsonl", "-o", "out.jsonl", "--ledger", "l.jsonl", "--annotate", "-j", "1", "-q") == 0
    out = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    result = Cleaner().clean(html=PAGE)
    notes = out.pop("cleaner")
    assert out == record
    assert notes["source"] == result.source
    edits = [Edit(start, end, rule, score) for start, end, rule, score in notes["edits"]]
    assert edits and apply(notes["source"], edits) == result.text
    [in_memory] = Cleaner().clean_records([record], fields=Fields(html="html"), annotate=True)
    assert in_memory["cleaner"]["source"] == result.source
    assert [edit[:3] for edit in in_memory["cleaner"]["edits"]] == [edit[:3] for edit in notes["edits"]]


def test_a_report_of_a_run(tmp_path):
    (tmp_path / "in.jsonl").write_text(records() * 3, encoding="utf-8")
    clean("in.jsonl", "--html-field", "html", "--report", "r.html", "-j", 2, "--batch-chars", 5000, "-o", "out")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "common.elements/footer" in page
    assert "Elmsford Courier, Quay 4" in page
    assert not (tmp_path / "out.checkpoint").exists()
    refused = clean("in.jsonl", "--report", "-", "-o", "out", code=2)
    assert b"--report: expected the name of a file" in refused.stderr


def response(number, kind, body):
    http = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + body
    head = (
        "WARC/1.0\r\nWARC-Type: response\r\nWARC-Date: 2024-05-18T01:58:10Z\r\nContent-Type: application/http; msgtype=response\r\n"
        f"WARC-Target-URI: https://courier.example/{number}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nContent-Length: {len(http)}\r\n"
    )
    return gzip.compress(head.encode() + b"\r\n" + http + b"\r\n\r\n")


def test_pages_of_a_warc_file(tmp_path):
    pytest.importorskip("fastwarc")
    latin = PAGE.replace("ferry", "fähre").encode("latin-1")
    (tmp_path / "x.warc.gz").write_bytes(
        response(0, "text/html; charset=iso-8859-1", latin) + response(1, "image/png", b"\x89PNG") + response(2, "text/html", PAGE.encode())
    )
    out = [json.loads(line) for line in clean("x.warc.gz", "-j", 1).stdout.splitlines()]
    assert [record["url"] for record in out] == ["https://courier.example/0", "https://courier.example/2"]
    assert FERRY.replace("ferry", "fähre") in out[0]["text"]
    assert FERRY in out[1]["text"]
