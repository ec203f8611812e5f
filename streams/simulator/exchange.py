"""One order book: parameters, state and random draws around the kernels of `market`."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.streams.simulator import state
from equipoise.streams.simulator.actors import open_book
from equipoise.streams.simulator.book import new_book
from equipoise.streams.simulator.labels import OUTCOME_DTYPE, VALUE_UNIT
from equipoise.streams.simulator.market import advance
from equipoise.streams.simulator.settings import BurstSettings, FlowSettings, SimulatedMarket, SimulatorSettings
from equipoise.streams.simulator.value import ValuePath, value_table
from equipoise.streams.simulator.variates import raw_draws, stream

_LN2: Final = 0.6931471805599453
_REMOVED_PER_LOOK: Final = 0.45  # of the orders that `market._change` looks at, about
_IDS_PER_MARKET: Final = 1 << 44


class Slice(NamedTuple):
    """What one market did in one span of event time, in order of event and of arrival."""

    rows: NDArray[np.int64]  # shape (n, state.ROW_WIDTH)
    takers: NDArray[np.int64]  # shape (t, 9)
    pending: list[dict[str, Any]]  # PendingTransaction records
    outcomes: NDArray[np.void]  # OUTCOME_DTYPE


def rates_of(flow: FlowSettings, bursts: BurstSettings, rows_per_second: float) -> state.Rates:
    """The kernel's parameters for one book (rates per second)."""
    takers = flow.taker_share * rows_per_second
    makers = flow.maker_share * rows_per_second
    half_life_s = flow.excitation_half_life_ms / 1e3
    eaten = takers * flow.taker_lots / flow.maker_lots
    return state.Rates(
        base=takers * (1.0 - flow.self_excitation - flow.cross_excitation) / 2.0,
        self_jump=flow.self_excitation * _LN2 / half_life_s,
        cross_jump=flow.cross_excitation * _LN2 / half_life_s,
        half_life_ns=half_life_s * 1e9,
        informed=takers * bursts.intensity if bursts.enabled else 0.0,
        maker=makers,
        hazard=max(makers - eaten, 0.1 * makers) / (_REMOVED_PER_LOOK * flow.orders_per_book),
        half_spread=flow.half_spread_ticks,
        depth=flow.depth_ticks,
        maker_lots=flow.maker_lots,
        taker_lots=flow.taker_lots,
        impact=flow.impact_ticks_per_second / (0.5 * takers * flow.taker_lots),
        relax=min(_LN2 / (makers * flow.resilience_half_life_ms / 1e3), 1.0),
        latency_ns=flow.latency_us * 1e3,
        jitter_ns=flow.jitter_us * 1e3,
    )


class OrderBookMarket:
    """A continuous double auction that runs as far as it is asked to."""

    def __init__(self, number: int, market: SimulatedMarket, settings: SimulatorSettings, path: ValuePath) -> None:
        books = sum(1 for m in settings.instruments if not m.pool)
        self._rates = rates_of(settings.flow, settings.bursts, settings.rate / books)
        self._path = path
        self._start_value = market.start_ticks * VALUE_UNIT
        self._orders = settings.flow.orders_per_book
        self._bits = stream(settings.seed, 2, number)
        self._draws = raw_draws(self._bits, 1 << 16)
        clock = np.zeros(8, np.int64)
        clock[state.NOW], clock[state.CANDIDATE] = settings.start_ns, -1
        flow = np.zeros(5)
        flow[state.FAIR] = flow[state.PUBLIC] = float(market.start_ticks)
        rows = np.zeros((1 << 14, state.ROW_WIDTH), np.int64)
        book = new_book(number * _IDS_PER_MARKET + 1)
        self._state = state.Market(book, clock, flow, rows, np.zeros((1 << 12, 9), np.int64))
        self._opened = False

    def bursts(self, until_ns: int) -> NDArray[np.int64]:
        """Rows (start_ns, end_ns, value before, value after) up to the first burst after `until_ns`."""
        return value_table(self._path.bursts_past(until_ns), self._start_value)

    def run(self, until_ns: int) -> Slice:
        """Everything with event_ns < `until_ns` that was not returned before."""
        bursts = self.bursts(until_ns)
        rows, takers = [], []
        clock = self._state.clock
        while True:
            if not self._opened:
                open_book(self._state, self._rates, self._orders, self._draws)
                self._opened = True
            advance(self._state, self._rates, bursts, self._draws, until_ns)
            rows.append(self._state.rows[: clock[state.ROWS]].copy())
            takers.append(self._state.takers[: clock[state.TAKERS]].copy())
            ended = clock[state.ROWS] == 0 and not self._out_of_draws()
            clock[state.ROWS] = clock[state.TAKERS] = 0
            self._refill()
            if ended:
                break
        labels = np.concatenate(takers)
        labels[:, state.T_VALUE] = value_at(bursts, self._start_value, labels[:, state.T_EVENT])
        return Slice(np.concatenate(rows), labels, [], np.empty(0, OUTCOME_DTYPE))

    def _out_of_draws(self) -> bool:
        return int(self._state.clock[state.DRAWN]) + state.DRAWS_PER_EVENT > self._draws.size

    def _refill(self) -> None:
        """Draws are used strictly in sequence, so where the buffer is topped up changes nothing."""
        if self._out_of_draws():
            rest = self._draws[self._state.clock[state.DRAWN] :]
            self._draws = np.concatenate([rest, raw_draws(self._bits, 1 << 16)])
            self._state.clock[state.DRAWN] = 0


def value_at(bursts: NDArray[np.int64], start_value: int, event_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Hidden value in force at each time, in 1/VALUE_UNIT ticks, shape of `event_ns`."""
    values = np.concatenate([[start_value], bursts[:, 3]]).astype(np.int64)
    return values[np.searchsorted(bursts[:, 0], event_ns, side="right")]
