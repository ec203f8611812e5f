"""What the prover is asked for in the tests, and a sealed key that costs little."""

from __future__ import annotations

from equipoise.proofs.prover.jobs import AUDIT, TOTALS, Draft, Job
from equipoise.proofs.vectors.scenes import IDENTITY, MINUTE, OPEN_TERMS, closed, mixed, orders

WORDS = "a passphrase"
SEALED = IDENTITY.seal(WORDS, n=1024)


def draft(count: int = 3, minute: int = 0, sequence: int = 0, previous: bytes = bytes(32)) -> Draft:
    header = OPEN_TERMS.header(minute * MINUTE, (minute + 1) * MINUTE)
    return Draft(header, sequence, previous, tuple(orders(mixed(count))))


def job(count: int = 3, minute: int = 0, wants: int = TOTALS | AUDIT, terms=OPEN_TERMS) -> Job:  # type: ignore[no-untyped-def]
    placed = orders(mixed(count))
    window = closed(terms, placed, minute)
    return Job(window.header, window.t0, wants, tuple(placed))
