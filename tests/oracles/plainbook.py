"""Two books as plain as they come: dictionaries, and max/min when asked."""

from dataclasses import dataclass, field

from tests.oracles.tape import Quote


@dataclass
class LevelBook:
    """Total size by price and side (+1 bid, -1 ask)."""

    sides: dict[int, dict[int, int]] = field(default_factory=lambda: {1: {}, -1: {}})

    def clear(self) -> None:
        self.sides = {1: {}, -1: {}}

    def set(self, side: int, price: int, quantity: int) -> None:
        if quantity:
            self.sides[side][price] = quantity
        else:
            self.sides[side].pop(price, None)

    def add(self, side: int, price: int, quantity: int) -> None:
        self.set(side, price, self.sides[side].get(price, 0) + quantity)

    def best(self) -> Quote:
        bids, asks = self.sides[1], self.sides[-1]
        bid, ask = max(bids, default=None), min(asks, default=None)
        return bid, bids.get(bid, 0) if bid is not None else 0, ask, asks.get(ask, 0) if ask is not None else 0


@dataclass
class OrderBook:
    """Orders by id, with their levels kept beside them."""

    orders: dict[int, tuple[int, int, int]] = field(default_factory=dict)  # side, price, remaining
    levels: LevelBook = field(default_factory=LevelBook)

    def clear(self) -> None:
        self.orders = {}
        self.levels.clear()

    def put(self, order: int, side: int, price: int, quantity: int) -> None:
        """The order now rests with this quantity at this price (0: it is gone)."""
        self.drop(order)
        if quantity:
            self.orders[order] = (side, price, quantity)
            self.levels.add(side, price, quantity)

    def drop(self, order: int) -> bool:
        known = self.orders.pop(order, None)
        if known is not None:
            self.levels.add(known[0], known[1], -known[2])
        return known is not None

    def reduce(self, order: int, quantity: int) -> bool:
        """Take quantity off a known order; False where it is unknown or too small."""
        side, price, rest = self.orders.get(order, (0, 0, 0))
        if rest < quantity:
            return False
        self.put(order, side, price, rest - quantity)
        return True

    def best(self) -> Quote:
        return self.levels.best()
