"""Lines as site memory sees them: from code points to keys, and from keys to what a memory knows of them.

Whole numbers only, so results are the same on every machine. A key is a polynomial over the folded code points of a line,
modulo 2**64, mixed; the arithmetic is that of splitmix64's finalizer (Steele, Lea, Flood 2014).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cleaner.kernels.base import Array, Number, inner, kernel
from cleaner.kernels.kinds import (
    BLOCK_BITS,
    BRACKET,
    DENSE,
    DROP,
    FOLD_MASK,
    FOLDED_DIGIT,
    FOLDED_SPACE,
    KIND_SHIFT,
    MARK,
    QUOTE,
    SPACE,
    STOP,
    UNKNOWN,
)
from cleaner.kernels.octets import HIGHS, ONES, code_point, continuations, first_hit, octets
from cleaner.kernels.site_counts import COUNTS, PAGE_BITS, ZONE_BITS

HEAD, BODY, TAIL = 0, 1, 2
WINDOW: Final = 96
"""Code points of a line that are read: lines that begin with the same 96 are taken for the same."""
SKETCH: Final = 8
"""Lines of prose that stand for a page when pages are compared."""
WEIGHT, PROSE, ZONE, START, BELOW, TRAITS = 0, 1, 2, 3, 4, 5
"""What is known of a row besides its key."""

_U64, _U32 = np.uint64, np.uint32
ROLL: Final = np.uint64(0xD6E8FEB86659FD93)
_MIX_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B: Final = np.uint64(0x94D049BB133111EB)
GAP_BIT: Final = 22
ASCII: Final = 127
_PROSE_WEIGHT: Final = 24
_LONG_WEIGHT: Final = 80
_TAIL_ROWS: Final = 12
STEPS: Final = (1 << PAGE_BITS - ZONE_BITS) - 1
"""Parts of a page's prose in which it is told how much of it stands below a row: what fits beside its zone."""
SITE_BITS: Final = np.uint64(0xFFFFF << 44)
_OF_LINE: Final = np.uint64(20)


@inner
def mix(value: Array) -> Array:
    """The finalizer of splitmix64: each bit of the result depends on all bits of `value`."""
    value = (value ^ (value >> _U64(30))) * _MIX_A
    value = (value ^ (value >> _U64(27))) * _MIX_B
    return value ^ (value >> _U64(31))


@inner
def _add(state: Array, last: Array, gap: Array, code: Array) -> tuple[Array, Array, Array]:
    """The polynomial of a line with one more code point, what that folded to, and whether a space stands behind it."""
    char = code & _U32(FOLD_MASK)
    if char == _U32(FOLDED_SPACE):
        gap = _U64(state != _U64(0)) << _U64(GAP_BIT)
    elif char == _U32(DROP):
        pass
    elif char == _U32(FOLDED_DIGIT) and last == char:
        gap = _U64(0)  # numbers with nothing but spaces between them are one
    else:
        state = state * ROLL + (_U64(char) | gap)
        gap, last = _U64(0), _U32(char)
    return state, last, gap


@inner
def _key(codes: Array, start: Number, end: Number) -> Array:
    """The key of a line that begins at `start` in `codes`, of which what stands before `end` is read; 0 where nothing is left."""
    state, last, gap = _U64(0), _U32(0), _U64(0)
    for place in range(start, end):
        state, last, gap = _add(state, last, gap, codes[place])
    return mix(state) if state != _U64(0) else _U64(0)


@inner
def _write_row(
    key: Array, units: Number, size: Number, ending: Number, before: Number, row: Number, keys: Array, traits: Array
) -> None:
    """Write a row: its key, its weight by the `units` of its beginning, whether it is prose. `ending` and `before` are the
    codes of its last two code points, `size` counts all of them."""
    weight = np.int64(units)
    if size > WINDOW:
        weight = weight * size // WINDOW
    kind = ending >> _U32(KIND_SHIFT)
    if kind == _U32(QUOTE) or kind == _U32(BRACKET):
        kind = before >> _U32(KIND_SHIFT)
    keys[row] = key
    traits[WEIGHT, row] = weight
    traits[PROSE, row] = (weight >= _PROSE_WEIGHT and kind == _U32(STOP)) or weight >= _LONG_WEIGHT


@inner
def _units(codes: Array, start: Number, end: Number) -> Number:
    """Twice the words that begin there, and once the letters of scripts without spaces."""
    if end <= start:
        return 0
    first = codes[start] >> _U32(KIND_SHIFT)
    units = np.int32(2 * (first <= _U32(MARK)) + (first == _U32(DENSE)))
    for place in range(start + 1, end):
        kind, earlier = codes[place] >> _U32(KIND_SHIFT), codes[place - 1] >> _U32(KIND_SHIFT)
        units += np.int32(2 * ((kind <= _U32(MARK)) & (earlier > _U32(MARK))) + (kind == _U32(DENSE)))
    return units


@inner
def _zones(traits: Array, low: Number, high: Number) -> None:
    """Write the zones of a page's rows, and how much of its prose stands below each.

    The head is what stands before the second paragraph, the tail what stands in the second half, among the last twelve
    rows or after the last paragraph; where both claim a row, the half it lies in decides unless a paragraph does.
    """
    count = high - low
    after, heavy = 0, np.int64(0)
    for row in range(low, high):
        after += traits[PROSE, row]
        heavy += traits[PROSE, row] * np.int64(traits[WEIGHT, row])
    before, left = 0, heavy
    for row in range(low, high):
        prose = traits[PROSE, row]
        after -= prose
        left -= prose * np.int64(traits[WEIGHT, row])
        traits[BELOW, row] = -(-STEPS * left // max(heavy, 1))
        late = 2 * (row - low) >= count
        if before + prose + after == 0:
            zone = TAIL if late else HEAD
        elif before == 0 and (after > 0 or prose):
            zone = HEAD
        elif after == 0 and not prose:
            zone = TAIL
        elif before < 2 and not late:
            zone = HEAD
        elif late or low + count - row <= _TAIL_ROWS:
            zone = TAIL
        else:
            zone = BODY
        before += prose
        traits[ZONE, row] = zone


@inner
def _sketch(keys: Array, traits: Array, low: Number, high: Number, weights: Array, out: Array) -> None:
    """The keys of a page's heaviest paragraphs, of equally heavy ones the smallest; 0 where there are fewer."""
    out[:] = _U64(0)
    weights[:] = 0
    for row in range(low, high):
        if not traits[PROSE, row] or keys[row] == _U64(0):
            continue
        weight, key = np.int64(traits[WEIGHT, row]), keys[row]
        least = weights[SKETCH - 1]  # the heaviest stand first, of equally heavy ones the smallest key
        if weight < least or (weight == least and key >= out[SKETCH - 1]):
            continue
        known = False
        for place in range(SKETCH):
            known |= out[place] == key
        if known:
            continue
        for place in range(SKETCH):
            if weight > weights[place] or (weight == weights[place] and key < out[place]):
                weight, weights[place] = weights[place], weight
                key, out[place] = out[place], key


@inner
def _digest(keys: Array, low: Number, high: Number) -> Number:
    """A number that is equal for pages with the same rows."""
    total = _U64(0)
    for row in range(low, high):
        total += (keys[row] ^ keys[row] >> _U64(29)) * _MIX_B
    return total * _U64(2) + _U64(high - low)


@inner
def _look(texts: Array, at: Number, table: Array, missing: Array) -> tuple[Number, Number]:
    """The code of the code point at `at` and the place after it; of one that the table lacks, it is noted."""
    byte = texts[_U64(at)]
    if byte < 0x80:
        return table[_U64(byte)], at + 1
    point, after = code_point(texts, at)
    code = table[_U64(point)]
    if code == _U32(UNKNOWN):
        missing[_U64(point >> _U32(BLOCK_BITS))] = True
    return code, after


@inner
def _blank(code: Number) -> Number:
    """Whether it is white space; what is not known is not, until it is."""
    return code >> _U32(KIND_SHIFT) == _U32(SPACE)


@inner
def _before(texts: Array, at: Number) -> Number:
    """Where the code point that ends before `at` begins."""
    at -= 1
    while texts[_U64(at)] & 0xC0 == 0x80:
        at -= 1
    return at


@inner
def _once(chars: Array, count: Number) -> Number:
    """Leave one of digits that follow each other; gives how many characters are left."""
    made, last = _U64(0), 0
    for place in range(count):
        char = chars[_U64(place)]
        chars[made] = char
        made += _U64((char & ASCII != FOLDED_DIGIT) | (last != FOLDED_DIGIT))
        last = char & ASCII
    return made


@inner
def _fold_ascii(texts: Array, start: Number, count: Number, chars: Array) -> tuple[Number, Number]:
    """What `count` bytes fold to, into `chars`, where all beyond ASCII are of signs: with the high bit where a space stands
    before. Gives how many, and twice the words.

    Eight at a time, where a byte's high bit says whether it is a letter or a digit, and without a branch, for no processor
    foresees where words end: each step writes, and what is to stay moves the place on.
    """
    made, starts, numbers, done = _U64(0), _U64(0), _U64(0), 0
    letter_before, digit_before, space_before = _U64(0), _U64(0), _U64(0)
    while done < count:
        word = octets(texts, start + done)
        if done + 8 > count:
            word &= (_U64(1) << _U64(8 * (count - done))) - _U64(1)
        high = word & HIGHS
        word &= ~(high | high - (high >> _U64(7)))
        lower = word | ONES * _U64(0x20)
        letter = (lower + ONES * _U64(0x80 - 0x61)) & ~(lower + ONES * _U64(0x80 - 0x7B)) & HIGHS
        digit = (word + ONES * _U64(0x80 - 0x30)) & ~(word + ONES * _U64(0x80 - 0x3A)) & HIGHS
        space = ~(letter | digit) & HIGHS
        letters, digits = letter | letter - (letter >> _U64(7)), digit | digit - (digit >> _U64(7))
        folded = lower & letters | digits & ONES * _U64(FOLDED_DIGIT) | space << _U64(8) | space_before
        first = digit & ~(digit << _U64(8) | digit_before)
        starts += (letter & ~(letter << _U64(8) | letter_before)) >> _U64(7)
        numbers += first >> _U64(7)
        letter_before, digit_before, space_before = letter >> _U64(56), digit >> _U64(56), space >> _U64(56)
        stays = (letter | first) >> _U64(7)
        for place in range(8):
            chars[made] = np.uint8(folded >> _U64(8 * place) & _U64(255))
            made += stays >> _U64(8 * place) & _U64(1)
        done += 8
    if numbers * ONES >> _U64(56) > _U64(1):  # numbers with nothing but spaces between them are one
        made = _once(chars, np.int64(made))
    return np.int64(made), 2 * np.int64(starts * ONES >> _U64(56))


@inner
def _key_of_ascii(chars: Array, count: Number, powers: Array) -> Number:
    """The key of what `_fold_ascii` made; reads up to seven more, by nothing multiplied."""
    if count == 0:
        return _U64(0)
    chars[0] &= ASCII
    state = _U64(0)
    behind = _U64(WINDOW - count)
    for place in range((count + 7) & ~7):
        char = _U64(chars[_U64(place)])
        state += (char & _U64(ASCII) | char >> _U64(7) << _U64(GAP_BIT)) * powers[behind + _U64(place)]
    return mix(state) if state != _U64(0) else _U64(0)


@inner
def _only_signs(texts: Array, start: Number, end: Number, table: Array, missing: Array) -> Number:
    """Where the first `WINDOW` characters of a line end if all beyond ASCII are signs that fold to a space (quotation marks,
    dashes), else -1."""
    left = np.int64(WINDOW)
    while start < end and left > 0:
        highs = octets(texts, start) & HIGHS
        plain = min(first_hit(highs) if highs else 8, min(left, end - start))
        start += plain
        left -= plain
        if highs and start < end and left > 0:
            code, start = _look(texts, start, table, missing)
            kind = code >> _U32(KIND_SHIFT)
            if code & _U32(FOLD_MASK) != _U32(FOLDED_SPACE) or kind <= _U32(MARK) or kind == _U32(DENSE):
                return np.int64(-1)
            left -= 1
    return start


@inner
def _fold_any(
    texts: Array, start: Number, end: Number, table: Array, missing: Array, chars: Array
) -> tuple[Number, Number]:
    """What the first `WINDOW` characters fold to, into `chars`: with a bit for a space before them. Gives how many, and twice
    the words and once the letters of scripts without spaces."""
    made, units, read = 0, np.int64(0), 0
    last, gap, letter = _U32(0), _U32(0), np.int64(0)
    while start < end and read < WINDOW:
        code, start = _look(texts, start, table, missing)
        read += 1
        char, kind = code & _U32(FOLD_MASK), code >> _U32(KIND_SHIFT)
        in_word = np.int64(kind <= _U32(MARK))
        units += 2 * (in_word & ~letter) + np.int64(kind == _U32(DENSE))
        letter = in_word
        solid = char != _U32(FOLDED_SPACE)
        gone = char == _U32(DROP)
        chars[_U64(made)] = char | gap
        made += np.int64(solid & (not gone) & ((char != _U32(FOLDED_DIGIT)) | (last != char)))
        if not gone:
            gap = _U32(0) if solid else _U32(1 << GAP_BIT)
            last = char if solid else last
    return made, units


@inner
def _key_of(chars: Array, count: Number, powers: Array) -> Number:
    """The key of folded characters, 0 for none."""
    if count == 0:
        return _U64(0)
    chars[0] &= _U32((1 << GAP_BIT) - 1)
    state = _U64(0)
    behind = _U64(WINDOW - count)
    for place in range(count):
        state += _U64(chars[_U64(place)]) * powers[behind + _U64(place)]
    return mix(state) if state != _U64(0) else _U64(0)


@kernel("i8", "u1[r]", "i8[]", "i8[]", "u4[r]", "u8[r]", "u4[]", "u1[]", "i8[]", "b1[]", "u8[]", "i4[,]", "i4[]", "u8[,]",
        "u8[]")  # fmt: skip
def read_rows(
    texts: Array, base: Array, breaks: Array, table: Array, powers: Array, chars: Array, plain: Array, weights: Array,
    missing: Array, keys: Array, traits: Array, first: Array, sketches: Array, digests: Array,
) -> Number:  # fmt: skip
    """The rows of texts in UTF-8, each with a line feed behind it; `base` says where texts begin and where the last one ends,
    `breaks` where line feeds are, `powers` by what each of `WINDOW` characters is multiplied,
    and eight zeros.

    `chars` (`WINDOW` + 1 long), `plain` (`WINDOW` + 9) and `weights` (`SKETCH`) are scratch. Fills `keys`, `traits`, each
    text's first row and one more, its sketch, and its digest: equal for texts with the same rows. Blocks of the table that
    it lacks are noted in `missing`. Gives the number of rows. Rows are those of `cleaner.document`, weights and prose too
    but for lines longer than the window, where they are estimated from it. Up to `PADDING` bytes behind the texts are read.
    """
    row, line = 0, 0
    first[0] = 0
    for doc in range(len(base) - 1):
        begin = base[doc]
        while begin < base[doc + 1]:
            start, end = begin, breaks[line]
            begin, line = end + 1, line + 1
            while start < end:
                code, after = _look(texts, start, table, missing)
                if not _blank(code):
                    break
                start = after
            if start == end:
                continue
            place = _before(texts, end)
            ending, after = _look(texts, place, table, missing)
            while _blank(ending):
                end = place
                place = _before(texts, end)
                ending, after = _look(texts, place, table, missing)
            earlier, after = _look(texts, _before(texts, place), table, missing) if place > start else (ending, place)
            more = continuations(texts, start, end)
            size = end - start - more
            stop = _only_signs(texts, start, end, table, missing) if more else start + min(size, WINDOW)
            if stop >= 0:
                count, units = _fold_ascii(texts, start, stop - start, plain)
                key = _key_of_ascii(plain, count, powers)
            else:
                count, units = _fold_any(texts, start, end, table, missing, chars)
                key = _key_of(chars, count, powers)
            _write_row(key, units, size, ending, earlier, row, keys, traits)
            traits[START, row] = start
            row += 1
        _zones(traits, first[doc], row)
        _sketch(keys, traits, first[doc], row, weights, sketches[doc])
        digests[doc] = _digest(keys, first[doc], row)
        first[doc + 1] = row
    return row


@kernel("void", "u4[r]", "i4[]", "i4[]", "i4[]", "i4[]", "u8[]", "i4[,]", "u8[]")
def read_known(
    codes: Array, start: Array, end: Array, weight: Array, first: Array, keys: Array, traits: Array, digests: Array
) -> None:
    """The keys and traits of rows that were found already, and the digests of their texts: their `start` and `end` in
    `codes`, which are all known, and their `weight`."""
    for row in range(len(start)):
        low, high = np.int64(start[row]), np.int64(end[row])
        stop = min(high, low + WINDOW)
        units = np.int64(weight[row]) if stop == high else _units(codes, low, stop)
        ending, before = codes[high - 1], codes[max(high - 2, low)]
        _write_row(_key(codes, low, stop), units, high - low, ending, before, row, keys, traits)
        traits[START, row] = low
    for doc in range(len(first) - 1):
        _zones(traits, first[doc], first[doc + 1])
        digests[doc] = _digest(keys, first[doc], first[doc + 1])


@inner
def salted(key: Array, site: Array) -> Array:
    """A number of 20 bits of the site and 43 of both, never 0."""
    return (site & SITE_BITS) | (mix(key + site) >> _OF_LINE) | _U64(1)


@kernel("i8", "u8[r]", "i4[r]", "i4[r]", "i4[r]", "u8[r]", "u8[r]", "u8[]", "u8[]")
def placed(
    keys: Array, zones: Array, below: Array, first: Array, sites: Array, pages: Array, out: Array, shown: Array
) -> Number:
    """Lines as they are counted: in `out` the key of line and site, in `shown` the page with the place in its low bits.

    `sites` and `pages` are numbers per text. Lines without a key are left out; gives how many there are.
    """
    made = 0
    for doc in range(len(sites)):
        for row in range(first[doc], first[doc + 1]):
            if keys[row] != _U64(0):
                out[made] = salted(keys[row], sites[doc])
                shown[made] = pages[doc] + (_U64(below[row]) << _U64(ZONE_BITS)) + _U64(zones[row])
                made += 1
    return made


@kernel("void", "u8[]", "u8[r]", "i4[r]")
def salt(keys: Array, sites: Array, first: Array) -> None:
    """Keys of lines to keys of lines of a site: 20 bits of the site, 44 of both. Lines without a key keep 0."""
    for doc in range(len(sites)):
        for row in range(first[doc], first[doc + 1]):
            if keys[row] != _U64(0):
                keys[row] = salted(keys[row], sites[doc])


@inner
def lower_bound(table: Array, key: Array, low: Number, high: Number) -> Number:
    """How many of the sorted `table` are smaller than `key`, where it is known to be `low` to `high`."""
    while low < high:
        middle = (low + high) >> 1
        if table[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@kernel("void", "u8[]", "i8[]", "i4[r]", "u8[r]", "u8[r]", "u4[r]", "i4[,]")
def look_up(keys: Array, sites: Array, first: Array, numbers: Array, table: Array, counts: Array, out: Array) -> None:
    """Fill `out` (rows, `COUNTS`) with the `counts` of lines that `table` holds for their text's site, and 0 for others.

    `sites` are indices into `numbers`, or negative; `keys` are those of lines, not of a site. All lines of a site lie
    together, so the large table is searched once per text, and lines in what few pages of memory hold of the site.
    `counts` is flat.
    """
    for doc in range(len(sites)):
        begin, end = first[doc], first[doc + 1]
        out[begin:end, :] = 0
        if sites[doc] < 0 or begin == end:
            continue
        site = numbers[sites[doc]]
        low = lower_bound(table, site & SITE_BITS, 0, len(table))
        high = lower_bound(table, site | ~SITE_BITS, low, len(table))
        for row in range(begin, end):
            if keys[row] == _U64(0):
                continue
            key = salted(keys[row], site)
            at = lower_bound(table, key, low, high)
            if at < len(table) and table[at] == key:
                for column in range(COUNTS):
                    out[row, column] = counts[COUNTS * at + column]
