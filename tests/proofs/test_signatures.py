"""Keys of small order: the library underneath takes what anybody can sign, and we refuse it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from equipoise.proofs.attestation import _SMALL_ORDER, signature_holds
from equipoise.proofs.independent import ed25519
from equipoise.proofs.vectors.signatures import EIGHTH, NEUTRAL, Q, encode, sign, small_keys, times

SMALL = [times(i, EIGHTH) for i in range(8)]
MESSAGES = (b"one", b"another")


def test_the_eight_points() -> None:
    assert len(set(SMALL)) == 8
    assert times(8, EIGHTH) == NEUTRAL
    assert {y for _, y in SMALL} == _SMALL_ORDER


@pytest.mark.parametrize("multiple", range(8))
def test_the_library_takes_a_signature_that_nobody_made(multiple: int) -> None:
    key = encode(SMALL[multiple])
    for message in MESSAGES:
        forged = sign(key, 0, message)  # from no secret at all
        Ed25519PublicKey.from_public_bytes(key).verify(forged, message)  # or it raises
        assert not signature_holds(key, forged, message)
        assert not ed25519.verify(key, message, forged)


def test_one_signature_fits_every_message_under_the_neutral_key() -> None:
    key = encode(NEUTRAL)
    forged = sign(key, 0, b"one")
    for message in MESSAGES:
        Ed25519PublicKey.from_public_bytes(key).verify(forged, message)
        assert not signature_holds(key, forged, message)


def test_no_encoding_of_them_is_taken() -> None:
    for name, key in small_keys():
        assert not signature_holds(key, sign(key, 0, b"one"), b"one"), name
        assert not ed25519.verify(key, b"one", sign(key, 0, b"one")), name
    assert int.from_bytes(encode((0, Q - 1)), "little") == Q - 1
