"""Signals that say that there is no new signal. The only ones that the wall clock causes.

They change no state and stand outside the identity of bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from equipoise.schemas.heartbeat import encode_heartbeat
from equipoise.streams.outgoing import FEE, SPREAD
from equipoise.streams.settings import Delivery

MS: Final = 1_000_000
KINDS: Final = (SPREAD, FEE)


@dataclass(slots=True)
class _Quiet:
    """The last signal of one kind and instrument."""

    body: bytes
    signal_ns: int  # wall clock when it left
    due_ns: int


class Heartbeats:
    """Knows the last signal of every instrument of one partition, and which are due."""

    def __init__(self, delivery: Delivery) -> None:
        self._interval_ns = delivery.heartbeat_ms * MS
        self._stale_ns = delivery.stale_after_ms * MS
        self._last: dict[tuple[str, str], _Quiet] = {}
        self._queue: list[tuple[int, str, str]] = []

    def published(self, schema: str, key: str, body: bytes, now_ns: int) -> None:
        """A signal of this kind and instrument left at `now_ns`."""
        if schema not in KINDS:
            return
        due = now_ns + self._interval_ns
        quiet = self._last.get((schema, key))
        if quiet is None:
            self._last[schema, key] = _Quiet(body, now_ns, due)
            heappush(self._queue, (due, schema, key))
        else:  # its entry in the queue is moved when it comes up
            quiet.body, quiet.signal_ns, quiet.due_ns = body, now_ns, due

    def due(self, now_ns: int) -> Iterator[tuple[str, str, bytes]]:
        """Schema, instrument key and payload of each heartbeat to be published now."""
        while self._queue and self._queue[0][0] <= now_ns:
            _, schema, key = heappop(self._queue)
            quiet = self._last[schema, key]
            if quiet.due_ns <= now_ns:
                silence = max(0, now_ns - quiet.signal_ns)
                yield schema, key, encode_heartbeat(schema, quiet.body, now_ns, silence, self._stale_ns)
                quiet.due_ns = now_ns + self._interval_ns
            heappush(self._queue, (quiet.due_ns, schema, key))
