"""The CFRG drafts' vectors: duplex sponge, session id, challenge, sigma protocols."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from py_arkworks_bls12381 import G1Point, Scalar

from equipoise.proofs.errors import ProofError, Rejected
from equipoise.proofs.group import (
    IDENTITY,
    ORDER,
    Point,
    decode_scalar,
    encode_scalar,
    msm,
)
from equipoise.proofs.transcript import Sponge, derive_session
from tests.proofs.published import OUTSIDE, named, vectors

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
