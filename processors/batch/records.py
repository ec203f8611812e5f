"""The door to the kernels of this package: batches of a fetch response, columns of their records."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.batch.headers import BATCH, SMALLEST_RECORD, measure, scan
from equipoise.processors.batch.parse import COLUMNS, parse
from equipoise.processors.batch.problems import FramingError, Problem, words
from equipoise.processors.jit import given

Bytes = NDArray[np.uint8]
Batches = NDArray[Any]  # of dtype BATCH, shape (n,)
Columns = NDArray[np.int64]  # shape (COLUMNS, records)


class Batched(NamedTuple):
    """The whole batches at the beginning of some bytes."""

    batches: Batches
    at: int  # behind the last of them
    problem: str  # what is wrong with the batch at `at`; empty: nothing, or it is cut


def batches_room(batches: int) -> Batches:
    """Rows for so many batches, not yet filled."""
    return np.empty(batches, BATCH)


def read_batches(data: Bytes, at: int, least_offset: int, room: Batches) -> Batched:
    """The headers of the batches from `at` on, checksums compared, as many as there is room for.

    Args:
        data: what a broker sent of one partition; its last batch may be cut.
        at: where to begin.
        least_offset: the offset that was asked for, or that comes next.
        room: of `batches_room`; the result is a view of it.
    """
    found = scan(_read_only(data), at, least_offset, given(room))
    problem = words(found.problem, found.value) if found.problem != Problem.NONE else ""
    return Batched(room[: found.batches], found.at, problem)


class DamagedError(FramingError):
    """Records that are not what they must be. `batch`: the index of the first bad batch; those before it are read."""

    def __init__(self, batch: int, message: str) -> None:
        super().__init__(message)
        self.batch = batch


def count_records(data: Bytes, batches: Batches) -> int:
    """How many records to make room for, once they can be there: nobody has looked at a batch that was compressed.

    Raises:
        DamagedError: records outside `data`, more of them than the bytes can hold, or offsets beyond 63 bits.
    """
    bad, records = measure(given(batches), len(data))
    if bad < 0:
        return int(records)
    row = batches[bad]
    at, end, count, base, last = (int(row[name]) for name in ("at", "end", "records", "base_offset", "last_delta"))
    if not 0 <= at <= end <= len(data):
        raise DamagedError(bad, f"records at bytes {at} to {end}: there are {len(data)}")
    if not 0 <= count <= (end - at) // SMALLEST_RECORD:
        raise DamagedError(bad, words(Problem.COUNT, count) + f", of which there are {end - at}")
    raise DamagedError(bad, f"base offset {base}, last delta {last}: both at least 0, their sum below 2^63")


def read_records(data: Bytes, batches: Batches) -> Columns:
    """The columns of all records of these batches, one behind the other.

    Args:
        data: uncompressed bytes; read-only or not, contiguous.
        batches: where the records of each lie, and what their deltas are relative to.

    Raises:
        DamagedError: the first thing that is wrong.
    """
    columns = np.empty((COLUMNS, count_records(data, batches)), np.int64)
    found = parse(_read_only(data), given(batches), columns)
    if found.problem != Problem.NONE:
        place = f"record {found.record} of {batches['records'][found.batch]}, byte {found.at}"
        raise DamagedError(found.batch, f"{place}: {words(found.problem, found.value)}")
    return columns


def _read_only(data: Bytes) -> Bytes:
    """One type for the compiler, not two: what comes from a socket cannot be written."""
    if not data.flags.writeable:
        return data
    view = data.view()
    view.flags.writeable = False
    return view
