"""What the chart shows: the quotes of the last minute, on a grid of event time."""

from collections import deque
from typing import Final

from equipoise.streams.web.reading import Reading

GRID_MS: Final = 100
SPAN_MS: Final = 60_000

# time (ms), shown until (ms), mid, bid, ask, regime, status. None is a gap, and stays one.
Point = tuple[int, int, float | None, float | None, float | None, int, int]


class History:
    """The last quotes of one instrument: one point a grid step, the widest quote of the step.

    The widest, because a spread that opens and closes within a step is what one looks for. Points are
    numbered from 0 for ever, so that a page can ask for what it has not seen.
    """

    def __init__(self, span_ms: int = SPAN_MS, grid_ms: int = GRID_MS) -> None:
        self._points: deque[Point] = deque(maxlen=span_ms // grid_ms + 2)
        self._span_ms = span_ms
        self._grid_ms = grid_ms
        self._made = 0

    def add(self, reading: Reading) -> None:
        """Take a signal in; one that is older than the newest point is left out."""
        t_ms = reading.as_of_ns // 1_000_000
        point: Point = (
            t_ms - t_ms % self._grid_ms,
            reading.valid_until_ns // 1_000_000,
            reading.mid,
            reading.bid,
            reading.ask,
            int(reading.regime),
            int(reading.status),
        )
        last = self._points[-1] if self._points else None
        if last is None or point[0] > last[0]:
            self._points.append(point)
            self._made += 1
        elif point[0] == last[0]:
            self._points[-1] = _wider(last, point)

    def since(self, number: int, clock_ms: int) -> tuple[int, list[Point]]:
        """Points from `number` on that are finished or the newest, and the number to ask for next."""
        first = self._made - len(self._points)
        start = max(number - first, 0)
        found = [p for p in list(self._points)[start:] if p[0] >= clock_ms - self._span_ms]
        return max(self._made - 1, 0), found

    def all(self, clock_ms: int) -> list[Point]:
        """Every point in the span before `clock_ms`."""
        return self.since(0, clock_ms)[1]


def _wider(old: Point, new: Point) -> Point:
    if None in (old[3], old[4], new[3], new[4]):
        return new
    return old if _width(old) > _width(new) and old[5] >= new[5] else new


def _width(point: Point) -> float:
    _, _, _, bid, ask, _, _ = point
    return (ask or 0.0) - (bid or 0.0)
