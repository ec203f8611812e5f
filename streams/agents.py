"""Faust's side of the worker: agents, the consumer behind them, and the group's comings and goings.

This is the only file that knows how records come out of Faust: as whole batches through our own transport
(`streams/transport/`), or one by one through Faust's, in an app that is not ours.

Of Faust's own machinery three things are left out, because they lose records (its commits pass
unprocessed ones, its exactly-once writes no markers, its windows vanish): topics are declared with
`acks=False`, so that Faust never commits; offsets are committed by us, after a checkpoint; state is
not in tables. At an assignment Faust seeks *after* `on_rebalance_complete`, and goes on where the
recovered partitions stand (`transport/position.py`).
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import faust
from faust.types import TP

from equipoise.streams.clients import group_member
from equipoise.streams.records import RawRecord, RecordBatch
from equipoise.streams.runtime import Runtime
from equipoise.streams.settings import Damage, Settings
from equipoise.streams.transport.driver import Transport
from equipoise.streams.transport.position import go_on_at
from equipoise.streams.transport.reader import Bounds

log = logging.getLogger(__name__)

PAUSE_MAX_S: Final = 0.05

# The last offsets of a topic may hold no records (transaction markers): then no position ever reaches its end. It
# counts as ended once nothing at all has come out of Faust for so long, seen at so many looks: a loop that was busy
# for a second has not looked, and what Faust still holds of one topic comes while it delivers another.
QUIET_S: Final = 1.0
QUIET_LOOKS: Final = 20


class Follower(Protocol):
    """What follows the group: `app.Stream`."""

    batches: "Batches"
    runtime: Runtime | None  # as `start` made it

    async def start(self) -> Runtime:
        """The runtime, made at the first call."""
        ...

    def stop(self) -> None:
        """Once the runtime has stopped."""
        ...


@dataclass(slots=True)
class _Quiet:
    """What was seen of a partition: our position, its end, all messages so far. And for how long."""

    seen: tuple[int, int, int]
    since: float
    looks: int = 0


class FaustSource:
    """The consumer of a Faust app as a `partition.Source`."""

    def __init__(self, app: faust.App, batches: "Batches") -> None:
        self._app = app
        self._batches = batches
        self._quiet: dict[TP, _Quiet] = {}

    def ended(self, topic: str, partition: int, position: int) -> bool:
        """Whether nothing lies behind `position`, as the last fetch of that partition said."""
        tp, high = TP(topic, partition), self.end(topic, partition)
        if high < 0:
            return False
        if position >= high:
            return True
        seen = position, high, self._batches.taken
        quiet = self._quiet.get(tp)
        if quiet is None or quiet.seen != seen:
            self._quiet[tp] = _Quiet(seen, asyncio.get_running_loop().time())
            return False
        quiet.looks += 1
        return quiet.looks > QUIET_LOOKS and asyncio.get_running_loop().time() - quiet.since > QUIET_S

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> bool:
        """Commit now, past Faust's own bookkeeping. False: the group has moved on."""
        wanted = {TP(topic, partition): offset for (topic, partition), offset in offsets.items()}
        assigned = self._app.consumer.assignment()
        mine = {tp: offset for tp, offset in wanted.items() if tp in assigned}
        consumer: Any = self._app.consumer
        return len(mine) == len(wanted) and bool(await consumer._commit(mine))

    def end(self, topic: str, partition: int) -> int:
        """Where the partition ended at the last fetch; -1: not known."""
        try:
            high = self._app.consumer.highwater(TP(topic, partition))
        except Exception:  # between assignments aiokafka knows nothing of the partition
            return -1
        return -1 if high is None else high

    def hold(self, topic: str, partition: int, held: bool) -> None:
        """Fetch no more of this partition, or go on. Unlike pausing, what is fetched already still comes."""
        consumer, tp = self._app.consumer, TP(topic, partition)
        (consumer.on_buffer_full if held else consumer.on_buffer_drop)(tp)

    def member(self) -> bytes:
        """Who we are to the group as of the last assignment; only aiokafka's coordinator knows."""
        consumer: Any = self._app.consumer
        coordinator = consumer._thread._consumer._coordinator
        instance, generation = coordinator._group_instance_id, self._app.consumer_generation_id
        return group_member(coordinator.group_id, generation, coordinator.member_id, instance)


def trouble(app: faust.App) -> str:
    """Why aiokafka's consumer stands still; empty: it does not.

    Its tasks end, or wait for somebody to take note of what went wrong, which Faust never does: the worker would stay
    a member of the group, and get nothing any more.
    """
    consumer: Any = app.consumer
    kafka = consumer._thread._consumer
    if kafka is None:
        return ""
    coordinator, fetcher = kafka._coordinator, kafka._fetcher
    if coordinator is not None and coordinator._pending_exception is not None:
        return f"group: {coordinator._pending_exception!r}"
    for name, task in (
        ("group", getattr(coordinator, "_coordination_task", None)),
        ("fetch", getattr(fetcher, "_fetch_task", None)),
    ):
        if task is not None and task.done():
            return f"{name}: {'cancelled' if task.cancelled() else repr(task.exception())}"
    return ""


class Batches:
    """Hands on what comes: whole batches at once, single messages put together.

    Where the transport gives single messages (see `use_batches`), they are put together for as long as the
    last batch took, or until the batch is full. Faust hands over one message a turn of the event loop, also
    when thousands wait: handing each on at once costs a step of the engine a record (measured: 650 records/s
    on a busy machine, where this takes 3,000). Waiting as long as the last batch took at most doubles its
    latency, and lets batches grow with the load.
    """

    def __init__(self, app: faust.App, most: int) -> None:
        self._app = app
        self._most = most
        self._pause_s = 0.0
        self._waiting: dict[TP, list[RawRecord]] = {}
        self._count = 0
        self.taken = 0  # messages, ever
        self.runtime: Runtime | None = None

    def add(self, message: Any) -> None:
        """Take one message."""
        self.taken += 1
        if message.generation_id != self._app.consumer_generation_id:
            return  # fetched before the partitions were given away; its new owner has it
        if isinstance(message.value, RecordBatch):
            self.flush()
            if self.runtime is not None:
                self.runtime.receive_batch(message.value)
            return
        if not self._count:
            asyncio.get_running_loop().call_later(self._pause_s, self.flush)
        self._waiting.setdefault(message.tp, []).append(_raw(message))
        self._count += 1
        if self._count >= self._most:
            self.flush()

    def positions(self) -> dict[TP, int]:
        """Where each partition that is taken up goes on."""
        found = self.runtime.positions() if self.runtime is not None else {}
        return {TP(topic, partition): offset for (topic, partition), offset in found.items()}

    def flush(self) -> None:
        """Hand over what waits."""
        waiting, self._waiting, self._count = self._waiting, {}, 0
        if waiting and self.runtime is not None:
            began = time.monotonic()
            tps = sorted(waiting, key=lambda tp: tp.partition)
            self.runtime.receive([record for tp in tps for record in waiting[tp]])
            self._pause_s = min(time.monotonic() - began, PAUSE_MAX_S)

    def clear(self) -> None:
        """Forget what waits: the partitions are gone."""
        self._waiting, self._count = {}, 0


def _raw(message: Any) -> RawRecord:
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    return RawRecord(
        message.topic,
        message.partition,
        message.offset,
        message.key,
        message.value,
        tuple((name, value or b"") for name, value in headers),
        round(message.timestamp * 1000) if message.timestamp is not None else -1,
    )


def use_batches(app: faust.App, settings: Settings, topics: Iterable[str], batches: Batches) -> None:
    """Have these topics come in whole batches, where the app's transport is ours: `broker="equipoise://…"`.

    The transport calls us itself then, past the agent. Also `kafka.isolation` holds for the app's whole
    consumer then: a fetch has one isolation level.
    """
    transport = app.transport
    if not isinstance(transport, Transport):
        return
    kafka = settings.kafka
    transport.whole.topics.update(topics)
    transport.whole.take = batches.add
    transport.whole.overrides["isolation_level"] = kafka.isolation.value
    transport.whole.overrides["fetch_min_bytes"] = kafka.fetch_min_bytes
    transport.whole.overrides["fetch_max_wait_ms"] = kafka.fetch_wait_ms
    transport.whole.bounds = Bounds(
        batch_max_bytes=settings.limits.batch_max_bytes,
        together_records=kafka.batch_max_records,
        retries=kafka.damage_retries,
        stop=kafka.damage is Damage.STOP,
    )


def add_agent(app: faust.App, topics: Sequence[str], batches: Batches, name: str) -> None:
    """An agent that reads raw bytes of these topics and never acknowledges to Faust."""
    channel = app.topic(
        *topics, key_serializer="raw", value_serializer="raw", allow_empty=True, acks=False, internal=True
    )

    async def take(stream: faust.StreamT[bytes]) -> None:
        async for event in stream.events():
            batches.add(event.message)

    app.agent(channel, name=f"equipoise.{name}")(take)


def follow_group(app: faust.App, stream: "Follower", topics: set[str]) -> None:
    """Tell the runtime which of `topics` are ours, and when they no longer are."""
    batches = stream.batches

    async def complete(*_: Any, **__: Any) -> None:
        batches.clear()
        batches.runtime = await stream.start()
        go_on_at(app.consumer, topics, batches.positions)
        places = {(tp.topic, tp.partition) for tp in app.consumer.assignment() if tp.topic in topics}
        await batches.runtime.assigned(places, app.consumer_generation_id)

    async def revoked(*_: Any, **__: Any) -> None:
        batches.flush()
        if batches.runtime is not None:
            await batches.runtime.revoked()

    async def shutdown(*_: Any, **__: Any) -> None:
        batches.flush()
        if stream.runtime is not None:
            await stream.runtime.stop()
        stream.stop()

    app.on_rebalance_complete.connect(complete)
    app.on_partitions_revoked.connect(revoked)
    app.on_before_shutdown.connect(shutdown)
