"""Invented sites whose pages share their chrome and nothing else."""

from __future__ import annotations

import random
from typing import Any

_SUBJECTS = "ferry harbour council orchard bakery library tram glacier violin market tunnel lighthouse".split()
_VERBS = "opens closes moves grows returns waits changes sinks rises turns".split()
_TAILS = "before winter,after a long debate,without much noise,in front of a crowd,for the third season".split(",")


def sentence(rng: random.Random) -> str:
    """A sentence of some twenty words that hardly ever comes twice."""
    parts = [
        f"the {rng.choice(_SUBJECTS)} near the {rng.choice(_SUBJECTS)} {rng.choice(_VERBS)} {rng.choice(_TAILS)}"
        for _ in range(3)
    ]
    return f"{', while '.join(parts)}.".capitalize()


def article(rng: random.Random, paragraphs: int = 5) -> list[str]:
    """Paragraphs."""
    return [" ".join(sentence(rng) for _ in range(3)) for _ in range(paragraphs)]


def page(site: str, number: int, *, seed: int = 0) -> dict[str, Any]:
    """A record: chrome of the site around an article of its own."""
    rng = random.Random(f"{site} {number} {seed}")
    lines = [
        f"Front of {site}",
        f"Weather {rng.randrange(40)} degrees",
        *article(rng),
        f"{rng.randrange(90)} readers wrote to us",
        f"The {site} tower",
        f"Printed and bound by the {site} company",
    ]
    return {"id": f"{site}-{number}", "url": f"https://www.{site}/stories/{number}.html", "text": "\n".join(lines)}


def corpus(sites: int = 3, pages: int = 8) -> list[dict[str, Any]]:
    """Pages of several sites, sites one after the other."""
    return [page(f"gazette{site}.example", number) for site in range(sites) for number in range(pages)]


def boxed_page(number: int, site: str = "gazette.example", *, fresh: bool = False) -> dict[str, str]:
    """A page of HTML: an article, and inside it a box of headlines of which some pages show the same; with `fresh` none."""
    rng = random.Random(f"{site} boxed {number}")
    day = random.Random(f"{site} {number if fresh else number // 6}")
    first, *others = (f"<p>{paragraph}</p>" for paragraph in article(rng, 4))
    items = "".join(f'<div class="entry">{sentence(day)[:70].rstrip()}</div>' for _ in range(4))
    html = (
        f'<html><body><div class="page"><div class="main"><h1>{sentence(rng)[:50]}</h1>{first}'
        f'<div class="five">{items}</div>{"".join(others)}</div></div></body></html>'
    )
    return {"url": f"https://www.{site}/stories/{number}.html", "html": html}
