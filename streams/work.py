"""What a partition does with its records and asks of the consumer, as protocols; and what all of them share."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from equipoise.streams.delivery import Outputs
from equipoise.streams.merge import Merge as MergeQueue
from equipoise.streams.outgoing import Outgoing
from equipoise.streams.records import RawRecord, RecordBatch
from equipoise.streams.settings import Settings
from equipoise.streams.task import Changes, Step
from equipoise.streams.telemetry import Telemetry

Given = RecordBatch | Sequence[RawRecord]


class Source(Protocol):
    """What a partition asks of the consumer that feeds it."""

    def ended(self, topic: str, partition: int, position: int) -> bool:
        """Whether nothing lies behind `position` at this moment, as far as is known."""
        ...

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Commit by topic and partition; False: the group gave the partitions to somebody else."""
        ...

    def end(self, topic: str, partition: int) -> int:
        """Where the partition ended at the last fetch; -1: not known."""
        ...

    def hold(self, topic: str, partition: int, held: bool) -> None:
        """Stop, or go on, fetching one partition of a topic."""
        ...

    def member(self) -> bytes:
        """Who we are to the group at present, as librdkafka writes it."""
        ...


class Work(Protocol):
    """What a partition does with its records: `task.Task`, or `intents.MempoolTask`."""

    @property
    def topics(self) -> list[str]:
        """Topic of each source."""
        ...

    merge: MergeQueue

    def feed(self, records: Sequence[RawRecord], now_s: float = 0.0) -> Step:
        """Take records. Raises RegistryError where they must be given again."""
        ...

    def feed_batch(self, batch: RecordBatch, now_s: float = 0.0) -> Step:
        """As `feed` of the same records."""
        ...

    def release(self, ended: Sequence[int] = (), before_s: float = -1.0) -> Step:
        """Step with what need not wait any longer."""
        ...

    @property
    def watermark_ns(self) -> int:
        """The partition's watermark in event time; 0 or below: there is none."""
        ...

    def position(self, topic: str) -> int:
        """The next offset to be read."""
        ...

    def settled(self) -> dict[str, int]:
        """By topic, what a commit may say."""
        ...

    def start_at(self, offsets: Mapping[str, int]) -> None:
        """Begin at these offsets."""
        ...

    def accounts(self) -> dict[str, dict[str, Any]]:
        """By topic, what became of the records."""
        ...

    def changes(self, since: int = 0) -> Changes:
        """State rows as of `settled` of what changed after a mark, 0: of everything."""
        ...

    def load(self, rows: Mapping[str, bytes]) -> None:
        """Continue from `dump`."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What all partitions of a worker share."""

    settings: Settings
    outputs: Outputs
    outgoing: Outgoing
    source: Source
    worker: str  # who we are, in dead letters
    telemetry: Telemetry = field(default_factory=Telemetry)
    clock_ns: Callable[[], int] = time.time_ns  # heartbeats and lag only
