"""Checking range proofs in this project's group: one multi-scalar multiplication each, or for many.

A batch weighs each equation with a fresh random 128-bit factor: a false one hides among true
ones with probability 2**-128.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from equipoise.proofs.errors import Invalid
from equipoise.proofs.generators import vectors
from equipoise.proofs.group import IDENTITY, ORDER, G, H, Point, U, msm
from equipoise.proofs.rangeproof import Challenger, Equation, RangeProof, absorb_statement, check_size, collect, replay


def equation_of(transcript: Challenger, proof: RangeProof, values: Sequence[Point], bits: int) -> Equation:
    """Replay the transcript and collect the equation; Invalid proof-size or challenge-zero."""
    check_size(proof, bits, len(values))
    absorb_statement(transcript, bits, [v.data for v in values])
    return collect(proof, values, bits, replay(transcript, proof), ORDER)


def holds(equation: Equation) -> bool:
    """Whether the equation's sum is the identity."""
    left, right = vectors(len(equation.left))
    points = [G, H, U, *left, *right, *(p.raw for p, _ in equation.points)]
    factors = [equation.g, equation.h, equation.u, *equation.left, *equation.right]
    return bool(msm(points, factors + [f for _, f in equation.points]) == IDENTITY)


def check_range(transcript: Challenger, proof: RangeProof, values: Sequence[Point], bits: int) -> None:
    """Check one proof; Invalid proof-size, challenge-zero or range-equation."""
    if not holds(equation_of(transcript, proof, values, bits)):
        raise Invalid("range-equation", "range")


class Batch:
    """Equations to be checked together: cheaper than one by one, but does not say which failed."""

    def __init__(self, random: Callable[[int], int] = secrets.randbits) -> None:
        self._random = random
        self._sum = Equation(0, 0, 0, [], [], [])

    def add(self, equation: Equation) -> None:
        """Take an equation in, weighted at random."""
        weight = self._random(128) | 1
        total = self._sum
        total.g += weight * equation.g
        total.h += weight * equation.h
        total.u += weight * equation.u
        total.left = _added(total.left, equation.left, weight)
        total.right = _added(total.right, equation.right, weight)
        total.points += [(p, weight * f % ORDER) for p, f in equation.points]

    def check(self) -> None:
        """Invalid range-equation unless all that were added hold."""
        t = self._sum
        whole = Equation(t.g % ORDER, t.h % ORDER, t.u % ORDER, t.left, t.right, t.points)
        if not holds(whole):
            raise Invalid("range-equation", "batch")


def _added(total: list[int], more: list[int], weight: int) -> list[int]:
    size = max(len(total), len(more))
    total = total + [0] * (size - len(total))
    more = more + [0] * (size - len(more))
    return [(a + weight * b) % ORDER for a, b in zip(total, more, strict=True)]
