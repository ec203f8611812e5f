"""The door to the parser: columns of one batch, or the first thing that is wrong with it."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.batch.parse import COLUMNS, SMALLEST_RECORD, Problem, Span, parse

Columns = NDArray[np.int64]  # shape (COLUMNS, records)

_INT63: Final = (1 << 63) - 1
_WORDS: Final = {
    Problem.CUT: "the bytes end inside an integer",
    Problem.LONG: "an integer of more than 64 bits",
    Problem.RECORD_LENGTH: "record length {}: it must be 0 or more, and end inside the batch",
    Problem.TIMESTAMP: "timestamp delta {}: the timestamp does not fit in 64 bits",
    Problem.OFFSET: "offset delta {}: it must be above the one before, and at most the batch's last",
    Problem.KEY_LENGTH: "key length {}: it must be -1 or more, and the key end inside the record",
    Problem.VALUE_LENGTH: "value length {}: it must be -1 or more, and the value end inside the record",
    Problem.HEADERS_COUNT: "{} headers: there must be 0 or more, and room for them in the record",
    Problem.HEADER_KEY_LENGTH: "header key length {}: it must be 0 or more, and end inside the record",
    Problem.HEADER_VALUE_LENGTH: "header value length {}: it must be -1 or more, and end inside the record",
    Problem.LEFT_IN_RECORD: "{} bytes of the record are left over or missing after its last header",
    Problem.LEFT_IN_BATCH: "{} bytes of the batch are left over after its last record",
}


class FramingError(ValueError):
    """Bytes that are not what a batch of records must be. The message names the field, its value and the bound."""


def room(records: int) -> Columns:
    """Columns for so many records, not yet filled."""
    return np.empty((COLUMNS, records), np.int64)


def check_span(data: NDArray[np.uint8], span: Span) -> None:
    """What must hold before room is made for the records of `span`.

    Raises:
        FramingError: the span is outside `data`, its count is more than its bytes can hold, or its offsets do not fit.
    """
    if not 0 <= span.at <= span.end <= len(data):
        raise FramingError(f"records at bytes {span.at} to {span.end}: there are {len(data)}")
    most = (span.end - span.at) // SMALLEST_RECORD
    if not 0 <= span.records <= most:
        raise FramingError(f"{span.records} records in {span.end - span.at} bytes: at least 0, at most {most} fit")
    if span.base_offset < 0 or span.last_delta < 0 or span.base_offset > _INT63 - span.last_delta:
        raise FramingError(f"base offset {span.base_offset}, last delta {span.last_delta}: both at least 0, in 63 bits")


def read(data: NDArray[np.uint8], span: Span, columns: Columns, row: int = 0) -> None:
    """Fill `columns` with the records of `span`, from `row` on.

    Args:
        data: uncompressed bytes; read-only or not, contiguous.
        span: where the records lie, and what their deltas are relative to.
        columns: of `room`, for at least `row + span.records` records.
        row: the first to be filled.

    Raises:
        FramingError: the first thing that is wrong.
        IndexError: there is no room in `columns`.
    """
    check_span(data, span)
    if row < 0 or row + span.records > columns.shape[1]:
        raise IndexError(f"rows {row} to {row + span.records}: there is room for {columns.shape[1]}")
    if data.flags.writeable:
        data = data.view()
        data.flags.writeable = False  # one type for the compiler, not two
    found = parse(data, span, columns, row)
    if found.problem != Problem.NONE:
        words = _WORDS[Problem(found.problem)].format(found.value)
        raise FramingError(f"record {found.record} of {span.records}, byte {found.at}: {words}")
