"""Other cleaners behind one shape, to be measured in the same run.

Text peers are the line filters of public corpora, written here from their descriptions; HTML peers are extractors behind
the extra `peers`. A text peer is `(text, language) -> text`, an HTML peer `(html, language) -> text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

import regex

from cleaner.errors import ConfigError

TextPeer = Callable[[str, str], str]
PagePeer = Callable[[str, str], str]
_DENSE_LANGUAGES: Final = frozenset({"zh", "ja", "th", "lo", "km", "my"})
_ENDS: Final = tuple(".?!\"'…”’»。！？」』；;।॥؟۔።)")
_POLICY: Final = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
_STOP_LISTS: Final = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ko": "Korean", "nl": "Dutch", "no": "Norwegian_Bokmal", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sr": "Serbian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese",
}  # fmt: skip
_COUNTER: Final = regex.compile(
    r"\W*[\d.,]+\s?[kKmM]?\+?\s*(?:likes?|shares?|comments?|views?|followers?|replies|votes?|points?|reviews?|reads?)\W*",
    regex.I,
)
_ACTION_START: Final = regex.compile(
    r"\W*(?:sign[- ]?(?:in|up)|log ?in|register|subscribe|share|follow us|click here)\b", regex.I
)
_ACTION_END: Final = regex.compile(
    r"(?:read more|continue reading|learn more|show more|view all|load more)\W*$", regex.I
)
_ACTION: Final = regex.compile(
    r"items? in (?:your )?cart|add to cart|all rights reserved|cookie policy|skip to content", regex.I
)


def _filtered(text: str, keep: Callable[[str], bool]) -> str:
    return "\n".join(line for line in text.split("\n") if not line.strip() or keep(line.strip()))


def _size(line: str, language: str) -> float:
    return len(line) / 2 if language in _DENSE_LANGUAGES else len(line.split())


def c4(text: str, language: str) -> str:
    """The line rules of C4 (Raffel et al., 2020), with the closing punctuation of other scripts."""

    def keep(line: str) -> bool:
        low = line.lower()
        ended = line.endswith(_ENDS) and not line.endswith("...")
        return ended and _size(line, language) >= 5 and "javascript" not in low and not any(p in low for p in _POLICY)

    return _filtered(text, keep)


def refinedweb(text: str, language: str) -> str:
    """Line corrections as RefinedWeb describes them (Penedo et al., 2023): capitals, counters, lone words, calls to act."""

    def keep(line: str) -> bool:
        letters = [char for char in line if char.isalpha()]
        if not letters or _COUNTER.fullmatch(line) or 2 * sum(map(str.isupper, letters)) > len(letters):
            return False
        if language not in _DENSE_LANGUAGES and len(line.split()) == 1:
            return False
        short = len(line.split()) <= 10
        return not (short and (_ACTION.search(line) or _ACTION_START.match(line) or _ACTION_END.search(line)))

    return _filtered(text, keep)


def exact_lines(text: str, language: str) -> str:
    """A line that stood before in the same text goes, as in CCNet and Gopher."""
    seen: set[str] = set()

    def keep(line: str) -> bool:
        folded = " ".join(line.lower().split())
        known = folded in seen
        seen.add(folded)
        return not known

    return _filtered(text, keep)


def nothing(text: str, language: str) -> str:
    """Leaves texts alone."""
    return text


def _need(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ConfigError(f"peer: needs {module.partition('.')[0]} ({error}); install the extra `peers`") from error


def trafilatura() -> PagePeer:
    """Trafilatura's default extraction."""
    extract = _need("trafilatura").extract
    return lambda html, _: extract(html) or ""


def resiliparse() -> PagePeer:
    """Resiliparse's main-content extraction."""
    extract = _need("resiliparse.extract.html2text").extract_plain_text
    return lambda html, _: str(extract(html, main_content=True, alt_texts=False))


def justext() -> PagePeer:
    """The classification of jusText with the stop list of the page's language; without stop words where there is no such list."""
    module = _need("justext")
    known = set(module.get_stoplists())

    def extract(html: str, language: str) -> str:
        name = _STOP_LISTS.get(language, "")
        if name in known:
            paragraphs = module.justext(html, module.get_stoplist(name))
        else:
            paragraphs = module.justext(html, frozenset(), stopwords_low=0, stopwords_high=0)
        return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)

    return extract


def readability() -> PagePeer:
    """readability-lxml's summary as text."""
    document, lxml_html = _need("readability").Document, _need("lxml.html")

    def extract(html: str, _: str) -> str:
        root = lxml_html.fromstring(document(html).summary())
        return "\n".join(line for part in root.itertext() if (line := " ".join(part.split())))

    return extract


def inscriptis() -> PagePeer:
    """inscriptis: the whole page as text."""
    get_text = _need("inscriptis").get_text
    return lambda html, _: str(get_text(html))


TEXT_PEERS: Final[Mapping[str, TextPeer]] = MappingProxyType(
    {"c4": c4, "refinedweb": refinedweb, "exact-lines": exact_lines, "nothing": nothing}
)
PAGE_PEERS: Final[Mapping[str, Callable[[], PagePeer]]] = MappingProxyType(
    {
        "trafilatura": trafilatura,
        "resiliparse": resiliparse,
        "justext": justext,
        "readability": readability,
        "inscriptis": inscriptis,
    }
)
