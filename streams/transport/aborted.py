"""Which batches of a fetch a reader of committed data leaves out.

With each fetch a broker says which transactions in it were aborted: producer and first offset. From there
on that producer's transactional batches are left out, up to its abort marker (a control batch).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.batch.headers import CONTROL, TRANSACTIONAL
from equipoise.processors.batch.parse import KEY_AT, KEY_LENGTH
from equipoise.processors.batch.records import Batches, Bytes, read_records

_ABORT: Final = b"\x00\x00\x00\x00"  # version 0, type 0; type 1 is a commit


class Aborted:
    """The aborted transactions of one fetch, as its batches are gone through in order."""

    def __init__(self, listed: Sequence[tuple[int, int]] | None) -> None:
        """`listed`: producer id and first offset of each, in any order; None where all data is read."""
        self._ahead = sorted(listed or (), key=lambda entry: entry[1], reverse=True)
        self._producers: set[int] = set()

    def kept(self, data: Bytes, batches: Batches) -> NDArray[np.intp]:
        """Indices of the batches that hold records to be delivered.

        Args:
            data: the bytes in which control records lie.
            batches: those that follow the ones of the call before.

        Raises:
            DamagedError: a control record cannot be read.
        """
        control = batches["attributes"] & CONTROL != 0
        keep = ~control & (batches["records"] > 0)
        if self._ahead or self._producers:
            for k in np.flatnonzero(batches["attributes"] & TRANSACTIONAL).tolist():
                producer = int(batches["producer"][k])
                self._begin(int(batches["base_offset"][k]))
                if control[k] and _is_abort(data, batches[k : k + 1]):
                    self._producers.discard(producer)
                keep[k] &= producer not in self._producers
        return np.flatnonzero(keep)

    def _begin(self, offset: int) -> None:
        while self._ahead and self._ahead[-1][1] <= offset:
            self._producers.add(self._ahead.pop()[0])


def _is_abort(data: Bytes, batch: Batches) -> bool:
    columns = read_records(data, batch)
    at, length = columns[KEY_AT, :1], columns[KEY_LENGTH, :1]
    return bool(len(at)) and data[at[0] : at[0] + length[0]].tobytes() == _ABORT
