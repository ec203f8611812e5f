"""The opening, type 4 (tier T1, open mode): the totals themselves, with their blindings (SPEC section 9)."""

from __future__ import annotations

from dataclasses import dataclass

from .attestation import Attestation, check_statement
from .curve import Point
from .generators import blinding_generator, value_generator
from .header import OPEN, Header
from .msm import msm
from .reader import Reader
from .verdict import require

_MOST = 1 << 52


@dataclass(frozen=True, slots=True)
class Opening:
    """Total buys and sells in lots, and the blindings of their commitments."""

    statement: bytes
    buys: int
    sells: int
    buys_blinding: int
    sells_blinding: int


def commit(value: int, blinding: int) -> Point:
    """Com(value; blinding)."""
    return msm([(value, value_generator()), (blinding, blinding_generator())])


def decode_opening(body: bytes) -> Opening:
    """The opening of an object's body; raises MalformedError."""
    reader = Reader(body, "open")
    opening = Opening(
        statement=reader.take(32, "statement_digest"),
        buys=reader.uint(8, "B", high=_MOST),
        sells=reader.uint(8, "S", high=_MOST),
        buys_blinding=reader.scalar("R_B"),
        sells_blinding=reader.scalar("R_S"),
    )
    reader.end()
    return opening


def check_opening(header: Header, attestation: Attestation, opening: Opening) -> None:
    """Raise InvalidError unless the attested totals are commitments to these values."""
    check_statement(opening.statement, attestation)
    require(header.mode == OPEN, "mode-mismatch", "values opened in threshold mode")
    require(attestation.buys == commit(opening.buys, opening.buys_blinding), "opening-buys", "C_B holds another value")
    sells = commit(opening.sells, opening.sells_blinding)
    require(attestation.sells == sells, "opening-sells", "C_S holds another value")
