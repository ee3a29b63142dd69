"""Made-up labelled texts: many small sites with menus, articles and footers."""

from __future__ import annotations

import random

from cleaner.bench.labelled import Info, LabelledText

_SUBJECTS = (
    "The harbour",
    "The council",
    "A baker",
    "The old mill",
    "A ferry",
    "The choir",
    "The school",
    "A gardener",
)
_VERBS = ("opened", "repaired", "painted", "sold", "measured", "visited", "counted", "described")
_OBJECTS = ("the wooden bridge", "forty barrels of salt", "a row of lime trees", "the northern gate", "two brass bells")
_ENDS = ("before the first snow of the year", "while the market was still busy", "after a debate of three hours")
_TEASERS = ("Ten quiet walks", "Why bread rises", "The longest pier", "A guide to moss", "Five tall chimneys")


def sentence(rng: random.Random) -> str:
    words = (rng.choice(_SUBJECTS), rng.choice(_VERBS), rng.choice(_OBJECTS), rng.choice(_ENDS))
    return f"{' '.join(words)} in {rng.randint(1700, 1999)}."


def document(number: int, site: int, *, extractor: str = "main") -> LabelledText:
    rng = random.Random(f"{site}/{number}")
    lines = [("drop", "Home"), ("drop", "Contact us")] if rng.random() < 0.8 else []
    lines += [("drop", "Share on Facebook")]
    for _ in range(rng.randint(3, 6)):
        lines.append(("keep", " ".join(sentence(rng) for _ in range(3))))
        if rng.random() < 0.3:
            lines.append(("blank", ""))
    lines += [("drop", "You may also like")] + [
        ("drop", f"{rng.choice(_TEASERS)} of {rng.randint(2, 9)} towns") for _ in range(3)
    ]
    lines += [("drop", f"© {rng.randint(2001, 2020)} Paper {site}. All rights reserved.")]
    info = Info(id=f"doc-{site}-{number}", url=f"https://paper{site}.example/{number}", site=f"paper{site}.example",
                lang="en", kind="news", extractor=extractor)  # fmt: skip
    return LabelledText(info, "\n".join(text for _, text in lines), tuple(label for label, _ in lines))


def documents(sites: int = 8, each: int = 3) -> list[LabelledText]:
    return [document(number, site) for site in range(sites) for number in range(each)]
