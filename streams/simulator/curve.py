"""A pool's liquidity by tick, as concentrated liquidity keeps it, and the order book that it amounts to.

Each tick holds so many lots. Above the current tick all of it is for sale, below it all of it buys, and the
current tick is partly converted. A taker pays the fee, so tick t offers at t + fee and bids at t - fee.
"""

from typing import Final

_NEVER_LESS: Final = 5  # lots of a tick


class Curve:
    """Liquidity around a price. `depth_lots` is what a tick holds, give or take a third."""

    def __init__(self, tick: int, depth_lots: int, fee_ticks: int, levels: int) -> None:
        self.tick = tick
        self.fee_ticks = fee_ticks
        self._depth = depth_lots
        self._levels = levels
        self._added: dict[int, int] = {}
        self.for_sale = self.capacity(tick) // 2  # of the current tick
        self._shown: dict[tuple[int, int], int] = {}

    def capacity(self, tick: int) -> int:
        """Lots that a tick holds, both assets together."""
        uneven = (tick * 2_654_435_761 >> 5) % (2 * self._depth // 3 + 1) - self._depth // 3
        return max(self._depth + uneven + self._added.get(tick, 0), _NEVER_LESS)

    def provide(self, lowest: int, highest: int, lots: int) -> None:
        """A provider adds (or takes) `lots` on each tick of a range, except on the current one."""
        for tick in range(lowest, highest + 1):
            if tick != self.tick:
                self._added[tick] = max(self._added.get(tick, 0) + lots, -self._depth)

    def swap(self, buys: bool, lots: int, limit: int | None = None) -> list[tuple[int, int]]:
        """Take `lots` along the curve; (price, lots) of each tick. Nothing is taken beyond the price `limit`."""
        fills: list[tuple[int, int]] = []
        step, fee = (1, self.fee_ticks) if buys else (-1, -self.fee_ticks)
        while lots > 0:
            price = self.tick + fee
            if limit is not None and (price - limit) * step > 0:
                break
            left = self.for_sale if buys else self.capacity(self.tick) - self.for_sale
            taken = min(lots, left)
            if taken:
                fills.append((price, taken))
                self.for_sale -= taken if buys else -taken
                lots -= taken
            if lots:
                self.tick += step
                self.for_sale = self.capacity(self.tick) if buys else 0
        return fills

    def best(self) -> tuple[int, int]:
        """Best bid and best offer, ticks."""
        bid = self.tick - (self.for_sale == self.capacity(self.tick)) - self.fee_ticks
        return bid, self.tick + (self.for_sale == 0) + self.fee_ticks

    def changes(self) -> list[tuple[int, int, int]]:
        """(side, price, lots) of every level that differs from what was shown last; 0 lots where it is gone."""
        now = self._book()
        gone = [(side, price, 0) for side, price in self._shown if (side, price) not in now]
        new = [(side, price, lots) for (side, price), lots in now.items() if self._shown.get((side, price)) != lots]
        self._shown = now
        return gone + new

    def _book(self) -> dict[tuple[int, int], int]:
        """The nearest levels. Sides count from 1, the bid."""
        book = {}
        for away in range(self._levels):
            bid, ask = self.tick - away, self.tick + away
            book[1, bid - self.fee_ticks] = self.capacity(bid) - (self.for_sale if away == 0 else 0)
            book[2, ask + self.fee_ticks] = self.for_sale if away == 0 else self.capacity(ask)
        return {level: lots for level, lots in book.items() if lots > 0}
