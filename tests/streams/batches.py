"""Record batches as the transport would give them, made from single records."""

from collections.abc import Sequence
from dataclasses import replace

from equipoise.streams.records import RawRecord, RecordBatch, batch_of


def batch(records: Sequence[RawRecord], next_offset: int | None = None) -> RecordBatch:
    """The records, all of one topic and partition, as they would lie in a fetch response."""
    made = batch_of(records)
    return made if next_offset is None else replace(made, next_offset=next_offset)
