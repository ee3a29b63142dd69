"""Proposes phrases for new rules: short lines, and beginnings of lines, that recur on many sites of a language.

Nothing but recurrence is needed: what many unrelated sites print word for word on a line of its own, no author wrote for
one article. Where there are labels they are counted too, but they never decide what is proposed or in what order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledText
from cleaner.bench.rounds import Judge, batches
from cleaner.folding import fold
from cleaner.packs.schema import CLASSES

MAX_WORDS: Final = 8
_BEGIN_WORDS: Final = (1, 2, 3, 4)
_DENSE_BEGIN: Final = 4
"""Letters of a script without spaces that make a beginning."""
_CONTEXTS: Final = 4
_NEAR_WORDS: Final = 14
_MANY: Final = 400
"""Distinct lines kept per beginning to see how varied they are."""
_SPELLINGS: Final = 20
_LETTERS: Final = re.compile(r"[^\W\d_]")
_DENSE: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_EDGES: Final = re.compile(r"^[^\w©]+|[^\w©!?.)]+$")


@dataclass(slots=True)
class Seen:
    """What is known of one candidate."""

    sites: set[str] = field(default_factory=set)
    docs: set[str] = field(default_factory=set)
    times: int = 0
    variants: set[int] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    """Rules that vote on it."""
    lonely: int = 0
    """Occurrences with no firm vote of a rule on a line nearby."""
    calm: int = 0
    """Occurrences with a paragraph of prose directly before and after."""
    stops: int = 0
    marked: int = 0
    """Occurrences of a beginning after which a mark follows, as in `Photo:`."""
    spelled: Counter[str] = field(default_factory=Counter)
    contexts: list[tuple[str, str, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    """(site, document, the lines around it: label and text, the hit marked `>`)."""
    near_classes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposal: `at` says whether it is a whole line or a beginning."""

    language: str
    at: str
    phrase: str
    folded: str
    sites: int
    docs: int
    times: int
    score: float
    known: str
    """The rule that hits it already on most of its occurrences, or nothing."""
    labels: Counter[str]
    cls: str
    contexts: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]

    @property
    def precision(self) -> float | None:
        """Share of its labelled occurrences that must go; None without labels."""
        bad, keep = self.labels["drop"] + self.labels["dup"], self.labels["keep"]
        return bad / (bad + keep) if bad + keep else None


def mine(
    items: Sequence[LabelledText],
    judge: Judge,
    *,
    min_sites: int = 3,
    begins: bool = True,
    progress: Callable[[int], None] | None = None,
) -> list[Candidate]:
    """Candidates of all languages, the surest first within each language.

    The texts are gone through twice: once to see what recurs at all, once to look at that more closely.
    """  # fmt: skip
    often = _recurring(items, min_sites, begins=begins)
    found: dict[tuple[str, str, str], Seen] = {}
    done = 0
    for numbers in batches(items):
        _read(found, [items[number] for number in numbers], judge, often, begins=begins)
        done += len(numbers)
        if progress:
            progress(done)
    return _ranked(found, min_sites)


def _recurring(items: Sequence[LabelledText], min_sites: int, *, begins: bool) -> set[int]:
    """The keys of what stands on enough sites; only their numbers are held, however long the texts are."""
    number_of: dict[str, int] = {}
    pairs: list[NDArray[np.int64]] = []
    for item in items:
        site = number_of.setdefault(item.info.site, len(number_of))
        keys = {
            _key(item.info.lang, at, phrase)
            for line in item.text.split("\n")
            for at, phrase in _phrases(line, begins=begins)
        }
        pairs.append(np.stack((np.fromiter(keys, np.int64, len(keys)), np.full(len(keys), site, np.int64)), axis=1))
    joined = np.unique(np.concatenate(pairs), axis=0) if pairs else np.zeros((0, 2), np.int64)
    keys_of, sites = np.unique(joined[:, 0], return_counts=True)
    return set(keys_of[sites >= min_sites].tolist())


def _key(language: str, at: str, phrase: str) -> int:
    return int.from_bytes(
        blake2b(f"{language}\0{at}\0{phrase}".encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True
    )


def _read(
    found: dict[tuple[str, str, str], Seen],
    items: Sequence[LabelledText],
    judge: Judge,
    often: set[int],
    *,
    begins: bool,
) -> None:
    look = judge.look([item.text for item in items])
    lines, prose, rules = look.lines, look.prose, judge.rules.rules
    votes: dict[int, list[int]] = {}
    for row, rule in zip(look.votes.row.tolist(), look.votes.rule.tolist(), strict=True):
        votes.setdefault(row, []).append(rule)
    firm = np.zeros(len(lines), bool)
    firm[look.votes.row[judge.rules.level[look.votes.rule] >= 2]] = True
    offset = 0
    for doc, item in enumerate(items):
        low, high = int(lines.first[doc]), int(lines.first[doc + 1])
        line_of = lines.line_of[low:high] - offset
        offset += len(item.labels)
        for row in range(low, high):
            text = lines.text(row)
            wanted = [
                (at, phrase)
                for at, phrase in _phrases(text, begins=begins)
                if _key(item.info.lang, at, phrase) in often
            ]
            if not wanted:
                continue
            near = [other for other in range(max(row - 3, low), min(row + 4, high)) if other != row]
            around = [other for other in (row - 1, row, row + 1) if low <= other < high]
            for at, phrase in wanted:
                seen = found.setdefault((item.info.lang, at, phrase), Seen())
                seen.calm += low < row < high - 1 and bool(prose[row - 1]) and bool(prose[row + 1])
                seen.lonely += not firm[near].any()
                seen.known.update({rules[rule].id for rule in votes.get(row, ())})
                seen.near_classes.update(rules[rule].cls for other in near for rule in votes.get(other, ()))
                _note(seen, item, item.labels[line_of[row - low]], text, phrase, at)
                if len(seen.contexts) < _CONTEXTS and all(item.info.site != site for site, _, _ in seen.contexts):
                    shown = [(item.labels[line_of[n - low]] + (">" if n == row else ""), lines.text(n)) for n in around]
                    seen.contexts.append((item.info.site, item.info.id, tuple(shown)))


def _phrases(line: str, *, begins: bool) -> list[tuple[str, str]]:
    """What a line may be counted under: itself when it is short, and its beginnings when it is not long."""
    if len(line) > 10 * _NEAR_WORDS:
        return []
    folded = fold(line)
    if not _LETTERS.search(folded):
        return []
    dense = bool(_DENSE.search(folded))
    words = folded.split(" ")
    size = len(folded) / 2 if dense else len(words)
    out = [("whole", folded)] if size <= MAX_WORDS else []
    if begins and size <= 3 * MAX_WORDS:
        if dense:
            out += (
                [("start", folded[:_DENSE_BEGIN])]
                if len(folded) > _DENSE_BEGIN and " " not in folded[:_DENSE_BEGIN]
                else []
            )
        else:
            out += [("start", " ".join(words[:count])) for count in _BEGIN_WORDS if len(words) > count]
    return out


def _note(seen: Seen, item: LabelledText, label: str, text: str, phrase: str, at: str) -> None:
    seen.sites.add(item.info.site)
    seen.docs.add(item.info.id)
    seen.times += 1
    seen.labels[label] += 1
    seen.stops += text.endswith((".", "!", "?", "…", "。", "！", "？", "؟", "।"))
    if at == "whole":
        if len(seen.spelled) < _SPELLINGS or text in seen.spelled:
            seen.spelled[text] += 1
        return
    seen.marked += _marked_after(text, phrase)
    if len(seen.variants) < _MANY:
        seen.variants.add(crc32(text.encode("utf-8", "replace")))


def _marked_after(text: str, phrase: str) -> bool:
    """Whether a mark follows the beginning in the line as it is written."""
    words = text.split()
    count = phrase.count(" ") + 1
    return len(words) > count and (words[count - 1][-1:] in ":|–—-：" or words[count][:1] in ":|–—：")


def _ranked(found: dict[tuple[str, str, str], Seen], min_sites: int) -> list[Candidate]:
    whole = {(lang, phrase): seen for (lang, at, phrase), seen in found.items() if at == "whole"}
    out = []
    for (lang, at, phrase), seen in found.items():
        if len(seen.sites) < min_sites or (at == "start" and not _worth_a_beginning(found, whole, lang, phrase, seen)):
            continue
        out.append(_candidate(lang, at, phrase, seen))
    return sorted(out, key=lambda one: (one.language, -one.score, one.phrase, one.at))


def _worth_a_beginning(
    found: dict[tuple[str, str, str], Seen], whole: dict[tuple[str, str], Seen], lang: str, phrase: str, seen: Seen
) -> bool:
    """A beginning is proposed when what follows it varies, and no longer beginning covers as many sites."""
    if len(seen.variants) < max(3, len(seen.sites)):
        return False
    if len(phrase) < 3 or not _LETTERS.search(phrase):
        return False
    return not ((lang, phrase) in whole and len(whole[lang, phrase].sites) >= len(seen.sites))


def _candidate(lang: str, at: str, phrase: str, seen: Seen) -> Candidate:
    # Many languages know the same word: a rule of this language is named before one of another.
    near = (f"{lang}.", "common.")
    known = max(seen.known.items(), key=lambda one: (one[1], one[0].startswith(near), one[0]), default=("", 0))
    cls = max(
        ((name, count) for name, count in seen.near_classes.items() if name not in ("repeat", "place")),
        key=lambda entry: (entry[1], -CLASSES.index(entry[0])),
        default=("navigation", 0),
    )[0]
    spelled = max(seen.spelled.items(), key=lambda entry: (entry[1], entry[0]))[0] if at == "whole" else phrase
    return Candidate(
        language=lang,
        at=at,
        phrase=_EDGES.sub("", spelled) or phrase,
        folded=phrase,
        sites=len(seen.sites),
        docs=len(seen.docs),
        times=seen.times,
        score=_score(at, phrase, seen),
        known=known[0] if known[1] >= 0.5 * seen.times else "",
        labels=seen.labels,
        cls=cls,
        contexts=tuple(seen.contexts),
    )


def _score(at: str, phrase: str, seen: Seen) -> float:
    """Sites count most.

    Standing between paragraphs (as a subheading does), ending in a stop, and no known boilerplate nearby count against a
    candidate; so does a beginning that is a mere word of the language, with no mark after it.
    """
    calm, stops, lonely = (count / seen.times for count in (seen.calm, seen.stops, seen.lonely))
    factor = 1.0
    if at == "start":
        words = phrase.count(" ") + 1
        factor = max(0.6 * seen.marked / seen.times, (0.02, 0.1, 0.25, 0.35)[min(words, 4) - 1])
    return round(len(seen.sites) * factor * (1 - calm) ** 2 * (1 - 0.7 * stops) * (1 - lonely) ** 2, 4)


def as_toml(candidates: Sequence[Candidate], language: str, *, pack: str = "mined") -> str:
    """The candidates of one language as a pack that a person only has to judge: real cases, and what the labels say."""
    out = ["[pack]", "schema   = 1", f'id       = "{language}.{pack}"', f'language = "{language}"',
           'summary  = "Candidates: keep, change or delete each of them."', ""]  # fmt: skip
    used: Counter[str] = Counter()
    for one in candidates:
        if one.language != language:
            continue
        name = "-".join(one.folded.replace("0", "n").split())[:40].strip("-") or "candidate"
        used[name] += 1
        name = name if used[name] == 1 else f"{name}-{used[name]}"
        examples, keeps = _cases(one)
        precision = "no labels" if one.precision is None else f"{one.precision:.1%} of labelled occurrences must go"
        counts = ", ".join(f"{label} {count}" for label, count in sorted(one.labels.items()) if label != "blank")
        known = f"; known to {one.known}" if one.known else ""
        out += [
            f"# {one.sites} sites, {one.docs} documents, {one.times} times; {precision} ({counts}){known}",
            "[[rules]]",
            f"id       = {_quoted(name)}",
            f'class    = "{one.cls}"',
            'kind     = "phrase"',
            f'at       = "{one.at}"',
            'strength = "firm"',
            *([f"max_words = {3 * MAX_WORDS}"] if one.at == "start" else []),
            f"phrases  = [{_quoted(_phrase(one))}]",
            f'why      = "On {one.sites} sites; say here why no author writes it."',
            f"examples = [{', '.join(examples)}]",
            f"keeps    = [{', '.join(keeps)}]",
            "",
        ]
    return "\n".join(out)


def _phrase(one: Candidate) -> str:
    return " ".join("{n}" if word == "0" else word for word in one.folded.split()) if "0" in one.folded else one.phrase


def _cases(one: Candidate) -> tuple[list[str], list[str]]:
    examples: list[str] = []
    keeps: list[str] = []
    for _, _, around in one.contexts:
        hit = next(label for label, _ in around if label.endswith(">"))
        stays = hit.startswith("keep")
        rows = [("- " if label.endswith(">") and not stays else "  ") + _cut(text) for label, text in around]
        (keeps if stays else examples).append(_literal("\n".join(rows)))
    return examples, keeps


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:157] + "…"


def _literal(text: str) -> str:
    if "'''" in text or any((ord(char) < 32 and char not in "\n\t") or char == "\x7f" for char in text):
        return _quoted("\n" + text + "\n")
    return f"'''\n{text}\n'''"


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
