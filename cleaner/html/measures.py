"""Measures of blocks: what a line and the elements around it look like, one small number each.

They follow the rules of the measures of plain text (`cleaner.judge.measures`): every measure is a `uint8`, columns are
the rows of a matrix of shape (measures, lines), and what a line says never depends on the other pages of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.document import Bytes, Ints, Lines
from cleaner.html.blocks import Blocks, Elements
from cleaner.html.kind import SIGNS
from cleaner.html.tags import CUSTOM, TAG
from cleaner.judge.measures import OWN_NAMES, own_values
from cleaner.kernels import page_lists, page_measures, page_repeats, page_scores
from cleaner.kernels.page_groups import find_groups, slots
from cleaner.packs.schema import CLASSES

Flags = NDArray[np.bool_]
Longs = NDArray[np.int64]

_GROUPS: Final = 63
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "p": ("p",), "li": ("li",), "link": ("a",), "div": ("div",), "strong": ("strong", "b", "em", "i"),
    "heading": _HEADINGS,
}  # fmt: skip
_INSIDE: Final[dict[str, tuple[str, ...]]] = {
    "article": ("article",), "main": ("main",), "aside": ("aside",), "nav": ("nav",), "header": ("header",),
    "footer": ("footer",), "form": ("form",), "table": ("table",), "list": ("ul", "ol"), "details": ("details",),
    "pre": ("pre",), "heading": _HEADINGS, "button": ("button",), "quote": ("blockquote",), "noscript": ("noscript",),
}  # fmt: skip
_COUNTED: Final[dict[str, tuple[str, ...]]] = {
    "p": ("p",), "li": ("li",), "cell": ("td", "th"), "code": ("pre",), "h3": ("h3", "h4"),
}  # fmt: skip
_TEXT: Final = (
    "length", "words", "dividers", "from_start", "position", "row_position", "rows", "chars", "prose", "prose_share",
    "prose_before", "prose_after", "prose_chars_before", "prose_chars_after", "since_prose", "until_prose",
    "length_around_2",
)  # fmt: skip
_BOX: Final = ("chars", "rows", "linked", "share", "prose", "prose_share")
_FLOW: Final = (
    "linked", "strong", "links", "linked_page", "linked_around_4", "linked_around_12",
    *(f"box{level}_{name}" for name in _BOX for level in range(4)),
    "likewise", "likewise_chars", "likewise_linked", "likewise_prose", "likewise_share",
    "since_heading", "until_heading", "heading_above", "chars_since_heading", "since_top", "until_top", "headings",
    "tops", "tops_before",
    "centre0", "centre0_before", "centre0_after", "centre1", "centre2_before", "centre2_after", "centre_child",
    "centre_mass",
)  # fmt: skip
_ITEMS: Final = (
    "items", "item_chars", "item_rows", "item_linked", "item_prose", "item_share", "item_images", "item_level",
    "item_number", "item_row", "item_rest", "page_largest_item", "is_largest_item", "page_images", "page_links",
    "page_inputs", "page_prose", *(f"page_{name}" for name in _COUNTED),
)  # fmt: skip
_OWN: Final = tuple(f"own_{name}" for name in OWN_NAMES)
_REPEATS: Final = (
    "copies", "copy_number", "since_copy", "until_copy", "likewise_copies", "likewise_distinct", "copies_box1",
    "copies_box2", "late_copies_box1", "late_copies_box2", "late_copies_around_2", "late_copies_around_6", "page_copies",
    "page_late_copies", "likewise_digits", "likewise_stops", "likewise_place", "prices_around_4", "page_prices",
    "page_main", "page_article", "page_articles", "page_nav", "page_distinct", "copies_are_likewise",
)  # fmt: skip
ANNOUNCING: Final = ("related", "comments", "newsletter", "promo", "share", "account", "navigation", "listing")
"""Classes of headings that tell what stands below."""
_VOTES: Final = (
    *(f"vote_{name}" for name in CLASSES), "vote_any", "vote_covers", "votes_around_2", "votes_around_6",
    "likewise_votes", "since_vote", "votes_box1", "votes_box2", *(f"heading_{name}" for name in ANNOUNCING),
)  # fmt: skip
_LISTS: Final = (
    "fields", "fields_around_4", "likewise_fields", "fields_box1", "fields_box2", "images_box1", "images_box2", "images",
    "likewise_images", "likewise_counts", "likewise_prices", "item_links", "item_prices", "item_headings", "item_fields",
    "item_even", "item_after_top", "item_begins", "item_reaches", "rows_below_top", "above_top",
)  # fmt: skip
_SEEN_OF_NEIGHBOURS: Final = (
    "length", "prose", "linked", "heading", "own_ends_stop", "own_digits", "copies", "leaf_link", "likewise", "own_capitals",
    "vote_any",
)  # fmt: skip
_STEPS: Final = (-3, -2, -1, 1, 2, 3)
_BESIDE: Final = tuple(f"{name}{step:+}" for step in _STEPS for name in (*_SEEN_OF_NEIGHBOURS, "same_path"))
_RANKS: Final = ("score_rank", "score_expected", "score_taken", "score_cut", "score_above", "score_promised")
_SECOND: Final = (
    "score", "score_page", *(f"score_{step:+}" for step in (-4, -3, -2, -1, 1, 2, 3, 4)),
    *(f"score_around_{reach}" for reach in (2, 5, 12, 30)), "score_before", "score_after",
    *(f"score_box{level}" for level in range(4)), "score_likewise", "score_items", "score_item", "score_peak",
    "score_since", "score_until", "score_kept_before", "score_kept_after", "score_kept", "score_heading",
    "score_section", *_RANKS,
)  # fmt: skip


def _bits(groups: dict[str, tuple[str, ...]]) -> NDArray[np.uint64]:
    """Per tag number the places of the groups it belongs to, as bits."""
    table = np.zeros(CUSTOM + 1, np.uint64)
    for place, names in enumerate(groups.values()):
        table[[TAG[name] for name in names]] |= np.uint64(1 << place)
    return table


def _numbers(groups: dict[str, tuple[str, ...]], step: int = 1, start: int = 1) -> Bytes:
    """Per tag number the number of its group, 0 for none."""
    table = np.zeros(CUSTOM + 1, np.uint8)
    for place, names in enumerate(groups.values()):
        table[[TAG[name] for name in names]] = start + step * place
    return table


_KIND_BITS: Final = _bits(_KINDS)
_INSIDE_BITS: Final = _bits(_INSIDE)
_LEVEL: Final = _numbers({name: (name,) for name in _HEADINGS}, -1, 6)
"""6 for `h1` down to 1 for `h6`."""
_COUNTED_AS: Final = _numbers(_COUNTED)
_HOLDS: Final = _numbers({"p": ("p",), "li": ("li",)})
"""Tags whose parent is what holds their text."""
_LOG: Final = np.minimum(np.round(15 * np.log2(1 + np.arange(65536))), 255).astype(np.uint8)
_NAMED: Final = 2 + 3 * (_GROUPS + 1) + len(_INSIDE) + 2 * len(_KINDS)
"""How many measures tags and names give."""
_STARTS: Final = tuple(accumulate(
    (len(_TEXT), _NAMED, len(_FLOW), len(_ITEMS), len(_OWN), len(_REPEATS), len(_VOTES), len(_LISTS), len(_BESIDE)), initial=0,
))  # fmt: skip
"""Where the measures of each kind begin, those of a page's signs last."""


def first_names(groups: Sequence[str]) -> tuple[str, ...]:
    """The measures of the first look, in order; `groups` are the ids of the groups of element words."""
    named = [
        f"{place}_{group}"
        for place in ("near", "middle", "far")
        for group in (*groups, *(f"unused{number}" for number in range(len(groups), _GROUPS)), "hidden_by_markup")
    ]
    return (
        *_TEXT, "depth", "heading", *named, *(f"inside_{name}" for name in _INSIDE),
        *(f"{place}_{name}" for place in ("block", "leaf") for name in _KINDS),
        *_FLOW, *_ITEMS, *_OWN, *_REPEATS, *_VOTES, *_LISTS, *_BESIDE, *(f"sign_{name}" for name in SIGNS),
    )  # fmt: skip


def heeded_names() -> frozenset[str]:
    """The measures of the first look that need what rules say, or are worked out together with those."""
    beside = (f"vote_any{step:+}" for step in _STEPS)
    return frozenset((*_VOTES, *_LISTS, *beside))


def second_names() -> tuple[str, ...]:
    """The measures that the second look adds, in order."""
    return _SECOND


_PLACE_OF: Final = {name: place for place, name in enumerate(first_names(()))}
_FIRST: Final = len(_PLACE_OF)
_FLAGS: Final = np.array([
    _PLACE_OF[name]
    for name in ("own_digits", "own_signs", "own_ends_stop", "inside_main", "inside_article", "inside_nav")
])  # fmt: skip
_LISTED: Final = np.array([_PLACE_OF[name] for name in ("own_digits", "own_signs", "own_ends_bracket")])
_ANNOUNCED: Final = np.array([CLASSES.index(name) for name in ANNOUNCING], np.int64)
_SEEN: Final = np.array([_PLACE_OF[name] for name in _SEEN_OF_NEIGHBOURS], np.int64)
_STEPS_AWAY: Final = np.array(_STEPS, np.int64)
for _fixed in (
    _KIND_BITS, _INSIDE_BITS, _LEVEL, _COUNTED_AS, _HOLDS, _LOG, _FLAGS, _LISTED, _ANNOUNCED, _SEEN, _STEPS_AWAY,
):  # fmt: skip
    _fixed.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What both looks need to know of a batch: its blocks as one, row by row, and what is likewise."""

    blocks: Blocks
    first: Ints
    """First row of each page, and the number of rows."""
    path: Ints
    """Per row: a number, equal for rows of one page in likewise elements."""
    paths: int
    item: Ints
    """Per row: the element around it that is one of most likewise siblings; its block where there are none."""
    level: Ints
    """Per row: how far above its block that is."""
    group: NDArray[np.int64]
    """Per element: a number, equal for siblings of one tag and the same classes."""
    groups: int


def surroundings(pages: Sequence[Blocks], lines: Lines) -> Surroundings:
    """`lines` are those of the sources of `pages`, in their order."""
    blocks = _join(pages)
    if len(lines) != len(blocks):
        blocks = _take(blocks, _rows_of(pages, lines))
    elements = blocks.elements
    path, item, level = np.empty((3, len(blocks)), np.int32)
    group, counts = np.empty(len(elements.tag), np.int64), np.empty(2, np.int64)
    most = max(len(blocks), len(elements.tag))
    keys, owner, sums = np.empty(slots(most), np.uint64), np.empty(slots(most), np.int32), np.empty((3, most + 1), np.int64)
    find_groups(
        lines.first, lines.doc, elements.tag, elements.signature, elements.parent, elements.first, elements.last, blocks.leaf,
        blocks.block, blocks.chars, keys, owner, sums, path, item, level, group, counts,
    )  # fmt: skip
    return Surroundings(blocks, lines.first, path, int(counts[0]), item, level, group, int(counts[1]))


def first_values(
    around: Surroundings, lines: Lines, prose: Flags, signs: Sequence[int], said: tuple[Bytes, Ints] | None,
    values: Bytes | None = None,
) -> Bytes:  # fmt: skip
    """All measures of the first look, in the order of `first_names`, put into `values` where that is given; `said` is what
    rules say, as `cleaner.votes.levels`.

    Without `said`, for a judge that asks for none of them, `heeded_names` are zeros.
    """
    blocks, first = around.blocks, around.first
    elements = blocks.elements
    if values is None:
        values = np.empty((_FIRST, len(blocks)), np.uint8)
    text, named, flow, items, own, repeats, voted, listed, beside, rest = (values[start:] for start in _STARTS)
    sums = np.empty((page_measures.SUMS, len(blocks) + 1), np.int64)
    alike = np.empty((around.paths, page_measures.OF_PATH), np.int64)
    kin = np.empty((around.groups, page_measures.OF_GROUP), np.int64)
    page_measures.text(
        first, lines.length(), lines.weight, lines.counts, prose, np.array(signs, np.uint64), len(SIGNS), _LOG, sums, text, rest
    )
    page_measures.elements(
        blocks.leaf, blocks.block, elements.tag, elements.parent, elements.bits, _KIND_BITS, _INSIDE_BITS, _LEVEL,
        _GROUPS, len(_INSIDE), len(_KINDS), np.empty((page_measures.FLAGS, len(blocks)), np.uint64), named,
    )  # fmt: skip
    page_measures.flow(
        first, blocks.chars, blocks.linked, blocks.strong, blocks.links, blocks.block, prose, around.path, elements.parent,
        elements.first, elements.last, elements.tag, _LEVEL, _HOLDS, _LOG, sums, alike,
        np.empty((page_measures.MARKS, len(blocks)), bool), np.empty(len(elements.tag), np.int64), flow,
    )  # fmt: skip
    page_measures.items(
        first, blocks.chars, blocks.linked, blocks.links, blocks.block, blocks.images, blocks.inputs, around.level, prose,
        around.item, around.group, elements.first, elements.last, elements.tag, _COUNTED_AS, len(_COUNTED), _LOG, kin,
        np.empty(len(_COUNTED), np.int64), items,
    )  # fmt: skip
    own_values(lines, prose, own[: len(_OWN)])
    if said is None:
        voted[: len(_VOTES) + len(_LISTS)] = 0
    else:
        _fill_lists(around, lines, said, values, (sums, alike, kin), voted, listed)
    _fill_repeats(around, lines, values, (sums, alike), repeats, beside)
    return values


def _fill_lists(
    around: Surroundings, lines: Lines, said: tuple[Bytes, Ints], values: Bytes, scratch: tuple[Longs, Longs, Longs],
    voted: Bytes, listed: Bytes,
) -> None:  # fmt: skip
    """What rules say, and what tells lists of things from menus."""
    blocks, elements = around.blocks, around.blocks.elements
    page_lists.votes(
        around.first, *said, around.path, blocks.chars, blocks.block, elements.parent, elements.first, elements.last,
        elements.tag, _LEVEL, _ANNOUNCED, *scratch[:2], voted,
    )  # fmt: skip
    page_lists.lists(
        around.first, blocks.chars, blocks.links, blocks.block, blocks.images, blocks.inputs, lines.words, around.path,
        around.item, around.group, elements.parent, elements.first, elements.last, elements.tag, _LEVEL, values, _LISTED,
        *scratch, listed,
    )  # fmt: skip


def _fill_repeats(
    around: Surroundings, lines: Lines, values: Bytes, scratch: tuple[Longs, Longs], repeats: Bytes, beside: Bytes
) -> None:
    """What a page says twice, then what stands beside each line."""
    blocks, elements, size = around.blocks, around.blocks.elements, slots(len(lines))
    page_repeats.repeats(
        around.first, lines.codes, lines.start, lines.end, lines.words, around.path, blocks.chars, blocks.block,
        elements.parent, elements.first, elements.last, elements.tag, TAG["article"], values, _FLAGS,
        np.empty(size, np.uint64), np.empty(size, np.int32), np.empty((page_repeats.COPIES, len(lines)), np.int32), *scratch,
        repeats,
    )  # fmt: skip
    page_repeats.neighbours(around.first, around.path, _SEEN, _STEPS_AWAY, values, beside)


def second_values(around: Surroundings, score: Bytes, values: Bytes | None = None) -> Bytes:
    """What the first scores (0..255 per row, the likelier it stays the higher) say, in the order of `second_names`; put into
    `values` where that is given."""
    blocks, elements = around.blocks, around.blocks.elements
    if values is None:
        values = np.empty((len(_SECOND), len(blocks)), np.uint8)
    page_scores.second(
        around.first, score, blocks.chars, blocks.block, around.path, around.item, around.group, elements.parent,
        elements.first, elements.last, elements.tag, _LEVEL, _LOG, np.empty((3, len(blocks) + 1), np.int64),
        np.empty((around.paths, 2), np.int64), np.empty((around.groups, 2), np.int64), np.empty(len(blocks), bool),
        np.empty((3, page_scores.VALUES), np.int64), values,
    )  # fmt: skip
    return values


def _join(pages: Sequence[Blocks]) -> Blocks:
    """The blocks of a batch as one."""
    if len(pages) == 1:
        return pages[0]
    lines = np.zeros(len(pages) + 1, np.int32)
    np.cumsum([len(page) for page in pages], out=lines[1:])
    elements = np.zeros(len(pages) + 1, np.int32)
    np.cumsum([len(page.elements.tag) for page in pages], out=elements[1:])
    columns: list[Any] = [
        np.concatenate([
            getattr(page, field.name) + (elements[i] if field.name in _NUMBERS_OF_ELEMENTS else np.int32(0))
            for i, page in enumerate(pages)
        ])
        for field in fields(Blocks)[2:-1]
    ]  # fmt: skip
    parts = [page.elements for page in pages]
    joined = Elements(
        np.concatenate([part.tag for part in parts]),
        np.concatenate([part.parent + elements[i] for i, part in enumerate(parts)]),
        np.concatenate([part.first + lines[i] for i, part in enumerate(parts)]),
        np.concatenate([part.last + lines[i] for i, part in enumerate(parts)]),
        np.concatenate([part.bits for part in parts]),
        np.concatenate([part.signature for part in parts]),
    )
    return Blocks("", joined, *columns)


_NUMBERS_OF_ELEMENTS: Final = frozenset(["leaf", "block"])


def _rows_of(pages: Sequence[Blocks], lines: Lines) -> Ints:
    """Per row of `lines`: its line of the joined blocks; a page without text has none there, but a blank one here."""
    empty = np.zeros(len(pages) + 1, np.int32)
    np.cumsum([len(page) == 0 for page in pages], out=empty[1:])
    rows: Ints = lines.line_of - empty[lines.doc]
    return rows


def _take(blocks: Blocks, rows: Ints) -> Blocks:
    """Only the lines `rows`."""
    columns: list[Any] = [getattr(blocks, field.name)[rows] for field in fields(Blocks)[2:-1]]
    old = blocks.elements
    first, last = (np.searchsorted(rows, ends).astype(np.int32) for ends in (old.first, old.last))
    return Blocks("", Elements(old.tag, old.parent, first, last, old.bits, old.signature), *columns)
