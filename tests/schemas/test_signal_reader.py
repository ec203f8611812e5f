"""`SignalReader` on a broker: each revision once, nothing that must be withheld, and no stop at what cannot be read."""

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from equipoise.schemas import codec, wire
from equipoise.schemas.headers import CATCHING_UP
from equipoise.schemas.local import local_guid, local_id
from equipoise.schemas.reader import SignalReader
from tests.schemas.records import FEE, SPREAD

if TYPE_CHECKING:
    from equipoise.streams.broker import EmbeddedBroker

pytestmark = pytest.mark.broker


@pytest.fixture
def topic(embedded_broker: "EmbeddedBroker") -> str:
    name = f"signals-{uuid4()}"
    admin = AdminClient({"bootstrap.servers": embedded_broker.bootstrap})
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])[name].result(10)
    return name


def test_signals_come_once_and_in_order(embedded_broker: "EmbeddedBroker", topic: str) -> None:
    spread = codec.schema("SpreadSignal")
    first = wire.frame(local_id(spread), codec.encode("SpreadSignal", SPREAD))
    revised = codec.encode("SpreadSignal", SPREAD | {"revision": 1})
    fee = wire.frame(local_id(codec.schema("FeeSignal")), codec.encode("FeeSignal", FEE | {"id": "v:S/live/8"}))
    producer = Producer({"bootstrap.servers": embedded_broker.bootstrap})
    for value, headers in [
        (first, []),
        (first, []),
        (b"garbage", []),
        (None, []),
        (wire.frame(local_id(spread), codec.encode("SpreadSignal", SPREAD | {"id": "late"})), [(CATCHING_UP, b"2100")]),
        (revised, [wire.id_header(local_guid(spread))]),
        (first, []),
        (fee, []),
    ]:
        producer.produce(topic, value=value, key=b"v:S", headers=headers)
    assert producer.flush(10) == 0
    start = {"auto.offset.reset": "earliest"}
    with SignalReader(embedded_broker.bootstrap, [topic], config=start, idle_s=3) as reader:
        seen = [(signal.id, signal.revision) for signal in reader]
    assert seen == [("v:S/live/7", 0), ("v:S/live/7", 1), ("v:S/live/8", 0)]
    assert reader.unreadable == 1
    assert list(reader) == []  # closed


def test_withholding_can_be_switched_off(embedded_broker: "EmbeddedBroker", topic: str) -> None:
    producer = Producer({"bootstrap.servers": embedded_broker.bootstrap})
    body = wire.frame(local_id(codec.schema("FeeSignal")), codec.encode("FeeSignal", FEE))
    producer.produce(topic, value=body, headers=[(CATCHING_UP, b"2100")])
    assert producer.flush(10) == 0
    options = {"config": {"auto.offset.reset": "earliest"}, "idle_s": 3}
    with SignalReader(embedded_broker.bootstrap, [topic], withhold_catching_up=False, **options) as reader:
        (signal,) = list(reader)
    assert signal.catching_up
