"""The state rows of one checkpoint, in the stages in which they must be written (streams/delivery.py: seal)."""

from collections.abc import Iterator

from equipoise.streams.blocks import OutRecord
from equipoise.streams.delivery import Stage
from equipoise.streams.state_rows import Recovered, split_row
from equipoise.streams.task import PARTITION_ROW, Changes


class StateWriter:
    """Makes the checkpoints of one partition under one generation."""

    def __init__(self, topic: str, partition: int, generation: int, recovered: Recovered, owner: str = "") -> None:
        """Writer that follows `recovered`; `generation` must exceed every one seen there."""
        self._prefix = f"{owner}~" if owner else ""
        self._topic = topic
        self._partition = partition
        self._generation = generation
        self._checkpoint = recovered.checkpoint
        self._obsolete = recovered.obsolete
        self._slots: dict[str, int] = {}  # instrument: slot of the last row written

    def stages(self, changes: Changes) -> list[Stage]:
        """The rows that changed; the partition's, which closes the checkpoint; what may be deleted from then on.

        Rows are made as they are sent, so that sending a few at a time stops nobody for long.
        """
        self._checkpoint += 1
        obsolete, self._obsolete = self._obsolete, []
        return [
            Stage("rows", (record for name, body in changes.rows for record in self._row(name, body))),
            Stage("closed", self._row(PARTITION_ROW, changes.partition)),
            Stage("tombstones", (self._record(key, None) for key in obsolete)),
        ]

    def _row(self, name: str, body: bytes) -> Iterator[OutRecord]:
        slot = self._slots[name] = 1 - self._slots.get(name, 1)
        for key, value in split_row(self._prefix + name, self._generation, slot, self._checkpoint, body):
            yield self._record(key, value)

    def _record(self, key: bytes, value: bytes | None) -> OutRecord:
        return OutRecord(self._topic, key, value, [], self._partition)
