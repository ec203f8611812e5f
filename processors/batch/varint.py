"""Kafka's variable-length integers: seven bits a byte, lowest first, sign folded into the lowest bit."""

import numpy as np

from equipoise.processors.jit import inner

CUT = -1  # instead of a position: the bytes end first
LONG = -2  # instead of a position: more than 64 bits

_LAST_SHIFT = 63


@inner
def varint(data: np.ndarray, at: int, end: int) -> tuple[int, int]:
    """The integer at `at`, and the position behind it: CUT or LONG where there is none before `end`."""
    if at < end and data[at] < 128:  # nearly all of them
        short = np.int64(data[at])
        return int((short >> 1) ^ -(short & 1)), at + 1
    raw, shift = np.uint64(0), np.uint64(0)
    while at < end:
        byte = np.uint64(data[at])
        at += 1
        if shift == _LAST_SHIFT and byte > 1:
            return 0, LONG
        raw |= (byte & np.uint64(127)) << shift
        if byte < 128:
            return int(np.int64(raw >> np.uint64(1)) ^ -np.int64(raw & np.uint64(1))), at
        shift += np.uint64(7)
    return 0, CUT
