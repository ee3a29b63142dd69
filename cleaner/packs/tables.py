"""What takes long to make of rules: the table of all phrases, the gates and automata of patterns, and the patterns themselves.

It is kept in the user's cache folder under a name made of all it depends on, so that a start reads it in some
milliseconds.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import regex
from numpy.typing import NDArray

from cleaner import document, folding
from cleaner.document import Bytes, Ints
from cleaner.errors import RuleError
from cleaner.folding import fold
from cleaner.kept import cache_home, keep, recall
from cleaner.kernels import automata as automata_kernels
from cleaner.kernels import folds as fold_kernels
from cleaner.kernels import kinds
from cleaner.kernels import phrases as phrase_kernels
from cleaner.kernels.kinds import FIRST_MIX, KEYWORD, UNLESS
from cleaner.packs import arrays as arrays_module
from cleaner.packs import automata as automata_module
from cleaner.packs import gates as gates_module
from cleaner.packs import patterns as patterns_module
from cleaner.packs import phrases as phrases_module
from cleaner.packs.arrays import packed, unpacked
from cleaner.packs.automata import Automata, automata_of
from cleaner.packs.gates import DIGIT, ENDLESS, Gate, gate_of
from cleaner.packs.phrases import PhraseTable, phrase_table
from cleaner.packs.schema import PLACES, Rule

_NUMBER: Final = "{n}"
_SIGN: Final = "{sign}"
_MOST_SIGNS: Final = 62
"""Signs that gates may ask for in all: one bit each, and two bits are taken."""
_KEPT: Final = 6
"""Files of other rules that stay beside a new one: ten megabytes each."""
_MODULES: Final = (
    document, folding, arrays_module, automata_module, gates_module, patterns_module, phrases_module, automata_kernels,
    fold_kernels, phrase_kernels, kinds,
)  # fmt: skip
SOURCES: Final = (*(Path(module.__file__ or "") for module in _MODULES), Path(__file__))
"""The modules that the tables depend on."""

Patterns = Mapping[int, regex.Pattern[str]]


@dataclass(frozen=True, slots=True)
class Gates:
    """What a line must be like for a rule's pattern to be tried."""

    signs: Bytes
    """Per code point below 65536: the number of its bit in `needs`; 0 where none asks for it, 1 for digits."""
    needs: NDArray[np.uint64]
    """Per rule: bits of which a line must have one; 0 where it need not."""
    first: NDArray[np.uint64]
    """Per rule: bits of the letters and digits that can be the first of a line; 0 where any can."""
    most: Ints
    """Per rule: the most characters but white space that its pattern hits."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The part of a `RuleSet` that takes long to make."""

    phrases: PhraseTable
    gates: Gates
    automata: Automata
    patterns: Patterns
    numeric: Ints
    """Pattern rules with the keyword `{n}`: they are tried on lines without a letter."""
    shaped: Ints
    """Pattern rules with the keyword `{sign}`: they are tried on short lines that have one of their signs."""


def fold_phrase(phrase: str) -> str:
    """A phrase as it is looked up; `{n}` stands for a number."""
    return fold(phrase.replace(_NUMBER, "0"))


def digest_of(rules: Sequence[Rule]) -> str:
    """A short hash of all that rules say, their cases and where they lie left out."""
    state = hashlib.sha256()
    for rule in rules:
        lists = (rule.phrases, rule.keywords, rule.unless)
        marks = (
            rule.id, rule.cls, rule.kind, rule.at, rule.strength, rule.scope, rule.zone, rule.max_words, rule.pattern,
            sorted(rule.settings.items()), [list(map(len, words)) for words in lists],
        )  # fmt: skip
        state.update(repr(marks).encode())
        state.update("".join(map("".join, lists)).encode("utf-8", "surrogatepass"))
    return state.hexdigest()[:24]


def tables_of(rules: Sequence[Rule], *, kept: bool) -> Tables:
    """The tables of `rules`, from the cache if they are there; with `kept` they are from then on.

    `RuleError` names the rule whose pattern is not a pattern or whose phrase folds away.
    """
    path = _path(digest_of(rules)) if kept else None
    known = recall(path) if path is not None else None
    if known is not None:
        return _read(known)
    made = _make(rules)
    if path is not None:
        keep(path, _written(made), most=_KEPT)
    return made


def kept_tables(digest: str) -> Tables | None:
    """The tables of the rules with this digest, if they are in the cache."""
    path = _path(digest)
    known = recall(path) if path is not None else None
    return None if known is None else _read(known)


def _make(rules: Sequence[Rule]) -> Tables:
    entries: dict[str, list[tuple[int, int]]] = {}
    numeric: list[int] = []
    gates = [gate_of(rule.pattern) if rule.kind == "pattern" else Gate() for rule in rules]
    for number, rule in enumerate(rules):
        for role, phrases in _roles(rule):
            for phrase in phrases:
                if phrase == _SIGN:
                    continue
                folded = fold_phrase(phrase)
                if folded == "0" and role == KEYWORD:
                    numeric.append(number)
                elif not folded.strip("0 "):
                    raise RuleError(f"{rule.file}: rule {rule.id!r}: phrase {phrase!r} folds to nothing but a number")
                else:
                    entries.setdefault(folded, []).append((number, role))
    return Tables(
        phrases=phrase_table(entries),
        gates=_gates(gates),
        automata=automata_of([rule.pattern if rule.kind == "pattern" else "" for rule in rules]),
        patterns={number: _compile_pattern(rule) for number, rule in enumerate(rules) if rule.kind == "pattern"},
        numeric=np.array(sorted(set(numeric)), np.int32),
        shaped=_shaped(rules, gates),
    )


def _shaped(rules: Sequence[Rule], gates: Sequence[Gate]) -> Ints:
    """The rules with the keyword `{sign}`: what keeps them cheap is that few lines are short and have the sign."""
    found = [number for number, rule in enumerate(rules) if rule.kind == "pattern" and _SIGN in rule.keywords]
    for number in found:
        rule = rules[number]
        if not rule.max_words:
            raise RuleError(f"{rule.file}: rule {rule.id!r}: field 'max_words' is missing, expected beside the keyword {_SIGN!r}")
        if not gates[number].needs:
            raise RuleError(
                f"{rule.file}: rule {rule.id!r}: field 'pattern': expected one that needs a sign (as # or @) wherever it hits, "
                f"since its keyword is {_SIGN!r}"
            )
    return np.array(found, np.int32)


def _roles(rule: Rule) -> list[tuple[int, Sequence[str]]]:
    """What a rule looks for, by the part it plays."""
    roles: list[tuple[int, Sequence[str]]] = [(UNLESS, rule.unless)]
    if rule.kind == "pattern":
        roles.append((KEYWORD, rule.keywords))
    elif rule.kind == "phrase":
        roles.append((PLACES.index("start" if rule.at == "label" else rule.at), rule.phrases))
    return roles


def _compile_pattern(rule: Rule) -> regex.Pattern[str]:
    try:
        return regex.compile(rule.pattern, regex.IGNORECASE)
    except regex.error as error:
        raise RuleError(f"{rule.file}: rule {rule.id!r}: field 'pattern': {error}") from error


def _gates(gates: Sequence[Gate]) -> Gates:
    signs = np.zeros(1 << 16, np.uint8)
    number = {DIGIT: 1}
    needs = np.zeros(len(gates), np.uint64)
    for rule, gate in enumerate(gates):
        wanted = gate.needs or frozenset()
        fresh = [sign for sign in sorted(wanted) if sign not in number]
        if len(number) + len(fresh) > _MOST_SIGNS or any(ord(sign) >= len(signs) - 1 for sign in fresh):
            continue
        for sign in fresh:
            signs[ord(sign)] = number[sign] = len(number) + 1
        needs[rule] = sum(1 << number[sign] for sign in wanted)
    first = np.array([_letter_bits(gate.first) for gate in gates], np.uint64)
    return Gates(signs, needs, first, np.array([min(gate.most, ENDLESS) for gate in gates], np.int32))


def _letter_bits(letters: frozenset[str] | None) -> int:
    bits = 0
    for letter in letters or ():
        bits |= 1 << (ord(letter) * FIRST_MIX % 2**64 >> 58)
    return bits


def _path(digest: str) -> Path | None:
    home = cache_home()
    if home is None:
        return None
    state = hashlib.sha256(digest.encode())
    for source in SOURCES:
        state.update(source.read_bytes())
    state.update(f"{sys.version}\0{sys.byteorder}\0{regex.__version__}".encode())
    return home / f"rules-{state.hexdigest()[:24]}.bin"


def _written(tables: Tables) -> bytes:
    parts = (tables.gates, tables.automata, tables.phrases)
    named = [(field.name, getattr(part, field.name)) for part in parts for field in fields(part)]
    arrays: dict[str, NDArray[Any]] = {"numeric": tables.numeric, "shaped": tables.shaped}
    arrays |= {name: value for name, value in named if isinstance(value, np.ndarray)}
    patterns = [[number, *_spelled(pattern)] for number, pattern in tables.patterns.items()]
    return packed({"seed": int(tables.phrases.seed), "patterns": patterns}, arrays)


def _read(content: memoryview) -> Tables:
    head, arrays = unpacked(content)
    phrases = PhraseTable(**{"seed": head["seed"], **{f.name: arrays[f.name] for f in fields(PhraseTable) if f.name != "seed"}})
    gates = Gates(**{field.name: arrays[field.name] for field in fields(Gates)})
    automata = Automata(**{field.name: arrays[field.name] for field in fields(Automata)})
    patterns = KeptPatterns({number: spelled for number, *spelled in head["patterns"]})
    return Tables(phrases, gates, automata, patterns, arrays["numeric"], arrays["shaped"])


class KeptPatterns(Mapping[int, regex.Pattern[str]]):
    """Patterns by their rules, each revived when it is first tried: most texts need few of them."""

    def __init__(self, spelled: Mapping[int, Sequence[Any]]) -> None:
        """`spelled` is what `_spelled` said of each."""
        self._spelled = spelled
        self._revived: dict[int, regex.Pattern[str]] = {}

    def __getitem__(self, rule: int) -> regex.Pattern[str]:
        found = self._revived.get(rule)
        if found is None:
            found = self._revived[rule] = _revived(*self._spelled[rule])
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._spelled)

    def __len__(self) -> int:
        return len(self._spelled)


def _spelled(pattern: regex.Pattern[str]) -> list[Any]:
    """A pattern, and what the `regex` module hands to `pickle` of it, as far as that is plain."""
    parts = getattr(pattern, "_pickled_data", None)
    if not isinstance(parts, tuple) or len(parts) != 11 or not isinstance(parts[2], bytes) or any(parts[3:7]):
        return [pattern.pattern, pattern.flags]
    spelled = [pattern.pattern, parts[1], base64.b64encode(parts[2]).decode(), *parts[7:]]
    try:
        _revived(*spelled)
    except (TypeError, ValueError, AttributeError):  # another version of the module, with other parts
        return [pattern.pattern, pattern.flags]
    return spelled


def _revived(pattern: str, flags: int, code: str = "", *rest: Any) -> regex.Pattern[str]:
    """A pattern from what `_spelled` said of it."""
    if not code:
        return regex.compile(pattern, flags)
    offset, chars, *last = rest
    parts = (pattern, flags, base64.b64decode(code), {}, {}, {}, [], offset, tuple(chars), *last)
    revived: regex.Pattern[str] = regex._regex.compile(*parts)
    return revived
