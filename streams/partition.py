"""One assigned partition number at work: feed the task, publish, wait for slower topics, checkpoint."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any, Final

from numpy.typing import NDArray

from equipoise.schemas.errors import RegistryError
from equipoise.schemas.headers import CATCHING_UP, Headers, offset_header, source_headers
from equipoise.streams.blocks import OutRecord
from equipoise.streams.checkpoint import StateWriter
from equipoise.streams.dead_letters import dead_letter
from equipoise.streams.delivery import Output
from equipoise.streams.heartbeat import Heartbeats
from equipoise.streams.outgoing import INTENT
from equipoise.streams.records import RecordBatch
from equipoise.streams.settings import Merge
from equipoise.streams.task import Dead, Intent, Step
from equipoise.streams.telemetry import Arrivals
from equipoise.streams.watchdog import Wait
from equipoise.streams.work import Given, Tools, Work

log = logging.getLogger(__name__)

REGISTRY_PAUSE_S: Final = 2.0  # on top of the registry client's own attempts
DELIVERED: Final = ("equipoise-merge", b"delivered")  # this stream promises no replay identity


class Partition:
    """A task, its outputs and its checkpoints."""

    def __init__(
        self, number: int, task: Work, read: Collection[str], writer: StateWriter, output: Output, tools: Tools
    ) -> None:
        """Partition `number` of the topics `read`; the task may know others, that were read once."""
        self.number = number
        self.read = frozenset(read)
        self.task = task
        self._writer = writer
        self._tools = tools
        self._output = output
        self._heartbeats = Heartbeats(tools.settings.delivery, tools.outgoing.instruments)
        self._wait_s = tools.settings.time.merge_wait_ms / 1000
        self._timer: asyncio.TimerHandle | None = None
        self._held: set[str] = set()
        self._unread: deque[Given] = deque()
        self._retry: asyncio.TimerHandle | None = None
        self._waits = False
        self._checkpoint = asyncio.Lock()
        self._arrivals = [Arrivals() for _ in task.topics]
        self._index = {topic: index for index, topic in enumerate(task.topics)}
        self._since_s: dict[str, float] = {}  # when waits began, by stage
        self.sealed: dict[str, int] = task.settled()
        self.sealed_s = time.monotonic()
        self._mark = 0  # what changed after it is not sealed
        self.closed = False

    def feed(self, given: Given) -> None:
        """Take records, each topic's in order. Raises DeliveryError.

        While the registry cannot be asked for a schema, they wait here, and nothing more is fetched.
        """
        self._unread.append(given)
        if self._retry is None:
            self._feed()

    def _feed(self) -> None:
        self._retry = None
        while self._unread and not self.closed:
            now_s = time.monotonic()
            try:
                step = self._step(self._unread[0], now_s)
            except RegistryError as why:
                log.warning("partition %d waits for the registry: %s", self.number, why)
                self._retry = asyncio.get_running_loop().call_later(REGISTRY_PAUSE_S, self._feed)
                self._since_s.setdefault("registry", now_s)
                self._hold_all(True)
                return
            self._since_s.pop("registry", None)
            given = self._unread.popleft()
            self._hold_all(self._output.full)
            self._publish(step, _newest_ms(given))
            self._release()

    def _step(self, given: Given, now_s: float) -> Step:
        if isinstance(given, RecordBatch):
            self._arrivals[self._index[given.topic]].came(given.next_offset - 1, given.arrived_ns)
            return self.task.feed_batch(given, now_s)
        for record in given:  # without our transport: what came before them is not known
            self._arrivals[self._index[record.topic]].came(record.offset, time.perf_counter_ns())
        return self.task.feed(given, now_s)

    async def beat(self) -> None:
        """Publish the heartbeats that are due."""
        outgoing = self._tools.outgoing
        for some in self._heartbeats.due(self._tools.clock_ns()):
            self._output.send([outgoing.record(schema, key, body, []) for schema, key, body in some])
            await asyncio.sleep(0)  # thousands may be due at once
            if self.closed:
                return

    async def checkpoint(self) -> None:
        """Seal everything settled so far.

        Raises:
            DeliveryError: outputs or state were not acknowledged.
            FencedError: the partition is somebody else's by now.
        """
        async with self._checkpoint:
            settled = self.task.settled()
            if self.closed or (settled == self.sealed and not self._output.unsealed):
                return
            began_s = self._since_s["checkpoint"] = time.monotonic()
            self.task.accounts()  # raises where a record has no outcome
            changes = self.task.changes(self._mark)
            stages = self._writer.stages(changes)
            try:
                offsets = {(topic, self.number): at for topic, at in settled.items() if topic in self.read}
                await self._output.seal(stages, offsets)
            finally:
                del self._since_s["checkpoint"]
            self.sealed, self.sealed_s, self._mark = settled, time.monotonic(), changes.mark
            self._tools.telemetry.checkpoint.add(int((self.sealed_s - began_s) * 1e9))
        if not self.closed:
            self._hold_all(self._retry is not None or self._output.full)

    @property
    def dirty(self) -> bool:
        """Whether there is something to seal."""
        return self.task.settled() != self.sealed or self._output.unsealed

    def holds(self, topic: str) -> bool:
        """Whether no more of this topic is to come for now."""
        return self._waits or topic in self._held

    def waits(self) -> Iterator[Wait]:
        """What this partition waits for."""
        for stage, since_s in self._since_s.items():
            told = f" ({self._output.stage})" if stage == "checkpoint" else ""
            yield Wait(stage, since_s, f"partition {self.number}{told}")

    def close(self) -> None:
        """Stop: nothing is published or sealed any more."""
        self.closed = True
        for timer in (self._timer, self._retry):
            if timer is not None:
                timer.cancel()
        self._output.close()

    def _publish(self, step: Step, stamp_ms: int) -> None:
        tools, outputs, now_ns = self._tools, step.outputs, self._tools.clock_ns()
        intents, letters = map(self._intent, step.intents), map(self._letter, step.dead)
        if outputs is not None and (len(outputs.signals) or len(outputs.windows)):
            extra = self._extra(now_ns, stamp_ms)
            blocks = tools.outgoing.blocks(outputs, self.task.topics, self.number, extra)
            tools.telemetry.published += self._output.publish(blocks)
            self._heartbeats.published(outputs, now_ns)
        if step.intents or step.dead:
            tools.telemetry.published += self._output.send(chain(intents, letters))
        if outputs is not None:
            self._book(outputs.signals)

    def _book(self, signals: NDArray[Any]) -> None:
        """How long the signals took since the records that triggered them were there."""
        now_ns = time.perf_counter_ns()
        for index, arrivals in enumerate(self._arrivals if len(signals) else ()):
            own = signals["offset"][signals["source"] == index]
            if len(own):
                arrivals.book(own, now_ns, self._tools.telemetry.decision)
        for topic, below in self.task.settled().items():
            self._arrivals[self._index[topic]].settled(below)

    def _intent(self, intent: Intent) -> OutRecord:
        headers = [*source_headers(self.task.topics[0], self.number), offset_header(intent.offset)]
        return self._tools.outgoing.record(INTENT, intent.key, intent.body, headers)

    def _letter(self, dead: Dead) -> OutRecord:
        tools, settings = self._tools, self._tools.settings
        most = settings.limits.letter_max_bytes
        return dead_letter(dead, settings.topics.dead_letters, self.number, tools.worker, most)

    def _extra(self, now_ns: int, stamp_ms: int) -> Headers:
        settings, extra = self._tools.settings, []
        lag_ms = now_ns // 1_000_000 - stamp_ms
        if stamp_ms >= 0 and lag_ms > settings.delivery.catching_up_ms:
            extra.append((CATCHING_UP, b"%d" % lag_ms))
        if settings.time.merge is Merge.DELIVERED:
            extra.append(DELIVERED)
        return extra

    def _release(self) -> None:
        """Let go of what need not wait, hold topics that run ahead, and look again when a wait is over."""
        merge = self.task.merge
        if merge.oldest_s() is not None:
            ended = self._ended()
            now_s = time.monotonic()
            self._publish(self.task.release(ended, now_s - self._wait_s), -1)
        self._hold()
        oldest = merge.oldest_s()
        if oldest is None or self._timer is not None or self.closed:
            return
        loop = asyncio.get_running_loop()
        # A topic that has not ended is waited for without limit, in looks this far apart.
        delay = max(oldest + self._wait_s - time.monotonic(), self._wait_s / 4)
        self._timer = loop.call_later(delay, self._again)

    def _again(self) -> None:
        self._timer = None
        if not self.closed:
            self._release()

    def _ended(self) -> list[int]:
        """Topics that have nothing more at the moment; what is not read any more never has."""
        task, source = self.task, self._tools.source
        return [
            index
            for index, topic in enumerate(task.topics)
            if topic not in self.read or source.ended(topic, self.number, task.position(topic))
        ]

    def _hold_all(self, held: bool) -> None:
        if held != self._waits:
            self._waits = held
            for topic in self.read:
                self._tools.source.hold(topic, self.number, held)

    def _hold(self) -> None:
        """Do not fetch further ahead in one topic than the limit, while the others catch up."""
        limit = self._tools.settings.limits.pending_records
        for index, topic in enumerate(self.task.topics):
            rows = self.task.merge.rows(index)
            if (rows > limit) != (topic in self._held) and (rows > limit or rows < limit // 2):
                self._tools.source.hold(topic, self.number, rows > limit)
                (self._held.add if rows > limit else self._held.discard)(topic)


def _newest_ms(given: Given) -> int:
    """Kafka's timestamp of the last record; -1: there is none."""
    if isinstance(given, RecordBatch):
        return int(given.timestamp_ms[-1]) if len(given) else -1
    return given[-1].timestamp_ms if given else -1
