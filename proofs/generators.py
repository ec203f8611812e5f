"""Vector generators of the range proofs: hash-to-curve outputs, made once and kept.

Nobody knows a relation between them, because nobody chose them (RFC 9380). Making one takes
0.16 ms, so the 512 + 512 of a band cost 0.16 s once in a process's life.
"""

from __future__ import annotations

from functools import lru_cache

from py_arkworks_bls12381 import G1Point

from equipoise.proofs.digest import tagged, u32
from equipoise.proofs.errors import LimitExceeded
from equipoise.proofs.group import G, H, U, hash_to_group

MAX_VECTOR = 4096

_left: list[G1Point] = []
_right: list[G1Point] = []


def vectors(size: int) -> tuple[list[G1Point], list[G1Point]]:
    """The first ``size`` generators of the left and of the right vector."""
    if not 0 <= size <= MAX_VECTOR:
        raise LimitExceeded(f"vector of {size} generators: at most {MAX_VECTOR}")
    for i in range(len(_left), size):
        _left.append(hash_to_group(b"vector/left/" + u32(i)))
        _right.append(hash_to_group(b"vector/right/" + u32(i)))
    return _left[:size], _right[:size]


@lru_cache(maxsize=16)
def generator_digest(size: int) -> bytes:
    """SPEC.md, section 4: what binds a transcript to its generators (32 bytes)."""
    left, right = vectors(size)
    points = [G, H, U, *left, *right]
    return tagged(b"equipoise/v1/generators", u32(size) + b"".join(p.to_compressed_bytes() for p in points))
