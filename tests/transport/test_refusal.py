"""A batch that was set aside becomes one dead letter with its bytes, and its neighbours are used."""

import random

from equipoise.schemas.enums import Cause
from equipoise.schemas.headers import header
from equipoise.schemas.local import BuiltIn
from equipoise.streams.dead_letters import dead_letter
from equipoise.streams.intents import MempoolTask
from equipoise.streams.task import Task
from equipoise.streams.transport.reader import Bounds, FetchReader, Shared
from tests.streams.fakes import FakeDecoder, FakeEngine
from tests.transport.made import Made, batch_bytes
from tests.transport.test_reader import flipped


def three(value: bytes) -> list[bytes]:
    """Batches at 0, 5 and 10; the one in the middle has a wrong checksum."""
    parts = [batch_bytes([Made(k, 0, None, value) for k in range(5)], base) for base in (0, 5, 10)]
    return [parts[0], flipped(parts[1], random.Random(1).randrange(61, 80)), parts[2]]


def fed(task, topic: str, parts: list[bytes]) -> list:
    """Everything from offset 0 on, the fetch of the damaged batch repeated as the reader asks."""
    shared, dead, offset = Shared(Bounds(retries=1)), [], 0
    for _ in range(6):
        reader = FetchReader((topic, 0), b"".join(parts[offset // 5 :]), None, offset, shared)
        for batch in reader:
            dead += task.feed_batch(batch).dead
        offset = reader.next_fetch_offset
    assert offset == 15
    return dead


def check(task, topic: str, value: bytes) -> dict[str, int]:
    parts = three(value)
    letters = [dead for dead in fed(task, topic, parts) if dead.cause is Cause.DAMAGED_BATCH]
    assert [(dead.offset, dead.record.value) for dead in letters] == [(5, parts[1])]
    assert "CRC-32C" in letters[0].detail
    out = dead_letter(letters[0], "dead", 0, "me", 100)
    assert out.value == parts[1][:100]
    assert header(out.headers, "equipoise-cause") == b"DAMAGED_BATCH"
    assert task.settled() == {topic: 15}
    account = task.accounts()[topic]
    assert account["in"] == 11
    assert account["causes"]["DAMAGED_BATCH"] == 1
    return account


def test_of_orders():
    task = Task(["orders"], FakeEngine(), {"orders": FakeDecoder()})
    assert check(task, "orders", b"1:5:10")["used"] == 10


class NoPool:
    """A mempool's pool is never asked here: no record can be read."""

    def step(self, transaction):
        raise AssertionError(transaction)


def test_of_a_mempool():
    account = check(MempoolTask("mempool", NoPool(), BuiltIn()), "mempool", b"no transaction")
    assert account["dead_lettered"] == 11
