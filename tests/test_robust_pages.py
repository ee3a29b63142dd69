"""Pages that hurt: absurd nesting, size, broken bytes, and one that kills its worker."""

from __future__ import annotations

import ctypes
import faulthandler
import json
import time
import tracemalloc

import pytest

from cleaner import Cleaner, apply
from cleaner.pipeline import BatchCleaner, Options, portions
from cleaner.records.fields import Fields
from cleaner.records.files import Batch

FERRY = "The council approved the second ferry on Monday after a debate of six hours and a vote of nine to six."
BUDGET = "Nora Quill, who keeps the books of the harbour, said that the money for it had been put aside in spring."
BODY = f"<p>{FERRY}</p><p>{BUDGET}</p>"


@pytest.fixture(scope="module")
def cleaner() -> Cleaner:
    made = Cleaner()
    made.clean(html=BODY)
    return made


@pytest.mark.parametrize("tag", ["div", "span", "table><tr><td", "ul><li", "b", "font", "blockquote", "a href=x", "section"])
def test_a_hundred_thousand_nested_elements(cleaner: Cleaner, tag: str) -> None:
    start = time.process_time()
    result = cleaner.clean(html=f"<body><{tag}>" * 1 + f"<{tag}>" * 100_000 + BODY)
    assert time.process_time() - start < 20
    assert result.error is None
    assert FERRY in result.source
    assert apply(result.source, result.edits) == result.text


def test_time_and_memory_grow_with_the_page_and_no_faster(cleaner: Cleaner) -> None:
    def cost(times: int) -> tuple[float, int]:
        page = "<body>" + "".join(f"<div class=c{n % 50}><p>{FERRY} {n}</p><a href=/{n}>{n}</a></div>" for n in range(times))
        tracemalloc.start()
        start = time.process_time()
        result = cleaner.clean(html=page)
        took, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(result.source) > 100 * times
        return took, peak

    cost(500)
    (small, small_peak), (large, large_peak) = cost(2_000), cost(16_000)
    assert large < 16 * small + 1
    assert large_peak < 10 * small_peak + 20_000_000


@pytest.mark.parametrize(
    "page",
    [
        f"<p>{FERRY}&#0;&#xD800;&#99999999;&unknown;&amp&lt</p><p>{BUDGET}&",
        f"\0<p>{FERRY}\0</p>\0<p>{BUDGET}</p>",
        f"{FERRY}<br>{BUDGET}",
        f"<html><head><title>x</title></head>{BODY}",
        f"<frameset><frame src=a><noframes>{BODY}</noframes></frameset>",
        f"<p>{FERRY}<p>{BUDGET}<table><td><form></table></form></b></i><!-- never closed",
        f"<plaintext>{FERRY}\n{BUDGET}",
        f"<p>a<svg><foreignObject>{BODY}</svg>{BODY}",
        f"<p>{FERRY}</p><script>if (a </b) {{ '</p>' }}</script><p>{BUDGET}</p>",
        f"<p a=\"'<>\" b='\"' {'c=d ' * 5000}>{FERRY}</p><p>{BUDGET}",
        f"<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'><body>{BODY}</body></html>",
    ],
)
@pytest.mark.parametrize("as_bytes", [False, True])
def test_broken_pages_give_their_text(cleaner: Cleaner, page: str, as_bytes: bool) -> None:
    result = cleaner.clean(html=page.encode() if as_bytes else page)
    assert result.error is None
    flat = result.source.replace("\n", " ")
    assert FERRY in flat
    assert BUDGET in flat
    assert apply(result.source, result.edits) == result.text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n1 0 obj", "pdf"),
        (b"<?xml version='1.0'?>\n<feed><entry>x</entry></feed>", "xml"),
        ('{"a": [1, 2]}', "json"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
        (b"PK\x03\x04\x14\0\x06\0", "zip"),
        (b"\x00\x01\x02\x03" * 100, "binary"),
    ],
)
def test_what_is_no_page_has_a_reason(cleaner: Cleaner, data: str | bytes, reason: str) -> None:
    assert reason in (cleaner.clean(html=data).error or "")


@pytest.mark.parametrize("page", ["", b"", "<html></html>", "<body>   </body>", "<!-- -->", "<script>x</script>", "\ufeff"])
def test_empty_pages_are_empty(cleaner: Cleaner, page: str | bytes) -> None:
    result = cleaner.clean(html=page)
    assert (result.text, result.source, result.edits, result.error) == ("", "", (), None)


class Fragile(Cleaner):
    """A cleaner whose parser dies of some pages, as a parser written in C does: by a write to where nothing is."""

    def clean_batch(self, texts, *, htmls=None, **known):
        if any("DEADLY" in page for page in htmls or () if page):
            faulthandler.disable()
            ctypes.memset(0, 1, 1)
        return super().clean_batch(texts, htmls=htmls, **known)


def test_a_parser_that_crashes_takes_no_other_record_with_it() -> None:
    pages = [f"<p>{FERRY} {n}</p>{BODY}" + "DEADLY" * (n == 5) for n in range(12)]
    lines = [json.dumps({"html": page, "n": n}).encode() for n, page in enumerate(pages)]
    batches = [
        Batch("in", "jsonl", 1 + 4 * n, 4, 0, b"".join(line + b"\n" for line in lines[4 * n : 4 * n + 4])) for n in range(3)
    ]
    work = BatchCleaner(Fragile(), Fields(html="html"), Options())
    found = list(portions(iter(batches), work, jobs=2))
    out = [json.loads(line) for portion in found for line in portion.lines.splitlines()]
    assert [record["n"] for record in out] == list(range(12))
    assert [record["n"] for record in out if "text" not in record] == [5]
    [note] = [json.loads(line) for portion in found for line in portion.quarantine.splitlines()]
    assert note["line"] == 6
    assert note["passed"] is True


def test_a_page_that_says_one_thing_thousands_of_times_keeps_it_once():
    said = "The harbour master closed the lock for two days while the gates were mended and painted."
    result = Cleaner().clean(html=f"<html><body>{f'<p>{said}</p>' * 4000}</body></html>")
    assert result.text == said
