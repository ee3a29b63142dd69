"""The text engine's essential parts once more, slow and one line at a time: what the compiled kernels are compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hypothesis import strategies as st

from cleaner.document import (
    BRACKET,
    COMMA,
    DENSE,
    DIGIT,
    DIVIDER,
    KINDS,
    LOWER,
    MARK,
    NEWLINE,
    QUOTE,
    SPACE,
    STOP,
    UPPER,
    kind_of,
    needs_border,
)  # fmt: skip
from cleaner.folding import fold, fold_char
from cleaner.packs.schema import Rule
from cleaner.packs.tables import fold_phrase

_SAMPLES = (
    "a b", "Home", "read more", "Read More »", "share", "12.5.2024", "10:30", "©", "© 2024 x", "foto ©", "日本語", "相关阅读",
    "分享到 Facebook", "ｱｲｳ", "ΆΣς", "Ёё", "İı", "word\u0301s", "\u200b", "\u00ad", "\t", "\r", "\u2028", "\x00", "\ud800", "ภา็",
    "१२", "𝔸", "😀", "...", "?", "!", "(", ")", "“quoted”", ",", ":", "|", ">", "•", "-", "  ", "\n", "\n\n", " \n",
)  # fmt: skip
WORDS = "the boat was quiet when harbour people talked about seven large lamps near water again".split()

texts = st.lists(
    st.one_of(st.sampled_from(_SAMPLES), st.sampled_from(WORDS), st.text(max_size=5), st.just(" "), st.just("\n")),
    max_size=60,
).map("".join)
"""Texts with all that is nasty: lone surrogates, NUL, odd line ends, blank lines, marks, scripts without spaces."""
long_lines = st.lists(st.sampled_from([*WORDS, "Home", "share", "日本", "12"]), min_size=50, max_size=90).map(" ".join)
batches = st.lists(st.one_of(texts, long_lines, st.just(" " * 60 + "x" + "\t" * 300)), min_size=1, max_size=4)


def rows(text: str) -> list[dict[str, object]]:
    """The rows of one text, as `Lines` has them."""
    found: list[dict[str, object]] = []
    at = blanks = 0
    for number, line in enumerate(text.split("\n")):
        kinds = [kind_of(char) for char in line]
        inked = [place for place, kind in enumerate(kinds) if kind != SPACE]
        if inked:
            low, high = inked[0], inked[-1] + 1
            body = kinds[low:high]
            counts = [0 if kind in (LOWER, SPACE) else body.count(kind) for kind in range(KINDS)]
            counts[NEWLINE] = 1
            begins = [p for p in range(low, high) if kinds[p] <= MARK and (p == low or kinds[p - 1] > MARK)]
            found.append({
                "line_start": at, "line_end": at + len(line), "start": at + low, "end": at + high, "line": number,
                "blank_before": min(blanks, 3) if found else 0, "counts": counts, "words": len(begins),
                "capitals": sum(kinds[p] == UPPER for p in begins), "word_at": [at + p for p in begins],
                "ink": len(inked), "kinds": body,
            })  # fmt: skip
            blanks = 0
        else:
            blanks += 1
            if found:
                found[-1]["counts"][NEWLINE] += 1  # type: ignore[index]
        at += len(line) + 1
    return found


def is_prose(row: dict[str, object]) -> bool:
    """Whether a row reads as running text."""
    kinds: list[int] = row["kinds"]  # type: ignore[assignment]
    weight = 2 * int(row["words"]) + kinds.count(DENSE)  # type: ignore[call-overload]
    ends = kinds[-1]
    if ends in (QUOTE, BRACKET):
        ends = kinds[-2] if len(kinds) > 1 else ends
    return (weight >= 24 and ends == STOP) or weight >= 80


def is_listed(row: dict[str, object]) -> bool:
    """Whether a row looks like an item of a list, a row of a table or code."""
    kinds: list[int] = row["kinds"]  # type: ignore[assignment]
    weight = 2 * int(row["words"]) + kinds.count(DENSE)  # type: ignore[call-overload]
    first, second = kinds[0], kinds[min(1, len(kinds) - 1)]
    numbered = first == DIGIT and (second in (DIGIT, SPACE, COMMA) or second > DIVIDER) and weight < 24
    dividers = kinds.count(DIVIDER)
    return (first == DIVIDER and second == SPACE) or numbered or (dividers >= 2 and dividers * 12 >= len(kinds))


def folded(text: str) -> tuple[str, list[int]]:
    """A line folded, and per character the place it comes from."""
    out, origin = [], []
    gap = False
    for place, char in enumerate(text):
        one = fold_char(char)
        if one == "":
            continue
        if one == " ":
            gap = True
            continue
        if one == "0" and out and out[-1] == "0":
            gap = False
            continue
        if out and (out[-1] == "0") != (one == "0"):
            gap = True
        if gap and out:
            out.append(" ")
            origin.append(place)
        gap = False
        out.append(one)
        origin.append(place)
    return "".join(out), origin


def phrase_votes(rules: Sequence[Rule], line: str, weight: int) -> set[tuple[int, int, int, bool]]:
    """(rule, start, end, whole) of all phrase rules on one stripped line of this weight."""
    parts = [(line, 0, True, True)]
    if len(line) > 260:
        parts = [(line[:120], 0, True, False), (line[-90:], len(line) - 90, False, True)]
    found: set[tuple[int, int, int, bool]] = set()
    spared: set[int] = set()
    for text, offset, front, back in parts:
        plain, origin = folded(text)
        hits = [(rule, phrase, at) for rule in range(len(rules)) for phrase, at in _hits(rules[rule], plain)]
        tiles = [(at, at + len(phrase)) for rule, phrase, at in hits if rules[rule].at in ("whole", "tile")]
        solid = [place for place, char in enumerate(plain) if char not in " 0"]
        tiled = front and back and bool(tiles) and all(any(a <= p < b for a, b in tiles) for p in solid)
        for rule, phrase, at in hits:
            end = at + len(phrase)
            whole = front and back and all(at <= place < end for place in solid)
            where = rules[rule].at
            fits = (
                (where in ("whole", "tile") and tiled)
                or (where == "start" and at == 0 and front)
                or (where == "end" and end == len(plain) and back)
                or where == "inside"
            )
            if fits and weight <= (2 * rules[rule].max_words or math.inf):
                found.add((rule, offset + origin[at], offset + origin[end - 1] + 1, whole or tiled))
        for rule in range(len(rules)):
            if any(_find(fold_phrase(phrase), plain) for phrase in rules[rule].unless):
                spared.add(rule)
    said = _in_quotes(line)
    return {vote for vote in found if vote[0] not in spared and not (said and vote[3])}


def _in_quotes(line: str) -> bool:
    """Whether a stripped line is one quotation; a stop may follow it."""
    inner = line[:-1] if kind_of(line[-1]) == STOP else line
    return len(inner) > 1 and kind_of(inner[0]) == kind_of(inner[-1]) == QUOTE


def _hits(rule: Rule, plain: str) -> list[tuple[str, int]]:
    phrases = dict.fromkeys(fold_phrase(phrase) for phrase in rule.phrases)
    return [(phrase, at) for phrase in phrases for at in _find(phrase, plain)]


def _find(phrase: str, plain: str) -> list[int]:
    """Where a folded phrase stands at borders of words, where it has letters that need such."""
    found = []
    at = plain.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        before = at == 0 or plain[at - 1] == " " or not needs_border(phrase[0])
        after = end == len(plain) or plain[end] == " " or not needs_border(phrase[-1])
        if before and after:
            found.append(at)
        at = plain.find(phrase, at + 1)
    return found


def same_folding(text: str) -> bool:
    """Whether both ways to fold agree."""
    return folded(text)[0] == fold(text)
