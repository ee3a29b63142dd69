"""What reading a page loses before anything is judged: words of labelled pages, and words that touch.

    python benchmarks/reading.py DATA [DATA ...]

DATA are labelled pages with a gold text (docs/data.md). The first table has, per file and kind of page, the share of the gold's
words that stand in the page's visible text and not in ours, the mean over pages. The second one has the places where an inline
element ends and another one begins at once, between letters or figures: how often the gold text has two words there and how
often one, by the kinds of the letters on both sides, and how many of each are parted.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from cleaner.bench.labelled import LabelledPage, read_pages
from cleaner.bench.score import words
from cleaner.html.page import PageReader
from cleaner.packs.load import rules_root

_READER = PageReader([rules_root() / "common" / "elements.toml"])
_INLINE = "a|abbr|b|bdi|button|cite|code|data|em|font|i|kbd|label|mark|q|s|samp|small|span|strong|sub|sup|time|u|var"
_TOUCHING = re.compile(rf"(?<![\w&;])(\w+)(?:</(?:{_INLINE})>)+(?:<(?:{_INLINE})\b[^<>]*>)+(\w+)", re.IGNORECASE)
_UNSHOWN = re.compile(r"(?is)<(script|style|pre|noscript|svg|textarea)\b.*?</\1>|<!--.*?-->")
_KINDS = (("small", str.islower), ("capital", str.isupper), ("figure", str.isdigit))


def lost(item: LabelledPage, gold: str) -> float:
    """The share of the gold's words that the page shows and our text lacks."""
    wanted = Counter(words(gold))
    tree = LexborHTMLParser(item.html)
    for node in tree.css("script,style,noscript,template"):
        node.decompose()
    shown = Counter(words(tree.body.text(separator=" "))) if tree.body is not None else Counter()
    ours = Counter(words(_READER.read(item.html, url=item.info.url or None).source))
    return max((wanted & shown).total() - (wanted & ours).total(), 0) / max(wanted.total(), 1)


def touching(item: LabelledPage, gold: str) -> Iterator[tuple[str, str, bool]]:
    """Where elements touch and the gold tells: what stands on both sides, and whether that is two words."""
    known = set(re.findall(r"\w+", gold))
    html = item.html if isinstance(item.html, str) else item.html.decode("utf-8", "replace")
    for before, behind in _TOUCHING.findall(_UNSHOWN.sub("", html)):
        one, two = before + behind in known, before in known and behind in known
        if one != two:
            yield before, behind, two


@cache
def is_parted(before: str, behind: str) -> bool:
    """Whether the reader parts the two."""
    return " " in _READER.read(f"<p><b>{before}</b><i>{behind}</i></p>").source


def _kind(letter: str) -> str:
    return next((name for name, holds in _KINDS if holds(letter)), "other")


def main(paths: Sequence[str]) -> None:
    shares: dict[str, list[float]] = defaultdict(list)
    places: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
    for path in paths:
        for item in read_pages([Path(path)]):
            if item.gold is None or not item.gold.strip():
                continue
            shares[f"{Path(path).name.split('.')[0]} {item.info.kind or 'other'}"].append(lost(item, item.gold))
            for before, behind, two in touching(item, item.gold):
                places[f"{_kind(before[-1])}, {_kind(behind[0])}"][two, is_parted(before, behind)] += 1
    print(f"{'words lost by reading':32s}{'pages':>8s}{'share':>8s}")
    for group, found in shares.items():
        print(f"{group:32s}{len(found):8d}{sum(found) / len(found):8.4f}")
    print(f"\n{'letters that touch':32s}{'two':>8s}{'parted':>8s}{'one':>8s}{'parted':>8s}")
    for kinds, count in sorted(places.items(), key=lambda row: -row[1].total()):
        two, one = count[True, True] + count[True, False], count[False, True] + count[False, False]
        print(f"{kinds:32s}{two:8d}{count[True, True]:8d}{one:8d}{count[False, True]:8d}")


if __name__ == "__main__":
    main(sys.argv[1:])
