"""Bytes to text as browsers do, double encoding, and what is no page."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.html.charset import decode, decode_checked, not_a_page, repair, web_codec


def twice(text):
    """`text` as it looks when its UTF-8 is taken for windows-1252."""
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())


FRENCH = "<p>Été à Orléans – « déjà »</p>"


def test_a_byte_order_mark_beats_everything():
    page = '<meta charset="windows-1251"><p>naïve</p>'
    assert decode(codecs.BOM_UTF8 + page.encode(), "koi8-r") == page
    assert decode(codecs.BOM_UTF16_LE + page.encode("utf-16-le"), "utf-8") == page
    assert decode(codecs.BOM_UTF16_BE + page.encode("utf-16-be")) == page


def test_the_protocol_beats_the_page():
    data = '<meta charset="windows-1252"><p>Привет, как дела</p>'.encode("koi8-r")
    assert "Привет" in decode(data, "KOI8-R")


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("iso-8859-1", "cp1252", "“dashes” – €"),
        ("windows-1251", "cp1251", "Добрый день"),
        ("gb2312", "gb18030", "今天天氣很好"),
        ("shift_jis", "cp932", "①今日は晴れ"),
        ("euc-kr", "cp949", "안녕하세요 똠방각하"),
        ("big5", "big5hkscs", "今天天氣很好"),
        ("iso-8859-9", "cp1254", "İstanbul’da ğş"),
        ("utf-16", "utf-8", "naïve"),
    ],
)
def test_names_mean_what_they_mean_on_the_web(label, codec, text):
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={label}"></head><p>{text}</p>'
    assert text in decode(page.encode(codec))


def test_utf8_is_recognised_whatever_a_page_claims():
    assert FRENCH in decode(f'<meta charset="iso-8859-1">{FRENCH}'.encode())
    assert FRENCH in decode(FRENCH.encode())


def test_a_broken_byte_does_not_turn_a_page_into_another_charset():
    data = ('<meta charset="utf-8">' + "é" * 200).encode() + b"\xff end"
    assert decode(data).endswith("é\ufffd end")


def test_claimed_utf8_that_is_none_is_detected():
    text = "<meta charset=utf-8><p>" + "Die Größe der Brücke überrascht viele Gäste, die über den Fluß müssen. " * 8
    assert "Größe der Brücke" in decode(text.encode("cp1252"))


def test_utf16_without_a_mark():
    assert decode("<html><body>naïve</body></html>".encode("utf-16-le")) == "<html><body>naïve</body></html>"


@pytest.mark.parametrize("label", ["nonsense", "base64", "rot13", "idna", "", None, "\udcff"])
def test_names_that_read_no_text_are_ignored(label):
    assert web_codec(label) is None


@given(st.binary(max_size=400), st.sampled_from([None, "utf-8", "latin-1", "gbk", "x"]))
def test_any_bytes_become_text(data, charset):
    assert isinstance(decode(data, charset), str)


def test_double_encoding_is_repaired_where_there_is_enough_of_it():
    for text in ("Café, déjà vu, à l’été – “là”", "Привет, как дела", "日本語のページ"):
        assert repair(twice(text)) == text


@pytest.mark.parametrize(
    "text", ["AMANHÃ SERÁ", "São João e a manhã", "plain", "Ã© is how a wrong é looks; à côté été déjà"]
)
def test_sound_text_stays(text):
    assert repair(text) == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7 \x00", "pdf"), (b"  \n%PDF-1.7", "pdf"), (b"PK\x03\x04abc", "zip"), (b"\x89PNG\r\n", "image"),
        (b"<?xml version='1.0'?><rss><channel/></rss>", "xml"), ("<feed xmlns='x'></feed>", "xml"),
        ('{"a": 1}', "json"), (bytes(range(32)) * 20, "binary"),
        (b"<!doctype html><p>x", None), ("just words", None), ("", None), (b"", None),
        (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html><body>x</body></html>", None),
    ],
)  # fmt: skip
def test_what_is_no_page(data, reason):
    assert not_a_page(data) == reason


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        ("<p>Äpfel 中文 \U0001f600</p>".encode(), None, True),
        ("<p>Äpfel</p>".encode(), "windows-1252", True),
        (b"\xef\xbb\xbf<p>One</p>", None, False),
        ("<p>Äpfel</p>".encode("latin-1"), "latin-1", False),
        (b"<p>\xed\xa0\x80</p>", "utf-8", False),
        ("<p>One</p>".encode("utf-16-le"), None, False),
        ("<p>中文</p>".encode("gb18030"), "gbk", False),
    ],
)
def test_bytes_that_need_not_be_encoded_again(data, charset, expected):
    text, is_utf8 = decode_checked(data, charset)
    assert is_utf8 is expected
    assert (text.encode("utf-8", "ignore") == data) or not is_utf8
