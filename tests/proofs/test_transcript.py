"""Every absorbed message counts, challenges are unbiased, generators are bound; and proofs checked in batches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from equipoise.proofs.band import TAG, absorb_band, band_equation
from equipoise.proofs.errors import Invalid
from equipoise.proofs.generators import generator_digest, vectors
from equipoise.proofs.group import ORDER, G, H, Point, U, commit
from equipoise.proofs.rangecheck import Batch, check_range, equation_of
from equipoise.proofs.rangemake import prove_range
from equipoise.proofs.rangeproof import RangeProof
from equipoise.proofs.statements import Subject
from equipoise.proofs.transcript import Transcript
from equipoise.proofs.vectors.cheats import false_band
from equipoise.proofs.vectors.scenes import BAND_TERMS, OPEN_TERMS, closed, full, mixed, orders
from equipoise.proofs.vectors.scenes import IDENTITY as PUBLISHER
from equipoise.proofs.verify import verify
from tests.proofs.weakened import Recording

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
