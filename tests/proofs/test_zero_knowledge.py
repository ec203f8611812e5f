"""A second way to prove a range as an oracle; simulators for false statements; nothing random twice."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from equipoise.proofs.band import BITS, derived
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.errors import Invalid
from equipoise.proofs.generators import vectors
from equipoise.proofs.group import IDENTITY, ORDER, G, H, Point, U, msm
from equipoise.proofs.innerproduct import Basis, inner, prove_inner
from equipoise.proofs.link import TAG as LINK_TAG
from equipoise.proofs.link import Link, check_link_equations, prove_link
from equipoise.proofs.rangecheck import check_range, equation_of, holds
from equipoise.proofs.rangeproof import RangeProof, absorb_statement, powers
from equipoise.proofs.receipt import check_receipt
from equipoise.proofs.statements import Subject
from equipoise.proofs.transcript import Transcript
from equipoise.proofs.vectors.scenes import BAND_TERMS, OPEN_TERMS, closed, full, mixed, orders
from equipoise.proofs.vectors.scenes import IDENTITY as PUBLISHER
from tests.proofs.weakened import Programmed

# --- a second way to prove a range: bit by bit, as a differential oracle -----------------------


def bits_accept(commitment: Point, value: int, blinding: int, bits: int) -> bool:
    """Commit to each bit, prove each is 0 or 1 (interactively, honest verifier), and compare the weighted sum.

    An OR of two Schnorr proofs for each bit; the one that is false is simulated.
    """
    if not 0 <= value < 1 << bits:
        value %= 1 << bits  # the best a cheating prover can do
    blindings = [secrets.randbelow(ORDER) for _ in range(bits - 1)]
    rest = (blinding - sum(r << i + 1 for i, r in enumerate(blindings))) % ORDER
    total = Point(IDENTITY)
    for i, r in enumerate([rest, *blindings]):
        bit = value >> i & 1
        c_i = Point(msm([G, H], [bit, r]))
        total = total + c_i * (1 << i)
        challenge = secrets.randbelow(ORDER)
        fake_c, fake_z, k = (secrets.randbelow(ORDER) for _ in range(3))
        statements = [c_i, c_i - Point(G)]  # one of them is r H
        nonces = [Point(IDENTITY)] * 2
        nonces[bit] = Point(msm([H], [k]))
        nonces[1 - bit] = Point(msm([H], [fake_z])) - statements[1 - bit] * fake_c
        real_c = (challenge - fake_c) % ORDER
        answers = {bit: (real_c, (k + real_c * r) % ORDER), 1 - bit: (fake_c, fake_z)}
        if (answers[0][0] + answers[1][0]) % ORDER != challenge:
            return False
        for which in (0, 1):
            c, z = answers[which]
            if Point(msm([H], [z])) != nonces[which] + statements[which] * c:
                return False
    return total == commitment


@pytest.mark.parametrize(
    ("value", "inside"),
    [(0, True), (1, True), (127, True), (255, True), (256, False), (300, False), (ORDER - 1, False)],
)
def test_range_proof_agrees_with_bit_by_bit(value: int, inside: bool) -> None:
    from equipoise.proofs.rangemake import _prove

    blinding = 4242
    commitment = Point(msm([G, H], [value, blinding]))
    assert bits_accept(commitment, value, blinding, 8) == inside
    transcript = Transcript(b"TEST")
    absorb_statement(transcript, 8, [commitment.data])
    proof = _prove(transcript, [(value, blinding)], 8, PUBLISHER.blinding.nonces(b"t", b""))
    assert holds(equation_of(Transcript(b"TEST"), proof, [commitment], 8)) == inside


# --- zero knowledge: simulators with programmed challenges -------------------------------------


def test_link_is_simulated_without_a_witness() -> None:
    window = closed(OPEN_TERMS, orders(mixed(3)))
    false_total = replace(window.t0, c_b=Point(msm([G, H], [999, 1])))  # not what the leaves sum to
    subject = Subject(window.header, false_total)
    sums = Point(window.top.c_b), Point(window.top.c_s)
    c, z_b, z_s = (secrets.randbelow(ORDER) for _ in range(3))
    t_b = Point(msm([H], [z_b])) - (false_total.c_b - sums[0]) * c
    t_s = Point(msm([H], [z_s])) - (false_total.c_s - sums[1]) * c
    link = Link(b"", b"", *sums, t_b, t_s, z_b, z_s)
    check_link_equations(subject, link, Programmed({b"c": [c]}))
    with pytest.raises(Invalid, match="link-equation"):
        check_link_equations(subject, link, subject.transcript(LINK_TAG, 0))


def simulate_range(value: Point, bits: int) -> tuple[RangeProof, dict[bytes, list[int]]]:
    """The simulator of the paper's theorem: challenges first, then A, T2 solved from the equations."""
    left, right = vectors(bits)
    y, z, x, w, c = (secrets.randbelow(ORDER - 1) + 1 for _ in range(5))
    us = [secrets.randbelow(ORDER - 1) + 1 for _ in range(bits.bit_length() - 1)]
    l_x, r_x = ([secrets.randbelow(ORDER) for _ in range(bits)] for _ in range(2))
    t_x, tau, mu = inner(l_x, r_x), secrets.randbelow(ORDER), secrets.randbelow(ORDER)
    s_point = Point(msm([G], [secrets.randbelow(ORDER)]))
    y_inverse = powers(pow(y, -1, ORDER), bits, ORDER)
    slope = [(z * powers(y, bits, ORDER)[i] + z * z * (1 << i)) % ORDER for i in range(bits)]
    # A + x S - z <1, G> + <z y^n + z^2 2^n, H'> = mu H + <l, G> + <r, H'>
    a_point = (
        Point(
            msm(
                [H, *left, *right],
                [
                    mu,
                    *((p + z) % ORDER for p in l_x),
                    *((p - k) * f % ORDER for p, k, f in zip(r_x, slope, y_inverse, strict=True)),
                ],
            )
        )
        - s_point * x
    )
    delta = ((z - z * z) * sum(powers(y, bits, ORDER)) - pow(z, 3, ORDER) * ((1 << bits) - 1)) % ORDER
    t1 = Point(msm([G], [secrets.randbelow(ORDER)]))
    # t_x G + tau H = z^2 V + delta G + x T1 + x^2 T2
    t2 = (Point(msm([G, H], [(t_x - delta) % ORDER, tau])) - value * (z * z) - t1 * x) * pow(x * x, -1, ORDER)
    script = {b"y": [y], b"z": [z], b"x": [x], b"w": [w], b"u": us, b"c": [c]}
    fold = Programmed({b"u": us})
    g, h = Basis(left, [1] * bits), Basis(right, y_inverse)
    rounds, a, b = prove_inner(fold, g, h, msm([U], [w]), l_x, r_x)
    return RangeProof(a_point, s_point, t1, t2, t_x, tau, mu, tuple(rounds), a, b), script


def test_range_proof_is_simulated_for_a_value_out_of_range() -> None:
    value = Point(msm([G, H], [ORDER - 5, 42]))
    proof, script = simulate_range(value, 16)
    assert holds(equation_of(Programmed(script), proof, [value], 16))  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="range-equation"):
        check_range(Transcript(b"TEST"), proof, [value], 16)


def test_proofs_of_one_statement_share_nothing_random() -> None:
    window = closed(BAND_TERMS, orders(mixed(3)))
    from equipoise.proofs.band import prove_band

    seen: set[object] = set()
    for _ in range(2):
        nonces = PUBLISHER.blinding.nonces(b"band", window.t0.digest)
        proof = prove_band(window, nonces).proof
        link = prove_link(window, PUBLISHER.blinding.nonces(b"link", window.t0.digest))
        new = {proof.a.data, proof.s.data, proof.t_1.data, proof.t_2.data, proof.tau, proof.mu, proof.last_a}
        new |= {link.t_b.data, link.t_s.data, link.z_b, link.z_s}
        assert not seen & new
        seen |= new


def test_hedged_nonces_differ_even_with_broken_randomness() -> None:
    key = PUBLISHER.blinding
    a, b = (key.nonces(b"band", digest, random=bytes).next() for digest in (b"one", b"two"))
    same = key.nonces(b"band", b"one", random=bytes)
    assert a != b
    assert same.next() == a
    assert len({a} | {same.next() for _ in range(50)}) == 51
    assert key.nonces(b"band", b"one").next() != a


def test_receipt_content_is_returned() -> None:
    window = closed(OPEN_TERMS, orders(mixed(3)))
    bundle: Bundle = full(window, [(0, 2)])
    assert bundle.link is not None
    content = check_receipt(bundle.subject, bundle.link, bundle.receipts[0])
    assert content.participant == "trader-2"
    assert BITS == 64
    assert len(derived(Subject(closed(BAND_TERMS, orders(mixed(2))).header, window.t0), 0)) == 8
