"""What informed takers cost a maker, with our spread and with a fixed one. Simulated, and said so.

The rule: every taker's order of the simulation is also filled for one lot by our maker, at the mid just before
it plus (it sells to a buyer) or minus (it buys from a seller) the half-spread in force for that side. The *same*
orders fill against both makers; only the price differs. In basis points of the mid,

    loss of a fill = sign x (reference - mid) - half-spread        sign: +1 for a buyer, -1 for a seller

positive when the maker loses. The reference is the hidden value at that moment, or the mid some time later.

Under this rule a wider spread is always better, so a fixed spread as narrow as our base would flatter us. The
fair opponent quotes the fixed half-spread that earns *the same from all other takers*: the mean of ours over the
background's fills. It has the same revenue; what it loses more or less to the informed is what the signal knew.
The difference can go against us, and is shown then too.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Kind, Side
from equipoise.streams.simulator.labels import VALUE_UNIT

_BPS: Final = 1e4
_SPREAD_SIGNAL: Final = 1  # bit of `emits`


class Quotes(NamedTuple):
    """Half-spreads as they were published, in order of time for each instrument. Every array has shape (q,)."""

    instrument: NDArray[np.int32]
    as_of_ns: NDArray[np.int64]
    valid_until_ns: NDArray[np.int64]  # NULL: no end
    bid_half_spread_bps: NDArray[np.float64]  # NaN: no quote
    ask_half_spread_bps: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LossTotals:
    """Sums over fills of one lot each, in basis points. Totals of two spans add up."""

    informed: int = 0  # fills of informed takers
    background: int = 0  # fills of all others
    unquoted: int = 0  # orders that met no quote in force: in neither total
    informed_move_bps: float = 0.0  # sum of sign x (reference - mid)
    informed_spread_bps: float = 0.0  # sum of our half-spreads
    background_move_bps: float = 0.0
    background_spread_bps: float = 0.0

    def __add__(self, other: "LossTotals") -> "LossTotals":
        return LossTotals(*(
            getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__
        ))  # fmt: skip

    @property
    def equal_half_spread_bps(self) -> float:
        """The fixed half-spread that earns the same as ours from the background; NaN before its first fill."""
        return self.background_spread_bps / self.background if self.background else float("nan")

    @property
    def informed_loss_ours_bps(self) -> float:
        """Lost to informed takers with our spread."""
        return self.informed_move_bps - self.informed_spread_bps

    def informed_loss_fixed_bps(self, half_spread_bps: float | None = None) -> float:
        """Lost to the same takers with a fixed half-spread; by default the one of equal revenue."""
        fixed = self.equal_half_spread_bps if half_spread_bps is None else half_spread_bps
        return self.informed_move_bps - self.informed * fixed

    @property
    def saved_bps(self) -> float:
        """What ours lost less than the fixed one of equal revenue; negative when it lost more."""
        return self.informed_loss_fixed_bps() - self.informed_loss_ours_bps


def quotes_of(signals: NDArray[np.void]) -> Quotes:
    """The live spread signals among SIGNAL_DTYPE rows."""
    live = signals[(signals["kind"] == Kind.LIVE) & (signals["emits"] & _SPREAD_SIGNAL > 0)]
    return Quotes(*(np.ascontiguousarray(live[name]) for name in Quotes._fields))


def half_spreads_met(takers: NDArray[np.void], quotes: Quotes, delay_ns: int = 0) -> NDArray[np.float64]:
    """The half-spread that each order met, bps, shape (t,); NaN where no quote was in force.

    A quote is in force from `delay_ns` after its time, and never for an order of the very same time: what the
    order itself causes comes too late for it.
    """
    met = np.full(len(takers), np.nan)
    for index in np.unique(takers["instrument"]):
        orders = np.flatnonzero(takers["instrument"] == index)
        published = np.flatnonzero(quotes.instrument == index)
        at = takers["event_ns"][orders]
        last = np.searchsorted(quotes.as_of_ns[published] + delay_ns, at, side="left") - 1
        orders, at, row = orders[last >= 0], at[last >= 0], published[last[last >= 0]]
        buys = takers["side"][orders] == Side.BID
        half = np.where(buys, quotes.ask_half_spread_bps[row], quotes.bid_half_spread_bps[row])
        ends = quotes.valid_until_ns[row]
        met[orders] = np.where((ends == NULL) | (at <= ends), half, np.nan)
    return met


def moves_to_value(takers: NDArray[np.void]) -> NDArray[np.float64]:
    """sign x (hidden value - mid) of each order, bps of the mid, shape (t,)."""
    mid = takers["mid_x2"] / 2.0
    value = takers["value"] / VALUE_UNIT
    return np.asarray(_sign(takers) * (value - mid) / mid * _BPS, np.float64)


def moves_to_mid(takers: NDArray[np.void], later_ns: int = 1_000_000_000) -> NDArray[np.float64]:
    """sign x (mid `later_ns` on - mid) of each order, bps, shape (t,): the usual markout.

    The later mid is the one before the instrument's first order from then on; NaN where there is none.
    """
    moves = np.full(len(takers), np.nan)
    for index in np.unique(takers["instrument"]):
        mine = np.flatnonzero(takers["instrument"] == index)
        at = takers["event_ns"][mine]
        later = np.searchsorted(at, at + later_ns, side="left")
        seen = later < len(mine)
        mid = takers["mid_x2"][mine] / 2.0
        moves[mine[seen]] = (mid[later[seen]] - mid[seen]) / mid[seen] * _BPS
    return np.asarray(_sign(takers) * moves, np.float64)


def loss_totals(
    takers: NDArray[np.void], half_spread_bps: NDArray[np.float64], move_bps: NDArray[np.float64]
) -> LossTotals:
    """Totals of the orders whose half-spread and move are both known; the others are `unquoted`.

    Parameters
    ----------
    takers : ndarray, shape (t,), TAKER_DTYPE
    half_spread_bps : ndarray, shape (t,), from `half_spreads_met`
    move_bps : ndarray, shape (t,), from `moves_to_value` or `moves_to_mid`
    """
    known = np.isfinite(half_spread_bps) & np.isfinite(move_bps)
    informed, background = known & takers["informed"], known & ~takers["informed"]
    return LossTotals(
        informed=int(informed.sum()),
        background=int(background.sum()),
        unquoted=int((~known).sum()),
        informed_move_bps=float(move_bps[informed].sum()),
        informed_spread_bps=float(half_spread_bps[informed].sum()),
        background_move_bps=float(move_bps[background].sum()),
        background_spread_bps=float(half_spread_bps[background].sum()),
    )


def _sign(takers: NDArray[np.void]) -> NDArray[np.float64]:
    return np.where(takers["side"] == Side.BID, 1.0, -1.0)
