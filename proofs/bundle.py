"""A bundle: one window's header and attestation, with whatever proofs go along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.audit import Audit
from equipoise.proofs.band import Band
from equipoise.proofs.codec import MAGIC, Framed, Reader, Uint, read_frame, read_framed
from equipoise.proofs.errors import Malformed
from equipoise.proofs.header import Header
from equipoise.proofs.link import Link
from equipoise.proofs.opening import Opening
from equipoise.proofs.receipt import Receipt
from equipoise.proofs.statements import Subject

PARTS: dict[int, type[Framed]] = {s.TYPE: s for s in (Header, Attestation, Link, Opening, Band, Receipt, Audit)}
TYPE = 10
LIMIT = 268_435_456


@dataclass(frozen=True)
class Bundle:
    """SPEC.md, section 12: parts in order of their types."""

    header: Header
    t0: Attestation
    link: Link | None = None
    opening: Opening | None = None
    band: Band | None = None
    receipts: tuple[Receipt, ...] = ()
    audit: Audit | None = None

    @property
    def subject(self) -> Subject:
        """Header and attestation."""
        return Subject(self.header, self.t0)

    @property
    def parts(self) -> list[Framed]:
        """What is there, in order."""
        every = [self.header, self.t0, self.link, self.opening, self.band, *self.receipts, self.audit]
        return [part for part in every if part is not None]

    def encode(self) -> bytes:
        """The framed bytes."""
        return frame_parts([part.encode() for part in self.parts])

    @classmethod
    def decode(cls, data: bytes) -> Bundle:
        """Decode a bundle that fills ``data``; Malformed otherwise."""
        reader = Reader(data)
        _, end = read_frame(reader, {TYPE: LIMIT}, "bundle")
        inner = Reader(data, reader.pos, end)
        parts: list[Framed] = []
        for _ in range(Uint(2).read(inner, "bundle.count")):
            part = read_framed(inner, PARTS, "bundle")
            _in_order(parts, part)
            parts.append(part)
        bundle = _assemble(parts)
        inner.done("bundle")
        reader.pos = end
        reader.done("bundle")
        return bundle


def frame_parts(parts: list[bytes]) -> bytes:
    """A bundle's bytes around already framed parts."""
    body = len(parts).to_bytes(2, "big") + b"".join(parts)
    return MAGIC + bytes([TYPE]) + len(body).to_bytes(4, "big") + body


def _in_order(parts: list[Framed], part: Framed) -> None:
    """Malformed bundle-order where ``part`` cannot follow ``parts``."""
    if not parts:
        return
    last = parts[-1]
    if isinstance(part, Receipt) and isinstance(last, Receipt):
        follows = (part.tree, part.index) > (last.tree, last.index)
    else:
        follows = part.TYPE > last.TYPE
    if not follows:
        raise Malformed("bundle-order", "bundle", f"{type(part).__name__.lower()} cannot stand here")


def _assemble(parts: Iterable[Framed]) -> Bundle:
    """The bundle of parts in order; Malformed bundle-order where one is missing."""
    found: dict[type[Framed], list[Framed]] = {}
    for part in parts:
        found.setdefault(type(part), []).append(part)
    for kind in (Header, Attestation, Link)[: 2 if len(found) <= 2 else 3]:  # a third kind is the link, or rests on it
        if kind not in found:
            raise Malformed("bundle-order", "bundle", f"no {kind.__name__.lower()}")

    def one(kind: type[Framed]) -> Framed | None:
        return found.get(kind, [None])[0]

    receipts = tuple(found.get(Receipt, ()))
    return Bundle(one(Header), one(Attestation), one(Link), one(Opening), one(Band), receipts, one(Audit))  # type: ignore[arg-type]
