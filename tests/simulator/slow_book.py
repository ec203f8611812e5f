"""An obvious order book in dictionaries, to check what the simulator sends."""

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, Flag, Side


class SlowBook:
    def __init__(self):
        self.orders = {}  # id -> [side, price, quantity], in order of arrival within a price
        self.sequence = None

    def best(self):
        bids = [p for s, p, _ in self.orders.values() if s == Side.BID]
        asks = [p for s, p, _ in self.orders.values() if s == Side.ASK]
        return (max(bids) if bids else None), (min(asks) if asks else None)

    def apply(self, row):
        if self.sequence is not None:
            assert row["sequence"] in (self.sequence, self.sequence + 1)
            assert row["previous_sequence"] == (row["sequence"] - 1 if row["sequence"] > 1 else NULL)
        self.sequence = row["sequence"]
        action, order_id = row["action"], row["order_id"]
        if action == Action.SNAPSHOT:
            self.orders.clear()
            assert order_id == 0
            assert row["price"] == NULL
            return
        assert row["quantity"] > 0
        assert row["price"] > 0
        if action == Action.ADD:
            assert order_id not in self.orders
            self.orders[order_id] = [row["side"], row["price"], row["quantity"]]
            return
        order = self.orders[order_id]
        assert order[0] == row["side"]
        if action == Action.MODIFY:
            if order[1] != row["price"]:
                del self.orders[order_id]
            self.orders[order_id] = [row["side"], row["price"], row["quantity"]]
            return
        assert action in (Action.CANCEL, Action.EXECUTE)
        assert order[1] == row["price"]
        assert row["quantity"] <= order[2]
        if action == Action.EXECUTE:
            self.check_priority(order_id, order)
        order[2] -= row["quantity"]
        if order[2] == 0:
            del self.orders[order_id]

    def check_priority(self, order_id, order):
        """An execution hits the best price, and of that price the oldest order."""
        bid, ask = self.best()
        assert order[1] == (bid if order[0] == Side.BID else ask)
        first = next(i for i, (s, p, _) in self.orders.items() if s == order[0] and p == order[1])
        assert first == order_id

    def check_not_crossed(self):
        bid, ask = self.best()
        assert bid is not None
        assert ask is not None
        assert bid < ask


def rows_of(events):
    names = events._fields
    for values in zip(*(column.tolist() for column in events), strict=True):
        yield dict(zip(names, values, strict=True))


def replay(events, books=None):
    """Apply all rows; books by instrument. Checked: groups whole, never crossed between groups."""
    books = {} if books is None else books
    open_group = None
    for row in rows_of(events):
        group = (row["instrument"], row["sequence"])
        assert open_group in (None, group), "the rows of a group are contiguous"
        book = books.setdefault(row["instrument"], SlowBook())
        book.apply(row)
        open_group = group
        if row["flags"] & Flag.LAST:
            open_group = None
            book.check_not_crossed()
    assert open_group is None
    return books
