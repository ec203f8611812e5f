"""Verification from bytes to a verdict: decode everything, then check in a fixed order.

The order is part of the format (SPEC.md), so that two verifiers give one reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from equipoise.proofs.attestation import check_names, signature_holds
from equipoise.proofs.audit import check_audit
from equipoise.proofs.band import check_band
from equipoise.proofs.bundle import LIMIT, TYPE, Bundle
from equipoise.proofs.chain import Chain
from equipoise.proofs.claims import attested, caveats, convicted, not_attested, receipt_words, revoked_of
from equipoise.proofs.codec import Reader, read_frame
from equipoise.proofs.equivocation import Equivocation, check_equivocation
from equipoise.proofs.errors import Invalid, Rejected
from equipoise.proofs.history import History
from equipoise.proofs.link import check_link
from equipoise.proofs.opening import check_opening
from equipoise.proofs.receipt import check_receipt


@dataclass(frozen=True)
class Trust:
    """What a verifier brings along: a key history with its pins, or one expected key."""

    history: History | None = None
    pin: bytes | None = None
    head: bytes | None = None
    key: bytes | None = None

    @classmethod
    def of(
        cls,
        history: bytes | None = None,
        pin: bytes | None = None,
        head: bytes | None = None,
        key: bytes | None = None,
    ) -> Trust:
        """Decode and check the history; Malformed or Invalid."""
        decoded = None if history is None else History.decode(history)
        if decoded is not None:
            decoded.check(pin, head)
        return cls(decoded, pin, head, key)

    @property
    def pinned(self) -> bool:
        """Whether a signature says more than that somebody signed."""
        return self.key is not None or (self.history is not None and self.pin is not None)


@dataclass(frozen=True)
class Verdict:
    """accept, malformed or invalid; with a reason and its place, or with what was shown.

    ``caveats`` say in two words each what lessens an acceptance; ``attested`` says the same in sentences.
    """

    verdict: str
    reason: str = ""
    where: str = ""
    detail: str = ""
    attested: tuple[str, ...] = ()
    not_attested: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    bundle: Bundle | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.verdict == "accept"

    @property
    def sentence(self) -> str:
        """One line for people."""
        if self:
            return ", ".join(("ACCEPTED", *self.caveats))
        kind = "is not a well-formed proof" if self.verdict == "malformed" else "does NOT hold"
        return f"REJECTED: this {kind}: {self.where}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


def _rejected(fault: Rejected) -> Verdict:
    return Verdict(fault.verdict, fault.reason, fault.where, fault.detail)


def check_bundle(bundle: Bundle, trust: Trust) -> tuple[str, ...]:
    """Check all of a decoded bundle in SPEC.md's order; a sentence for each receipt."""
    header, t0, subject = bundle.header, bundle.t0, bundle.subject
    check_names(header, t0)
    if trust.history is not None:
        trust.history.judge(t0.key, header.window_end)
    elif trust.key is not None and trust.key != t0.key:
        raise Invalid("key-unknown", "attestation.key", "not the expected key")
    if not signature_holds(t0.key, t0.signature, t0.signed_message):
        raise Invalid("signature", "attestation.signature")
    if bundle.link is None:
        return ()
    check_link(subject, bundle.link)
    if bundle.opening is not None:
        check_opening(subject, bundle.opening)
    if bundle.band is not None:
        check_band(subject, bundle.band)
    words = []
    for receipt in bundle.receipts:
        content = check_receipt(subject, bundle.link, receipt)
        words.append(receipt_words(header, receipt, content))
    if bundle.audit is not None:
        check_audit(subject, bundle.link, bundle.audit)
    return tuple(words)


def verify_bundle(data: bytes, trust: Trust) -> Verdict:
    """Decode and check a bundle."""
    try:
        return _judged(Bundle.decode(data), trust)
    except Rejected as fault:
        return _rejected(fault)


def _judged(bundle: Bundle, trust: Trust) -> Verdict:
    words = check_bundle(bundle, trust)
    claims = tuple(attested(bundle, trust.pinned, trust.history, words))
    less = caveats(bundle, trust.pinned, trust.history)
    denied = tuple(not_attested(bundle.header))
    return Verdict("accept", attested=claims, not_attested=denied, caveats=less, bundle=bundle)


def verify(
    data: bytes,
    *,
    history: bytes | None = None,
    pin: bytes | None = None,
    head: bytes | None = None,
    key: bytes | None = None,
) -> Verdict:
    """Judge the bytes of a bundle, an equivocation or a history.

    ``history`` is the bytes of a key history, ``pin`` its id (32 bytes), ``head`` a digest
    that must be in it, ``key`` the expected key (used where no history is given). Never raises for
    anything in ``data`` or ``history``.
    """
    try:
        kind, _ = read_frame(Reader(data), {TYPE: LIMIT, 8: Equivocation.LIMIT, 9: History.LIMIT}, "object")
        if kind == TYPE:
            bundle = Bundle.decode(data)
        elif kind == Equivocation.TYPE:
            evidence = Equivocation.decode(data)
        else:
            subject = History.decode(data)
        if kind == History.TYPE:
            subject.check(pin, head)
            return Verdict("accept", attested=(f"a key history of {len(subject.entries)} entries, {subject.id.hex()}",))
        trust = Trust.of(history, pin, head, key)
        if kind == TYPE:
            return _judged(bundle, trust)
        check_equivocation(evidence, trust.history)
        less = ("key revoked",) if revoked_of(evidence, trust.history) else ()
        return Verdict("accept", attested=tuple(convicted(evidence, trust.history)), caveats=less)
    except Rejected as fault:
        return _rejected(fault)


def verify_chain(
    bundles: Sequence[bytes],
    *,
    history: bytes | None = None,
    pin: bytes | None = None,
    head: bytes | None = None,
    key: bytes | None = None,
) -> Verdict:
    """Judge each bundle in order, then that they follow one another."""
    try:
        trust = Trust.of(history, pin, head, key)
    except Rejected as fault:
        return _rejected(fault)
    judged: list[Bundle] = []
    less: dict[str, None] = {}  # each once, in the order in which they came
    for index, data in enumerate(bundles):
        verdict = verify_bundle(data, trust)
        if not verdict:
            return Verdict(verdict.verdict, verdict.reason, f"bundles[{index}].{verdict.where}", verdict.detail)
        assert verdict.bundle is not None
        judged.append(verdict.bundle)
        less.update(dict.fromkeys(verdict.caveats))
    chain = Chain()
    try:
        for bundle in judged:
            chain.follow(bundle.header, bundle.t0)
    except Rejected as fault:
        return _rejected(fault)
    said = f"{len(judged)} statements follow one another without a gap or an overlap"
    return Verdict("accept", attested=(said,), caveats=tuple(less))
