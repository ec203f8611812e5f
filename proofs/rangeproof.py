"""The aggregated range proof: each of m commitments holds a value in [0, 2**n).

Bulletproofs (Bünz, Bootle, Boneh, Poelstra, Wuille, Maxwell 2018), section 4.2, over the
inner-product argument of section 3, as SPEC.md section 10 writes it out. With bits a_L of all
values and a_R = a_L - 1, three facts are folded into one inner product by the challenges y, z:

    a_L o a_R = 0,  a_R = a_L - 1,  <a_L, 2^n> = v_j  for each j
    t(X) = <l(X), r(X)>,  t_0 = sum_j z^(1+j) v_j + delta(y, z)

and the two vectors are then shown in 2 log2(nm) points. The verifier's work is one
multi-scalar multiplication, whose terms `Terms` collects; several proofs can share one
(`Batch`), each weighted by a random factor of the verifier.

Group and transcript are whatever is passed in: the tests run ristretto255 with Merlin
through `collect`, against another project's frozen proofs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from equipoise.proofs.codec import Many, Nested, Struct
from equipoise.proofs.digest import u32
from equipoise.proofs.elements import FieldScalar, GroupElement
from equipoise.proofs.errors import Invalid
from equipoise.proofs.group import Point

MAX_ROUNDS = 12


class Challenger(Protocol):
    """What the protocol needs of a transcript."""

    def append(self, label: bytes, data: bytes) -> None: ...  # noqa: D102
    def challenge(self, label: bytes) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class Pair(Struct):
    """One round's two points."""

    left: Any
    right: Any

    FIELDS = (("left", GroupElement()), ("right", GroupElement()))


@dataclass(frozen=True)
class RangeProof(Struct):
    """SPEC.md, section 10; 192 + 96 + 96 k + 65 bytes for n m = 2**k."""

    a: Any
    s: Any
    t_1: Any
    t_2: Any
    t_x: int
    tau: int
    mu: int
    rounds: tuple[Pair, ...]
    last_a: int
    last_b: int

    FIELDS = (
        ("a", GroupElement()),
        ("s", GroupElement()),
        ("t_1", GroupElement()),
        ("t_2", GroupElement()),
        ("t_x", FieldScalar()),
        ("tau", FieldScalar()),
        ("mu", FieldScalar()),
        ("rounds", Many(1, Nested(Pair), 1, MAX_ROUNDS)),
        ("last_a", FieldScalar()),
        ("last_b", FieldScalar()),
    )


@dataclass
class Equation:
    """A sum that must be the identity: factors of the fixed generators, and of given points."""

    g: int
    h: int
    u: int
    left: list[int]
    right: list[int]
    points: list[tuple[Any, int]]


@dataclass(frozen=True)
class Challenges:
    """The verifier's messages of one proof."""

    y: int
    z: int
    x: int
    w: int
    rounds: tuple[int, ...]
    c: int


def absorb_statement(transcript: Challenger, bits: int, values: Sequence[bytes]) -> None:
    """Absorb width, number and the commitments' encodings: before any challenge."""
    transcript.append(b"n", u32(bits))
    transcript.append(b"m", u32(len(values)))
    for value in values:
        transcript.append(b"V", value)


def replay(transcript: Challenger, proof: RangeProof) -> Challenges:
    """The challenges that a proof was made under, every message absorbed before the next."""

    def point(label: bytes, value: Point) -> None:
        transcript.append(label, value.data)

    def scalar(label: bytes, value: int) -> None:
        transcript.append(label, value.to_bytes(32, "big"))

    point(b"A", proof.a)
    point(b"S", proof.s)
    y, z = transcript.challenge(b"y"), transcript.challenge(b"z")
    point(b"T1", proof.t_1)
    point(b"T2", proof.t_2)
    x = transcript.challenge(b"x")
    scalar(b"t_x", proof.t_x)
    scalar(b"tau", proof.tau)
    scalar(b"mu", proof.mu)
    w = transcript.challenge(b"w")
    rounds = []
    for pair in proof.rounds:
        point(b"L", pair.left)
        point(b"R", pair.right)
        rounds.append(transcript.challenge(b"u"))
    scalar(b"a", proof.last_a)
    scalar(b"b", proof.last_b)
    return Challenges(y, z, x, w, tuple(rounds), transcript.challenge(b"c"))


def check_size(proof: RangeProof, bits: int, count: int) -> None:
    """Invalid proof-size unless the number of rounds fits n m."""
    if 1 << len(proof.rounds) != bits * count:
        raise Invalid("proof-size", "range.rounds", f"{len(proof.rounds)} rounds for {bits} x {count} bits")


def powers(base: int, count: int, order: int) -> list[int]:
    """1, base, base**2, ... (``count`` of them)."""
    out, now = [], 1
    for _ in range(count):
        out.append(now)
        now = now * base % order
    return out


def sum_of_powers(base: int, doublings: int, order: int) -> int:
    """1 + base + ... + base**(2**doublings - 1), as the product of all 1 + base**(2**i)."""
    total = 1
    for _ in range(doublings):
        total = total * (1 + base) % order
        base = base * base % order
    return total


def fold_factors(rounds: Sequence[int], inverses: Sequence[int], order: int) -> list[int]:
    """s_i = product of u_l**(+-1), + where bit (k - l) of i is set; the first challenge is the top bit."""
    out = [1]
    for u, inverse in zip(rounds, inverses, strict=True):
        out = [x * f % order for x in out for f in (inverse, u)]
    return out


def collect(proof: RangeProof, values: Sequence[Any], bits: int, ch: Challenges, order: int) -> Equation:
    """The final equation of SPEC.md, section 10, as factors; nothing is multiplied out here."""
    count = len(values)
    size = bits * count
    inverses = [pow(u, -1, order) for u in ch.rounds]
    s = fold_factors(ch.rounds, inverses, order)
    s_inverse = s[::-1]  # 1 / s_i = s_(N-1-i)
    y_inverse = powers(pow(ch.y, -1, order), size, order)
    z_powers = powers(ch.z, count + 3, order)
    z, x, c, w = ch.z, ch.x, ch.c, ch.w
    of_bits = (1 << bits) - 1
    delta = (z - z_powers[2]) * sum_of_powers(ch.y, len(ch.rounds), order) - sum(z_powers[3 : count + 3]) * of_bits
    slope = [z_powers[2 + j] << i for j in range(count) for i in range(bits)]
    a, b = proof.last_a, proof.last_b
    points: list[tuple[Any, int]] = [
        (proof.a, 1),
        (proof.s, x),
        (proof.t_1, c * x % order),
        (proof.t_2, c * x % order * x % order),
        *((v, c * z_powers[2 + j] % order) for j, v in enumerate(values)),
    ]
    for pair, u, inverse in zip(proof.rounds, ch.rounds, inverses, strict=True):
        points += [(pair.left, u * u % order), (pair.right, inverse * inverse % order)]
    return Equation(
        g=c * (delta - proof.t_x) % order,
        h=(-proof.mu - c * proof.tau) % order,
        u=w * (proof.t_x - a * b) % order,
        left=[(-z - a * si) % order for si in s],
        right=[(z + yi * (k - b * si)) % order for yi, k, si in zip(y_inverse, slope, s_inverse, strict=True)],
        points=points,
    )
