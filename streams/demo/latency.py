"""How long an order takes to become a signal: from its arrival in Kafka to the signal in our hands."""

from collections.abc import Iterable
from typing import Final

from equipoise.schemas.headers import SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC

RING: Final = 1 << 17  # source records whose stamps are kept per partition
WAITING: Final = 10_000

Place = tuple[str, int, int]  # topic, partition, offset


def source_of(headers: Iterable[tuple[str, bytes | None]] | None) -> Place | None:
    """The record that triggered a signal, as its headers say."""
    found = {name: value for name, value in headers or () if value is not None}
    try:
        return found[SOURCE_TOPIC].decode(), int(found[SOURCE_PARTITION]), int(found[SOURCE_OFFSET])
    except (KeyError, ValueError):
        return None


class Latencies:
    """Joins signals to the Kafka stamps of their source records, in whichever order the two come."""

    def __init__(self) -> None:
        self._stamps: dict[tuple[str, int], list[tuple[int, int]]] = {}
        self._waiting: list[tuple[Place, float]] = []

    def record(self, topic: str, partition: int, offset: int, stamp_ms: int) -> None:
        """A source record and its Kafka timestamp."""
        ring = self._stamps.setdefault((topic, partition), [(-1, 0)] * RING)
        ring[offset % RING] = (offset, stamp_ms)

    def signal(self, place: Place, received_ms: float) -> None:
        """A signal was received."""
        if len(self._waiting) < WAITING:
            self._waiting.append((place, received_ms))

    def joined(self) -> list[float]:
        """Latencies (ms) that can be told now; the rest waits for its source record."""
        told, waiting = [], []
        for place, received_ms in self._waiting:
            topic, partition, offset = place
            ring = self._stamps.get((topic, partition))
            known, stamp_ms = ring[offset % RING] if ring else (-1, 0)
            if known == offset:
                told.append(max(0.0, received_ms - stamp_ms))
            elif known < offset:
                waiting.append((place, received_ms))
        self._waiting = waiting
        return told
