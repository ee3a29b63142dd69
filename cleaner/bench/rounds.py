"""The engine's way from a look to edits, open at the places where the bench has to reach in.

The bench looks at a batch once and then judges it many times: without one rule, with other weights, with another cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.bench.labelled import LabelledText
from cleaner.edits import Edit, apply, compose
from cleaner.errors import RuleError
from cleaner.judge.limits import Limits
from cleaner.judge.look import Look, look, look_again
from cleaner.judge.resolve import Languages, decide, line_edits, undecided
from cleaner.judge.score import Judged, Scorer
from cleaner.judge.trees import Weights, load_weights
from cleaner.packs.load import load_rules, rules_root
from cleaner.packs.match import RuleSet, compile_rules

ROUNDS: Final = 12
BATCH_CHARS: Final = 1_000_000
TEXT_WEIGHTS: Final = "weights/text.json"
HAND_WEIGHTS: Final = "weights/hand.json"


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on some texts of a batch."""

    gone: NDArray[np.bool_]
    """Per line of the batch, blank ones counted: it goes in the first reading."""
    edits: dict[int, list[Edit]]
    anew: frozenset[int]
    """Texts that were read more than once: a cut inside a line made a new line."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Rules, and weights if there are any."""

    rules: RuleSet
    scorer: Scorer | None
    limits: Limits
    languages: Languages

    @classmethod
    def of(cls, *, rules: Path | None = None, packs: Sequence[Path] = (), weights: Path | None = None) -> Judge:
        """A judge from a folder of rules and a weights file; the shipped ones where nothing is named.

        A folder of rules with weights of its own brings them along; `packs` stack on top of the rules.
        """
        loaded = load_rules(extra=packs) if rules is None else load_rules(shipped=False, extra=[rules, *packs], cache=False)
        root = rules_root() if rules is None else rules
        path = weights or (root / TEXT_WEIGHTS if (root / TEXT_WEIGHTS).is_file() else rules_root() / TEXT_WEIGHTS)
        scorer = Scorer.of(load_weights(path))
        compiled = compile_rules(loaded)
        return cls(compiled, scorer, scorer.limits, Languages.of(compiled))

    def with_weights(self, scorer: Scorer, cut: int | None = None) -> Judge:
        """The same rules under other weights: with their own limits, or with these, moved so that the first cut is `cut`."""
        limits = scorer.limits if cut is None else self.limits.moved(cut - self.limits.cut)
        return replace(self, scorer=scorer, limits=limits)

    def without(self, rule: int) -> Judge:
        """The same judge without the rule of that index (votes of phrases are left out by `hide`)."""
        rules = self.rules
        detectors = {
            name: {key: index for key, index in wanted.items() if index != rule}
            for name, wanted in rules.detectors.items()
        }
        places = np.where(rules.places == rule, np.int32(-1), rules.places)
        return replace(self, rules=replace(rules, detectors=detectors, places=places))

    def look(self, texts: Sequence[str]) -> Look:
        """Read, match and measure a batch of texts."""
        return look(self.rules, texts)

    def again(self, seen: Look, docs: NDArray[np.intp]) -> Look:
        """The texts `docs` of a look, measured anew."""
        return look_again(self.rules, seen, np.isin(seen.lines.doc, docs))

    def edits(
        self, seen: Look, docs: Sequence[int], langs: Sequence[str | None] | None = None, *, hidden: int = -1,
        known: Decided | None = None,
    ) -> Decided:  # fmt: skip
        """What the engine decides on the texts `docs` of a look; the rule `hidden` has no votes.

        Texts of which the first reading takes the same lines as in `known` are left out of the answer.
        """
        whole = self._one_reading(hide(seen, hidden) if hidden >= 0 else seen, docs, langs, known)
        done, places = dict(whole.edits), sorted(whole.anew)
        texts = seen.lines.texts
        numbers = places
        for _ in range(ROUNDS):
            if not numbers:
                break
            # A cut inside a line makes a new line: what is left of these texts is read once more.
            left = self.look([apply(texts[doc], done[doc]) for doc in numbers])
            spoken = [langs[doc] for doc in numbers] if langs is not None else None
            found = self._one_reading(hide(left, hidden) if hidden >= 0 else left, range(len(numbers)), spoken)
            for place, doc in enumerate(numbers):
                done[doc] = list(compose(done[doc], found.edits[place]))
            numbers = [numbers[place] for place in sorted(found.anew)]
        return Decided(whole.gone, done, whole.anew)

    def _one_reading(
        self, seen: Look, docs: Sequence[int], langs: Sequence[str | None] | None, known: Decided | None = None
    ) -> Decided:
        verdict = undecided(len(seen.lines))
        rows = np.arange(len(seen.lines))
        current = seen
        for _ in range(ROUNDS):
            now = decide(self.rules, self.languages, current, self._score(current), self.limits, langs)
            if not now.gone.any():
                break
            verdict.take_over(now, rows)
            moved = np.unique(current.lines.doc[now.gone])
            rows = rows[~now.gone & np.isin(current.lines.doc, moved)]
            left = np.zeros(len(seen.lines), bool)
            left[rows] = True
            current = look_again(self.rules, seen, left)
        alike = seen.reading.alike
        crowded = alike.crowded if alike is not None else frozenset()
        gone = np.zeros(int(seen.lines.line_of.max(initial=-1)) + 1 if known is None else len(known.gone), bool)
        gone[seen.lines.line_of[verdict.gone]] = True
        if known is not None:
            moved = np.unique(seen.lines.doc[gone[seen.lines.line_of] != known.gone[seen.lines.line_of]])
            docs = sorted(set(docs) & set(moved.tolist()))
        edits, anew = {}, set()
        for doc in docs:
            edits[doc], inside = line_edits(self.rules, seen, verdict, doc)
            if inside or (edits[doc] and doc in crowded):
                anew.add(doc)
        return Decided(gone, edits, frozenset(anew))

    def _score(self, seen: Look) -> Judged | None:
        if self.scorer is None or not len(seen.lines):
            return None
        return self.scorer.score(seen.measures, seen.place, seen.lines.length(), seen.prose)


def hide(seen: Look, rule: int) -> Look:
    """A look without what the phrases and patterns of one rule say."""
    matched = seen.reading.matched
    return replace(seen, reading=replace(seen.reading, matched=matched.take(matched.rule != rule)))


def scorer_from(data: Mapping[str, Any], place: str) -> Scorer:
    """A scorer from parsed weights, as `load_weights` would read them from a file."""
    try:
        return Scorer.of(Weights(data["first"], data["second"], data["header"], place))
    except KeyError as error:
        raise RuleError(f"{place}: field {error.args[0]!r} is missing, expected header, first and second") from error


def batches(items: Sequence[LabelledText], *, chars: int = BATCH_CHARS) -> Iterator[list[int]]:
    """Numbers of neighbouring items, about `chars` characters at a time."""
    batch: list[int] = []
    size = 0
    for number, item in enumerate(items):
        batch.append(number)
        size += len(item.text)
        if size >= chars:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
