"""An AMM pool: swaps wait in the mempool, blocks execute them, arbitrageurs bring it to the hidden value.

Event-driven: a queue of what happens next, in order of time. All draws come from one stream in that order.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, Flag, PendingState, Side
from equipoise.streams.simulator import state
from equipoise.streams.simulator.curve import Curve
from equipoise.streams.simulator.exchange import Slice
from equipoise.streams.simulator.labels import OUTCOME_DTYPE, VALUE_UNIT
from equipoise.streams.simulator.mempool import Mempool, Swap, pending_record
from equipoise.streams.simulator.settings import SimulatedMarket, SimulatorSettings
from equipoise.streams.simulator.value import ValuePath, value_table
from equipoise.streams.simulator.variates import below, exponential, raw_draws, stream, uniform

_MS: Final = 1_000_000
_FEE_TICKS: Final = 3
_LEVELS: Final = 20
_DEPTH_LOTS: Final = 30
_SWAP_LOTS: Final = 15.0
_ARBITRAGE_LOTS: Final = 60.0
_ARBITRAGES_PER_SWAP: Final = 1.0  # as long as the price is wrong
_WRONG_TICKS: Final = 2  # past the fee
_REACH_NS: Final = 200 * _MS  # from the sender to the builders
_LATENCY_NS: Final = 20 * _MS
_JITTER_NS: Final = 5 * _MS
# Chances in a thousand.
_INCLUDED, _DROPPED, _OUTBID, _OUTBID_ENOUGH, _SEEN_TWICE, _PROVIDER = 850, 20, 250, 850, 100, 200


class PoolMarket:
    """One pool and its mempool, as far as it is asked to go."""

    def __init__(self, number: int, market: SimulatedMarket, settings: SimulatorSettings, path: ValuePath) -> None:
        self._draws = _draws(stream(settings.seed, 3, number))
        self._instrument, self._pool = market.instrument, market.pool
        self._flow, self._path = settings.flow, path
        self._start_ns, self._start_value = settings.start_ns, market.start_ticks * VALUE_UNIT
        self._curve = Curve(market.start_ticks, _DEPTH_LOTS, _FEE_TICKS, _LEVELS)
        self._mempool = Mempool(f"{settings.seed}/{number}", self._draw)
        self._block_ns = settings.flow.blocks_ms * _MS
        self._block = 20_000_000
        self._now = settings.start_ns
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._queued = 0
        self._sequence = 0
        self._arrival = self._pending_arrival = 0
        self._rows: list[tuple[int, ...]] = []
        self._takers: list[tuple[int, ...]] = []
        self._records: list[dict[str, Any]] = []
        self._outcomes: list[tuple[Any, ...]] = []
        self._bursts: NDArray[np.int64] = np.empty((0, 4), np.int64)
        self._show(Action.SNAPSHOT)
        for action in (self._background, self._arbitrage):
            self._after(self._wait(), action)
        self._after(self._block_ns, self._mine)

    def bursts(self, until_ns: int) -> NDArray[np.int64]:
        """Rows (start_ns, end_ns, value before, value after) up to the first burst after `until_ns`."""
        return value_table(self._path.bursts_past(until_ns), self._start_value)

    def run(self, until_ns: int) -> Slice:
        """Everything with event_ns < `until_ns` that was not returned before."""
        self._bursts = self.bursts(until_ns)
        while self._queue[0][0] < until_ns:
            self._now, _, action = heapq.heappop(self._queue)
            action()
        made = Slice(
            np.array(self._rows, np.int64).reshape(-1, state.ROW_WIDTH),
            np.array(self._takers, np.int64).reshape(-1, 9),
            self._records,
            np.array(self._outcomes, OUTCOME_DTYPE),
        )
        self._rows, self._takers, self._records, self._outcomes = [], [], [], []
        return made

    def _draw(self) -> int:
        return next(self._draws)

    def _chance(self, in_a_thousand: int) -> bool:
        return below(self._draw(), 1_000) < in_a_thousand

    def _wait(self) -> int:
        return 1 + int(exponential(self._draw()) * 1e9 / self._flow.swaps_per_second)

    def _after(self, wait_ns: int, action: Callable[[], None]) -> None:
        self._queued += 1
        heapq.heappush(self._queue, (self._now + wait_ns, self._queued, action))

    def _value(self) -> tuple[int, int]:
        """The hidden value now, and the burst under way or -1."""
        last = bisect_right(self._bursts[:, 0].tolist(), self._now) - 1
        if last < 0:
            return self._start_value, -1
        return int(self._bursts[last, 3]), last if self._now < self._bursts[last, 1] else -1

    def _background(self) -> None:
        self._after(self._wait(), self._background)
        buys = bool(self._draw() & 1)
        self._submit(buys, 1 + int(exponential(self._draw()) * _SWAP_LOTS), informed=False, limit=None)

    def _arbitrage(self) -> None:
        """Someone compares the pool with the value, and swaps towards it where the fee leaves a profit."""
        self._after(int(self._wait() / _ARBITRAGES_PER_SWAP), self._arbitrage)
        value = self._value()[0] / VALUE_UNIT
        bid, ask = self._curve.best()
        lots = 1 + int(exponential(self._draw()) * _ARBITRAGE_LOTS)
        if value > ask + _WRONG_TICKS:
            self._submit(True, lots, informed=True, limit=int(value))
        elif value < bid - _WRONG_TICKS:
            self._submit(False, lots, informed=True, limit=int(value) + 1)

    def _submit(self, buys: bool, lots: int, informed: bool, limit: int | None) -> None:
        private = uniform(self._draw()) < self._flow.private_share
        swap = self._mempool.submit(self._now, buys, lots, informed, private, limit)
        self._record(swap, PendingState.SEEN)
        if self._chance(_SEEN_TWICE):
            wait = 50 * _MS + below(self._draw(), 250 * _MS)
            self._after(wait, lambda: self._record(swap, PendingState.SEEN))

    def _record(self, swap: Swap, fate: PendingState, **more: Any) -> None:
        if swap.private:
            return
        arrival = self._now + _LATENCY_NS + int(exponential(self._draw()) * _JITTER_NS)
        self._pending_arrival = max(self._pending_arrival, arrival)
        self._records.append(
            pending_record(swap, fate, self._instrument, self._pool, self._now, self._pending_arrival, **more)
        )

    def _mine(self) -> None:
        """A block: the best paying swaps that reached the builder, in order of tip; then the rest moves on."""
        self._after(self._block_ns, self._mine)
        self._block += 1
        room = 1 + int(1.5 * self._flow.swaps_per_second * self._block_ns / 1e9)
        for swap in self._mempool.by_tip(self._now - _REACH_NS):
            if room > 0 and self._chance(_INCLUDED):
                room -= 1
                self._include(swap)
            elif self._chance(_DROPPED):
                self._mempool.forget(swap)
                self._record(swap, PendingState.DROPPED)
                self._outcome(swap, PendingState.DROPPED, NULL)
            elif not swap.private and self._chance(_OUTBID):
                self._after(below(self._draw(), self._block_ns - 1), lambda swap=swap: self._outbid(swap))  # type: ignore[misc]
        if self._chance(_PROVIDER):
            self._provide()

    def _include(self, swap: Swap) -> None:
        self._mempool.end(swap)
        bid, ask = self._curve.best()
        fills = self._curve.swap(swap.buys, swap.lots, swap.limit)
        if fills:
            self._trade(swap, fills, bid + ask)
        self._record(swap, PendingState.INCLUDED, block_number=self._block)
        self._outcome(swap, PendingState.INCLUDED, self._sequence if fills else NULL)

    def _outbid(self, old: Swap) -> None:
        """The sender of a swap that still waits offers more."""
        if old.hash not in self._mempool.waiting:
            return
        enough = self._chance(_OUTBID_ENOUGH)
        new = self._mempool.outbid(old, self._now, enough)
        self._record(new, PendingState.SEEN)
        if enough:
            self._record(old, PendingState.REPLACED, replaced_by=new.hash)
            self._outcome(old, PendingState.REPLACED, NULL)
        else:
            self._outcome(new, PendingState.DROPPED, NULL)

    def _provide(self) -> None:
        lowest = self._curve.tick - 15 + below(self._draw(), 16)
        width, size = below(self._draw(), 16), 1 + below(self._draw(), 10)
        self._curve.provide(lowest, lowest + width, size if self._draw() & 1 else -size)
        self._show(Action.LEVEL)

    def _show(self, action: Action) -> None:
        """The levels that changed as one group, after the SNAPSHOT row if it is one."""
        changes = self._curve.changes()
        if changes or action == Action.SNAPSHOT:
            self._stamp()
            if action == Action.SNAPSHOT:
                self._write(Action.SNAPSHOT, 0, NULL, NULL)
            self._levels(changes)
            self._close()

    def _trade(self, swap: Swap, fills: list[tuple[int, int]], mid_x2: int) -> None:
        """The changed levels and the prints of one swap as one group."""
        self._stamp()
        side = int(Side.BID if swap.buys else Side.ASK)
        self._levels(self._curve.changes())
        for price, lots in fills:
            self._write(Action.TRADE, side, price, lots)
        self._close()
        value, burst = self._value()
        burst = burst if swap.informed else -1
        filled = sum(lots for _, lots in fills)
        label = (self._sequence, self._now, side, int(swap.informed), burst, filled, fills[-1][0], mid_x2, value)
        self._takers.append(label)

    def _levels(self, changes: list[tuple[int, int, int]]) -> None:
        for side, price, lots in changes:
            self._write(Action.LEVEL, side, price, lots)

    def _close(self) -> None:
        row = list(self._rows[-1])
        row[state.FLAGS] = int(Flag.LAST)
        self._rows[-1] = tuple(row)

    def _stamp(self) -> None:
        self._sequence += 1
        jitter = int(exponential(self._draw()) * _JITTER_NS)
        self._arrival = max(self._arrival, self._now + _LATENCY_NS + jitter)

    def _write(self, action: Action, side: int, price: int, quantity: int) -> None:
        self._rows.append((int(action), side, 0, price, quantity, 0, self._sequence, self._now, self._arrival))

    def _outcome(self, swap: Swap, fate: PendingState, sequence: int) -> None:
        side = Side.BID if swap.buys else Side.ASK
        self._outcomes.append((
            0, swap.hash, swap.submitted_ns, self._now, side, swap.lots, swap.informed, swap.private, fate, sequence,
        ))  # fmt: skip


def _draws(bits: np.random.PCG64) -> Iterator[int]:
    while True:
        yield from raw_draws(bits, 4_096).tolist()
