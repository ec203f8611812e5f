"""What a verifier may say: accept, malformed or invalid, with the SPEC's reason code.

SPEC sections 1 and 13. *Malformed* bytes are not a sentence of the language, *invalid* ones are a sentence that is
false. Decoders raise `MalformedError`, checks raise `InvalidError`; the entries turn either into a `Verdict`, so that
nothing a stranger sends is an exception to the caller. Passing no bytes at all (a `str`, `None`) is the caller's own
fault and stays a `TypeError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MALFORMED_REASONS = frozenset(
    (
        *("bad-magic", "bad-type", "bad-version", "bad-text", "bad-value", "too-large", "truncated", "trailing-bytes"),
        *("point-encoding", "point-identity", "point-subgroup", "scalar-range", "bundle-order"),
    )
)
INVALID_REASONS = frozenset(
    (
        *("header-mismatch", "stream-mismatch", "key-unknown", "key-early", "key-revoked", "key-retired", "signature"),
        *("statement-mismatch", "mode-mismatch", "root-mismatch", "challenge-zero", "link-equation", "opening-buys"),
        *("opening-sells", "band-index", "proof-size", "range-equation", "leaf-index", "value-width", "content"),
        *("leaf-key", "path-length", "gateway-signature", "leaf-count", "leaf-order", "sequence-gap"),
        *("chain-mismatch", "window-overlap", "revision-order", "not-equivocation", "history-chain"),
        *("history-order", "history-pin"),
    )
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: `reason` is empty when accepted, `detail` is for people and no part of the contract."""

    verdict: Literal["accept", "malformed", "invalid"]
    reason: str = ""
    detail: str = ""

    @property
    def accepted(self) -> bool:
        """Whether everything that the artefact claims was found true."""
        return self.verdict == "accept"


ACCEPT = Verdict("accept")


class RefusalError(Exception):
    """The first thing wrong: `reason` is a code of the SPEC, `detail` names the place."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def verdict(self) -> Verdict:
        """This refusal as the value that the entries return."""
        kind: Literal["malformed", "invalid"] = "malformed" if isinstance(self, MalformedError) else "invalid"
        return Verdict(kind, self.reason, self.detail)


class MalformedError(RefusalError):
    """The bytes are not a sentence of the language."""


class InvalidError(RefusalError):
    """The bytes are a sentence, and it is false."""


def require(holds: bool, reason: str, detail: str = "") -> None:
    """Raise `InvalidError(reason)` unless `holds`."""
    if not holds:
        raise InvalidError(reason, detail)
