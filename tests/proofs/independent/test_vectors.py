"""Agreement with every frozen vector: what is true is accepted, what is not is refused for the same reason.

All of them together take about 20 seconds of one core, so there is no default subset.
"""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.proofs.independent import verify, verify_chain
from equipoise.proofs.independent.attestation import decode_attestation, start_transcript
from equipoise.proofs.independent.band import band_commitments
from equipoise.proofs.independent.encoding import encode_point
from equipoise.proofs.independent.generators import generator_digest, hash_to_curve
from equipoise.proofs.independent.hashing import digest, vec8
from equipoise.proofs.independent.header import decode_header
from equipoise.proofs.independent.leaves import leaf_tag
from equipoise.proofs.independent.merkle import TREE, attested_root, join, leaf_node, top_node
from equipoise.proofs.independent.opening import commit
from equipoise.proofs.independent.transcript import BAND_TAG, Transcript, session_id
from equipoise.proofs.independent.verdict import INVALID_REASONS, MALFORMED_REASONS

from .vectors import load, unhex

_TRUST = ("history", "pin", "head", "key")


def _trust(vector: dict[str, Any]) -> dict[str, bytes | None]:
    return {name: unhex(vector[name]) for name in _TRUST}


@pytest.mark.parametrize("vector", load("objects"), ids=lambda vector: vector["name"])
def test_object(vector: dict[str, Any]) -> None:
    verdict = verify(bytes.fromhex(vector["object"]), **_trust(vector))
    assert (verdict.verdict, verdict.reason) == (vector["verdict"], vector["reason"]), verdict.detail


@pytest.mark.parametrize("vector", load("chains"), ids=lambda vector: vector["name"])
def test_chain(vector: dict[str, Any]) -> None:
    verdict = verify_chain([bytes.fromhex(data) for data in vector["bundles"]], **_trust(vector))
    assert (verdict.verdict, verdict.reason) == (vector["verdict"], vector["reason"]), verdict.detail


def test_the_vectors_say_enough() -> None:
    vectors = load("objects") + load("chains")
    assert sum(vector["verdict"] == "accept" for vector in vectors) >= 30
    shown = {vector["reason"] for vector in vectors}
    # challenge-zero cannot be shown: nobody knows an input that gives it
    assert (MALFORMED_REASONS | INVALID_REASONS) - shown == {"challenge-zero"}


def test_generators() -> None:
    for vector in load("primitives")["generators"]:
        assert encode_point(hash_to_curve(bytes.fromhex(vector["message"]))).hex() == vector["point"]


def test_generator_digests() -> None:
    for vector in load("primitives")["generator_digests"]:
        assert generator_digest(vector["size"]).hex() == vector["digest"]


def test_sessions_and_transcript() -> None:
    primitives = load("primitives")
    for vector in primitives["sessions"]:
        assert session_id(vector["tag"].encode()).hex() == vector["session"]
    transcript = Transcript(primitives["transcript"]["tag"].encode())
    challenges = 0
    for kind, label, value in primitives["transcript"]["operations"]:
        if kind == "append":
            transcript.append(label, bytes.fromhex(value))
        else:
            assert transcript.challenge(label) == int(value, 16)
            challenges += 1
    assert challenges >= 3


def test_commitments_and_tags() -> None:
    for vector in load("primitives")["commitments"]:
        assert encode_point(commit(vector["value"], int(vector["blinding"], 16))).hex() == vector["point"]
    for vector in load("primitives")["tags"]:
        assert leaf_tag(bytes.fromhex(vector["salt"]), bytes.fromhex(vector["content"])).hex() == vector["tag"]


def test_trees() -> None:
    for vector in load("primitives")["trees"]:
        nodes = []
        for leaf in vector["leaves"]:
            buys, sells = commit(leaf["b"], leaf["r_b"]), commit(leaf["s"], leaf["r_s"])
            nodes.append(leaf_node(bytes.fromhex(leaf["key"]), bytes.fromhex(leaf["tag"]), buys, sells))
            assert nodes[-1].encode().hex() == leaf["node"]
        if vector["first_parent"] is not None:
            assert join(TREE, nodes[0], nodes[1]).encode().hex() == vector["first_parent"]
        top = top_node([nodes] if nodes else [])
        assert top.encode().hex() == vector["top"]
        assert attested_root(len(nodes), top).hex() == vector["root"]


def test_windows() -> None:
    for vector in load("primitives")["windows"]:
        header = decode_header(bytes.fromhex(vector["header"]))
        attestation = decode_attestation(bytes.fromhex(vector["attestation"]))
        assert header.digest.hex() == vector["header_digest"] == attestation.header_digest.hex()
        assert header.stream_id.hex() == vector["stream_id"]
        assert attestation.digest.hex() == vector["statement_digest"]
        assert digest(b"equipoise/v1/statement", attestation.statement) == attestation.digest
        assert (vec8(b"equipoise/v1/sign/attestation") + attestation.statement).hex() == vector["signed_message"]


def test_bands() -> None:
    for vector in load("primitives")["bands"]:
        header = decode_header(bytes.fromhex(vector["header"]))
        attestation = decode_attestation(bytes.fromhex(vector["attestation"]))
        index = vector["index"]
        values = [encode_point(value).hex() for value in band_commitments(header, attestation, index)]
        assert values[: len(vector["values"])] == vector["values"]
        low, high = header.edges[index : index + 2]
        edges = low.to_bytes(2, "big", signed=True) + high.to_bytes(2, "big", signed=True)
        transcript = start_transcript(BAND_TAG, header, attestation, 512)
        transcript.append(
            "band", bytes([index]) + edges + header.q.to_bytes(2, "big") + header.v_min.to_bytes(8, "big")
        )
        assert transcript.challenge("probe") == int(vector["challenge_after_band"], 16)
