"""What the feeder sends, batch by batch in order of arrival: a simulated market, or a recording."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events
from equipoise.processors.instruments import Instruments
from equipoise.streams.demo.recordings import companions
from equipoise.streams.simulator import BurstSettings, Labels, Simulator, SimulatorSettings
from equipoise.streams.sources.recording import Recording, open_recording

STEP_MS: Final = 20  # records of so much time leave together
CHUNK_RECORDS: Final = 5_000
FOREVER_S: Final = 1e6


class Batch(NamedTuple):
    """Rows that leave together."""

    due_ns: int  # stamp of the feed's own time at which they leave
    events: Events
    pending: list[dict[str, Any]]  # PendingTransaction records
    labels: Labels | None  # the truth, of a simulation


class Feed(Protocol):
    """Where batches come from."""

    @property
    def instruments(self) -> Instruments:
        """The table that the events point into."""
        ...

    def prepare(self) -> None:
        """Do what takes time."""
        ...

    def start(self, now_ns: int) -> int:
        """Begin; returns the feed's own time at `now_ns`."""
        ...

    def batches(self) -> Iterator[Batch]:
        """Everything, in order."""
        ...


@dataclass
class SimulatedFeed:
    """The simulator, whose time is the present."""

    seed: int
    rate: float  # rows per second, all books together
    first_burst_ms: int
    _simulator: Simulator = field(init=False)

    def __post_init__(self) -> None:
        self._simulator = self._new(time.time_ns())

    def prepare(self) -> None:
        """Compile the kernels, or load them, before anybody waits for them."""
        for _ in self._new(time.time_ns()).chunks(1.0):
            pass

    def _new(self, start_ns: int) -> Simulator:
        first = (self.first_burst_ms, self.first_burst_ms + 1_000)
        bursts = BurstSettings(first_ms=first)
        return Simulator(
            SimulatorSettings(seed=self.seed, rate=self.rate, start_ns=start_ns, chunk_ms=STEP_MS, bursts=bursts)
        )

    @property
    def instruments(self) -> Instruments:
        """The simulator's markets."""
        return self._simulator.instruments

    def start(self, now_ns: int) -> int:
        """A fresh market that begins now."""
        self._simulator = self._new(now_ns)
        return now_ns

    def batches(self) -> Iterator[Batch]:
        """The market, without end."""
        for chunk in self._simulator.chunks(FOREVER_S):
            yield Batch(chunk.end_ns, chunk.events, chunk.pending, chunk.labels)


class RecordedFeed:
    """A recording at its own speed. Its stamps stay as they were recorded."""

    def __init__(self, preset: str, file: Path, instrument: str) -> None:
        self._instruments = Instruments()
        self._recording: Recording = open_recording(preset, companions(preset, file), instrument, self._instruments)
        first = next(iter(self._recording.chunks(100)), None)
        if first is None or not len(first.decoded.events.event_ns):
            raise ValueError(f"{file}: no record of {instrument} in its first 100 lines")
        self._start_ns = int(arrivals(first.decoded.events)[0])

    @property
    def instruments(self) -> Instruments:
        """The recorded one."""
        return self._instruments

    def prepare(self) -> None:
        """Nothing: it was opened."""

    def start(self, now_ns: int) -> int:
        """From the first record's arrival on."""
        del now_ns
        return self._start_ns

    def batches(self) -> Iterator[Batch]:
        """The recording once, cut into steps of time."""
        newest = self._start_ns
        for chunk in self._recording.chunks(CHUNK_RECORDS):
            events = chunk.decoded.events
            times = np.maximum.accumulate(np.maximum(arrivals(events), newest))
            newest = int(times[-1]) if len(times) else newest
            steps = times // (STEP_MS * 1_000_000)
            cuts = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(times)]
            for low, high in pairwise(cuts):
                if high > low:
                    columns: list[Any] = [column[low:high] for column in events]
                    yield Batch(int(times[high - 1]), Events(*columns), [], None)


def arrivals(events: Events) -> NDArray[np.int64]:
    """When each row arrived; where no recorder stamped it, when it happened."""
    return np.where(events.arrival_ns == NULL, events.event_ns, events.arrival_ns)
