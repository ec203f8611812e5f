"""What a record may say: the bounds of every number, and the refusal of what lies outside them.

| value | bound | why |
|---|---|---|
| quantity | 0 <= q < 2^62 lots | two of them add up in an int64 |
| price | abs(p) < 2^53 ticks | exact as a float64, which the spread arithmetic needs |
| time | 1990-01-01 .. 2099-12-31 UTC | electronic markets; outside of it a unit or a clock is wrong |
| order id, sequence | int64 | the columns' type |
"""

from typing import Final

from equipoise.schemas.enums import Cause

QUANTITY_END: Final = 2**62
PRICE_END: Final = 2**53
TIME_FIRST_NS: Final = 631_152_000 * 10**9  # 1990-01-01
TIME_END_NS: Final = 4_102_444_800 * 10**9  # 2100-01-01
INT64_END: Final = 2**63
SHOWN: Final = 48  # characters of a value that a message repeats


class RefusedError(Exception):
    """One record gives no rows. Raised and caught inside `streams.sources`, never outside."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


def shown(value: object) -> str:
    """A value as a message repeats it: its literal, cut where it is long."""
    text = repr(value[: SHOWN * 2] if isinstance(value, str | bytes | bytearray) else value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def quantity(lots: int, field: str) -> int:
    """`lots`, if 0 <= lots < 2^62."""
    if 0 <= lots < QUANTITY_END:
        return lots
    raise RefusedError(Cause.QUANTITY_RANGE, f"{field}: {shown(lots)} lots, must be >= 0 and < 2^62")


def change(lots: int, field: str) -> int:
    """`lots`, if abs(lots) < 2^62: the signed quantity of a MODIFY that carries a difference."""
    if -QUANTITY_END < lots < QUANTITY_END:
        return lots
    raise RefusedError(Cause.QUANTITY_RANGE, f"{field}: {shown(lots)} lots, must be > -2^62 and < 2^62")


def price(ticks: int, field: str) -> int:
    """`ticks`, if abs(ticks) < 2^53."""
    if -PRICE_END < ticks < PRICE_END:
        return ticks
    raise RefusedError(Cause.PRICE_RANGE, f"{field}: {shown(ticks)} ticks, must be > -2^53 and < 2^53")


def time_ns(ns: int, field: str) -> int:
    """`ns`, if it lies in the years 1990 to 2099."""
    if TIME_FIRST_NS <= ns < TIME_END_NS:
        return ns
    raise RefusedError(
        Cause.TIMESTAMP_RANGE, f"{field}: {shown(ns)} ns since the epoch, must be in 1990-01-01..2099-12-31 UTC"
    )


def integer(value: object, field: str) -> int:
    """An integer of any size: bool, float and text are mis-typed."""
    if type(value) is not int:
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(value)} is {type(value).__name__}, expected an integer")
    return value


def whole(value: object, field: str) -> int:
    """An integer that fits the columns."""
    number = integer(value, field)
    if -INT64_END < number < INT64_END:
        return number
    raise RefusedError(Cause.MISTYPED, f"{field}: {shown(number)}, must be > -2^63 and < 2^63")
