"""Making range proofs: bits, polynomial, then the inner-product argument (SPEC.md, section 10).

Not constant time, as `group` says: the bits of the values are added or subtracted in equal
number, but Python and the multi-scalar multiplication do not run alike for all scalars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from py_arkworks_bls12381 import G1Point

from equipoise.proofs.errors import LimitExceeded
from equipoise.proofs.generators import vectors
from equipoise.proofs.group import IDENTITY, ORDER, H, Point, U, commit, msm, scalar, tables
from equipoise.proofs.innerproduct import Basis, inner, prove_inner, say
from equipoise.proofs.prf import Nonces
from equipoise.proofs.rangeproof import Challenger, RangeProof, absorb_statement, powers


def prove_range(
    transcript: Challenger, openings: Sequence[tuple[int, int]], values: Sequence[Point], bits: int, nonces: Nonces
) -> RangeProof:
    """Prove that each opening's value is in [0, 2**bits).

    ``openings`` are (value, blinding) of ``values``, a power of two of them. Raises
    LimitExceeded for a value out of range (which is not named: it is secret).
    """
    for index, (value, _) in enumerate(openings):
        if not 0 <= value < 1 << bits:
            raise LimitExceeded(f"value {index} of the range proof does not fit {bits} bits")
    absorb_statement(transcript, bits, [v.data for v in values])
    return _prove(transcript, openings, bits, nonces)


@dataclass(frozen=True)
class _Bits:
    """The two vectors of the bits, their masks, and the masks of the commitments to them."""

    ones: list[int]
    s_l: list[int]
    s_r: list[int]
    alpha: int
    rho: int


@dataclass(frozen=True)
class _Lines:
    """l(X) = l_0 + l_1 X and r(X) = r_0 + r_1 X, coefficient by coefficient."""

    l_0: list[int]
    l_1: list[int]
    r_0: list[int]
    r_1: list[int]

    def at(self, x: int) -> tuple[list[int], list[int]]:
        """Both vectors at X = x."""
        l_x = [(p + s * x) % ORDER for p, s in zip(self.l_0, self.l_1, strict=True)]
        r_x = [(p + s * x) % ORDER for p, s in zip(self.r_0, self.r_1, strict=True)]
        return l_x, r_x


def _lines(held: _Bits, bits: int, y_powers: list[int], z_powers: list[int]) -> _Lines:
    z = z_powers[1]
    l_0 = [(bit - z) % ORDER for bit in held.ones]
    r_0 = [
        (y_powers[i] * (bit - 1 + z) + z_powers[2 + i // bits] * (1 << i % bits)) % ORDER
        for i, bit in enumerate(held.ones)
    ]
    return _Lines(l_0, held.s_l, r_0, [p * s % ORDER for p, s in zip(y_powers, held.s_r, strict=True)])


def _prove(transcript: Challenger, openings: Sequence[tuple[int, int]], bits: int, nonces: Nonces) -> RangeProof:
    size = bits * len(openings)
    left, right = vectors(size)
    ones = [value >> i & 1 for value, _ in openings for i in range(bits)]
    alpha, rho = nonces.next(), nonces.next()
    held = _Bits(ones, [nonces.next() for _ in range(size)], [nonces.next() for _ in range(size)], alpha, rho)
    a_point = _commit_bits(ones, alpha, left, right)
    s_point = Point(msm([H, *left, *right], [rho, *held.s_l, *held.s_r]))
    say(transcript, A=a_point, S=s_point)
    y, z = transcript.challenge(b"y"), transcript.challenge(b"z")

    z_powers = powers(z, len(openings) + 2, ORDER)
    lines = _lines(held, bits, powers(y, size, ORDER), z_powers)
    t_1, t_2 = (inner(lines.l_0, lines.r_1) + inner(lines.l_1, lines.r_0)) % ORDER, inner(lines.l_1, lines.r_1)
    tau_1, tau_2 = nonces.next(), nonces.next()
    t1_point, t2_point = Point(_com(t_1, tau_1)), Point(_com(t_2, tau_2))
    say(transcript, T1=t1_point, T2=t2_point)
    x = transcript.challenge(b"x")

    l_x, r_x = lines.at(x)
    t_x = inner(l_x, r_x)
    tau = (tau_2 * x * x + tau_1 * x + sum(z_powers[2 + j] * r for j, (_, r) in enumerate(openings))) % ORDER
    mu = (alpha + rho * x) % ORDER
    say(transcript, t_x=t_x, tau=tau, mu=mu)
    q = U * scalar(transcript.challenge(b"w"))
    g, h = Basis(left, [1] * size), Basis(right, powers(pow(y, -1, ORDER), size, ORDER))
    rounds, a, b = prove_inner(transcript, g, h, q, l_x, r_x)
    say(transcript, a=a, b=b)
    transcript.challenge(b"c")
    return RangeProof(a_point, s_point, t1_point, t2_point, t_x, tau, mu, tuple(rounds), a, b)


def _com(value: int, blinding: int) -> G1Point:
    of_g, of_h = tables()
    return of_g.times(value) + of_h.times(blinding)


def _commit_bits(ones: Sequence[int], alpha: int, left: Sequence[G1Point], right: Sequence[G1Point]) -> Point:
    """alpha H + <a_L, G> + <a_L - 1, H>: one addition for each bit, of -H_i or G_i, both made beforehand."""
    total = commit(0, alpha)
    for bit, choice in zip(ones, [(IDENTITY - h, g) for g, h in zip(left, right, strict=True)], strict=True):
        total = total + choice[bit]
    return Point(total)
