"""The generators: RFC 9380 hash-to-curve outputs, whose discrete logarithms nobody knows (SPEC section 4).

expand_message and hash_to_field are py_ecc's. The simplified SWU map and the 11-isogeny (RFC 9380 sections 6.6.3 and
E.2) are evaluated on integers with py_ecc's constants, about ten times faster than on its field objects; the tests set
both beside py_ecc's `hash_to_G1` and the RFC's vectors. Clearing the cofactor multiplies by h_eff = 1 − u.

Each generator costs about a millisecond, and a proof over N bits needs 2N: they are made when first asked for and kept.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any, Final, cast

from py_ecc.bls.hash_to_curve import hash_to_field_FQ
from py_ecc.optimized_bls12_381 import constants

from .curve import PARAMETER, P, Point, add, multiply
from .encoding import encode_point
from .hashing import digest

DST: Final[bytes] = b"EQUIPOISE-V01-GENERATORS-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"
MOST: Final[int] = 4096

_A: Final[int] = int(constants.ISO_11_A.n)
_B: Final[int] = int(constants.ISO_11_B.n)
_Z: Final[int] = int(constants.ISO_11_Z.n)
_ISOGENY: Final = [[int(k.n) for k in row] for row in constants.ISO_11_MAP_COEFFICIENTS]


def _square_root(value: int) -> int | None:
    root = pow(value, (P + 1) // 4, P)
    return root if root * root % P == value else None


def _simplified_swu(u: int) -> tuple[int, int]:
    """The point of the isogenous curve y² = x³ + Ax + B that field element u goes to (RFC 9380 section 6.6.2)."""
    zu = _Z * u * u % P
    t = (zu * zu + zu) % P
    x = -_B * (1 + pow(t, -1, P)) * pow(_A, -1, P) % P if t else _B * pow(_Z * _A, -1, P) % P
    y = _square_root((x * x * x + _A * x + _B) % P)
    if y is None:
        x = zu * x % P
        y = _square_root((x * x * x + _A * x + _B) % P)
        assert y is not None, "one of two candidates is a square: their quotient is not"
    return x, (y if y & 1 == u & 1 else P - y)


def _horner(coefficients: list[int], x: int) -> int:
    value = 0
    for k in reversed(coefficients):
        value = (value * x + k) % P
    return value


def _isogeny(point: tuple[int, int]) -> Point:
    x_num, x_den, y_num, y_den = (_horner(row, point[0]) for row in _ISOGENY)
    denominator = x_den * y_den % P
    if not denominator:
        return None
    inverse = pow(denominator, -1, P)
    return x_num * y_den * inverse % P, point[1] * y_num * x_den * inverse % P


def hash_to_curve(message: bytes, dst: bytes = DST) -> Point:
    """The point of suite BLS12381G1_XMD:SHA-256_SSWU_RO_ for `message` under `dst`."""
    u0, u1 = hash_to_field_FQ(message, 2, dst, cast(Any, sha256))  # it asks for a hash object, and calls it
    total = add(_isogeny(_simplified_swu(int(u0.n))), _isogeny(_simplified_swu(int(u1.n))))
    return multiply(total, PARAMETER + 1)


@cache
def value_generator() -> Point:
    """G: values are committed on it."""
    return hash_to_curve(b"pedersen/value")


@cache
def blinding_generator() -> Point:
    """H: blindings are committed on it."""
    return hash_to_curve(b"pedersen/blinding")


@cache
def product_generator() -> Point:
    """U: carries the inner product."""
    return hash_to_curve(b"product")


@cache
def _vector(side: str, index: int) -> Point:
    return hash_to_curve(b"vector/" + side.encode("ascii") + b"/" + index.to_bytes(4, "big"))


def left_generators(count: int) -> list[Point]:
    """G₀ … G_{count−1}."""
    return [_vector("left", i) for i in range(count)]


def right_generators(count: int) -> list[Point]:
    """H₀ … H_{count−1}."""
    return [_vector("right", i) for i in range(count)]


@cache
def generator_digest(count: int) -> bytes:
    """What a transcript absorbs in place of the generators that it uses."""
    named = [value_generator(), blinding_generator(), product_generator()]
    points = named + left_generators(count) + right_generators(count)
    return digest(b"equipoise/v1/generators", count.to_bytes(4, "big") + b"".join(map(encode_point, points)))
