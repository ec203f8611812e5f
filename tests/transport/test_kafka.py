"""On a real broker: what RecordBatches hold equals what confluent-kafka's consumer sees, record by record."""

import random
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from equipoise.streams.records import RecordBatch
from equipoise.streams.recovery import Reader, TruncatedError
from equipoise.streams.settings import load
from equipoise.streams.transport.seam import LogMovedError
from tests.containers import KafkaContainer
from tests.transport.deliver import Delivery, Found, create, faust_app, other_client, reads

pytestmark = pytest.mark.docker

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
TRANSACTIONS = 12


def send(producer: Producer, topic: str, records: int, seed: int) -> None:
    """Null keys, tombstones, empty and long values, headers with and without values."""
    draw, now_ms, failed = random.Random(seed), int(time.time() * 1000), []
    for number in range(records):
        key = draw.choice([None, b"", b"NASDAQ:%d" % draw.randrange(9)])
        value = draw.choice([None, b"", draw.randbytes(draw.randrange(200)), bytes(draw.randrange(2_000))])
        headers = [("name", draw.choice([None, b"", b"x" * draw.randrange(99)]))] * draw.randrange(4)
        producer.produce(
            topic,
            value,
            key,
            partition=number % 2,
            headers=headers,
            timestamp=now_ms - draw.randrange(3_600_000),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        if draw.random() < 0.02:
            producer.flush(20)
    assert producer.flush(20) == 0
    assert failed == []


def producer(kafka: KafkaContainer, **config: object) -> Producer:
    return Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 50} | config)


@pytest.fixture(scope="module")
def written(kafka):
    """Topics of every kind."""
    topics = []
    for seed, codec in enumerate(CODECS):
        topics.append(f"whole.{codec}")
        create(kafka.bootstrap, topics[-1], 2)
        send(producer(kafka, **{"compression.type": codec}), topics[-1], 1_200, seed)
    topics.append("whole.append-time")
    create(kafka.bootstrap, topics[-1], 2, message_timestamp_type="LogAppendTime")
    send(producer(kafka), topics[-1], 300, 9)
    topics.append("whole.transactions")
    create(kafka.bootstrap, topics[-1], 2)
    write_transactions(kafka, topics[-1])
    return topics


def write_transactions(kafka: KafkaContainer, topic: str) -> None:
    """Two transactional producers and an ordinary one, interleaved; every third transaction is aborted."""
    own = [producer(kafka, **{"transactional.id": f"whole.{k}"}) for k in range(2)]
    for each in own:
        each.init_transactions(30)
    plain = producer(kafka)
    for number in range(TRANSACTIONS):
        for each in own:
            each.begin_transaction()
        for seed, each in enumerate((*own, plain, *own)):
            send(each, topic, 20, number * 10 + seed)
        for k, each in enumerate(own):
            (each.abort_transaction if (number + k) % 3 == 0 else each.commit_transaction)(30)


@pytest.mark.parametrize("isolation", ["read_committed", "read_uncommitted"])
@pytest.mark.parametrize(("fetch", "together"), [(1 << 10, 7), (8 << 20, 5_000)], ids=["small", "large"])
def test_every_record_is_what_another_client_sees(kafka, written, isolation, fetch, together):
    expected = other_client(kafka.bootstrap, written, isolation)
    app = faust_app(kafka.bootstrap, consumer_max_fetch_size=fetch)
    app.transport.whole.overrides["isolation_level"] = isolation
    delivery, ends = Delivery(app, written, together_records=together), ends_of(kafka, written)

    def at_the_end(found: Found) -> bool:
        """Behind the last marker too, where no record lies."""
        batches = [message.value for message in delivery.messages]
        return reads(expected)(found) and {(b.topic, b.partition): b.next_offset for b in batches} == ends

    assert delivery.run(at_the_end) == expected
    batches = [message.value for message in delivery.messages]
    assert all(isinstance(batch, RecordBatch) for batch in batches)
    assert max(map(len, batches)) <= together
    assert max(len(batch.data) for batch in batches) > 5 * fetch or fetch > 1 << 20


def ends_of(kafka: KafkaContainer, topics: list[str]) -> dict[tuple[str, int], int]:
    asking = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "whole.ends"})
    places = [TopicPartition(topic, partition) for topic in topics for partition in range(2)]
    ends = {(p.topic, p.partition): asking.get_watermark_offsets(p, timeout=10)[1] for p in places}
    asking.close()
    return ends


def test_committed_reading_leaves_something_out(kafka, written):
    """So that the comparison above means something."""
    levels = ("read_committed", "read_uncommitted")
    sizes = [sum(map(len, other_client(kafka.bootstrap, written, level).values())) for level in levels]
    assert sizes[1] - sizes[0] == TRANSACTIONS * 2 * 2 * 20 // 3


def test_gaps_of_compaction(kafka):
    """Batches from whose middle, beginning and end records are gone, and empty ones."""
    topic = "whole.compacted"
    settings = {"cleanup_policy": "compact", "segment_ms": "100", "max_compaction_lag_ms": "100"}
    create(kafka.bootstrap, topic, 1, min_cleanable_dirty_ratio="0.001", delete_retention_ms="0", **settings)
    writing, draw = producer(kafka, **{"linger.ms": 5}), random.Random(3)
    for number in range(4_000):
        key = b"%d" % draw.choice([number, draw.randrange(20)])
        writing.produce(topic, draw.choice([None, b"%d" % number]), key)
        if number % 500 == 499:
            writing.flush(20)
            time.sleep(0.15)
    writing.flush(20)
    deadline = time.monotonic() + 90
    while len(other_client(kafka.bootstrap, [topic])[topic, 0]) > 3_500:
        assert time.monotonic() < deadline, "the broker has compacted nothing"
        writing.produce(topic, b"again", b"0")
        writing.flush(20)
        time.sleep(1)
    time.sleep(1)
    expected = other_client(kafka.bootstrap, [topic])
    offsets = [record[0] for record in expected[topic, 0]]
    assert offsets[-1] - offsets[0] >= len(offsets) + 400
    delivery = Delivery(faust_app(kafka.bootstrap, consumer_max_fetch_size=4_096), [topic], together_records=50)
    assert delivery.run(reads(expected)) == expected


def test_a_record_larger_than_the_fetch_comes_all_the_same(kafka):
    create(kafka.bootstrap, "whole.large")
    writing = producer(kafka)
    for size in (10, 900_000, 20):
        writing.produce("whole.large", bytes(size))
        assert writing.flush(20) == 0
    expected = other_client(kafka.bootstrap, ["whole.large"])
    found = Delivery(faust_app(kafka.bootstrap, consumer_max_fetch_size=1_024), ["whole.large"]).run(reads(expected))
    assert found == expected
    assert len(found["whole.large", 0][1][3]) == 900_000


def delete_below(kafka: KafkaContainer, topic: str, offset: int) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for done in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        done.result(20)


def test_what_was_deleted_before_it_was_read_stops_and_is_said(kafka):
    """aiokafka would go on at one end of the log, as if nothing had been there."""
    create(kafka.bootstrap, "whole.deleted")
    writing = producer(kafka)
    send_to = [writing.produce("whole.deleted", b"%d" % number) for number in range(100)]
    assert writing.flush(20) == 0
    assert len(send_to) == 100
    app = faust_app(kafka.bootstrap)
    delivery = Delivery(app, ["whole.deleted"])
    commit(kafka, app.conf.id, "whole.deleted", 10)
    delete_below(kafka, "whole.deleted", 60)
    with pytest.raises(LogMovedError, match=r"whole.deleted\[0\]: offset 10 is not in the log any more"):
        delivery.run(lambda found: bool(found))
    assert delivery.messages == []


def test_other_topics_of_an_app_begin_anew_as_ever(kafka):
    create(kafka.bootstrap, "whole.others")
    writing = producer(kafka)
    for number in range(100):
        writing.produce("whole.others", b"%d" % number)
    assert writing.flush(20) == 0
    app = faust_app(kafka.bootstrap)
    delivery = Delivery(app, ["whole.others"], whole=False)
    commit(kafka, app.conf.id, "whole.others", 10)
    delete_below(kafka, "whole.others", 60)
    found = delivery.run(lambda found: sum(map(len, found.values())) >= 40)
    assert [record[0] for record in found["whole.others", 0]] == list(range(60, 100))


def commit(kafka: KafkaContainer, group: str, topic: str, offset: int) -> None:
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": group})
    consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()


def test_recovery_says_what_is_gone_and_refuses_a_log_that_was_cut(kafka, caplog):
    create(kafka.bootstrap, "whole.moved")
    writing = producer(kafka)
    for number in range(100):
        writing.produce("whole.moved", b"%d" % number)
    assert writing.flush(20) == 0
    delete_below(kafka, "whole.moved", 60)
    with Reader(load(flags={"kafka.bootstrap": kafka.bootstrap})) as reader:
        assert [reader.in_log("whole.moved", 0, offset) for offset in (60, 99, 100)] == [60, 99, 100]
        assert caplog.text == ""
        assert reader.in_log("whole.moved", 0, 10) == 60
        assert "whole.moved[0]: offsets 10 to 59 were deleted before they were read: continuing at 60" in caplog.text
        with pytest.raises(TruncatedError, match=r"continues at offset 101, but the log ends at 100"):
            reader.in_log("whole.moved", 0, 101)
