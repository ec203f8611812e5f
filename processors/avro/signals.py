"""Rows of signals to the Avro bodies of SpreadSignal and FeeSignal, all of a step in one pass.

The bytes are those of `codec.encode(name, rows.*_record(row…))`; a property test holds them equal. The order of what is
written is that of the schema's fields. Tried before: a writer in Python over bytes kept ready, 25 microseconds a row
against one here; with many instruments, each of whose orders causes a signal, that was most of a worker's time. Its
parts are not inlined into each other: that compiled for two minutes.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.signal_texts import KEY, NAMES, TICK, Texts, TextTable
from equipoise.processors.avro.wire import Bytes
from equipoise.processors.columns import NULL, Outputs
from equipoise.processors.instruments import Instruments
from equipoise.processors.jit import apart, inner, njit
from equipoise.schemas.enums import Reason
from equipoise.schemas.errors import EncodingError

Array = Any  # rows of a structured dtype: neither NumPy nor numba types their fields

SPREAD, FEE = 1, 2  # bits of `emits`
_REASONS = len(Reason)
_CHUNK: Final = 4_096  # rows written in one go, so that their bytes stay within a few megabytes
_FRAME: Final = 400  # bytes at the most beside texts and components
_COMPONENT: Final = 64  # bytes at the most of a component beside its name

_U: Final[Any] = np.uint64
_7, _8, _128 = _U(7), _U(8), _U(128)
_MINUS, _SLASH, _ZERO = ord("-"), ord("/"), ord("0")


class Bodies(NamedTuple):
    """What one row of signals is published as; empty where its `emits` leaves it out."""

    spread: bytes
    fee: bytes


class SignalWriter:
    """Writes the signals of one table of instruments."""

    def __init__(self, instruments: Instruments) -> None:
        """Writer for these instruments; those listed later are written, too."""
        self._table = TextTable(instruments)
        self._out = np.empty(0, np.uint8)

    def bodies(self, outputs: Outputs) -> Iterator[Bodies]:
        """The bodies of each row of `outputs.signals`, in order.

        Raises:
            EncodingError: there are more or fewer components than names, or a reason that no enum has.
        """
        names, signals, components = outputs.names.components, outputs.signals, outputs.components
        if components.shape[1] != len(names):
            raise EncodingError(f"components: got {components.shape[1]} rows, expected {len(names)}")
        if len(signals) and (unknown := int(np.bitwise_or.reduce(signals["reasons"])) >> _REASONS):
            raise EncodingError(f"reasons: {unknown << _REASONS:#x} is no reason")
        for first in range(0, len(signals), _CHUNK):
            yield from self._some(signals[first : first + _CHUNK], components[first : first + _CHUNK], names)

    def _some(self, signals: Array, components: Array, names: tuple[str, ...]) -> Iterator[Bodies]:
        texts = self._table.texts(names)
        room = 2 * len(signals) * (_FRAME + texts.longest + _COMPONENT * len(names))
        if len(self._out) < room:
            self._out = np.empty(room, np.uint8)
        ends = np.zeros((len(signals), 2), np.int64)
        used = write(signals.view(np.recarray), components.view(np.recarray), texts, self._out, ends)
        data, start = self._out[:used].tobytes(), 0
        for middle, end in ends.tolist():
            yield Bodies(data[start:middle], data[middle:end])
            start = end


@njit
def write(signals: Array, components: Array, texts: Texts, out: Bytes, ends: NDArray[np.int64]) -> int:
    """Write all rows into `out`, which has the room; `ends`, shape (rows, 2), gets where each body ends."""
    at = 0
    for r in range(len(signals)):
        signal, start = signals[r], at
        if signal.emits == 0:
            ends[r, 0] = ends[r, 1] = at
            continue
        at = _frame(out, at, signal, components[r], texts)
        size = at - start
        if signal.emits & SPREAD:
            at = _spread(out, at, signal)
            ends[r, 0] = at
            if signal.emits & FEE:
                for k in range(size):
                    out[at + k] = out[start + k]
                at += size
        else:
            ends[r, 0] = start
        if signal.emits & FEE:
            at = _fee(out, at, signal)
        ends[r, 1] = at
    return at


@apart
def _frame(out: Bytes, at: int, signal: Array, components: Array, texts: Texts) -> int:
    """What both kinds of signal begin with."""
    i = signal.instrument
    at = _identity(out, at, signal, texts)
    at = long(out, at, signal.revision)
    at = long(out, at, signal.kind)
    at = _text(out, at, texts.data, texts.instruments[i, NAMES], texts.instruments[i, NAMES + 1])
    at = long(out, at, signal.trigger)
    at = long(out, at, signal.as_of_ns)
    at = long(out, at, signal.valid_until_ns)
    at = long(out, at, signal.status)
    at = _reasons(out, at, signal.reasons)
    at = long(out, at, signal.regime)
    at = long(out, at, signal.rebalance)
    at = long(out, at, signal.policy_version)
    at = _optional_double(out, at, signal.score)
    at = long(out, at, len(components))
    for k in range(len(components)):
        at = _text(out, at, texts.data, texts.names[k, 0], texts.names[k, 1])
        at = _component(out, at, components[k])
    at = _byte(out, at, 0)
    at = _text(out, at, texts.data, texts.instruments[i, TICK], texts.instruments[i, TICK + 1])
    at = _mid(out, at, signal.reference_mid_x2)
    at = _optional_long(out, at, signal.reference_mid_ns)
    at = _mid(out, at, signal.last_good_mid_x2)
    return _optional_long(out, at, signal.last_good_mid_ns)


@apart
def _identity(out: Bytes, at: int, signal: Array, texts: Texts) -> int:
    """VENUE:SYMBOL/kind/ordinal."""
    i, kind = signal.instrument, signal.kind
    key, word = texts.instruments[i, KEY + 1], texts.kinds[kind, 1]
    at = long(out, at, key + 1 + word + 1 + _digits(signal.ordinal))
    at = _text(out, at, texts.data, texts.instruments[i, KEY], key)
    at = _byte(out, at, _SLASH)
    at = _text(out, at, texts.data, texts.kinds[kind, 0], word)
    at = _byte(out, at, _SLASH)
    return _decimal(out, at, signal.ordinal)


@apart
def _component(out: Bytes, at: int, row: Array) -> int:
    at = _optional_double(out, at, row.value)
    at = double(out, at, row.weight)
    at = double(out, at, row.contribution)
    at = double(out, at, row.effective_weight)
    at = _optional_double(out, at, row.last_good)
    at = _optional_long(out, at, row.last_good_ns)
    return long(out, at, row.reason)


@apart
def _spread(out: Bytes, at: int, signal: Array) -> int:
    at = _optional_double(out, at, signal.bid_half_spread)
    at = _optional_double(out, at, signal.ask_half_spread)
    at = _optional_double(out, at, signal.bid_half_spread_bps)
    at = _optional_double(out, at, signal.ask_half_spread_bps)
    at = _optional_double(out, at, signal.widen_factor)
    at = _optional_double(out, at, signal.skew_bps)
    at = long(out, at, signal.binding_cap)
    return _no_heartbeat(out, at)


@apart
def _fee(out: Bytes, at: int, signal: Array) -> int:
    at = _optional_long(out, at, signal.fee_taker_buy)
    at = _optional_long(out, at, signal.fee_taker_sell)
    at = _optional_long(out, at, signal.surcharge)
    at = _optional_long(out, at, signal.rebate)
    at = _optional_long(out, at, signal.rebate_budget)
    return _no_heartbeat(out, at)


@inner
def _no_heartbeat(out: Bytes, at: int) -> int:
    """Neither `last_id` nor `silence_ns`."""
    return _byte(out, _byte(out, at, 0), 0)


@apart
def _reasons(out: Bytes, at: int, bits: int) -> int:
    """The numbers of the bits, as an array."""
    count = 0
    for reason in range(1, _REASONS):  # 0 is none
        count += (bits >> reason) & 1
    if count > 0:
        at = long(out, at, count)
        for reason in range(1, _REASONS):  # 0 is none
            if (bits >> reason) & 1:
                at = long(out, at, reason)
    return _byte(out, at, 0)


@inner
def _byte(out: Bytes, at: int, value: int) -> int:
    out[at] = value
    return at + 1


@apart
def _text(out: Bytes, at: int, data: Bytes, start: int, size: int) -> int:
    for k in range(size):
        out[at + k] = data[start + k]
    return at + size


@apart
def long(out: Bytes, at: int, value: int) -> int:
    """A zigzag integer; the position behind it."""
    wide = np.int64(value)
    number = _U((wide << 1) ^ (wide >> 63))
    while number >= _128:
        out[at] = (number & (_128 - _U(1))) | _128
        number >>= _7
        at += 1
    out[at] = number
    return at + 1


@apart
def double(out: Bytes, at: int, value: float) -> int:
    """Eight bytes, the lowest first."""
    bits = np.float64(value).view(np.uint64)
    for k in range(8):
        out[at + k] = bits & _U(255)
        bits >>= _8
    return at + 8


@apart
def _optional_double(out: Bytes, at: int, value: float) -> int:
    if value != value:
        return _byte(out, at, 0)
    return double(out, _byte(out, at, 2), value)


@apart
def _optional_long(out: Bytes, at: int, value: int) -> int:
    if value == NULL:
        return _byte(out, at, 0)
    return long(out, _byte(out, at, 2), value)


@apart
def _mid(out: Bytes, at: int, x2: int) -> int:
    if x2 == NULL:
        return _byte(out, at, 0)
    return double(out, _byte(out, at, 2), x2 / 2)


@inner
def _digits(value: int) -> int:
    """Letters of a number in decimal."""
    count = 1 if value >= 0 else 2
    rest = _magnitude(value) // _U(10)
    while rest > _U(0):
        rest //= _U(10)
        count += 1
    return count


@inner
def _decimal(out: Bytes, at: int, value: int) -> int:
    end = at + _digits(value)
    if value < 0:
        out[at] = _MINUS
    rest, k = _magnitude(value), end - 1
    while True:
        out[k] = _U(_ZERO) + rest % _U(10)
        rest //= _U(10)
        k -= 1
        if rest == _U(0):
            return end


@inner
def _magnitude(value: int) -> Any:
    """|value|, of the least integer as well."""
    wide = np.int64(value)
    return _U(wide) if wide >= 0 else ~_U(wide) + _U(1)
