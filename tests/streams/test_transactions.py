"""What the transactional mode says to the group, and what becomes of a fence that nobody has asked about."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException

from equipoise.streams import failpoints, transactions
from equipoise.streams.blocks import OutRecord
from equipoise.streams.clients import group_member
from equipoise.streams.delivery import FencedError
from equipoise.streams.settings import load
from equipoise.streams.transactions import TransactionalOutput, Transactions


@pytest.mark.parametrize("instance", [None, "one"])
def test_a_member_is_written_as_librdkafka_writes_it(instance: str | None) -> None:
    config = {"bootstrap.servers": "127.0.0.1:1", "group.id": "some-group", "log_level": 0}
    consumer = Consumer(config | ({"group.instance.id": instance} if instance else {}))
    try:
        theirs = consumer.consumer_group_metadata()
    finally:
        consumer.close()
    assert group_member("some-group", -1, "", instance) == theirs


def test_a_misspelt_place_is_refused_and_nothing_is_armed() -> None:
    with pytest.raises(ValueError, match=r"checkpoint\.nowhere"):
        failpoints.arm("checkpoint.nowhere=kill@1")
    failpoints.reach("checkpoint.nowhere")
    with pytest.raises(ValueError, match="explode"):
        failpoints.arm("checkpoint.rows=explode@1")
    failpoints.reach("checkpoint.rows")


class Fenced:
    """A producer that was fenced while nothing was going on."""

    def poll(self, _: float) -> int:
        raise KafkaException(KafkaError(KafkaError._FENCED, "fenced by a newer instance", True))

    def __len__(self) -> int:
        return 0


def test_a_fence_between_transactions_is_the_next_one_s_to_tell() -> None:
    output = TransactionalOutput(load(flags={"kafka.bootstrap": "127.0.0.1:1"}), "group-0", b"")
    output._producer = Fenced()  # type: ignore[assignment]
    output.poll()
    output.send([OutRecord("signals", b"key", b"value", [])])
    with pytest.raises(FencedError, match="fenced by a newer instance"):
        asyncio.run(output.seal([], {}))


class Hung(Fenced):
    """A producer one call of which comes back long after it should have."""

    def __init__(self) -> None:
        self.answer = threading.Event()

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_given, **_named: None

    def poll(self, _: float) -> int:
        return 0

    def send_offsets_to_transaction(self, *_: object) -> None:
        self.answer.wait(20)
        raise KafkaException(KafkaError(KafkaError._FENCED, "fenced", True))


def test_a_call_that_does_not_come_back_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "PATIENCE_S", 0.1)
    settings = load(flags={"kafka.bootstrap": "127.0.0.1:1", "delivery.ack_timeout_ms": 1_000})
    output = TransactionalOutput(settings, "group-0", b"")
    output._producer = hung = Hung()  # type: ignore[assignment]

    async def sealed() -> None:
        output.send([OutRecord("signals", b"key", b"value", [])])
        with pytest.raises(FencedError, match=r"does not come back \(offsets\)"):
            await output.seal([], {})
        output.close()
        assert not output.ended  # whoever touched the producer now would do so beside the thread
        hung.answer.set()
        while not output.ended:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(sealed(), 10))


class Slow(Fenced):
    """A producer whose brokers take their time over an abort."""

    def __init__(self, *answers: KafkaError | None) -> None:
        self.answers = list(answers)

    def poll(self, _: float) -> int:
        return 0

    def begin_transaction(self) -> None:
        pass

    def produce(self, *_: object, **__: object) -> None:
        pass

    def abort_transaction(self, _: float) -> None:
        if error := self.answers.pop(0):
            raise KafkaException(error)


@pytest.mark.parametrize(
    ("answers", "ended_at_once"),
    [
        ([None], True),
        ([KafkaError(KafkaError._TIMED_OUT, "slow", False, True), None], False),
        ([KafkaError(KafkaError._FENCED, "fenced", True)], True),
    ],
)
def test_an_abort_that_is_not_through_is_asked_for_again(answers: list[KafkaError | None], ended_at_once: bool) -> None:
    settings = load(flags={"kafka.bootstrap": "127.0.0.1:1"})
    outputs, output = Transactions(settings), TransactionalOutput(settings, "group-0", b"")
    output._producer = slow = Slow(*answers)  # type: ignore[assignment]
    outputs._open.append(output)
    output.send([OutRecord("signals", b"key", b"value", [])])
    output.close()
    assert output.ended is ended_at_once
    outputs.close(1.0)
    assert output.ended
    assert not slow.answers
