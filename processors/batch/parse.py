"""Where the fields of each record of one batch lie (magic 2, uncompressed). Safe against any bytes.

A record is: length, attributes (one byte, unused), timestamp delta, offset delta, key length, key, value
length, value, count of headers, and for each header key length, key, value length, value. All integers
are variable-length. What is checked is what is needed to read on and to trust offsets: every length is
inside its record, every record inside the batch, offsets ascend, and nothing is left over.

Reference: Kafka protocol guide, "Record Batch" (https://kafka.apache.org/documentation/#recordbatch).
"""

from typing import Any, NamedTuple

import numpy as np

from equipoise.processors.batch.problems import Problem
from equipoise.processors.batch.varint import LONG, varint
from equipoise.processors.jit import inner, njit

# Rows of the array of columns.
OFFSET, TIMESTAMP, KEY_AT, KEY_LENGTH, VALUE_AT, VALUE_LENGTH, HEADERS_AT, HEADERS_COUNT = range(8)
COLUMNS = 8

Array = Any  # a row of dtype BATCH

_INT64_MAX = np.iinfo(np.int64).max
_INT64_MIN = np.iinfo(np.int64).min


class Found(NamedTuple):
    """How far the parser came. All int64."""

    problem: int  # Problem
    batch: int  # batches read; the one with the problem is the next
    record: int  # records of that batch that were read
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
def _times(data: np.ndarray, at: int, end: int, batch: Array, before: int) -> tuple[int, int, int, int, int]:
    """Both deltas of a record. Returns problem, wrong value, timestamp, offset delta, position behind."""
    delta, after = varint(data, at, end)
    if after < 0:
        return (_LONG if after == LONG else _CUT), 0, 0, 0, at
    base = batch.base_ms
    if (delta > 0 and base > _INT64_MAX - delta) or (delta < 0 and base < _INT64_MIN - delta):
        return _TIMESTAMP, delta, 0, 0, at
    at = after
    offset, after = varint(data, at, end)
    if after < 0:
        return (_LONG if after == LONG else _CUT), 0, 0, 0, at
    if offset <= before or offset > batch.last_delta:
        return _OFFSET, offset, 0, 0, at
    return _NONE, 0, (base + delta if batch.append_ms < 0 else batch.append_ms), offset, after


@inner
def _record(
    data: np.ndarray, at: int, end: int, batch: Array, columns: np.ndarray, row: int, before: int
) -> tuple[int, int, int, int]:
    """One record, its length read already. Returns problem, wrong value, offset delta, position of the problem."""
    if at >= end:
        return _CUT, 0, 0, at
    problem, wrong, stamp, delta, at = _times(data, at + 1, end, batch, before)
    if problem != _NONE:
        return problem, wrong, 0, at
    columns[OFFSET, row], columns[TIMESTAMP, row] = batch.base_offset + delta, stamp
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


@inner
def _batch(data: np.ndarray, batch: Array, columns: np.ndarray, row: int) -> tuple[int, int, int, int]:
    """The records of one batch. Returns problem, records read, position and wrong value of the problem."""
    at, end, before = batch.at, batch.end, -1
    for record in range(batch.records):
        length, first = varint(data, at, end)
        if first < 0:
            return (_LONG if first == LONG else _CUT), record, at, 0
        if length < 0 or length > end - first:
            return _RECORD_LENGTH, record, at, length
        at = first + length
        problem, wrong, before, place = _record(data, first, at, batch, columns, row + record, before)
        if problem != _NONE:
            return problem, record, place, wrong
    if at != end:
        return _LEFT_IN_BATCH, batch.records, at, end - at
    return _NONE, batch.records, at, 0


@njit
def parse(data: np.ndarray, batches: np.ndarray, columns: np.ndarray) -> Found:
    """Fill the columns with the records of these batches, one behind the other.

    Args:
        data: uint8; the records of each batch lie at its `at` up to its `end`, which the caller has checked.
        batches: shape (n,) of dtype BATCH; base + last delta fit in 63 bits.
        columns: shape (COLUMNS, ≥ the batches' records), int64.
    """
    row = 0
    for k in range(len(batches)):
        problem, record, at, wrong = _batch(data, batches[k], columns, row)
        if problem != _NONE:
            return Found(problem, k, record, at, wrong)
        row += batches[k].records
    return Found(_NONE, len(batches), 0, 0, 0)
