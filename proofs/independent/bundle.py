"""The bundle, type 10: a window's header and attestation with whatever proofs come along (SPEC section 12).

Objects stand in increasing order of type: header and attestation once each, link, open, band and audit at most once,
receipts any number, ordered by (tree, index). What needs a link comes with one. Everything is decoded before anything
is checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .attestation import Attestation, check_attestation, decode_attestation
from .audit import Audit, check_audit, decode_audit
from .band import Band, check_band, decode_band
from .header import Header, decode_header
from .history import History
from .link import Link, check_link, decode_link
from .opening import Opening, check_opening, decode_opening
from .reader import Reader, read_frame
from .receipt import Receipt, check_receipt, decode_receipt
from .verdict import MalformedError

HEADER, ATTESTATION, LINK, OPEN, BAND, RECEIPT, AUDIT = range(1, 8)
LIMITS = {
    HEADER: 8_192,
    ATTESTATION: 330,
    LINK: 320,
    OPEN: 128,
    BAND: 2_048,
    RECEIPT: 8_192,
    AUDIT: 150_994_980,
}


@dataclass(slots=True)
class Parts:
    """The objects of a bundle while it is decoded."""

    header: Header | None = None
    attestation: Attestation | None = None
    link: Link | None = None
    opening: Opening | None = None
    band: Band | None = None
    receipts: list[Receipt] = field(default_factory=list)
    audit: Audit | None = None
    last: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """A decoded bundle, whose order and completeness were checked."""

    header: Header
    attestation: Attestation
    link: Link | None
    opening: Opening | None
    band: Band | None
    receipts: tuple[Receipt, ...]
    audit: Audit | None


def decode_bundle(body: bytes) -> Bundle:
    """The bundle of an object's body; raises MalformedError."""
    reader = Reader(body, "bundle")
    count = reader.uint(2, "count")
    parts = Parts()
    for _ in range(count):
        kind, inner = read_frame(reader, LIMITS)
        _take(parts, kind, inner)
    bundle = _complete(parts)
    reader.end()
    return bundle


def _take(parts: Parts, kind: int, body: bytes) -> None:
    """Decode one object into its place, then check that it may stand here."""
    if kind == RECEIPT:
        receipt = decode_receipt(body)
        if parts.receipts:
            before = parts.receipts[-1]
            _order((before.tree, before.index) < (receipt.tree, receipt.index), "receipts not in order")
        parts.receipts.append(receipt)
    elif kind == HEADER:
        parts.header = decode_header(body)
    elif kind == ATTESTATION:
        parts.attestation = decode_attestation(body)
    elif kind == LINK:
        parts.link = decode_link(body)
    elif kind == OPEN:
        parts.opening = decode_opening(body)
    elif kind == BAND:
        parts.band = decode_band(body)
    else:
        parts.audit = decode_audit(body)
    _order(kind > parts.last or kind == parts.last == RECEIPT, f"type {kind} after type {parts.last}")
    parts.last = kind


def _order(holds: bool, detail: str) -> None:
    if not holds:
        raise MalformedError("bundle-order", detail)


def _complete(parts: Parts) -> Bundle:
    if parts.header is None or parts.attestation is None:
        raise MalformedError("bundle-order", "no header, or no attestation")
    needs_link = bool(parts.opening or parts.band or parts.receipts or parts.audit)
    _order(parts.link is not None or not needs_link, "no link for the proofs")
    return Bundle(
        header=parts.header,
        attestation=parts.attestation,
        link=parts.link,
        opening=parts.opening,
        band=parts.band,
        receipts=tuple(parts.receipts),
        audit=parts.audit,
    )


def check_bundle(bundle: Bundle, history: History | None, key: bytes | None) -> None:
    """Raise InvalidError for the first claim that is false."""
    header, attestation, link = bundle.header, bundle.attestation, bundle.link
    check_attestation(header, attestation, history, key)
    if link is None:
        return
    check_link(header, attestation, link)
    if bundle.opening is not None:
        check_opening(header, attestation, bundle.opening)
    if bundle.band is not None:
        check_band(header, attestation, bundle.band)
    for receipt in bundle.receipts:
        check_receipt(header, attestation, link, receipt)
    if bundle.audit is not None:
        check_audit(header, attestation, link, bundle.audit)
