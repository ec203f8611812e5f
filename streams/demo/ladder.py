"""A plain book for the ladder: dictionaries, fed by the same records that the worker reads.

It serves the eye only. Nothing that is published comes from it; the worker's own books are kernels.
"""

from decimal import Decimal
from typing import Any, Final

from equipoise.processors.columns import NULL, Events
from equipoise.processors.instruments import Instrument
from equipoise.schemas.enums import Action, Flag, Side

LEVELS: Final = 10
_RESTING: Final = (Action.ADD, Action.MODIFY, Action.CANCEL, Action.EXECUTE)


class Book:
    """Levels of one instrument, from orders (L3) or levels (L2)."""

    def __init__(self) -> None:
        self._levels: dict[int, dict[int, int]] = {Side.BID: {}, Side.ASK: {}}
        self._orders: dict[int, tuple[int, int, int]] = {}  # id: side, price, quantity

    def apply(self, action: int, side: int, price: int, quantity: int, order_id: int, flags: int) -> None:
        """One row."""
        if action in (Action.SNAPSHOT, Action.CLEAR):
            self.__init__()  # type: ignore[misc]
        elif action == Action.LEVEL and side in self._levels:
            if quantity > 0:
                self._levels[side][price] = quantity
            else:
                self._levels[side].pop(price, None)
        elif action == Action.ADD and side in self._levels:
            self._orders[order_id] = (side, price, quantity)
            self._move(side, price, quantity)
        elif action in _RESTING and not flags & Flag.HIDDEN and order_id in self._orders:
            self._change(action, price, quantity, order_id, flags)

    def _change(self, action: int, price: int, quantity: int, order_id: int, flags: int) -> None:
        side, old_price, resting = self._orders.pop(order_id)
        self._move(side, old_price, -resting)
        if action == Action.MODIFY:
            left = resting + quantity if flags & Flag.DELTA else quantity
            new_price = old_price if price == NULL else price
        else:
            left, new_price = (0 if quantity == NULL else resting - quantity), old_price
        if left > 0:
            self._orders[order_id] = (side, new_price, left)
            self._move(side, new_price, left)

    def _move(self, side: int, price: int, change: int) -> None:
        level = self._levels[side]
        level[price] = level.get(price, 0) + change
        if level[price] <= 0:
            del level[price]

    def best(self, side: Side) -> list[tuple[int, int]]:
        """(price, quantity) of the best levels, best first."""
        return sorted(self._levels[side].items(), reverse=side is Side.BID)[:LEVELS]


class Ladders:
    """A book an instrument."""

    def __init__(self) -> None:
        self.books: dict[int, Book] = {}

    def apply(self, events: Events) -> None:
        """Rows in order."""
        for index, action, side, flags, price, quantity, order_id in zip(
            *(column.tolist() for column in events[:7]), strict=True
        ):
            if action <= Action.EXECUTE or Action.LEVEL <= action <= Action.CLEAR:
                self.books.setdefault(index, Book()).apply(action, side, price, quantity, order_id, flags)


def ladder_view(book: Book, instrument: Instrument, bid: float | None, ask: float | None) -> dict[str, Any]:
    """Rows from the highest ask to the lowest bid; levels next to our quotes are marked."""
    asks, bids = book.best(Side.ASK)[::-1], book.best(Side.BID)
    most = max((quantity for _, quantity in asks + bids), default=1)
    levels = [("ask", *level) for level in asks] + [("bid", *level) for level in bids]
    rows = [_row(side, price, quantity / most, quantity, instrument) for side, price, quantity in levels]
    _mark(rows, bid, ask, instrument)
    unit = f"lots of {instrument.lot.normalize():f} {instrument.base or instrument.underlying}".rstrip()
    return {"rows": rows, "note": f"{LEVELS} best levels of either side, in {unit}; dashed lines: our quotes."}


def _row(side: str, price: int, share: float, quantity: int, instrument: Instrument) -> dict[str, Any]:
    return {
        "side": side,
        "price": price_text(price * instrument.tick),
        "at": float(price * instrument.tick),
        "size": f"{quantity:,}",
        "share": share,
        "mark": "",
    }


def price_text(price: Decimal) -> str:
    """With the decimals of the tick."""
    return f"{price:,f}"


def _mark(rows: list[dict[str, Any]], bid: float | None, ask: float | None, instrument: Instrument) -> None:
    for name, quote in (("our ask", ask), ("our bid", bid)):
        if quote is None or not rows:
            continue
        nearest = min(rows, key=lambda row: abs(row["at"] - quote))
        if abs(nearest["at"] - quote) <= float(instrument.tick) * 1.01:
            nearest["mark"] = "← both our quotes" if nearest["mark"] else f"← {name}"
