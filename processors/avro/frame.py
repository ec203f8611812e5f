"""The schema id of a record, in front of its value or in a header, and the table that goes with it."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.wire import INT, Bytes, Words, varint, word_at
from equipoise.processors.jit import inner

Ints = NDArray[np.int64]

ID, GUID = 0, 1  # the first byte
ID_SIZE, GUID_SIZE = 5, 17
NAME_SIZE = len("__value_schema_id")
_NAME_1, _NAME_2, _NAME_3 = (np.frombuffer(b"__value_schema_id" + bytes(7), "<u8")[k] for k in range(3))
NONE, UNKNOWN = -1, -2
_U: Final[Any] = np.uint64
_8, _16, _32 = _U(8), _U(16), _U(32)
_EVEN_8, _ODD_8 = _U(0x00FF00FF00FF00FF), _U(0xFF00FF00FF00FF00)
_EVEN_16, _ODD_16 = _U(0x0000FFFF0000FFFF), _U(0xFFFF0000FFFF0000)


@inner
def find_header(data: Bytes, words: Words, at: int, count: int) -> tuple[int, int]:
    """Where the last header `__value_schema_id` has its value, and its length; -1, 0: there is none."""
    found, found_size, named = -1, 0, False
    for k in range(2 * count):
        size, at = varint(data, words, at, len(data))
        if at < 0 or size > len(data) - at:
            return -1, 0
        if k % 2 == 0:
            named = (
                size == NAME_SIZE
                and word_at(data, words, at, 8) == _NAME_1
                and word_at(data, words, at + 8, 8) == _NAME_2
                and word_at(data, words, at + 16, 1) == _NAME_3
            )
        elif named:
            found, found_size = at, max(size, 0)
        at += max(size, 0)
    return found, found_size


@inner
def find_table(ids: Ints, last: int, data: Bytes, words: Words, at: int, size: int) -> int:
    """The row of `ids` for the reference at `at`; NONE: it is none, UNKNOWN: not in there.

    `ids`: shape (k, 4), kind, high, low, table. `last`: the row to try first.
    """
    kind = INT(data[at]) if size > 0 else -1
    if kind == ID and size >= ID_SIZE:
        word = word_at(data, words, at + 1, 4)
        high, low = INT(0), INT(_swapped(word) >> _32)
        if low >= 2**31:
            return NONE
    elif kind == GUID and size >= GUID_SIZE:
        high = np.uint64(_swapped(word_at(data, words, at + 1, 8))).view(np.int64)
        low = np.uint64(_swapped(word_at(data, words, at + 9, 8))).view(np.int64)
    else:
        return NONE
    if last < len(ids) and _is(ids, last, kind, high, low):
        return last
    for row in range(len(ids)):
        if _is(ids, row, kind, high, low):
            return row
    return UNKNOWN


@inner
def _is(ids: Ints, row: int, kind: int, high: int, low: int) -> bool:
    return ids[row, 0] == kind and ids[row, 2] == low and ids[row, 1] == high


@inner
def _swapped(word: np.uint64) -> np.uint64:
    """Its bytes in the other order; LLVM makes one instruction of it."""
    word = ((word & _ODD_8) >> _8) | ((word & _EVEN_8) << _8)
    word = ((word & _ODD_16) >> _16) | ((word & _EVEN_16) << _16)
    return (word >> _32) | (word << _32)
