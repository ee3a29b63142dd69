"""From the bytes of a page to fewer bytes of which a parser makes the same tree, but for what nobody looks at.

Tags, quoted values, comments and raw text are told apart as the HTML standard does (13.2.5). Wherever the tree builder could
see things differently, the answer is that the page has to be parsed as it is.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.octets import find_byte, is_space, key_of
from cleaner.kernels.stated import states_linked_data, tell_meta, tell_types

AS_IT_IS: Final = -1
_LT, _GT, _SLASH, _BANG, _ASKED, _DASH, _EQUALS = ord("<"), ord(">"), ord("/"), ord("!"), ord("?"), ord("-"), ord("=")
_DOUBLE, _SINGLE, _AMP, _COLON, _Y = ord('"'), ord("'"), ord("&"), ord(":"), ord("y")
_EVERYTHING: Final = 2**30
_ENDS, _ASSIGNS, _ODD = 1, 2, 3
"""What a byte is to an attribute's name: its end, its end unless it is the first, none that a name should have."""
_KINDS: Final = np.zeros(256, np.uint8)
_KINDS[[9, 10, 12, 13, 32, _SLASH, _GT]] = _ENDS
_KINDS[_EQUALS] = _ASSIGNS
_KINDS[[_DOUBLE, _SINGLE, _LT]] = _ODD
_KINDS.flags.writeable = False


_SCRIPT, _STYLE, _SVG, _TABLE, _SELECT, _TEMPLATE = (
    np.uint64(key_of(name)) for name in ("script", "style", "svg", "table", "select", "template")
)
_TITLE, _DESC, _MATH, _FRAMES, _PLAIN = (
    np.uint64(key_of(name)) for name in ("title", "desc", "math", "frameset", "plaintext")
)
_AREA, _XMP, _IFRAME, _NOEMBED, _NOFRAMES = (
    np.uint64(key_of(name)) for name in ("textarea", "xmp", "iframe", "noembed", "noframes")
)
_KEEPING: Final = np.array([key_of(name) for name in ("pre", "listing")], np.uint64)
"""Elements in which white space counts, or line breaks at the start do."""
_WALLS: Final = np.array([key_of(name) for name in ("table", "select", "template", "object", "applet", "marquee")], np.uint64)
"""Elements inside which an end tag may not end what was opened outside."""
_META: Final = np.uint64(key_of("meta"))
_RUN: Final = 4
"""White space shorter than this is not worth shortening."""
_EMPTY_COMMENT, _EMPTY_DRAWING = np.frombuffer(b"<!-->", np.uint8), np.frombuffer(b"<svg></svg>", np.uint8)


@inner
def _is_letter(char: Number) -> Number:
    return 97 <= (char | 32) <= 122


@inner
def _name(data: Array, at: Number) -> tuple[Number, Number]:
    """The key of the tag name that begins at `at`, in lower case, and where it ends."""
    key, shift = np.uint64(0), np.uint64(0)
    while at < len(data) and _KINDS[data[at]] != _ENDS:
        if shift < np.uint64(64):
            key |= np.uint64(data[at] | 32) << shift
            shift += np.uint64(8)
        at += 1
    return key, at


@inner
def _attribute(data: Array, words: Array, at: Number) -> tuple[Number, Number]:
    """The attribute that begins at `at`: the end of its name and where its value ends.

    Of the name, with a space before it, the last eight bytes in lower case, as a big-endian number; 0: it is hardly one.
    """
    size = len(data)
    tail = np.uint64(32)
    odd = False
    begin = at
    while at < size:
        char = data[at]
        kind = _KINDS[char]
        if kind:
            if kind == _ENDS or (kind == _ASSIGNS and at > begin):
                break
            odd = True
        tail = tail << np.uint64(8) | np.uint64(char | 32)
        at += 1
    if odd:
        tail = np.uint64(0)
    stop = at
    while at < size and is_space(data[at]):
        at += 1
    if at >= size or data[at] != _EQUALS:
        return tail, stop
    at += 1
    while at < size and is_space(data[at]):
        at += 1
    if at < size and (data[at] == _DOUBLE or data[at] == _SINGLE):
        return tail, find_byte(data, words, at + 1, data[at]) + 1
    while at < size and data[at] != _GT and not is_space(data[at]):
        at += 1
    return tail, at


@inner
def _next_attribute(data: Array, at: Number) -> Number:
    """Where the next attribute of a tag, or its closing bracket, stands; the size of `data` or more: nowhere."""
    while at < len(data) and (data[at] == _SLASH or is_space(data[at])):
        at += 1
    return at


@inner
def _tag_end(data: Array, words: Array, at: Number) -> Number:
    """Behind the tag whose name ends at `at`; -1 where it does not end."""
    at = _next_attribute(data, at)
    while at < len(data) and data[at] != _GT:
        _, at = _attribute(data, words, at)
        at = _next_attribute(data, at)
    return at + 1 if at < len(data) else -1


@inner
def _is_comment(data: Array, at: Number) -> Number:
    return at + 3 < len(data) and data[at + 1] == _BANG and data[at + 2] == _DASH and data[at + 3] == _DASH


@inner
def _comment_end(data: Array, words: Array, at: Number) -> Number:
    """Behind the comment that begins at `at`; -1 where it does not end."""
    begin = at + 4
    if begin < len(data) and data[begin] == _GT:
        return begin + 1
    if begin + 1 < len(data) and data[begin] == _DASH and data[begin + 1] == _GT:
        return begin + 2
    end = find_byte(data, words, begin + 2, _GT)
    while end < len(data):
        dashed = data[end - 1] == _DASH and data[end - 2] == _DASH
        if dashed or (data[end - 1] == _BANG and end >= begin + 3 and data[end - 2] == _DASH and data[end - 3] == _DASH):
            return end + 1
        end = find_byte(data, words, end + 1, _GT)
    return -1


@inner
def _raw_end(data: Array, words: Array, at: Number, key: Number, script: Number) -> Number:
    """Where the end tag of an element whose text is raw begins, the size of `data` where there is none.

    -1 for a script in which another may begin inside a comment.
    """
    size = len(data)
    comment = -1
    at = find_byte(data, words, at, _LT)
    while at < size:
        if at + 1 < size and data[at + 1] == _SLASH:
            name, end = _name(data, at + 2)
            if name == key and end < size:
                return at
        elif script and _is_comment(data, at):
            comment = at
        elif comment >= 0 and _name(data, at + 1)[0] == key:
            return -1
        at = find_byte(data, words, at + 1, _LT)
    return size


@inner
def _is_one_of(keys: Array, key: Number) -> Number:
    found = False
    for which in range(len(keys)):  # without leaving early, so that all are looked at together
        found |= keys[which] == key
    return found


@inner
def _drawing_end(data: Array, words: Array, at: Number, drawn: Array) -> Number:
    """Behind the end tag of the `svg` element whose start tag ends at `at`; -1 where anything but the tags `drawn` is in it."""
    size = len(data)
    depth = 1
    told = False  # inside a title, whose elements would be those of HTML
    at = find_byte(data, words, at, _LT)
    while at + 1 < size:
        mark = data[at + 1]
        if _is_comment(data, at):
            at = _comment_end(data, words, at)
        elif mark == _BANG or mark == _ASKED:
            return -1
        elif _is_letter(mark) or mark == _SLASH:
            closing = mark == _SLASH
            key, end = _name(data, at + 2 if closing else at + 1)
            at = _tag_end(data, words, end)
            if at < 0 or not (key == _SVG or _is_one_of(drawn, key)):
                return -1
            if closing:
                told = told and not (key == _TITLE or key == _DESC)
                depth -= key == _SVG
                if depth == 0:
                    return at
            elif told or (key == _SVG and data[at - 2] == _SLASH):
                return -1
            else:
                told = key == _TITLE or key == _DESC
                depth += key == _SVG
        else:
            at += 1
        if at < 0:
            return -1
        at = find_byte(data, words, at, _LT)
    return -1


@inner
def _copy(data: Array, start: Number, end: Number, out: Array, length: Number) -> Number:
    """Append data[start:end] to out[:length]; the new length."""
    for step in range(end - start):
        out[length + step] = data[start + step]
    return length + max(end - start, 0)


@inner
def _shorten(
    data: Array, low: Number, at: Number, out: Array, length: Number, copied: Number
) -> tuple[Number, Number]:
    """Leave out white space that ends at `at` and begins at `low` or later, but for its first character."""
    first = at
    while first > low and is_space(data[first - 1]):
        first -= 1
    if at - first < _RUN:
        return length, copied
    return _copy(data, copied, first + 1, out, length), at


@inner
def _stands_free(out: Array, length: Number) -> Number:
    """Whether what ends at `length` cannot become part of a tag or character reference with what comes next."""
    return length == 0 or out[length - 1] == _GT or is_space(out[length - 1])


@inner
def _is_kept(tail: Number, endings: Array, beyond: Array) -> Number:
    """Whether the tail of an attribute's name has one of the `endings`."""
    kept = False
    for which in range(len(endings)):  # without leaving early, so that all are looked at together
        kept |= (tail ^ endings[which]) << beyond[which] == np.uint64(0)
    return kept


@inner
def _may_hide(data: Array, at: Number, end: Number) -> Number:
    """Whether the attribute `style` in data[at:end] may set `display` or `visibility`, or hide that in a reference."""
    while at < end:
        if data[at] == _AMP or (data[at] == _COLON and data[at - 1] == _Y):
            return True
        at += 1
    return False


@inner
def _trim_tag(
    data: Array, words: Array, stop: Number, endings: Array, beyond: Array, out: Array, length: Number, copied: Number
) -> tuple[Number, Number, Number]:
    """Leave out the attributes that tell nothing of the start tag whose name ends at `stop`.

    How much is written and how far it was copied then, and the place behind the tag, -1 where it does not end.
    """
    written, reached, size = length, copied, len(data)
    styled = False
    at = _next_attribute(data, stop)
    while at < size and data[at] != _GT:
        tail, end = _attribute(data, words, at)
        if tail == np.uint64(0):
            return length, copied, _tag_end(data, words, end)
        kept = _is_kept(tail, endings, beyond)
        if (tail ^ endings[0]) << beyond[0] == np.uint64(0):
            kept = not styled and _may_hide(data, at, end)
            styled = True  # of attributes with one name the first counts
        end = _next_attribute(data, end)
        if not kept:
            if reached < at:
                written = _copy(data, reached, at, out, written)
            reached = end
        at = end
    return (written, reached, at + 1) if at < size else (length, copied, -1)


@kernel("i8", "u1[r]", "u8[r]", "u8[r]", "u8[r]", "u8[r]", "u8[r]", "u8[r]", "u8[r]", "u1[]", "b1[]", "i4[,]")
def slim(
    data: Array, words: Array, endings: Array, beyond: Array, formats: Array, hollow: Array, drawn: Array, asked: Array,
    out: Array, found: Array, told: Array,
) -> Number:  # fmt: skip
    """Fill `out`, as long as `data`, with less of the page: answers how much, or `AS_IT_IS`. `words` are the eights of `data`.

    Out go the text of scripts, style sheets and drawings, comments or at least their words, all but one character of white
    space before tags, and attributes unless their names have one of the `endings`: the last bytes, big-endian, with a space
    before a whole name, without `beyond` bits of the eight bytes; of these ` style`, the first, where it hides nothing, and all
    of the tags `hollow`. Kept are all attributes of the tags `formats`, of which the parser opens no more than three alike,
    and everything in tables, whose rows are judged by their size. `drawn` are the names, as `key_of`, that an element `svg`
    may hold. `found` gets which of the tags `asked` there are in tables, whose rows they would make larger, or templates.

    `told` (3 + TYPES, 2) gets how many tags there are, and what the page states of itself: where the first `meta` element with
    `og:type` begins and ends, that of the generator, then each type named in its linked data; zeros for what there is not.
    """
    # One function, long as it is: handing its state to others and back made it slower by a tenth and more.
    size = len(data)
    found[:] = False
    told[:, :] = 0
    whole = False
    length = copied = tables = keeping = i = 0
    choosing = False
    while True:
        low = i
        i = find_byte(data, words, i, _LT)
        if i + 1 >= size:
            break
        told[0, 0] += 1
        mark = data[i + 1]
        if not (tables or keeping):
            length, copied = _shorten(data, low, i, out, length, copied)
        if _is_comment(data, i):
            end = _comment_end(data, words, i)
            if end < 0:
                break
            if not tables:
                length = _copy(data, copied, i, out, length)
                if not _stands_free(out, length):
                    length = _copy(_EMPTY_COMMENT, 0, len(_EMPTY_COMMENT), out, length)
                copied = end
            i = end
        elif mark == _BANG or mark == _ASKED:
            i = find_byte(data, words, i + 2, _GT) + 1
        elif mark == _SLASH:
            if i + 2 < size and _is_letter(data[i + 2]):
                key, stop = _name(data, i + 2)
                i = _tag_end(data, words, stop)
                if i < 0:
                    break
                if key == _TABLE and tables:
                    tables -= 1
                choosing = choosing and key != _SELECT
                if keeping and _is_one_of(_KEEPING, key):
                    keeping -= 1
            else:
                i = find_byte(data, words, i + 2, _GT) + 1
        elif _is_letter(mark):
            key, stop = _name(data, i + 1)
            whole |= key == _FRAMES or key == _PLAIN or key == _MATH
            tables += key == _TABLE
            choosing = choosing or key == _SELECT
            if key == _TEMPLATE:
                tables = _EVERYTHING
            if tables:
                for which in range(len(asked)):
                    found[which] |= asked[which] == key
            if _is_one_of(_KEEPING, key):
                keeping += 1
            elif keeping and _is_one_of(_WALLS, key):
                keeping = _EVERYTHING
            emptied = key == _SCRIPT or key == _STYLE or key == _IFRAME
            wide = key == _AREA or key == _NOFRAMES
            raw = emptied or wide or key == _TITLE or key == _XMP or key == _NOEMBED
            if tables or raw or key == _SVG or _is_one_of(formats, key) or (stop < size and data[stop] == _GT):
                end = _tag_end(data, words, stop)
                if end < 0:
                    break
            elif _is_one_of(hollow, key):
                end = _tag_end(data, words, stop)
                if end < 0:
                    break
                length, copied = _copy(data, copied, stop, out, length), end - 1
            else:
                length, copied, end = _trim_tag(data, words, stop, endings, beyond, out, length, copied)
                if end < 0:
                    break
            if key == _META:
                tell_meta(data, i, end, told)
            if raw:
                close = _raw_end(data, words, end, key, key == _SCRIPT)
                whole |= close < 0 or (choosing and key != _SCRIPT) or (wide and stop != i + 9)
                if key == _SCRIPT and states_linked_data(data, stop, end):
                    tell_types(data, words, end, close if close >= 0 else _raw_end(data, words, end, key, False), told)
                close = max(close, end)
                if emptied:
                    length = _copy(data, copied, stop, out, length)
                    out[length] = _GT
                    length += 1
                    copied = close
                end = close
            elif key == _SVG and not whole:
                close = _drawing_end(data, words, end, drawn)
                whole |= choosing or close < 0 or data[end - 2] == _SLASH
                if not whole:
                    length = _copy(data, copied, i, out, length)
                    length = _copy(_EMPTY_DRAWING, 0, len(_EMPTY_DRAWING), out, length)
                    end = copied = close
            i = end
        else:
            i += 1
    return AS_IT_IS if whole else _copy(data, copied, size, out, length)
