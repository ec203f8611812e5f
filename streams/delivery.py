"""Where a partition's records go, and the default way: one idempotent producer, acknowledged before the past is sealed.

A partition has an `Output`. In the default mode all outputs of a worker share one producer, and a checkpoint is the
protocol below; in the transactional mode each has its own (streams/transactions.py).

1. every output up to here is acknowledged;
2. the rows that changed are written and acknowledged;
3. the partition's row is written and acknowledged: the checkpoint is closed;
4. the source offsets are committed.

A crash between any two of them repeats input, never loses it: recovery starts from the last closed
checkpoint, whatever was committed. Not guaranteed: that a repeated signal is not published twice; it
has the same id, revision and bytes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from equipoise.processors.produce import ERROR
from equipoise.streams.blocks import Block, OutRecord, block_of
from equipoise.streams.clients import librdkafka
from equipoise.streams.failpoints import reach
from equipoise.streams.producer import BatchProducer, ProducerError, new_cells, owed
from equipoise.streams.settings import Settings

MESSAGE_MAX_BYTES: Final = 64 << 20  # ours only: what is too large for the brokers they say themselves
FIRST_POLL_S: Final = 0.001  # between looks at acknowledgements that are waited for, and then ever less often
LAST_POLL_S: Final = 0.02
FATAL_POLL_S: Final = 0.1
QUEUE_RECORDS: Final = 500_000
STATE_SLICE: Final = 64  # state rows made and sent in one go

Offsets = Mapping[tuple[str, int], int]  # topic and partition: the next record to be read
Commit = Callable[[Offsets], Awaitable[bool]]


class DeliveryError(RuntimeError):
    """Outputs were not acknowledged. The worker stops; what follows the last checkpoint is repeated."""


class FencedError(RuntimeError):
    """Somebody else writes for this partition by now, or may: everything is taken up afresh."""


class Stage(NamedTuple):
    """Records of a checkpoint that must all be there before the next stage's."""

    name: str
    records: Iterable[OutRecord]  # to be gone through once


class Output(Protocol):
    """Where the records of one partition go."""

    stage: str  # of the present `seal`; empty: none is going on

    @property
    def unsealed(self) -> bool:
        """Whether there are records that nobody sees before the next `seal`."""
        ...

    @property
    def full(self) -> bool:
        """Whether no more input should be taken until the present `seal` is over."""
        ...

    def publish(self, blocks: Iterable[Block]) -> int:
        """Hand records to the producer, in order; each block before the next is asked for. How many.

        Raises:
            DeliveryError: one is refused.
        """
        ...

    def send(self, records: Iterable[OutRecord]) -> int:
        """The same, of records that were made one by one."""
        ...

    async def seal(self, state: Sequence[Stage], offsets: Offsets) -> None:
        """Make sure of all records sent so far, of this state and of these offsets, in that order or all at once.

        Raises:
            DeliveryError: the brokers refuse, or the time is over.
            FencedError: the partition is somebody else's.
        """
        ...

    def close(self) -> None:
        """Give up what is not sealed."""
        ...


class Outputs(Protocol):
    """Makes outputs, one a partition."""

    @property
    def aborted(self) -> int:
        """Transactions that were aborted and sent again."""
        ...

    def open(self, name: str, member: bytes) -> Output:
        """Blocking. Fences whoever wrote as `name` before, where the mode has fences.

        Args:
            name: of the partition, the same for each of its owners.
            member: who we are to the group, as librdkafka writes it (`clients.group_member`).

        Raises:
            KafkaException: the brokers cannot be asked.
        """
        ...

    async def run(self) -> None:
        """Look after the producers until cancelled. Raises DeliveryError where one cannot send any more."""
        ...

    def waiting(self) -> int:
        """Records that are not acknowledged."""
        ...

    def close(self, timeout_s: float) -> int:
        """Send what is left; returns how many records could not be sent in time."""
        ...


class Pending:
    """Records sent since some point, and what became of them."""

    def __init__(self, producer: BatchProducer) -> None:
        self._producer = producer
        self.cells = new_cells()

    async def drained(self, timeout_s: float) -> None:
        """Return once every record is acknowledged.

        Raises:
            DeliveryError: one was refused, or the time is over.
        """
        until_s, pause_s = time.monotonic() + timeout_s, FIRST_POLL_S
        while owed(self.cells) and not self.cells[ERROR] and time.monotonic() < until_s:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_POLL_S)
        if self.cells[ERROR]:
            raise DeliveryError(self._producer.failure(self.cells))
        if left := owed(self.cells):
            raise DeliveryError(f"{left} outputs are unacknowledged after {timeout_s:g} s")


def producer_config(settings: Settings) -> dict[str, Any]:
    """What producers of both modes have in common."""
    delivery = settings.delivery
    request_ms = min(settings.kafka.request_timeout_ms, delivery.ack_timeout_ms)
    return librdkafka(settings.kafka) | {
        "enable.idempotence": True,
        # A broker takes any sequence number for a producer's first on a partition. With a second request under way, the
        # first may be refused (a leader moves, a topic is new), the second taken, and the first, sent again, be taken
        # for a repetition: acknowledged, and not there. What comes meanwhile goes out together with the next request.
        "max.in.flight.requests.per.connection": 1,
        "acks": "all",
        "linger.ms": delivery.linger_ms,
        "compression.type": delivery.compression,
        "partitioner": "murmur2_random",  # as Java's, so that keys meet whoever wrote them
        "delivery.timeout.ms": delivery.ack_timeout_ms,
        "request.timeout.ms": request_ms,
        "socket.timeout.ms": request_ms,
        "queue.buffering.max.messages": QUEUE_RECORDS,
        "message.max.bytes": MESSAGE_MAX_BYTES,
    }


class Delivery:
    """The default mode's producer, one a worker. `run` must be going for acknowledgements to be seen."""

    aborted = 0

    def __init__(self, settings: Settings, commit: Commit) -> None:
        self.producer = BatchProducer(producer_config(settings))
        self._timeout_s = settings.delivery.ack_timeout_ms / 1000
        self._commit = commit

    def open(self, name: str, member: bytes) -> "SharedOutput":
        """An output of this producer."""
        del name, member
        return SharedOutput(self.producer, self._commit, self._timeout_s)

    async def run(self) -> None:
        """Look after the producer until cancelled. Raises DeliveryError where it cannot send any more."""
        while not (why := self.producer.fatal()):
            await asyncio.sleep(FATAL_POLL_S)
        raise DeliveryError(f"the producer cannot go on: {why}")

    def waiting(self) -> int:
        """Records that are not acknowledged."""
        return len(self.producer)

    def close(self, timeout_s: float) -> int:
        """Send what is left; returns how many records could not be sent in time."""
        return self.producer.close(timeout_s)


class SharedOutput:
    """An output of the default mode: what is sent is seen at once, and sealed by the protocol above."""

    unsealed = False
    full = False

    def __init__(self, producer: BatchProducer, commit: Commit, timeout_s: float) -> None:
        self._producer = producer
        self._commit = commit
        self._timeout_s = timeout_s
        self._pending = Pending(producer)
        self._closed = False
        self.stage = ""

    def publish(self, blocks: Iterable[Block]) -> int:
        """Hand records to the producer, in order. Returns how many. Raises DeliveryError."""
        return self._hand_over(blocks, self._pending)

    def send(self, records: Iterable[OutRecord]) -> int:
        """The same, of records that were made one by one."""
        return self._hand_over([block_of(records)], self._pending)

    def _hand_over(self, blocks: Iterable[Block], pending: Pending) -> int:
        """Waits only where the producer's buffer is full."""
        try:
            return sum(self._producer.send(block, pending.cells) for block in blocks)
        except ProducerError as why:
            raise DeliveryError(str(why)) from why

    async def seal(self, state: Sequence[Stage], offsets: Offsets) -> None:
        """Steps 1 to 4. Raises DeliveryError, FencedError."""
        try:
            await self._seal(state, offsets)
        finally:
            self.stage = ""

    async def _seal(self, state: Sequence[Stage], offsets: Offsets) -> None:
        self.stage = "acknowledgements"
        pending, self._pending = self._pending, Pending(self._producer)
        reach("checkpoint.begun")
        await pending.drained(self._timeout_s)
        reach("checkpoint.acknowledged")
        for name, records in state:
            self.stage = name
            written, left = Pending(self._producer), iter(records)
            until_s = 0.0
            while part := list(islice(left, STATE_SLICE)):
                self._stop_if_closed()
                self._hand_over([block_of(part)], written)
                if (now_s := time.monotonic()) >= until_s:
                    await asyncio.sleep(0)  # let signals pass, and then take half as long as they did
                    until_s = time.monotonic() + (time.monotonic() - now_s) / 2
            await written.drained(self._timeout_s)
            self._stop_if_closed()
            reach(f"checkpoint.{name}")
        self.stage = "commit"
        if not await self._commit(offsets):
            raise FencedError("the group gave our partitions to another worker")
        reach("checkpoint.committed")

    def _stop_if_closed(self) -> None:
        if self._closed:
            raise FencedError("the partition was given back before its checkpoint was sealed")

    def close(self) -> None:
        """Nothing is held back; a `seal` that is going on ends before it commits."""
        self._closed = True
