"""What stays on demand, and what does not even then."""

from __future__ import annotations

from cleaner.html.keep import on_demand
from cleaner.html.options import PageOptions
from cleaner.html.page import PageReader
from cleaner.packs.load import rules_root

READER = PageReader([rules_root() / "common" / "elements.toml"])
PAGE = READER.read("""<body class="has-comments"><p>Text of the page</p>
<figure><img src=a><figcaption>The ferry at the quay</figcaption></figure>
<table><tr><th>Boat</th><th>Seats</th></tr><tr><td>Nora</td><td>40</td></tr></table>
<table><tr><td>Layout in one cell</td></tr></table>
<div class="comments-area"><div class="comment">A good boat<button>Reply</button></div><form>Your name</form></div>
<aside class="comments">In the margin</aside>
<footer><table><tr><td>a</td><td>b</td></tr></table></footer></body>""")


def kept(**options):
    chosen = on_demand(PAGE.blocks, READER.words, PageOptions(**options))
    return [line for line, stays in zip(PAGE.source.split("\n"), chosen, strict=True) if stays]


def test_each_kind():
    assert kept() == []
    assert kept(keep_comments=True) == ["A good boat"]
    assert kept(keep_captions=True) == ["The ferry at the quay"]
    assert kept(keep_tables=True) == ["Boat\tSeats", "Nora\t40"]
    assert kept(keep_tables=True, keep_comments=True) == ["Boat\tSeats", "Nora\t40", "A good boat"]
