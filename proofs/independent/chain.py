"""The chain of a stream's attestations: numbers, digests, windows and their revisions (SPEC section 6).

| header | has to |
|---|---|
| revision 0 | start at or after the end of every window before it in the chain |
| revision k > 0 | repeat a window of which k − 1 is the last revision seen (or nothing was seen: see below) |

A chain that does not start at number 0 may revise windows from before its own beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .bundle import Bundle
from .verdict import require


@dataclass(slots=True)
class _Windows:
    """The windows seen so far: last revision of each, and the latest end."""

    from_the_start: bool
    revisions: dict[tuple[int, int], int] = field(default_factory=dict)
    latest_end: int = 0

    def take(self, bundle: Bundle) -> None:
        header = bundle.header
        window = (header.window_start, header.window_end)
        if header.revision == 0:
            detail = f"the window from {header.window_start} starts before {self.latest_end}"
            require(header.window_start >= self.latest_end, "window-overlap", detail)
        else:
            seen = self.revisions.get(window)
            unseen = seen is None and not self.from_the_start
            require(unseen or seen == header.revision - 1, "revision-order", f"revision {header.revision}, seen {seen}")
        self.revisions[window] = header.revision
        self.latest_end = max(self.latest_end, header.window_end)


def check_chain(bundles: Sequence[Bundle]) -> None:
    """Raise InvalidError unless the bundles, each checked before, are consecutive statements of one stream."""
    if not bundles:
        return
    windows = _Windows(bundles[0].attestation.sequence == 0)
    windows.take(bundles[0])
    for before, after in pairwise(bundles):
        earlier, later = before.attestation, after.attestation
        require(earlier.stream_id == later.stream_id, "stream-mismatch", "two streams in one chain")
        detail = f"{later.sequence} follows {earlier.sequence}"
        require(later.sequence == earlier.sequence + 1, "sequence-gap", detail)
        require(
            later.previous == earlier.digest, "chain-mismatch", f"number {later.sequence} follows another statement"
        )
        windows.take(after)
