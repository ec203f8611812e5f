"""Stamps as venues write them, to nanoseconds since the epoch, exactly."""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Final

from equipoise.schemas.enums import Cause
from equipoise.streams.sources import bounds
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.scale import decimal

UNITS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
ISO: Final = "iso"
_ISO: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:(Z)|([+-])(\d\d):?(\d\d))", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def iso_ns(text: object, field: str) -> int:
    """Of an ISO 8601 time with its zone; digits past the ninth decimal are dropped.

    Raises:
        RefusedError: MISTYPED, or TIMESTAMP_RANGE.
    """
    match = _ISO.fullmatch(text) if type(text) is str and len(text) < 64 else None
    if match is None:
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(text)}, expected YYYY-MM-DDThh:mm:ss[.n]Z or ±hh:mm")
    day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = match.groups()
    try:
        seconds = _day_s(day, int(hour), int(minute), int(second), _zone_s(sign, zone_hours, zone_minutes))
    except ValueError as error:
        raise RefusedError(Cause.MISTYPED, f"{field}: {shown(text)}: {error}") from None
    return bounds.time_ns(seconds * 10**9 + int((fraction or "").ljust(9, "0")), field)


def count_ns(value: object, unit: str, field: str) -> int:
    """Of a count of s, ms, us or ns; a fraction of a nanosecond is dropped.

    Raises:
        RefusedError: MISTYPED, or TIMESTAMP_RANGE.
    """
    scale = UNITS[unit]
    if type(value) is int:
        return bounds.time_ns(value * scale, field)
    number = decimal(value, field)
    if number.adjusted() > 20:
        raise RefusedError(Cause.TIMESTAMP_RANGE, f"{field}: {shown(value)} {unit}, must be in 1990..2099")
    return bounds.time_ns(int(number * Decimal(scale)), field)


def _zone_s(sign: str | None, hours: str, minutes: str) -> int:
    return 0 if sign is None else (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1)


@lru_cache(maxsize=4096)
def _day_s(day: str, hour: int, minute: int, second: int, zone_s: int) -> int:
    year, month, date = map(int, day.split("-"))
    local = datetime(year, month, date, hour, minute, second, tzinfo=timezone(timedelta(seconds=zone_s)))
    return int((local - _EPOCH).total_seconds())
