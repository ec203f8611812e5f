"""What happens in one order book, event by event (Ogata's thinning).

Four kinds of actors, each a point process with an intensity of its own:

- background takers: Hawkes, one process a side, exponential kernel. An order adds `self` to its side's and
  `cross` to the other side's intensity, and both additions halve every half-life;
- informed takers: in a burst, as long as the hidden value lies beyond the best quote;
- makers: Poisson limit orders around a *fair* price. Takers push the fair price, it relaxes to the public
  value, and the book follows it: impact and resilience;
- cancels and changes: a constant hazard for each resting order, most of it on the stale and the far.

Between two events every intensity can only fall, except at a burst's two ends; so the sum at the last event
bounds the next candidate, and at a burst's end the candidate is drawn afresh (the exponential forgets).
A call may return between any two events: where it does changes nothing.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from equipoise.streams.simulator.actors import make, reconsider, take, take_informed
from equipoise.streams.simulator.book import COUNT
from equipoise.streams.simulator.jit import njit
from equipoise.streams.simulator.state import (
    BOUND,
    BURST,
    CANDIDATE,
    DRAWN,
    DRAWS_PER_EVENT,
    EXCITE_BUY,
    EXCITE_SELL,
    NOW,
    PUBLIC,
    ROWS,
    ROWS_PER_EVENT,
    TAKERS,
    Market,
    Rates,
    draw_next,
)
from equipoise.streams.simulator.variates import Draws, exp2_negative, exponential, uniform

_NS: Final = 1e9


@njit
def advance(market: Market, rates: Rates, bursts: NDArray[np.int64], draws: Draws, until_ns: int) -> None:
    """Run until `until_ns`, or until a buffer or the draws may not last for another event."""
    clock, flow = market.clock, market.flow
    while (
        clock[DRAWN] + DRAWS_PER_EVENT <= draws.size
        and clock[ROWS] + ROWS_PER_EVENT <= market.rows.shape[0]
        and clock[TAKERS] < market.takers.shape[0]
    ):
        if clock[CANDIDATE] < 0:
            flow[BOUND] = _intensity(market, rates, bursts)
            wait = exponential(draw_next(clock, draws)) / flow[BOUND]
            clock[CANDIDATE] = clock[NOW] + 1 + int(wait * _NS)
        change = _next_change(clock, bursts)
        if min(clock[CANDIDATE], change) >= until_ns:
            return
        if change <= clock[CANDIDATE]:
            _move(market, rates, change)
            _turn(clock, flow, bursts, change)
        else:
            _move(market, rates, clock[CANDIDATE])
            _happen(market, rates, bursts, draws)
        clock[CANDIDATE] = -1


@njit
def _intensity(market: Market, rates: Rates, bursts: NDArray[np.int64]) -> float:
    top = market.book.top
    total = 2.0 * rates.base + market.flow[EXCITE_BUY] + market.flow[EXCITE_SELL]
    total += rates.maker + rates.hazard * (top[COUNT] + top[COUNT + 1])
    return float(total + _informed(market.clock, rates, bursts))


@njit
def _informed(clock: NDArray[np.int64], rates: Rates, bursts: NDArray[np.int64]) -> float:
    """Informed intensity: positive between a burst's start and end."""
    burst = clock[BURST]
    return rates.informed if burst < bursts.shape[0] and bursts[burst, 0] <= clock[NOW] else 0.0


@njit
def _next_change(clock: NDArray[np.int64], bursts: NDArray[np.int64]) -> int:
    burst = clock[BURST]
    if burst >= bursts.shape[0]:
        return 2**62
    return int(bursts[burst, 1] if bursts[burst, 0] <= clock[NOW] else bursts[burst, 0])


@njit
def _turn(clock: NDArray[np.int64], flow: NDArray[np.float64], bursts: NDArray[np.int64], change: int) -> None:
    """A burst begins (nothing public changes) or ends (its value is public)."""
    if bursts[clock[BURST], 1] == change:
        flow[PUBLIC] = bursts[clock[BURST], 3] / 256.0
        clock[BURST] += 1


@njit
def _move(market: Market, rates: Rates, ns: int) -> None:
    decay = exp2_negative((ns - market.clock[NOW]) / rates.half_life_ns)
    market.flow[EXCITE_BUY] *= decay
    market.flow[EXCITE_SELL] *= decay
    market.clock[NOW] = ns


@njit
def _happen(market: Market, rates: Rates, bursts: NDArray[np.int64], draws: Draws) -> None:
    """Pick who acts at this candidate, or no one (thinned)."""
    flow, top = market.flow, market.book.top
    u = uniform(draw_next(market.clock, draws)) * flow[BOUND]
    u -= rates.maker
    if u < 0.0:
        make(market, rates, draws)
        return
    u -= rates.hazard * (top[COUNT] + top[COUNT + 1])
    if u < 0.0:
        reconsider(market, rates, draws)
        return
    u -= _informed(market.clock, rates, bursts)
    if u < 0.0:
        take_informed(market, rates, bursts, draws)
        return
    for side in range(2):
        u -= rates.base + flow[EXCITE_BUY + side]
        if u < 0.0:
            flow[EXCITE_BUY + side] += rates.self_jump
            flow[EXCITE_SELL - side] += rates.cross_jump
            take(market, rates, draws, side, False)
            return
