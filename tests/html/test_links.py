"""Links in Markdown: marked in a second reading, which must give the same lines."""

from __future__ import annotations

import pytest

from cleaner.html.links import write_links
from cleaner.html.markdown import to_markdown
from cleaner.html.page import PageReader
from cleaner.packs.load import rules_root

READER = PageReader([rules_root() / "common" / "elements.toml"])


def markdown(html, url="https://elm.example/news/a.html"):
    page = READER.read(html, url=url)
    linked = READER.marked_lines(page)
    assert linked is not None
    return to_markdown(page.blocks, None, *linked)


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<p>See <a href='b.html'>the boat</a>.", "See [the boat](https://elm.example/news/b.html)."),
        ("<p>See <a href='/b c(1)'> the <b>new</b> boat </a> now", "See [the new boat](https://elm.example/b%20c%281%29) now"),
        ("<base href='https://other.example/x/'><p><a href=y>boat</a>", "[boat](https://other.example/x/y)"),
        ("<p><a href='javascript:void(0)'>boat</a> <a href='#top'>up</a>", "boat up"),
        ("<p>a<a href=1>b</a>c<a href=2></a>", "a[b](https://elm.example/news/1)c"),
        ("<p><a href=x>boats</a><a href=y>Weather</a>",
         "[boats](https://elm.example/news/x) [Weather](https://elm.example/news/y)"),
        ("<a href=x><div>one</div><p>two</p></a>", "[one](https://elm.example/news/x)\n\ntwo"),
        ("<ul><li><a href=x>one</a><li>two</ul>", "- [one](https://elm.example/news/x)\n- two"),
        ("<p>[x] <a href=x>a_b</a>", "\\[x\\] [a\\_b](https://elm.example/news/x)"),
        ("<pre>run <a href=x>it</a></pre>", "```\nrun it\n```"),
        ("<table><tr><td><a href=x>1</a></td><td>2</td></tr></table>",
         "| [1](https://elm.example/news/x) | 2 |\n| --- | --- |"),
        ("<p>stray \ufdd00\ufdd1 marks\ufdd2 <a href=x>a</a>", "stray 0 marks [a](https://elm.example/news/x)"),
        ("<p><a href='http://[oops'>a</a>", "[a](http://[oops)"),
    ],
)  # fmt: skip
def test_links(html, written):
    assert markdown(html).replace("stray \\", "stray ") == written


def test_content_that_is_not_shown_has_no_links():
    body = "The harbour was quiet before the ferries came in. " * 40
    page = READER.read(f'<script type="application/ld+json">{{"@type":"Article","articleBody":"{body}"}}</script><body></body>')
    assert page.embedded
    assert READER.marked_lines(page) is None


def test_a_link_without_an_end_ends_with_its_line():
    assert write_links("\ufdd00\ufdd1all of it", ["u"]) == "[all of it](u)"
    assert write_links("rest\ufdd2 and more", ["u"]) == "rest and more"
