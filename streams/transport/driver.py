"""The Faust transport of the scheme `equipoise`: Faust's own Kafka driver, with whole batches for chosen topics.

A message of such a topic has a RecordBatch for its value, and the batch's last offset for its own. Only
channels that Faust does not acknowledge (`acks=False`) may read them: its bookkeeping counts offsets.
Changelogs and all other topics come record by record, as ever.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, cast

import aiokafka
from aiokafka.errors import KafkaConnectionError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from equipoise.streams.records import RecordBatch
from equipoise.streams.retry import Backoff, sentence
from equipoise.streams.transport.reader import Bounds, Shared
from equipoise.streams.transport.rebound import SeamError, rebound
from equipoise.streams.transport.seam import check, consumer_class

log = logging.getLogger(__name__)

SCHEME: Final = "equipoise"
_RETRY_MAX_MS: Final = 2_000
_FETCHES: Final = 64  # taken before Faust is asked whether to go on, which costs as much as a small one


def _misfit() -> str:
    try:
        check()
        rebound(driver.AIOKafkaConsumerThread._create_worker_consumer, aiokafka=aiokafka)
        for name in ("_new_consumer_thread", "_to_message"):
            if name not in vars(driver.Consumer):
                raise SeamError(f"Faust's Consumer has no {name}")
    except (SeamError, AttributeError) as why:
        return str(why)
    return ""


MISFIT: Final = _misfit()  # why whole batches cannot be had with the installed versions; empty: they can
if MISFIT:
    log.warning("%s; records are delivered one by one: slower, with the same results", MISFIT)


@dataclass(slots=True)
class Whole:
    """What comes in whole batches, and how. Set before the app starts."""

    topics: set[str] = field(default_factory=set)
    bounds: Bounds = field(default_factory=Bounds)
    take: Callable[[Message], None] | None = None  # called at once, instead of the topics' agents
    overrides: dict[str, Any] = field(default_factory=dict)  # AIOKafkaConsumer's arguments, over Faust's


async def _reached(service: Any, start: Callable[[], Awaitable[None]], client: str) -> None:
    """Start a client of aiokafka, however long no broker answers, as everything else waits for brokers."""
    backoff = Backoff(_RETRY_MAX_MS)
    while True:
        try:
            return await start()
        except KafkaConnectionError as why:
            await getattr(service, client).stop()
            if service.should_stop:
                raise
            await backoff.wait(f"{type(service).__name__}: {sentence(why)}")


class _SameLoop:
    """Stands where mode starts a thread for the consumer: runs it in the loop of the app.

    Between two threads each fetch waits for the interpreter's lock several times, up to 5 ms each. Nothing is lost:
    the app takes no longer than a step over anything, and kernels and threads of brokers' clients hold no lock.
    """

    def __init__(self, service: "BatchThread") -> None:
        self._service = service

    def start(self) -> None:
        serving = self._service.parent_loop.create_task(self._service._serve())
        serving.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # the service tells of it

    def stop(self) -> None:
        """It has ended where its service has."""


class BatchThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, with our consumer in it and no thread."""

    async def on_start(self) -> None:
        """Connect."""
        await _reached(self, super().on_start, "_consumer")

    async def _gather_remaining_tasks(self) -> None:
        """Leave the loop's tasks alone: they are the app's."""

    async def getmany(self, active_partitions: Any, timeout: float) -> Any:
        """What was fetched, past the queue that leads from thread to thread."""
        consumer = self._ensure_consumer()
        most = consumer._max_poll_records
        return await self._fetch_records(consumer, active_partitions, timeout=timeout, max_records=most)

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        whole = cast(Transport, transport).whole
        kind = aiokafka.AIOKafkaConsumer if MISFIT else consumer_class(whole.topics, Shared(whole.bounds))

        def make(**given: Any) -> aiokafka.AIOKafkaConsumer:
            return kind(**(given | whole.overrides))

        create = rebound(
            driver.AIOKafkaConsumerThread._create_worker_consumer, aiokafka=SimpleNamespace(AIOKafkaConsumer=make)
        )
        return create(self, transport)

    def highwater(self, tp: TP) -> int:
        """The end of what this consumer may read: where only committed data is read, the last stable offset."""
        consumer = self._ensure_consumer()
        if consumer._isolation_level == "read_committed":
            return cast(int, consumer.last_stable_offset(tp))
        return cast(int, consumer.highwater(tp))


class Consumer(driver.Consumer):
    """Faust's consumer, for messages that may hold whole batches."""

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, thread_loop=self.loop, Worker=_SameLoop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """Messages, as Faust's own gives them; but whole batches go to `Whole.take` where there is one.

        From here through Faust's conductor, channel and stream to an agent a message takes six turns of the loop.
        """
        take = cast(Transport, self.transport).whole.take
        for _ in range(_FETCHES):
            taken = False
            async for tp, message in super().getmany(timeout):
                if take is not None and isinstance(message.value, RecordBatch):
                    take(message)
                    taken = True
                    await asyncio.sleep(0)  # the next fetch is asked for, and read, meanwhile
                else:
                    yield tp, message
            if not taken:
                return

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, RecordBatch):
            return super()._to_message(tp, record)
        stamp = int(record.timestamp_ms[-1]) / 1000 if len(record) else 0.0
        value = cast(Any, record)  # Faust says bytes; it only passes them on
        return ConsumerMessage(
            record.topic, record.partition, record.next_offset - 1, stamp, 0, [], None, value, None, -1, -1, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip


class Producer(driver.Producer):
    """Faust's producer: an app has one, although nothing of ours goes through it."""

    async def on_start(self) -> None:
        """Connect."""
        await _reached(self, super().on_start, "_producer")


class Transport(driver.Transport):
    """What `broker="equipoise://host:port"` gives."""

    Consumer = Consumer
    Producer = Producer
    driver_version = f"equipoise over {driver.Transport.driver_version}"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.whole = Whole()
