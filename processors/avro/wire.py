"""The primitives of Avro's binary form, read from a batch's bytes without leaving them.

`data` is the batch, `words` the same bytes as 8-byte little-endian words, one beginning at every byte
(`words_of`): a variable-length integer is one load and a few shifts instead of nine rounds of a loop. A position of
-1 says that the bytes end early, or are none of Avro.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.jit import inner

Bytes = NDArray[np.uint8]
Words = NDArray[np.void]

WORD: Final = np.dtype([("w", "<u8")])  # a record, since its fields may lie anywhere: numba then loads unaligned
VARINT_MAX: Final = 10  # bytes

INT: Final[Any] = np.int64  # so that the type checker lets a kernel's integers be integers
_U: Final[Any] = np.uint64
_TOPS, _ONES, _SEVENS = _U(0x8080808080808080), _U(0x0101010101010101), _U(0x7F7F7F7F7F7F7F7F)
_EVEN_7, _ODD_7 = _U(0x007F007F007F007F), _U(0x7F007F007F007F00)
_EVEN_14, _ODD_14 = _U(0x00003FFF00003FFF), _U(0x3FFF00003FFF0000)
_LOW_28, _HIGH_28 = _U(0x000000000FFFFFFF), _U(0x0FFFFFFF00000000)
_0, _1, _2, _4, _7, _8, _56, _63 = _U(0), _U(1), _U(2), _U(4), _U(7), _U(8), _U(56), _U(63)
_255 = _U(255)
_TOP, _LOW_7 = _U(0x80), _U(0x7F)


def words_of(data: Bytes) -> Words:
    """The word that begins at each byte; the last seven bytes begin none. Shares the memory of `data`.

    Of less than nine bytes there are two words all the same, with zeros behind the end: fewer would be contiguous,
    which is another type to the compiler, and the first batch of the other kind would wait for it.
    """
    if len(data) < 9:
        data, short = np.zeros(9, np.uint8), data
        data[: len(short)] = short
        data.flags.writeable = False
    return np.ndarray((len(data) - 7,), WORD, data, 0, (1,))


@inner
def varint(data: Bytes, words: Words, at: int, end: int) -> tuple[int, int]:
    """The zigzag integer at `at`, and the position behind it; at most 10 bytes and 64 bits."""
    if at >= end:
        return 0, -1
    first = INT(data[at])
    if first < 128:
        return (first >> 1) ^ -(first & 1), at + 1
    bits, after = _0, at
    if at < len(words):
        bits = words[at]["w"]
        stops = ~bits & _TOPS
        if stops != _0:  # it ends within these 8 bytes
            below = (stops & (~stops + _1)) - _1  # the bits before the first byte's top that is clear
            bits &= below
            after = at + INT((below & _ONES) % _255)  # the sum of the ones: the number of bytes
        else:
            after = at + 8
        bits &= _SEVENS
        bits = (bits & _EVEN_7) | ((bits & _ODD_7) >> _1)
        bits = (bits & _EVEN_14) | ((bits & _ODD_14) >> _2)
        bits = (bits & _LOW_28) | ((bits & _HIGH_28) >> _4)
        if stops != _0:
            return INT(bits >> _1) ^ -INT(bits & _1), (after if after <= end else -1)
    shift = _7 * _U(after - at)
    while after < end and shift <= _63:
        byte = _U(data[after])
        after += 1
        if shift == _63 and byte > _1:
            return 0, -1
        bits |= (byte & _LOW_7) << shift
        shift += _7
        if byte < _TOP:
            return INT(bits >> _1) ^ -INT(bits & _1), after
    return 0, -1


@inner
def word_at(data: Bytes, words: Words, at: int, size: int) -> np.uint64:
    """The 1 to 8 bytes at `at`, which must lie within the batch, as an integer."""
    if at < len(words):
        word = words[at]["w"]
        return word if size >= 8 else word & ((_1 << (_8 * _U(size))) - _1)
    word = _0
    for k in range(min(size, 8)):
        word |= _U(data[at + k]) << (_8 * _U(k))
    return word


@inner
def is_utf8(data: Bytes, words: Words, at: int, size: int) -> bool:
    """Whether these bytes, which must lie within the batch, are UTF-8 as Python reads it (no surrogates)."""
    end = at + size
    while at < end:
        if at + 8 <= end and words[at]["w"] & _TOPS == _0:
            at += 8
            continue
        first = INT(data[at])
        at += 1
        if first < 0x80:
            continue
        if first < 0xC2 or first > 0xF4:
            return False
        more = 1 + (first >= 0xE0) + (first >= 0xF0)
        if at + more > end:
            return False
        second = INT(data[at])
        low = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
        high = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
        if second < low or second > high:
            return False
        for k in range(1, more):
            if INT(data[at + k]) >> 6 != 2:
                return False
        at += more
    return True
