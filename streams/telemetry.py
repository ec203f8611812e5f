"""What a worker remembers of its own speed and mishaps: fixed memory, a few nanoseconds an entry.

`Histogram` counts in buckets whose width is an eighth of their octave, as HdrHistogram does with three bits of
precision: a quantile is at most 12.5 % above the true value, from a nanosecond to hours, in 4 KiB.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 3  # of precision within an octave
PER_OCTAVE: Final = 1 << BITS
BUCKETS: Final = 64 * PER_OCTAVE


class Histogram:
    """How often durations occurred, in nanoseconds."""

    def __init__(self) -> None:
        self.counts: NDArray[np.int64] = np.zeros(BUCKETS, np.int64)
        self.count = 0
        self.sum_ns = 0

    def add(self, ns: int, times: int = 1) -> None:
        """Count a duration; below zero is zero."""
        ns = max(ns, 0)
        self.counts[bucket(ns)] += times
        self.count += times
        self.sum_ns += ns * times

    def below(self, ns: int) -> int:
        """How many were at most `ns`, for `ns` that bounds a bucket (a power of two minus one does)."""
        return int(self.counts[: bucket(ns) + 1].sum())

    def quantile_ns(self, share: float) -> int:
        """The least upper bound of a bucket that at least this share lies at or below; 0: nothing was counted."""
        if not self.count:
            return 0
        found = int(np.searchsorted(np.cumsum(self.counts), share * self.count))
        return upper_ns(min(found, BUCKETS - 1))


def bucket(ns: int) -> int:
    """Which bucket holds a duration."""
    octave = ns.bit_length() - 1 - BITS
    if octave < 0:
        return ns
    return (octave + 1) * PER_OCTAVE + ((ns >> octave) & (PER_OCTAVE - 1))


def upper_ns(index: int) -> int:
    """The largest duration that a bucket holds."""
    if index < PER_OCTAVE:
        return index
    octave, rest = divmod(index, PER_OCTAVE)
    return ((PER_OCTAVE + rest + 1) << (octave - 1)) - 1


class Arrivals:
    """When the records of one topic came, as long as they may still cause a signal."""

    def __init__(self) -> None:
        self._runs: deque[tuple[int, int]] = deque()  # last offset, and when it was there

    def came(self, last: int, arrived_ns: int) -> None:
        """Records up to this offset came together."""
        self._runs.append((last, arrived_ns))

    def book(self, offsets: NDArray[np.int64], now_ns: int, into: Histogram) -> None:
        """Signals that these offsets triggered have left."""
        if len(self._runs) == 1:
            into.add(now_ns - self._runs[0][1], len(offsets))
            return
        ends = np.array([last for last, _ in self._runs], np.int64)
        runs, counts = np.unique(np.searchsorted(ends, offsets), return_counts=True)
        for run, count in zip(runs.tolist(), counts.tolist(), strict=True):
            if run < len(self._runs):
                into.add(now_ns - self._runs[run][1], count)

    def settled(self, below: int) -> None:
        """Forget records below this offset."""
        while self._runs and self._runs[0][0] < below:
            self._runs.popleft()


@dataclass(slots=True)
class Telemetry:
    """Of one worker, since it began."""

    decision: Histogram = field(default_factory=Histogram)  # fetch response there → signal handed to the producer
    checkpoint: Histogram = field(default_factory=Histogram)  # or transaction: begun → sealed
    rebalances: int = 0
    fenced: int = 0
    published: int = 0
    turned_s: float = 0.0  # when the event loop last turned, by the monotonic clock
