"""Has the worker begin again where its input lies at the brokers and does not come.

Whoever waits for brokers waits without a limit, since they are to come back. But a partition of which they themselves
say that it goes on, and of which nothing has come for long, is stuck on our side: in Faust, in aiokafka, in what we
hold back. What is behind that is not known here; a new start, from the last checkpoint, is what ends it.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaException

from equipoise.streams.delivery import FencedError
from equipoise.streams.recovery import Reader
from equipoise.streams.retry import sentence
from equipoise.streams.runtime import Place, Runtime
from equipoise.streams.settings import Settings

log = logging.getLogger(__name__)

LOOK_S: Final = 1.0
STALLS: Final = 4  # so many times `delivery.stall_s` without anything: by then the log has said it as often


class StalledError(FencedError):
    """Nothing came of a partition that goes on."""


async def renew(runtime: Runtime) -> None:
    """Until cancelled. Raises StalledError."""
    settings = runtime.tools.settings
    waits = Waits(STALLS * settings.delivery.stall_s)
    looked_s = time.monotonic()
    while True:
        await asyncio.sleep(LOOK_S)
        now_s = time.monotonic()
        # a loop that was busy, or a process that was stopped, has not seen what came meanwhile
        long = waits.look(runtime.awaited(), min(now_s - looked_s, 2 * LOOK_S))
        looked_s = now_s
        if long:
            ends = await asyncio.to_thread(_ends, settings, [place for place, _ in long])
            for (topic, number), position in long:
                if position < ends.get((topic, number), -1) - 1:  # the last offset may be a transaction's marker
                    raise StalledError(
                        f"{topic}[{number}]: nothing came from offset {position} on for {waits.limit_s:g} s, "
                        f"and the brokers have it up to {ends[topic, number]}"
                    )


class Waits:
    """For how long nothing has come of partitions of which more is, or may be, there."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._waited: dict[Place, tuple[int, float]] = {}

    def look(self, awaited: dict[Place, int], passed_s: float) -> list[tuple[Place, int]]:
        """Which of them have waited too long, and at which offset; told again after as long as that."""
        before, self._waited, long = self._waited, {}, []
        for place, position in awaited.items():
            was, waited_s = before.get(place, (position, -passed_s))
            waited_s = waited_s + passed_s if was == position else 0.0
            if waited_s > self.limit_s:
                long.append((place, position))
                waited_s = 0.0
            self._waited[place] = position, waited_s
        return long


def _ends(settings: Settings, places: Sequence[Place]) -> dict[Place, int]:
    """Where they end, as the brokers say; what they do not say is left out."""
    found = {}
    try:
        with Reader(settings) as reader:
            for topic, number in places:
                found[topic, number] = reader.end(topic, number)
    except KafkaException as why:
        log.warning("nothing comes, and the brokers do not say whether there is more: %s", sentence(why))
    return found
