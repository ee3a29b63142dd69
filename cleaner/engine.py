"""The engine: one `Cleaner` judges texts and pages in batches and answers with results that can be undone."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from cleaner.arguments import as_text, check_beside, check_texts, several
from cleaner.edits import Edit, Result, apply, compose
from cleaner.errors import ConfigError
from cleaner.html.options import PageOptions
from cleaner.html.rules import element_files
from cleaner.judge.cuts import batch_edits
from cleaner.judge.limits import level_of, no_limits
from cleaner.judge.look import Look, look, look_again
from cleaner.judge.resolve import Languages, decide, undecided
from cleaner.judge.score import Judged, Scorer
from cleaner.judge.trees import load_weights
from cleaner.kernels.base import LIBRARY
from cleaner.packs.load import rules_root
from cleaner.packs.match import RuleSet, compile_rules
from cleaner.packs.ready import ready_rules
from cleaner.packs.schema import Rule

if TYPE_CHECKING:
    from cleaner.document import Lines
    from cleaner.judge.explain import LineReport
    from cleaner.memory.evidence import Evidence, MemoryJudge
    from cleaner.memory.notes import Notes
    from cleaner.memory.site_memory import SiteMemory
    from cleaner.memory.told import Told
    from cleaner.pages import PageCleaner

_ROUNDS: Final = 12
"""Each round removes at least one line; texts settle after one or two, and this bounds those that do not."""
_TEXT_WEIGHTS: Final = "weights/text.json"
_PAGE_WEIGHTS: Final = "weights/html.json"
_MEMORY_WEIGHTS: Final = "weights/memory.toml"

StrPath = str | os.PathLike[str]


class Cleaner:
    """Judges texts by rules, and says of every removed character which rule removed it.

    `languages` narrows the shipped packs (all are on by default), `packs` adds files or folders of the user's own,
    `select` and `ignore` choose rules by class or by the beginning of their id, `min_score` (0..1) replaces the cut of
    the weights, `weights` is a weights file (`None`: the shipped one; `False`: none, so that only rules that may decide
    alone remove anything), `rules` replaces everything by these rules, `memory` is a site memory or the file of one (it
    adds evidence to lines of records that have a URL). For pages, `format` is `text` or `markdown`, and the `keep_` options
    keep comments, captions, tables and (in Markdown) links, see `cleaner.html.options`. A `Cleaner` never changes after
    it was made, so it can be shared between threads and pickled to other processes.
    """

    def __init__(
        self,
        *,
        languages: Sequence[str] | None = None,
        packs: Sequence[StrPath] = (),
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        min_score: float | None = None,
        weights: StrPath | None | bool = None,
        rules: Sequence[Rule] | None = None,
        memory: SiteMemory | StrPath | None = None,
        format: str = "text",  # noqa: A002 - the name of the option everywhere
        keep_comments: bool = False,
        keep_captions: bool = False,
        keep_tables: bool = False,
        keep_links: bool = False,
    ) -> None:
        if min_score is not None and not (isinstance(min_score, int | float) and 0 < min_score < 1):
            raise ConfigError(f"min_score: expected a number between 0 and 1, got {min_score!r}")
        self._options: dict[str, Any] = {
            "languages": None if languages is None else several("languages", languages),
            "packs": tuple(os.fspath(pack) for pack in several("packs", packs)),
            "select": several("select", select),
            "ignore": several("ignore", ignore),
            "min_score": min_score,
            "weights": weights if weights is None or isinstance(weights, bool) else os.fspath(weights),
            "rules": None if rules is None else _checked(several("rules", rules)),
            "memory": os.fspath(memory) if isinstance(memory, str | os.PathLike) else memory,
            "pages": PageOptions(
                format=format, keep_comments=keep_comments, keep_captions=keep_captions, keep_tables=keep_tables,
                keep_links=keep_links,
            ),
        }  # fmt: skip
        self._build()

    def _build(self) -> None:
        LIBRARY.load()  # once, before workers are forked that would all have to
        options = self._options
        self._rules: RuleSet = (
            ready_rules(
                languages=options["languages"],
                extra=options["packs"],
                select=options["select"],
                ignore=options["ignore"],
            )
            if options["rules"] is None
            else compile_rules(options["rules"], kept=True)
        )
        self._languages = Languages.of(self._rules)
        self._scorer = self._load_scorer(options["weights"])
        self._limits = (self._scorer.limits if self._scorer else no_limits()).asked_for(options["min_score"])
        self._memory = self._load_memory(options["memory"])  # site memory
        self._pages: PageCleaner | None = None

    def _page_cleaner(self) -> PageCleaner:
        """What cleans pages; made for the first of them, since most corpora hold none."""
        if self._pages is None:
            from cleaner.pages import PageCleaner

            given = self._options["min_score"]
            self._pages = PageCleaner(
                self._rules,
                element_files(rules_root(), self._options["packs"]),
                rules_root() / _PAGE_WEIGHTS,
                options=self._options["pages"],
                min_odds=None if given is None else level_of(given),
                scored=self._scorer is not None,
                memory=self._memory,
            )
        return self._pages

    def _load_memory(self, memory: SiteMemory | str | None) -> MemoryJudge | None:
        if memory is None:
            return None
        from cleaner.memory.evidence import MemoryJudge
        from cleaner.memory.notes import PACK
        from cleaner.memory.site_memory import SiteMemory

        if not any(name.startswith(PACK) for name in self._rules.ids):
            return None
        opened = SiteMemory.load(memory) if isinstance(memory, str) else memory
        return MemoryJudge(opened, rules_root() / _MEMORY_WEIGHTS)

    def remembering(self, memory: MemoryJudge) -> Cleaner:
        """The same cleaner with another site memory, sharing all else; for the bench, which tries many. Not to be pickled."""
        other: Cleaner = object.__new__(type(self))
        other.__dict__.update({key: value for key, value in self.__dict__.items() if key != "digest"})
        other._memory, other._pages = memory, None
        return other

    @staticmethod
    def _load_scorer(weights: str | bool | None) -> Scorer | None:
        if weights is False:
            return None
        path = rules_root() / _TEXT_WEIGHTS if weights is None or weights is True else Path(weights)
        return Scorer.of(load_weights(path))

    def __getstate__(self) -> dict[str, Any]:
        return self._options

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._options = state
        self._build()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that are on."""
        return tuple(self._rules.rules)

    def settings(self) -> dict[str, Any]:
        """The options that decide about results, as plain data for headers of ledgers and reports."""
        shown = {name: value for name, value in self._options.items() if name not in ("rules", "memory", "pages")}
        return {**shown, **asdict(self._options["pages"]), "digest": self.digest}

    @cached_property
    def digest(self) -> str:
        """A short hash of everything that decides about results: rules, weights, options."""
        marks = [self._rules.digest]
        if self._scorer is not None:
            for trees in (self._scorer.first, self._scorer.second):
                marks.append(hashlib.blake2b(trees.leaves.tobytes() + trees.border.tobytes()).hexdigest())
        limits = self._limits.as_header()
        marks.append(json.dumps([limits, asdict(self._options["pages"])]))
        files = [rules_root() / _PAGE_WEIGHTS, *element_files(rules_root(), self._options["packs"])]
        marks += [hashlib.blake2b(file.read_bytes()).hexdigest() for file in files]
        if self._memory is not None:
            marks.append(self._memory.digest)
        return hashlib.blake2b("\0".join(marks).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def clean(
        self,
        text: str | bytes | None = None,
        *,
        html: str | bytes | None = None,
        url: str | None = None,
        lang: str | None = None,
        title: str | None = None,
    ) -> Result:
        """Clean one text. `bytes` are read as UTF-8; `html` is a page instead of a text."""
        return self.clean_batch(
            [text], htmls=[html], urls=[url], langs=[lang] if lang else None, titles=[title] if title else None
        )[0]

    def clean_batch(
        self,
        texts: Sequence[str | bytes | None],
        *,
        htmls: Sequence[str | bytes | None] | None = None,
        urls: Sequence[str | None] | None = None,
        langs: Sequence[str | None] | None = None,
        titles: Sequence[str | None] | None = None,
    ) -> list[Result]:
        """Clean many texts at once; the results do not depend on which texts share a batch.

        Where `htmls` has a page (not `None`), that is cleaned instead of the text: `Result.source` is the page's text, one
        line per block, and `Result.error` says why where it is no page.
        """
        check_texts(texts)
        texts = texts if isinstance(texts, Sequence) else list(texts)
        for name, values in (("urls", urls), ("langs", langs), ("titles", titles)):
            check_beside(name, values, len(texts))
        check_beside("htmls", htmls, len(texts), (str, bytes))
        pages = [number for number, html in enumerate(htmls or ()) if html is not None]
        if pages:
            return self._clean_mixed(pages, texts, htmls or (), {"urls": urls, "langs": langs, "titles": titles})
        plain = [as_text(text) for text in texts]
        edits, notes = self._settle(plain, titles, langs, urls if self._memory is not None else None)
        results = [_result(text, found) for text, found in zip(plain, edits, strict=True)]
        return results if notes is None else _noted(results, notes, [number for number, text in enumerate(plain) if text])

    def _clean_mixed(
        self,
        pages: list[int],
        texts: Sequence[str | bytes | None],
        htmls: Sequence[str | bytes | None],
        known: Mapping[str, Sequence[str | None] | None],
    ) -> list[Result]:
        """The results of a batch in which those numbered `pages` are pages and the others texts."""
        chosen = {name: _pick(values, pages) for name, values in known.items()}
        cleaned = self._page_cleaner().clean([html for html in htmls if html is not None], **chosen)
        found = dict(zip(pages, cleaned, strict=True))
        rest = [number for number in range(len(texts)) if number not in found]
        if rest:
            others = {name: _pick(values, rest) for name, values in known.items()}
            found |= zip(rest, self.clean_batch([texts[number] for number in rest], **others), strict=True)
        return [found[number] for number in range(len(texts))]

    def clean_records(
        self, records: Iterable[Mapping[str, Any]], *, jobs: int = 1, **options: Any
    ) -> Iterator[dict[str, Any]]:
        """Records in, records out, in order, with `jobs` worker processes; see `cleaner.in_memory.clean_records`."""
        from cleaner.in_memory import clean_records

        return clean_records(self, records, jobs=jobs, **options)

    def explain(self, text: str | bytes, *, title: str | None = None) -> list[LineReport]:
        """What each line of a text has against it: its votes, its measures' shares, and whether it goes."""
        from cleaner.judge.explain import explain

        plain = as_text(text)
        return explain(self._rules, self._scorer, plain, title, self.clean(plain, title=title).edits)

    def recurrence(self, text: str | bytes, *, url: str | None) -> list[tuple[int, int, str]]:
        """Lines that other pages of the site show in the same zone: start, end, and counts (`412 of 430 pages, tail`)."""
        return self._memory.notes([as_text(text)], [url]).all(0) if self._memory is not None else []

    def _settle(
        self,
        texts: Sequence[str],
        titles: Sequence[str | None] | None,
        langs: Sequence[str | None] | None,
        urls: Sequence[str | None] | None = None,
    ) -> tuple[list[tuple[Edit, ...]], Notes | None]:
        """Edits for each text, repeated on what is left until nothing more goes; and what memory knows of its lines.

        The notes are on those of `texts` that are not empty.
        """
        done: list[tuple[Edit, ...]] = [()] * len(texts)
        whole = open_ = [number for number, text in enumerate(texts) if text]
        current = list(texts)
        told: Told | None = None
        for round_ in range(_ROUNDS):
            if not open_:
                break
            mine = {"titles": _pick(titles, open_), "langs": _pick(langs, open_)}
            seen = look(self._rules, [current[number] for number in open_], mine["titles"])
            if not round_:
                told = self._tell(seen.lines, _pick(urls, open_))
                known = told.evidence if told is not None else None
            elif told is not None:
                places = np.searchsorted(whole, open_).tolist()
                known = told.of_rest(seen.lines, places, [done[number] for number in open_])
            changed = []
            for number, (edits, anew) in zip(open_, self._judge(seen, known, **mine), strict=True):
                done[number] = compose(done[number], edits)
                if anew:  # a cut inside a line makes a new line
                    current[number] = apply(texts[number], done[number])
                    changed.append(number)
            open_ = changed
        return done, told.notes() if told is not None else None

    def _tell(self, lines: Lines, urls: Sequence[str | None] | None) -> Told | None:
        """What memory says of the lines of whole texts."""
        if self._memory is None or urls is None:
            return None
        from cleaner.memory.told import Told

        evidence = self._memory.weigh(lines, urls)
        return Told(lines, evidence) if evidence is not None else None

    def _judge(
        self, seen: Look, known: Evidence | None, titles: Sequence[str | None] | None, langs: Sequence[str | None] | None
    ) -> list[tuple[list[Edit], bool]]:
        """The edits of each text and whether what is left has to be read anew; `known` is what memory says of the lines."""
        whole = seen
        verdict = undecided(len(whole.lines))
        rows = np.arange(len(whole.lines))
        for _ in range(_ROUNDS):
            mine = known.take(rows) if known is not None else None
            judged = self._score(seen, mine)
            now = decide(self._rules, self._languages, seen, judged, self._limits, langs, mine)
            if not now.gone.any():
                break
            verdict.take_over(now, rows)
            # Texts in which nothing went have settled; the others are looked at again without what went.
            moved = np.zeros(len(whole.lines.texts), bool)
            moved[seen.lines.doc[now.gone]] = True
            rows = rows[~now.gone & moved[seen.lines.doc]]
            left = np.zeros(len(whole.lines), bool)
            left[rows] = True
            seen = look_again(self._rules, whole, left, titles)
        alike = whole.reading.alike
        crowded = alike.crowded if alike is not None else ()
        answers = batch_edits(self._rules, whole, verdict)
        for doc in crowded:
            edits, inside = answers[doc]
            answers[doc] = (edits, inside or bool(edits))
        return answers

    def _score(self, seen: Look, known: Evidence | None) -> Judged | None:
        if self._scorer is None or not len(seen.lines):
            return None
        heard = known.heard if known is not None else None
        return self._scorer.score(seen.measures, seen.place, seen.lines.length(), seen.prose, heard)


def _pick(values: Sequence[str | None] | None, numbers: Sequence[int]) -> list[str | None] | None:
    return None if values is None else [values[number] for number in numbers]


def _checked(rules: tuple[Any, ...]) -> tuple[Rule, ...]:
    for rule in rules:
        if not isinstance(rule, Rule):
            raise ConfigError(f"rules: expected rules as `load_rules` gives them, found {rule!r}")
    return rules


def _result(text: str, edits: tuple[Edit, ...]) -> Result:
    return Result(text=apply(text, edits) if edits else text, edits=edits, source=text)


def _noted(results: Sequence[Result], notes: Notes, numbers: Sequence[int]) -> list[Result]:
    """The results, each that memory had a part in with the counts of what it removed as `meta["memory"]`.

    `numbers` are those of the results that `notes` has a text for, in order.
    """
    from cleaner.memory.notes import NotedMeta, of_memory

    noted = list(results)
    for text, number in enumerate(numbers):
        result = results[number]
        if mine := of_memory(result.edits):
            meta = NotedMeta(result.meta, notes, text, mine)
            noted[number] = Result(result.text, result.edits, result.source, meta, result.dropped, result.error)
    return noted
