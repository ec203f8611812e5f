"""Transactions on Apache Kafka: who reads committed records sees each signal once, whatever happens to workers."""

import signal
import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from equipoise.streams.failpoints import TRANSACTION
from equipoise.streams.recovery import Reader
from tests.containers import KafkaContainer
from tests.streams import live

pytestmark = [pytest.mark.docker, pytest.mark.slow]
SESSION_MS = 2_000


def _flags(kafka: KafkaContainer, name: str, folder: Path) -> dict[str, object]:
    return live.settings_for(
        kafka.bootstrap,
        name,
        **{
            "delivery.mode": "transactional",
            "delivery.transaction_ms": 50,
            "kafka.session_timeout_ms": SESSION_MS,
            "kafka.batch_max_records": 50,
            "instruments.file": live.instruments_file(folder),
        },
    )


def _prepared(kafka: KafkaContainer, name: str, folder: Path) -> tuple[dict[str, object], list[live.RawRecord], dict]:
    flags = _flags(kafka, name, folder)
    live.create_topics(flags)
    records = live.raw_records(name, live.market(4_000, pause_every=500))
    live.publish(kafka.bootstrap, records)
    return flags, records, live.by_stream(live.offline(records, flags)[0])


def _stopped(worker: live.Worker) -> bool:
    return Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _wait_stopped(worker: live.Worker, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not _stopped(worker):
        assert worker.process.poll() is None, worker.log[-3000:]
        assert time.monotonic() < deadline, worker.log[-3000:]
        time.sleep(0.05)


def _uncommitted(bootstrap: str, topic: str) -> int:
    """Records of a topic, those of aborted transactions too."""
    config = {"bootstrap.servers": bootstrap, "group.id": "tests", "isolation.level": "read_uncommitted"}
    consumer = Consumer(config | {"enable.partition.eof": True})
    found, left = 0, set(range(live.PARTITIONS))
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in left])
    while left:
        message = consumer.poll(10)
        assert message is not None
        if message.error() is None:
            found += 1
        else:
            left.discard(message.partition())
    consumer.close()
    return found


def _check(kafka: KafkaContainer, name: str, wanted: dict) -> None:
    """Each signal exactly once, in order; and markers behind them that are no records."""
    found = live.by_stream(live.published(kafka.bootstrap, name))
    assert found.keys() == wanted.keys()
    for stream, payloads in wanted.items():
        assert found[stream] == payloads, stream
    records = sum(1 for _ in live.consume(kafka.bootstrap, f"{name}.spread-signals"))
    assert sum(live.ends(kafka.bootstrap, [f"{name}.spread-signals"]).values()) > records


def test_killed_between_any_two_steps_each_signal_is_there_once(kafka: KafkaContainer, tmp_path: Path) -> None:
    flags, records, wanted = _prepared(kafka, "tx-killed", tmp_path)
    for place in TRANSACTION:
        with live.Worker(tmp_path, flags, EQUIPOISE_FAILPOINTS=f"{place}=kill@3") as worker:
            assert worker.process.wait(120) == -signal.SIGKILL, worker.log[-3000:]
    with live.Worker(tmp_path, flags) as worker:
        live.wait_committed(worker, kafka.bootstrap, "tx-killed", records)
        assert worker.stop() == 0, worker.log[-3000:]
    _check(kafka, "tx-killed", wanted)
    seen = sum(1 for _ in live.consume(kafka.bootstrap, "tx-killed.spread-signals"))
    assert _uncommitted(kafka.bootstrap, "tx-killed.spread-signals") > seen, "no transaction was aborted: kill later"


def test_a_zombie_is_fenced(kafka: KafkaContainer, tmp_path: Path) -> None:
    flags, records, wanted = _prepared(kafka, "tx-zombie", tmp_path)
    with (
        live.Worker(tmp_path, flags, EQUIPOISE_FAILPOINTS="transaction.offsets=stop@3") as zombie,
        live.Worker(tmp_path, flags) as heir,
    ):
        _wait_stopped(zombie)
        live.wait_committed(heir, kafka.bootstrap, "tx-zombie", records)
        zombie.process.send_signal(signal.SIGCONT)
        zombie.wait_for("fenced", 60)
        assert zombie.stop() == 0, zombie.log[-3000:]
        assert heir.stop() == 0, heir.log[-3000:]
    _check(kafka, "tx-zombie", wanted)


def test_state_behind_an_open_transaction_is_waited_for(kafka: KafkaContainer, tmp_path: Path) -> None:
    settings = live.create_topics(_flags(kafka, "tx-open", tmp_path))
    topic = settings.topics.state
    for name in ("tx-open-a", "tx-open-b"):
        producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": name})
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(topic, name, b"key", partition=0)
        producer.flush(10)
        if name == "tx-open-a":
            first = producer
    producer.commit_transaction(30)
    end = threading.Timer(1.5, first.abort_transaction, [30])
    end.start()
    with Reader(settings) as reader:
        assert list(reader.records(topic, 0)) == [(b"key", b"tx-open-b")]
    end.join()
