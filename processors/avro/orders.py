"""A batch of OrderEvents or SwapIntents to columns: the frame, the table of its schema, the checks, the row.

The checks are those of `equipoise.streams.sources.canonical.append`, which gives the reason where one fails here.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro import ops
from equipoise.processors.avro.frame import GUID_SIZE, ID_SIZE, NONE, UNKNOWN, Ints, find_header, find_table
from equipoise.processors.avro.interpreter import run
from equipoise.processors.avro.keys import Keys, find
from equipoise.processors.avro.numbers import in_units
from equipoise.processors.avro.objects import read_object
from equipoise.processors.avro.wire import Bytes, Words
from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner, njit
from equipoise.schemas.enums import Action, Flag

QUANTITY_END = 2**62
PRICE_END = 2**53
TIME_FIRST_NS = 631_152_000 * 10**9
TIME_END_NS = 4_102_444_800 * 10**9
FLAG_BITS = int(~Flag(0) & ~(Flag.LAST | Flag.MERGE_LATE))

_SIDE, _PRICE, _QUANTITY, _ORDER = 1, 2, 4, 8
NEEDS: Final = {
    Action.ADD: _SIDE | _PRICE | _QUANTITY | _ORDER,
    Action.MODIFY: _SIDE | _QUANTITY | _ORDER,
    Action.EXECUTE: _SIDE | _QUANTITY | _ORDER,
    Action.CANCEL: _SIDE | _ORDER,
    Action.LEVEL: _SIDE | _PRICE | _QUANTITY,
    Action.TRADE: _PRICE | _QUANTITY,
    Action.INTENT: _SIDE,
    Action.RETRACT: _SIDE,
}
_NEEDS = sum(bits << 4 * action for action, bits in NEEDS.items())
OBJECT = -3  # what a record is that is JSON, beside NONE and UNKNOWN
_BRACE = ord("{")
_MODIFY, _STATUS = int(Action.MODIFY), int(Action.STATUS)
_SOME = 1 << Action.ADD | 1 << Action.TRADE  # an order or a trade of nothing is none
_DELTA, _LAST, _UPSERT = int(Flag.DELTA), int(Flag.LAST), int(Flag.UPSERT)


class Values(NamedTuple):
    """What is read: the batch's bytes, and where its records are (`equipoise.streams.records.RecordBatch`)."""

    data: Bytes
    words: Words
    offset: Ints
    at: Ints
    length: Ints
    headers_at: Ints
    headers_count: Ints
    stamp_ns: Ints  # Kafka's, NULL where it could be none


class Tables(NamedTuple):
    """What it is read by."""

    code: Ints  # instructions of all schemas
    ids: Ints  # (k, 4) as `frame.find_table` has it
    objects: int  # where the table of JSON records begins (`objects`); -1: not readable here
    units: Ints  # (instruments, 4) tick and lot, as digits and power of ten; not needed by tables that count in them


class Out(NamedTuple):
    """What is written, each with room for every record: rows in record order, and the records declined."""

    instrument: NDArray[np.int32]
    action: NDArray[np.uint8]
    side: NDArray[np.uint8]
    flags: NDArray[np.uint32]
    wide: Ints  # (8, n): the columns from price to arrival_ns, then the offset
    record: Ints
    declined: Ints


class Scratch(NamedTuple):
    """Where the kernel stands, and what it needs for one record."""

    cursor: Ints  # (4,): next record, rows, records declined, row of the last schema id
    slots: Ints
    left: Ints


def scratch() -> Scratch:
    """At the start of a batch."""
    return Scratch(np.zeros(4, np.int64), np.zeros(ops.SLOTS, np.int64), np.zeros(ops.DEPTH_MAX + 1, np.int64))


@inner
def _allowed(slots: Ints) -> bool:
    """Whether the slots hold an event. Of a STATUS the quantity becomes the trading status."""
    action, quantity = slots[ops.ACTION], slots[ops.QUANTITY]
    if action == _MODIFY:
        slots[ops.FLAGS] |= slots[ops.MODIFY_FLAGS]
        if quantity == 0 and slots[ops.MODIFY_FLAGS] == _UPSERT:
            return False
    flags = slots[ops.FLAGS]
    has = (
        (_SIDE if slots[ops.SIDE] != 0 else 0)
        | (_PRICE if slots[ops.PRICE] != NULL else 0)
        | (_QUANTITY if quantity != NULL else 0)
        | (_ORDER if slots[ops.ORDER_ID] != 0 else 0)
    )
    if (_NEEDS >> (4 * action)) & 15 & ~has != 0 or flags & ~FLAG_BITS != 0:
        return False
    price = slots[ops.PRICE]
    if price != NULL and (price <= -PRICE_END or price >= PRICE_END):
        return False
    event_ns, arrival_ns = slots[ops.EVENT_TIME_NS], slots[ops.ARRIVAL_TIME_NS]
    if event_ns < TIME_FIRST_NS or event_ns >= TIME_END_NS:
        return False
    if arrival_ns != NULL and (arrival_ns < TIME_FIRST_NS or arrival_ns >= TIME_END_NS):
        return False
    if action == _STATUS:
        slots[ops.QUANTITY] = slots[ops.TRADING_STATUS]
    elif quantity != NULL:
        least = 1 - QUANTITY_END if action == _MODIFY and flags & _DELTA != 0 else (_SOME >> action) & 1
        return least <= quantity < QUANTITY_END
    return True


@inner
def _body(values: Values, tables: Tables, scratch: Scratch, i: int, max_bytes: int) -> tuple[int, int]:
    """The table of record `i` and where its body begins; NONE: declined, UNKNOWN: its id is not in the tables."""
    data, words = values.data, values.words
    at, size = values.at[i], values.length[i]
    if size <= 0 or size > max_bytes:
        return NONE, 0
    frame, frame_size = -1, 0
    if values.headers_count[i] > 0:
        frame, frame_size = find_header(data, words, values.headers_at[i], values.headers_count[i])
    in_header = frame >= 0
    if not in_header and tables.objects >= 0 and data[at] == _BRACE:
        return OBJECT, at
    if not in_header:
        frame, frame_size = at, size
    row = find_table(tables.ids, scratch.cursor[3], data, words, frame, frame_size)
    if row < 0:
        return row, 0
    scratch.cursor[3] = row
    used = ID_SIZE if data[frame] == 0 else GUID_SIZE
    if in_header:
        return (tables.ids[row, 3] if frame_size == used else NONE), at
    return tables.ids[row, 3], at + used


@inner
def _instrument(values: Values, tables: Tables, keys: Keys, slots: Ints, i: int) -> int:
    """The listed instrument, -1: none. What depends on it, or on the record's place, gets its value."""
    found = find(
        keys,
        values.data,
        values.words,
        slots[ops.VENUE],
        slots[ops.VENUE_LENGTH],
        slots[ops.SYMBOL],
        slots[ops.SYMBOL_LENGTH],
    )
    if found < 0:
        return -1
    if slots[ops.STAMPED] != 0:
        slots[ops.ARRIVAL_TIME_NS] = values.stamp_ns[i]
    for slot, power, unit in ((ops.PRICE, ops.PRICE_POWER, 0), (ops.QUANTITY, ops.QUANTITY_POWER, 2)):
        if slots[power] != 0 and slots[slot] != NULL:
            mantissa, exponent = tables.units[found, unit], tables.units[found, unit + 1]
            if not in_units(slots, slot, power, mantissa, exponent):
                return -1
    return found


@inner
def _write(out: Out, row: int, instrument: int, slots: Ints, offset: int, record: int) -> None:
    out.instrument[row] = instrument
    out.action[row] = slots[ops.ACTION]
    out.side[row] = slots[ops.SIDE]
    out.flags[row] = slots[ops.FLAGS] | (_LAST if slots[ops.LAST_IN_EVENT] != 0 else 0)
    out.wide[0, row] = slots[ops.PRICE]
    out.wide[1, row] = slots[ops.QUANTITY]
    out.wide[2, row] = slots[ops.ORDER_ID]
    out.wide[3, row] = slots[ops.SEQUENCE]
    out.wide[4, row] = slots[ops.PREVIOUS_SEQUENCE]
    out.wide[5, row] = slots[ops.EVENT_TIME_NS]
    out.wide[6, row] = slots[ops.ARRIVAL_TIME_NS]
    out.wide[7, row] = offset
    out.record[row] = record


@njit
def decode(values: Values, tables: Tables, keys: Keys, out: Out, scratch: Scratch, max_bytes: int) -> bool:
    """Go on from where the cursor stands. False: it stands at a record whose schema id is not in the tables."""
    cursor, slots = scratch.cursor, scratch.slots
    i, row, declined = cursor[0], cursor[1], cursor[2]
    done = True
    while i < len(values.at):
        pc, at = _body(values, tables, scratch, i, max_bytes)
        if pc == UNKNOWN:
            done = False
            break
        instrument = -1
        end = values.at[i] + values.length[i]
        if pc == OBJECT:
            at = read_object(tables.code, tables.objects, values.data, values.words, at, end, slots)
        elif pc >= 0:
            at = run(tables.code, pc, values.data, values.words, at, end, slots, scratch.left)
        if pc != NONE and at == end:
            instrument = _instrument(values, tables, keys, slots, i)
        if instrument >= 0 and _allowed(slots):
            _write(out, row, instrument, slots, values.offset[i], i)
            row += 1
        else:
            out.declined[declined] = i
            declined += 1
        i += 1
    cursor[0], cursor[1], cursor[2] = i, row, declined
    return done
