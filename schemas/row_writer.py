"""ImbalanceWindow payloads straight from the engine's rows; those of signals come from `processors/avro/signals.py`.

`encode_window` gives the very bytes of `codec.encode("ImbalanceWindow", rows.window_record(row…))` in a quarter of the
time; a property test holds them equal. The order of the parts is the order of the schema's fields.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

from equipoise.schemas.enums import Kind
from equipoise.schemas.row_layout import NULL, InstrumentLike, MeasureRow, Row, WindowRow
from equipoise.schemas.rows import (
    Names,
    buckets,
    classified_share,
    profile,
    reasons,
    underlying,
)

_KINDS: Final = tuple(kind.name.lower().encode() for kind in Kind)
_double: Final = Struct("<d").pack
_some_double: Final = Struct("<Bd").pack
_NONE: Final = b"\0"
_SOME: Final = b"\2"

# A varint in groups of 14 bits: `_MORE` gives two bytes that are followed by others, `_END` the last one or two.
_GROUP: Final = 1 << 14
_MORE: Final = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(_GROUP))
_END: Final = tuple(bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(_GROUP))


def encode_window(
    row: Row, instrument: InstrumentLike, measures: Sequence[MeasureRow] = (), names: Names = ()
) -> bytes:
    """The ImbalanceWindow payload of a WINDOW_DTYPE row, and of a value for each of `names`."""
    window = WindowRow._make(row.item())
    volumes = underlying(window, instrument)
    parts = _head(instrument, Kind.FINAL, window.start_ns, window.revision)
    parts += (
        _long(window.start_ns),
        _long(window.end_ns),
        _long(window.as_of_ns),
        _ENUM[window.status],
        _reasons(window.reasons),
        _ENUM[window.regime],
        _long(window.events),
        _long(window.late_events),
        _long(window.trades),
        _long(window.buy_volume),
        _long(window.sell_volume),
        _long(window.unknown_volume),
        _nullable_double(classified_share(window)),
        _nullable_double(volumes.buy),
        _nullable_double(volumes.sell),
        _nullable_double(volumes.unknown),
        _long(window.cvd),
        _long(window.ofi),
        _long(window.ofi_gross),
        _optional_double(window.depth_1),
        _optional_double(window.depth_10),
        _optional_double(window.queue),
        _long(window.pending_buy),
        _long(window.pending_sell),
        _mid(window.mid_open_x2),
        _mid(window.mid_close_x2),
        _long(window.bucket_width),
        _long(window.bucket_other),
        _buckets(window),
        _double(window.cvd_decayed),
        _long(window.profile_width),
        _profile(window),
        _measures(measures, names),
    )
    return b"".join(parts)


def _head(instrument: InstrumentLike, kind: int, ordinal: int, revision: int) -> list[bytes]:
    key, names = _names(instrument.venue, instrument.symbol)
    identity = b"%b/%b/%d" % (key, _KINDS[kind], ordinal)
    return [_long(len(identity)), identity, _long(revision), _ENUM[kind], names]


def _long(value: int) -> bytes:
    number = value << 1 ^ value >> 63
    if number < _GROUP:
        return _END[number]
    out = _MORE[number & 16383]
    number >>= 14
    while number >= _GROUP:
        out += _MORE[number & 16383]
        number >>= 14
    return out + _END[number]


_ENUM: Final = tuple(_long(n) for n in range(64))


def _string(text: bytes) -> bytes:
    return _long(len(text)) + text


def _optional_double(value: float) -> bytes:
    return _some_double(2, value) if value == value else _NONE


def _nullable_double(value: float | None) -> bytes:
    return _NONE if value is None else _some_double(2, value)


def _mid(value: int) -> bytes:
    return _NONE if value == NULL else _some_double(2, value / 2)


def _buckets(window: WindowRow) -> bytes:
    rows = buckets(window)
    if not rows:
        return _NONE
    return b"".join([_long(len(rows)), *(_long(number) for row in rows for number in row), _NONE])


def _profile(window: WindowRow) -> bytes:
    rows = profile(window)
    if not rows:
        return _NONE
    return b"".join([_long(len(rows)), *(_long(price) + _double(delta) for price, delta in rows), _NONE])


@lru_cache(maxsize=4096)
def _reasons(bits: int) -> bytes:
    found = reasons(bits)
    return b"".join([_long(len(found)), *(_long(reason) for reason in found), _NONE]) if found else _NONE


@lru_cache(maxsize=65536)
def _names(venue: str, symbol: str) -> tuple[bytes, bytes]:
    """VENUE:SYMBOL, and the two as Avro strings."""
    return f"{venue}:{symbol}".encode(), _string(venue.encode()) + _string(symbol.encode())


@lru_cache(maxsize=64)
def _written(names: Names) -> tuple[bytes, ...]:
    return tuple(_string(name.encode()) for name in names)


def _measures(rows: Sequence[MeasureRow], names: Names) -> bytes:
    """Which values are null changes rarely, so all else is kept ready, and only the doubles are packed."""
    pack, between = _pattern(names, tuple(reason for _, reason in rows))
    parts: list[bytes | float] = [*between]
    parts[1::2] = [value for value, reason in rows if not reason]
    return pack(*parts)


@lru_cache(maxsize=4096)
def _pattern(names: Names, why: tuple[int, ...]) -> tuple[Callable[..., bytes], list[bytes]]:
    """How to pack the values of `names` that are not null, and the bytes around them with a gap for each."""
    between = [_ENUM[len(names)] if names else b""]
    for name, reason in zip(_written(names), why, strict=True):
        if reason:
            between[-1] += name + _NONE + _ENUM[reason]
        else:
            between[-1] += name + _SOME
            between += [b"", _ENUM[0]]
    between[-1] += _NONE
    form = "".join("d" if k % 2 else f"{len(part)}s" for k, part in enumerate(between))
    return Struct(f"<{form}").pack, between
