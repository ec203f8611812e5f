"""Ed25519 against RFC 8032 section 7.1 (all vectors but the one of 1,023 bytes), and encodings that it refuses."""

from hashlib import sha512

import pytest

from equipoise.proofs.independent import ed25519
from equipoise.proofs.independent.ed25519 import L, Q, decode, verify

from .maker import _clamped, _compress, public_key, sign

VECTORS = {
    "1: empty": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "2: one byte": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "3: two bytes": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_rfc_8032(name: str) -> None:
    seed, key, message, signature = (bytes.fromhex(part) for part in VECTORS[name])
    assert verify(key, message, signature)
    assert public_key(seed) == key  # the tests' own signer is held to the same vectors
    assert sign(seed, message) == signature


@pytest.mark.parametrize("bit", [0, 100, 255, 256, 300, 503])
def test_every_changed_bit_is_refused(bit: int) -> None:
    _, key, message, signature = (bytes.fromhex(part) for part in VECTORS["SHA(abc)"])
    changed = int.from_bytes(signature, "little") ^ (1 << bit)
    assert not verify(key, message, changed.to_bytes(64, "little"))
    assert not verify(key, message + b"\0", signature)


def test_a_signature_with_s_not_below_l_is_refused() -> None:
    _, key, message, signature = (bytes.fromhex(part) for part in VECTORS["2: one byte"])
    s = int.from_bytes(signature[32:], "little")
    assert not verify(key, message, signature[:32] + (s + L).to_bytes(32, "little"))


@pytest.mark.parametrize(
    "data",
    [
        (Q + 1).to_bytes(32, "little"),  # y = 1, not reduced
        Q.to_bytes(32, "little"),
        (1 | 1 << 255).to_bytes(32, "little"),  # y = 1 has x = 0, which has no odd form
        (2).to_bytes(32, "little"),  # no x for this y
    ],
)
def test_what_encodes_no_point_is_refused(data: bytes) -> None:
    _, key, message, signature = (bytes.fromhex(part) for part in VECTORS["1: empty"])
    assert decode(data) is None
    assert not verify(data, message, signature)
    assert not verify(key, message, data + signature[32:])


def test_lengths() -> None:
    _, key, message, signature = (bytes.fromhex(part) for part in VECTORS["1: empty"])
    assert not verify(key[:-1], message, signature)
    assert not verify(key, message, signature + b"\0")


def test_the_base_point_has_order_l() -> None:
    assert ed25519._equal(ed25519._multiply(L, ed25519.BASE), (0, 1, 1, 0))
    assert not ed25519._equal(ed25519._multiply(L - 1, ed25519.BASE), (0, 1, 1, 0))


def test_a_point_of_small_order_in_r_is_refused() -> None:
    """The holder of a key could make such signatures; the equation times the cofactor would accept them."""
    seed, message = b"a seed for a key of the tests...", b"message"
    key, (a, _) = public_key(seed), _clamped(seed)
    of_order_two = (0, Q - 1, 1, 0)
    commitment = _compress(ed25519._add(ed25519._multiply(5, ed25519.BASE), of_order_two))
    k = int.from_bytes(sha512(commitment + key + message).digest(), "little")
    assert not verify(key, message, commitment + ((5 + k * a) % L).to_bytes(32, "little"))
