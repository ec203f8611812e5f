"""Raw records of one topic between being read and being settled, by reference to what they came in.

A record is looked at again only where it is dead-lettered; until then nothing is copied. What is kept
alive is the whole batch, as long as one record of it waits.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

import numpy as np

from equipoise.streams.records import RawRecord, RecordBatch

Records = Sequence[RawRecord] | RecordBatch


class Kept:
    """Records in order of offset."""

    def __init__(self) -> None:
        self._runs: deque[Records] = deque()

    def add(self, records: Records) -> None:
        """Keep what follows all that is kept; must not be empty."""
        self._runs.append(records)

    def find(self, offset: int) -> RawRecord | None:
        """The record at an offset, None: it is not kept."""
        at = bisect_left(self._runs, offset, key=_last_offset)
        return _find(self._runs[at], offset) if at < len(self._runs) else None

    def drop_below(self, offset: int) -> None:
        """Let go of what lies wholly below an offset."""
        while self._runs and _last_offset(self._runs[0]) < offset:
            self._runs.popleft()

    def __bool__(self) -> bool:
        return bool(self._runs)


def _last_offset(records: Records) -> int:
    return int(records.offset[-1]) if isinstance(records, RecordBatch) else records[-1].offset


def _find(records: Records, offset: int) -> RawRecord | None:
    if isinstance(records, RecordBatch):
        at = int(np.searchsorted(records.offset, offset))
        return records.record(at) if at < len(records) and records.offset[at] == offset else None
    at = bisect_left(records, offset, key=lambda record: record.offset)
    return records[at] if at < len(records) and records[at].offset == offset else None
