"""CRC-32C (Castagnoli): by the processor's own instruction where it has one, else by tables, sixteen bytes at a time.

Reference: M. Kounavis and F. Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC
Generation", IEEE Transactions on Computers 57(11), 2008 (slicing). The polynomial: RFC 3720, appendix B.4. The
instructions: CRC32 of SSE4.2 (Intel SDM, volume 2A), CRC32CX of ARMv8 (Arm ARM, C6.2).
In the kernel and not in C, because a call a batch costs more than the sum over a batch of ten records.
"""

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.registry import cpu_target
from numpy.typing import NDArray

from equipoise.processors.jit import PLAIN, inner
from equipoise.processors.native import address_of, of_words

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
def _ended(total: np.uint32, data: np.ndarray, at: int, end: int) -> int:
    """The checksum, of the sum up to `at` and the bytes that are left, one at a time."""
    while at < end:
        total = np.uint32(_TABLE[0, (total ^ data[at]) & np.uint32(255)] ^ (total >> np.uint32(8)))
        at += 1
    return int(total ^ np.uint32(0xFFFFFFFF))


@inner
def by_tables(data: np.ndarray, at: int, end: int) -> int:
    """As `crc32c`, on any processor."""
    total = np.uint32(0xFFFFFFFF)
    while at + _SLICES <= end:
        total = np.uint32(
            _four(total ^ _word(data, at), 12)
            ^ _four(_word(data, at + 4), 8)
            ^ _four(_word(data, at + 8), 4)
            ^ _four(_word(data, at + 12), 0)
        )
        at += _SLICES
    return _ended(total, data, at, end)


_INSTRUCTIONS: Final = (  # begin of the target's name, feature, LLVM's name, bits of the sum
    ("x86_64", "+sse4.2", "llvm.x86.sse42.crc32.64.64", 64),
    ("aarch64", "+crc", "llvm.aarch64.crc32cx", 32),
)


def _instruction() -> tuple[str, int] | None:
    """What the machine that numba compiles for has: LLVM's name and the bits of the sum."""
    if PLAIN:
        return None
    target, _, features = cpu_target.target_context.codegen().magic_tuple()
    for kind, feature, name, bits in _INSTRUCTIONS:
        if target.startswith(kind) and feature in features.split(","):
            return name, bits
    return None


INSTRUCTION: Final = _instruction()


def _emit(builder: Any, total: Any, address: Any) -> Any:
    """The sum and the eight bytes at an address, to the next sum."""
    assert INSTRUCTION, "nobody calls it elsewhere"
    name, bits = INSTRUCTION
    word, sums = ir.IntType(64), ir.IntType(bits)
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(sums, [sums, word]), name)  # type: ignore[no-untyped-call]
    data = builder.load(builder.inttoptr(address, word.as_pointer()), align=1)
    if bits == word.width:
        return builder.call(function, [total, data])
    return builder.zext(builder.call(function, [builder.trunc(total, sums), data]), word)


_next_sum: Any = of_words(2, _emit)


@inner
def by_instruction(data: np.ndarray, at: int, end: int) -> int:
    """As `crc32c`, eight bytes an instruction."""
    if not 0 <= at <= end <= data.size:
        return -1
    place, total = address_of(data), 0xFFFFFFFF
    while at + 8 <= end:
        total = _next_sum(total, place + at)
        at += 8
    return _ended(np.uint32(total), data, at, end)


crc32c: Final = by_instruction if INSTRUCTION else by_tables
"""The checksum of the bytes of an array from `at` up to `end`, which lie inside."""
