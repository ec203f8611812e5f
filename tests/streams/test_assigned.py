"""What a worker takes up of what the group assigns it, and what it does not."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from equipoise.processors.instruments import Instruments
from equipoise.streams.runtime import PartitionsApartError, Runtime, TopicUnseenError
from equipoise.streams.settings import load
from equipoise.streams.telemetry import Telemetry

TOPICS = ("x.book", "x.trades")
Places = set[tuple[str, int]]


def _assigned(places: Places, mempool: str = "") -> Runtime:
    async def once() -> Runtime:
        settings = load(flags={"topics.mempool": mempool} if mempool else {})
        tools: Any = SimpleNamespace(settings=settings, telemetry=Telemetry(), source=SimpleNamespace(member=bytes))
        runtime = Runtime(tools, make_task=None, instruments=Instruments(), topics=TOPICS)  # type: ignore[arg-type]
        await runtime.assigned(places, 1)
        return runtime

    return asyncio.run(once())


def test_topics_are_not_merged_without_one_that_the_group_has_not_heard_of() -> None:
    runtime = _assigned({("x.trades", 0), ("x.trades", 1)})
    assert not runtime.partitions
    with pytest.raises(TopicUnseenError, match=r"x\.book"):
        runtime.failed.result()


def test_a_partition_without_one_of_its_topics_is_refused() -> None:
    with pytest.raises(PartitionsApartError, match=r"partition 1 of x\.trades was assigned without that of x\.book"):
        _assigned({("x.book", 0), ("x.trades", 0), ("x.trades", 1)})


def test_a_worker_may_be_given_nothing() -> None:
    assert not _assigned(set()).failed.done()


def test_pending_swaps_need_no_order_topics_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begun(*_: Any) -> Any:
        raise NotImplementedError

    monkeypatch.setattr(Runtime, "_begin", begun)
    with pytest.raises(NotImplementedError):
        _assigned({("pending", 0)}, "pending")


class Sealed:
    """A partition that counts its seals; the first may never end."""

    def __init__(self, hangs: bool) -> None:
        self.hangs, self.closed, self.seals = hangs, False, 0

    async def checkpoint(self) -> None:
        self.seals += 1
        if self.hangs:
            await asyncio.Event().wait()

    def close(self) -> None:
        self.closed = True


def test_a_seal_that_hangs_does_not_outlive_the_assignment() -> None:
    async def taken_up_again() -> None:
        settings = load(flags={"delivery.checkpoint_ms": 50})
        tools: Any = SimpleNamespace(settings=settings, telemetry=Telemetry())
        runtime = Runtime(tools, make_task=None, instruments=Instruments(), topics=TOPICS)  # type: ignore[arg-type]
        before, after, beside = Sealed(hangs=True), Sealed(hangs=False), Sealed(hangs=False)
        runtime.partitions = {("", 0): before, ("", 1): beside}  # type: ignore[dict-item]
        job = asyncio.create_task(runtime._checkpoints())
        while not before.seals:
            await asyncio.sleep(0.01)
        await runtime.revoked(0.1)
        assert before.closed
        runtime.partitions = {("", 0): after}  # type: ignore[dict-item]
        while after.seals < 2:
            await asyncio.sleep(0.01)
        job.cancel()

    asyncio.run(asyncio.wait_for(taken_up_again(), 5))
