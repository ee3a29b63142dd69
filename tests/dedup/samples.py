"""Invented texts with near-duplicates at known rates, and what is right about them by plain sets and loops."""

from __future__ import annotations

import random
import re

WORD = re.compile(r"\w+")
_SYLLABLES = [
    "ba",
    "be",
    "bo",
    "da",
    "de",
    "do",
    "fa",
    "fi",
    "fo",
    "ga",
    "gu",
    "ka",
    "ke",
    "ki",
    "la",
    "le",
    "lo",
    "ma",
    "mi",
    "mu",
    "na",
    "ne",
    "no",
    "pa",
    "po",
    "ra",
    "re",
    "ri",
    "sa",
    "so",
    "ta",
    "te",
    "to",
    "ü",
    "é",
]


def words(rng: random.Random, count: int) -> list[str]:
    return ["".join(rng.choices(_SYLLABLES, k=rng.randrange(1, 4))) for _ in range(count)]


def edited(rng: random.Random, source: list[str], rate: float) -> list[str]:
    out = []
    for word in source:
        roll = rng.random()
        if roll < rate / 2:
            out += words(rng, 1)
        elif roll < rate * 0.75:
            continue
        elif roll < rate:
            out += [word, *words(rng, 1)]
        else:
            out.append(word)
    return out


def corpus(count: int, seed: int = 1, *, length: int = 80) -> list[str]:
    """Texts of which about half are edited copies of earlier ones, with other capitals and punctuation."""
    rng = random.Random(seed)
    bases: list[list[str]] = []
    texts = []
    for _ in range(count):
        if bases and rng.random() < 0.5:
            found = edited(rng, rng.choice(bases), rng.choice((0, 0.005, 0.01, 0.02, 0.03, 0.05)))
        else:
            found = words(rng, max(1, int(rng.gauss(length, length / 2))))
            bases.append(found)
        joined = ""
        for word in found:
            joined += (word.upper() if rng.random() < 0.1 else word) + rng.choice((" ", " ", " ", ", ", ".\n", " – "))
        texts.append(joined)
    return texts


def shingles(text: str, ngram: int = 5) -> set[tuple[str, ...]]:
    found = WORD.findall(text.lower())
    return {tuple(found[at : at + ngram]) for at in range(max(1, len(found) - ngram + 1))}


def jaccard(left: set[object], right: set[object]) -> float:
    return len(left & right) / len(left | right)


def first_of_components(texts: list[str], threshold: float = 0.8, ngram: int = 5) -> list[int]:
    """For each text the first one of its component of exactly similar pairs."""
    sets = [shingles(text, ngram) for text in texts]
    parent = list(range(len(texts)))

    def find(node: int) -> int:
        while parent[node] != node:
            node = parent[node]
        return node

    for b in range(len(texts)):
        for a in range(b):
            if jaccard(sets[a], sets[b]) >= threshold:
                left, right = find(a), find(b)
                parent[max(left, right)] = min(left, right)
    return [find(node) for node in range(len(texts))]
