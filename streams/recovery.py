"""At assignment: read the partition's state to its end, and say where its sources continue."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from equipoise.streams.clients import librdkafka
from equipoise.streams.settings import Settings, Start
from equipoise.streams.state_rows import Recovered, select
from equipoise.streams.task import PARTITION_ROW, split_partition_row

log = logging.getLogger(__name__)

WARM_HALF_LIVES: Final = 10
FETCH_WAIT_MS: Final = 20  # a fetch of nothing says that a partition has ended; by default that takes half a second
_POLL_RECORDS: Final = 1_000
_POLL_S: Final = 0.05  # it waits so long for that many, also where the end is reached before


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a partition starts from."""

    recovered: Recovered
    topics: list[str]  # topics of the task, those of the state first
    offsets: dict[str, int]  # the next record of each


class TruncatedError(RuntimeError):
    """An input's log no longer has what the state has counted."""


class Reader:
    """Blocking reads of single partitions, outside of any group. Use it in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._timeout_s = settings.kafka.request_timeout_ms / 1000
        self._admin = AdminClient(librdkafka(settings.kafka), logger=log)
        self._consumer = Consumer(
            librdkafka(settings.kafka)
            | {
                "group.id": settings.kafka.group,  # asked for its commits only: nothing is subscribed or committed
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": FETCH_WAIT_MS,
                "fetch.queue.backoff.ms": FETCH_WAIT_MS,  # its queue is full of state all the time: else waits of 1 s
            },
            logger=log,
        )

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def records(self, topic: str, partition: int) -> Iterator[tuple[bytes, bytes | None]]:
        """Key and value of every committed record of a partition up to its present end. Raises KafkaException.

        Another owner's open transaction hides what was committed after it began; it is waited for, since it ends
        when that owner goes on, is fenced, or takes too long for the brokers.
        """
        place = TopicPartition(topic, partition)
        low, _ = self._consumer.get_watermark_offsets(place, timeout=self._timeout_s)
        high = self._end(place)
        if low >= high:
            return
        self._consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        try:
            while True:
                for message in self._consumer.consume(_POLL_RECORDS, timeout=_POLL_S):
                    error = message.error()
                    if error is not None and error.code() == KafkaError._PARTITION_EOF:
                        if (message.offset() or 0) >= high:
                            return
                        log.info("%s[%d]: waits for a transaction at %s", topic, partition, message.offset())
                        continue
                    if error is not None:
                        raise KafkaException(error)
                    yield message.key() or b"", message.value()
        finally:
            self._consumer.unassign()

    def _end(self, place: TopicPartition) -> int:
        """The end with open transactions in it: a consumer that reads committed records is told where they begin."""
        asked = {place: OffsetSpec.latest()}  # type: ignore[no-untyped-call]
        level, limit_s = IsolationLevel.READ_UNCOMMITTED, self._timeout_s
        found = self._admin.list_offsets(asked, isolation_level=level, request_timeout=limit_s)
        offset = int(found[place].result().offset)  # its own time limit is a KafkaException, which is tried again
        if offset < 0:  # it gives that as an answer where the leader has just moved
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE, f"{place.topic}: no end is known yet"))
        return offset

    def committed(self, topics: Sequence[str], partition: int) -> dict[str, int]:
        """What the group committed, by topic; topics without a commit are left out."""
        asked = [TopicPartition(topic, partition) for topic in topics]
        found = self._consumer.committed(asked, timeout=self._timeout_s)
        return {place.topic: place.offset for place in found if place.offset >= 0}

    def first_start(self, topic: str, partition: int) -> int:
        """Where a group with neither state nor commit begins, as `delivery.start` says."""
        place = TopicPartition(topic, partition)
        low, high = self._consumer.get_watermark_offsets(place, timeout=self._timeout_s)
        start = self._settings.delivery.start
        if start is Start.EARLIEST or low >= high:
            return low
        if start is Start.LATEST:
            return high
        stamp = self._last_stamp_ms(topic, partition, high)
        if stamp is None:
            return high
        found = self._consumer.offsets_for_times(
            [TopicPartition(topic, partition, max(0, stamp - warm_ms(self._settings)))], timeout=self._timeout_s
        )
        offset = found[0].offset
        return max(low, offset) if offset >= 0 else low

    def in_log(self, topic: str, partition: int, offset: int) -> int:
        """The offset, or the log's beginning where it was deleted up to there. Raises TruncatedError."""
        place = TopicPartition(topic, partition)
        low, _ = self._consumer.get_watermark_offsets(place, timeout=self._timeout_s)
        high = self._end(place)
        if offset > high:
            raise TruncatedError(
                f"{topic}[{partition}]: the state continues at offset {offset}, but the log ends at {high}: it "
                "was cut, or the topic made anew, and the state has counted records that are gone. Begin with another "
                "kafka.group and topics.state"
            )
        if offset < low:
            log.error(
                "%s[%d]: offsets %d to %d were deleted before they were read: continuing at %d",
                topic, partition, offset, low - 1, low,
            )  # fmt: skip
        return max(offset, low)

    def end(self, topic: str, partition: int) -> int:
        """Behind the last record that a reader of committed data gets."""
        _, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=self._timeout_s)
        return int(high)

    def newest_ms(self, topic: str, partition: int) -> int | None:
        """Kafka's stamp of the last record, None: there is none."""
        _, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=self._timeout_s)
        return self._last_stamp_ms(topic, partition, high) if high > 0 else None

    def _last_stamp_ms(self, topic: str, partition: int, high: int) -> int | None:
        self._consumer.assign([TopicPartition(topic, partition, high - 1)])
        try:
            message = self._consumer.poll(2.0)  # what is left of the partition's end may be markers only
            if message is None or message.error() is not None:
                return None
            stamp: int = message.timestamp()[1]
            return stamp
        finally:
            self._consumer.unassign()


def warm_ms(settings: Settings) -> int:
    """How far before the end a first start begins: ten of the longest half-life."""
    measures = settings.measures
    longest = max(
        measures.depth_1_half_life_ms,
        measures.depth_10_half_life_ms,
        measures.queue_half_life_ms,
        measures.ofi_half_life_ms,
        measures.cvd_half_life_ms,
    )
    return WARM_HALF_LIVES * longest


def begin(settings: Settings, topics: Sequence[str], partition: int, owner: str = "") -> Beginning:
    """Read the state and decide the offsets. Blocking.

    Raises:
        KafkaException: a broker, topic or permission is missing.
        TruncatedError: an input's log ends below where the state continues.
        StateDamagedError: the newest closed state cannot be read.
        ValueError: it is of another version.
    """
    with Reader(settings) as reader:
        recovered = select(reader.records(settings.topics.state, partition), owner)
        known = _known(recovered)
        committed = reader.committed(topics, partition)
        offsets = {topic: _offset(topic, partition, known, committed, reader) for topic in topics}
        offsets = {topic: reader.in_log(topic, partition, offset) for topic, offset in offsets.items()}
    return Beginning(recovered, [*known, *(topic for topic in topics if topic not in known)], {**known, **offsets})


def _known(recovered: Recovered) -> dict[str, int]:
    if not recovered.rows:
        return {}
    header, _ = split_partition_row(recovered.rows[PARTITION_ROW])
    return dict(zip(header["topics"], header["offsets"], strict=True))


def _offset(topic: str, partition: int, known: Mapping[str, int], committed: Mapping[str, int], reader: Reader) -> int:
    if topic in known:
        if committed.get(topic, known[topic]) > known[topic]:
            log.warning(
                "%s[%d]: committed %d, but the state ends at %d: continuing from the state",
                topic, partition, committed[topic], known[topic],
            )  # fmt: skip
        return known[topic]
    if topic in committed:
        log.info("%s[%d]: committed %d, but no state: measures start afresh", topic, partition, committed[topic])
        return committed[topic]
    return reader.first_start(topic, partition)
