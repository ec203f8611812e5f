"""librdkafka by its C API: what is sent arrives, what is refused is told, no memory is written to that is gone."""

import asyncio
import ctypes
import gc
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, cimpl
from confluent_kafka.admin import AdminClient, NewTopic

from equipoise.processors.produce import ERROR
from equipoise.streams.blocks import OutRecord, block_of
from equipoise.streams.broker import EmbeddedBroker
from equipoise.streams.delivery import Delivery, DeliveryError, SharedOutput, Stage
from equipoise.streams.producer import BatchProducer, ProducerError, new_cells, owed
from equipoise.streams.settings import load

NOWHERE = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
PARTITIONS = 3


async def no_commit(_: object) -> bool:
    raise AssertionError("a commit of what was not acknowledged")


@pytest.fixture
def topic(embedded_broker: EmbeddedBroker, request: pytest.FixtureRequest) -> str:
    name = request.node.name.split("[")[0]
    admin = AdminClient({"bootstrap.servers": embedded_broker.bootstrap})
    for made in admin.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
        made.result(30)
    return name


@pytest.fixture
def producer(embedded_broker: EmbeddedBroker) -> Iterator[BatchProducer]:
    made = BatchProducer(
        {
            "bootstrap.servers": embedded_broker.bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 50,
        }
    )
    yield made
    assert made.close(10) == 0


def _acknowledged(producer: BatchProducer) -> None:
    until_s = time.monotonic() + 30
    while len(producer) and time.monotonic() < until_s:
        time.sleep(0.001)


def _read(broker: EmbeddedBroker, topic: str, count: int) -> list[OutRecord]:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    found, until_s = [], time.monotonic() + 30
    while len(found) < count and time.monotonic() < until_s:
        found += consumer.consume(count, 0.2)
    consumer.close()
    return [OutRecord(topic, one.key(), one.value(), one.headers() or [], one.partition() or 0) for one in found]


@pytest.mark.broker
def test_what_is_sent_arrives_once_and_in_order(
    producer: BatchProducer, topic: str, embedded_broker: EmbeddedBroker
) -> None:
    """Twenty times as many as there is room for: it waits for room."""
    records = [
        OutRecord(
            topic, b"k%d" % number, b"%d" % number if number % 7 else None, [("n", b"%d" % number)] * (number % 3)
        )
        for number in range(1_000)
    ]
    cells = new_cells()
    assert producer.send(block_of(records), cells) == 1_000
    _acknowledged(producer)
    assert (owed(cells), cells[ERROR]) == (0, 0)
    found = _read(embedded_broker, topic, 1_000)
    for partition in range(PARTITIONS):  # which one a key is in we do not say here
        here = [record for record in found if record.partition == partition]
        wanted = {record.key for record in here}
        assert [record.key for record in records if record.key in wanted] == [record.key for record in here]
    assert sorted((r.key or b"", r.value, r.headers) for r in found) == sorted(
        ((r.key or b"", r.value, r.headers) for r in records), key=lambda one: one[0]
    )


@pytest.mark.broker
def test_a_partition_may_be_told(producer: BatchProducer, topic: str, embedded_broker: EmbeddedBroker) -> None:
    records = [OutRecord(topic, b"k", b"%d" % number, [], number % PARTITIONS) for number in range(30)]
    producer.send(block_of(records), new_cells())
    _acknowledged(producer)
    found = _read(embedded_broker, topic, 30)
    assert sorted(found, key=lambda one: int(one.value or b"")) == records


@pytest.mark.broker
def test_reports_come_in_where_nobody_waits_for_them_any_more(producer: BatchProducer, topic: str) -> None:
    for _ in range(50):
        producer.send(block_of([OutRecord(topic, b"k", b"v", [])]), new_cells())
        gc.collect(0)
    _acknowledged(producer)
    assert len(producer) == 0


@pytest.mark.broker
def test_what_the_brokers_refuse_is_told(producer: BatchProducer, topic: str) -> None:
    output = SharedOutput(producer, no_commit, 30)
    output.send([OutRecord(topic, b"k", b"v", [], PARTITIONS)])
    with pytest.raises(DeliveryError, match=rf"topic {topic}: .*[Uu]nknown partition"):
        asyncio.run(output.seal([], {}))


def test_what_is_too_large_is_told_at_once() -> None:
    producer = BatchProducer(NOWHERE | {"message.max.bytes": 1_000})
    records = [OutRecord("large", None, bytes(size), []) for size in (10, 2_000, 10)]
    cells = new_cells()
    with pytest.raises(ProducerError, match=r"topic large: .*too large"):
        producer.send(block_of(records), cells)
    assert owed(cells) == 1  # the one before it
    assert producer.close(0) == 1
    assert owed(cells) == 1
    assert producer.failure(cells) == "topic large: Local: Purged in queue"


def test_no_brokers_and_no_time() -> None:
    producer = BatchProducer(NOWHERE)
    output = SharedOutput(producer, no_commit, 0.05)
    output.send([OutRecord("t", None, b"v", [])])
    with pytest.raises(DeliveryError, match=r"1 outputs are unacknowledged after 0\.05 s"):
        asyncio.run(output.seal([], {}))
    producer.close(0)


@pytest.mark.parametrize(("setting", "value"), [("compression.type", "none of these"), ("no.such.setting", 1)])
def test_a_setting_that_is_none_is_named(setting: str, value: object) -> None:
    with pytest.raises(ProducerError, match=setting):
        BatchProducer({setting: value})


def test_a_producer_that_cannot_go_on_stops_the_worker() -> None:
    delivery = Delivery(load(flags={"kafka.bootstrap": "127.0.0.1:1"}), commit=None)  # type: ignore[arg-type]
    function = ctypes.CDLL(cimpl.__file__).rd_kafka_test_fatal_error
    function.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)
    function(delivery.producer._handle, 47, b"somebody else has our epoch")
    with pytest.raises(DeliveryError, match=r"cannot go on: .*somebody else has our epoch"):
        asyncio.run(asyncio.wait_for(delivery.run(), 30))
    delivery.close(0)


def test_a_closed_one_sends_nothing_and_can_be_asked() -> None:
    producer, cells = BatchProducer(NOWHERE), new_cells()
    producer.send(block_of([OutRecord("known", None, b"v", [])]), cells)
    assert producer.close(0) == 1
    assert producer.close(0) == len(producer) == 0
    for topic in ("known", "new"):
        with pytest.raises(ProducerError, match="the producer is closed"):
            producer.send(block_of([OutRecord(topic, None, b"v", [])]), cells)
    assert producer.failure(cells).startswith("topic known: ")
    assert producer.failure(new_cells()) == producer.fatal() == ""


def test_a_topic_s_name_may_be_none() -> None:
    with pytest.raises(ProducerError, match="no such name"):
        BatchProducer(NOWHERE).send(block_of([OutRecord("t" * 600, None, b"v", [])]), new_cells())


@pytest.mark.parametrize("dropped", ["del producer, cells; gc.collect()", ""], ids=["dropped", "at the end"])
def test_one_that_nobody_closes_ends_all_the_same(dropped: str) -> None:
    """Its reports come in all the while."""
    script = f"""
import gc
from equipoise.streams.blocks import OutRecord, block_of
from equipoise.streams.producer import BatchProducer, new_cells
producer, cells = BatchProducer({NOWHERE!r} | {{"message.timeout.ms": 1}}), new_cells()
for _ in range(200):
    producer.send(block_of([OutRecord("t", None, b"v", []) for _ in range(200)]), cells)
{dropped}
print("ended")
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ended\n", "")


def test_a_seal_that_outlives_the_producer_ends() -> None:
    async def closing() -> None:
        producer = BatchProducer(NOWHERE)
        output = SharedOutput(producer, no_commit, 30)
        output.send([OutRecord("t", None, b"v", []) for _ in range(1_000)])
        rows = (OutRecord("t", None, b"row", []) for _ in range(1_000))
        sealing = asyncio.create_task(output.seal([Stage("rows", rows)], {}))
        await asyncio.sleep(0.01)
        output.close()
        await asyncio.to_thread(producer.close, 0)
        with pytest.raises(DeliveryError, match="Purged"):
            await sealing

    asyncio.run(asyncio.wait_for(closing(), 30))
