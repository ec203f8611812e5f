"""Ed25519 verification, written from RFC 8032 sections 5.1.3 and 5.1.7.

The curve is −x² + y² = 1 + d·x²·y² over F_q, q = 2²⁵⁵ − 19. A signature (R, S) of message M under key A is good if
S·B = R + k·A with k = SHA-512(R || A || M) mod L. S ≥ L, and encodings of A or R that are not of a point (y ≥ q, no
square root, or −0), are refused. The SPEC takes this equation, without the cofactor, and refuses an A of order 8 or
less, for which anybody finds R and S; R is compared as a point, which is the same as byte for byte, since every point
has one encoding that is not refused. Points are extended coordinates (X : Y : Z : T) with x = X/Z, y = Y/Z, T = XY/Z,
and the addition law is complete.
"""

from __future__ import annotations

from hashlib import sha512
from typing import Final

Q: Final[int] = 2**255 - 19
L: Final[int] = 2**252 + 27742317777372353535851937790883648493
D: Final[int] = -121665 * pow(121666, -1, Q) % Q
_ROOT_OF_MINUS_ONE: Final[int] = pow(2, (Q - 1) // 4, Q)

Extended = tuple[int, int, int, int]
_ZERO: Final[Extended] = (0, 1, 1, 0)


def _recover_x(y: int, sign: int) -> int | None:
    if y >= Q:
        return None
    u, v = (y * y - 1) % Q, (D * y * y + 1) % Q
    x = u * pow(v, 3, Q) * pow(u * pow(v, 7, Q), (Q - 5) // 8, Q) % Q
    if (v * x * x - u) % Q:
        x = x * _ROOT_OF_MINUS_ONE % Q
        if (v * x * x - u) % Q:
            return None
    if x == 0 and sign:
        return None
    return Q - x if x & 1 != sign else x


def decode(data: bytes) -> Extended | None:
    """The point that 32 bytes encode, or None where they encode none."""
    word = int.from_bytes(data, "little")
    y = word & ((1 << 255) - 1)
    x = _recover_x(y, word >> 255)
    return None if x is None else (x, y, 1, x * y % Q)


def _add(p: Extended, q: Extended) -> Extended:
    a = (p[1] - p[0]) * (q[1] - q[0]) % Q
    b = (p[1] + p[0]) * (q[1] + q[0]) % Q
    c = 2 * p[3] * q[3] * D % Q
    d = 2 * p[2] * q[2] % Q
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % Q, g * h % Q, f * g % Q, e * h % Q


def _multiply(scalar: int, point: Extended) -> Extended:
    total = _ZERO
    for bit in bin(scalar)[2:]:
        total = _add(total, total)
        if bit == "1":
            total = _add(total, point)
    return total


def _equal(p: Extended, q: Extended) -> bool:
    return (p[0] * q[2] - q[0] * p[2]) % Q == 0 and (p[1] * q[2] - q[1] * p[2]) % Q == 0


_BASE_Y = 4 * pow(5, -1, Q) % Q
_BASE_X = _recover_x(_BASE_Y, 0)
assert _BASE_X is not None
BASE: Final[Extended] = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % Q)


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is one of `message` under `key` (32 bytes)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    public, commitment = decode(key), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if public is None or commitment is None or s >= L or _equal(_multiply(8, public), _ZERO):
        return False
    k = int.from_bytes(sha512(signature[:32] + key + message).digest(), "little") % L
    return _equal(_multiply(s, BASE), _add(commitment, _multiply(k, public)))
