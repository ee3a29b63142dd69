from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request

import pytest

from cleaner.bench.label import Desk, serve, sheet_of
from cleaner.bench.labelled import Info, LabelledText, read_labelled
from cleaner.errors import DataError
from tests.bench.made import documents
from tests.report.chromium import Chromium, executable

TEXT = LabelledText(
    Info(id="my doc/1", url="https://a.example/", lang="en"),
    "Menu\n\nText here\nText here",
    ("drop", "blank", "keep", "keep"),
)


def call(address, data=None, host=None):
    headers = {"Host": host} if host else {}
    request = urllib.request.Request(address, data, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


@pytest.fixture
def served(tmp_path):
    desk = Desk([sheet_of(TEXT), sheet_of(documents(1, 1)[0])], tmp_path / "out")
    server, address = serve(desk)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield address, tmp_path / "out", desk
    server.shutdown()
    server.server_close()


def test_a_document_is_served_and_saved(served):
    address, output, _ = served
    assert address.startswith("http://127.0.0.1:")
    assert b"<title>cleaner label" in call(address)
    assert [one["id"] for one in json.loads(call(address + "docs"))] == ["my doc/1", "doc-0-0"]
    assert json.loads(call(address + "docs/0"))["marks"] == ["-", "", " ", " "]
    call(address + "docs/0", json.dumps([" ", "", "1", "1"]).encode())
    (item,) = read_labelled([output])
    assert item.labels == ("keep", "blank", "keep", "dup") and item.text == TEXT.text


def test_strangers_and_wrong_marks_are_refused(served):
    address, output, _ = served
    root = address.rsplit("/", 2)[0]
    for path, host in ((root + "/", None), (root + "/guess/docs", None), (address + "docs", "evil.example:80")):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            call(path, host=host)
    for marks in ([" "], ["-", "", "q", " "], {"a": 1}):
        with pytest.raises(urllib.error.HTTPError, match="400"):
            call(address + "docs/0", json.dumps(marks).encode())
    assert not output.exists()


def test_records_hold_only_what_was_saved(tmp_path):
    desk = Desk([sheet_of(TEXT), sheet_of(TEXT)], tmp_path / "out.jsonl")
    desk.save(1, ["-", "", "~", " "])
    (item,) = read_labelled([tmp_path / "out.jsonl"])
    assert item.labels == ("drop", "blank", "either", "keep")
    with pytest.raises(DataError, match="expected 4 marks, got 1"):
        desk.save(0, ["-"])


def test_suggestions_are_what_would_be_removed():
    assert sheet_of(TEXT, [(0, 5)]).marks == ["-", "", " ", " "]
    assert sheet_of(TEXT, []).marks == [" ", "", " ", " "]


@pytest.mark.skipif(executable() is None, reason="no Chromium on this machine")
def test_labelling_with_the_keyboard(served):
    address, _output, desk = served
    browser = Chromium(executable())
    try:
        browser.open(address)
        for key in ("x", "j", "d", "j", "t", "s"):
            browser.key(key)
        browser.wait("document.getElementById('state').textContent === 'saved'")
        assert desk.sheets[0].marks == [" ", "", "-", "~"]
        browser.js("document.querySelectorAll('li')[0].click()")
        assert browser.js("document.querySelectorAll('li')[0].dataset.mark") == "-"
        assert browser.console == []
        assert all(url.startswith(("http://127.0.0.1:", "data:", "about:")) for url in browser.requests)
    finally:
        browser.close()
