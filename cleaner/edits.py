"""Edits: decided cuts on an immutable text, and what applies, undoes and replays them.

All offsets are code points of the *original* text, half open, so an edit never depends on how a text was folded,
normalised or stripped while it was judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from cleaner.errors import RecordError

_NOTHING: Mapping[str, object] = MappingProxyType({})
_set = object.__setattr__


class Edit(NamedTuple):
    """One removed range of the original text.

    `start`, `end` are code-point offsets (half open), `rule` is the full id of the rule, detector or judge that has
    the largest share in the decision, `score` is the certainty in 0..1, and `text` the removed text where an edit
    has to be undone without the original (as in a ledger); it is empty otherwise.
    """

    start: int
    end: int
    rule: str
    score: float
    text: str = ""


class _Late:
    """Room for what makes the edits of a result when somebody asks for them; none of its fields."""

    __slots__ = ("_make",)
    _make: Callable[[], tuple[Edit, ...]] | None


@dataclass(frozen=True, slots=True)
class Result(_Late):
    """A cleaned text.

    `source` is the text the edits refer to: the input itself, or for HTML the page's text as its blocks give it.
    `meta` holds what the page says about itself (title, author, date, language, site, kind), `dropped` a reason
    when nothing is left of the text, `error` one when the page could not be read.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    source: str = ""
    meta: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    dropped: str | None = None
    error: str | None = None

    @classmethod
    def late(
        cls, text: str, edits: Callable[[], tuple[Edit, ...]], source: str, meta: Mapping[str, object]
    ) -> Result:
        """A result whose edits are made when somebody asks for them: most only want the text, and a page has a hundred."""
        result: Result = object.__new__(cls)
        for name, value in (("text", text), ("source", source), ("meta", meta), ("dropped", None), ("error", None)):
            _set(result, name, value)
        _set(result, "_make", edits)
        return result

    if not TYPE_CHECKING:  # or every name would pass for a field

        def __getattr__(self, name: str) -> Any:
            # Asked for only where a field has not been set yet.
            if name != "edits":
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            if (make := self._make) is not None:
                _set(self, "edits", make())
                _set(self, "_make", None)
            return object.__getattribute__(self, "edits")  # another thread may have been faster

    def __reduce__(self) -> tuple[type[Result], tuple[object, ...]]:
        # Read-only views cannot be pickled, and what is worked out on demand must not drag a page along.
        return Result, (self.text, self.edits, self.source, dict(self.meta), self.dropped, self.error)

    def with_removed_text(self) -> tuple[Edit, ...]:
        """The edits, each carrying the text it removed: what a ledger stores and `restore` needs."""
        return tuple(edit._replace(text=self.source[edit.start : edit.end]) for edit in self.edits)


def check(edits: Sequence[Edit], length: int) -> None:
    """Raise `RecordError` unless `edits` lie inside a text of `length`, are not empty, ordered and apart."""
    reached = 0
    for edit in edits:
        if not reached <= edit.start < edit.end <= length:
            raise RecordError(
                f"edit {edit.start}..{edit.end} of rule {edit.rule}: expected a range inside {reached}..{length}, "
                "in order and not overlapping"
            )
        reached = edit.end


def apply(text: str, edits: Iterable[Edit]) -> str:
    """`text` without the ranges of `edits` (ordered, not overlapping)."""
    pieces = []
    reached = 0
    for edit in edits:
        pieces.append(text[reached : edit.start])
        reached = edit.end
    pieces.append(text[reached:])
    return "".join(pieces)


def restore(clean: str, edits: Sequence[Edit]) -> str:
    """The original text: `restore(apply(t, e), e) == t` for edits that carry their removed text.

    Edits must be ordered and carry `text` (see `Result.with_removed_text`); `RecordError` names the first that
    does not fit.
    """
    pieces = []
    taken = reached = 0
    for edit in edits:
        gap = edit.start - reached
        if len(edit.text) != edit.end - edit.start or gap < 0 or taken + gap > len(clean):
            raise RecordError(
                f"edit {edit.start}..{edit.end} of rule {edit.rule} does not fit: expected its removed text of "
                f"{edit.end - edit.start} characters and {max(gap, 0)} characters of clean text before it"
            )
        pieces.append(clean[taken : taken + gap])
        pieces.append(edit.text)
        taken += gap
        reached = edit.end
    pieces.append(clean[taken:])
    return "".join(pieces)


def carry_text(text: str, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The same edits, each with the text it removes from `text`."""
    return tuple(edit._replace(text=text[edit.start : edit.end]) for edit in edits)


def compose(first: Sequence[Edit], second: Iterable[Edit]) -> tuple[Edit, ...]:
    """One set of edits on the original text that does what `first` and then `second` (on what `first` left) do.

    An edit of `second` that reaches over a cut of `first` becomes one edit on each side of it.
    """
    if not first:
        return tuple(second)
    out: list[Edit] = list(first)
    queue = list(first)
    index = removed = 0
    for edit in second:
        start = edit.start
        while start < edit.end:
            while index < len(queue) and queue[index].start <= start + removed:
                removed += queue[index].end - queue[index].start
                index += 1
            stop = edit.end
            if index < len(queue):
                stop = min(stop, queue[index].start - removed)
            out.append(edit._replace(start=start + removed, end=stop + removed))
            start = stop
    return tuple(sorted(out))
