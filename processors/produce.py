"""Records to librdkafka without a Python object for each: laid out as rows of addresses, handed over by a kernel.

    rows of a step ──write_signals──► bodies ──lay_out──► records, headers ──hand_over──► rd_kafka_produceva
                                                                                     ◄── delivered, once a record

A record made and handed over in Python took 9 microseconds. Addresses stay good while the arrays that they point into
do, so a layout is handed over before the next one is made; librdkafka copies.

The shapes of its structs are those of rdkafka.h, which keeps them: `rd_kafka_vu_t` is an int and a union of 64 bytes,
`rd_kafka_message_t` begins with the error and ends with the opaque pointer.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro.texts import KEY as KEY_TEXT
from equipoise.processors.avro.texts import Texts
from equipoise.processors.avro.wire import Bytes
from equipoise.processors.avro.write import Room, decimal, digits, room_of
from equipoise.processors.jit import inner, njit
from equipoise.processors.native import address_of, called, copied, put_last_word, put_word, word_at

Array = Any  # rows of a structured dtype: neither NumPy nor numba types their fields
Ints = NDArray[np.int64]

# Columns of a record: which topic, which partition (-1: the key decides); address and size of the key, of what goes
# before the value, and of the value (address 0: there is none); its headers' first row and the one behind the last.
TOPIC, PARTITION, KEY, KEY_SIZE, PREFIX, PREFIX_SIZE, VALUE, VALUE_SIZE, FIRST, END = range(10)
RECORD: Final = 10
# Columns of a header: address of the name, which ends in a zero byte; address and size of the value.
NAME, AT, SIZE = range(3)
HEADER: Final = 3
# Words of what a caller knows of its records: how many were sent, which the thread writes that sends; how many are
# acknowledged, how many refused, the first error and its topic's handle, which the thread writes that serves reports.
SENT, DONE, REFUSED, ERROR, WHERE = range(5)
CELLS: Final = 5
OFFSET_DIGITS: Final = 20  # of a decimal offset, at the most

# rd_kafka_vtype_t
_RKT, _PARTITION, _VALUE, _KEY, _OPAQUE, _FLAGS, _HEADER = 2, 3, 4, 5, 6, 7, 9
_COPY: Final = 2  # RD_KAFKA_MSG_F_COPY
_ENTRY: Final = 9  # words of an rd_kafka_vu_t
FIXED: Final = 6  # entries beside headers
_WAIT_MS: Final = 50  # for a report; so late may a producer end
_MESSAGE_TOPIC, _MESSAGE_OPAQUE = 8, 64  # bytes into an rd_kafka_message_t, behind its error


class Layout(NamedTuple):
    """Room for so many records and their headers."""

    records: Ints  # (n, RECORD)
    headers: Ints  # (n * most, HEADER)
    offsets: Room  # the text of each record's offset


def layout(records: int, headers: int) -> Layout:
    """Room for records with so many headers each."""
    laid_out, theirs = np.zeros((records, RECORD), np.int64), np.zeros((records * headers, HEADER), np.int64)
    return Layout(laid_out, theirs, room_of(records * OFFSET_DIGITS))


class Templates(NamedTuple):
    """What all records of one kind that a source's records caused have in common."""

    headers: Ints  # (sources, kinds, most, HEADER)
    counts: Ints  # (sources, kinds): how many of these there are
    prefixes: Ints  # (kinds, 2): address and size
    offset_header: int  # which of them holds the offset


@njit
def lay_out(rows: Array, ends: Ints, bodies: Bytes, texts: Texts, templates: Templates, out: Layout) -> int:
    """Lay out the record of each body: topic `k` for kind `k`, the instrument's key, headers of its source.

    Args:
        rows: with the fields `instrument`, `source` and `offset`.
        ends: shape (rows, kinds), where each body ends; an empty one is no record.
        bodies: one behind the other.
        texts: of the instruments.
        templates: of the headers.
        out: with the room.

    Returns:
        How many records there are.
    """
    count, header, start, at = 0, 0, 0, 0
    for r in range(len(rows)):
        source = rows[r].source
        for kind in range(ends.shape[1]):
            end = ends[r, kind]
            if end == start:
                continue
            row, key = out.records[count], texts.instruments[rows[r].instrument, KEY_TEXT]
            row[TOPIC], row[PARTITION] = kind, -1
            row[KEY], row[KEY_SIZE] = address_of(texts.data) + key, texts.instruments[rows[r].instrument, KEY_TEXT + 1]
            row[PREFIX], row[PREFIX_SIZE] = templates.prefixes[kind, 0], templates.prefixes[kind, 1]
            row[VALUE], row[VALUE_SIZE] = address_of(bodies) + start, end - start
            row[FIRST] = header
            for k in range(templates.counts[source, kind]):
                for column in range(HEADER):
                    out.headers[header, column] = templates.headers[source, kind, k, column]
                if k == templates.offset_header:
                    out.headers[header, AT] = address_of(out.offsets.data) + at
                    out.headers[header, SIZE] = digits(rows[r].offset)
                    at = decimal(out.offsets, at, rows[r].offset)
                header += 1
            row[END] = header
            count += 1
            start = end
    return count


@njit
def hand_over(api: Ints, handles: Ints, records: Ints, headers: Ints, cells: Ints, entries: Ints, joined: Bytes) -> int:
    """Hand records to librdkafka, in order, as far as it takes them.

    Args:
        api: shape (4,), the addresses of `rd_kafka_produceva` and of the producer; where to go on, moved; and where
            fewer are taken than there are, the error, an `rd_kafka_error_t *` that the caller has to destroy.
        handles: `rd_kafka_topic_t *` of each topic.
        records: shape (n, RECORD).
        headers: theirs.
        cells: shape (CELLS,), of the caller; must last until all records are acknowledged.
        entries: scratch (`entries`).
        joined: scratch, as long as the longest prefix with its value.

    Returns:
        How many are left; 0: all were taken.
    """
    _fixed_entries(entries, address_of(cells))
    for n in range(api[2], len(records)):
        row = records[n]
        entries[0, 1] = handles[row[TOPIC]]
        entries[1, 1] = row[PARTITION]
        entries[2, 1], entries[2, 2] = row[KEY], row[KEY_SIZE]
        entries[3, 1], entries[3, 2] = row[VALUE], row[PREFIX_SIZE] + row[VALUE_SIZE]
        if row[PREFIX_SIZE] > 0:
            copied(address_of(joined), row[PREFIX], row[PREFIX_SIZE])
            copied(address_of(joined) + row[PREFIX_SIZE], row[VALUE], row[VALUE_SIZE])
            entries[3, 1] = address_of(joined)
        count = FIXED
        for k in range(row[FIRST], row[END]):
            entries[count, 0] = _HEADER
            for column in range(HEADER):
                entries[count, 1 + column] = headers[k, column]
            count += 1
        cells[SENT] += 1  # before it may be reported
        error = called(api[0], api[1], address_of(entries), count)
        if error != 0:
            cells[SENT] -= 1
            api[2], api[3] = n, error
            return len(records) - n
    return 0


def entries(headers: int) -> Ints:
    """Scratch for `hand_over` of records with so many headers at the most."""
    return np.zeros((FIXED + headers, _ENTRY), np.int64)


@njit
def serve(poll: int, producer: int, ended: Ints) -> None:
    """Serve reports until told to end: for a thread of its own, which never asks for the interpreter."""
    while ended[0] == 0:
        called(poll, producer, _WAIT_MS, 0)


@inner
def _fixed_entries(entries: Ints, cells: int) -> None:
    """What is the same for all records: the kinds of the entries, the opaque pointer and the flags."""
    entries[0, 0], entries[1, 0], entries[2, 0], entries[3, 0] = _RKT, _PARTITION, _KEY, _VALUE
    entries[4, 0], entries[4, 1] = _OPAQUE, cells
    entries[5, 0], entries[5, 1] = _FLAGS, _COPY


def delivered(_: int, message: int, __: int) -> None:
    """librdkafka's report of one message, called by whoever polls the producer: count it in its caller's cells."""
    cells = word_at(message + _MESSAGE_OPAQUE)
    if cells == 0:
        return
    error, count = word_at(message) & 0xFFFFFFFF, cells + 8 * DONE  # an int; what lies behind it is padding
    if error != 0:
        count = cells + 8 * REFUSED
        if word_at(cells + 8 * ERROR) == 0:
            put_word(cells + 8 * WHERE, word_at(message + _MESSAGE_TOPIC))
            put_word(cells + 8 * ERROR, error - ((error & 0x80000000) << 1))
    put_last_word(count, word_at(count) + 1)  # from then on nobody keeps the cells for us
