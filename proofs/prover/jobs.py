"""What the prover is asked for, as bytes, and how it is done: functions without state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.audit import make_audit
from equipoise.proofs.band import prove_band
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.codec import Many, Nested, Raw, Struct, Uint
from equipoise.proofs.errors import PolicyRefused, Refused
from equipoise.proofs.header import MAX_LEAVES, OPEN, Header
from equipoise.proofs.link import prove_link
from equipoise.proofs.opening import open_totals
from equipoise.proofs.orders import Order
from equipoise.proofs.prf import BlindingKey, Nonces
from equipoise.proofs.receipt import prove_receipt
from equipoise.proofs.window import Closed, Signer, Window, rebuild

TOTALS, AUDIT = 1, 2


@dataclass(frozen=True)
class Draft(Struct):
    """A window to be signed: its header's terms, time and offset ranges, and its orders.

    What the header says of leaves is made anew; only the lanes' ranges are taken from it.
    """

    header: Header
    sequence: int
    previous: bytes
    orders: tuple[Order, ...] = field(repr=False)

    FIELDS = (
        ("header", Nested(Header)),
        ("sequence", Uint(8)),
        ("previous", Raw(32)),
        ("orders", Many(4, Nested(Order), 0, MAX_LEAVES)),
    )


@dataclass(frozen=True)
class Job(Struct):
    """A signed window to be proved: ``wants`` is TOTALS (open or band), AUDIT, or both."""

    header: Header
    t0: Attestation
    wants: int
    orders: tuple[Order, ...] = field(repr=False)

    FIELDS = (
        ("header", Nested(Header)),
        ("t0", Nested(Attestation)),
        ("wants", Uint(1, 0, 3)),
        ("orders", Many(4, Nested(Order), 0, MAX_LEAVES)),
    )


@dataclass(frozen=True)
class Wanted(Struct):
    """A receipt to be made: of the leaf at (tree, index) of the window with this statement."""

    statement: bytes
    tree: int
    index: int

    FIELDS = (("statement", Raw(32)), ("tree", Uint(2)), ("index", Uint(4)))


@dataclass(frozen=True)
class _Signed:
    """Gives back a signature that exists: the window is not signed again."""

    public: bytes
    signature: bytes

    def sign(self, message: bytes) -> bytes:
        """The signature of the attestation at hand."""
        del message
        return self.signature


def attest(draft: Draft, secret: BlindingKey, signer: Signer) -> Closed:
    """Close a draft; PolicyRefused, LimitExceeded."""
    return rebuild(draft.header, draft.orders, secret).close(draft.sequence, draft.previous, signer)


def reopen(job: Job, secret: BlindingKey) -> Closed:
    """The closed window of a job; Refused unless its orders give exactly its attestation."""
    window: Window = rebuild(job.header, job.orders, secret)
    try:
        closed = window.close(job.t0.sequence, job.t0.previous, _Signed(job.t0.key, job.t0.signature))
    except PolicyRefused as fault:
        raise Refused(f"job: {fault}") from None
    if closed.t0.body() != job.t0.body() or closed.header != job.header:
        raise Refused("job: these orders do not give this attestation")
    return closed


def prove(job: Job, secret: BlindingKey) -> Bundle:
    """The bundle of a job: link, then what it wants."""
    closed = reopen(job, secret)
    nonces = _nonces(secret, closed)
    totals, is_open = bool(job.wants & TOTALS), job.header.mode == OPEN
    return Bundle(
        job.header,
        job.t0,
        prove_link(closed, nonces(b"link")),
        open_totals(closed) if totals and is_open else None,
        prove_band(closed, nonces(b"band")) if totals and not is_open else None,
        (),
        make_audit(closed) if job.wants & AUDIT else None,
    )


def receipt(job: Job, wanted: Wanted, secret: BlindingKey) -> Bundle:
    """A bundle with one receipt; LimitExceeded if there is no such leaf."""
    closed = reopen(job, secret)
    nonces = _nonces(secret, closed)
    made = prove_receipt(closed, wanted.tree, wanted.index, nonces(b"receipt"))
    return Bundle(job.header, job.t0, prove_link(closed, nonces(b"link")), receipts=(made,))


def _nonces(secret: BlindingKey, closed: Closed) -> Callable[[bytes], Nonces]:
    return lambda purpose: secret.nonces(purpose, closed.t0.digest)
