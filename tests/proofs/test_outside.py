"""Our primitives against other people's published vectors."""

from __future__ import annotations

from hashlib import sha256

import pytest
from py_arkworks_bls12381 import G1Point

from equipoise.proofs.attestation import signature_holds
from equipoise.proofs.group import (
    IDENTITY,
    ORDER,
    hash_to_group,
    msm,
)
from equipoise.proofs.keys import LocalSigner
from equipoise.proofs.tree import climb, path_of, root_of, sides
from tests.proofs.published import named, vectors

# --- RFC 9380, hash to curve ----------------------------------------------------------------


@pytest.mark.parametrize("case", vectors("rfc9380.json")["cases"], ids=lambda c: f"{len(c['msg'])} bytes")
def test_rfc_9380(case: dict[str, str]) -> None:
    point = hash_to_group(case["msg"].encode(), vectors("rfc9380.json")["dst"].encode())
    assert point.to_xy_bytes_be() == bytes.fromhex(case["x"][2:] + case["y"][2:])


# --- RFC 8032, section 7.1 ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0"
            "595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eae"
            "b4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9"
            "716ed28dc027beceea1ec40a",
        ),
    ],
)
def test_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    signer = LocalSigner(bytes.fromhex(seed))
    assert signer.public.hex() == public
    assert signer.sign(bytes.fromhex(message)).hex() == signature
    assert signature_holds(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message))
    assert not signature_holds(bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message) + b"x")


def test_signature_with_s_beyond_the_order_is_refused() -> None:
    ell = 2**252 + 27742317777372353535851937790883648493
    signer = LocalSigner(bytes(32))
    good = signer.sign(b"x")
    beyond = int.from_bytes(good[32:], "little") + ell
    assert not signature_holds(signer.public, good[:32] + beyond.to_bytes(32, "little"), b"x")


# --- RFC 6962, Merkle trees: the test set of the Certificate Transparency project ------------

CT_LEAVES = [
    bytes.fromhex(x)
    for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def ct_join(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_rfc_6962(size: int) -> None:
    leaves = [sha256(b"\x00" + leaf).digest() for leaf in CT_LEAVES[:size]]
    assert root_of(leaves, ct_join).hex() == CT_ROOTS[size - 1]
    for index in range(size):
        path = path_of(leaves, index, ct_join)
        assert climb(leaves[index], path, sides(index, size), ct_join).hex() == CT_ROOTS[size - 1]


# --- EIP-2537: addition, multiplication, multi-scalar multiplication -------------------------


def eip_point(data: bytes, subgroup: bool) -> G1Point:
    if len(data) != 128:
        raise ValueError("invalid input length")
    if data == bytes(128):
        return IDENTITY
    if any(data[:16]) or any(data[64:80]):
        raise ValueError("invalid field element top bytes")
    xy = data[16:64] + data[80:]
    return G1Point.from_xy_bytes_be(xy) if subgroup else on_curve(xy)


def on_curve(xy: bytes) -> G1Point:
    point = G1Point.from_xy_bytes_unchecked_be(xy)
    x, y = int.from_bytes(xy[:48], "big"), int.from_bytes(xy[48:], "big")
    prime = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
    if x >= prime or y >= prime or (y * y - x**3 - 4) % prime:
        raise ValueError("not a point")
    return point


def eip_bytes(point: G1Point) -> str:
    if point == IDENTITY:
        return bytes(128).hex()
    xy = point.to_xy_bytes_be()
    return (bytes(16) + xy[:48] + bytes(16) + xy[48:]).hex()


def eip_msm(data: bytes) -> G1Point:
    if not data or len(data) % 160:
        raise ValueError("invalid input length")
    pairs = [data[i : i + 160] for i in range(0, len(data), 160)]
    return msm([eip_point(p[:128], True) for p in pairs], [int.from_bytes(p[128:], "big") % ORDER for p in pairs])


def eip_add(data: bytes) -> G1Point:
    if len(data) != 256:
        raise ValueError("invalid input length")
    return eip_point(data[:128], False) + eip_point(data[128:], False)


@pytest.mark.parametrize("case", vectors("eip2537.json")["add_G1_bls"], ids=named)
def test_eip_2537_add(case: dict[str, str]) -> None:
    assert eip_bytes(eip_add(bytes.fromhex(case["Input"]))) == case["Expected"]


@pytest.mark.parametrize("kind", ["mul_G1_bls", "msm_G1_bls"])
def test_eip_2537_multiply(kind: str) -> None:
    cases = vectors("eip2537.json")[kind]
    assert len(cases) >= 11
    for case in cases:
        assert eip_bytes(eip_msm(bytes.fromhex(case["Input"]))) == case["Expected"], case["Name"]


@pytest.mark.parametrize("kind", ["fail-add_G1_bls", "fail-mul_G1_bls", "fail-msm_G1_bls"])
def test_eip_2537_refused(kind: str) -> None:
    for case in vectors("eip2537.json")[kind]:
        with pytest.raises(ValueError):
            (eip_add if "add" in kind else eip_msm)(bytes.fromhex(case["Input"]))
