"""Multi-scalar multiplication, Σ kᵢ·Pᵢ: Pippenger's buckets with signed digits.

Each scalar is written in base 2ᶜ with digits in [−2ᶜ⁻¹, 2ᶜ⁻¹). For one digit position, every point (or its opposite)
is added to the bucket of its digit's absolute value; the buckets are then summed with weights 1, 2, 3, … by running
sums. Positions are combined from the top with c doublings each. For N points this costs about
(256/c)·(N + 2ᶜ) additions, and c is the width for which that is least.

Everything that a verifier computes is public, so nothing here is constant-time.
"""

from __future__ import annotations

from collections.abc import Iterable

from .curve import ZERO, Jacobian, P, Point, R, jacobian_add, jacobian_add_affine, jacobian_double, to_affine

_BITS = R.bit_length()


def window_width(count: int) -> int:
    """The digit width, in bits, for which `count` points take the fewest additions."""
    return min(range(2, 15), key=lambda c: (_BITS // c + 1) * (count + (1 << c)))


def signed_digits(scalar: int, width: int) -> list[int]:
    """Digits of a scalar in [0, r), least significant first, each in [−2^(width−1), 2^(width−1)).

    They cover two bits more than r has: balanced digits of 256 bits reach no further than 2²⁵⁶/3 in base 4, which is
    below r, and the last carry would be lost.
    """
    half, full = 1 << (width - 1), 1 << width
    digits = []
    for _ in range((_BITS + 1) // width + 1):
        digit = scalar & (full - 1)
        scalar >>= width
        if digit >= half:
            digit -= full
            scalar += 1
        digits.append(digit)
    return digits


def msm(terms: Iterable[tuple[int, Point]]) -> Point:
    """Σ k·P over (k, P); scalars of any sign are reduced mod r, so the points have to be in the subgroup."""
    live = [(k % R, point) for k, point in terms if point is not None and k % R]
    if not live:
        return None
    width = window_width(len(live))
    columns = [signed_digits(k, width) for k, _ in live]
    points = [point for _, point in live]
    total = ZERO
    for position in reversed(range(len(columns[0]))):
        for _ in range(width):
            total = jacobian_double(total)
        total = jacobian_add(total, _column_sum([row[position] for row in columns], points, 1 << (width - 1)))
    return to_affine(total)


def _column_sum(digits: list[int], points: list[tuple[int, int]], half: int) -> Jacobian:
    buckets = [ZERO] * (half + 1)
    for digit, point in zip(digits, points, strict=True):
        if digit > 0:
            buckets[digit] = jacobian_add_affine(buckets[digit], point)
        elif digit:
            buckets[-digit] = jacobian_add_affine(buckets[-digit], (point[0], P - point[1]))
    running = total = ZERO
    for bucket in reversed(buckets[1:]):
        running = jacobian_add(running, bucket)
        total = jacobian_add(total, running)
    return total
