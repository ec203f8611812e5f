"""The same records as JSON objects: integers, words and plain texts, read in one pass.

What is declined is left to the JSON parser in Python: texts with escapes, numbers with a point, an exponent or more
than 64 bits, lists and objects within, and everything that is no JSON. Of a key that stands twice the last counts.

A table: where its SET instructions begin, the keys that must be there (bits 1 << slot), and where its list of keys is.
There the value of a key is its slot, plus 256 times its kind, plus 65536 times the place of its own words.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro import ops
from equipoise.processors.avro.interpreter import word_among
from equipoise.processors.avro.wire import INT, Bytes, Words, is_utf8
from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner

Ints = NDArray[np.int64]

UNUSED, INTEGER, INTEGER_OR_NULL, FLAG, TEXT, WORD = range(6)
_TAKE_INTEGER = 1 << UNUSED | 1 << INTEGER | 1 << INTEGER_OR_NULL
_TAKE_NULL, _TAKE_FLAG = 1 << UNUSED | 1 << INTEGER_OR_NULL, 1 << UNUSED | 1 << FLAG
_QUOTE, _BACKSLASH, _COMMA, _COLON, _OPEN, _CLOSE = (ord(one) for one in '"\\,:{}')
_MINUS, _ZERO = ord("-"), ord("0")
_TRUE, _FALSE, _NULL = (int.from_bytes(word, "little") for word in (b"true", b"alse", b"null"))
_U = np.uint64
_TOPS, _ONES = _U(0x8080808080808080), _U(0x0101010101010101)
_QUOTES, _BACKSLASHES = _U(0x2222222222222222), _U(0x5C5C5C5C5C5C5C5C)
_LOWS, _PRINTED = _U(0x7F7F7F7F7F7F7F7F), _U(0x6060606060606060)  # added to 32 and above, a byte's top is set
_0, _1, _255 = _U(0), _U(1), _U(255)


@inner
def _skip_space(data: Bytes, at: int, end: int) -> int:
    while at < end and (data[at] == 32 or 9 <= data[at] <= 10 or data[at] == 13):
        at += 1
    return at


@inner
def _text_end(data: Bytes, words: Words, at: int, end: int) -> int:
    """The first quote, backslash or control character from `at` on, or the end."""
    while at + 8 <= end:
        word = words[at]["w"]
        quotes, slashes = word ^ _QUOTES, word ^ _BACKSLASHES
        other = ((quotes & _LOWS) + _LOWS | quotes) & ((slashes & _LOWS) + _LOWS | slashes)  # a byte's top: it is not 0
        found = ~(other & ((word & _LOWS) + _PRINTED | word)) & _TOPS
        if found != _0:
            return at + INT((((found & (~found + _1)) - _1) & _ONES) % _255) - 1
        at += 8
    while at < end and data[at] != _QUOTE and data[at] != _BACKSLASH and data[at] >= 32:
        at += 1
    return at


@inner
def _integer(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """An integer of 64 bits, and the position behind it, -1: none."""
    negative = data[at] == _MINUS
    first = at + INT(negative)
    at = first
    value = INT(0)
    while at < end and _ZERO <= data[at] < _ZERO + 10:
        digit = INT(data[at]) - _ZERO
        if at - first >= 18 and (at - first > 18 or value > (2**63 - 1 - digit) // 10):
            return 0, -1
        value = value * 10 + digit
        at += 1
    if at == first or (data[first] == _ZERO and (at - first > 1 or negative)):
        return 0, -1
    return (-value if negative else value), at


@inner
def _literal(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """1, 0 or NULL for true, false and null, and the position behind it, -1: another word."""
    negated = data[at] == ord("f")
    at += INT(negated)
    if at + 4 > end:
        return 0, -1
    word = INT(data[at]) | INT(data[at + 1]) << 8 | INT(data[at + 2]) << 16 | INT(data[at + 3]) << 24
    if negated:
        return 0, (at + 4 if word == _FALSE else -1)
    if word == _NULL:
        return NULL, at + 4
    return 1, (at + 4 if word == _TRUE else -1)


@inner
def _put_text(table: Ints, code: int, data: Bytes, words: Words, at: int, size: int, slots: Ints) -> bool:
    kind, slot = (code >> 8) & 255, code & 255
    if kind == TEXT:
        slots[slot], slots[slot + 1] = at, size
        return True
    if kind == WORD:
        slots[slot] = word_among(table, code >> 16, 0, data, words, at, size)
        return slots[slot] != ops.UNMAPPED
    return kind == UNUSED


@inner
def _put_scalar(code: int, data: Bytes, at: int, end: int, slots: Ints) -> int:
    """A number, true, false or null; the position behind it, -1: declined."""
    if data[at] > ord("9"):
        value, at = _literal(data, at, end)
        taken = _TAKE_NULL if value == NULL else _TAKE_FLAG
    else:
        value, at = _integer(data, at, end)
        taken = _TAKE_INTEGER
    slots[code & 255] = value
    return at if (taken >> ((code >> 8) & 255)) & 1 else -1


@inner
def _preset(table: Ints, pc: int, slots: Ints) -> None:
    while table[pc] == ops.SET:
        slots[table[pc + 1]] = table[pc + 2]
        pc += ops.WIDTH


@inner
def read_object(table: Ints, start: int, data: Bytes, words: Words, at: int, end: int, slots: Ints) -> int:
    """Fill the slots from the JSON at `at`, by the table that begins at `start`; where it ends, -1: declined."""
    _preset(table, table[start], slots)
    seen, code, keys, keyed = INT(0), INT(0), 0, False
    at = _skip_space(data, at + 1, end)  # behind the brace
    while at < end:
        if data[at] == _QUOTE:
            stop = _text_end(data, words, at + 1, end)
            if stop >= end or data[stop] != _QUOTE or not is_utf8(data, words, at + 1, stop - at - 1):
                return -1
            if not keyed:
                code = word_among(table, table[start + 2], keys, data, words, at + 1, stop - at - 1)
                keys += 1
            elif not _put_text(table, code, data, words, at + 1, stop - at - 1, slots):
                return -1
            at = stop + 1
        else:
            at = _put_scalar(code, data, at, end, slots) if keyed else -1
        at = _skip_space(data, at, end) if at >= 0 else end
        if at >= end or (not keyed and data[at] != _COLON):
            return -1
        if keyed:
            seen |= INT(1) << (code & 255)
            if data[at] == _CLOSE:
                at = _skip_space(data, at + 1, end)
                return at if seen & table[start + 1] == table[start + 1] else -1
            if data[at] != _COMMA:
                return -1
        keyed = not keyed
        at = _skip_space(data, at + 1, end)
    return -1
