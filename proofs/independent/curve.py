"""G1 of BLS12-381 on plain integers: y² = x³ + 4 over F_p, sums, the endomorphism, the subgroup.

py_ecc gives the parameters (p, r, b and the base point); its field objects cost more than the field's arithmetic, so
sums are written here on Python integers. A point is an affine pair ``(x, y)``, or ``None`` for the identity.

**Sums.** `add` is complete: it treats the identity, doubling and opposite points. Inside a multi-scalar
multiplication sums are Jacobian, (X, Y, Z) for (X/Z², Y/Z³), which needs no inversion (formulas madd-2007-bl,
add-2007-bl and dbl-2009-l of the Explicit-Formulas Database); Z = 0 is the identity.

**Subgroup.** φ(x, y) = (βx, y), β³ = 1, is an endomorphism with φ² + φ + 1 = 0. P is accepted if φ(P) = −u²·P, u being
the curve's parameter. Then φ²(P) = u⁴·P, hence (u⁴ − u² + 1)·P = 0, and u⁴ − u² + 1 = r: the order of P divides r.
Conversely φ acts on G1 as one of the two roots of λ² + λ + 1 mod r, and β is chosen as the one with λ = −u².
(M. Scott, "A note on group membership tests for G1, G2 and GT", 2021.) u has six bits set, so that this costs a
quarter of a multiplication by r.
"""

from __future__ import annotations

from typing import Final

from py_ecc.fields.field_properties import field_properties
from py_ecc.optimized_bls12_381 import optimized_curve

Point = tuple[int, int] | None
Jacobian = tuple[int, int, int]

P: Final[int] = int(field_properties["bls12_381"]["field_modulus"])
R: Final[int] = int(optimized_curve.curve_order)
B: Final[int] = int(optimized_curve.b.n)
PARAMETER: Final[int] = 0xD201000000010000
"""|u|; the curve's u is negative, which u² does not show."""
ZERO: Final[Jacobian] = (1, 1, 0)


def base_point() -> tuple[int, int]:
    """The standard base point of G1, as py_ecc has it."""
    x, y = optimized_curve.normalize(optimized_curve.G1)
    return int(x.n), int(y.n)


def on_curve(x: int, y: int) -> bool:
    """Whether (x, y), both reduced, solves the curve's equation."""
    return (y * y - x * x * x - B) % P == 0


def neg(point: Point) -> Point:
    """−P."""
    return None if point is None else (point[0], (P - point[1]) % P)


def add(a: Point, b: Point) -> Point:
    """a + b, affine and complete; one inversion in the field."""
    if a is None:
        return b
    if b is None:
        return a
    (x1, y1), (x2, y2) = a, b
    if x1 != x2:
        slope = (y2 - y1) * pow(x2 - x1, -1, P) % P
    elif y1 == y2:  # no point has y = 0: the curve's order is odd
        slope = 3 * x1 * x1 * pow(2 * y1, -1, P) % P
    else:
        return None
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def jacobian_double(a: Jacobian) -> Jacobian:
    """2·a."""
    x, y, z = a
    xx, yy = x * x % P, y * y % P
    s = 4 * x * yy % P
    m = 3 * xx
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def jacobian_add_affine(a: Jacobian, b: tuple[int, int]) -> Jacobian:
    """a + b, with b affine."""
    x1, y1, z1 = a
    x2, y2 = b
    if not z1:
        return x2, y2, 1
    zz = z1 * z1 % P
    h = (x2 * zz - x1) % P
    d = (y2 * z1 * zz - y1) % P
    if not h:
        return ZERO if d else jacobian_double(a)
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (d * d - hhh - 2 * v) % P
    return x3, (d * (v - x3) - y1 * hhh) % P, z1 * h % P


def jacobian_add(a: Jacobian, b: Jacobian) -> Jacobian:
    """a + b."""
    x1, y1, z1 = a
    x2, y2, z2 = b
    if not z1:
        return b
    if not z2:
        return a
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1 = x1 * zz2 % P
    s1 = y1 * z2 * zz2 % P
    h = (x2 * zz1 - u1) % P
    d = (y2 * z1 * zz1 - s1) % P
    if not h:
        return ZERO if d else jacobian_double(a)
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (d * d - hhh - 2 * v) % P
    return x3, (d * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def to_affine(a: Jacobian) -> Point:
    """The point that a Jacobian triple stands for."""
    x, y, z = a
    if not z:
        return None
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P


def multiply(point: Point, scalar: int) -> Point:
    """scalar·P for a scalar ≥ 0, not reduced mod r: P may lie outside the subgroup."""
    return None if point is None else to_affine(_ladder((point[0], point[1], 1), scalar))


def _ladder(point: Jacobian, scalar: int) -> Jacobian:
    total = ZERO
    for bit in bin(scalar)[2:]:
        total = jacobian_double(total)
        if bit == "1":
            total = jacobian_add(total, point)
    return total


def _opposite_of_image(point: tuple[int, int], beta: int) -> bool:
    """Whether u²·P = −φ(P)."""
    x, y = point
    x1, y1, z1 = _ladder(_ladder((x, y, 1), PARAMETER), PARAMETER)
    zz = z1 * z1 % P
    return z1 != 0 and (x1 - beta * x * zz) % P == 0 and (y1 + y * z1 * zz) % P == 0


def _choose_beta() -> int:
    root = pow(2, (P - 1) // 3, P)
    beta = root if _opposite_of_image(base_point(), root) else root * root % P
    assert pow(beta, 3, P) == 1 != beta
    assert _opposite_of_image(base_point(), beta)
    return beta


BETA: Final[int] = _choose_beta()


def in_subgroup(point: tuple[int, int]) -> bool:
    """Whether a point of the curve has order r."""
    return _opposite_of_image(point, BETA)
