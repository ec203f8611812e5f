"""The worker's own accounting, read where it keeps it: in the checkpoints of the state topic."""

from dataclasses import dataclass, field
from typing import Any, Final

from equipoise.streams.state_rows import MEMPOOL, RowKey, StateDamagedError, read_part
from equipoise.streams.task import PARTITION_ROW, split_partition_row

PARTITION_ROWS: Final = (PARTITION_ROW, f"{MEMPOOL}~{PARTITION_ROW}")  # of orders, and of the mempool
Place = tuple[str, int]


@dataclass
class Accounts:
    """By partition, the newest checkpoint's counts for each topic."""

    partitions: dict[Place, tuple[tuple[int, int], dict[str, dict[str, Any]]]] = field(default_factory=dict)

    def take(self, partition: int, key: bytes, value: bytes | None) -> None:
        """A record of the state topic; what is no partition row is passed over."""
        if value is None:
            return
        try:
            row = RowKey.decode(key)
            if row.instrument not in PARTITION_ROWS or row.part:
                return
            part = read_part(key, value)
            header, _ = split_partition_row(part.body)
        except (StateDamagedError, ValueError, KeyError):
            return  # the worker would say so; a spectator only looks
        order = (row.generation, part.checkpoint)
        place = (row.instrument, partition)
        if order >= self.partitions.get(place, ((-1, -1), {}))[0]:
            self.partitions[place] = (order, dict(zip(header["topics"], header["accounts"], strict=True)))

    def total(self, name: str, topic: str | None = None) -> int:
        """Sum of `in`, `used`, `late`, `flagged` or `dead_lettered` over partitions, of one topic or of all."""
        return sum(
            int(account[name])
            for _, accounts in self.partitions.values()
            for source, account in accounts.items()
            if topic in (None, source)
        )

    def adds_up(self) -> bool:
        """Every record read has exactly one outcome, in every partition and topic."""
        outcomes = ("used", "late", "flagged", "dead_lettered")
        return all(
            account["in"] == sum(account[name] for name in outcomes)
            for _, accounts in self.partitions.values()
            for account in accounts.values()
        )
