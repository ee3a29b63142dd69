"""From the bytes of a page to its text, and what is no page at all.

The order is that of browsers: byte order mark, the protocol's charset, the page's own `meta`, then detection. It
differs in one point: bytes that are valid UTF-8 beyond ASCII are UTF-8 whatever one-byte charset a page claims,
since no other text looks like that by chance.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PRESCAN: Final = 4096
_META: Final = re.compile(
    rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([a-z0-9_:.+-]+)|<\?xml[^>]*?encoding\s*=\s*["']([a-z0-9_:.+-]+)""",
    re.IGNORECASE,
)
_WEB_NAMES: Final = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "latin-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "tis-620": "cp874", "gb2312": "gb18030", "gbk": "gb18030", "hz": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949",
    "big5": "big5hkscs", "utf-16": "utf-8", "utf-16-le": "utf-8", "utf-16-be": "utf-8", "utf-7": "cp1252",
    "utf-32": "utf-8", "utf-32-le": "utf-8", "utf-32-be": "utf-8", "iso8859-8": "iso8859-8",
}  # fmt: skip
"""What the names of charsets mean on the web, by the names Python gives the codecs."""
_LABELS: Final = {"x-sjis": "cp932", "x-gbk": "gb18030", "x-x-big5": "big5hkscs", "x-cp1251": "cp1251",
                  "x-cp1252": "cp1252", "windows-31j": "cp932", "ks_c_5601-1987": "cp949", "x-euc-jp": "euc_jp",
                  "unicode": "utf-8", "utf8": "utf-8", "x-user-defined": "cp1252", "none": ""}  # fmt: skip
_SAMPLE: Final = 65_536
_BAD_SHARE: Final = 50
"""A claimed UTF-8 with more than one broken byte in so many beyond ASCII is none."""
_UPPER_HALF: Final = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in range(0x80, 0xC0))
_UPPER: Final = b"(?:" + b"|".join(re.escape(char.encode()) for char in _UPPER_HALF) + b")"
_TWICE: Final = re.compile(b"\xc3(?:[\x82-\x9f]%b|[\xa0-\xaf]%b{2}|[\xb0-\xb4]%b{3})" % (_UPPER, _UPPER, _UPPER))
"""A character of two, three or four bytes, each of which is one of U+00C2 to U+00F4 or `_UPPER_HALF` by now; in UTF-8, where
all begin with one byte and are found many times faster."""
_BEYOND_ASCII: Final = bytes(range(0x80, 0x100))
_TWICE_SIGNS: Final = ("\u00c3", "\u00d0", "\u00ce", "\u00e2\u20ac", "\u00e3\u0192", "\u00e3\u20ac", "\u00e4\u00b8")
"""Some of these are in every text that was encoded twice; looking for them costs next to nothing."""
_TO_BYTE: Final = {char: byte for byte, char in zip(range(0x80, 0xC0), _UPPER_HALF, strict=True)}
_MAGIC: Final = (
    (b"%PDF-", "pdf"), (b"PK\x03\x04", "zip"), (b"\x89PNG", "image"), (b"GIF8", "image"), (b"\xff\xd8\xff", "image"),
    (b"\x1f\x8b", "gzip"), (b"RIFF", "media"), (b"ID3", "media"), (b"\xd0\xcf\x11\xe0", "office"),
    (b"\x28\xb5\x2f\xfd", "zstd"), (b"{\\rtf", "rtf"), (b"\x00\x00\x00\x18ftyp", "media"), (b"wOFF", "font"),
)  # fmt: skip
_MARKUP: Final = re.compile(
    r"<(?:!doctype\s+html|html|head|body|div|p|span|a|table|title|meta|h[1-6]|ul|br)\b", re.IGNORECASE
)
_XML: Final = re.compile(r"\s*<\?xml\b|\s*<(?:rss|feed|urlset|sitemapindex|rdf:rdf|svg)\b", re.IGNORECASE)
_HTML: Final = re.compile(r"<(?:!doctype\s+html|html|body)\b", re.IGNORECASE)
_PLAINLY: Final = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_PLAINLY_BYTES: Final = re.compile(_PLAINLY.pattern.encode(), re.IGNORECASE)
"""How nearly all pages begin."""
_START: Final = 2048


def decode(data: bytes, charset: str | None = None) -> str:
    """The text of a page; `charset` is what the protocol said. Never fails: what cannot be read becomes U+FFFD."""
    return decode_checked(data, charset)[0]


def decode_checked(data: bytes, charset: str | None = None) -> tuple[str, bool]:
    """The same, and whether `data` is just that text in UTF-8, so that it need not be encoded again."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace"), False
    declared = web_codec(charset) or _declared(data)
    if not declared and (wide := _without_mark(data)):
        return data.decode(wide, "replace"), False
    if declared not in (None, "utf-8") and not _one_byte(declared):
        return data.decode(declared or "utf-8", "replace"), False
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        pass
    if declared == "utf-8" and not _badly_broken(data):
        return data.decode("utf-8", "replace"), False
    if declared and declared != "utf-8":
        return data.decode(declared, "replace"), False
    return data.decode(_detect(data), "replace"), False


def web_codec(label: str | None) -> str | None:
    """The codec that a charset's name means on the web; `None` for a name nobody knows."""
    if not label:
        return None
    label = label.strip().strip("\"'").lower()
    label = _LABELS.get(label, label)
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    if not getattr(info, "_is_text_encoding", True) or info.name in ("idna", "punycode", "mbcs", "unicode-escape"):
        return None
    return _WEB_NAMES.get(info.name, info.name)


def _declared(data: bytes) -> str | None:
    match = _META.search(data[:_PRESCAN])
    return web_codec((match[1] or match[2]).decode("ascii", "ignore")) if match else None


def _without_mark(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of an ASCII beginning is NUL."""
    head = data[:64]
    if len(head) >= 8 and b"<" in head:
        if not any(head[0::2]) and all(head[1::2]):
            return "utf-16-be"
        if not any(head[1::2]) and all(head[0::2]):
            return "utf-16-le"
    return None


def _one_byte(codec: str) -> bool:
    return codec.startswith(("cp125", "iso8859", "koi8", "mac", "cp874", "cp866"))


def _badly_broken(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    beyond = sum(byte >= 0x80 for byte in sample)
    broken = sample.decode("utf-8", "replace").count("\ufffd")
    return broken * _BAD_SHARE > beyond


def _detect(data: bytes) -> str:
    """The likeliest codec of bytes that claim none; what browsers in the West fall back to where nothing is likely."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return "cp1252"
    best = from_bytes(data[:_SAMPLE], steps=4, chunk_size=1024).best()
    return web_codec(best.encoding) or "cp1252" if best is not None else "cp1252"


def looks_encoded_twice(text: str) -> bool:
    """Whether some of `text` may be UTF-8 that was encoded twice: cheap, and never wrong when it says no."""
    return not text.isascii() and any(sign[0] in text and sign in text for sign in _TWICE_SIGNS)


def repair(text: str) -> str:
    """`text` with UTF-8 that was encoded twice set right, where there is enough of it to be sure."""
    if not looks_encoded_twice(text):
        return text
    data = text.encode("utf-8", "surrogatepass")
    found = [run.decode() for run in _TWICE.findall(data)]
    if len(found) < 3 or 4 * sum(map(len, found)) < len(text) - len(data.translate(None, _BEYOND_ASCII)):
        return text
    return _TWICE.sub(_once, data).decode("utf-8", "surrogatepass")


def _once(match: re.Match[bytes]) -> bytes:
    run = match.group().decode()
    data = bytes([ord(run[0]), *(_TO_BYTE[char] for char in run[1:])])
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return match.group()
    return data


def not_a_page(data: bytes | str) -> str | None:
    """Why `data` is no HTML: `pdf`, `xml`, `json`, `binary`, …; `None` if it may be."""
    if _PLAINLY.match(data) if isinstance(data, str) else _PLAINLY_BYTES.match(data):
        return None
    head = data[:_START]
    raw = head if isinstance(head, bytes) else head.encode("utf-8", "replace")
    for magic, reason in _MAGIC:
        if raw.lstrip(b"\r\n\t ").startswith(magic):
            return reason
    text = head if isinstance(head, str) else head.decode("latin-1")
    if _XML.match(text) and not _HTML.search(text):
        return "xml"
    if _MARKUP.search(text):
        return None
    control = sum(char < " " and char not in "\t\n\r\f" for char in text)
    if control * 10 > len(text):
        wide = isinstance(data, bytes) and (data.startswith((_BOMS[1][0], _BOMS[2][0])))
        return None if wide or (isinstance(data, bytes) and _without_mark(data)) else "binary"
    if text.lstrip()[:1] in ("{", "[") and "<" not in text:
        return "json"
    return None
