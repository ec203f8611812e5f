"""A PendingTransaction record, checked and in lots."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Cause, PendingState, Side

MAX_LOTS: Final = 2**62
_MAX_TEXT: Final = 100  # characters of an amount
_MAX_EXPONENT: Final = 80
_MAX_LEGS: Final = 256
_EARLIEST_NS: Final = 631_152_000_000_000_000  # 1990-01-01
_LATEST_NS: Final = 4_102_444_800_000_000_000  # 2100-01-01


@dataclass(frozen=True, slots=True)
class PoolTarget:
    """The instrument that a pool trades. `inverted`: the pool's base asset is the instrument's quote asset."""

    instrument: str  # VENUE:SYMBOL
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class Leg:
    """One swap of a transaction that has an instrument."""

    number: int
    venue: str
    symbol: str
    side: int  # enums.Side of the taker
    lots: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """What the pool needs to know of a record."""

    hash: str
    state: PendingState
    sender: str
    nonce: int
    fee: int  # wei per gas
    tip: int
    event_ns: int
    arrival_ns: int | None
    source: str
    legs: list[Leg] = field(default_factory=list)
    unknown_legs: int = 0  # swaps of instruments that are not configured


class RefusedRecord(Exception):  # noqa: N818 - it refuses a record, it is no error of ours
    """The record cannot be read or cannot be true; `cause` says which."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


def read_transaction(
    record: Mapping[str, Any], pools: Mapping[str, PoolTarget], instruments: Instruments, max_ahead_ns: int
) -> Transaction:
    """The checked record, with amounts in lots (rounded down).

    Raises
    ------
    RefusedRecord
        A field is missing, of the wrong type or out of its bounds; the message names it.
    """
    event_ns = _whole(record, "event_time_ns", _EARLIEST_NS, _LATEST_NS - 1, Cause.TIMESTAMP_RANGE)
    arrival_ns = None
    if record.get("arrival_time_ns") is not None:
        arrival_ns = _whole(record, "arrival_time_ns", _EARLIEST_NS, _LATEST_NS - 1, Cause.TIMESTAMP_RANGE)
        if event_ns > arrival_ns + max_ahead_ns:
            raise RefusedRecord(
                Cause.TIMESTAMP_AHEAD,
                f"event_time_ns: {event_ns} is {event_ns - arrival_ns} ns past its arrival, allowed are {max_ahead_ns}",
            )
    legs, unknown = _legs(record.get("legs", ()), pools, instruments)
    return Transaction(
        hash=_text(record, "hash"),
        state=_state(record),
        sender=_text(record, "sender"),
        nonce=_whole(record, "nonce", 0, 2**63 - 1),
        fee=_whole(record, "max_fee_per_gas", 0, 2**63 - 1, default=0),
        tip=_whole(record, "max_priority_fee_per_gas", 0, 2**63 - 1, default=0),
        event_ns=event_ns,
        arrival_ns=arrival_ns,
        source=str(record.get("source", "")),
        legs=legs,
        unknown_legs=unknown,
    )


def _state(record: Mapping[str, Any]) -> PendingState:
    word = _text(record, "state")
    if word not in PendingState.__members__:
        words = ", ".join(PendingState.__members__)
        raise RefusedRecord(Cause.UNKNOWN_WORD, f"state: {word!r}, expected one of {words}")
    return PendingState[word]


def _legs(legs: Any, pools: Mapping[str, PoolTarget], instruments: Instruments) -> tuple[list[Leg], int]:
    if not isinstance(legs, list | tuple):
        raise RefusedRecord(Cause.MISTYPED, f"legs: expected an array, got {type(legs).__name__}")
    if len(legs) > _MAX_LEGS:
        raise RefusedRecord(Cause.TOO_LARGE, f"legs: {len(legs)} swaps, at most {_MAX_LEGS} are read")
    known = []
    for number, leg in enumerate(legs):
        if not isinstance(leg, Mapping):
            raise RefusedRecord(Cause.MISTYPED, f"legs[{number}]: expected a record, got {type(leg).__name__}")
        read = _leg(number, leg, pools, instruments)
        if read is not None:
            known.append(read)
    return known, len(legs) - len(known)


def _leg(number: int, leg: Mapping[str, Any], pools: Mapping[str, PoolTarget], instruments: Instruments) -> Leg | None:
    """None where neither the pool's address nor the leg's own words name a listed instrument."""
    target = pools.get(str(leg.get("pool", "")).lower())
    venue, symbol = str(leg.get("venue", "")), str(leg.get("symbol", ""))
    if target is not None:
        venue, _, symbol = target.instrument.partition(":")
    index = instruments.find(venue, symbol)
    word = leg.get("side")
    if word not in ("BID", "ASK"):
        raise RefusedRecord(Cause.UNKNOWN_WORD, f"legs[{number}].side: {word!r}, expected BID or ASK")
    lots = _lots(f"legs[{number}].amount", leg.get("amount"), instruments[index].lot if index >= 0 else Decimal(1))
    if index < 0:
        return None
    side = Side[word]
    if target is not None and target.inverted:
        side = Side.ASK if side == Side.BID else Side.BID
    return Leg(number, venue, symbol, int(side), lots)


def _lots(name: str, text: Any, lot: Decimal) -> int:
    """Whole lots in an exact decimal text, rounded down."""
    if not isinstance(text, str):
        raise RefusedRecord(Cause.MISTYPED, f"{name}: expected decimal text, got {type(text).__name__}")
    if len(text) > _MAX_TEXT:
        raise RefusedRecord(Cause.QUANTITY_RANGE, f"{name}: {len(text)} characters, at most {_MAX_TEXT} are read")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise RefusedRecord(Cause.MISTYPED, f"{name}: {text!r} is no decimal number") from None
    if not amount.is_finite() or amount < 0 or (amount and abs(amount.adjusted()) > _MAX_EXPONENT):
        raise RefusedRecord(Cause.QUANTITY_RANGE, f"{name}: {text} is not between 0 and {MAX_LOTS} lots")
    lots = Fraction(amount) // Fraction(lot)
    if lots > MAX_LOTS:
        raise RefusedRecord(Cause.QUANTITY_RANGE, f"{name}: {text} is more than {MAX_LOTS} lots of {lot}")
    return lots


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None or value == "":
        raise RefusedRecord(Cause.MISSING_FIELD, f"{name}: missing")
    if not isinstance(value, str):
        raise RefusedRecord(Cause.MISTYPED, f"{name}: expected text, got {type(value).__name__}")
    return value


def _whole(
    record: Mapping[str, Any],
    name: str,
    least: int,
    most: int,
    cause: Cause = Cause.QUANTITY_RANGE,
    default: int | None = None,
) -> int:
    value = record.get(name, default)
    if value is None:
        raise RefusedRecord(Cause.MISSING_FIELD, f"{name}: missing")
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusedRecord(Cause.MISTYPED, f"{name}: expected a whole number, got {type(value).__name__}")
    if not least <= value <= most:
        raise RefusedRecord(cause, f"{name}: {value} is not between {least} and {most}")
    return value
