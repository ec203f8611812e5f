"""Our primitives against other people's published vectors."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from py_arkworks_bls12381 import G1Point, Scalar

from equipoise.proofs.attestation import signature_holds
from equipoise.proofs.errors import ProofError, Rejected
from equipoise.proofs.group import (
    IDENTITY,
    ORDER,
    Point,
    decode_scalar,
    encode_scalar,
    hash_to_group,
    msm,
)
from equipoise.proofs.keys import LocalSigner
from equipoise.proofs.transcript import Sponge, derive_session
from equipoise.proofs.tree import climb, path_of, root_of, sides

OUTSIDE = Path(__file__).parent / "outside"


def vectors(name: str) -> Any:
    return json.loads((OUTSIDE / name).read_text())["vectors"]


def named(case: dict[str, Any]) -> str:
    return str(case.get("Id") or case.get("Name"))


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


# --- CFRG: duplex sponge and sigma protocols -------------------------------------------------


SPONGE = {
    kind: [c for c in vectors("cfrg_sponge.json") if c["Function"] == kind]
    for kind in ("DuplexSponge", "DeriveSessionID", "DecodeUint")
}


@pytest.mark.parametrize("case", SPONGE["DuplexSponge"] + SPONGE["DecodeUint"], ids=named)
def test_cfrg_sponge(case: dict[str, Any]) -> None:
    sponge = Sponge(bytes.fromhex(case["SessionId"]))
    out = b""
    for step in case["Operations"]:
        if step["type"] == "absorb":
            sponge.absorb(bytes.fromhex(step["data"]))
        else:
            out += sponge.squeeze(step["length"])
    assert out.hex() == case["Output"]


def test_cfrg_session_id_and_challenge() -> None:
    for case in SPONGE["DeriveSessionID"]:
        assert derive_session(bytes.fromhex(case["Tag"])).hex() == case["Output"]
    for case in SPONGE["DecodeUint"]:
        value = int.from_bytes(bytes.fromhex(case["Output"]), "little") % int(case["Modulus"], 16)
        assert value == int(case["Challenge"], 16)
    assert SPONGE["DeriveSessionID"]
    assert SPONGE["DecodeUint"]


class Equation(NamedTuple):
    image: list[tuple[int, int]]
    terms: list[tuple[int, int, int]]


class Relation:
    """A linear relation of draft-irtf-cfrg-sigma-protocols, read from its serialization."""

    def __init__(self, data: bytes) -> None:
        self.data, self.pos = data, 0
        self.equations = [
            Equation(
                [(self._int(), self._coefficient()) for _ in range(self._int())],
                [(self._int(), self._int(), self._coefficient()) for _ in range(self._int())],
            )
            for _ in range(self._int())
        ]
        indices = [e for eq in self.equations for e, _ in eq.image] + [t[1] for eq in self.equations for t in eq.terms]
        if not self.equations or any(not eq.image or not eq.terms for eq in self.equations):
            raise ValueError("an empty equation")
        rest = data[self.pos :]
        if len(rest) != 48 * max(indices):
            raise ValueError("statement length")
        self.elements = [G1Point()] + [Point.decode(rest[i : i + 48], "element").raw for i in range(0, len(rest), 48)]
        self.scalars = 1 + max(t[0] for eq in self.equations for t in eq.terms)
        if set(range(1, len(self.elements))) - set(indices):
            raise ValueError("an element that is not used")
        if {t[0] for eq in self.equations for t in eq.terms} != set(range(self.scalars)):
            raise ValueError("a scalar that is not used")
        if any(image == IDENTITY for image in self.images()):
            raise ValueError("an image that is the identity")
        if any(all(row == IDENTITY for row in self._column(s)) for s in range(self.scalars)):
            raise ValueError("a scalar that does not matter")

    def _int(self) -> int:
        if self.pos + 4 > len(self.data):
            raise ValueError("truncated")
        self.pos += 4
        return int.from_bytes(self.data[self.pos - 4 : self.pos], "little")

    def _coefficient(self) -> int:
        self.pos += 32
        return decode_scalar(self.data[self.pos - 32 : self.pos], "coefficient")

    def _column(self, s: int) -> list[G1Point]:
        return [
            msm([self.elements[e] for i, e, _ in eq.terms if i == s], [c for i, _, c in eq.terms if i == s])
            for eq in self.equations
        ]

    def images(self) -> list[G1Point]:
        return [msm([self.elements[e] for e, _ in eq.image], [c for _, c in eq.image]) for eq in self.equations]

    def apply(self, scalars: list[int]) -> list[G1Point]:
        return [
            msm([self.elements[e] for _, e, _ in eq.terms], [c * scalars[s] % ORDER for s, _, c in eq.terms])
            for eq in self.equations
        ]


def sigma_challenge(tag: str, relation: Relation, commitment: bytes) -> int:
    sponge = Sponge(derive_session(tag.encode()))
    sponge.absorb(relation.data)
    sponge.absorb(commitment)
    return int.from_bytes(sponge.squeeze(48), "little") % ORDER


def sigma_accepts(case: dict[str, str]) -> bool:
    try:
        relation = Relation(bytes.fromhex(case["Instance"]))
        narg = bytes.fromhex(case["NargString"])
        head = 48 * len(relation.equations) if case["Flavor"] == "batchable" else 32
        if len(narg) != head + 32 * relation.scalars:
            return False
        response = [decode_scalar(narg[i : i + 32], "response") for i in range(head, len(narg), 32)]
        if case["Flavor"] == "batchable":
            commitment = [Point.decode(narg[i : i + 48], "commitment").raw for i in range(0, head, 48)]
            c = sigma_challenge(case["Tag"], relation, narg[:head])
            return relation.apply(response) == [
                t + image * Scalar(c) for t, image in zip(commitment, relation.images(), strict=True)
            ]
        c = decode_scalar(narg[:32], "challenge")
        simulated = [
            a + image * Scalar((-c) % ORDER)
            for a, image in zip(relation.apply(response), relation.images(), strict=True)
        ]
        if IDENTITY in simulated:
            return False
        return c == sigma_challenge(case["Tag"], relation, b"".join(p.to_compressed_bytes() for p in simulated))
    except (ProofError, ValueError):
        return False


@pytest.mark.parametrize("case", vectors("cfrg_sigma.json") + vectors("cfrg_sigma_invalid.json"), ids=named)
def test_cfrg_sigma(case: dict[str, str]) -> None:
    assert sigma_accepts(case) == (case["Expected"] == "accept")
    if "SessionId" in case:
        assert derive_session(case["Tag"].encode()).hex() == case["SessionId"]


def test_the_sources_are_named() -> None:
    for path in OUTSIDE.glob("*.json"):
        data = json.loads(path.read_text())
        assert data["source"]
        assert len(data["commit"]) == 40


def test_scalars_round_trip_and_reject_the_order() -> None:
    assert decode_scalar(encode_scalar(ORDER - 1), "x") == ORDER - 1
    with pytest.raises(Rejected, match="scalar-range"):
        decode_scalar(ORDER.to_bytes(32, "big"), "x")
