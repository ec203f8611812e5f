"""The arithmetic against py_ecc's own, slower one, and points that a subgroup check has to refuse."""

import random
from functools import reduce

import pytest
from py_ecc import optimized_bls12_381 as reference
from py_ecc.bls.point_compression import compress_G1, decompress_G1

from equipoise.proofs.independent import curve
from equipoise.proofs.independent.curve import BETA, B, P, Point, R, add, in_subgroup, multiply, neg, on_curve
from equipoise.proofs.independent.encoding import INFINITY, decode_point, decode_scalar, encode_point
from equipoise.proofs.independent.msm import msm, signed_digits, window_width
from equipoise.proofs.independent.verdict import MalformedError

COFACTOR = (curve.PARAMETER + 1) ** 2 // 3
BASE = curve.base_point()
RANDOM = random.Random(6)


def to_reference(point: Point) -> object:
    if point is None:
        return reference.Z1
    return reference.FQ(point[0]), reference.FQ(point[1]), reference.FQ(1)


def from_reference(point: object) -> Point:
    if reference.is_inf(point):
        return None
    x, y = reference.normalize(point)
    return int(x.n), int(y.n)


def any_point_of_the_curve(seed: int) -> tuple[int, int]:
    """A point of the whole curve, as good as never in the subgroup."""
    x = seed
    while True:
        square = (x**3 + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            return x, y
        x += 1


def point_of_order(factor: int) -> tuple[int, int]:
    """A point of small prime order, `factor` dividing the cofactor."""
    rest = R * COFACTOR
    while rest % factor == 0:
        rest //= factor
    for seed in range(1, 200):
        point = multiply(any_point_of_the_curve(seed), rest)
        while point is not None and multiply(point, factor) is not None:
            point = multiply(point, factor)  # its order was a power of the factor
        if point is not None:
            return point
    raise AssertionError(f"no point of order {factor}")


def test_sums_agree_with_py_ecc() -> None:
    points: list[Point] = [None, BASE, neg(BASE), multiply(BASE, 2), multiply(BASE, 5), any_point_of_the_curve(9)]
    for a in points:
        for b in points:
            assert add(a, b) == from_reference(reference.add(to_reference(a), to_reference(b)))
    assert multiply(None, 7) is None
    assert multiply(BASE, 0) is None
    assert multiply(BASE, R) is None
    scalar = RANDOM.randrange(R)
    assert multiply(BASE, scalar) == from_reference(reference.multiply(to_reference(BASE), scalar))


def test_jacobian_sums_treat_equal_and_opposite_points() -> None:
    scaled = (BASE[0] * 4 % P, BASE[1] * 8 % P, 2)
    opposite = (scaled[0], P - scaled[1], 2)
    twice = multiply(BASE, 2)
    assert curve.to_affine(curve.jacobian_add(scaled, (*BASE, 1))) == twice
    assert curve.to_affine(curve.jacobian_add_affine(scaled, BASE)) == twice
    assert curve.to_affine(curve.jacobian_add(opposite, (*BASE, 1))) is None
    assert curve.to_affine(curve.jacobian_add_affine(opposite, BASE)) is None
    assert curve.to_affine(curve.jacobian_double(curve.ZERO)) is None
    assert curve.jacobian_add(scaled, curve.ZERO) == scaled


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 12, 20, 33, 70])
def test_msm_is_the_plain_sum(count: int) -> None:
    points = [multiply(BASE, 1 + i // 2) for i in range(count)]  # each twice: doublings within buckets
    scalars = [RANDOM.choice([RANDOM.randrange(R), R - 1, 0, 1, -RANDOM.randrange(2**60), R]) for _ in points]
    plain = reduce(add, (multiply(p, k % R) for p, k in zip(points, scalars, strict=True)), None)
    assert msm(zip(scalars, points, strict=True)) == plain


def test_msm_of_opposite_terms_is_the_identity() -> None:
    other = multiply(BASE, 77)
    assert msm([(5, BASE), (-5, BASE), (9, other), (9, neg(other)), (3, None)]) is None
    assert msm([(R - 1, BASE), (1, BASE), (1, other)]) == other


@pytest.mark.parametrize("width", range(2, 15))
def test_digits_hold_every_scalar(width: int) -> None:
    for scalar in (0, 1, R - 1, R // 2, 2**254, 2**254 - 1, RANDOM.randrange(R)):
        digits = signed_digits(scalar, width)
        assert sum(d << width * i for i, d in enumerate(digits)) == scalar
        assert all(-(1 << width - 1) <= d < 1 << width - 1 for d in digits)


def test_windows_widen_with_the_number_of_points() -> None:
    widths = [window_width(count) for count in (1, 10, 100, 1000, 10_000)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_the_endomorphism_is_what_the_check_needs() -> None:
    assert pow(BETA, 3, P) == 1 != BETA
    u = curve.PARAMETER
    assert u**4 - u**2 + 1 == R
    for scalar in (1, 2, RANDOM.randrange(R)):
        point = multiply(BASE, scalar)
        assert point is not None
        assert multiply(point, u * u % R) == neg((BETA * point[0] % P, point[1]))
        assert in_subgroup(point)


@pytest.mark.parametrize("factor", [3, 11, 10177, 859267, 52437899])
def test_points_of_small_order_are_refused(factor: int) -> None:
    small = point_of_order(factor)
    assert COFACTOR % factor == 0
    assert on_curve(*small)
    assert not in_subgroup(small)
    mixed = add(small, BASE)  # of order r · factor
    assert mixed is not None
    assert not in_subgroup(mixed)
    assert multiply(mixed, R) is not None
    with pytest.raises(MalformedError, match="point-subgroup"):
        decode_point(encode_point(mixed))


def test_points_that_py_ecc_lets_through_are_refused() -> None:
    for seed in (4, 1000, 31337):
        outside = any_point_of_the_curve(seed)
        assert from_reference(decompress_G1(int.from_bytes(encode_point(outside), "big"))) == outside
        with pytest.raises(MalformedError, match="point-subgroup"):
            decode_point(encode_point(outside))


def test_encoding_agrees_with_py_ecc() -> None:
    for scalar in (1, 2, R - 1, R - 2, RANDOM.randrange(R)):
        point = multiply(BASE, scalar)
        data = encode_point(point)
        assert int.from_bytes(data, "big") == compress_G1(to_reference(point))
        assert decode_point(data) == point
    assert encode_point(None) == INFINITY
    assert decode_point(INFINITY, identity_allowed=True) is None


GOOD = encode_point(BASE)
NO_SQUARE = next(x for x in range(50) if pow(x**3 + B, (P - 1) // 2, P) == P - 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes([GOOD[0] & 0x7F]) + GOOD[1:], "point-encoding"),
        (bytes(48), "point-encoding"),
        (b"\xff" * 48, "point-encoding"),
        (b"\x40" + bytes(47), "point-encoding"),
        (b"\xe0" + bytes(47), "point-encoding"),
        (b"\xc0" + bytes(46) + b"\1", "point-encoding"),
        (bytes([GOOD[0] | 0x40]) + GOOD[1:], "point-encoding"),
        (((1 << 383) | P).to_bytes(48, "big"), "point-encoding"),
        (((1 << 383) | (P + 1)).to_bytes(48, "big"), "point-encoding"),
        (((1 << 383) | NO_SQUARE).to_bytes(48, "big"), "point-encoding"),
        (INFINITY, "point-identity"),
        (b"\x80" + bytes(47), "point-subgroup"),  # x = 0, y = 2: of order three
    ],
)
def test_wrong_points(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_point(data)
    assert caught.value.reason == reason


def test_the_sign_bit_picks_the_other_point() -> None:
    assert decode_point(bytes([GOOD[0] ^ 0x20]) + GOOD[1:]) == neg(BASE)


def test_scalars() -> None:
    assert decode_scalar(bytes(32)) == 0
    assert decode_scalar((R - 1).to_bytes(32, "big")) == R - 1
    for value in (R, R + 1, 2**256 - 1):
        with pytest.raises(MalformedError, match="scalar-range"):
            decode_scalar(value.to_bytes(32, "big"))
