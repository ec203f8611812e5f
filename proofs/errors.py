"""Everything that can go wrong, as a tree.

    ProofError
    ├── Rejected            the peer's fault: what it sent cannot be accepted
    │   ├── Malformed       the bytes are no sentence of the format
    │   └── Invalid         a well-formed sentence that is false
    └── Refused             the caller's fault: we will not publish this
        ├── PolicyRefused   privacy: too few traders, one trader dominates, overlap
        ├── LimitExceeded   a number is outside what can be attested
        ├── SequenceReused  a second statement under one sequence number
        ├── Backlog         the prover has as much work as it may hold
        └── KeyRefused      wrong passphrase, damaged key file, unusable key

``Rejected.reason`` is one of the codes of SPEC.md, section 13; ``where`` names the
field or the check, for people.
"""

from __future__ import annotations

MALFORMED = frozenset(
    {
        *("bad-magic", "bad-type", "bad-version", "bad-text", "bad-value", "too-large", "truncated"),
        *("trailing-bytes", "point-encoding", "point-identity", "point-subgroup", "scalar-range", "bundle-order"),
    }
)
INVALID = frozenset(
    {
        *("header-mismatch", "stream-mismatch", "key-unknown", "key-early", "key-revoked", "key-retired"),
        *("signature", "statement-mismatch", "mode-mismatch", "root-mismatch", "challenge-zero"),
        *("link-equation", "opening-buys", "opening-sells", "band-index", "proof-size", "range-equation"),
        *("leaf-index", "value-width", "content", "leaf-key", "path-length", "gateway-signature"),
        *("leaf-count", "leaf-order", "sequence-gap", "chain-mismatch", "window-overlap", "revision-order"),
        *("not-equivocation", "history-chain", "history-order", "history-pin"),
    }
)


class ProofError(Exception):
    """Base of every error that this library raises on purpose."""


class Rejected(ProofError):  # noqa: N818 - it is a verdict
    """What a peer sent cannot be accepted; ``reason`` is a code of SPEC.md."""

    verdict = "rejected"
    codes: frozenset[str] = frozenset()

    def __init__(self, reason: str, where: str, detail: str = "") -> None:
        if reason not in self.codes:
            raise AssertionError(f"{reason!r} is not a reason of {type(self).__name__}")
        self.reason, self.where, self.detail = reason, where, detail
        super().__init__(f"{where}: {reason}" + (f" ({detail})" if detail else ""))

    def inside(self, outer: str) -> Rejected:
        """The same error, seen from the object that contains ``where``."""
        return type(self)(self.reason, f"{outer}.{self.where}", self.detail)


class Malformed(Rejected):
    """The bytes are not a sentence of the format."""

    verdict = "malformed"
    codes = MALFORMED


class Invalid(Rejected):
    """The bytes say something that is not true."""

    verdict = "invalid"
    codes = INVALID


class Refused(ProofError):  # noqa: N818 - it is a verdict
    """The caller asked for something that must not be published."""


class PolicyRefused(Refused):
    """The privacy policy forbids it."""


class LimitExceeded(Refused):
    """A value is outside the range that can be attested."""


class SequenceReused(Refused):
    """One sequence number (or one window's revision) would carry two statements."""


class Backlog(Refused):
    """The prover already holds as much work as it may."""


class KeyRefused(Refused):
    """A key file or passphrase cannot be used."""


def need(name: str, value: int, low: int, high: int, secret: bool = False) -> int:
    """Return ``value`` if low <= value <= high, else raise LimitExceeded naming all three (a secret value not)."""
    if not low <= value <= high:
        shown = "" if secret else f" = {value}"
        raise LimitExceeded(f"{name}{shown}: must be in {low}..{high}")
    return value
