"""What can be wrong with a batch of records, and the words for it."""

from enum import IntEnum
from typing import Final


class Problem(IntEnum):
    """The first thing that is wrong: with a batch's header, or with a record."""

    NONE = 0
    BATCH_LENGTH = 1
    MAGIC = 2
    CRC = 3
    LAST_DELTA = 4
    BASE_OFFSET = 5
    COUNT = 6
    CUT = 7
    LONG = 8
    RECORD_LENGTH = 9
    TIMESTAMP = 10
    OFFSET = 11
    KEY_LENGTH = 12
    VALUE_LENGTH = 13
    HEADERS_COUNT = 14
    HEADER_KEY_LENGTH = 15
    HEADER_VALUE_LENGTH = 16
    LEFT_IN_RECORD = 17
    LEFT_IN_BATCH = 18


_WORDS: Final = {
    Problem.BATCH_LENGTH: "batch length {}: it must be 49 or more",
    Problem.MAGIC: "magic {}: only 2 is read",
    Problem.CRC: "CRC-32C {}: that is not the sum of its bytes",
    Problem.LAST_DELTA: "last offset delta {}: it must be 0 or more",
    Problem.BASE_OFFSET: "base offset {}: the batch must end at or above the offset asked for, and below 2^63",
    Problem.COUNT: "{} records: there must be 0 or more, and each takes at least 7 bytes",
    Problem.CUT: "the bytes end inside an integer",
    Problem.LONG: "an integer of more than 64 bits",
    Problem.RECORD_LENGTH: "record length {}: it must be 0 or more, and end inside the batch",
    Problem.TIMESTAMP: "timestamp delta {}: the timestamp does not fit in 64 bits",
    Problem.OFFSET: "offset delta {}: it must be above the one before, and at most the batch's last",
    Problem.KEY_LENGTH: "key length {}: it must be -1 or more, and the key end inside the record",
    Problem.VALUE_LENGTH: "value length {}: it must be -1 or more, and the value end inside the record",
    Problem.HEADERS_COUNT: "{} headers: there must be 0 or more, and room for them in the record",
    Problem.HEADER_KEY_LENGTH: "header key length {}: it must be 0 or more, and end inside the record",
    Problem.HEADER_VALUE_LENGTH: "header value length {}: it must be -1 or more, and end inside the record",
    Problem.LEFT_IN_RECORD: "{} bytes of the record are left over after its last header",
    Problem.LEFT_IN_BATCH: "{} bytes of the batch are left over after its last record",
}


class FramingError(ValueError):
    """Bytes that are not what a batch of records must be. The message names the field, its value and the bound."""


def words(problem: int, value: int) -> str:
    """One clause that names the field, its value and the bound."""
    return _WORDS[Problem(problem)].format(value)
