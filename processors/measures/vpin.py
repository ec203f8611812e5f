"""VPIN, volume-synchronised probability of informed trading: by the venue's own sides, and by bulk classification.

    VPIN = mean over the last n full buckets of |buys - sells| / V

Easley, Lopez de Prado, O'Hara: Flow Toxicity and Liquidity in a High-frequency World, Review of Financial
Studies 25 (2012), sections 1 and 2. A trade is split across as many buckets as it spans; the partial bucket
does not count. In bulk classification a bar's volume is bought by the share cdf(dP / sigma), dP the change
of the last price from bar to bar, and 1/2 where sigma is 0.

Where this departs from the paper: sigma is an exponentially weighted root mean square of dP (the paper takes
the whole sample's, which a stream does not have); V is frozen for a session and follows the volume of the
session before; what is to be watched is the empirical distribution, kept as counts in 128 equal bins.
"""

import math
from typing import Final

import numpy as np

from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner
from equipoise.processors.measures.measure import Array, Measure, Order, Output, Parameter
from equipoise.processors.numerics.normal import normal_cdf
from equipoise.schemas.enums import Reason

MAX_BUCKETS: Final = 64
BINS: Final = 128
_DAY_MS: Final = 86_400_000
_MS: Final = 1_000_000
_WARMING: Final = int(Reason.WARMING)
_NO_TRADES: Final = int(Reason.NO_TRADES)

STATE: Final = np.dtype(
    [
        ("started", "i8"),
        ("session", "i8"),
        ("whole", "i8"),  # the session is watched from its start
        ("first_ns", "i8"),
        ("session_volume", "f8"),
        ("lots", "i8"),  # V, lots; 0: not known yet
        # bars
        ("bar", "i8"),
        ("bar_volume", "i8"),
        ("bars", "i8"),  # closed so far
        ("last_price", "i8"),
        ("bar_price", "i8"),  # last price of the bar before
        ("variance", "f8"),
        ("volume", "f8"),
        ("mean_weight", "f8"),
        # row 0: by true side, row 1: in bulk
        ("filled", "i8", (2,)),
        ("bought", "f8", (2,)),
        ("full", "i8", (2,)),  # buckets so far
        ("vpins", "i8", (2,)),  # values of VPIN so far
        ("now", "f8", (2,)),
        ("ratio", "f8", (2, MAX_BUCKETS)),
        ("counts", "i8", (2, BINS)),
    ],
    align=True,
)


@inner
def _bin(vpin: float) -> int:
    return min(int(vpin * BINS), BINS - 1)


@inner
def _complete(state: Array, kind: int, n: int, ratio: float, times: int) -> None:
    """`times` buckets of one ratio are full. More than n of them leave VPIN at that ratio."""
    for _ in range(min(times, n)):
        state.ratio[kind, state.full[kind] % n] = ratio
        state.full[kind] += 1
        if state.full[kind] >= n:
            total = 0.0
            for k in range(n):
                total += state.ratio[kind, k]
            state.now[kind] = total / n
            state.counts[kind, _bin(state.now[kind])] += 1
            state.vpins[kind] += 1
    more = max(times - n, 0)
    if more > 0:
        state.full[kind] += more
        state.vpins[kind] += more
        state.counts[kind, _bin(state.now[kind])] += more


@inner
def _pour(state: Array, kind: int, n: int, quantity: int, share: float) -> None:
    """Fill buckets with `quantity` lots of which `share` is bought."""
    size = state.lots
    take = min(quantity, size - state.filled[kind])
    state.filled[kind] += take
    state.bought[kind] += take * share
    if state.filled[kind] < size:
        return
    _complete(state, kind, n, min(abs(2.0 * state.bought[kind] - size) / size, 1.0), 1)
    rest = quantity - take
    if rest >= size:
        _complete(state, kind, n, abs(2.0 * share - 1.0), rest // size)
    state.filled[kind] = rest % size
    state.bought[kind] = state.filled[kind] * share


@inner
def _close_bar(state: Array, parameters: Array) -> None:
    if state.bars > 0 and state.last_price != NULL and state.bar_price != NULL:
        change = float(state.last_price - state.bar_price)
        kept = parameters.sigma_decay if state.mean_weight > 0.0 else 0.0
        state.variance = kept * state.variance + (1.0 - kept) * (change * change)
        state.volume = kept * state.volume + (1.0 - kept) * state.bar_volume
        state.mean_weight = 1.0
        share = normal_cdf(change / math.sqrt(state.variance)) if state.variance > 0.0 else 0.5
        if state.lots > 0:
            _pour(state, 1, parameters.buckets, state.bar_volume, share)
    state.bars += 1
    state.bar_price = state.last_price
    state.bar_volume = 0


@inner
def _roll(state: Array, session: int, parameters: Array) -> None:
    """A session begins: partial buckets are dropped, and V follows the volume of the one before."""
    if state.whole == 1 and state.session == session - 1 and parameters.bucket_lots == 0:
        state.lots = max(int(state.session_volume / parameters.buckets_per_session), 1)
    state.whole = 1
    state.session = session
    state.session_volume = 0.0
    for kind in range(2):
        state.filled[kind] = 0
        state.bought[kind] = 0.0


@inner
def _learn(state: Array, clock_ns: int, parameters: Array) -> None:
    """In the first session, without a seed: a session's volume from what has been watched of it."""
    watched_ms = (clock_ns - state.first_ns) / _MS
    if watched_ms >= parameters.learn_ms:
        volume = state.session_volume * (_DAY_MS / watched_ms)
        state.lots = max(int(volume / parameters.buckets_per_session), 1)


def update(seen: Array, state: Array, parameters: Array) -> None:
    """Take in a trade."""
    bar = seen.event_ns // (parameters.bar_ms * _MS)
    if state.started == 0:
        state.started = 1
        state.session = seen.session
        state.first_ns = seen.clock_ns
        state.bar = bar
        state.last_price = NULL
        state.bar_price = NULL
        state.lots = parameters.bucket_lots
    if bar > state.bar:
        _close_bar(state, parameters)
        state.bar = bar
    if seen.session > state.session:
        _roll(state, seen.session, parameters)
    state.session_volume += seen.quantity
    if state.lots == 0:
        _learn(state, seen.clock_ns, parameters)
    state.bar_volume += seen.quantity
    if seen.price != NULL:
        state.last_price = seen.price
    if state.lots > 0 and seen.side != 0:
        _pour(state, 0, parameters.buckets, seen.quantity, 1.0 if seen.side == 1 else 0.0)


@inner
def _write(state: Array, parameters: Array, out: Array, kind: int) -> None:
    """VPIN at output `kind`, its distribution at `kind` + 2."""
    out.reason[kind] = _WARMING
    out.reason[kind + 2] = _WARMING
    if state.vpins[kind] == 0:
        return
    out.value[kind] = state.now[kind]
    if state.vpins[kind] >= parameters.buckets:
        below = 0
        for k in range(_bin(state.now[kind]) + 1):
            below += state.counts[kind, k]
        out.value[kind + 2] = below / state.vpins[kind]


def value(seen: Array, state: Array, parameters: Array, out: Array) -> None:
    """Write what is known."""
    _write(state, parameters, out, 0)
    _write(state, parameters, out, 1)
    out.value[4] = out.value[0] - out.value[1]
    out.reason[4] = _WARMING
    if state.lots > 0:
        out.value[5] = state.lots
    if state.mean_weight > 0.0:
        out.value[6] = state.volume
        out.value[7] = math.sqrt(state.variance)
    for k in range(5, 8):
        out.reason[k] = _WARMING
    if state.started == 0:
        for k in range(8):
            out.reason[k] = _NO_TRADES


MEASURE: Final = Measure(
    name="vpin",
    title="VPIN by true side and by bulk classification",
    paper="Easley, Lopez de Prado and O'Hara, Flow Toxicity and Liquidity in a High-frequency World, RFS 25 (2012)",
    order=Order.SEQUENCED,
    answer=(
        "values of flowrisk 0.3.0, PINstimation 0.2.0 and mlfinpy 0.1.2 by plain loops with their habits; those loops "
        "without habits by the measure"
    ),
    outputs=(
        Output("true", "mean over n full buckets of |buys - sells| / V, by the venue's sides", "1", 0, 1),
        Output("bulk", "the same, a bar's buys being its volume times cdf(dP / sigma)", "1", 0, 1),
        Output("true_cdf", "share of all values of vpin_true so far in the same of 128 bins or below", "1", 0, 1),
        Output("bulk_cdf", "the same of vpin_bulk", "1", 0, 1),
        Output("disagreement", "vpin_true - vpin_bulk", "1", -1, 1),
        Output("bucket", "V", "lots", 1, quantity_power=1),
        Output("volume", "exponentially weighted mean volume of a bar: a control", "lots", 0, quantity_power=1),
        Output("volatility", "sigma, the root of the exponentially weighted mean of dP^2: a control", "ticks", 0),
    ),
    nulls="NO_TRADES before the first trade; WARMING until V is known and n buckets are full (2 n for a distribution)",
    notes=(
        "Andersen and Bondarenko (2014) find that bulk VPIN adds nothing to volume and volatility and reverses with "
        "true sides: watch the two controls beside it. The authors state patent applications and the trademark VPIN. "
        "Trades of unknown side are in bulk only. A session's end drops the partial buckets."
    ),
    parameters=(
        Parameter("buckets", "buckets", 50, 1, MAX_BUCKETS, "n of the paper: about a day of buckets"),
        Parameter("bucket_lots", "lots", 0, 0, 2**53, "V; 0: the volume of the session before / buckets_per_session"),
        Parameter("buckets_per_session", "buckets", 50, 1, 100_000, "the paper's fiftieth of a day's volume"),
        Parameter("learn_ms", "ms", 1_800_000, 1, _DAY_MS, "first session without a seed: V from the rate of so much"),
        Parameter("bar_ms", "ms", 60_000, 1, _DAY_MS, "bars of the bulk classification: the paper's minute"),
        Parameter("sigma_decay", "1", 0.94, 0.0, 0.999999, "weight of the past in sigma, a bar: as RiskMetrics has it"),
    ),
    state=STATE,
    update=update,
    value=value,
    groups=False,
)
