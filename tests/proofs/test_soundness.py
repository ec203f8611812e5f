"""Dishonest provers, forgeries against weakened transcripts, and coverage of every absorbed message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from equipoise.proofs.band import BITS, _rows, absorb_band, check_band, derived
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.errors import Invalid
from equipoise.proofs.generators import vectors
from equipoise.proofs.group import ORDER, G, H, Point, U, commit, encode_scalar, msm
from equipoise.proofs.innerproduct import Basis, inner, prove_inner
from equipoise.proofs.link import TAG as LINK_TAG
from equipoise.proofs.link import Link, _challenge, check_link, check_link_equations, prove_link
from equipoise.proofs.prf import Nonces
from equipoise.proofs.rangecheck import check_range
from equipoise.proofs.rangemake import prove_range
from equipoise.proofs.rangeproof import RangeProof, absorb_statement, powers
from equipoise.proofs.statements import Subject
from equipoise.proofs.transcript import Transcript
from equipoise.proofs.vectors.cheats import all_cheats, resigned
from equipoise.proofs.vectors.scenes import BAND_TERMS, OPEN_TERMS, Cheat, closed, fixed_nonces, full, mixed, orders
from equipoise.proofs.vectors.scenes import IDENTITY as PUBLISHER
from equipoise.proofs.verify import verify
from equipoise.proofs.window import Closed
from tests.proofs.weakened import Forgetful


@pytest.mark.parametrize("cheat", all_cheats(), ids=lambda c: c.name)
def test_cheat_is_caught_where_it_should_be(cheat: Cheat) -> None:
    verdict = verify(cheat.make().encode())
    assert verdict.reason == cheat.reason, verdict


# --- proofs do not move between windows, modes, streams, revisions ---------------------------


def test_a_proof_belongs_to_one_statement() -> None:
    base = closed(BAND_TERMS, orders(mixed(3)))
    whole = full(base, audit=False)
    assert whole.band is not None
    assert whole.link is not None
    placed = orders(mixed(3))
    others = {
        "sequence": closed(BAND_TERMS, placed, 0, 1, base.t0.digest),
        "window": closed(BAND_TERMS, placed, 1),
        "revision": closed(BAND_TERMS, placed, revision=1),
        "instrument": closed(replace(BAND_TERMS, instrument="TEST:OTHER"), placed),
        "stream": closed(replace(BAND_TERMS, stream="vectors/2"), placed),
        "bands": closed(replace(BAND_TERMS, edges=(-10, -5, -2, 2, 6, 11)), placed),
    }
    for what, other in others.items():
        subject = Subject(other.header, other.t0)
        with pytest.raises(Invalid, match="range-equation"):
            check_band(subject, replace(whole.band, statement=other.t0.digest))
        with pytest.raises(Invalid, match=r"root-mismatch|link-equation"):
            check_link(subject, replace(whole.link, statement=other.t0.digest))
        assert what


def test_a_range_proof_of_one_tier_is_none_of_another() -> None:
    window = closed(BAND_TERMS, orders(mixed(3)))
    whole = full(window, audit=False)
    assert whole.band is not None
    subject = Subject(window.header, window.t0)
    values = derived(subject, whole.band.index)
    rows = [(1, 0, 0), (0, 1, 0), *_rows(window.header, whole.band.index)[2:]]
    openings = [
        (x * window.buys + y * window.sells + k, (x * window.r_b + y * window.r_s) % ORDER) for x, y, k in rows
    ] + [(0, 0)] * 3
    for tag in (b"RECEIPT", b"LINK"):
        transcript = subject.transcript(tag, 512)
        absorb_band(transcript, window.header, whole.band.index)
        elsewhere = prove_range(transcript, openings, values, BITS, fixed_nonces(window, b"x"))
        with pytest.raises(Invalid, match="range-equation"):
            check_band(subject, replace(whole.band, proof=elsewhere))
    for name, part in (("link", whole.link), ("band", whole.band)):
        other = Bundle(window.header, window.t0, whole.link).encode()
        assert part is not None
        relabelled = bytearray(part.encode())
        for kind in (1, 2, 3, 4, 5, 6, 7):
            if kind != part.TYPE:
                relabelled[4] = kind
                assert not verify(other[:-329] + bytes(relabelled)), name


def test_a_reused_nonce_opens_the_blindings_and_ours_are_not_reused() -> None:
    def delta(make_nonces: Callable[[Closed], Nonces]) -> bool:
        """Whether two links of two windows with one nonce give away the blinding's difference."""
        found = []
        for revision in (0, 1):
            window = closed(OPEN_TERMS, orders(mixed(2)), revision=revision)
            link = prove_link(window, make_nonces(window))
            subject = Subject(window.header, window.t0)
            c = _challenge(subject.transcript(LINK_TAG, 0), (link.sum_b, link.sum_s), (link.t_b, link.t_s))
            found.append((link, c, (window.r_b - sum(x.r_b for x in window.leaves)) % ORDER))
        (a, c_a, d_a), (b, c_b, d_b) = found
        return a.t_b == b.t_b and (a.z_b - b.z_b - c_a * d_a + c_b * d_b) % ORDER == 0

    assert delta(lambda window: PUBLISHER.blinding.nonces(b"link", b"the same", random=bytes))
    assert not delta(lambda window: PUBLISHER.blinding.nonces(b"link", window.t0.digest, random=bytes))


def test_even_the_same_commitments_under_another_header() -> None:
    base = closed(OPEN_TERMS, orders(mixed(3)))
    header = replace(base.header, lot="1")
    moved = resigned(base, base.trees, header=header)
    link = replace(prove_link(base, fixed_nonces(base, b"x")), statement=moved.t0.digest)
    assert moved.t0.root == base.t0.root
    with pytest.raises(Invalid, match="link-equation"):
        check_link(Subject(header, moved.t0), link)


# --- forgeries: they succeed against a transcript with a hole, and fail against ours ----------


def forged_link(subject: Subject, sums: tuple[Point, Point], transcript: Transcript, shift: int) -> tuple[Link, Point]:
    """Weak Fiat-Shamir: choose C_B after the challenge, so that it holds ``shift`` lots more than the leaves."""
    k, z, value = 5, 77, shift
    k_s = 9
    c_s_difference = subject.t0.c_s - sums[1]
    d_s = DIFFERENCE_S[c_s_difference.data]
    t_b = Point(msm([H, G], [k, value]))
    t_s = Point(msm([H], [k_s]))
    c = _challenge(transcript, sums, (t_b, t_s))
    inverse = pow(c, -1, ORDER)
    # z H = T_b + c X with T_b = k H + value G  =>  X = ((z - k) H - value G) / c
    x = Point(msm([H, G], [(z - k) * inverse % ORDER, -value * inverse % ORDER]))
    link = Link(subject.t0.digest, b"", *sums, t_b, t_s, z, (k_s + c * d_s) % ORDER)
    return link, sums[0] + x


DIFFERENCE_S: dict[bytes, int] = {}


@pytest.mark.parametrize("weak", [True, False])
def test_link_forged_by_choosing_the_total_last(weak: bool) -> None:
    window = closed(OPEN_TERMS, orders(mixed(3)))
    subject = Subject(window.header, window.t0)
    sums = Point(window.top.c_b), Point(window.top.c_s)
    d_s = (window.r_s - sum(x.r_s for x in window.leaves)) % ORDER
    DIFFERENCE_S[(subject.t0.c_s - sums[1]).data] = d_s
    hole = frozenset({b"C_B", b"statement"}) if weak else frozenset()

    def transcript(about: Subject) -> Transcript:
        made = Forgetful(LINK_TAG, hole)
        about.absorb(made, made.tag, 0)
        return made

    link, c_b = forged_link(subject, sums, transcript(subject), shift=1_000_000)
    forged = Subject(window.header, replace(window.t0, c_b=c_b))
    if weak:
        check_link_equations(forged, link, transcript(forged))
    else:
        with pytest.raises(Invalid, match="link-equation"):
            check_link_equations(forged, link, transcript(forged))


def forge_range(transcript: Transcript, bits: int) -> tuple[RangeProof, Point]:
    """Frozen heart: with V outside the transcript, solve the t(x) equation for V after the challenges."""
    size = bits
    left, right = vectors(size)
    absorb_statement(transcript, bits, [bytes(48)])
    alpha, rho, tau_1, tau_2, tau = 3, 5, 7, 11, 13
    a_l = [0] * size
    a_point = Point(msm([H, *right], [alpha, *([ORDER - 1] * size)]))
    s_point = Point(msm([H], [rho]))
    transcript.append(b"A", a_point.data)
    transcript.append(b"S", s_point.data)
    y, z = transcript.challenge(b"y"), transcript.challenge(b"z")
    t_1, t_2 = 123, 456  # anything: they are not the polynomial's
    t1, t2 = Point(msm([G, H], [t_1, tau_1])), Point(msm([G, H], [t_2, tau_2]))
    transcript.append(b"T1", t1.data)
    transcript.append(b"T2", t2.data)
    x = transcript.challenge(b"x")
    ys = powers(y, size, ORDER)
    l_x = [(bit - z) % ORDER for bit in a_l]
    r_x = [(ys[i] * (bit - 1 + z) + z * z * (1 << i)) % ORDER for i, bit in enumerate(a_l)]
    t_x, mu = inner(l_x, r_x), (alpha + rho * x) % ORDER
    for label, value in ((b"t_x", t_x), (b"tau", tau), (b"mu", mu)):
        transcript.append(label, encode_scalar(value))
    w = transcript.challenge(b"w")
    y_inverse = powers(pow(y, -1, ORDER), size, ORDER)
    g, h = Basis(left, [1] * size), Basis(right, y_inverse)
    rounds, a, b = prove_inner(transcript, g, h, msm([U], [w]), l_x, r_x)
    delta = ((z - z * z) * sum(ys) - pow(z, 3, ORDER) * ((1 << bits) - 1)) % ORDER
    scale = pow(z * z, -1, ORDER)
    value = (t_x - delta - x * t_1 - x * x * t_2) * scale % ORDER
    blinding = (tau - x * tau_1 - x * x * tau_2) * scale % ORDER
    assert value >= 1 << bits, "the forged value is out of range"
    return RangeProof(a_point, s_point, t1, t2, t_x, tau, mu, tuple(rounds), a, b), Point(
        msm([G, H], [value, blinding])
    )


@pytest.mark.parametrize("weak", [True, False])
def test_range_forged_by_choosing_the_commitment_last(weak: bool) -> None:
    hole = frozenset({b"V"}) if weak else frozenset()
    proof, commitment = forge_range(Forgetful(b"TEST", hole), 8)
    if weak:
        check_range(Forgetful(b"TEST", hole), proof, [commitment], 8)
    else:
        with pytest.raises(Invalid, match="range-equation"):
            check_range(Forgetful(b"TEST", hole), proof, [commitment], 8)


class KnownFactor(Transcript):
    """A transcript whose batching factor is known beforehand; on the prover's side it shifts tau and mu."""

    def __init__(self, known: bool, shift: int = 0) -> None:
        super().__init__(b"TEST")
        self.known, self.shift = known, shift

    def append(self, label: bytes, data: bytes) -> None:
        move = {b"tau": self.shift, b"mu": -7 * self.shift}.get(label, 0)
        if move:
            data = encode_scalar((int.from_bytes(data, "big") + move) % ORDER)
        super().append(label, data)

    def challenge(self, label: bytes) -> int:
        return 7 if label == b"c" and self.known else super().challenge(label)


@pytest.mark.parametrize("weak", [True, False])
def test_batching_factor_known_beforehand_lets_errors_cancel(weak: bool) -> None:
    opening = (5, 99)
    value = Point(commit(*opening))
    shift = 1_000
    honest = prove_range(KnownFactor(weak, shift), [opening], [value], 8, PUBLISHER.blinding.nonces(b"t", b""))
    forged = replace(honest, tau=(honest.tau + shift) % ORDER, mu=(honest.mu - 7 * shift) % ORDER)
    if weak:
        check_range(KnownFactor(weak), forged, [value], 8)
    else:
        with pytest.raises(Invalid, match="range-equation"):
            check_range(KnownFactor(weak), forged, [value], 8)
