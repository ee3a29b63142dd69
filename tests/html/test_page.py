"""Whole pages: embedded content, metadata, kinds, Markdown, rules on elements."""

import json
import time

import pytest

from cleaner.errors import RecordError
from cleaner.html import page as page_module
from cleaner.html.embedded import embedded_html
from cleaner.html.kind import SIGNS, page_signs
from cleaner.html.markdown import to_markdown, to_text
from cleaner.html.metadata import read_metadata
from cleaner.html.page import PageReader
from cleaner.html.slim import encoded, slimmed
from cleaner.packs.load import rules_root

FILE = rules_root() / "common" / "elements.toml"
READER = PageReader([FILE])
BODY = " ".join(["The harbour was quiet before the ferries came in."] * 30)


def ld(value):
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def test_article_body_is_read_where_the_page_shows_nothing():
    page = READER.read(
        f"<html><head>{ld({'@type': 'NewsArticle', 'articleBody': BODY})}</head><body><div id=app></div></body>"
    )
    assert page.embedded
    assert BODY in page.source


def test_what_is_shown_wins():
    shown = "".join(f"<p>{BODY} {i}</p>" for i in range(3))
    page = READER.read(f"{ld({'@type': 'Article', 'articleBody': 'Something else. ' * 400})}<body>{shown}</body>")
    assert not page.embedded
    assert page.source.count("\n") == 2


def test_a_thread_in_linked_data_keeps_its_order():
    thread = {
        "@type": "QAPage",
        "mainEntity": {
            "@type": "Question", "name": "Which glue holds slate?",
            "text": "The old one <b>fails</b> every winter. " * 9,
            "acceptedAnswer": {"@type": "Answer", "text": "Use a mineral one. " * 9},
            "suggestedAnswer": [{"@type": "Answer", "text": "Nails do it, too. " * 9}],
        },
    }  # fmt: skip
    page = READER.read(f"<body>{ld(thread)}</body>")
    order = [page.source.index(text) for text in ("Which glue", "The old one fails", "Use a mineral", "Nails do it")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    "script",
    [
        '<script id="__NEXT_DATA__" type="application/json">{}</script>',
        "<script>window.__INITIAL_STATE__ = {};</script>",
        "<script>window.__NUXT__={}</script>",
    ],
)
def test_the_state_of_a_page_that_scripts_draw(script):
    state = {
        "props": {
            "id": 7,
            "url": "https://example.com/a b c",
            "product": {"name": "Lamp", "description": f"<p>{BODY}</p>"},
        }
    }
    page = READER.read(f"<body><div id=root></div>{script.replace('{}', json.dumps(state))}</body>")
    assert page.embedded
    assert page.source == BODY


def test_embedded_data_is_bounded_and_may_be_broken():
    deep = "[" * 100_000 + "]" * 100_000
    assert embedded_html(f'<script type="application/ld+json">{deep}</script>') == ""
    assert embedded_html('<script type="application/ld+json">{"articleBody": "x') == ""
    assert embedded_html(f'<script id="__NEXT_DATA__">{"x" * 100}</script>') == ""
    many = {"@type": "Article", "comment": [{"text": f"Comment number {i} says this and that."} for i in range(60_000)]}
    start = time.process_time()
    assert len(embedded_html(ld(many))) < 1_000_000
    assert time.process_time() - start < 5


def test_metadata_from_what_the_page_states():
    authors = [{"name": "Ada Moor"}, {"name": "Bo Lind"}]
    html = f"""<html lang="de-AT"><head><title>Der Hafen | Die Zeitung</title>
    <meta property="og:site_name" content="Die Zeitung"><meta name=author content="A. Muster">
    <meta property="article:published_time" content="2024-05-03T10:00:00+02:00">
    {ld({"@type": "NewsArticle", "headline": "Der Hafen erwacht", "author": authors})}
    </head><body></body></html>"""
    assert READER.read(html, url="https://example.at/2024/05/der-hafen").metadata() == {
        "title": "Der Hafen erwacht", "author": "Ada Moor, Bo Lind", "date": "2024-05-03T10:00:00+02:00",
        "language": "de-AT", "site": "Die Zeitung", "kind": "article",
    }  # fmt: skip


def test_metadata_without_linked_data():
    html = "<title>Quiet harbours - Coast &amp; Sea</title><meta content='2023-01-02' name='date'>"
    assert read_metadata(html) == {"title": "Quiet harbours", "date": "2023-01-02"}
    assert read_metadata("") == {}
    assert len(read_metadata(f"<title>{'x' * 9000}</title>")["title"]) <= 500


def test_signs_of_a_pages_kind():
    def signs(html, url=None):
        bits = page_signs(slimmed(encoded(html)).stated, url)
        return {name for place, name in enumerate(SIGNS) if bits >> place & 1}

    assert {"ld_product", "og_product", "url_product"} <= signs(
        f'<meta property="og:type" content="product.item">{ld({"@type": ["Product"]})}',
        "https://example.com/product/lamp",
    )
    assert {"generator_forum", "url_forum"} <= signs(
        '<meta name="generator" content="Discourse 3">', "https://x.org/t/a/12"
    )
    assert signs('<script type="application/ld+json">{"@type" : [ "https://schema.org/Recipe"], "x": {"@type":"Event"}}</script>') == {
        "ld_recipe", "ld_event",
    }  # fmt: skip
    assert signs('<math><script>"@type": "Recipe"</script><meta property=og:type content="Video.other">') == {"og_video"}
    quoting = '<script type="application/ld+json">{"@type": "Article", "text": "<!-- <script> -->"}</script>'
    assert signs(quoting) == {"ld_article"}
    many = ",".join(f'{{"@type": "Thing{number % 80}"}}' for number in range(400))
    assert signs(ld({"@type": "Article"}) + f'<script type="application/ld+json">[{many}]</script>') == {"ld_article"}
    assert signs('<script type="application/ld+json">{"@type": "Rec') == signs("<p>x") == set()


MARKED_UP = """<h1>Knots</h1><p>Two <b>kinds</b> of *knots*:</p><ul><li>bends<ol><li>sheet<li>reef</ol><li>hitches</ul>
<pre>tie(
  rope)</pre><table><tr><th>knot<th>use<tr><td>reef<td>sails</table><blockquote><p>Hold fast.</blockquote>"""


def test_markdown():
    page = READER.read(MARKED_UP)
    assert to_markdown(page.blocks) == (
        "# Knots\n\nTwo kinds of \\*knots\\*:\n\n- bends\n  1. sheet\n  2. reef\n- hitches\n\n"
        "```\ntie(\n  rope)\n```\n\n"
        "| knot | use |\n| --- | --- |\n| reef | sails |\n\n> Hold fast."
    )


def test_only_kept_lines_are_written():
    page = READER.read(MARKED_UP)
    texts = page.source.split("\n")
    kept = [text in ("Knots", "reef", "tie(") for text in texts]
    assert to_text(texts, kept) == "Knots\nreef\ntie("
    assert to_markdown(page.blocks, kept) == "# Knots\n\n1. reef\n\n```\ntie(\n```"


def test_rules_on_elements_mark_what_they_find(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        '[elements]\nschema = 1\nid = "mine"\n[[rules]]\nid = "ticker"\nclass = "ad"\nkind = "css"\n'
        'selector = "div.ticker"\nwhy = "x"\nexamples = ["<div class=ticker>a</div>"]\nkeeps = ["<div>a</div>"]\n'
    )
    page = PageReader([FILE, file]).read("<p>a</p><div class='ticker big'><p>b</p><p>c</p></div><p>d</p>")
    assert page.cut == {1: "mine/ticker", 2: "mine/ticker"}


def test_a_page_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(page_module, "MAX_PAGE", 100)
    with pytest.raises(RecordError, match="at most 100"):
        READER.read("<p>" + "x" * 200)
