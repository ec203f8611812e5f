"""The schema id of a record, in front of its value or in a header, and the table that goes with it."""

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
def big_endian(data: Bytes, at: int, size: int) -> int:
    """Up to 8 bytes as an integer."""
    value = INT(0)
    for k in range(size):
        value = (value << 8) | INT(data[at + k])
    return value


@inner
def find_table(ids: Ints, last: int, data: Bytes, at: int, size: int) -> int:
    """The row of `ids` for the reference at `at`; NONE: it is none, UNKNOWN: not in there.

    `ids`: shape (k, 4), kind, high, low, table. `last`: the row to try first.
    """
    kind = INT(data[at]) if size > 0 else -1
    if kind == ID and size >= ID_SIZE:
        high, low = INT(0), big_endian(data, at + 1, 4)
        if low >= 2**31:
            return NONE
    elif kind == GUID and size >= GUID_SIZE:
        high, low = big_endian(data, at + 1, 8), big_endian(data, at + 9, 8)
    else:
        return NONE
    for k in range(-1, len(ids)):
        row = last if k < 0 else k
        if row < len(ids) and ids[row, 0] == kind and ids[row, 2] == low and ids[row, 1] == high:
            return row
    return UNKNOWN
