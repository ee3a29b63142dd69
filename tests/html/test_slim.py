"""Pages without what no judge looks at: their blocks are those of the whole page."""

import numpy as np
import pytest

from cleaner.html import page as page_module
from cleaner.html.blocks import NO_TEXT
from cleaner.html.page import PageReader
from cleaner.html.slim import slimmed
from cleaner.packs.load import rules_root

READER = PageReader([rules_root() / "common" / "elements.toml"])
PAGES = {
    "attributes": '<p data-x="a>b" title=\'c"d\' class=lead id = "one" onclick=go(">") HIDDEN>Text</p><p CLASS="x"id=y/>More',
    "hardly names": '<p a"class="x" b>y</p><div =class="z" <p id="q">w</div>',
    "no end": "<p>One</p><p class='two>Three</p>",
    "script": "<p>One<script>if (a < b) document.write('<p>no</p>')</script> two</p>",
    "script in a comment in a script": "<script><!-- <script> </script> --></script><p>One</p>",
    "comment in a script": "<script><!-- x </script><p>One</p><script>//--></script><p>Two</p>",
    "style in a choice": "<select><style><b></style><option>One</select><p>Two</p>",
    "comments": "<p>A&am<!-- x -->p;B<<!-- y -->b>C<!--> d --><!---> e --><!-- f --!> g</p><! h><?i > j</ k>l</>m<!-- n",
    "drawing": "<p>One <svg viewBox='0 0 1 1'><title>No</title><path d='M0 0'/></svg> two</p>",
    "drawing with text of the page": "<svg><g><p>One</p></g></svg><p>Two</p>",
    "open drawing": "<p>One</p><svg><path><p>Two",
    "drawing with a script": "<svg><script><p>One</p></script></svg><p>Two</p>",
    "table": "<table>" + "<tr data-a='" + "x" * 3990 + "'><td>One<!-- y --><td>Two</tr><tr><td>Three<td>Four</tr></table>",
    "table in a template": "<table><template></table></template><tr data-a='" + "x" * 3995 + "'><td>One<td>Two</table>",
    "raw": "<title>a<b></title><textarea><p class=x></textarea><xmp><p data-a=b></xmp><noscript><p title=b>One</noscript>",
    "formats": "".join(f"<p><font color={n}><b data-a={n}>Text {n}</p>" for n in range(6)) + "<p>End",
    "plain": "<p title=x>One</p><plaintext><p title=y>Two",
    "frames": "<frameset><frame src=a></frameset><noframes><p title=b>One</p></noframes>",
    "formula": "<math><mi title=x>a</mi></math><p title=y>One</p>",
    "comments by links": "<p><a>One</a></p><!-- x --><p><!----><a><!-- y -->Two</a><!-- z --> three <!----></p><!-- --><br><!-- -->Four",
    "rows with scripts": "<table><tr><td>" + "x" * 3980 + "<script>f()</script><td>Two<tr><td>a<svg></svg>b<td>c</table>d<svg></svg>e<script></script><a>f",
    "white space": "<div> \n\t <p>\n    One    <b>   two</b>    <i>x</i>\r\n\r\n\t\t<br>    <!-- y -->    three</p>\f\f\f\f\f<p>Four</div>",
    "white space that counts": "<p>Four</p>    <pre>    one     <b>two</b>\n\n\n\n     <i>x</i></pre>     <listing>\n\n\n\n<b>a</b></listing>",
    "walls in code": "<pre>a<table><td></pre>    <b>b</b></table>    <b>c</b></pre>     <b>d</b><select></pre></select>    <b>e</b>",
    "hollow": '<p>One<img class="icon" hidden src=a alt=">"/><input type=hidden id=x><hr role=none>two<br class=y>three<image id=z></p>',
    "frame": '<p>One<iframe class="x" src=a><p>no</p></iframe>two</p><iframe><p>Three',
    "styles": '<p style="color:red">One</p><p style="display:none">Two</p><p STYLE=visibility:hidden>Three</p><p style="displa&#121;:none">Four</p><p style=";opacity:0">Five</p><p style>Six</p><p style="a:b" style="display:none">Seven</p><p style=display:none style=a>Eight</p>',
    "bytes beyond": "<p title='\u00e4'>\u00e4\ud800\u4e2d</p>\0<p \0id=x>One",
}


def blocks(html, monkeypatch, whole):
    with monkeypatch.context() as patch:
        if whole:
            patch.setattr(page_module, "slimmed", lambda data: slimmed(data)._replace(data=data, gone=NO_TEXT))
        return READER._blocks(html)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("frame", ["{}", "<!doctype html><html><head><title>T</title></head><body class=b>{}</body></html>"])
def test_blocks_do_not_depend_on_what_is_left_out(name, frame, monkeypatch):
    html = frame.replace("{}", PAGES[name])
    one, other = (blocks(html, monkeypatch, whole) for whole in (True, False))
    assert one.source == other.source
    for column in ("leaf", "block", "chars", "linked", "links", "images", "inputs", "breaks"):
        assert np.array_equal(getattr(one, column), getattr(other, column)), column
    for column in ("tag", "parent", "first", "last", "bits", "signature"):
        assert np.array_equal(getattr(one.elements, column), getattr(other.elements, column)), column


@pytest.mark.parametrize("seed", range(40))
def test_torn_pages_have_the_same_blocks(seed, monkeypatch):
    # Pieces of all pages in any order: tags that do not match, quotes and comments that do not end.
    dice = np.random.default_rng(seed)
    whole = "".join(PAGES.values())
    cuts = dice.integers(0, len(whole), (30, 1)) + np.array([0, 1]) * dice.integers(1, 60, (30, 1))
    html = "".join(whole[low:high] for low, high in cuts.tolist())
    one, other = (blocks(html, monkeypatch, known) for known in (True, False))
    assert one.source == other.source
    assert np.array_equal(one.elements.signature, other.elements.signature)


def test_left_out():
    page = b'<p data-a="b" class="c" href=d>One<!-- two --><script src=e>f()</script><svg><path d=g /></svg>'
    assert slimmed(page)[:2] == (b'<p class="c" >One<!--><script></script><svg></svg>', [])
    page = b'<p style="a:b">     <!-- x --><img class=a src=b>     <iframe src=c>d</iframe>'
    assert slimmed(page)[:2] == (b"<p > <img> <iframe></iframe>", [])
    assert slimmed(b"<script>x</script><table><tr><td><svg><path/></svg>").gone == ["svg"]
    assert slimmed(b"<template><style>x</style>").gone == ["style", "template"]
    assert slimmed(b"<p>One <math>")[:2] == (b"<p>One <math>", NO_TEXT)
