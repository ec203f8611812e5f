"""T1 in open mode: the totals and their two blindings, for anyone to recompute.

The blindings belong to the totals alone, so nothing is learnt about a leaf.
"""

from __future__ import annotations

from dataclasses import dataclass

from equipoise.proofs.codec import Framed, Raw, Uint
from equipoise.proofs.elements import FieldScalar
from equipoise.proofs.errors import Invalid, PolicyRefused
from equipoise.proofs.group import recommit
from equipoise.proofs.header import MAX_TOTAL, OPEN
from equipoise.proofs.statements import Subject
from equipoise.proofs.window import Closed


@dataclass(frozen=True)
class Opening(Framed):
    """SPEC.md, section 9; 112 bytes. Buys and sells in lots."""

    statement: bytes
    buys: int
    sells: int
    r_b: int
    r_s: int

    TYPE = 4
    LIMIT = 128
    FIELDS = (
        ("statement", Raw(32)),
        ("buys", Uint(8, 0, MAX_TOTAL)),
        ("sells", Uint(8, 0, MAX_TOTAL)),
        ("r_b", FieldScalar()),
        ("r_s", FieldScalar()),
    )


def open_totals(closed: Closed) -> Opening:
    """Open the totals; PolicyRefused in threshold mode, which promised not to."""
    if closed.header.mode != OPEN:
        raise PolicyRefused("threshold mode: the totals are not to be opened")
    return Opening(closed.t0.digest, closed.buys, closed.sells, closed.r_b, closed.r_s)


def check_opening(subject: Subject, opening: Opening) -> None:
    """Raises Invalid: statement-mismatch, mode-mismatch, opening-buys, opening-sells."""
    subject.refers(opening.statement, "open")
    if subject.header.mode != OPEN:
        raise Invalid("mode-mismatch", "open")
    if recommit(opening.buys, opening.r_b) != subject.t0.c_b.raw:
        raise Invalid("opening-buys", "open.buys")
    if recommit(opening.sells, opening.r_s) != subject.t0.c_s.raw:
        raise Invalid("opening-sells", "open.sells")
