"""A worker's partitions: taken up at assignment, fed, sealed every so often, given back.

Knows nothing of Faust: `streams/agents.py` is the only file that does, apart from the app itself.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Coroutine, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, Protocol

from confluent_kafka import KafkaException

from equipoise.processors.instruments import Instruments
from equipoise.streams.checkpoint import StateWriter
from equipoise.streams.claims import Claims
from equipoise.streams.delivery import FencedError, Output
from equipoise.streams.partition import Partition
from equipoise.streams.records import RawRecord, RecordBatch
from equipoise.streams.recovery import Beginning, begin
from equipoise.streams.retry import Backoff, sentence
from equipoise.streams.state_rows import MEMPOOL
from equipoise.streams.task import Claim
from equipoise.streams.watchdog import Wait
from equipoise.streams.work import Tools, Work

log = logging.getLogger(__name__)

BEAT_S: Final = 0.1
FENCED_SESSIONS: Final = 2  # of the group's: so long we wait for partitions once ours were somebody else's
LOOK_S: Final = 0.1  # between looks whether anybody still asks for a seal
REPORT_S: Final = 60.0
Place = tuple[str, int]  # topic, partition
Slot = tuple[str, int]  # '' or MEMPOOL, and the partition number


class MakeTask(Protocol):
    """Makes fresh tasks."""

    def __call__(self, topics: Sequence[str], owner: str, claim: Claim) -> Work:
        """A task for these topics of one partition number, which tells `claim` the instruments that it meets."""
        ...


class PartitionsApartError(RuntimeError):
    """Co-partitioned topics were assigned to different workers."""


class TopicUnseenError(FencedError):
    """The group has assigned nothing of a topic that is there: who leads it has not heard of the topic yet."""


class Runtime:
    """All partitions of one worker.

    Not guaranteed: that a partition that was lost without notice (a stopped process that wakes up)
    publishes nothing more; what it publishes has the ids and bytes that the new owner publishes, its
    state rows lie under a lower generation, and its commit is refused.
    """

    def __init__(self, tools: Tools, make_task: MakeTask, instruments: Instruments, topics: Collection[str]) -> None:
        """Runtime of a worker that reads `topics`."""
        self._topics = frozenset(topics)
        self.tools = self._tools = tools
        self._claims = Claims(instruments)
        self._make_task = make_task
        self.partitions: dict[Slot, Partition] = {}
        self._jobs: list[asyncio.Task[None]] = []
        self._generation = 0
        self._recovering: dict[int, float] = {}  # partitions whose state is read, since when
        self._fenced_s: float | None = None  # since when we wait for the group to assign anew
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, *more: Coroutine[Any, Any, None]) -> None:
        """Begin to look after acknowledgements, heartbeats and checkpoints, and do `more` until `stop`."""
        jobs = (self._tools.outputs.run(), self._beats(), self._checkpoints(), self._reports(), *more)
        self._jobs = [asyncio.create_task(self._guard(job)) for job in jobs]

    async def assigned(self, places: set[Place], generation: int) -> None:
        """Take up exactly these partitions: recover each, and commit where its sources continue.

        Raises:
            PartitionsApartError: a partition number lacks one of its topics.
        """
        self._drop()
        self._generation, self._fenced_s = generation, None
        self._tools.telemetry.rebalances += 1
        by_slot = self._by_slot(places)
        together = {number: topics for (owner, number), topics in by_slot.items() if not owner}
        if unseen := self._unseen(together):
            self._fail(TopicUnseenError(f"partitions were assigned without any of {', '.join(unseen)}"))
            return
        check_together(together)
        member = self._tools.source.member()
        begun = await asyncio.gather(*(self._begin(topics, slot, member) for slot, topics in by_slot.items()))
        if generation != self._generation:
            for output, _ in begun:
                output.close()
            return  # assigned anew in the meantime
        for slot, (output, beginning) in zip(by_slot, begun, strict=True):
            self.partitions[slot] = self._take_up(slot, by_slot[slot], output, beginning, generation)
        offsets = {place: offset for place, offset in self.positions().items() if place in places}
        if offsets and not await self._tools.source.commit(offsets):
            log.info("assigned anew while partitions were being recovered")

    def positions(self) -> dict[Place, int]:
        """The next record of each topic and partition that is taken up."""
        return {
            (topic, number): partition.task.position(topic)
            for (_, number), partition in self.partitions.items()
            for topic in partition.read
        }

    def awaited(self) -> dict[Place, int]:
        """Of those that are neither held nor known to have ended, the next record."""
        found = {}
        for (_, number), partition in self.partitions.items():
            for topic in partition.read:
                position, end = partition.task.position(topic), self._tools.source.end(topic, number)
                if not partition.holds(topic) and not 0 <= end <= position + 1:
                    found[topic, number] = position
        return found

    def receive(self, records: Sequence[RawRecord]) -> None:
        """Records of any assigned partitions, each partition's in order."""
        try:
            for slot, own in groupby(records, key=self._slot):
                if partition := self.partitions.get(slot):
                    partition.feed(list(own))
        except Exception as why:
            self._fail(why)

    def receive_batch(self, batch: RecordBatch) -> None:
        """Records of one assigned partition, as they lay in Kafka's log."""
        try:
            if partition := self.partitions.get(self._slot(batch)):
                partition.feed(batch)
        except Exception as why:
            self._fail(why)

    def waits(self) -> Iterator[Wait]:
        """What partitions wait for, and their state."""
        for number, since_s in self._recovering.items():
            yield Wait("state", since_s, f"partition {number}")
        for partition in self.partitions.values():
            yield from partition.waits()

    async def revoked(self, limit_s: float = 0.0) -> None:
        """Seal what is settled, and let go of all partitions.

        Args:
            limit_s: so long the brokers may take; 0: the group's session. The others wait for us meanwhile.
        """
        limit_s = limit_s or self._tools.settings.kafka.session_timeout_ms / 1000
        sealing = asyncio.create_task(self._seal())
        if not (await asyncio.wait({sealing}, timeout=limit_s))[0]:
            log.warning("last checkpoint is not sealed within %g s, its input will be repeated", limit_s)
            sealing.add_done_callback(_nobody_asks)  # it ends by itself
        elif why := sealing.exception():  # the next owner continues from the checkpoint before
            log.warning("last checkpoint failed, its input will be repeated: %s", sentence(why))
        self._drop()

    def report(self) -> None:
        """Log what became of every record, per topic and partition; it adds up, or this raises."""
        for (_, number), partition in sorted(self.partitions.items()):
            for topic, account in partition.task.accounts().items():
                if account["in"]:
                    log.info(
                        "%s[%d]: in %d = used %d + late %d + flagged %d + dead-lettered %d + waiting %d",
                        topic, number, account["in"], account["used"], account["late"], account["flagged"],
                        account["dead_lettered"],
                        account["in"] - sum(account[k] for k in ("used", "late", "flagged", "dead_lettered")),
                    )  # fmt: skip

    async def stop(self) -> None:
        """Seal, close and send what is left."""
        self.report()
        grace_s = self._tools.settings.delivery.grace_s
        await self.revoked(grace_s / 2)
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        left = await asyncio.to_thread(self._tools.outputs.close, grace_s / 4)
        if left:
            log.warning("%d outputs could not be sent in time; they will be repeated", left)

    def _slot(self, record: RawRecord | RecordBatch) -> Slot:
        return (MEMPOOL if record.topic == self._tools.settings.topics.mempool else "", record.partition)

    def _by_slot(self, places: set[Place]) -> dict[Slot, list[str]]:
        mempool, found = self._tools.settings.topics.mempool, dict[Slot, list[str]]()
        for topic, number in sorted(places):
            found.setdefault((MEMPOOL if topic == mempool else "", number), []).append(topic)
        return found

    def _unseen(self, by_number: Mapping[int, Sequence[str]]) -> list[str]:
        """Topics of which nothing was assigned, while some of the others was: merged without them is merged wrongly."""
        if not by_number:
            return []
        found = {topic for topics in by_number.values() for topic in topics}
        return sorted(self._topics - found - {self._tools.settings.topics.mempool})

    async def _begin(self, topics: list[str], slot: Slot, member: bytes) -> tuple[Output, Beginning]:
        """Fence earlier owners, then read what they left."""
        number = slot[1]
        self._recovering[number] = time.monotonic()
        try:
            return await self._recovered(topics, slot, member)
        finally:
            self._recovering.pop(number, None)

    async def _recovered(self, topics: list[str], slot: Slot, member: bytes) -> tuple[Output, Beginning]:
        owner, number = slot
        backoff = Backoff(self._tools.settings.kafka.retry_backoff_max_ms)
        while True:
            try:
                name = f"{owner}~{number}" if owner else str(number)
                output = await asyncio.to_thread(self._tools.outputs.open, name, member)
                return output, await asyncio.to_thread(begin, self._tools.settings, topics, number, owner)
            except KafkaException as why:
                await backoff.wait(f"state of partition {number}: {sentence(why)}")

    def _take_up(
        self, slot: Slot, topics: list[str], output: Output, beginning: Beginning, generation: int
    ) -> Partition:
        owner, number = slot
        recovered = beginning.recovered
        task = self._make_task(beginning.topics, owner, lambda topic, found: self._claims.take(topic, number, found))
        if recovered.rows:
            task.load(recovered.rows)
        task.start_at(beginning.offsets)
        mine = max(generation, recovered.generation + 1)
        writer = StateWriter(self._tools.settings.topics.state, number, mine, recovered, owner)
        log.info("partition %d: continues at %s", number, beginning.offsets)
        if gone := sorted(set(beginning.topics) - set(topics)):
            log.warning("partition %d: not read any more: %s; what its state counted of them stays", number, gone)
        return Partition(number, task, topics, writer, output, self._tools)

    async def _seal(self) -> None:
        """Seal all partitions. What is given back meanwhile ends by itself: those that come next do not wait for it."""
        sealing = {asyncio.create_task(one.checkpoint()): one for one in self.partitions.values()}
        for job in sealing:
            job.add_done_callback(_nobody_asks)
        left = set(sealing)
        while not all(sealing[job].closed for job in left):
            left = (await asyncio.wait(left, timeout=LOOK_S))[1]
        for job, partition in sealing.items():
            if job not in left and (why := job.exception()) is not None and not partition.closed:
                raise why

    def _drop(self) -> None:
        for partition in self.partitions.values():
            partition.close()
        self.partitions = {}
        self._claims.clear()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            for partition in list(self.partitions.values()):
                await partition.beat()

    async def _reports(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            self.report()

    async def _checkpoints(self) -> None:
        settings = self._tools.settings
        interval_ms, loop = settings.delivery.interval_ms, asyncio.get_running_loop()
        session_s = settings.kafka.session_timeout_ms / 1000
        while True:
            await asyncio.sleep(interval_ms / 1000)
            try:
                await self._seal()
            except FencedError as why:
                log.warning("%s", why)
                self._drop()
                self._fenced_s = loop.time()
                self._tools.telemetry.fenced += 1
            if self._fenced_s is not None and loop.time() - self._fenced_s > FENCED_SESSIONS * session_s:
                raise FencedError("fenced, and the group assigns nothing anew")

    async def _guard(self, job: "asyncio.Future[None] | object") -> None:
        try:
            await job  # type: ignore[misc]
        except asyncio.CancelledError:
            raise
        except Exception as why:
            self._fail(why)

    def _fail(self, why: Exception) -> None:
        self._drop()
        if not self.failed.done():
            self.failed.set_exception(why)


def _nobody_asks(ended: "asyncio.Task[None]") -> None:
    """How it ended; else asyncio would say that nobody did ask."""
    if not ended.cancelled():
        ended.exception()


def check_together(by_number: Mapping[int, Sequence[str]]) -> None:
    """Raise PartitionsApartError where one number has fewer topics than another."""
    everything = sorted({topic for topics in by_number.values() for topic in topics})
    for number, topics in by_number.items():
        missing = sorted(set(everything) - set(topics))
        if missing:
            raise PartitionsApartError(
                f"partition {number} of {', '.join(topics)} was assigned without that of {', '.join(missing)}: "
                "give all input topics the same number of partitions"
            )
