"""A slice of the fuzzing that `benchmarks/proofs_fuzz.py` runs by the million (EQUIPOISE_FUZZ sets its size)."""

from __future__ import annotations

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.proofs_fuzz import FINAL, report, run
from equipoise.proofs.errors import KeyRefused
from equipoise.proofs.keys import unseal
from equipoise.proofs.prover.messages import read_message
from equipoise.proofs.verify import verify, verify_chain

SIZE = int(os.environ.get("EQUIPOISE_FUZZ", "6000"))


def test_nothing_mutated_is_accepted_and_nothing_crashes() -> None:
    outcomes = run(SIZE, seed=7, final=False)
    assert sum(outcomes.values()) == SIZE
    assert not outcomes["ACCEPTED"]
    assert len(outcomes) > 40
    assert f"{SIZE:,} mutations, 0 accepted" in list(report(outcomes))[-1]


def test_nothing_well_formed_and_false_is_accepted() -> None:
    outcomes = run(SIZE // 40, seed=7, final=True)
    assert not outcomes["ACCEPTED"]
    assert sum(n for o, n in outcomes.items() if o.split()[-1] in FINAL) >= SIZE // 40


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600), st.sampled_from([b"", b"EQP1\x0a", b"EQP1\x08", b"EQP1\x09"]), st.booleans())
def test_random_bytes_give_a_verdict(data: bytes, head: bytes, framed: bool) -> None:
    whole = head + (len(data).to_bytes(4, "big") if framed else b"") + data
    assert verify(whole).verdict == "malformed"
    assert verify(whole, history=whole).verdict == "malformed"
    assert verify_chain([whole], history=None).verdict == "malformed"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_no_key(data: bytes) -> None:
    try:
        unseal(data, "any words at all")
    except KeyRefused:
        return
    raise AssertionError("random bytes were opened as a key")


def test_messages_never_read_more_than_they_say() -> None:
    import io

    stream = io.BytesIO((12).to_bytes(4, "big") + bytes(12) + b"rest")
    assert read_message(stream) is not None
    assert stream.read() == b"rest"
