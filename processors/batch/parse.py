"""Where the fields of each record of one batch lie (magic 2, uncompressed). Safe against any bytes.

A record is: length, attributes (one byte, unused), timestamp delta, offset delta, key length, key, value
length, value, count of headers, and for each header key length, key, value length, value. All integers
are variable-length. What is checked is what is needed to read on and to trust offsets: every length is
inside its record, every record inside the batch, offsets ascend, and nothing is left over.

Reference: Kafka protocol guide, "Record Batch" (https://kafka.apache.org/documentation/#recordbatch).
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from equipoise.processors.batch.varint import LONG, varint
from equipoise.processors.jit import inner, njit

# Rows of the array of columns.
OFFSET, TIMESTAMP, KEY_AT, KEY_LENGTH, VALUE_AT, VALUE_LENGTH, HEADERS_AT, HEADERS_COUNT = range(8)
COLUMNS = 8
SMALLEST_RECORD = 7  # bytes: each field takes at least one

_INT64_MAX = np.iinfo(np.int64).max
_INT64_MIN = np.iinfo(np.int64).min


class Problem(IntEnum):
    """The first thing that is wrong with a batch."""

    NONE = 0
    CUT = 1
    LONG = 2
    RECORD_LENGTH = 3
    TIMESTAMP = 4
    OFFSET = 5
    KEY_LENGTH = 6
    VALUE_LENGTH = 7
    HEADERS_COUNT = 8
    HEADER_KEY_LENGTH = 9
    HEADER_VALUE_LENGTH = 10
    LEFT_IN_RECORD = 11
    LEFT_IN_BATCH = 12


class Span(NamedTuple):
    """The records of one batch, and what their deltas are relative to. All int64."""

    at: int  # first byte
    end: int  # behind the last byte
    records: int
    base_offset: int
    last_delta: int  # no offset lies further from the base
    base_ms: int
    append_ms: int  # the batch's log-append time; -1: records have their own times


class Found(NamedTuple):
    """How far the parser came. All int64."""

    problem: int  # Problem
    record: int  # records read; the one with the problem is the next
    at: int  # where the problem is
    value: int  # the value that is wrong


_NONE, _CUT, _LONG = int(Problem.NONE), int(Problem.CUT), int(Problem.LONG)
_RECORD_LENGTH, _TIMESTAMP, _OFFSET = int(Problem.RECORD_LENGTH), int(Problem.TIMESTAMP), int(Problem.OFFSET)
_KEY_LENGTH, _VALUE_LENGTH = int(Problem.KEY_LENGTH), int(Problem.VALUE_LENGTH)
_HEADERS_COUNT, _HEADER_KEY = int(Problem.HEADERS_COUNT), int(Problem.HEADER_KEY_LENGTH)
_HEADER_VALUE = int(Problem.HEADER_VALUE_LENGTH)
_LEFT_IN_RECORD, _LEFT_IN_BATCH = int(Problem.LEFT_IN_RECORD), int(Problem.LEFT_IN_BATCH)


@inner
def _bytes(data: np.ndarray, at: int, end: int, least: int, problem: int) -> tuple[int, int, int, int]:
    """A length of at least `least`, and that many bytes. Returns problem, length, first byte, position behind."""
    length, first = varint(data, at, end)
    if first < 0:
        return (_LONG if first == LONG else _CUT), 0, at, at
    if length < least or length > end - first:
        return problem, length, at, at
    return _NONE, length, first, first + max(length, 0)


@inner
def _headers(data: np.ndarray, at: int, end: int, count: int) -> tuple[int, int, int]:
    """Skip so many headers. Returns problem, the value that is wrong, position behind."""
    for _ in range(count):
        problem, length, _, at = _bytes(data, at, end, 0, _HEADER_KEY)
        if problem != _NONE:
            return problem, length, at
        problem, length, _, at = _bytes(data, at, end, -1, _HEADER_VALUE)
        if problem != _NONE:
            return problem, length, at
    return _NONE, 0, at


@inner
def _times(data: np.ndarray, at: int, end: int, span: Span, before: int) -> tuple[int, int, int, int, int]:
    """Both deltas of a record. Returns problem, wrong value, timestamp, offset delta, position behind."""
    delta, after = varint(data, at, end)
    if after < 0:
        return (_LONG if after == LONG else _CUT), 0, 0, 0, at
    base = span.base_ms
    if (delta > 0 and base > _INT64_MAX - delta) or (delta < 0 and base < _INT64_MIN - delta):
        return _TIMESTAMP, delta, 0, 0, at
    at = after
    offset, after = varint(data, at, end)
    if after < 0:
        return (_LONG if after == LONG else _CUT), 0, 0, 0, at
    if offset <= before or offset > span.last_delta:
        return _OFFSET, offset, 0, 0, at
    return _NONE, 0, (base + delta if span.append_ms < 0 else span.append_ms), offset, after


@inner
def _record(
    data: np.ndarray, at: int, end: int, span: Span, columns: np.ndarray, row: int, before: int
) -> tuple[int, int, int, int]:
    """One record, its length read already. Returns problem, wrong value, offset delta, position of the problem."""
    if at >= end:
        return _CUT, 0, 0, at
    problem, wrong, stamp, delta, at = _times(data, at + 1, end, span, before)
    if problem != _NONE:
        return problem, wrong, 0, at
    columns[OFFSET, row], columns[TIMESTAMP, row] = span.base_offset + delta, stamp
    problem, length, first, at = _bytes(data, at, end, -1, _KEY_LENGTH)
    if problem != _NONE:
        return problem, length, 0, at
    columns[KEY_AT, row], columns[KEY_LENGTH, row] = first, length
    problem, length, first, at = _bytes(data, at, end, -1, _VALUE_LENGTH)
    if problem != _NONE:
        return problem, length, 0, at
    columns[VALUE_AT, row], columns[VALUE_LENGTH, row] = first, length
    count, first = varint(data, at, end)
    if first < 0:
        return (_LONG if first == LONG else _CUT), 0, 0, at
    if count < 0 or count > end - first:
        return _HEADERS_COUNT, count, 0, at
    columns[HEADERS_AT, row], columns[HEADERS_COUNT, row] = first, count
    problem, wrong, at = _headers(data, first, end, count)
    if problem == _NONE and at != end:
        problem, wrong = _LEFT_IN_RECORD, end - at
    return problem, wrong, delta, at


@njit
def parse(data: np.ndarray, span: Span, columns: np.ndarray, row: int) -> Found:
    """Fill the columns of one batch, from `row` on.

    Args:
        data: uint8; the records lie at `span.at` up to `span.end`, which the caller has checked.
        span: what the batch's header says; base + last delta fits in 63 bits.
        columns: shape (COLUMNS, ≥ row + span.records), int64.
        row: first column of the array to be filled.
    """
    at, before = span.at, -1
    for record in range(span.records):
        length, first = varint(data, at, span.end)
        if first < 0:
            return Found(_LONG if first == LONG else _CUT, record, at, 0)
        if length < 0 or length > span.end - first:
            return Found(_RECORD_LENGTH, record, at, length)
        at = first + length
        problem, wrong, before, place = _record(data, first, at, span, columns, row + record, before)
        if problem != _NONE:
            return Found(problem, record, place, wrong)
    if at != span.end:
        return Found(_LEFT_IN_BATCH, span.records, at, span.end - at)
    return Found(_NONE, span.records, at, 0)
