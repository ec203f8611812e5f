"""Equivocation evidence, type 8: one number, two statements, both signed (SPEC section 12).

Accepting means that the holder of the key signed both. It convinces anyone, and nobody else can make it. With a history
both keys have to be in it, equal or not: evidence under a key that it does not know says nothing about its owner.
"""

from __future__ import annotations

from dataclasses import dataclass

from .attestation import BODY_BYTES, Attestation, check_signature, decode_attestation
from .history import History
from .reader import Reader
from .verdict import require


@dataclass(frozen=True, slots=True)
class Equivocation:
    """The two attestations."""

    first: Attestation
    second: Attestation


def decode_equivocation(body: bytes) -> Equivocation:
    """The evidence of an object's body; raises MalformedError."""
    reader = Reader(body, "equivocation")
    first = _read_attestation(reader, "first")
    second = _read_attestation(reader, "second")
    reader.end()
    return Equivocation(first, second)


def _read_attestation(reader: Reader, name: str) -> Attestation:
    """The attestation at the cursor; a body that ends inside it is truncated at the field where it ends."""
    body = reader.take(min(BODY_BYTES, reader.left()), name)
    return decode_attestation(body, reader.where(name))


def check_equivocation(evidence: Equivocation, history: History | None) -> None:
    """Raise InvalidError unless the evidence stands."""
    first, second = evidence.first, evidence.second
    require(first.stream_id == second.stream_id, "stream-mismatch", "two streams")
    require(first.sequence == second.sequence, "not-equivocation", "two numbers")
    require(first.digest != second.digest, "not-equivocation", "one statement twice")
    if history is None:
        require(first.key == second.key, "key-unknown", "two keys, and no history that holds both")
    else:
        history.check_known(first.key)
        history.check_known(second.key)
    check_signature(first)
    check_signature(second)
