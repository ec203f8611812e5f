"""CRC-32C (Castagnoli), sixteen bytes at a time.

Reference: M. Kounavis and F. Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC
Generation", IEEE Transactions on Computers 57(11), 2008 (slicing). The polynomial: RFC 3720, appendix B.4.
In the kernel and not in C, because a call a batch costs more than the sum over a batch of ten records.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.jit import inner

_POLYNOMIAL = 0x82F63B78  # reflected
_SLICES = 16


def _tables() -> NDArray[np.uint32]:
    """Row k: what a byte adds to the sum with k bytes behind it. Shape (16, 256)."""
    table = np.empty((_SLICES, 256), np.uint32)
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table[0, byte] = value
    for row in range(1, _SLICES):
        table[row] = table[0][table[row - 1] & 255] ^ (table[row - 1] >> np.uint32(8))
    return table


_TABLE = _tables()


@inner
def _word(data: np.ndarray, at: int) -> np.uint32:
    """Four bytes, lowest first."""
    return np.uint32(
        np.uint32(data[at])
        | np.uint32(data[at + 1]) << np.uint32(8)
        | np.uint32(data[at + 2]) << np.uint32(16)
        | np.uint32(data[at + 3]) << np.uint32(24)
    )


@inner
def _four(word: np.uint32, row: int) -> np.uint32:
    """The sum of four bytes with `row` bytes behind the last."""
    return np.uint32(
        _TABLE[row + 3, word & np.uint32(255)]
        ^ _TABLE[row + 2, (word >> np.uint32(8)) & np.uint32(255)]
        ^ _TABLE[row + 1, (word >> np.uint32(16)) & np.uint32(255)]
        ^ _TABLE[row, word >> np.uint32(24)]
    )


@inner
def crc32c(data: np.ndarray, at: int, end: int) -> int:
    """The checksum of the bytes from `at` up to `end`."""
    total = np.uint32(0xFFFFFFFF)
    while at + _SLICES <= end:
        total = np.uint32(
            _four(total ^ _word(data, at), 12)
            ^ _four(_word(data, at + 4), 8)
            ^ _four(_word(data, at + 8), 4)
            ^ _four(_word(data, at + 12), 0)
        )
        at += _SLICES
    while at < end:
        total = np.uint32(_TABLE[0, (total ^ data[at]) & np.uint32(255)] ^ (total >> np.uint32(8)))
        at += 1
    return int(total ^ np.uint32(0xFFFFFFFF))
