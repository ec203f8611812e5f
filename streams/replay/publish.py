"""Sends messages to Kafka and knows what became of each."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from equipoise.schemas.codec import schema_text
from equipoise.schemas.headers import Headers
from equipoise.schemas.local import SchemaSource
from equipoise.schemas.wire import id_header, prefix
from equipoise.streams.clients import librdkafka
from equipoise.streams.replay.messages import Message
from equipoise.streams.settings import Settings, WireFormat

log = logging.getLogger(__name__)
EVERY: Final = 1_000  # messages between two looks at acknowledgements


class PublishError(RuntimeError):
    """Nothing can be sent: the brokers do not answer, or a topic is missing. The message says what to do."""


def check_topics(settings: Settings, topics: Iterable[str]) -> None:
    """Raise PublishError, in one sentence, where the brokers do not answer or a topic is not there."""
    kafka = settings.kafka
    try:
        found = AdminClient(librdkafka(kafka), logger=log).list_topics(timeout=kafka.request_timeout_ms / 1000).topics
    except KafkaException as why:
        raise PublishError(f"kafka.bootstrap {kafka.bootstrap}: {why.args[0].str()}; is a broker running?") from why
    missing = [topic for topic in topics if topic not in found or found[topic].error is not None]
    if missing:
        raise PublishError(
            f"no topic {', '.join(missing)} at {kafka.bootstrap}: make it with `equipoise topics create` "
            "(the names come from topics.orders, topics.mempool and topics.instruments)"
        )


class Publisher:
    """An idempotent producer with counters: `sent`, `acknowledged`, and `failures` by reason."""

    def __init__(self, settings: Settings, schemas: SchemaSource) -> None:
        self.sent: Counter[str] = Counter()  # by topic
        self.acknowledged: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._schemas = schemas
        self._in_header = settings.delivery.wire_format is WireFormat.HEADER
        self._frames: dict[tuple[str, str], tuple[bytes, Headers]] = {}
        self._timeout_s = settings.delivery.ack_timeout_ms / 1000
        self._producer = Producer(
            librdkafka(settings.kafka)
            | {
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 20,  # full batches: a recording is not urgent
                "compression.type": settings.delivery.compression,
                "partitioner": "murmur2_random",  # as Java's, so that keys meet whoever wrote them
                "delivery.timeout.ms": settings.delivery.ack_timeout_ms,
                "request.timeout.ms": min(settings.kafka.request_timeout_ms, settings.delivery.ack_timeout_ms),
                "message.max.bytes": 2 * settings.limits.record_max_bytes,
            },
            logger=log,
        )

    def send(self, messages: Iterable[Message], progress: Callable[[int], None] | None = None) -> None:
        """Send all of them, waiting where the producer's buffer is full; `flush` afterwards."""
        count = 0
        for message in messages:
            self._produce(message)
            count += 1
            if count % EVERY == 0:
                self._producer.poll(0)
                if progress:
                    progress(count)
        if progress:
            progress(count)

    def poll(self, seconds: float) -> None:
        """Pass time while acknowledgements are looked at."""
        self._producer.poll(seconds)

    def flush(self) -> int:
        """Wait for the acknowledgements; returns how many messages have none. Their reasons are in `failures`."""
        waiting = int(self._producer.flush(self._timeout_s))
        if waiting:
            self.failures[f"no acknowledgement within {self._timeout_s:g} s"] += waiting
        return sum(self.failures.values())

    def _produce(self, message: Message) -> None:
        lead, headers = self._frame(message)
        self.sent[message.topic] += 1
        arguments: dict[str, Any] = {"headers": headers} if headers else {}
        while True:
            try:
                self._producer.produce(
                    message.topic, lead + message.body, message.key, on_delivery=self._delivered, **arguments
                )
                return
            except BufferError:
                self._producer.poll(0.1)

    def _frame(self, message: Message) -> tuple[bytes, Headers]:
        if not message.schema:
            return b"", []
        place = message.topic, message.schema
        if place not in self._frames:
            number = self._schemas.register(f"{message.topic}-value", schema_text(message.schema))
            self._frames[place] = (b"", [id_header(number)]) if self._in_header else (prefix(number), [])
        return self._frames[place]

    def _delivered(self, error: KafkaError | None, message: Any) -> None:
        if error is None:
            self.acknowledged[message.topic()] += 1
        else:
            self.failures[f"{message.topic()}: {error.str()}"] += 1
