"""Orders in CSV files, and a day of windows from them: what the command line works on.

Columns: ``participant, order_id, event_time_ns, buy, sell`` and, optionally, ``topic_id``
(32 hex digits), ``partition``, ``offset``, ``item``; without an offset the row's number is
taken. Lots are whole numbers.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from equipoise.proofs.errors import LimitExceeded, PolicyRefused
from equipoise.proofs.header import MAX_TIME
from equipoise.proofs.orders import Order
from equipoise.proofs.publisher import Publisher
from equipoise.proofs.window import Closed, Window

REQUIRED = ("participant", "order_id", "event_time_ns", "buy", "sell")
_WHOLE = re.compile("[0-9]{1,19}")  # longer ones are above 2^63, and Python refuses to read very long ones


def read_orders(path: Path) -> list[Order]:
    """All orders of a CSV file; LimitExceeded naming the row, the column and the value."""
    topic = sha256(os.fsencode(path.name)).digest()[:16]
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
            if missing:
                raise LimitExceeded(f"{path}: no column {', '.join(missing)}")
            return [_order(row, number, topic) for number, row in enumerate(rows)]
    except (UnicodeDecodeError, csv.Error) as fault:  # said by its kind: the bytes may be somebody's order
        raise LimitExceeded(f"{path}: not CSV in UTF-8 ({type(fault).__name__})") from None


def _order(row: dict[str, str | None], number: int, topic: bytes) -> Order:
    def whole(name: str, default: int | None = None) -> int:
        text = row.get(name) or ("" if default is None else str(default))
        if not _WHOLE.fullmatch(text) or int(text) > MAX_TIME:
            shown = text if len(text) <= 40 else text[:40] + "…"
            raise LimitExceeded(f"row {number + 1}: {name} = {shown!r}: must be a whole number in 0..2^63-1")
        return int(text)

    def name_in(column: str) -> str:
        text = row[column]
        if text is None:
            raise LimitExceeded(f"row {number + 1}: ends before {column}")
        return text

    given = row.get("topic_id")
    try:
        place = bytes.fromhex(given) if given else topic
    except ValueError:
        place = b""
    if len(place) != 16:
        raise LimitExceeded(f"row {number + 1}: topic_id = {given!r}: must be 32 hex digits")
    return Order(
        place, whole("partition", 0), whole("offset", number), whole("item", 0), name_in("participant"),
        name_in("order_id"), whole("event_time_ns"), whole("buy"), whole("sell"),
    )  # fmt: skip


@dataclass
class Day:
    """Tumbling windows of ``length_ns`` over orders in the order of their event time."""

    publisher: Publisher
    length_ns: int
    refusal: str = ""  # why the window at hand could not be closed
    left: Window | None = None  # what stayed open at the end, and was not published

    def close_all(self, orders: Iterable[Order]) -> Iterator[tuple[Window, Closed]]:
        """Close each window in turn; one that the policy refuses is merged into the next."""
        window: Window | None = None
        for order in sorted(orders, key=lambda o: (o.event_time_ns, o.place, o.key)):
            while window is None or order.event_time_ns >= window.end:
                if window is None:
                    start = order.event_time_ns // self.length_ns * self.length_ns
                    window = self.publisher.open(start, start + self.length_ns)
                    continue
                closed = self._try(window)
                if closed is None:
                    longer = -(-(order.event_time_ns + 1 - window.start) // self.length_ns)
                    window = self.publisher.merge(window, window.start + longer * self.length_ns)
                else:
                    yield window, closed
                    window = None
            window.add(order)
        closed = self._try(window) if window is not None else None
        if window is not None and closed is not None:
            yield window, closed
        else:
            self.left = window

    def _try(self, window: Window) -> Closed | None:
        try:
            return self.publisher.close(window)
        except PolicyRefused as fault:
            self.refusal = str(fault)
            return None
