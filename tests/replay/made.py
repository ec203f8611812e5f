"""A simulated market in the place of a recording, for tests that need rows and no files."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from equipoise.processors.columns import Events
from equipoise.processors.instruments import Instruments
from equipoise.streams.records import Decoded
from equipoise.streams.replay.source import ONE_TOPIC, Feed, Opened
from equipoise.streams.simulator.simulator import Simulator


class SimulatedSource(Opened):
    """`Opened` over rows of the simulator: one record a row."""

    def __init__(self, events: Events, instruments: Instruments) -> None:
        recording = SimpleNamespace(instrument=instruments[0], bytes_read=1, bytes_total=1, topics=("all",))
        super().__init__(cast(Any, recording), instruments, split=False)
        object.__setattr__(self, "events", events)

    def chunks(self, n: int = 5_000) -> Iterator[list[Feed]]:
        events: Events = self.events  # type: ignore[attr-defined]
        for first in range(0, len(events.offset), n):
            part = Events(*(column[first : first + n] for column in events))
            rows = len(part.offset)
            yield [(ONE_TOPIC, Decoded(part, range(rows)), range(first, first + rows))]


def simulated(seconds: float = 20.0) -> SimulatedSource:
    """Some seconds of the default simulated market."""
    simulator = Simulator()
    parts = [chunk.events for chunk in simulator.chunks(seconds)]
    return SimulatedSource(
        Events(*(np.concatenate(columns) for columns in zip(*parts, strict=True))), simulator.instruments
    )
