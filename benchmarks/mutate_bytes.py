"""Faults put into many records at once: a fuzz run is for the decoder, not for them."""

from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

_ROOM: Final = 64  # bytes that faults may add to a record
_KINDS: Final = 9  # of faults; the first of them change the length
_RESIZING: Final = 4


def mutated(values: list[bytes], n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """`n` copies of the values with one to three faults each: bytes, where each begins, and how long it is."""
    pool = np.frombuffer(b"".join(values), np.uint8)
    sizes = np.array([len(value) for value in values], np.int64)
    data = np.zeros(n * (int(sizes.max()) + _ROOM), np.uint8)
    at, length = np.zeros(n, np.int64), np.zeros(n, np.int64)
    end = _mutate(pool, np.cumsum(sizes) - sizes, sizes, seed, data, at, length)
    return data[:end], at, length


def _compiled(function: Any) -> Any:
    return numba.njit(function)  # not kept: nothing that ships needs it


@_compiled
def _mutate(pool, starts, sizes, seed, data, at, length):  # type: ignore[no-untyped-def]
    np.random.seed(seed)
    begin = 0
    for i in range(len(at)):
        chosen = np.random.randint(len(sizes))
        size = sizes[chosen]
        for k in range(size):
            data[begin + k] = pool[starts[chosen] + k]
        limit = size + 60
        for _ in range(np.random.choice(np.array([1, 1, 1, 2, 3]))):
            size = _fault(pool, data, begin, size, limit)
        at[i], length[i] = begin, size
        begin += size
    return begin


@_compiled
def _fault(pool, data, begin, size, limit):  # type: ignore[no-untyped-def]
    spot = np.random.randint(size + 1)
    if np.random.randint(_KINDS) < _RESIZING:
        return _resized(pool, data, begin, spot, size, limit)
    _in_place(data, begin + spot, size - spot)
    return size


@_compiled
def _resized(pool, data, begin, spot, size, limit):  # type: ignore[no-untyped-def]
    kind, many, place = np.random.randint(_RESIZING), np.random.randint(1, 11), begin + spot
    if kind == 0:  # its end cut off
        return spot
    if kind == 1:  # another record's end
        from_ = np.random.randint(len(pool))
        taken = min(np.random.randint(100), len(pool) - from_, limit - spot)
        for k in range(taken):
            data[place + k] = pool[from_ + k]
        return spot + taken
    if kind == 2 and size + many <= limit:  # bytes put in, half of the time as an integer that goes on
        for k in range(size - 1, spot - 1, -1):
            data[begin + k + many] = data[begin + k]
        tops = np.random.randint(2) * 128
        for k in range(many):
            data[place + k] = np.random.randint(128) | tops
        return size + many
    gone = min(many, size - spot)  # bytes taken out
    for k in range(spot, size - gone):
        data[begin + k] = data[begin + k + gone]
    return size - gone


@_compiled
def _in_place(data, place, left):  # type: ignore[no-untyped-def]
    kind, many = np.random.randint(_KINDS - _RESIZING), np.random.randint(1, 11)
    if left == 0:
        return
    if kind == 0:  # a bit
        data[place] ^= np.uint8(1 << np.random.randint(8))
    elif kind == 1:  # a byte
        data[place] = np.random.randint(256)
    elif kind == 2:  # integers that go on into what follows them
        for k in range(min(many, left)):
            data[place + k] |= 0x80
    elif kind == 3:  # a length or a count that lies by much
        for k in range(min(many, left)):
            data[place + k] = 0xFF if k + 1 < many else np.random.randint(2)
    else:  # one that lies by little
        data[place] = np.random.randint(128)
