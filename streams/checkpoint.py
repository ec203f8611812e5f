"""The state rows of one checkpoint, in the stages in which they must be written (streams/delivery.py: seal)."""

import zlib
from collections.abc import Mapping

from equipoise.streams.delivery import Stage
from equipoise.streams.outgoing import OutRecord
from equipoise.streams.state_rows import Recovered, removal, split_row
from equipoise.streams.task import PARTITION_ROW


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
        self._digests: dict[str, tuple[int, int]] = {}  # instrument: digest of the last row written, its slot

    def stages(self, rows: Mapping[str, bytes]) -> list[Stage]:
        """The rows that changed; the partition's, which closes the checkpoint; what may be deleted from then on."""
        self._checkpoint += 1
        dirty = [(name, body) for name, body in rows.items() if name != PARTITION_ROW and self._changed(name, body)]
        gone = [name for name in self._digests if name not in rows]
        changes = [record for name, body in dirty for record in self._row(name, body)]
        return [
            Stage("rows", changes + [self._removal(name) for name in gone]),
            Stage("closed", self._row(PARTITION_ROW, rows[PARTITION_ROW])),
            Stage("tombstones", self._tombstones(gone)),
        ]

    def _changed(self, name: str, body: bytes) -> bool:
        digest, _ = self._digests.get(name, (None, 0))
        return digest != _digest(body)

    def _row(self, name: str, body: bytes) -> list[OutRecord]:
        _, slot = self._digests.get(name, (0, 1))
        slot = 1 - slot
        self._digests[name] = (_digest(body), slot)
        parts = list(split_row(self._prefix + name, self._generation, slot, self._checkpoint, body))
        return [self._record(key, value) for key, value in parts]

    def _removal(self, name: str) -> OutRecord:
        slot = 1 - self._digests[name][1]
        return self._record(*removal(self._prefix + name, self._generation, slot, self._checkpoint))

    def _tombstones(self, gone: list[str]) -> list[OutRecord]:
        """Delete the rows of earlier generations, and of instruments that are no more."""
        keys, self._obsolete = self._obsolete, []
        for name in gone:
            _, slot = self._digests.pop(name)
            # what was last written goes first: were the removal to go before it, a crash would bring it back
            keys += [f"{self._prefix}{name}|{self._generation}|{s}|0".encode() for s in (slot, 1 - slot)]
        return [self._record(key, None) for key in keys]

    def _record(self, key: bytes, value: bytes | None) -> OutRecord:
        return OutRecord(self._topic, key, value, [], self._partition)


def _digest(body: bytes) -> int:
    return zlib.crc32(body) << 32 | len(body)
