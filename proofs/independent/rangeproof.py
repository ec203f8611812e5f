"""Aggregated range proofs: each of m commitments holds a value in [0, 2ⁿ) (SPEC section 10).

Bünz, Bootle, Boneh, Poelstra, Wuille, Maxwell: Bulletproofs (2018), section 4.2, over the inner-product argument of
section 3. The verifier folds nothing: unrolling the k = log₂(nm) rounds, generator Gᵢ ends with exponent sᵢ and H′ᵢ
with sᵢ⁻¹, where sᵢ multiplies u_l or u_l⁻¹ by the bits of i. The two equations of the paper (t_x is the polynomial's
value; the inner product is t_x) are added with the batching challenge c into one sum that has to be the identity:

    A + x·S + Σ (u²·L + u⁻²·R) + c·(Σ z^{1+j}·Vⱼ + x·T1 + x²·T2 + (δ − t_x)·G − τ·H)
      − μ·H + w·(t_x − a·b)·U + Σ (−z − a·sᵢ)·Gᵢ + Σ (z + y⁻ⁱ·(z^{1+j}·2^{i mod n} − b·sᵢ⁻¹))·Hᵢ  =  0
"""

from __future__ import annotations

from dataclasses import dataclass

from .curve import Point, R
from .generators import (
    blinding_generator,
    left_generators,
    product_generator,
    right_generators,
    value_generator,
)
from .msm import msm
from .reader import Reader
from .transcript import Transcript
from .verdict import require

_MOST_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class RangeProof:
    """The proof's points and scalars, named as in the SPEC."""

    a_point: Point
    s_point: Point
    t1: Point
    t2: Point
    t_x: int
    tau: int
    mu: int
    rounds: tuple[tuple[Point, Point], ...]
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Challenges:
    """Everything that the transcript gave."""

    y: int
    z: int
    x: int
    w: int
    u: tuple[int, ...]
    c: int


def read_range_proof(reader: Reader) -> RangeProof:
    """The range proof at the cursor; raises MalformedError."""
    a_point, s_point, t1, t2 = (reader.point(name) for name in ("A", "S", "T1", "T2"))
    t_x, tau, mu = (reader.scalar(name) for name in ("t_x", "tau", "mu"))
    count = reader.uint(1, "k", low=1, high=_MOST_ROUNDS)
    rounds = tuple((reader.point(f"L[{i}]"), reader.point(f"R[{i}]")) for i in range(count))
    a, b = reader.scalar("a"), reader.scalar("b")
    return RangeProof(a_point, s_point, t1, t2, t_x, tau, mu, rounds, a, b)


def check_size(proof: RangeProof, size: int) -> None:
    """Raise InvalidError proof-size unless the proof has the rounds that `size` = n·m asks for."""
    require(1 << len(proof.rounds) == size, "proof-size", f"{len(proof.rounds)} rounds for {size} bits")


def check_range_proof(transcript: Transcript, proof: RangeProof, bits: int, values: list[Point]) -> None:
    """Raise InvalidError unless each of `values` is shown to hold less than 2^bits.

    `transcript` has the prelude and the statement's own appends; the number of values is a power of two.
    """
    check_size(proof, bits * len(values))
    challenges = _challenges(transcript, proof, bits, values)
    terms = _proof_terms(proof, challenges) + _value_terms(proof, challenges, bits, values)
    terms += _vector_terms(proof, challenges, bits, len(values))
    require(msm(terms) is None, "range-equation", "a value is outside its range")


def _challenges(transcript: Transcript, proof: RangeProof, bits: int, values: list[Point]) -> Challenges:
    transcript.append("n", bits.to_bytes(4, "big"))
    transcript.append("m", len(values).to_bytes(4, "big"))
    for value in values:
        transcript.append_point("V", value)
    transcript.append_point("A", proof.a_point)
    transcript.append_point("S", proof.s_point)
    y, z = transcript.challenge("y"), transcript.challenge("z")
    transcript.append_point("T1", proof.t1)
    transcript.append_point("T2", proof.t2)
    x = transcript.challenge("x")
    for label, scalar in (("t_x", proof.t_x), ("tau", proof.tau), ("mu", proof.mu)):
        transcript.append_scalar(label, scalar)
    w = transcript.challenge("w")
    u = []
    for left, right in proof.rounds:
        transcript.append_point("L", left)
        transcript.append_point("R", right)
        u.append(transcript.challenge("u"))
    transcript.append_scalar("a", proof.a)
    transcript.append_scalar("b", proof.b)
    return Challenges(y, z, x, w, tuple(u), transcript.challenge("c"))


def _proof_terms(proof: RangeProof, ch: Challenges) -> list[tuple[int, Point]]:
    terms = [
        (1, proof.a_point),
        (ch.x, proof.s_point),
        (ch.c * ch.x, proof.t1),
        (ch.c * ch.x * ch.x, proof.t2),
        (-proof.mu - ch.c * proof.tau, blinding_generator()),
        (ch.w * (proof.t_x - proof.a * proof.b), product_generator()),
    ]
    for u, (left, right) in zip(ch.u, proof.rounds, strict=True):
        terms += [(u * u, left), (pow(u, -2, R), right)]
    return terms


def _value_terms(proof: RangeProof, ch: Challenges, bits: int, values: list[Point]) -> list[tuple[int, Point]]:
    """The commitments' terms, and that of G, which holds δ."""
    powers = [pow(ch.z, 2 + j, R) for j in range(len(values))]  # z^{1+j} with j from 1
    sum_of_y = sum(_powers(ch.y, bits * len(values)))
    delta = (ch.z - ch.z * ch.z) * sum_of_y - ch.z * sum(powers) * ((1 << bits) - 1)
    terms = [(ch.c * power, value) for power, value in zip(powers, values, strict=True)]
    return [*terms, (ch.c * (delta - proof.t_x), value_generator())]


def _vector_terms(proof: RangeProof, ch: Challenges, bits: int, count: int) -> list[tuple[int, Point]]:
    size = bits * count
    exponents = _exponents(ch.u)
    inverses = exponents[::-1]  # complementing the bits of i inverts every factor
    inverse_y = _powers(pow(ch.y, -1, R), size)
    offsets = [pow(ch.z, 2 + i // bits, R) << (i % bits) for i in range(size)]
    left = [(-ch.z - proof.a * s, point) for s, point in zip(exponents, left_generators(size), strict=True)]
    right = [
        (ch.z + y * (offset - proof.b * s), point)
        for y, offset, s, point in zip(inverse_y, offsets, inverses, right_generators(size), strict=True)
    ]
    return left + right


def _exponents(challenges: tuple[int, ...]) -> list[int]:
    """s₀ … s_{N−1}: the first challenge goes with the most significant bit of the index, +1 where it is set."""
    values = [1]
    for u in challenges:
        inverse = pow(u, -1, R)
        values = [value * factor % R for value in values for factor in (inverse, u)]
    return values


def _powers(base: int, count: int) -> list[int]:
    values = [1]
    for _ in range(count - 1):
        values.append(values[-1] * base % R)
    return values
