"""The embedded broker: life cycle, data, and what it says when something is missing."""

import importlib.util
import os
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from equipoise.streams.broker import DURABLE_AFTER_S, BrokerError, EmbeddedBroker, answers, create_topics

pytestmark = pytest.mark.broker


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for value in values:
        producer.produce(topic, value, key=b"k")
    assert producer.flush(10) == 0


def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "t", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[bytes] = []
    end = time.monotonic() + 10
    while len(found) < count and time.monotonic() < end:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append(message.value())
    consumer.close()
    return found


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_records_pass_and_nothing_is_left_behind() -> None:
    with EmbeddedBroker() as broker:
        folder, pid, address = broker.folder, broker.pid, broker.bootstrap
        assert pid is not None
        assert answers(address)
        create_topics(address, {"a": 1, "b": 4})
        create_topics(address, {"a": 1})  # again: no error
        values = [b"%d" % i for i in range(1000)]
        produce(address, "a", values)
        assert consume(address, "a", 1000) == values
    assert not running(pid)
    assert not folder.exists()
    assert not answers(address, 0.3)


def test_restart_keeps_port_and_data(tmp_path) -> None:
    broker = EmbeddedBroker(tmp_path / "b").start()
    port = broker.port
    create_topics(broker.bootstrap, {"a": 1})
    produce(broker.bootstrap, "a", [b"1", b"2"])
    broker.stop()
    assert not broker.alive
    broker.start()
    assert broker.port == port
    assert consume(broker.bootstrap, "a", 2) == [b"1", b"2"]
    broker.close()
    assert (tmp_path / "b" / "broker.log").read_text()  # a folder that was given is kept, with its log


@pytest.mark.slow
def test_kill_keeps_what_is_older_than_the_stated_time(tmp_path) -> None:
    broker = EmbeddedBroker(tmp_path).start()
    create_topics(broker.bootstrap, {"a": 1})
    produce(broker.bootstrap, "a", [b"1", b"2"])
    time.sleep(DURABLE_AFTER_S)
    broker.kill()
    assert not broker.alive
    broker.start()
    try:
        assert consume(broker.bootstrap, "a", 2) == [b"1", b"2"]
    finally:
        broker.close()


def test_two_brokers_do_not_meet() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker() as two:
        assert one.port != two.port
        create_topics(one.bootstrap, {"only-here": 1})
        from confluent_kafka.admin import AdminClient

        assert "only-here" not in AdminClient({"bootstrap.servers": two.bootstrap}).list_topics(timeout=5).topics


def test_a_taken_port_is_refused_with_the_log() -> None:
    with EmbeddedBroker() as first:
        second = EmbeddedBroker(port=first.port)
        with pytest.raises(BrokerError, match=r"broker\.log"):
            second.start(timeout_s=3)
        assert not second.alive
        second.close()


def test_a_missing_extra_says_what_to_install(monkeypatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "noida_db" else find(name, *a))
    with pytest.raises(BrokerError, match=r"pip install 'equipoise\[demo\]'"):
        EmbeddedBroker()


def test_the_shared_fixture_is_a_running_broker(embedded_broker) -> None:
    assert answers(embedded_broker.bootstrap)
    create_topics(embedded_broker.bootstrap, {"shared-fixture": 1}, {"retention.ms": "300000"})
    produce(embedded_broker.bootstrap, "shared-fixture", [b"x"])
    assert consume(embedded_broker.bootstrap, "shared-fixture", 1) == [b"x"]
