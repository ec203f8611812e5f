"""Making range proofs: bits, polynomial, and the inner-product argument (SPEC.md, section 10).

Folding the generators costs most: G_lo / u + u G_hi would be two multiplications for each
generator. Here each round folds G_lo + u^2 G_hi and carries the factor 1/u aside in the
scalars, which halves it.

Not constant time, as `group` says: the bits of the values are added or subtracted in equal
number, but Python and the multi-scalar multiplication do not run alike for all scalars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from py_arkworks_bls12381 import G1Point

from equipoise.proofs.errors import LimitExceeded
from equipoise.proofs.generators import vectors
from equipoise.proofs.group import IDENTITY, ORDER, H, Point, U, commit, encode_scalar, msm, scalar, tables
from equipoise.proofs.prf import Nonces
from equipoise.proofs.rangeproof import Challenger, Pair, RangeProof, absorb_statement, powers


def inner(a: Sequence[int], b: Sequence[int]) -> int:
    """<a, b> modulo r."""
    return sum(x * y for x, y in zip(a, b, strict=True)) % ORDER


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
    _say(transcript, A=a_point, S=s_point)
    y, z = transcript.challenge(b"y"), transcript.challenge(b"z")

    z_powers = powers(z, len(openings) + 2, ORDER)
    lines = _lines(held, bits, powers(y, size, ORDER), z_powers)
    t_1, t_2 = (inner(lines.l_0, lines.r_1) + inner(lines.l_1, lines.r_0)) % ORDER, inner(lines.l_1, lines.r_1)
    tau_1, tau_2 = nonces.next(), nonces.next()
    t1_point, t2_point = Point(_com(t_1, tau_1)), Point(_com(t_2, tau_2))
    _say(transcript, T1=t1_point, T2=t2_point)
    x = transcript.challenge(b"x")

    l_x, r_x = lines.at(x)
    t_x = inner(l_x, r_x)
    tau = (tau_2 * x * x + tau_1 * x + sum(z_powers[2 + j] * r for j, (_, r) in enumerate(openings))) % ORDER
    mu = (alpha + rho * x) % ORDER
    _say(transcript, t_x=t_x, tau=tau, mu=mu)
    q = U * scalar(transcript.challenge(b"w"))
    y_inverse = powers(pow(y, -1, ORDER), size, ORDER)
    rounds, a, b = _inner_product(transcript, left, right, y_inverse, q, l_x, r_x)
    _say(transcript, a=a, b=b)
    transcript.challenge(b"c")
    return RangeProof(a_point, s_point, t1_point, t2_point, t_x, tau, mu, tuple(rounds), a, b)


def _say(transcript: Challenger, **messages: Point | int) -> None:
    """Absorb messages in the order given, labelled by their names."""
    for label, message in messages.items():
        data = encode_scalar(message) if isinstance(message, int) else message.data
        transcript.append(label.encode(), data)


def _com(value: int, blinding: int) -> G1Point:
    of_g, of_h = tables()
    return of_g.times(value) + of_h.times(blinding)


def _commit_bits(ones: Sequence[int], alpha: int, left: Sequence[G1Point], right: Sequence[G1Point]) -> Point:
    """alpha H + <a_L, G> + <a_L - 1, H>: one addition for each bit, of -H_i or G_i, both made beforehand."""
    total = commit(0, alpha)
    for bit, choice in zip(ones, [(IDENTITY - h, g) for g, h in zip(left, right, strict=True)], strict=True):
        total = total + choice[bit]
    return Point(total)


def _inner_product(
    transcript: Challenger,
    g: list[G1Point],
    h: list[G1Point],
    h_factors: list[int],
    q: G1Point,
    a: list[int],
    b: list[int],
) -> tuple[list[Pair], int, int]:
    """Reduce <a, b> to two scalars.

    The generators in use are g_factor[i] * g[i] and h_factors[i] * h[i]: the factors start as
    1 and y**-i and take up what folding does not do on the curve.
    """
    g_factor = 1
    rounds: list[Pair] = []
    while len(a) > 1:
        half = len(a) // 2
        pair = _round(g, h, g_factor, h_factors, q, a, b)
        _say(transcript, L=pair.left, R=pair.right)
        u = transcript.challenge(b"u")
        inverse = pow(u, -1, ORDER)
        a = [(u * p + inverse * r) % ORDER for p, r in zip(a[:half], a[half:], strict=True)]
        b = [(inverse * p + u * r) % ORDER for p, r in zip(b[:half], b[half:], strict=True)]
        # G' = G_lo / u + u G_hi = (G_lo + u^2 G_hi) / u
        square = scalar(u * u % ORDER)
        g = [lo + hi * square for lo, hi in zip(g[:half], g[half:], strict=True)]
        g_factor = g_factor * inverse % ORDER
        # H' = u f_lo H_lo + f_hi H_hi / u = u f_lo (H_lo + (f_hi / f_lo) / u^2 H_hi); f_hi / f_lo is one constant
        step = scalar(h_factors[half] * pow(h_factors[0], -1, ORDER) % ORDER * inverse % ORDER * inverse % ORDER)
        h = [lo + hi * step for lo, hi in zip(h[:half], h[half:], strict=True)]
        h_factors = [f * u % ORDER for f in h_factors[:half]]
        rounds.append(pair)
    return rounds, a[0], b[0]


def _round(
    g: list[G1Point], h: list[G1Point], g_factor: int, h_factors: list[int], q: G1Point, a: list[int], b: list[int]
) -> Pair:
    half = len(a) // 2
    a_lo, a_hi, b_lo, b_hi = a[:half], a[half:], b[:half], b[half:]
    h_lo, h_hi = h_factors[:half], h_factors[half:]
    left = msm(
        [*g[half:], *h[:half], q],
        [
            *(x * g_factor % ORDER for x in a_lo),
            *(x * f % ORDER for x, f in zip(b_hi, h_lo, strict=True)),
            inner(a_lo, b_hi),
        ],
    )
    right = msm(
        [*g[:half], *h[half:], q],
        [
            *(x * g_factor % ORDER for x in a_hi),
            *(x * f % ORDER for x, f in zip(b_lo, h_hi, strict=True)),
            inner(a_hi, b_lo),
        ],
    )
    return Pair(Point(left), Point(right))
