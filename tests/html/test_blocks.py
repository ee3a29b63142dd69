"""Markup to lines: what parts text, what joins it, what is no text, and how bad markup ends."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.errors import RecordError
from cleaner.html.page import PageReader
from cleaner.html.tags import TAG
from cleaner.packs.load import rules_root

READER = PageReader([rules_root() / "common" / "elements.toml"])


def lines(html):
    return READER.read(html).source.split("\n")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One <b>bold</b>, <i>two</i>.</p>", ["One bold, two."]),
        ("<p>un<b>believ</b>able</p>", ["unbelievable"]),
        ("<p>  a \n\t b&nbsp;&nbsp;c </p>", ["a b c"]),
        ("a<br>b<br/><br>c", ["a", "b", "c"]),
        ("<div>a<p>b</p>c</div>", ["a", "b", "c"]),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", ["a", "b", "c"]),
        ("<dl><dt>t<dd>d</dl>", ["t", "d"]),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", ["a\tb", "1\t2"]),
        ("<table><tr><td><p>a</p><td>b</table>", ["a", "b"]),
        ("<table><tr><td>menu<br>more<td>text</table>", ["menu", "more", "text"]),
        ("<pre>def f(x):\n    return x\n\n  y</pre>z", ["def f(x):", "    return x", "  y", "z"]),
        ("<pre><code>a\n  <span>b</span></code></pre>", ["a", "  b"]),
        ("<xmp><b>x</b> &amp;</xmp>", ["<b>x</b> &amp;"]),
        ("<p>1 &lt; 2 &amp;&amp; 3 &gt; 2 &copy; &bogus;</p>", ["1 < 2 && 3 > 2 © &bogus;"]),
        ("<p>a<script>var b='<p>';</script><style>p{}</style>c</p>", ["ac"]),
        ("<p>a<!-- x > <p> -- --><!--->b</p>", ["ab"]),
        ("<p>a <span hidden>b</span><i style='display: none'>c</i><i aria-hidden=true>d</i>e</p>", ["a e"]),
        ("<p>a <b style='color:red;visibility: hidden'>b</b><b style='backface-visibility:hidden'>c</b></p>", ["a c"]),
        ("<p title='<p>&quot;x'>a</p>", ["a"]),
        ("<p foo<bar=1>a</p>", ["a"]),
        ("<p>a<select><option>b</select><textarea>c</textarea><svg><text>d</text></svg>e</p>", ["ae"]),
        ("<blockquote>q</blockquote><figure><figcaption>f</figcaption></figure>", ["q", "f"]),
        ("<details><summary>s</summary>d</details>", ["s", "d"]),
        ("<my-card>a</my-card><my-card>b</my-card>", ["a", "b"]),
        ("<o:p>a</o:p>b", ["ab"]),
        ("<p>a<?php echo 1 ?>b</p>", ["ab"]),
        ("<noembed><a href=x>n</a></noembed>m", ["m"]),
        ("text alone", ["text alone"]),
        ("<p>&nbsp;</p><p> </p>", [""]),
        ("", [""]),
    ],
)  # fmt: skip
def test_text_is_what_a_browser_shows(html, expected):
    assert lines(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a>harbour</a><a>Weather</a><a>Sport</a>", "harbour Weather Sport"),
        ("<a>погода</a><a>Спорт</a>", "погода Спорт"),
        ("<a>καιρός</a><a>Ύδρα</a>", "καιρός Ύδρα"),
        ("<a>ngày lễ</a><a>Ấm áp</a>", "ngày lễ Ấm áp"),
        ("<a>ہوا</a><a>موسم</a>", "ہواموسم"),
        ("<span>2024</span><span>1h 52m</span><span>PG</span>", "2024 1h 52m PG"),
        ("<label>Bearings</label><span>179</span><span>New</span>", "Bearings 179 New"),
        ("<a>XL</a><a>XXL</a>", "XL XXL"),
        ("<a><b>boats</b></a><a><i>harbours</i></a>", "boats harbours"),
        ("<a>boats</a><!-- and --><a>harbours</a>", "boats harbours"),
        ("<b>T</b><span>he</span> sea", "The sea"),
        ("<b>M</b><span>ARINA</span>", "MARINA"),
        ("<i>S</i><i>e</i><i>a</i><i>side</i>", "Seaside"),
        ("<b>1</b><b>9</b><b>8</b><b>4</b>", "1984"),
        ("<i>m</i><sup>2</sup>", "m2"),
        ("<span>3</span><span>rd</span>", "3rd"),
        ("<b>sail</b><i>or</i>", "sailor"),
        ("<a>天气</a><a>体育</a>", "天气体育"),
        ("<b>Sail</b>boats and <i>boat</i>Yards", "Sailboats and boatYards"),
        ("<pre><b>set</b><b>Sail</b></pre>", "setSail"),
    ],
)  # fmt: skip
def test_words_of_inline_elements_that_touch_are_parted_where_letters_tell(html, expected):
    assert lines(f"<p>{html}</p>" if "<pre>" not in html else html) == [expected]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p><a aria-hidden=true>A teaser around which there is another link</a></p>", ["A teaser around which there is another link"]),
        ("<p><span hidden>A paragraph that a script unfolds some time</span></p>x", ["A paragraph that a script unfolds some time", "x"]),
        ("<p>By <a aria-hidden=true>a name that is there for the eye alone</a></p>", ["By"]),
        ("<p><a aria-hidden=true>a name that is there for the eye alone</a> by</p>", ["by"]),
        ("<p><i aria-hidden=true>arrow_forward</i></p>x", ["x"]),
        ("<p><i hidden>A paragraph that <b>a script</b> unfolds some time</i></p>x", ["x"]),
    ],
)  # fmt: skip
def test_hidden_words_are_read_where_they_are_all_of_their_block(html, expected):
    assert lines(html) == expected


def test_every_line_has_its_columns():
    page = READER.read(
        "<nav><a href=1>Home</a> <a href=2>News</a></nav><p>Some <b>bold</b> words</p><p><img>x<br>y</p>"
    )
    blocks = page.blocks
    assert page.source.split("\n") == ["Home News", "Some bold words", "x", "y"]
    assert len(blocks) == 4
    assert blocks.chars.tolist() == [8, 13, 1, 1]
    assert blocks.linked.tolist() == [8, 0, 0, 0]
    assert blocks.strong.tolist() == [0, 4, 0, 0]
    assert blocks.links.tolist() == [2, 0, 0, 0]
    assert blocks.images.tolist() == [0, 0, 1, 0]
    assert blocks.breaks.tolist() == [0, 0, 0, 1]
    assert blocks.elements.tag[blocks.block].tolist() == [TAG["nav"], TAG["p"], TAG["p"], TAG["p"]]
    assert blocks.elements.tag[blocks.leaf].tolist() == [TAG["a"], TAG["p"], TAG["p"], TAG["p"]]


def test_elements_know_their_lines_and_names():
    page = READER.read("<div class='related-posts'><p>a</p><p>b</p></div><div id='comments'>c</div><p class='x'>d</p>")
    elements = page.blocks.elements
    related, comments = READER.words.bit("related"), READER.words.bit("comments")
    found = {
        bit: [
            (int(elements.first[i]), int(elements.last[i]))
            for i in range(len(elements.tag))
            if int(elements.bits[i]) & bit
        ]
        for bit in (related, comments)
    }
    assert found == {related: [(0, 2)], comments: [(2, 3)]}
    paragraphs = elements.tag == TAG["p"]
    assert len({*elements.signature[paragraphs].tolist()}) == 2


def test_noscript_counts_only_where_the_page_shows_nothing_else():
    thread = (
        "<noscript><div class=topic>" + "<p>A long post about gardening in dry summers.</p>" * 30 + "</div></noscript>"
    )
    assert len(lines(f"<body><p>Loading</p>{thread}</body>")) == 31
    shown = "<p>This is the article itself and it goes on for a while.</p>" * 80
    assert len(lines(f"<body>{shown}{thread}</body>")) == 80


def test_a_large_page_takes_time_in_proportion():
    page = "<div class='post'><p>A paragraph of words, <a href='/x'>linked</a> and not.</p></div>\n" * 60_000
    start = time.process_time()
    blocks = READER.read(page).blocks
    assert len(blocks) == 60_000
    assert time.process_time() - start < 20


def test_frames():
    assert lines("<frameset><frame src=a><noframes><p>Go to the <a href=x>text</a></noframes></frameset>") == [
        "Go to the text"
    ]


def test_a_custom_element_is_not_the_one_it_begins_like():
    html = "<p>One<template-chooser>two</template-chooser> <script-box>three</script-box><template>four</template>"
    assert lines(html) == ["One", "two", "three"]


def test_double_encoding_is_repaired_in_the_text():
    assert lines("<p>" + "Café déjà été – ô".encode().decode("cp1252") + "</p>") == ["Café déjà été – ô"]


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 100_000 + "deep",
        "<p>x" + "<svg>" * 100_000 + "<p>deep",
        "<div><p>x</p>" * 100_000 + "deep",
        "<div>" * 60_000 + "deep" + "</div>" * 60_000,
        "<b>" * 100_000 + "deep",
        "<table><tr><td>" * 30_000 + "deep",
        "<ul><li>" * 50_000 + "deep",
        "<font><a href=x>" * 20_000 + "deep",
    ],
    ids=["div", "svg", "div-p", "balanced", "b", "table", "list", "font"],
)
def test_deep_nesting_ends_soon(html):
    start = time.process_time()
    assert "deep" in READER.read(html).source
    assert time.process_time() - start < 20


_NAMES = (
    "p td table tr pre xmp noscript svg br plaintext select frameset body li math noembed template style iframe title "
    "textarea form b i ul dl h1 option button"
)
_PIECES = [
    *("<div class='a \"b'>", '<a href="x>y">', "</a>", "<!--", "-->", "<", ">", "&", "\n", " ", "x", "<?x", "\0"),
    *("é", '"', "'", "<![CDATA[", "]]>", "</html>", "</div>", "</p>", "</table>", "</noscript>", "</svg>", "\ud800"),
    *("<o:p>", "<my-x>"),
    *(f"<{name}>" for name in _NAMES.split()),
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(_PIECES),
        max_size=40,
    )
)
def test_any_markup_gives_lines_with_columns(parts):
    page = READER.read("<p>start</p>" + "".join(parts))
    texts = page.source.split("\n") if page.source else []
    assert len(texts) == len(page.blocks)
    assert all(text.strip() for text in texts)
    elements = page.blocks.elements
    assert (elements.parent <= range(len(elements.parent))).all()
    assert (elements.first <= elements.last).all()


@pytest.mark.parametrize("html", [b"%PDF-1.4 x", "<?xml version='1.0'?><urlset></urlset>", bytes(range(30)) * 9])
def test_no_page_is_an_error_with_a_reason(html):
    with pytest.raises(RecordError, match="expected an HTML page"):
        READER.read(html)
