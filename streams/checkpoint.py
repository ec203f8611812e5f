"""Sealing the past of one partition (SEMANTICS: Checkpoint, default mode).

1. every output up to here is acknowledged;
2. the rows that changed are written and acknowledged;
3. the partition's row is written and acknowledged: the checkpoint is closed;
4. the source offsets are committed.

A crash between any two of them repeats input, never loses it: recovery starts from the last closed
checkpoint, whatever was committed. Not guaranteed: that a repeated signal is not published twice; it
has the same id, revision and bytes.
"""

import zlib
from collections.abc import Mapping

from equipoise.streams.delivery import Delivery, Pending
from equipoise.streams.outgoing import OutRecord
from equipoise.streams.state_rows import Recovered, removal, split_row
from equipoise.streams.task import PARTITION_ROW


class StateWriter:
    """Writes the checkpoints of one partition under one generation."""

    def __init__(self, topic: str, partition: int, generation: int, recovered: Recovered, owner: str = "") -> None:
        """Writer that follows `recovered`; `generation` must exceed every one seen there."""
        self._prefix = f"{owner}~" if owner else ""
        self._topic = topic
        self._partition = partition
        self._generation = generation
        self._checkpoint = recovered.checkpoint
        self._obsolete = recovered.obsolete
        self._digests: dict[str, tuple[int, int]] = {}  # instrument: digest of the last row written, its slot

    async def write(self, rows: Mapping[str, bytes], delivery: Delivery, timeout_s: float) -> None:
        """Steps 2 and 3. Raises DeliveryError where the brokers do not acknowledge in time."""
        self._checkpoint += 1
        dirty = [(name, body) for name, body in rows.items() if name != PARTITION_ROW and self._changed(name, body)]
        gone = [name for name in self._digests if name not in rows]
        changes = [record for name, body in dirty for record in self._row(name, body)]
        await self._send(changes + [self._removal(name) for name in gone], delivery, timeout_s)
        await self._send(self._row(PARTITION_ROW, rows[PARTITION_ROW]), delivery, timeout_s)
        await self._send(self._tombstones(gone), delivery, timeout_s)

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

    async def _send(self, records: list[OutRecord], delivery: Delivery, timeout_s: float) -> None:
        if records:
            pending = Pending()
            delivery.send(records, pending)
            await pending.drained(timeout_s)


def _digest(body: bytes) -> int:
    return zlib.crc32(body) << 32 | len(body)
