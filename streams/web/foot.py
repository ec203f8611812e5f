"""The figures at the foot: is the feed alive, complete and fast?"""

from collections import deque
from typing import Any, Final

WINDOW_S: Final = 5.0  # rates and percentiles are of the last seconds, or they would hide a stall


class Foot:
    """Counts and recent latencies. Times are seconds of one steady clock unless they say ns."""

    def __init__(self) -> None:
        self.records = 0
        self.signals = 0
        self.late = 0
        self.dead = 0
        self.gaps = 0
        self.newest_event_ns: int | None = None
        self._rates: deque[tuple[float, int]] = deque()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=20_000)

    def read(self, now_s: float, records: int) -> None:
        """So many source records have been read in all by `now_s`."""
        self.records = records
        self._rates.append((now_s, records))
        while now_s - self._rates[0][0] > WINDOW_S:
            self._rates.popleft()

    def latency(self, now_s: float, ms: float) -> None:
        """One signal came out `ms` after the record that triggered it went in."""
        self._latencies.append((now_s, ms))

    def event(self, event_ns: int) -> None:
        """A record of this event time has been seen."""
        self.newest_event_ns = max(event_ns, self.newest_event_ns or event_ns)

    @property
    def rate(self) -> float | None:
        """Records per second, None before there are two looks."""
        if len(self._rates) < 2 or self._rates[-1][0] == self._rates[0][0]:
            return None
        (t0, n0), (t1, n1) = self._rates[0], self._rates[-1]
        return (n1 - n0) / (t1 - t0)

    def percentile(self, share: float, seconds: float | None = WINDOW_S) -> float | None:
        """A latency percentile in ms (nearest rank), of the last `seconds` or of all that are kept."""
        if not self._latencies:
            return None
        since = self._latencies[-1][0] - seconds if seconds is not None else float("-inf")
        values = sorted(ms for at, ms in self._latencies if at >= since)
        return values[min(int(share * len(values)), len(values) - 1)]

    def age_ms(self, clock_ns: int) -> float | None:
        """How old the newest record is at the event time `clock_ns`; never negative."""
        return None if self.newest_event_ns is None else max(0.0, (clock_ns - self.newest_event_ns) / 1e6)

    def view(self, clock_ns: int) -> dict[str, Any]:
        """The figures as texts; a dash where there is none yet."""
        age, rate, p99 = self.age_ms(clock_ns), self.rate, self.percentile(0.99)
        return {
            "age": "–" if age is None else (f"{age:.0f} ms" if age < 1000 else f"{age / 1000:.1f} s"),
            "stale": age is not None and age > 2000,
            "gaps": f"{self.gaps:,}",
            "rate": "–" if rate is None else f"{rate:,.0f}",
            "p99": "–" if p99 is None else f"{p99:,.0f} ms",
            "records": f"{self.records:,}",
            "signals": f"{self.signals:,}",
            "late": f"{self.late:,}",
            "dead": f"{self.dead:,}",
        }
