"""A signal of a worker, found on its topics and recomputed from the records it was made of."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instruments
from equipoise.schemas import codec
from equipoise.schemas.headers import SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC, header
from equipoise.schemas.local import SchemaSource
from equipoise.schemas.wire import split
from equipoise.streams.clients import librdkafka
from equipoise.streams.inputs import make_decoder
from equipoise.streams.intents import IntentDecoder
from equipoise.streams.listing import Listing
from equipoise.streams.records import Decoder, RawRecord
from equipoise.streams.recovery import Reader
from equipoise.streams.replay.backtest import WatchedEngine
from equipoise.streams.replay.explain import ExplainError, Explanation, Found, Range
from equipoise.streams.replay.trail import SignalId, Trail
from equipoise.streams.settings import Settings
from equipoise.streams.settings.engine import engine_settings
from equipoise.streams.state_rows import select
from equipoise.streams.task import PARTITION_ROW, Task, split_partition_row
from equipoise.streams.topics import Topics, inputs

log = logging.getLogger(__name__)
POLL_RECORDS: Final = 5_000
POLL_S: Final = 1.0


def on_topics(settings: Settings, schemas: SchemaSource, signal_id: str) -> list[Found]:
    """Every published record with this id, whatever its revision.

    Raises:
        ExplainError: the topics have none.
        KafkaException: the brokers do not answer.
    """
    topics = settings.topics
    names = {
        "SpreadSignal": topics.spread_signals,
        "FeeSignal": topics.fee_signals,
        "ImbalanceWindow": topics.imbalance,
    }
    found = []
    existing = Topics(settings).partitions()
    for schema, topic in names.items():
        places = [TopicPartition(topic, number) for number in range(existing.get(topic, 0))]
        for message in _messages(settings, places, {}):
            if signal_id.encode() in (message.value() or b""):
                found += _found(message, schema, schemas, signal_id)
    if not found:
        raise ExplainError(f"no signal {signal_id} on {', '.join(names.values())}: never published, or past retention")
    unique = {(one.schema, one.revision): one for one in found}
    return sorted(unique.values(), key=lambda one: (one.revision, one.schema))


def _found(message: Any, schema: str, schemas: SchemaSource, signal_id: str) -> list[Found]:
    headers = message.headers() or []
    schema_id, body = split(message.value(), headers)
    record = codec.decode(schema, body, schemas.writer(schema_id))
    if record["id"] != signal_id:  # a heartbeat that names it
        return []
    topic, partition, offset = (header(headers, name) for name in (SOURCE_TOPIC, SOURCE_PARTITION, SOURCE_OFFSET))
    if topic is None or partition is None or offset is None:
        raise ExplainError(f"{signal_id}: the published record has no {SOURCE_TOPIC} header: another program wrote it")
    return [Found(schema, record["revision"], body, topic.decode(), int(partition), int(offset), record)]


def from_kafka(
    settings: Settings, schemas: SchemaSource, signal_id: str, published: list[Found], keep: int
) -> Explanation:
    """Read the partition again from where the worker began, until the signal comes again.

    Raises:
        SignalIdError: the text is no id.
        ExplainError: the record that caused the signal is no longer there, or the instrument is not listed.
        KafkaException: the brokers do not answer.
    """
    wanted, number = SignalId.parse(signal_id), published[0].partition
    instruments = _instruments(settings, schemas)
    if wanted.find(instruments) < 0:
        raise ExplainError(f"{wanted.key} is not listed on {settings.topics.instruments} any more")
    decoders = _decoders(settings, schemas, instruments)
    topics, starts = began(settings, number, sorted(decoders))
    ranges = kept(settings, topics, number, starts)
    for one in published:
        own = next((part for part in ranges if part.topic == one.topic), None)
        if own is not None and one.offset < own.oldest:
            raise ExplainError(
                f"{one.topic}[{number}] no longer holds offset {one.offset}, which caused {signal_id}: "
                f"its oldest record is {own.oldest}"
            )
    engine = engine_settings(settings)
    trail = Trail(wanted, instruments, keep, engine.time.window_ns)
    watched = WatchedEngine(Engine(instruments, engine, len(topics)), [trail])
    task = Task(topics, watched, decoders, idle_ns=engine.time.idle_ns)
    task.start_at({part.topic: max(part.first, part.oldest) for part in ranges})
    for records in _batches(settings, ranges):
        task.feed(records)
        if trail.done:
            break
    else:
        task.flush()
    return Explanation(wanted, published, trail.found, ranges, topics)


def began(settings: Settings, partition: int, topics: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """Topics of the worker's task and the offset at which it first began each; without state, the beginning.

    The checkpoint says where each topic was and how many records that took.
    """
    with Reader(settings) as reader:
        rows = select(reader.records(settings.topics.state, partition)).rows
    if not rows:
        return list(topics), dict.fromkeys(topics, 0)
    head, _ = split_partition_row(rows[PARTITION_ROW])
    known: list[str] = head["topics"]
    starts = {
        topic: offset - account["in"]
        for topic, offset, account in zip(known, head["offsets"], head["accounts"], strict=True)
    }
    return known, starts


def kept(settings: Settings, topics: Sequence[str], partition: int, starts: Mapping[str, int]) -> list[Range]:
    """What the source still holds of each topic. Raises KafkaException."""
    consumer = _consumer(settings)
    try:
        ranges = []
        for topic in topics:
            low, high = consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=settings.kafka.request_timeout_ms / 1000
            )
            ranges.append(Range(topic, partition, starts[topic], low, high - 1))
        return ranges
    finally:
        consumer.close()


def _instruments(settings: Settings, schemas: SchemaSource) -> Instruments:
    instruments = Instruments()
    listing = Listing(settings, instruments, schemas)
    listing.start()
    try:
        if not listing.loaded.wait(settings.kafka.request_timeout_ms / 1000):
            raise ExplainError(f"{settings.topics.instruments} could not be read in time")
    finally:
        listing.stop()
    return instruments


def _decoders(settings: Settings, schemas: SchemaSource, instruments: Instruments) -> dict[str, Decoder]:
    read = inputs(settings, Topics(settings).partitions())
    found: dict[str, Decoder] = {one.topic: make_decoder(one, settings, instruments, schemas) for one in read}
    if settings.topics.mempool:
        found[settings.topics.intents] = IntentDecoder(instruments, schemas)
    return found


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        librdkafka(settings.kafka)
        | {
            "group.id": f"{settings.kafka.group}-explain",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        },
        logger=log,
    )


def _messages(settings: Settings, places: Sequence[TopicPartition], starts: Mapping[str, int]) -> Iterator[Any]:
    """All messages of some partitions from `starts` (default: the beginning) to their present ends."""
    consumer = _consumer(settings)
    timeout_s = settings.kafka.request_timeout_ms / 1000
    try:
        left = set()
        for place in places:
            low, high = consumer.get_watermark_offsets(place, timeout=timeout_s)
            place.offset = max(low, starts.get(place.topic, low))
            if place.offset < high:
                left.add((place.topic, place.partition))
        consumer.assign([place for place in places if (place.topic, place.partition) in left])
        while left:
            for message in consumer.consume(POLL_RECORDS, timeout=POLL_S):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard((message.topic(), message.partition()))
                else:
                    raise KafkaException(error)
    finally:
        consumer.close()


def _batches(settings: Settings, ranges: Sequence[Range]) -> Iterator[list[RawRecord]]:
    places = [TopicPartition(part.topic, part.partition) for part in ranges]
    batch: list[RawRecord] = []
    for message in _messages(settings, places, {part.topic: part.first for part in ranges}):
        batch.append(
            RawRecord(
                message.topic(),
                message.partition(),
                message.offset(),
                message.key(),
                message.value(),
                message.headers() or (),
                message.timestamp()[1],
            )
        )
        if len(batch) == POLL_RECORDS:
            yield batch
            batch = []
    if batch:
        yield batch
