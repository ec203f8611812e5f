"""Dishonest provers, forgeries against weakened transcripts, and coverage of every absorbed message."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest

from equipoise.proofs.band import BITS, TAG, _rows, absorb_band, band_equation, check_band, derived
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.errors import Invalid
from equipoise.proofs.generators import generator_digest, vectors
from equipoise.proofs.group import IDENTITY, ORDER, G, H, Point, U, commit, encode_scalar, msm
from equipoise.proofs.link import TAG as LINK_TAG
from equipoise.proofs.link import Link, _challenge, check_link, check_link_equations, prove_link
from equipoise.proofs.prf import Nonces
from equipoise.proofs.rangecheck import Batch, check_range, equation_of, holds
from equipoise.proofs.rangemake import _inner_product, inner, prove_range
from equipoise.proofs.rangeproof import RangeProof, absorb_statement, powers
from equipoise.proofs.receipt import check_receipt
from equipoise.proofs.statements import Subject
from equipoise.proofs.transcript import Transcript
from equipoise.proofs.vectors.cheats import all_cheats, false_band, resigned
from equipoise.proofs.vectors.scenes import BAND_TERMS, OPEN_TERMS, Cheat, closed, fixed_nonces, full, mixed, orders
from equipoise.proofs.vectors.scenes import IDENTITY as PUBLISHER
from equipoise.proofs.verify import verify
from equipoise.proofs.window import Closed
from tests.proofs.weakened import Forgetful, Programmed, Recording


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
    rounds, a, b = _inner_product(transcript, left, right, y_inverse, msm([U], [w]), l_x, r_x)
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


# --- transcript coverage ----------------------------------------------------------------------


def small_proof(transcript: Transcript) -> tuple[RangeProof, list[Point]]:
    openings = [(5, 99), (200, 77)]
    values = [Point(commit(*o)) for o in openings]
    return prove_range(transcript, openings, values, 8, PUBLISHER.blinding.nonces(b"t", b"")), values


def test_dropping_or_moving_any_range_message_is_noticed() -> None:
    whole = Recording(b"TEST")
    proof, values = small_proof(whole)
    check_range(Transcript(b"TEST"), proof, values, 8)
    labels = whole.labels
    assert labels == [
        b"n",
        b"m",
        b"V",
        b"V",
        b"A",
        b"S",
        b"T1",
        b"T2",
        b"t_x",
        b"tau",
        b"mu",
        *[b"L", b"R"] * 4,
        b"a",
        b"b",
    ]
    last_two = len(labels) - 2  # nothing that a prover computes depends on a and b: only c does
    for index in range(last_two):
        proof, values = small_proof(Recording(b"TEST", drop=index))
        with pytest.raises(Invalid, match="range-equation"):
            check_range(Transcript(b"TEST"), proof, values, 8)
    for index in range(last_two - 1):
        if labels[index] == labels[index + 1] and values[0] == values[1]:
            continue
        proof, values = small_proof(Recording(b"TEST", swap=index))
        with pytest.raises(Invalid, match="range-equation"):
            check_range(Transcript(b"TEST"), proof, values, 8)


def test_the_batching_factor_depends_on_the_last_scalars() -> None:
    proof, values = small_proof(Transcript(b"TEST"))
    factors = set()
    for changed in (proof, replace(proof, last_a=1), replace(proof, last_b=1)):
        factors.add(equation_of(Transcript(b"TEST"), changed, values, 8).points[2][1])
    assert len(factors) == 3


def band_with(transcript_type: type[Recording], **hole: int) -> tuple[list[bytes], bool]:
    window = closed(BAND_TERMS, orders(mixed(2)))
    subject = Subject(window.header, window.t0)
    made = transcript_type(TAG, **hole)
    subject.absorb(made, made.tag, 512)
    absorb_band(made, window.header, 3)
    theirs = subject.transcript(TAG, 512)
    absorb_band(theirs, window.header, 3)
    return made.labels, made.challenge(b"y") == theirs.challenge(b"y")


def test_dropping_or_moving_any_message_of_the_prelude_changes_every_challenge() -> None:
    labels, same = band_with(Recording)
    assert labels == [b"suite", b"generators", b"header", b"root", b"statement", b"mode", b"C_B", b"C_S", b"band"]
    assert same
    for index in range(len(labels)):
        assert not band_with(Recording, drop=index)[1]
    for index in range(len(labels) - 1):
        assert not band_with(Recording, swap=index)[1]


def test_no_two_sequences_of_messages_absorb_the_same_bytes() -> None:
    def challenge(*steps: tuple[bytes, bytes]) -> int:
        transcript = Transcript(b"TEST")
        for label, data in steps:
            transcript.append(label, data)
        return transcript.challenge(b"c")

    variants = [
        [(b"ab", b"c")],
        [(b"a", b"bc")],
        [(b"a", b"b"), (b"", b"c")],
        [(b"ab", b""), (b"", b"c")],
        [(b"", b"abc")],
        [(b"ab", b"c"), (b"", b"")],
        [],
    ]
    assert len({challenge(*steps) for steps in variants}) == len(variants)


def test_challenges_are_unbiased_and_never_zero() -> None:
    transcript = Transcript(b"TEST")
    draws = []
    for i in range(4_000):
        transcript.append(b"i", i.to_bytes(4, "big"))
        draws.append(transcript.challenge(b"c"))
    assert len(set(draws)) == len(draws)
    top = sum(d >> 254 for d in draws)  # r / 2^255 = 0.9056: P(bit 254) = (r - 2^254) / r = 0.4479
    expected = (ORDER - (1 << 254)) / ORDER * len(draws)
    assert abs(top - expected) < 5 * (len(draws) * 0.25) ** 0.5
    for bit in (0, 100, 200):
        assert abs(sum(d >> bit & 1 for d in draws) - 2_000) < 5 * 1_000**0.5


def test_a_zero_challenge_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    window = closed(OPEN_TERMS, orders(mixed(1)))
    data = full(window).encode()
    monkeypatch.setattr("equipoise.proofs.transcript.Sponge.squeeze", lambda self, size: ORDER.to_bytes(size, "little"))
    assert verify(data).reason == "challenge-zero"


def test_generators_are_bound_and_distinct() -> None:
    left, right = vectors(64)
    every = [p.to_compressed_bytes() for p in (G, H, U, *left, *right)]
    assert len(set(every)) == len(every)
    assert len({generator_digest(n) for n in (0, 1, 2, 64)}) == 4


def test_wrong_generators_do_not_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    proof, values = small_proof(Transcript(b"TEST"))
    left, right = vectors(16)
    monkeypatch.setattr("equipoise.proofs.rangecheck.vectors", lambda n: (right[:n], left[:n]))
    with pytest.raises(Invalid, match="range-equation"):
        check_range(Transcript(b"TEST"), proof, values, 8)


# --- batches -----------------------------------------------------------------------------------


def test_a_batch_accepts_true_proofs_and_no_false_one() -> None:
    windows = [closed(BAND_TERMS, orders(mixed(n))) for n in (2, 3)]
    pairs = [(Subject(w.header, w.t0), full(w, audit=False).band) for w in windows]
    batch = Batch()
    for subject, band in pairs:
        assert band is not None
        batch.add(band_equation(subject, band))
    batch.check()
    bad = windows[0]
    batch.add(band_equation(Subject(bad.header, bad.t0), false_band(bad, 0)))
    with pytest.raises(Invalid, match="batch: range-equation"):
        batch.check()


def test_a_batch_takes_proofs_of_different_sizes() -> None:
    batch = Batch()
    for bits in (8, 16):
        value = Point(commit(7, 1))
        proof = prove_range(Transcript(b"TEST"), [(7, 1)], [value], bits, PUBLISHER.blinding.nonces(b"t", b""))
        batch.add(equation_of(Transcript(b"TEST"), proof, [value], bits))
    batch.check()


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
    rounds, a, b = _inner_product(fold, left, right, y_inverse, msm([U], [w]), l_x, r_x)
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
