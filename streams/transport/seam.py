"""aiokafka's consumer with our reader in its fetcher, for chosen topics and for our consumer only.

aiokafka has no way to hand over whole batches. It reads records in one place: `_proc_fetch_request` of its
fetcher makes a `MemoryRecords` of the bytes and a `PartitionRecords` of that, and from there on only
iterates and looks at `next_fetch_offset`. So that one is copied with other globals (rebound.py), and so are
the consumer's `start`, which names the fetcher, and `__init__`, which names the client (frames.py).
Nothing of aiokafka itself is changed; other consumers of the process go on as they were.

What that rests on is checked by `check`, which names what is different; without it, records come one by
one (driver.py). Tried and left: assigning to the module's globals (every consumer of the process gets it),
and swapping the fetcher after `start` (it has begun to fetch by then).
"""

import inspect
from collections.abc import Sequence, Set
from typing import Any, Final

import aiokafka
from aiokafka.consumer import fetcher
from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.record.memory_records import MemoryRecords

from equipoise.streams.transport.frames import client_class
from equipoise.streams.transport.reader import FetchReader, Shared
from equipoise.streams.transport.rebound import SeamError, rebound

Aborted = Sequence[tuple[int, int]] | None

_MAGIC_AT: Final = 16
_PARTITION_RECORDS: Final = (
    "self", "tp", "records", "aborted_transactions", "fetch_offset", "key_deserializer", "value_deserializer",
    "check_crcs", "isolation_level",
)  # fmt: skip


class LogMovedError(RuntimeError):
    """What comes next was deleted before it was read, or the log was cut below it. A new start says which."""


class _Anything:
    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = object.__hash__


class _NeverReset:
    """Stands for aiokafka's strategies where a fetch was out of range: it always asks `_set_error`.

    Its own answer is to begin again at one end of the log: orders would be passed over, or counted twice.
    """

    NONE = _Anything()


class Fetched:
    """Stands where aiokafka makes its `MemoryRecords`: the bytes of one partition, not looked at yet.

    Anything at all counts as something to read: aiokafka would say of a batch that is cut (its length damaged)
    that it is too large, and pass over one offset. Brokers have sent whole batches since 0.10.1.
    """

    def __init__(self, raw: bytes | memoryview | None) -> None:
        self.raw = raw or b""

    def has_next(self) -> bool:
        """Whether there is anything to read."""
        return len(self.raw) > 0

    def size_in_bytes(self) -> int:
        """How much there is to read."""
        return len(self.raw)


def consumer_class(topics: Set[str], shared: Shared) -> type[aiokafka.AIOKafkaConsumer]:
    """A consumer class whose messages of `topics` are RecordBatches; of other topics they are as ever.

    Args:
        topics: looked up at every fetch: it may change.
        shared: bounds and memory of this consumer's readers.

    Raises:
        SeamError: this version of aiokafka does not fit.
    """

    def partition_records(tp: Any, fetched: Fetched, aborted: Aborted, offset: int, *rest: Any) -> Any:
        raw = fetched.raw
        one_by_one = len(raw) > _MAGIC_AT and raw[_MAGIC_AT] < 2  # a format of before Kafka 0.11
        if tp.topic in topics and not one_by_one:
            return FetchReader((tp.topic, tp.partition), raw, aborted, offset, shared)
        return fetcher.PartitionRecords(tp, MemoryRecords(bytes(raw)), aborted, offset, *rest)

    class BatchFetcher(fetcher.Fetcher):  # type: ignore[misc]
        _proc_fetch_request = rebound(
            fetcher.Fetcher._proc_fetch_request,
            MemoryRecords=Fetched,
            PartitionRecords=partition_records,
            OffsetResetStrategy=_NeverReset,
        )

        def _set_error(self, tp: Any, error: Exception) -> None:
            if isinstance(error, OffsetOutOfRangeError):
                strategy, state = (
                    self._default_reset_strategy,
                    self._subscriptions.subscription.assignment.state_value(tp),
                )
                if tp.topic not in topics and strategy != fetcher.OffsetResetStrategy.NONE:
                    state.await_reset(strategy)
                    return
                error = LogMovedError(f"{tp.topic}[{tp.partition}]: offset {state.position} is not in the log any more")
            super()._set_error(tp, error)

    members = {
        "__init__": rebound(aiokafka.AIOKafkaConsumer.__init__, AIOKafkaClient=client_class()),
        "start": rebound(aiokafka.AIOKafkaConsumer.start, Fetcher=BatchFetcher),
    }
    return type("BatchConsumer", (aiokafka.AIOKafkaConsumer,), members)


def check() -> None:
    """Whether this version of aiokafka is as this module needs it.

    Raises:
        SeamError: names the version, and what is different.
    """
    try:
        consumer_class(frozenset(), Shared())
        parameters = tuple(inspect.signature(fetcher.PartitionRecords.__init__).parameters)
        if parameters != _PARTITION_RECORDS:
            raise SeamError(f"PartitionRecords takes {', '.join(parameters)}")
        for name in ("check_assignment", "_update_position", "getall", "getone"):
            names = getattr(fetcher.FetchResult, name).__code__.co_names
            if not {"_partition_records", "next_fetch_offset"} & set(names):
                raise SeamError(f"FetchResult.{name} does not use _partition_records")
    except (SeamError, AttributeError, TypeError, ValueError) as why:
        raise SeamError(f"aiokafka {aiokafka.__version__} does not fit: {why}") from why
