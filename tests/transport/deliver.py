"""What comes out of Faust, and what another client reads of the same topics: for comparison record by record."""

import asyncio
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import faust
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from equipoise.streams.records import RawRecord, RecordBatch
from equipoise.streams.transport.driver import Transport
from equipoise.streams.transport.reader import Bounds

Found = dict[tuple[str, int], list[tuple[Any, ...]]]


def faust_app(bootstrap: str, scheme: str = "equipoise", **settings: Any) -> faust.App:
    defaults = {
        "consumer_auto_offset_reset": "earliest",
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "stream_wait_empty": False,
        "web_enabled": False,
        "autodiscover": False,
        "store": "memory://",
        "broker_session_timeout": 10.0,
        "broker_heartbeat_interval": 1.0,
    }
    return faust.App(f"g{uuid.uuid4()}", broker=f"{scheme}://{bootstrap}", **(defaults | settings))


def create(bootstrap: str, topic: str, partitions: int = 1, **config: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    settings = {name.replace("_", "."): value for name, value in config.items()}
    admin.create_topics([NewTopic(topic, partitions, config=settings)])[topic].result(20)


def flat(message: Any) -> list[tuple[Any, ...]]:
    """The records of a Faust message, a whole batch or not."""
    if isinstance(message.value, RecordBatch):
        batch = message.value
        assert not batch.refusal
        return [plain(batch.record(i)) for i in range(len(batch))]
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    stamp = round(message.timestamp * 1000)
    return [(message.offset, stamp, message.key, message.value, tuple((k, v or b"") for k, v in headers))]


def plain(record: RawRecord) -> tuple[Any, ...]:
    return record.offset, record.timestamp_ms, record.key, record.value, tuple(record.headers)


class Delivery:
    """An app that reads topics until each has come to an end."""

    def __init__(self, app: faust.App, topics: Collection[str], whole: bool = True, **bounds: Any) -> None:
        self.app, self.topics = app, topics
        self.messages: list[Any] = []
        if isinstance(app.transport, Transport) and whole:
            app.transport.whole.topics.update(topics)
            app.transport.whole.bounds = Bounds(**bounds)
        channel = app.topic(
            *topics, key_serializer="raw", value_serializer="raw", allow_empty=True, acks=False, internal=True
        )

        async def take(stream: Any) -> None:
            async for event in stream.events():
                self.messages.append(event.message)

        app.agent(channel, name="take")(take)

    def run(self, until: Callable[[Found], bool], timeout_s: float = 90) -> Found:
        """Everything that came until `until` says so, and a moment longer: nothing may come twice."""

        async def main() -> None:
            await self.app.start()
            try:
                async with asyncio.timeout(timeout_s):
                    while not until(self.found()) and not self.app.crashed:
                        await asyncio.sleep(0.1)
                await asyncio.sleep(0.3)
            finally:
                with suppress(Exception):
                    await self.app.stop()

        asyncio.run(main())
        if self.app.crash_reason is not None:
            raise self.app.crash_reason
        return self.found()

    def found(self) -> Found:
        return found_in(self.messages)


def found_in(messages: Collection[Any]) -> Found:
    found: Found = {}
    for message in messages:
        found.setdefault((message.topic, message.partition), []).extend(flat(message))
    return found


def other_client(bootstrap: str, topics: Collection[str], isolation: str = "read_committed") -> Found:
    """The same topics as confluent-kafka reads them, to their ends."""
    config = {"bootstrap.servers": bootstrap, "group.id": f"o{uuid.uuid4()}", "enable.partition.eof": True}
    consumer = Consumer(config | {"isolation.level": isolation, "enable.auto.commit": False})
    found: Found = {}
    try:
        known = consumer.list_topics(timeout=10).topics
        places = [TopicPartition(topic, p, OFFSET_BEGINNING) for topic in topics for p in known[topic].partitions]
        consumer.assign(places)
        left = {(place.topic, place.partition) for place in places}
        while left:
            for message in consumer.consume(1_000, timeout=0.5):
                place = message.topic(), message.partition()
                if message.error() is not None:
                    assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                    left.discard(place)
                    continue
                headers = tuple((name, value or b"") for name, value in message.headers() or ())
                record = (message.offset(), message.timestamp()[1], message.key(), message.value(), headers)
                found.setdefault(place, []).append(record)
    finally:
        consumer.close()
    return found


def reads(expected: Found) -> Callable[[Found], bool]:
    """Whether all the records have come: by count, so that a comparison can show what differs."""
    wanted = sum(map(len, expected.values()))
    return lambda found: sum(map(len, found.values())) >= wanted
