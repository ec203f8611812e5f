"""Points and scalars as bytes (SPEC section 1).

A point is 48 bytes: bit 7 of the first byte says compressed, bit 6 the identity, bit 5 that y is the larger of y and
p − y; the other 381 bits are x. Decoding refuses everything but the one canonical form, then the identity, then points
outside the subgroup of order r (which py_ecc's own decompression lets through).

A point on the wire is seen many times in one bundle only as a fault of the sender, so nothing is remembered.
"""

from __future__ import annotations

from .curve import B, P, Point, R, in_subgroup
from .verdict import MalformedError

POINT_BYTES = 48
SCALAR_BYTES = 32
INFINITY = b"\xc0" + bytes(47)

_COMPRESSED, _INFINITE, _LARGER = 1 << 383, 1 << 382, 1 << 381
_ROOT_EXPONENT = (P + 1) // 4  # p = 3 mod 4


def encode_point(point: Point) -> bytes:
    """The compressed form, 48 bytes."""
    if point is None:
        return INFINITY
    x, y = point
    return (x | _COMPRESSED | (_LARGER if 2 * y > P else 0)).to_bytes(POINT_BYTES, "big")


def encode_scalar(scalar: int) -> bytes:
    """32 bytes, big-endian, of a scalar in [0, r)."""
    return scalar.to_bytes(SCALAR_BYTES, "big")


def decode_point(data: bytes, *, identity_allowed: bool = False, where: str = "point") -> Point:
    """The point of 48 bytes; raises MalformedError point-encoding, point-identity or point-subgroup, in this order."""
    word = int.from_bytes(data, "big")
    if not word & _COMPRESSED:
        raise MalformedError("point-encoding", f"{where}: bit 7 of the first byte is clear")
    if word & _INFINITE:
        if data != INFINITY:
            raise MalformedError("point-encoding", f"{where}: an infinity with other bits set")
        if not identity_allowed:
            raise MalformedError("point-identity", f"{where}: the identity is not allowed here")
        return None
    x = word & (_LARGER - 1)
    if x >= P:
        raise MalformedError("point-encoding", f"{where}: x is not below p")
    square = (x * x * x + B) % P
    y = pow(square, _ROOT_EXPONENT, P)
    if y * y % P != square:
        raise MalformedError("point-encoding", f"{where}: no point of the curve has this x")
    if (2 * y > P) != bool(word & _LARGER):
        y = P - y
    if not in_subgroup((x, y)):
        raise MalformedError("point-subgroup", f"{where}: outside the subgroup of order r")
    return x, y


def decode_scalar(data: bytes, *, where: str = "scalar") -> int:
    """The scalar of 32 bytes; raises MalformedError scalar-range."""
    value = int.from_bytes(data, "big")
    if value >= R:
        raise MalformedError("scalar-range", f"{where}: not below r")
    return value
