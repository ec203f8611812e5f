"""The hidden value of an underlying: constant, but for the jumps that informed takers learn of first."""

import numpy as np
from numpy.typing import NDArray

from equipoise.streams.simulator.settings import BurstSettings
from equipoise.streams.simulator.variates import raw_draws, stream

_MS = 1_000_000


class ValuePath:
    """Bursts of one underlying, drawn one after the other as far as they are asked for.

    The path does not depend on any book, so every market of the underlying sees the same news.
    """

    def __init__(self, seed: int, underlying: int, start_ns: int, settings: BurstSettings) -> None:
        self._bits = stream(seed, 1, underlying)
        self._settings = settings
        self._start_ns = start_ns
        self._bursts: list[tuple[int, int, int]] = []

    def bursts_past(self, ns: int) -> list[tuple[int, int, int]]:
        """(start_ns, end_ns, jump_ppm) of every burst up to and including the first that starts after `ns`."""
        if not self._settings.enabled:
            return []
        while not self._bursts or self._bursts[-1][0] <= ns:
            self._bursts.append(self._next())
        return self._bursts

    def _next(self) -> tuple[int, int, int]:
        s = self._settings
        wait, lasts, size, sign = (int(x) for x in raw_draws(self._bits, 4))
        low, high = s.every_ms if self._bursts else s.first_ms
        since = self._bursts[-1][0] if self._bursts else self._start_ns
        start = since + low * _MS + wait % ((high - low) * _MS + 1)
        end = start + s.lasts_ms[0] * _MS + lasts % ((s.lasts_ms[1] - s.lasts_ms[0]) * _MS + 1)
        jump = s.jump_ppm[0] + size % (s.jump_ppm[1] - s.jump_ppm[0] + 1)
        return start, end, jump if sign & (1 << 40) else -jump


def value_table(bursts: list[tuple[int, int, int]], start_value: int) -> NDArray[np.int64]:
    """Rows (start_ns, end_ns, value before, value after), shape (n, 4); values in the unit of `start_value`."""
    table = np.empty((len(bursts), 4), np.int64)
    value = start_value
    for row, (start, end, jump) in enumerate(bursts):
        after = value + value * jump // 1_000_000
        table[row] = start, end, value, after
        value = after
    return table
