"""Transactional mode: a partition's outputs, state and source offsets become visible together, or not at all.

Each source partition has a producer of its own, whose transactional id is that of the group and the partition.
Whoever takes the partition up initialises that id first: the brokers then abort what an earlier owner left open and
refuse whatever it still sends. Only then are state and offsets read (streams/runtime.py).

    idle ──first record──► open ──seal──► ending ──committed──► idle
                             ▲               │ abortable: abort, and send the same records again
                             └───────────────┘

Records that come while a transaction ends wait in memory for the next one. The records of the present one are kept
until its commit, since the brokers may ask for an abort for reasons that pass (a leader moved, a coordinator was
away): sending them again is enough, no state needs to go back. Past the time limit, or where the brokers say that
we are not the owner, everything is taken up afresh: then the commit's outcome is read, not guessed.

The offsets carry the group's generation and our member id as of the assignment, so that the brokers refuse the commit
of a worker that the group has given up, even before anybody else has initialised the id.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from equipoise.streams.blocks import Block, OutRecord, records_of
from equipoise.streams.delivery import (
    DeliveryError,
    FencedError,
    Offsets,
    Stage,
    producer_config,
)
from equipoise.streams.failpoints import reach
from equipoise.streams.retry import sentence
from equipoise.streams.settings import Settings

log = logging.getLogger(__name__)

POLL_S: Final = 0.02
CALL_S: Final = 5.0  # one call of the producer; where that is not enough it is repeated up to the limit
AGAIN_S: Final = 0.1
PATIENCE_S: Final = 3 * CALL_S  # with calls that end later than they say
CLOSE_S: Final = 0.5  # for an abort that the loop waits for
NOT_OURS: Final = frozenset({
    KafkaError._FENCED,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
    KafkaError.INVALID_PRODUCER_ID_MAPPING,
    KafkaError.UNKNOWN_PRODUCER_ID,
    KafkaError.INVALID_TXN_STATE,
})  # fmt: skip


def _noted(error: KafkaError) -> None:
    """Without this `poll` raises what the next call, or the records' own acknowledgements, say in their place."""
    log.debug("producer: %s", error)


def produce(producer: Producer, record: OutRecord) -> None:
    """Hand one record over; waits where the producer's buffer is full. Raises KafkaException."""
    headers: Any = record.headers
    while True:
        try:
            return producer.produce(record.topic, record.value, record.key, record.partition, headers=headers)
        except BufferError:  # the brokers are slower than we are: wait for room, so that memory stays bounded
            producer.poll(0.05)


class Transactions:
    """Makes transactional outputs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: list[TransactionalOutput] = []
        self._aborted = 0  # by outputs that are closed

    def open(self, name: str, member: bytes) -> "TransactionalOutput":
        """Blocking: fences whoever wrote as `name` before. Raises KafkaException."""
        output = TransactionalOutput(self._settings, f"{self._settings.kafka.group}-{name}", member)
        output.initialise()
        self._open.append(output)
        return output

    async def run(self) -> None:
        """Let the producers tell what became of their records; without it their queues would fill."""
        while True:
            self._aborted += sum(output.aborted for output in self._open if output.ended)
            self._open = [output for output in self._open if not output.ended]
            for output in self._open:
                output.poll()
            await asyncio.sleep(POLL_S)

    @property
    def aborted(self) -> int:
        """Transactions that were aborted and sent again."""
        return self._aborted + sum(output.aborted for output in self._open)

    def waiting(self) -> int:
        """Records that are not acknowledged."""
        return sum(output.waiting() for output in self._open)

    def close(self, timeout_s: float) -> int:
        """What is open is given up: nobody has seen it. Blocking: what stays open hides what others write behind it."""
        deadline = time.monotonic() + timeout_s
        for output in self._open:
            output.close()
            output.give_up(max(CLOSE_S, deadline - time.monotonic()))
        return 0


class TransactionalOutput:
    """One partition's producer and its present transaction."""

    def __init__(self, settings: Settings, transactional_id: str, member: bytes) -> None:
        delivery = settings.delivery
        self._id = transactional_id
        self._member = member
        self._timeout_s = delivery.ack_timeout_ms / 1000
        self._most = settings.limits.unsealed_records
        self._producer = Producer(
            producer_config(settings)
            | {
                "transactional.id": transactional_id,
                "transaction.timeout.ms": delivery.ack_timeout_ms,
                "delivery.report.only.error": True,
                "error_cb": _noted,
            },
            logger=log,
        )
        self._sent: list[OutRecord] = []  # in the present transaction
        self._next: list[OutRecord] = []  # for the one after it
        self._began = False
        self._ending = False
        self._failure: KafkaException | None = None  # of a record that the producer did not take
        self.closed = False
        self.aborted = 0
        self.stage = ""

    def initialise(self) -> None:
        """Fence earlier owners and end what they left open. Blocking. Raises KafkaException."""
        self._call(lambda: self._producer.init_transactions(CALL_S), time.monotonic() + self._timeout_s)

    @property
    def ended(self) -> bool:
        """Whether it is closed, and nothing of it open."""
        return self.closed and not (self._began or self._ending)

    @property
    def unsealed(self) -> bool:
        """Whether a transaction is open: until it ends nobody sees its records, nor what others wrote behind them."""
        return bool(self._sent or self._next)

    @property
    def full(self) -> bool:
        """Whether more waits than there is room for."""
        return len(self._sent) + len(self._next) > self._most

    def publish(self, blocks: Iterable[Block]) -> int:
        """As `send`."""
        return self.send(record for block in blocks for record in records_of(block))

    def send(self, records: Iterable[OutRecord]) -> int:
        """Into the present transaction, or the next one while that ends. Returns how many."""
        taken = list(records)
        if self._ending:
            self._next += taken
        else:
            self._take(taken)
        return len(taken)

    async def seal(self, state: Sequence[Stage], offsets: Offsets) -> None:
        """End the transaction with this state and these offsets in it. Raises DeliveryError, FencedError."""
        self._ending = True
        records = [record for stage in state for record in stage.records]
        ending = asyncio.get_running_loop().run_in_executor(None, self._end, records, offsets)
        ending.add_done_callback(self._ended)
        if not (await asyncio.wait({ending}, timeout=self._timeout_s + PATIENCE_S))[0]:
            raise FencedError(f"{self._id}: librdkafka does not come back ({self.stage}): taken up afresh")
        ending.result()

    def _ended(self, ending: "asyncio.Future[None]") -> None:
        """The thread is back, and nobody need wait for that: the producer is ours again."""
        self._ending, self.stage = False, ""
        if ending.exception() is None:
            self._sent, self._began, waiting, self._next = [], False, self._next, []
            if not self.closed:
                self._take(waiting)
        elif self.closed:  # while it could not be given up
            self.give_up(CLOSE_S)

    def poll(self) -> None:
        """Serve the producer's queue."""
        if not self._ending:
            self._poll()

    def waiting(self) -> int:
        """Records that are not acknowledged."""
        return len(self._producer)

    def close(self) -> None:
        """Give up what is open. The next owner ends it for the brokers, should our word not reach them.

        A `seal` that is going on makes no further attempts.
        """
        if not self.closed:
            self.give_up(CLOSE_S)
        self.closed = True

    def give_up(self, timeout_s: float) -> None:
        """Abort what is open, if that has not been done."""
        if self._began and not self._ending:
            try:
                self._producer.abort_transaction(timeout_s)
                self._began = False
            except KafkaException as why:
                self._began = why.args[0].retriable()  # else it is not ours any more
                log.warning("%s: not aborted: %s", self._id, sentence(why))

    def _take(self, records: list[OutRecord]) -> None:
        self._sent += records
        if records:
            self._produce(records)
            self._poll()

    def _poll(self) -> None:
        """It raises where we were fenced meanwhile: as with records that are refused, the end knows what to do."""
        try:
            self._producer.poll(0)
        except KafkaException as why:
            self._failure = self._failure or why

    def _produce(self, records: list[OutRecord]) -> None:
        """What goes wrong here comes up at the end of the transaction, which knows what to do about it."""
        if self._failure is None:
            try:
                if not self._began:
                    self._producer.begin_transaction()
                    self._began = True
                    reach("transaction.begun")
                for record in records:
                    produce(self._producer, record)
            except KafkaException as why:
                self._failure = why

    def _end(self, state: list[OutRecord], offsets: Offsets) -> None:
        """In a thread of its own; nothing else touches the producer until it returns."""
        deadline, self.stage = time.monotonic() + self._timeout_s, "records"
        self._sent += state
        self._produce(state)
        while True:
            try:
                self._commit(offsets, deadline)
                return
            except KafkaException as why:
                self._abort(why, deadline)
            self._produce(self._sent)

    def _commit(self, offsets: Offsets, deadline: float) -> None:
        if self._failure is not None:
            raise self._failure
        self.stage = "offsets"
        reach("transaction.state")
        places = [TopicPartition(topic, number, at) for (topic, number), at in offsets.items()]
        self._call(lambda: self._producer.send_offsets_to_transaction(places, self._member, CALL_S), deadline)
        self.stage = "commit"
        reach("transaction.offsets")
        self._call(lambda: self._producer.commit_transaction(CALL_S), deadline)
        reach("transaction.committed")

    def _abort(self, why: KafkaException, deadline: float) -> None:
        """After an error: abort, so that the same records can be sent again. Raises DeliveryError, FencedError."""
        error: KafkaError = why.args[0]
        self._stop_if_lost(error)
        self.stage = "abort"
        log.warning("%s: transaction is aborted and sent again: %s", self._id, sentence(why))
        try:
            self._call(lambda: self._producer.abort_transaction(CALL_S), deadline)
        except KafkaException as worse:
            self._stop_if_lost(worse.args[0])
            raise DeliveryError(f"{self._id}: {sentence(worse)}") from worse
        self._began, self._failure = False, None
        if self.closed:
            raise FencedError(f"{self._id}: given back before its transaction ended")
        if time.monotonic() > deadline:
            raise DeliveryError(f"{self._id}: {sentence(why)}")
        self.aborted += 1
        time.sleep(AGAIN_S)

    def _stop_if_lost(self, error: KafkaError) -> None:
        if error.code() in NOT_OURS:
            raise FencedError(f"{self._id}: {error.str()}")
        if error.code() == KafkaError._TIMED_OUT:  # its outcome is unknown: whoever takes up anew reads it
            raise FencedError(f"{self._id}: the transaction did not end within {self._timeout_s:g} s")
        hidden = error.code() in (KafkaError._STATE, KafkaError._FATAL)  # of a record: the abort says what is behind it
        if not hidden and (error.fatal() or not (error.txn_requires_abort() or error.retriable())):
            raise DeliveryError(f"{self._id}: {error.str()}")

    def _call(self, call: Callable[[], object], deadline: float) -> None:
        """Until it succeeds; an error that may pass is tried again up to the deadline. Raises KafkaException."""
        while True:
            try:
                call()
                return
            except KafkaException as why:
                if not why.args[0].retriable() or time.monotonic() > deadline or self.closed:
                    raise
            time.sleep(AGAIN_S)
