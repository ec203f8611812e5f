"""The frozen vectors: our verifier still says what it said, and the generator still makes these bytes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import equipoise.proofs.vectors as package
from equipoise.proofs.errors import INVALID, MALFORMED
from equipoise.proofs.vectors.generate import files
from equipoise.proofs.vectors.primitives import primitives
from equipoise.proofs.verify import verify, verify_chain

V1 = Path(package.__file__).parent / "v1"
# challenge-zero needs a hash that comes out as zero; it is tested with a chosen transcript instead.
NOT_MADE = {"challenge-zero"}


def load(name: str) -> Any:
    return json.loads((V1 / name).read_text())


def trust(case: dict[str, Any]) -> dict[str, bytes]:
    return {k: bytes.fromhex(case[k]) for k in ("history", "pin", "head", "key") if case[k] is not None}


def test_every_object_is_judged_as_frozen() -> None:
    for case in load("objects.json"):
        verdict = verify(bytes.fromhex(case["object"]), **trust(case))
        assert (verdict.verdict, verdict.reason) == (case["verdict"], case["reason"]), case["name"]


def test_every_chain_is_judged_as_frozen() -> None:
    for case in load("chains.json"):
        verdict = verify_chain([bytes.fromhex(b) for b in case["bundles"]], **trust(case))
        assert (verdict.verdict, verdict.reason) == (case["verdict"], case["reason"]), case["name"]


def test_vectors_reach_every_reason() -> None:
    seen = Counter(case["reason"] for name in ("objects.json", "chains.json") for case in load(name))
    assert set(seen) - {""} == (MALFORMED | INVALID) - NOT_MADE
    assert seen[""] >= 30


def test_names_are_distinct() -> None:
    names = Counter(case["name"] for case in load("objects.json"))
    assert not [name for name, count in names.items() if count > 1]


@pytest.mark.slow
def test_the_generator_still_makes_these_bytes() -> None:
    for name, text in files().items():
        assert (V1 / name).read_text() == text, f"{name} is frozen: a change of the protocol needs a new version"


def test_primitives_are_frozen() -> None:
    assert primitives() == load("primitives.json")
