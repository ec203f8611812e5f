"""One row of a mapping: from a record's fields to the columns of an event row."""

from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, Cause, Flag, Side, TradingStatus
from equipoise.schemas.ids import order_id
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.canonical import NEEDS
from equipoise.streams.sources.fills import Fills
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.mapping import Row, Source, word_of
from equipoise.streams.sources.paths import MISSING, names, nearest
from equipoise.streams.sources.rows import Rows
from equipoise.streams.sources.scale import Listed, Scales, decimal
from equipoise.streams.sources.times import ISO, count_ns, iso_ns

_ENUMS: Final[dict[str, type[IntEnum]]] = {"action": Action, "side": Side, "trading_status": TradingStatus}
_HEAD: Final = ("venue", "symbol", "event_time", "arrival_time", "sequence", "previous_sequence")
_OWN_UNITS: Final = ("", "tick", "lot")


class Values:
    """A record's fields by their names in the mapping; `element` is that of the row's list."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def _find(self, name: str, found: Any, element: Any) -> Any:
        """The field's value; None where the mapping has no such field, or it is optional and not there."""
        source = self._row.fields.get(name)
        if source is None:
            return None
        if source.path is None:
            return source.value
        value = source.path.find(found, element)
        if source.optional and (value is MISSING or value is None):
            return None
        return present(value, name, source.path.text, found)

    def text(self, name: str, found: Any, element: Any) -> str:
        """A text, empty where there is none. Raises RefusedError."""
        value = self._find(name, found, element)
        if value is None:
            return ""
        source = self._row.fields[name]
        if source.words:
            return _translated(source, name, value)
        if type(value) is not str:
            raise RefusedError(Cause.MISTYPED, f"{_path(source, name)}: {shown(value)}, expected a text")
        return value

    def word(self, name: str, found: Any, element: Any) -> int:
        """One of the field's enumeration, 0 where there is none. Raises RefusedError."""
        value = self._find(name, found, element)
        if value is None:
            if name == "action":
                raise RefusedError(Cause.MISSING_FIELD, "action: null")
            return 0
        source = self._row.fields[name]
        word = _translated(source, name, value) if source.words else value
        members = _ENUMS[name].__members__
        if type(word) is not str or word not in members:
            raise RefusedError(
                Cause.UNKNOWN_WORD, f"{_path(source, name)}: {shown(value)}, expected one of {', '.join(members)}"
            )
        return int(members[word])

    def price(self, found: Any, element: Any, scales: Scales) -> int:
        """In ticks. Raises RefusedError."""
        value = self._find("price", found, element)
        if value is None:
            return NULL
        source = self._row.fields["price"]
        field = _path(source, "price")
        if source.unit == "tick":
            return bounds.price(bounds.integer(value, field), field)
        return scales.ticks(value, field)

    def quantity(self, found: Any, element: Any, scales: Scales, delta: bool) -> int:
        """In lots; signed where it is a change. Raises RefusedError."""
        value = self._find("quantity", found, element)
        if value is None:
            return NULL
        source = self._row.fields["quantity"]
        field = _path(source, "quantity")
        if source.unit == "lot":
            lots = bounds.integer(value, field)
            return bounds.change(lots, field) if delta else bounds.quantity(lots, field)
        if delta:
            change = decimal(value, field)
            return scales.lots(abs(change), field) * (-1 if change < 0 else 1)
        return scales.lots(value, field)

    def order(self, found: Any, element: Any) -> int:
        """The order's id as 64 bits, 0 where there is none. Raises RefusedError."""
        value = self._find("order_id", found, element)
        if value is None:
            return 0
        if type(value) not in (int, str):
            field = _path(self._row.fields["order_id"], "order_id")
            raise RefusedError(
                Cause.MISTYPED, f"{field}: {shown(value)} is {type(value).__name__}, expected integer or text"
            )
        return order_id(str(value))

    def whole(self, name: str, found: Any, element: Any) -> int:
        """An integer. Raises RefusedError."""
        value = self._find(name, found, element)
        if value is None:
            return NULL
        source = self._row.fields[name]
        field = _path(source, name)
        return bounds.whole(bounds.integer(value, field) + source.add, field)

    def time(self, name: str, found: Any, element: Any) -> int:
        """In nanoseconds. Raises RefusedError."""
        value = self._find(name, found, element)
        source = self._row.fields[name]
        field = _path(source, name)
        if value is None:
            if name == "arrival_time":
                return NULL
            raise RefusedError(Cause.MISSING_FIELD, f"{field}: null")
        return iso_ns(value, field) if source.unit == ISO else count_ns(value, source.unit, field)

    def flags(self, found: Any, element: Any) -> int:
        """Those whose conditions hold. Raises RefusedError."""
        flags = 0
        for bits, conditions in self._row.flags_when:
            if all(word_of(path.find(found, element)) in words for path, words in conditions):
                flags |= bits
        return flags

    def last(self, found: Any, element: Any) -> bool:
        """Whether the event group ends here. Raises RefusedError."""
        value = self._find("last_in_event", found, element)
        if value is None:
            return True
        if type(value) is not bool:
            field = _path(self._row.fields["last_in_event"], "last_in_event")
            raise RefusedError(Cause.MISTYPED, f"{field}: {shown(value)}, expected true or false")
        return value


class RowParser:
    """A row of the mapping for one topic."""

    def __init__(self, row: Row, instruments: Instruments, origin: Origin, fills: Fills) -> None:
        self._row = row
        self._values = Values(row)
        self._origin = origin
        self._fills = fills
        self._listed = Listed(instruments, origin.venue, _unit(row, "price"), _unit(row, "quantity"))
        self._scales: Scales
        paths = (row.fields[name].path for name in _HEAD if name in row.fields)
        self.varies = any(path is not None and path.relative for path in paths)  # from element to element

    def head(self, found: Any, element: Any, rows: Rows) -> None:
        """Set what the rows of one record share, instrument and stamps. Raises RefusedError."""
        venue = self._values.text("venue", found, element) or self._origin.venue
        symbol = self._values.text("symbol", found, element) or self._origin.symbol
        if not venue or not symbol:
            raise RefusedError(Cause.MISSING_FIELD, "venue, symbol: neither record, mapping nor topic says them")
        rows.instrument, self._scales = self._listed.find(symbol, venue)
        rows.event_ns = self._values.time("event_time", found, element)
        if "arrival_time" in self._row.fields:
            rows.arrival_ns = self._values.time("arrival_time", found, element)
        rows.sequence = self._values.whole("sequence", found, element)
        rows.previous = self._values.whole("previous_sequence", found, element)

    def append(self, found: Any, element: Any, rows: Rows) -> bool:
        """Append one row; whether the event group ends with it. Raises RefusedError."""
        action = Action(self._values.word("action", found, element))
        side = Side(self._values.word("side", found, element))
        delta = action is Action.MODIFY and self._row.modify is Flag.DELTA
        price = self._values.price(found, element, self._scales)
        quantity = self._values.quantity(found, element, self._scales, delta)
        number = self._values.order(found, element)
        if action is Action.STATUS:
            quantity = self._values.word("trading_status", found, element)
        has = {"side": side, "price": price != NULL, "quantity": quantity != NULL, "order_id": number}
        _needed(self._row, action, has)
        flags = self._row.flags | self._values.flags(found, element)
        if action is Action.MODIFY:
            flags |= self._row.modify
            if self._row.modify is Flag.UPSERT and quantity == 0:
                action, quantity, flags = Action.CANCEL, NULL, flags & ~Flag.UPSERT
        if action is Action.TRADE and self._row.fill_key:
            fill = self._once(found, element, rows)
            number = number or fill
        rows.row(action, side, price, quantity, number, flags)
        return self._values.last(found, element)

    def _once(self, found: Any, element: Any, rows: Rows) -> int:
        """The id of a fill that has not been seen before."""
        paths = self._row.fill_key
        key = [word_of(present(path.find(found, element), "fill_key", path.text, found)) for path in paths]
        self._fills.once((rows.instrument, *key), paths[-1].text)
        return order_id("/".join(key))


def _unit(row: Row, name: str) -> Decimal:
    unit = row.fields[name].unit if name in row.fields else ""
    return Decimal(1) if unit in _OWN_UNITS else Decimal(unit)


def present(value: Any, name: str, path: str, found: Any) -> Any:
    """The value. Raises RefusedError: MISSING_FIELD."""
    if value is MISSING:
        raise missing(name, path, found)
    return value


def missing(name: str, path: str, found: Any) -> RefusedError:
    """The refusal that names what the record has instead."""
    return RefusedError(
        Cause.MISSING_FIELD, f"{name}: the record has no {path!r}; nearest: {nearest(path, names(found))}"
    )


def _translated(source: Source, name: str, value: Any) -> str:
    word = source.words.get(word_of(value))
    if word is None:
        raise RefusedError(
            Cause.UNKNOWN_WORD, f"{_path(source, name)}: {shown(value)}, expected one of {', '.join(source.words)}"
        )
    return word


def _needed(row: Row, action: Action, has: dict[str, Any]) -> None:
    for name in NEEDS.get(action, ()):
        if not has[name]:
            source = row.fields.get(name)
            field = name if source is None else _path(source, name)
            raise RefusedError(Cause.MISSING_FIELD, f"{field}: must be given with {action.name}")


def _path(source: Source, name: str) -> str:
    return name if source.path is None else f"{source.path.text} ({name})"
