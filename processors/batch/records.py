"""The door to the kernels of this package: batches of a fetch response, columns of their records."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.batch.headers import BATCH, SMALLEST_RECORD, scan
from equipoise.processors.batch.parse import COLUMNS, parse
from equipoise.processors.batch.problems import FramingError, Problem, words

Bytes = NDArray[np.uint8]
Batches = NDArray[
    Any
]  # of dtype BATCH, shape (n,); a recarray for kernels only: in Python its attributes cost 4 us each
Columns = NDArray[np.int64]  # shape (COLUMNS, records)

_INT63: Final = (1 << 63) - 1


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
    found = scan(_read_only(data), at, least_offset, room.view(np.recarray))
    problem = words(found.problem, found.value) if found.problem != Problem.NONE else ""
    return Batched(room[: found.batches], found.at, problem)


class DamagedError(FramingError):
    """Records that are not what they must be. `batch`: the index of the first bad batch; those before it are read."""

    def __init__(self, batch: int, message: str) -> None:
        super().__init__(message)
        self.batch = batch


def check_batches(data: Bytes, batches: Batches) -> None:
    """What must hold before room is made for the records: for a batch that was compressed, nobody has looked yet.

    Raises:
        DamagedError: records outside `data`, more of them than the bytes can hold, or offsets beyond 63 bits.
    """
    at, end, records = batches["at"], batches["end"], batches["records"]
    last, base, size = batches["last_delta"], batches["base_offset"], end - at
    outside = (at < 0) | (size < 0) | (end > len(data))
    many = (records < 0) | (records > size // SMALLEST_RECORD)
    offsets = (base < 0) | (last < 0) | (base > _INT63 - last)
    if not (outside | many | offsets).any():
        return
    k = int(np.flatnonzero(outside | many | offsets)[0])
    if outside[k]:
        raise DamagedError(k, f"records at bytes {at[k]} to {end[k]}: there are {len(data)}")
    if many[k]:
        raise DamagedError(k, words(Problem.COUNT, records[k]) + f", of which there are {size[k]}")
    raise DamagedError(k, f"base offset {base[k]}, last delta {last[k]}: both at least 0, their sum below 2^63")


def read_records(data: Bytes, batches: Batches) -> Columns:
    """The columns of all records of these batches, one behind the other.

    Args:
        data: uncompressed bytes; read-only or not, contiguous.
        batches: where the records of each lie, and what their deltas are relative to.

    Raises:
        DamagedError: the first thing that is wrong.
    """
    check_batches(data, batches)
    columns = np.empty((COLUMNS, int(batches["records"].sum())), np.int64)
    found = parse(_read_only(data), batches.view(np.recarray), columns)
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
