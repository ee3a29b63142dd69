"""Markdown of pages: what is joined, what is apart, and what only a second reading of the page tells."""

from __future__ import annotations

import pytest

from cleaner import Cleaner
from cleaner.html.markdown import to_markdown
from cleaner.html.marks import BEGIN, BLANK, END, SPOKEN, THEN
from cleaner.html.page import PageReader
from cleaner.packs.load import rules_root

READER = PageReader([rules_root() / "common" / "elements.toml"])


def markdown(html: str, *, links: bool = False) -> str:
    page = READER.read(html, url="https://elm.example/")
    read = READER.marked_lines(page, links=links)
    return to_markdown(page.blocks, None, *(read or ()))


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<p>Elm Street 4<br>Elmsford</p><p>b", "Elm Street 4\\\nElmsford\n\nb"),
        ("<p>one<br><br>two", "one\n\ntwo"),
        ("<p>one<br><b>two</b>", "one\\\ntwo"),
        ("<div>one<hr>two</div>", "one\n\ntwo"),
        ("<h2>The long<br>way home</h2>", "## The long way home"),
        ("<ul><li>a<br>b<li>c</ul>", "- a\\\n  b\n- c"),
        ("<ul><li><p>a</p><p>b</p><li>c</ul>", "- a\n\n  b\n- c"),
        ("<blockquote><p>a</p><ul><li>b</ul></blockquote><p>c", "> a\n>\n> - b\n\nc"),
        ("<blockquote>a</blockquote><blockquote>b</blockquote>", "> a\n\n> b"),
        ("<blockquote>a<blockquote>b</blockquote>c</blockquote>", "> a\n>\n> > b\n>\n> c"),
    ],
)
def test_lines_are_joined_as_they_are_shown(html: str, written: str) -> None:
    assert markdown(html) == written


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<pre>a\n\n  b\n \n\nc\n\n</pre>d", "```\na\n\n  b\n\n\nc\n```\n\nd"),
        ("<pre>\n\n\na</pre><pre>b</pre>", "```\na\n```\n\n```\nb\n```"),
        ("<pre><span>a</span>\n<span></span>\n<span>b</span></pre>", "```\na\n\nb\n```"),
        ("<pre>a<br><br>b</pre>", "```\na\n\nb\n```"),
        ("<pre>x = '```'\n````</pre>", "`````\nx = '```'\n````\n`````"),
        ("<pre><code class='hljs language-c++'>  int a;</code></pre>", "```c++\n  int a;\n```"),
        ("<pre class='brush: java; toolbar: false'>a</pre>", "```java\na\n```"),
        ("<div class='highlight-python3 notranslate'><div class=highlight><pre>a</pre></div></div>", "```python3\na\n```"),
        ("<div class='highlight highlight-source-shell'><pre>a</pre></div>", "```shell\na\n```"),
        ("<div class='highlight-box'><pre class=language-text>a</pre></div>", "```\na\n```"),
        ("<ol><li>Run<pre>a\n\nb</pre><li>Stop</ol>", "1. Run\n\n   ```\n   a\n\n   b\n   ```\n\n2. Stop"),
        ("<ul><li><pre>a</pre><li>b</ul>", "- ```\n  a\n  ```\n\n- b"),
        ("<blockquote><pre>a\n\nb</pre></blockquote>", "> ```\n> a\n>\n> b\n> ```"),
    ],
)
def test_code(html: str, written: str) -> None:
    assert markdown(html) == written


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<tr><th>a<th>b<th>c<tr><td>1<td><td>3", "| a | b | c |\n| --- | --- | --- |\n| 1 |  | 3 |"),
        ("<tr><td><th>a<th>b<tr><th>x<td>1<td>", "|  | a | b |\n| --- | --- | --- |\n| x | 1 |  |"),
        ("<tr><th>a<th>b<tr><td>1", "| a | b |\n| --- | --- |\n| 1 |  |"),
        ("<tr><th>a<th>b<tr><td><td><tr><td>1<td>2", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("<caption>t</caption><tr><td>a|b<td>c", "t\n\n| a\\|b | c |\n| --- | --- |"),
        ("<tr><td><p>menu</p><td><tr><td><td><p>text</p>", "menu\n\ntext"),
    ],
)
def test_cells_stay_in_their_columns(html: str, written: str) -> None:
    assert markdown(f"<table>{html}</table>") == written


def test_tables_in_lists_and_lists_in_tables():
    table = "<table><tr><td>a<td>b<tr><td>c<td>d</table>"
    assert markdown(f"<ul><li>x{table}<li>y</ul>") == "- x\n\n  | a | b |\n  | --- | --- |\n  | c | d |\n\n- y"
    assert markdown("<table><tr><td><ul><li>a<li>b</ul></table>") == "- a\n- b"


def test_marks_of_the_page_itself_are_no_marks():
    page = f"<pre>a{SPOKEN}b{BLANK}\n\nc</pre><p>{BEGIN}7{THEN}<a href=x>d</a>{END}</p>"
    assert markdown(page, links=True) == "```\nab\n\nc\n```\n\n7[d](https://elm.example/x)"
    spelled = f"{page}<p>&#xfdd0;9&#xfdd1;e&#xfdd2;</p>"
    assert READER.marked_lines(READER.read(spelled)) is None
    assert "e" in markdown(spelled, links=True)


def test_pages_without_anything_to_mark_are_read_once():
    page = READER.read("<p>a <a href=x>b</a></p>")
    assert READER.marked_lines(page, links=False) is None


def test_what_goes_takes_its_blank_lines_along():
    page = READER.read("<pre>a\n\nb\n\nc</pre>")
    read = READER.marked_lines(page, links=False)
    assert read is not None
    assert to_markdown(page.blocks, [True, False, True], *read) == "```\na\n\nc\n```"
    assert to_markdown(page.blocks, [False, True, True], *read) == "```\nb\n\nc\n```"


def test_a_page_cleaned_to_markdown_keeps_its_code_as_it_was():
    html = """<article><h1>Counting boats</h1>
    <p>The script counts the boats that lie in the harbour at noon, and writes the number to the log of the day.</p>
    <pre><code class=language-python>for boat in harbour.boats():
    log.write(boat.name)

    log.flush()</code></pre>
    <p>It has run every day since the spring of last year, and the log has not missed a boat in all that time.</p></article>"""
    result = Cleaner(format="markdown").clean(html=html)
    assert "```python\nfor boat in harbour.boats():\n    log.write(boat.name)\n\n    log.flush()\n```" in result.text


@pytest.mark.parametrize(
    ("html", "written"),
    [
        ("<ol start=5><li>a<li>b</ol>", "5. a\n6. b"),
        ("<ol><li>a<li value=7><p>b</p><li>c</ol>", "1. a\n7. b\n8. c"),
        ("<ol start=3><li>a<ol><li>b</ol><li>c</ol>", "3. a\n   1. b\n4. c"),
        ("<ol start=3><li><ol start=2><li>b</ol><li>c</ol>", "2. b\n4. c"),
        ("<ol start=x><li>a</ol>", "1. a"),
        ("<ul><li value=4>a</ul>", "- a"),
        ("<ol start=2><li><pre>a</pre><li>b</ol>", "2. ```\n   a\n   ```\n\n3. b"),
    ],
)
def test_lists_begin_where_the_markup_says(html: str, written: str) -> None:
    assert markdown(html) == written


def test_a_numbered_list_keeps_its_numbers_where_an_item_goes() -> None:
    page = READER.read("<ol start=5><li>a<li>b<li>c</ol>")
    lines, marks = READER.marked_lines(page, links=False) or ([], None)
    assert lines == ["a", "b", "c"] and to_markdown(page.blocks, [True, False, True], lines, marks) == "5. a\n7. c"
