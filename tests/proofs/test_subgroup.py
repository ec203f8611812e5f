"""The subgroup checked for many points at once: finds what one by one finds, and says the same of it."""

from __future__ import annotations

import random
from functools import reduce

import pytest
from py_arkworks_bls12381 import G1Point, Scalar

from equipoise.proofs.audit import Audit, AuditLeaf
from equipoise.proofs.codec import FRAME_BYTES, Many, Nested
from equipoise.proofs.elements import GroupElement, ManyPoints
from equipoise.proofs.errors import Malformed
from equipoise.proofs.group import IDENTITY, INFINITY, ORDER, G, H, Point
from equipoise.proofs.subgroup import FEWEST, ROUNDS, all_inside, subset_sums
from equipoise.proofs.vectors.mutate import NOT_ON_CURVE, ORDER_THREE

COFACTOR = 0x396C8C005555E1568C00AAAB0000AAAB
LEAVES = FEWEST // 2 + 10
LEAF_BYTES = 144


def torsion(order: int) -> G1Point:
    """A point of this order, which divides the cofactor, from the first x whose point has such a part."""
    rest = COFACTOR
    while rest % order == 0:
        rest //= order
    for x in range(2, 100):
        try:
            point = G1Point.from_compressed_bytes_unchecked(bytes([0x80]) + bytes(46) + bytes([x]))
        except ValueError:
            continue
        part = point * Scalar(ORDER - 1) + point  # r times the point: what it has beside the subgroup
        part = part * Scalar(rest)
        if part != IDENTITY:
            assert part * Scalar(order) == IDENTITY
            return part
    raise AssertionError("no such point")


def inside(count: int) -> list[G1Point]:
    points = [G]
    while len(points) < count:
        points.append(points[-1] + H)
    return points


def test_sums_are_those_of_the_subsets() -> None:
    points, subsets = inside(400), random.Random(1).randbytes(400)
    for k, total in enumerate(subset_sums(points, subsets)):
        chosen = [point for point, subset in zip(points, subsets, strict=True) if subset >> 7 - k & 1]
        assert total == reduce(G1Point.__add__, chosen, IDENTITY)


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1, FEWEST, 3 * FEWEST])
def test_points_inside_pass(count: int) -> None:
    assert all_inside(inside(count)[:count])


@pytest.mark.parametrize("order", [3, 11, 10177, COFACTOR])
@pytest.mark.parametrize("times", [1, 2, 3, 11])
def test_points_outside_are_found_though_they_cancel(order: int, times: int) -> None:
    """Three of order three, eleven of order eleven, and a point with its opposite, add up to nothing."""
    small = torsion(order)
    for count in (FEWEST - 1, FEWEST):
        points = inside(count)
        for i in range(times):
            points[7 * i] = points[7 * i] + small
        assert not all_inside(points)
        points[3], points[4] = small, -small
        assert not all_inside(points)


def test_one_subset_misses_a_point_half_the_time_and_a_combination_in_a_third() -> None:
    """What the number of rounds rests on, counted on one point of order three."""
    assert ROUNDS * 8 == 128
    points, draw = [*inside(31), torsion(3)], random.Random(2)
    sums = [subset_sums(points, draw.randbytes(32)) for _ in range(50)]
    shown = sum(not total.is_in_subgroup() for eight in sums for total in eight)
    assert 150 < shown < 250  # of 400
    assert (points[-1] * Scalar(3 * 2**100)).is_in_subgroup()  # a combination with such a factor says nothing


def audit_bytes() -> bytes:
    points = [Point(point) for point in inside(2 * LEAVES)]
    leaves = tuple(
        AuditLeaf(i.to_bytes(16, "big"), bytes(32), b, s)
        for i, (b, s) in enumerate(zip(points[::2], points[1::2], strict=True))
    )
    return Audit(bytes(32), leaves).encode()


class OneByOne(Audit):
    """The same object, each point checked as it is read."""

    FIELDS = (("statement", Audit.FIELDS[0][1]), ("leaves", Many(4, Nested(AuditLeaf))))


def fault(kind: type[Audit], data: bytes) -> tuple[str, str]:
    with pytest.raises(Malformed) as caught:
        kind.decode(data)
    return caught.value.reason, caught.value.where.removeprefix(kind.__name__.lower())


def test_the_first_fault_is_the_one_that_is_named() -> None:
    """Points outside, other faults, and the end of the bytes, in every order."""
    assert isinstance(Audit.FIELDS[1][1], ManyPoints)
    assert isinstance(AuditLeaf.FIELDS[2][1], GroupElement)
    whole, draw = audit_bytes(), random.Random(3)
    assert Audit.decode(whole).encode() == whole
    seen = set()
    for _ in range(60):
        data = bytearray(whole)
        for bad in draw.sample([ORDER_THREE, ORDER_THREE, NOT_ON_CURVE, INFINITY], draw.randrange(1, 4)):
            start = FRAME_BYTES + 36 + LEAF_BYTES * draw.randrange(LEAVES) + draw.choice([48, 96])
            data[start : start + 48] = bad
        if draw.random() < 0.3:  # the count says more leaves than there are
            data[FRAME_BYTES + 32 : FRAME_BYTES + 36] = (LEAVES + 1).to_bytes(4, "big")
        elif draw.random() < 0.3:
            data += b"more"
        named = fault(Audit, bytes(data))
        assert named == fault(OneByOne, bytes(data))
        seen.add(named[0])
    assert seen == {"point-subgroup", "point-encoding", "point-identity"}
    for end in (b"", b"\x00"):
        assert fault(Audit, whole[:-1] + end if not end else whole + end)[0] == (
            "trailing-bytes" if end else "truncated"
        )
