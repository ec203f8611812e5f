"""Equivocation: two signatures on one sequence number, which convict whoever holds the key.

A hash chain shows a fork only to somebody who sees both branches. Two statements with one
stream and one number, both signed, convince everybody: the evidence needs no context.
"""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.proofs.attestation import Attestation, signature_holds
from equipoise.proofs.codec import Framed, Nested
from equipoise.proofs.errors import Invalid
from equipoise.proofs.history import History


@dataclass(frozen=True)
class Equivocation(Framed):
    """SPEC.md, section 12."""

    first: Attestation
    second: Attestation

    TYPE = 8
    LIMIT = 700
    FIELDS = (("first", Nested(Attestation)), ("second", Nested(Attestation)))


def check_equivocation(evidence: Equivocation, history: History | None = None) -> None:
    """Accept evidence that one publisher signed two statements under one number.

    Raises Invalid: stream-mismatch, not-equivocation, key-unknown, signature.
    """
    first, second = evidence.first, evidence.second
    if first.stream_id != second.stream_id:
        raise Invalid("stream-mismatch", "equivocation.second.stream_id")
    if first.sequence != second.sequence or first.digest == second.digest:
        raise Invalid("not-equivocation", "equivocation.second")
    if history is None:
        if first.key != second.key:
            raise Invalid("key-unknown", "equivocation.second.key", "two keys: a history must join them")
    elif first.key not in history.keys or second.key not in history.keys:
        raise Invalid("key-unknown", "equivocation.key")
    for name, t0 in (("first", first), ("second", second)):
        if not signature_holds(t0.key, t0.signature, t0.signed_message):
            raise Invalid("signature", f"equivocation.{name}.signature")
