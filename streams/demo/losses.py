"""Two running totals over the same orders: what informed takers cost with a fixed spread, and with ours.

The rule is the simulator's (streams/simulator/fills.py): every taker's order fills one lot of either
maker, and the fixed spread is the one that earns the same from everybody else. Only a simulation knows
who is informed.
"""

from collections import deque
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.instruments import Instrument
from equipoise.schemas.enums import Kind
from equipoise.schemas.signals import SpreadSignal
from equipoise.streams.demo.names import TAKER_FIELDS
from equipoise.streams.simulator.fills import LossTotals, Quotes, half_spreads_met, loss_totals, moves_to_value
from equipoise.streams.simulator.labels import TAKER_DTYPE
from equipoise.streams.web.text import bps

SETTLE_NS: Final = 1_500_000_000  # an order is counted so much later: every quote published before it is here by then
KEEP_NS: Final = 10_000_000_000  # quotes older than this have expired


class Losses:
    """Totals by instrument."""

    def __init__(self, instruments: list[Instrument]) -> None:
        self._instruments = instruments
        self._index = {instrument.key: index for index, instrument in enumerate(instruments)}
        self._quotes: list[deque[tuple[int, int, float, float]]] = [deque() for _ in instruments]
        self._waiting: list[tuple[Any, ...]] = []
        self.totals = [LossTotals() for _ in instruments]
        self._notional = [0.0] * len(instruments)  # price of one lot when the first order was counted

    def quote(self, signal: SpreadSignal) -> None:
        """A published quote."""
        index = self._index.get(signal.instrument)
        if index is None or signal.kind is not Kind.LIVE:
            return
        bid, ask = signal.bid_half_spread_bps, signal.ask_half_spread_bps
        nan = float("nan")
        known = self._quotes[index]
        if not known or signal.as_of_ns >= known[-1][0]:
            row = (signal.as_of_ns, signal.valid_until_ns, nan if bid is None else bid, nan if ask is None else ask)
            known.append(row)

    def takers(self, rows: list[list[Any]]) -> None:
        """Labels of taker orders, as the feeder sends them."""
        self._waiting += map(tuple, rows)

    def settle(self, clock_ns: int) -> None:
        """Count the orders whose quotes must all be here by now."""
        at = TAKER_FIELDS.index("event_ns")
        ripe = [row for row in self._waiting if row[at] <= clock_ns - SETTLE_NS]
        if not ripe:
            return
        self._waiting = [row for row in self._waiting if row[at] > clock_ns - SETTLE_NS]
        takers = np.zeros(len(ripe), TAKER_DTYPE)
        for number, name in enumerate(TAKER_FIELDS):
            takers[name] = [row[number] for row in ripe]
        takers.sort(order="event_ns", kind="stable")
        met, moves = half_spreads_met(takers, self._published()), moves_to_value(takers)
        for index in np.unique(takers["instrument"]).tolist():
            self._count(index, takers, met, moves)
        self._forget(int(takers["event_ns"][0]) - KEEP_NS)

    def _count(
        self, index: int, takers: NDArray[np.void], met: NDArray[np.float64], moves: NDArray[np.float64]
    ) -> None:
        mine = takers["instrument"] == index
        self.totals[index] += loss_totals(takers[mine], met[mine], moves[mine])
        if not self._notional[index]:
            one = self._instruments[index]
            self._notional[index] = float(takers["mid_x2"][mine][0]) / 2 * float(one.tick * one.lot)

    def _published(self) -> Quotes:
        rows = [(index, *row) for index, known in enumerate(self._quotes) for row in known]
        columns = list(zip(*rows, strict=True)) or [()] * 5
        return Quotes(
            np.array(columns[0], np.int32),
            np.array(columns[1], np.int64),
            np.array(columns[2], np.int64),
            np.array(columns[3], np.float64),
            np.array(columns[4], np.float64),
        )

    def _forget(self, before_ns: int) -> None:
        for known in self._quotes:
            while len(known) > 1 and known[1][0] < before_ns:
                known.popleft()

    def view(self, index: int) -> dict[str, Any] | None:
        """The totals of an instrument in words, None before the first informed order."""
        totals, notional = self.totals[index], self._notional[index]
        if not totals.informed or not totals.background:
            return None
        unit = notional * 1e-4
        fixed, ours = totals.informed_loss_fixed_bps() * unit, totals.informed_loss_ours_bps * unit
        most = max(fixed, ours, 1e-12)
        quote = self._instruments[index].quote
        return {
            "lead": f"{totals.informed + totals.background:,} orders so far, {totals.informed:,} of them informed.",
            "fixed_note": f"always {bps(totals.equal_half_spread_bps)} bps",
            "fixed_bps": totals.equal_half_spread_bps,
            "fixed": money(fixed, quote),
            "ours": money(ours, quote),
            "fixed_value": fixed,
            "ours_value": ours,
            "fixed_share": max(fixed, 0.0) / most,
            "ours_share": max(ours, 0.0) / most,
            "verdict": verdict(fixed, ours),
            "note": (
                "Simulated: only a simulator knows who was informed. Each order fills one lot "
                f"({money(notional, quote)}) of either maker. The fixed spread is the one that earns as much from "
                "everybody else as ours does."
            ),
        }


def money(amount: float, quote: str) -> str:
    """An amount with its currency; a gain has a minus before it, since losses are what is shown."""
    sign = "−" if amount < 0 else ""
    mark = "$" if quote in ("USD", "USDT", "USDC") else ""
    return f"{sign}{mark}{abs(amount):,.2f}" + ("" if mark else f" {quote}".rstrip())


def verdict(fixed: float, ours: float) -> str:
    """Which of the two lost less, also when it is not ours."""
    if abs(fixed - ours) < 0.005 * max(abs(fixed), abs(ours), 1e-12):
        return "So far both lost the same."
    if fixed <= 0 or ours <= 0:
        less = "So far ours lost nothing, the fixed one did." if fixed > 0 else "So far neither lost; ours earned more."
        return less if ours < fixed else "So far ours did worse."
    share = abs(fixed - ours) / fixed
    return f"So far ours lost {share * 100:.0f} % {'less' if ours < fixed else 'more'}."
