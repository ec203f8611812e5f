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

from equipoise.proofs.codec import Text
from equipoise.proofs.errors import LimitExceeded, PolicyRefused
from equipoise.proofs.header import MAX_TIME
from equipoise.proofs.orders import Order
from equipoise.proofs.publisher import Publisher
from equipoise.proofs.window import Closed, Window

REQUIRED = ("participant", "order_id", "event_time_ns", "buy", "sell")
_U32 = (1 << 32) - 1
_WHOLE = re.compile("[0-9]{1,19}")  # longer ones are above 2^63, and Python refuses to read very long ones


def read_orders(path: Path, range_bits: int = 64) -> list[Order]:
    """All orders of a CSV file, at least one; LimitExceeded naming the line, the column and the value.

    ``range_bits`` is that of the terms under which they are to be proved.
    """
    topic = sha256(os.fsencode(path.name)).digest()[:16]
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
            if missing:
                raise LimitExceeded(f"{path}: no column {', '.join(missing)}")
            orders = [_Row(row, rows.line_num).order(number, topic, range_bits) for number, row in enumerate(rows)]
    except (UnicodeDecodeError, csv.Error) as fault:  # said by its kind: the bytes may be somebody's order
        raise LimitExceeded(f"{path}: not CSV in UTF-8 ({type(fault).__name__})") from None
    if not orders:
        raise LimitExceeded(f"{path}: holds no orders")
    return orders


@dataclass(frozen=True)
class _Row:
    """One row, and the line of the file at which it ends: what people look for in an editor."""

    cells: dict[str, str | None]
    line: int

    def order(self, number: int, topic: bytes, range_bits: int) -> Order:
        """What the row says; where it has no place, that of row ``number`` of ``topic``."""
        lots = (1 << min(range_bits, 52)) - 1
        hint = f" (with --wide up to {(1 << 52) - 1})" if range_bits < 52 else ""
        return Order(
            self._topic(topic),
            self._whole("partition", "0", _U32),
            self._whole("offset", str(number)),
            self._whole("item", "0", _U32),
            self._participant(),
            self._name("order_id"),
            self._whole("event_time_ns"),
            self._whole("buy", high=lots, hint=hint),
            self._whole("sell", high=lots, hint=hint),
        )

    def _refused(self, fault: str) -> LimitExceeded:
        return LimitExceeded(f"line {self.line}: {fault}")

    def _whole(self, column: str, default: str = "", high: int = MAX_TIME, hint: str = "") -> int:
        text = self.cells.get(column) or default
        if not _WHOLE.fullmatch(text) or int(text) > high:
            shown = text if len(text) <= 40 else text[:40] + "…"
            raise self._refused(f"{column} = {shown!r}: must be a whole number in 0..{high}{hint}")
        return int(text)

    def _name(self, column: str) -> str:
        text = self.cells[column]
        if text is None:
            raise self._refused(f"ends before {column}")
        try:
            Text(0).write(text)
        except LimitExceeded as fault:  # which does not show it: it may be long, or a trader's name
            raise self._refused(f"{column}: {fault}") from None
        return text

    def _participant(self) -> str:
        name = self._name("participant")
        if not name:  # no window that holds it would ever be attested: a file has no gateway's signatures
            raise self._refused("participant is empty: attestation needs the participant of every order")
        return name

    def _topic(self, default: bytes) -> bytes:
        given = self.cells.get("topic_id")
        try:
            topic = bytes.fromhex(given) if given else default
        except ValueError:
            topic = b""
        if len(topic) != 16:
            raise self._refused(f"topic_id = {given!r}: must be 32 hex digits")
        return topic


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
