"""Deterministic windows, honest and not, from which vectors and tests are made.

Everything here is synthetic: fixed secrets, invented traders. The secrets are published, so
nothing signed by them means anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.audit import make_audit
from equipoise.proofs.band import prove_band
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.digest import ZERO32
from equipoise.proofs.header import OPEN, Header
from equipoise.proofs.keys import Identity, LocalSigner
from equipoise.proofs.link import prove_link
from equipoise.proofs.opening import open_totals
from equipoise.proofs.orders import Order, signed_by_gateway
from equipoise.proofs.policy import PrivacyPolicy
from equipoise.proofs.prf import Nonces
from equipoise.proofs.receipt import prove_receipt
from equipoise.proofs.window import Closed, Terms, Window

MINUTE = 60_000_000_000
TOPIC = bytes(range(16))
LAX = PrivacyPolicy(0, 1_000_000)
IDENTITY = Identity(sha256(b"equipoise vectors: signing").digest(), sha256(b"equipoise vectors: blinding").digest())
OTHER = Identity(sha256(b"equipoise vectors: another").digest(), sha256(b"equipoise vectors: more").digest())
GATEWAY = LocalSigner(sha256(b"equipoise vectors: gateway").digest())

OPEN_TERMS = Terms("vectors/1", "TEST:SYN-PERP", "0.001", "recording", policy=LAX)
BAND_TERMS = replace(OPEN_TERMS, mode=1, v_min=1, q=10, edges=(-10, -6, -2, 2, 6, 11))


def fixed_nonces(closed: Closed, purpose: bytes) -> Nonces:
    """Nonces with the randomness replaced by zeros: for vectors only, never for real proofs."""
    return IDENTITY.blinding.nonces(purpose, closed.t0.digest, random=bytes)


def orders(lots: Sequence[tuple[int, int]], lanes: int = 1, traders: int = 7) -> list[Order]:
    """Orders with the given (buy, sell) lots, spread over partitions, with gaps in the offsets."""
    return [
        Order(TOPIC, i % lanes, 100 + 3 * i, i % 2, f"trader-{i % traders}", f"order-{i}", 1_000 + i, buy, sell)
        for i, (buy, sell) in enumerate(lots)
    ]


def vouched(order: Order, terms: Terms) -> Order:
    """The same order with the gateway's signature."""
    return replace(order, signature=GATEWAY.sign(signed_by_gateway(terms.stream, terms.instrument, order)))


def mixed(count: int) -> list[tuple[int, int]]:
    """Lots of ``count`` orders: two buys for each sell."""
    return [(0, 5 + i) if i % 3 == 2 else (10 + i, 0) for i in range(count)]


def closed(
    terms: Terms = OPEN_TERMS,
    placed: Sequence[Order] = (),
    minute: int = 0,
    sequence: int = 0,
    previous: bytes = ZERO32,
    revision: int = 0,
    honest: bool = True,
) -> Closed:
    """A window of these orders, closed by `IDENTITY`; if not honest, whatever the policy says."""
    window = Window(terms, IDENTITY.blinding, minute * MINUTE, (minute + 1) * MINUTE, revision)
    for order in placed:
        window.add(order)
    return (window.close if honest else window._sign)(sequence, previous, IDENTITY.signer)


def full(window: Closed, receipts: Sequence[tuple[int, int]] = (), audit: bool = True) -> Bundle:
    """Every proof that the window's mode allows."""
    return Bundle(
        window.header,
        window.t0,
        prove_link(window, fixed_nonces(window, b"link")),
        open_totals(window) if window.header.mode == OPEN else None,
        None if window.header.mode == OPEN else prove_band(window, fixed_nonces(window, b"band")),
        tuple(prove_receipt(window, t, i, fixed_nonces(window, b"receipt%d/%d" % (t, i))) for t, i in receipts),
        make_audit(window) if audit else None,
    )


def signed_again(header: Header, t0: Attestation, **changes: object) -> Attestation:
    """A dishonest publisher's statement: fields changed, properly signed."""
    t0 = replace(t0, header_digest=header.digest, stream_id=header.stream_id, **changes)  # type: ignore[arg-type]
    return replace(t0, signature=IDENTITY.signer.sign(t0.signed_message))


@dataclass(frozen=True)
class Cheat:
    """A dishonest window: how it is made, and the reason with which it must be refused."""

    name: str
    make: Callable[[], Bundle]
    reason: str
