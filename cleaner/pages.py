"""Pages through the engine: read to blocks, voted on by the same rules as texts, judged by their markup as well.

A page is looked at once: its blocks know the elements around them, so nothing has to be seen again without what went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.detectors import hear
from cleaner.detectors.scene import Scene
from cleaner.document import Bytes, Ints, Lines, read_lines, read_rows
from cleaner.edits import Edit, Result
from cleaner.errors import RecordError
from cleaner.html.cut import read_named
from cleaner.html.judge import PageJudge, PageScores
from cleaner.html.keep import on_demand
from cleaner.html.markdown import to_markdown
from cleaner.html.options import PageOptions
from cleaner.html.page import Page, PageReader
from cleaner.judge.cuts import batch_cuts
from cleaner.judge.resolve import Languages, Verdict
from cleaner.judge.score import chance
from cleaner.judge.trees import UNIT, load_weights
from cleaner.kernels.page_tags import innermost
from cleaner.packs.match import RuleSet, match
from cleaner.packs.schema import CLASSES
from cleaner.votes import Votes, levels

if TYPE_CHECKING:
    from cleaner.html.blocks import Blocks
    from cleaner.memory.evidence import Evidence, MemoryJudge

_VETO: Final = -UNIT
"""Log-odds times `UNIT` that a line goes, at or below which a rule that decides alone on texts does not decide on a block,
unless the weights name another level as `veto`."""
_CERTAIN: Final = np.uint8(250)
_NEVER: Final = -(2**30)
_PLAIN: Final = PageOptions()
_ONE_BLANK: Final = np.full(1, -1, np.int32)
_ONE_BLANK.flags.writeable = False


@dataclass(frozen=True, slots=True)
class SeenPages:
    """A batch of pages before it is judged: the lines of their sources, and what rules and detectors say of them."""

    pages: Sequence[Page]
    lines: Lines
    prose: NDArray[np.bool_]
    votes: Votes


def see(rules: RuleSet, pages: Sequence[Page], titles: Sequence[str | None] | None = None) -> SeenPages:
    """The lines of `pages` with their votes."""
    lines = read_lines([page.source for page in pages], rules.kinds)
    prose, listed = read_rows(lines)
    scene = Scene(lines, prose, listed, rules.folds, titles)
    votes = hear(rules, match(rules, lines), scene)
    return SeenPages(pages, lines, prose, votes)


def said_of_lines(rules: RuleSet, seen: SeenPages) -> tuple[Bytes, Ints]:
    """What the votes of a batch say of its lines, see `cleaner.votes.levels`."""
    return levels(seen.votes, rules.level, rules.cls, len(CLASSES), seen.lines.length())


class PageCleaner:
    """Cleans pages by a rule set. Holds what it learned of attribute values, which never changes an answer."""

    def __init__(
        self, rules: RuleSet, elements: Sequence[Path], weights: Path, *, options: PageOptions = _PLAIN,
        min_odds: int | None = None, scored: bool = True, memory: MemoryJudge | None = None,
    ) -> None:  # fmt: skip
        """`elements` and `weights` are files; `min_odds` replaces the cut of each page, `scored=False` leaves all to rules."""
        self._rules = rules
        self._languages = Languages.of(rules)
        self._reader = PageReader(elements)
        read = load_weights(weights)
        self._judge = PageJudge.of(read, [group.id for group in self._reader.words.groups])
        self._options = options
        self._memory = memory
        self._veto = int(read.header.get("veto", _VETO)) if scored else _NEVER - 1
        self._min_odds = min_odds
        self._scored = scored
        self._numbers: dict[str, int] = {name: number for number, name in enumerate(rules.ids)}
        named = {rules.ids[number].rpartition("/")[2]: number for number in np.flatnonzero(rules.element).tolist()}
        self._of_group = np.array([named.get(group.id, -1) for group in self._reader.words.groups], np.int32)
        self._named = read_named(read.header, read.file)
        if self._named is not None:
            self._by_votes = np.array([CLASSES[cls] in self._named.votes.classes for cls in rules.cls.tolist()], bool)
            able = [number >= 0 and CLASSES[rules.cls[number]] in self._named.elements.classes for number in self._of_group]
            self._by_elements = np.where(able, self._of_group, np.int32(-1))

    def clean(
        self,
        htmls: Sequence[str | bytes],
        *,
        urls: Sequence[str | None] | None = None,
        langs: Sequence[str | None] | None = None,
        titles: Sequence[str | None] | None = None,
    ) -> list[Result]:
        """One result per page, with the reason as its `error` where `htmls` holds something that is no page."""
        read = [self._read(html, urls[number] if urls else None) for number, html in enumerate(htmls)]
        good = [number for number, page in enumerate(read) if isinstance(page, Page)]
        pages = [page for page in read if isinstance(page, Page)]
        results = [Result(text="", error=None if isinstance(page, Page) else page) for page in read]
        picked = (None if values is None else [values[number] for number in good] for values in (langs, titles, urls))
        for number, result in zip(good, self._clean(pages, *picked), strict=True):
            results[number] = result
        return results

    def _read(self, html: str | bytes, url: str | None) -> Page | str:
        try:
            return self._reader.read(html, url=url)
        except RecordError as error:
            return str(error)

    def _clean(
        self,
        pages: Sequence[Page],
        langs: Sequence[str | None] | None,
        titles: Sequence[str | None] | None,
        urls: Sequence[str | None] | None,
    ) -> Iterator[Result]:
        if not pages:
            return
        seen = see(self._rules, pages, titles)
        known = self._known(self._memory, seen, urls) if self._memory is not None and urls is not None else None
        found = batch_cuts(self._rules, seen, self._decide(seen, langs, known))
        metas: Sequence[Mapping[str, object]] = [page.metadata() for page in pages]
        if known is not None:
            from cleaner.memory.notes import noted

            metas = noted(metas, [cuts() for cuts in found], partial(known.notes, seen.lines))
        for page, cuts, meta in zip(pages, found, metas, strict=True):
            text = self._markdown(page, cuts()) if self._options.format == "markdown" else cuts.left
            yield Result.late(text, cuts, page.source, meta)

    def _known(self, memory: MemoryJudge, seen: SeenPages, urls: Sequence[str | None]) -> Evidence | None:
        """What the memory of the pages' sites says of their lines; nothing by their containers where that rule is off."""
        from cleaner.html.containers import containers_of
        from cleaner.memory.evidence import CONTAINER

        heard = CONTAINER in self._numbers
        around = [
            containers_of(page.blocks) if heard and len(page.blocks) else np.zeros(max(len(page.blocks), 1), np.uint64)
            for page in seen.pages
        ]
        known = memory.weigh(seen.lines, urls, np.concatenate(around)[seen.lines.line_of])
        spared = np.array([bool(page.signs & memory.spared) for page in seen.pages])
        return known.without(spared[seen.lines.doc]) if known is not None and spared.any() else known

    def _markdown(self, page: Page, edits: Sequence[Edit]) -> str:
        """What is left of a page as Markdown."""
        if not page.source:
            return ""
        lines = page.source.split("\n")
        kept, left = left_of_lines(lines, edits)
        read = self._reader.marked_lines(page, links=self._options.keep_links)
        if read is None:
            return to_markdown(page.blocks, kept, left)
        marked = [line if cut == was else cut for line, was, cut in zip(read[0], lines, left, strict=True)]
        return to_markdown(page.blocks, kept, marked, read[1])

    def score(self, seen: SeenPages) -> PageScores:
        """What the markup says of a batch of pages, and what it says together with the votes of the rules."""
        blocks = [page.blocks for page in seen.pages]
        said = said_of_lines(self._rules, seen) if self._judge.heeds else None
        return self._judge.score(blocks, [page.signs for page in seen.pages], seen.lines, seen.prose, said)

    def _decide(
        self, seen: SeenPages, langs: Sequence[str | None] | None, known: Evidence | None = None
    ) -> Verdict:
        """What goes. The score decides, and a vote of a rule that may decide alone where the score is not against it.

        What a site's memory knows of the lines adds to their scores, and answers for those that go only because of it.
        """
        rules = self._rules
        n = len(seen.lines)
        odds, gone = np.full(n, _NEVER, np.int32), np.zeros(n, bool)
        if self._scored and n:
            scores = self.score(seen)
            odds, gone = scores.second, self._gone(scores.second, scores.stays)
        by_page = gone
        if known is not None and self._scored and n:
            odds = odds + known.odds
            gone = self._gone(odds, self._judge.stays(odds, seen.lines))
        if self._scored and n and self._min_odds is None:
            gone = gone | self._called(seen, odds, gone)
        flags, rule = self._settle(seen, gone, odds, langs)
        gone, alone, unnamed = flags[0], flags[1], flags[2]
        self._answer_by_elements(rule, unnamed, seen)
        if known is not None:
            rule = known.answering(rules, rule, by_page.astype(np.int32), np.zeros(n, np.int32))
        strong = _named_elements(rule, seen, self._numbers) | alone
        certainty = np.maximum(chance(odds), strong * _CERTAIN)
        return Verdict((gone | strong) & (rule >= 0), rule, certainty)

    def _settle(
        self, seen: SeenPages, gone: NDArray[np.bool_], odds: NDArray[np.int32], langs: Sequence[str | None] | None
    ) -> tuple[NDArray[np.bool_], Ints]:
        """Which lines are gone, which of them by a rule alone, and which without a vote (4, lines; the last row is scratch);
        and the rule that answers for each line. `gone` are those that go by their scores, see `kernels.hearing.settle`."""
        from cleaner.kernels import hearing as kernel

        rules, lines, votes, languages = self._rules, seen.lines, seen.votes, self._languages
        flags, rule = np.empty((4, len(gone)), bool), np.empty(len(gone), np.int32)
        flags[0] = gone
        own = np.full(len(seen.pages), -1, np.int32) if langs is None else languages.of_texts(langs)
        kernel.settle(
            lines.first, lines.doc, seen.prose, odds.astype(np.int32, copy=False), self._veto, self._wanted(seen), votes.row,
            votes.rule, votes.start, votes.end, votes.whole, languages.of_rule, own, languages.number.get("common", -1),
            languages.number.get("en", -1), rules.level, rules.alone, rules.span, rules.places, flags, rule,
        )  # fmt: skip
        return flags, rule

    def _gone(self, odds: NDArray[np.int32], stay: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which lines go by their scores: by the cut of each page, or by the one that was asked for."""
        return ~stay if self._min_odds is None else odds > self._min_odds

    def _called(self, seen: SeenPages, odds: NDArray[np.int32], gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Lines that go because they are called by their name, on pages of which mostly prose stays."""
        cut, rules, votes = self._named, self._rules, seen.votes
        called = np.zeros(len(gone), bool)
        if cut is None:
            return called
        able = ~(gone | seen.prose) & (odds > min(cut.votes.odds, cut.elements.odds) * UNIT)
        if not able.any():
            return called
        firm = votes.whole & (rules.level[votes.rule] > 1) & self._by_votes[votes.rule]
        called[votes.row[firm]] = True
        called &= odds > cut.votes.odds * UNIT
        called |= (self._around(seen, self._by_elements) >= 0) & (odds > cut.elements.odds * UNIT)
        called &= able
        if called.any():
            called &= self._mostly_prose(seen, gone, cut.prose)[seen.lines.doc]
        return called

    def _mostly_prose(self, seen: SeenPages, gone: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
        """Per page: whether at least `share` of the characters that stay are prose."""
        length, first = np.where(gone, 0, seen.lines.length()), seen.lines.first
        prose, total = (np.concatenate(([0], np.cumsum(values))) for values in (np.where(seen.prose, length, 0), length))
        mostly: NDArray[np.bool_] = prose[first[1:]] - prose[first[:-1]] >= share * (total[first[1:]] - total[first[:-1]])
        return mostly

    def _around(self, seen: SeenPages, of_group: Ints) -> Ints:
        """Per line: the rule of the innermost element around it whose names mean something in `of_group`, or -1."""
        if len(seen.pages) == 1 and len(seen.lines) == len(seen.pages[0].blocks):
            return _element_rules(seen.pages[0].blocks, of_group)
        around: Ints = np.concatenate(
            [_element_rules(page.blocks, of_group) if len(page.blocks) else _ONE_BLANK for page in seen.pages]
        )[seen.lines.line_of]
        return around

    def _wanted(self, seen: SeenPages) -> NDArray[np.bool_]:
        """Lines that stay because the options say so: of their kind, and called nothing else by a phrase as a whole."""
        options, votes = self._options, seen.votes
        wanted = np.zeros(len(seen.lines), bool)
        if not (options.keep_comments or options.keep_captions or options.keep_tables):
            return wanted
        kinds = [on_demand(page.blocks, self._reader.words, options) for page in seen.pages]
        wanted |= np.concatenate([kind if len(kind) else np.zeros(1, bool) for kind in kinds])[seen.lines.line_of]
        wanted[votes.row[votes.whole & (self._rules.level[votes.rule] > 1)]] = False
        return wanted

    def _answer_by_elements(self, rule: Ints, unnamed: NDArray[np.bool_], seen: SeenPages) -> None:
        """Lines that no vote names: the rule of the elements around each, where one answers for them."""
        if not unnamed.any() or not (self._of_group >= 0).any():
            return
        around = self._around(seen, self._of_group)
        unnamed &= around >= 0
        rule[unnamed] = around[unnamed]


def left_of_lines(lines: Sequence[str], edits: Sequence[Edit]) -> tuple[list[bool], list[str]]:
    """Which of the lines of a text have something left after `edits`, and what it is."""
    left: list[str] = []
    start, first = 0, 0
    for line in lines:
        end = start + len(line)
        while first < len(edits) and edits[first].end <= start:
            first += 1
        pieces, reached, at = [], start, first
        while at < len(edits) and edits[at].start < end:
            pieces.append(line[max(reached - start, 0) : max(edits[at].start - start, 0)])
            reached, at = edits[at].end, at + 1
        left.append("".join((*pieces, line[max(reached - start, 0) :])))
        start = end + 1
    return [bool(line.strip()) for line in left], left


def _line_numbers(seen: SeenPages) -> Ints:
    """Per row: which line of its page's blocks it is; a page without text has a blank line in the batch, but no block."""
    before = np.zeros(len(seen.pages) + 1, np.int32)
    np.cumsum([max(len(page.blocks), 1) for page in seen.pages], out=before[1:])
    numbers: Ints = seen.lines.line_of - before[seen.lines.doc]
    return numbers


def _element_rules(blocks: Blocks, of_group: Ints) -> Ints:
    """Per line: the rule of the innermost element around it whose names mean something that goes, -1 for none."""
    out = np.empty(len(blocks), np.int32)
    elements = blocks.elements
    innermost(elements.bits, elements.first, elements.last, of_group, out)
    return out


def _named_elements(rule: Ints, seen: SeenPages, numbers: Mapping[str, int]) -> NDArray[np.bool_]:
    """Which lines stand in elements that a rule on elements found; `rule` gets that rule."""
    named = np.zeros(len(rule), bool)
    if not any(page.cut for page in seen.pages):
        return named
    line = _line_numbers(seen)
    for number, page in enumerate(seen.pages):
        low, high = int(seen.lines.first[number]), int(seen.lines.first[number + 1])
        for row in range(low, high):
            index = numbers.get(page.cut.get(int(line[row]), ""), -1)
            if index >= 0:
                rule[row], named[row] = index, True
    return named
