"""A plain load of order events for measuring speed: valid books, no market behind them.

Each instrument has 16 prices a side around a centre that no order crosses, and at most one order a price. Each
row picks an instrument, one of its 32 places and what happens there: an order where there is none; otherwise
an execution (only at the best price), a cancel, or a smaller quantity. An instrument's first row is CLEAR.

Rows are evenly spaced in event time. One 63-bit draw makes one row, with integers alone, so a seed is a data set:
`load_digest` names it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events, empty_events
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Action, BookSource, Flag
from equipoise.streams.simulator.jit import njit
from equipoise.streams.simulator.settings import DEFAULT_START_NS
from equipoise.streams.simulator.variates import Draws, raw_draws, stream

DISTRIBUTIONS: Final = ("uniform", "zipf")
_PLACES: Final = 16  # prices of a side
_SPREAD: Final = 100_000  # from one instrument's centre to the next one's, ticks
_WEIGHT: Final = 2**28  # of the most frequent instrument; the sum of 10,000 stays below 2**32
_LATENCY_NS: Final = 50_000
_NULL, _LAST = int(NULL), int(Flag.LAST)
_CLEAR, _ADD, _MODIFY = int(Action.CLEAR), int(Action.ADD), int(Action.MODIFY)
_CANCEL, _EXECUTE = int(Action.CANCEL), int(Action.EXECUTE)

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LoadSettings:
    """A data set, but for its length.

    Raises ValueError naming the setting, the value and the bound.
    """

    seed: int = 1
    instruments: int = 8
    distribution: str = "uniform"  # or zipf: instrument k as often as 1 / (k + 1)
    rows_per_second: int = 100_000  # of event time
    start_ns: int = DEFAULT_START_NS

    def __post_init__(self) -> None:
        if not 1 <= self.instruments <= 100_000:
            raise ValueError(f"instruments is {self.instruments}; it must be at least 1 and at most 100000")
        if not 1 <= self.rows_per_second <= 1_000_000_000:
            raise ValueError(f"rows_per_second is {self.rows_per_second}; it must be at least 1 and at most 10^9")
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(f"distribution is {self.distribution!r}; it must be one of {', '.join(DISTRIBUTIONS)}")


class _Books(NamedTuple):
    quantity: Integers  # shape (instruments, 2, _PLACES), 0: no order
    order_id: Integers
    sequence: Integers  # shape (instruments,)
    counts: Integers  # orders so far, rows so far


def load_instruments(n: int) -> Instruments:
    """LOAD:I00000 and so on: a tick of 0.01, a lot of 1."""
    table = Instruments()
    for number in range(n):
        table.add(Instrument("LOAD", f"I{number:05d}", Decimal("0.01"), Decimal(1), BookSource.L3))
    return table


def load_events(settings: LoadSettings, rows: int, chunk_rows: int = 65_536) -> Iterator[Events]:
    """`rows` rows in chunks of at most `chunk_rows`; the chunk's size does not change the rows."""
    n = settings.instruments
    shape = (n, 2, _PLACES)
    books = _Books(
        np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.full(n, -1, np.int64), np.zeros(2, np.int64)
    )
    weights = np.ones(n, np.int64) if settings.distribution == "uniform" else _WEIGHT // np.arange(1, n + 1)
    bits, upto = stream(settings.seed, 4), np.cumsum(weights)
    for done in range(0, rows, chunk_rows):
        events = empty_events(min(chunk_rows, rows - done))
        number = np.arange(done, done + len(events.offset))
        events.offset[:] = number
        events.event_ns[:] = settings.start_ns + number * 1_000_000_000 // settings.rows_per_second
        events.arrival_ns[:] = events.event_ns + _LATENCY_NS
        events.flags[:] = _LAST
        _fill(events, books, upto, raw_draws(bits, len(number)))
        yield events


def load_digest(settings: LoadSettings, rows: int) -> str:
    """SHA-256, hexadecimal, of the columns' little-endian bytes, 65,536 rows at a time, column after column."""
    digest = hashlib.sha256()
    for events in load_events(settings, rows):
        for column in events:
            digest.update(column.astype(column.dtype.newbyteorder("<"), copy=False).tobytes())
    return digest.hexdigest()


@njit
def _fill(events: Events, books: _Books, upto: Integers, draws: Draws) -> None:
    for row in range(draws.size):
        draw = draws[row]
        instrument = _instrument(upto, draw & (2**31 - 1))
        events.instrument[row] = instrument
        sequence = books.sequence[instrument] + 1
        books.sequence[instrument] = sequence
        events.sequence[row] = sequence
        if sequence == 0:
            events.action[row] = _CLEAR
        else:
            events.previous_sequence[row] = sequence - 1
            _happen(events, books, row, instrument, draw >> 31)


@njit
def _instrument(upto: Integers, draw: int) -> int:
    """The instrument whose share of the running sum holds the draw."""
    wanted = (draw * upto[-1]) >> 31
    low, high = 0, upto.size - 1
    while low < high:
        middle = (low + high) >> 1
        if upto[middle] > wanted:
            high = middle
        else:
            low = middle + 1
    return low


@njit
def _happen(events: Events, books: _Books, row: int, instrument: int, draw: int) -> None:
    """`draw` has 32 bits: 1 of the side, 4 of the place, 7 of the action, 6 of the quantity, the rest unused."""
    side, place = draw & 1, (draw >> 1) & (_PLACES - 1)
    choice, lots = (draw >> 5) & 127, 1 + ((draw >> 12) & 63)
    quantity, ids = books.quantity[instrument, side], books.order_id[instrument, side]
    if choice < 22:
        place = _best(quantity)  # takers come to the best price, or find nothing there and one quotes it
    events.side[row] = side + 1
    away = place + 1
    events.price[row] = (instrument + 1) * _SPREAD + (away if side == 1 else -away)
    resting = quantity[place]
    if resting == 0:
        books.counts[0] += 1
        ids[place] = books.counts[0]
        quantity[place] = lots
        events.action[row] = _ADD
    elif choice < 22:
        lots = min(lots, resting)
        quantity[place] = resting - lots
        events.action[row] = _EXECUTE
    elif choice < 40 and resting > 1:
        lots = 1 + lots % (resting - 1)
        quantity[place] = lots
        events.action[row] = _MODIFY
    else:
        lots = resting
        quantity[place] = 0
        events.action[row] = _CANCEL
    events.quantity[row] = lots
    events.order_id[row] = ids[place]


@njit
def _best(quantity: Integers) -> int:
    """The best place with an order, or the best place where there is none."""
    for place in range(_PLACES):
        if quantity[place] > 0:
            return place
    return 0
