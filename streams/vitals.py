"""How a worker is: what its watchdog looks at and its metrics show, read from its partitions when asked."""

import time
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from equipoise.streams.runtime import Runtime
from equipoise.streams.telemetry import Telemetry
from equipoise.streams.watchdog import Wait, Watchdog

NS: Final = 1_000_000_000
Sample = tuple[dict[str, Any], float]


class Place(NamedTuple):
    """One topic and partition: where it ends, where we are, and what is sealed."""

    topic: str
    partition: int
    end: int
    position: int
    sealed: int
    account: dict[str, Any]


class Vitals:
    """Of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.watchdog = Watchdog(self.waits, self.telemetry, runtime.tools.settings.delivery.stall_s)
        self._queue = (0, 0.0)  # least of what the producer held since it was last empty or shrank, and when
        self._seen: dict[tuple[str, int], tuple[int, float]] = {}

    @property
    def telemetry(self) -> Telemetry:
        """What the worker counts."""
        return self._runtime.tools.telemetry

    def unacknowledged(self) -> int:
        """Outputs that the brokers have not confirmed."""
        return self._runtime.tools.outputs.waiting()

    def aborted(self) -> int:
        """Transactions that were aborted and sent again."""
        return self._runtime.tools.outputs.aborted

    def places(self) -> list[Place]:
        """All that is assigned."""
        source = self._runtime.tools.source
        found = []
        for partition in self._runtime.partitions.values():
            for topic, account in partition.task.accounts().items():
                position = partition.task.position(topic)
                end = source.end(topic, partition.number)
                sealed = partition.sealed.get(topic, position)
                found.append(Place(topic, partition.number, max(end, position), position, sealed, account))
        return found

    def watermark_delays(self) -> Iterator[Sample]:
        """The clock minus the watermark, where there is one."""
        now_ns = self._runtime.tools.clock_ns()
        for (owner, number), partition in self._runtime.partitions.items():
            if not owner and partition.task.watermark_ns > 0:
                yield {"partition": number}, (now_ns - partition.task.watermark_ns) / NS

    def checkpoint_ages(self) -> Iterator[Sample]:
        """How long ago the last one was sealed, while there is something to seal."""
        now_s = time.monotonic()
        for (owner, number), partition in self._runtime.partitions.items():
            yield {"partition": number, "of": owner or "orders"}, now_s - partition.sealed_s if partition.dirty else 0.0

    def waits(self) -> Iterator[Wait]:
        """Whoever waits for something."""
        now_s = time.monotonic()
        yield from self._runtime.waits()
        for place in self.places():
            was, since_s = self._seen.get((place.topic, place.partition), (-1, now_s))
            if place.position != was or place.position >= place.end:
                since_s = now_s
            self._seen[place.topic, place.partition] = place.position, since_s
            if place.position < place.end - 1:  # the last offset may be a transaction's marker, which nobody reads
                what = f"{place.topic}[{place.partition}] from {place.position}, end {place.end}"
                yield Wait("fetch", since_s, what)
        held = self._runtime.tools.outputs.waiting()
        least, since_s = self._queue
        self._queue = (held, now_s) if held < least or not least else (least, since_s)
        if held:
            yield Wait("producer", self._queue[1], "unacknowledged outputs")
