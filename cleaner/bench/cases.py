"""Whole documents as mini-diffs (`*.diff`): reading, writing, and what a cleaner gets right on them.

A document is `# key: value` headers, a blank line, then one line per line behind a label of two columns: `- ` must go,
two spaces must stay, `~ ` does not matter, a digit marks duplicates of which exactly one must stay. An empty row is a
blank line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cleaner.errors import DataError

_LABELS: Final = " -~123456789"
_NEEDED: Final = ("url", "lang")
STAYS, GOES = 0.8, 0.2
"""A line counts as kept when at least this share of it stays, as removed when at most that."""


@dataclass(frozen=True, slots=True)
class Case:
    """The headers and the (label, line) pairs of one document; blank lines have an empty label."""

    meta: Mapping[str, str]
    lines: tuple[tuple[str, str], ...]


def parse_case(text: str, file: str) -> Case:
    """Read one document; `DataError` names `file`, the row and what was expected."""
    rows = text.split("\n")
    meta: dict[str, str] = {}
    number = 0
    for number, row in enumerate(rows, 1):
        if not row:
            break
        key, colon, value = row.removeprefix("# ").partition(": ")
        if not row.startswith("# ") or not colon:
            raise DataError(f"{file}:{number}: expected a header '# key: value' or a blank line, got {row!r}")
        meta[key] = value
    for key in _NEEDED:
        if key not in meta:
            raise DataError(f"{file}: header {key!r} is missing, expected '# {key}: …' before the first blank line")
    lines = [_row(row, f"{file}:{at}") for at, row in enumerate(rows[number:], number + 1)]
    while lines and not lines[-1][0]:
        lines.pop()
    if not lines:
        raise DataError(f"{file}: expected labelled lines after the headers, found none")
    return Case(meta, tuple(lines))


def _row(row: str, place: str) -> tuple[str, str]:
    if not row:
        return "", ""
    if row[0] not in _LABELS or row[1:2] != " " or not row[2:].strip():
        raise DataError(
            f"{place}: expected a label of two columns ('- ', '  ', '~ ' or a digit and a space) and a line, got {row!r}"
        )
    return row[0], row[2:]


def write_case(meta: Mapping[str, str], lines: Sequence[tuple[str, str]]) -> str:
    """A document as `parse_case` reads it."""
    head = [f"# {key}: {' '.join(value.split())}" for key, value in meta.items()]
    body = [f"{label} {line}" if line.strip() else "" for label, line in lines]
    return "\n".join([*head, "", *body]) + "\n"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What went wrong in one document: lines left that must go, lost that must stay, duplicates not single."""

    left: tuple[str, ...]
    lost: tuple[str, ...]
    doubled: tuple[str, ...]

    @property
    def perfect(self) -> bool:
        """Nothing went wrong."""
        return not (self.left or self.lost or self.doubled)


def judge_lines(
    lines: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[tuple[tuple[int, ...], int]],
    gone: NDArray[np.float64],
) -> Verdict:
    """The verdict on a labelled text of which the share `gone` of each line was removed."""
    grouped = {line for members, _ in groups for line in members}
    free = [n for n in range(len(lines)) if n not in grouped]
    left = [lines[n] for n in free if labels[n] in ("drop", "dup") and gone[n] < 1 - GOES]
    lost = [lines[n] for n in free if labels[n] == "keep" and gone[n] > 1 - STAYS]
    doubled = [lines[members[0]] for members, stay in groups if sum(gone[n] <= 1 - STAYS for n in members) != stay]
    return Verdict(tuple(left), tuple(lost), tuple(doubled))
