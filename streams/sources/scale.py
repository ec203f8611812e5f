"""Decimal text to whole ticks or lots, exactly: nothing is ever rounded to fit."""

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Subnormal
from typing import Final

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Cause
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown

TEXT_MAX: Final = 64  # characters of a number; longer ones are no price of any market
_REMEMBERED: Final = 200_000  # texts; prices and sizes repeat, and a look-up is 10x faster than a division
EXACT: Final = Context(prec=80, traps=[InvalidOperation, DivisionByZero, Inexact, Subnormal])

Number = str | int | float | Decimal


class Scale:
    """Numbers in one unit (a tick or a lot) of one instrument."""

    def __init__(self, unit: Decimal, off_unit: Cause, out_of_range: Cause, name: str) -> None:
        self._unit = unit
        self._off_unit = off_unit
        self._out_of_range = out_of_range
        self._name = name
        self._end = bounds.PRICE_END if out_of_range is Cause.PRICE_RANGE else bounds.QUANTITY_END
        self._known: dict[Number, int] = {}

    def whole(self, value: object, field: str) -> int:
        """How many units `value` is.

        Raises:
            RefusedError: no number, not finite, not a multiple of the unit, or out of bounds.
        """
        if type(value) is str:  # numbers are not looked up: 1, 1.0 and True would be one key
            known = self._known.get(value)
            if known is not None:
                return known
        units = self._divide(decimal(value, field), value, field)
        if type(value) is str:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[value] = units
        return units

    def _divide(self, number: Decimal, value: object, field: str) -> int:
        if number.adjusted() > TEXT_MAX:  # 1e999999: no division, no integer of a million digits
            raise self._range(value, field)
        try:
            units = EXACT.divide(number, self._unit)
        except (Inexact, Subnormal):
            raise self._off(value, field) from None
        if abs(units) >= self._end:
            raise self._range(value, field)
        if units != units.to_integral_value():
            raise self._off(value, field)
        if units < 0 and self._out_of_range is Cause.QUANTITY_RANGE:
            raise RefusedError(self._out_of_range, f"{field}: {shown(value)}, must be >= 0")
        return int(units)

    def _off(self, value: object, field: str) -> RefusedError:
        return RefusedError(self._off_unit, f"{field}: {shown(value)} is no multiple of the {self._name} {self._unit}")

    def _range(self, value: object, field: str) -> RefusedError:
        end = "2^53" if self._end == bounds.PRICE_END else "2^62"
        return RefusedError(
            self._out_of_range, f"{field}: {shown(value)}, must be below {end} {self._name}s of {self._unit}"
        )


def decimal(value: object, field: str) -> Decimal:
    """A finite number out of JSON, CSV or Avro. A float stands for its shortest decimal text.

    Raises:
        RefusedError: MISTYPED.
    """
    kind = type(value)
    if kind is Decimal or kind is int:
        number = Decimal(value)  # type: ignore[arg-type]
    elif kind is float:
        number = Decimal(repr(value))
    elif kind is str:
        number = _parse(value, field)  # type: ignore[arg-type]
    else:
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(value)} is {kind.__name__}, expected a number")
    if not number.is_finite():
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(value)}, expected a finite number")
    return number


def _parse(text: str, field: str) -> Decimal:
    if len(text) > TEXT_MAX:
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(text)} has {len(text)} characters, must be <= {TEXT_MAX}")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(text)}, expected a decimal number") from None
    if "_" in text or text != text.strip():  # Python's own liberties, nobody's wire format
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(text)}, expected a decimal number")
    return number


class Scales:
    """The two units of one instrument, for numbers that count `price_unit` and `quantity_unit`."""

    def __init__(
        self, instrument: Instrument, price_unit: Decimal = Decimal(1), quantity_unit: Decimal = Decimal(1)
    ) -> None:
        self.instrument = instrument
        tick, lot = EXACT.divide(instrument.tick, price_unit), EXACT.divide(instrument.lot, quantity_unit)
        self.ticks: Final = Scale(tick, Cause.PRICE_OFF_TICK, Cause.PRICE_RANGE, "tick").whole
        self.lots: Final = Scale(lot, Cause.QUANTITY_OFF_LOT, Cause.QUANTITY_RANGE, "lot").whole


class Listed:
    """The instruments of one venue with their units, found by symbol; follows a tick that changes."""

    def __init__(
        self,
        instruments: Instruments,
        venue: str,
        price_unit: Decimal = Decimal(1),
        quantity_unit: Decimal = Decimal(1),
    ) -> None:
        self._instruments = instruments
        self._venue = venue
        self._units = (price_unit, quantity_unit)
        self._scales: dict[int, Scales] = {}

    def find(self, symbol: str, venue: str = "") -> tuple[int, Scales]:
        """Index and units of VENUE:SYMBOL.

        Raises:
            RefusedError: UNKNOWN_INSTRUMENT.
        """
        index = self._instruments.find(venue or self._venue, symbol)
        if index < 0:
            raise RefusedError(
                Cause.UNKNOWN_INSTRUMENT, f"venue, symbol: {shown(f'{venue or self._venue}:{symbol}')} is not listed"
            )
        known = self._scales.get(index)
        if known is None or known.instrument is not self._instruments[index]:
            known = self._scales[index] = Scales(self._instruments[index], *self._units)
        return index, known
