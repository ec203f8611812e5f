"""Making the inner-product argument: two vectors shown in 2 log2(n) points (SPEC.md, section 10).

Each round halves the vectors and their generators, G' = G_lo / u + u G_hi. Multiplying that out
took two thirds of a proof's time: n multiplications, and again n of them for the other generators.
Here a `Basis` folds factors instead, which are numbers, and multiplies its points out every fourth
round, sixteen together.

The vectors are masked by the prover and the generators are public, so nothing here depends on
what is hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

from py_arkworks_bls12381 import G1Point

from equipoise.proofs.group import ORDER, Point, encode_scalar, msm
from equipoise.proofs.rangeproof import Challenger, Pair

# Points that stand for one generator when they are multiplied out. Sixteen in one multi-scalar multiplication cost a
# quarter of sixteen by themselves; 8 save rounds over many points, 32 the multiplying out, and neither was faster.
SPREAD = 16


class Basis:
    """``size`` generators; the i-th is the sum of factors[j] * points[j] over all j that are i modulo ``size``."""

    def __init__(self, points: Sequence[G1Point], factors: Sequence[int]) -> None:
        self.points, self.factors, self.size = list(points), list(factors), len(points)

    def terms(self, vector: Sequence[int], start: int) -> tuple[list[G1Point], list[int]]:
        """Points and factors whose sum is <vector, the generators from ``start`` on>."""
        points: list[G1Point] = []
        factors: list[int] = []
        for at in range(start, len(self.points), self.size):
            end = at + len(vector)
            points += self.points[at:end]
            factors += [x * f % ORDER for x, f in zip(vector, self.factors[at:end], strict=True)]
        return points, factors

    def fold(self, low: int, high: int) -> None:
        """Halve: generator i becomes low times itself plus high times the one half the size further on."""
        self.size //= 2
        self.factors = [f * (high if j & self.size else low) % ORDER for j, f in enumerate(self.factors)]
        if len(self.points) == SPREAD * self.size and self.size > 2:
            self._multiply_out()

    def _multiply_out(self) -> None:
        step = self.size
        self.points = [msm(self.points[i::step], self.factors[i::step]) for i in range(step)]
        self.factors = [1] * step


def inner(a: Sequence[int], b: Sequence[int]) -> int:
    """<a, b> modulo r."""
    return sum(x * y for x, y in zip(a, b, strict=True)) % ORDER


def say(transcript: Challenger, **messages: Point | int) -> None:
    """Absorb messages in the order given, labelled by their names."""
    for label, message in messages.items():
        data = encode_scalar(message) if isinstance(message, int) else message.data
        transcript.append(label.encode(), data)


def prove_inner(
    transcript: Challenger, g: Basis, h: Basis, q: G1Point, a: list[int], b: list[int]
) -> tuple[list[Pair], int, int]:
    """Reduce <a, b> to two scalars; ``g`` and ``h`` (of a power of two generators) are used up."""
    rounds: list[Pair] = []
    while len(a) > 1:
        half = len(a) // 2
        a_lo, a_hi, b_lo, b_hi = a[:half], a[half:], b[:half], b[half:]
        pair = Pair(_cross(g, h, q, (a_lo, half), (b_hi, 0)), _cross(g, h, q, (a_hi, 0), (b_lo, half)))
        say(transcript, L=pair.left, R=pair.right)
        u = transcript.challenge(b"u")
        inverse = pow(u, -1, ORDER)
        a = [(u * lo + inverse * hi) % ORDER for lo, hi in zip(a_lo, a_hi, strict=True)]
        b = [(inverse * lo + u * hi) % ORDER for lo, hi in zip(b_lo, b_hi, strict=True)]
        g.fold(inverse, u)
        h.fold(u, inverse)
        rounds.append(pair)
    return rounds, a[0], b[0]


def _cross(g: Basis, h: Basis, q: G1Point, a: tuple[list[int], int], b: tuple[list[int], int]) -> Point:
    """<a, G> + <b, H> + <a, b> Q; with each vector, where its generators start."""
    g_points, g_factors = g.terms(*a)
    h_points, h_factors = h.terms(*b)
    return Point(msm([*g_points, *h_points, q], [*g_factors, *h_factors, inner(a[0], b[0])]))
