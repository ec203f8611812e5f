"""The chain of statements: no number missing, no window overlapping, revisions in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.errors import Invalid
from equipoise.proofs.header import Header


@dataclass
class Chain:
    """What must be remembered of the statements seen so far (in order)."""

    last: Attestation | None = None
    whole: bool = False
    latest_end: int = 0
    revisions: dict[tuple[int, int], int] = field(default_factory=dict)

    def follow(self, header: Header, t0: Attestation) -> None:
        """Take the next statement in.

        Raises Invalid: stream-mismatch, sequence-gap, chain-mismatch, window-overlap, revision-order.
        """
        if self.last is None:
            self.whole = t0.sequence == 0
        else:
            self._continues(self.last, t0)
        window = (header.window_start, header.window_end)
        if header.revision == 0:
            if header.window_start < self.latest_end:
                raise Invalid("window-overlap", "header.window_start", f"before {self.latest_end}")
        else:
            seen = self.revisions.get(window)
            unseen = seen is None and not self.whole
            if not unseen and seen != header.revision - 1:
                raise Invalid("revision-order", "header.revision", f"{header.revision} after {seen}")
        self.revisions[window] = header.revision
        self.latest_end = max(self.latest_end, header.window_end)
        self.last = t0

    @staticmethod
    def _continues(last: Attestation, t0: Attestation) -> None:
        if t0.stream_id != last.stream_id:
            raise Invalid("stream-mismatch", "attestation.stream_id")
        if t0.sequence != last.sequence + 1:
            raise Invalid("sequence-gap", "attestation.sequence", f"{t0.sequence} after {last.sequence}")
        if t0.previous != last.digest:
            raise Invalid("chain-mismatch", "attestation.previous")
