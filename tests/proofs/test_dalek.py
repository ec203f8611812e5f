"""Our verification equation, run over ristretto255 and Merlin, accepts dalek's sixteen frozen proofs."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from hashlib import sha3_256
from pathlib import Path
from typing import NamedTuple

import pytest

from equipoise.proofs.rangeproof import Pair, RangeProof, absorb_statement, collect, replay
from tests.proofs import ristretto as ri

FROZEN = json.loads((Path(__file__).parent / "outside" / "dalek.json").read_text())["vectors"]
RENAMED = {b"T1": b"T_1", b"T2": b"T_2", b"tau": b"t_x_blinding", b"mu": b"e_blinding"}
SCALARS = {b"t_x", b"tau", b"mu"}


class Element(NamedTuple):
    data: bytes
    raw: ri.Extended


class OverMerlin:
    """Our labels and framing, said in dalek's."""

    def __init__(self, label: bytes) -> None:
        self.merlin = ri.Merlin(label)
        self.size = 1

    def append(self, label: bytes, data: bytes) -> None:
        if label in (b"n", b"m"):
            number = int.from_bytes(data, "big")
            if label == b"n":
                self.merlin.append(b"dom-sep", b"rangeproof v1")
            self.size *= number
            self.merlin.append(label, number.to_bytes(8, "little"))
        elif label not in (b"a", b"b"):
            self.merlin.append(RENAMED.get(label, label), data[::-1] if label in SCALARS else data)

    def challenge(self, label: bytes) -> int:
        if label == b"c":
            return 0x1234567  # theirs is drawn at random by the verifier
        out = int.from_bytes(self.merlin.challenge_bytes(label, 64), "little") % ri.ELL
        if label == b"w":
            self.merlin.append(b"dom-sep", b"ipp v1")
            self.merlin.append(b"n", self.size.to_bytes(8, "little"))
        return out


@lru_cache
def generators(party: int) -> tuple[list[ri.Extended], list[ri.Extended]]:
    index = party.to_bytes(4, "little")
    return list(ri.chain(b"G" + index)), list(ri.chain(b"H" + index))


def parse(data: bytes) -> RangeProof:
    parts = [data[i : i + 32] for i in range(0, len(data), 32)]
    points = [Element(p, ri.decode(p)) for p in [*parts[:4], *parts[7:-2]]]
    t_x, tau, mu, a, b = (int.from_bytes(p, "little") for p in [*parts[4:7], *parts[-2:]])
    rounds = tuple(Pair(left, right) for left, right in zip(points[4::2], points[5::2], strict=True))
    return RangeProof(*points[:4], t_x, tau, mu, rounds, a, b)


def accepts(proof: RangeProof, values: list[Element], bits: int, label: str = FROZEN["label"]) -> bool:
    transcript = OverMerlin(label.encode())
    absorb_statement(transcript, bits, [v.data for v in values])
    equation = collect(proof, values, bits, replay(transcript, proof), ri.ELL)
    left = [g for party in range(len(values)) for g in generators(party)[0][:bits]]
    right = [h for party in range(len(values)) for h in generators(party)[1][:bits]]
    points = [ri.decode(ri.BASE_BYTES), ri.blinding_base(), *left, *right, *(p.raw for p, _ in equation.points)]
    factors = [(equation.g + equation.u) % ri.ELL, equation.h, *equation.left, *equation.right]
    return ri.is_identity(ri.msm(points, factors + [f for _, f in equation.points]))


def commitments(count: int) -> list[Element]:
    data = [bytes.fromhex(v) for v in FROZEN["commitments"][:count]]
    return [Element(d, ri.decode(d)) for d in data]


def test_keccak_is_the_one_of_sha3() -> None:
    state = bytearray(200)
    state[0] ^= 0x06
    state[135] ^= 0x80
    ri.keccak(state)
    assert bytes(state[:32]) == sha3_256(b"").digest()


def test_merlin_gives_its_own_published_vector() -> None:
    merlin = ri.Merlin(b"test protocol")
    merlin.append(b"some label", b"some data")
    expected = "d5a21972d0d5fe320c0d263fac7fffb8145aa640af6e9bca177c03c7efcf0615"
    assert merlin.challenge_bytes(b"challenge", 32).hex() == expected


@pytest.mark.parametrize("case", FROZEN["proofs"], ids=lambda c: f"{c['n']}x{c['m']}")
def test_frozen_proof_is_accepted(case: dict[str, object]) -> None:
    proof = parse(bytes.fromhex(str(case["proof"])))
    assert accepts(proof, commitments(int(str(case["m"]))), int(str(case["n"])))


def test_frozen_proof_is_refused_when_anything_changes() -> None:
    case = FROZEN["proofs"][1]
    proof, values, bits = parse(bytes.fromhex(case["proof"])), commitments(2), 8
    assert not accepts(proof, values[::-1], bits)
    assert not accepts(proof, values, bits, "another label")
    for change in ({"t_x": proof.t_x + 1}, {"tau": proof.tau + 1}, {"mu": proof.mu + 1}, {"last_a": proof.last_b}):
        assert not accepts(replace(proof, **change), values, bits)
    assert not accepts(replace(proof, rounds=proof.rounds[::-1]), values, bits)
