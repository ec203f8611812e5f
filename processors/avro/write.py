"""The primitives of Avro's binary form, written into room that is there already.

Each takes the position to write at and returns the one behind what it wrote; nobody looks whether there is room:
whoever calls the first one has made enough. They are not inlined: that compiled for two minutes.
"""

from typing import Any, Final, NamedTuple

import numpy as np

from equipoise.processors.avro.texts import KEY, Texts
from equipoise.processors.avro.wire import Bytes, Words, words_of
from equipoise.processors.columns import NULL
from equipoise.processors.jit import apart, inner
from equipoise.schemas.enums import Reason

REASONS: Final = len(Reason)
_U: Final[Any] = np.uint64
_7, _128 = _U(7), _U(128)
_MINUS, _SLASH, _ZERO = ord("-"), ord("/"), ord("0")
_SLACK: Final = 8  # behind the last byte that may be written, so that a word begins at each


class Room(NamedTuple):
    """Where is written: bytes, and the words that begin at them."""

    data: Bytes
    words: Words


def room_of(size: int) -> Room:
    """Room for so many bytes."""
    data = np.zeros(size + _SLACK, np.uint8)
    return Room(data, words_of(data))


@apart
def identity(out: Room, at: int, texts: Texts, i: int, kind: int, ordinal: int) -> int:
    """VENUE:SYMBOL/kind/ordinal, as a string."""
    key, word = texts.instruments[i, KEY + 1], texts.kinds[kind, 1]
    at = long(out, at, key + 1 + word + 1 + digits(ordinal))
    at = text(out, at, texts.data, texts.instruments[i, KEY], key)
    at = byte(out, at, _SLASH)
    at = text(out, at, texts.data, texts.kinds[kind, 0], word)
    at = byte(out, at, _SLASH)
    return decimal(out, at, ordinal)


@apart
def reasons(out: Room, at: int, bits: int) -> int:
    """The numbers of the bits, as an array."""
    count = 0
    for reason in range(1, REASONS):  # 0 is none
        count += (bits >> reason) & 1
    if count > 0:
        at = long(out, at, count)
        for reason in range(1, REASONS):  # 0 is none
            if (bits >> reason) & 1:
                at = long(out, at, reason)
    return byte(out, at, 0)


@inner
def byte(out: Room, at: int, value: int) -> int:
    """One byte."""
    out.data[at] = value
    return at + 1


@apart
def text(out: Room, at: int, data: Bytes, start: int, size: int) -> int:
    """A copy of bytes."""
    for k in range(size):
        out.data[at + k] = data[start + k]
    return at + size


@apart
def long(out: Room, at: int, value: int) -> int:
    """A zigzag integer; the position behind it."""
    wide = np.int64(value)
    number = _U((wide << 1) ^ (wide >> 63))
    while number >= _128:
        out.data[at] = (number & (_128 - _U(1))) | _128
        number >>= _7
        at += 1
    out.data[at] = number
    return at + 1


@apart
def double(out: Room, at: int, value: float) -> int:
    """Eight bytes, the lowest first."""
    out.words[at]["w"] = np.float64(value).view(np.uint64)
    return at + 8


@apart
def optional_double(out: Room, at: int, value: float) -> int:
    """A union with null: null where the value is NaN."""
    if value != value:
        return byte(out, at, 0)
    return double(out, byte(out, at, 2), value)


@apart
def optional_long(out: Room, at: int, value: int) -> int:
    """A union with null: null where the value is NULL."""
    if value == NULL:
        return byte(out, at, 0)
    return long(out, byte(out, at, 2), value)


@apart
def mid(out: Room, at: int, x2: int) -> int:
    """Half of a sum of two prices, or null."""
    if x2 == NULL:
        return byte(out, at, 0)
    return double(out, byte(out, at, 2), x2 / 2)


@inner
def digits(value: int) -> int:
    """Letters of a number in decimal."""
    count = 1 if value >= 0 else 2
    rest = magnitude(value) // _U(10)
    while rest > _U(0):
        rest //= _U(10)
        count += 1
    return count


@inner
def decimal(out: Room, at: int, value: int) -> int:
    """A number in decimal, as text without its length."""
    end = at + digits(value)
    if value < 0:
        out.data[at] = _MINUS
    rest, k = magnitude(value), end - 1
    while True:
        out.data[k] = _U(_ZERO) + rest % _U(10)
        rest //= _U(10)
        k -= 1
        if rest == _U(0):
            return end


@inner
def magnitude(value: int) -> Any:
    """|value|, of the least integer as well."""
    wide = np.int64(value)
    return _U(wide) if wide >= 0 else ~_U(wide) + _U(1)
