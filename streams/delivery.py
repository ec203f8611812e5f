"""The producer: idempotent, and able to say when all that was sent up to a point is acknowledged."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from equipoise.streams.clients import librdkafka
from equipoise.streams.outgoing import OutRecord
from equipoise.streams.settings import Settings

log = logging.getLogger(__name__)

MESSAGE_MAX_BYTES: Final = 64 << 20  # ours only: what is too large for the brokers they say themselves
BUSY_POLL_S: Final = 0.001  # between looks at acknowledgements while some are due; not in the path of a signal
IDLE_POLL_S: Final = 0.02


class DeliveryError(RuntimeError):
    """Outputs were not acknowledged. The worker stops; what follows the last checkpoint is repeated."""


class Pending:
    """Records sent since some point, and how many of them are not acknowledged."""

    def __init__(self) -> None:
        self.count = 0
        self.failure: str = ""
        self._empty: asyncio.Future[None] | None = None

    def acknowledged(self, error: KafkaError | None, message: Any) -> None:
        """Callback of the producer, one a record."""
        self.count -= 1
        if error is not None and not self.failure:
            self.failure = f"topic {message.topic()}: {error.str()}"
        if self._empty is not None and not self._empty.done() and (self.count == 0 or self.failure):
            self._empty.set_result(None)

    async def drained(self, timeout_s: float) -> None:
        """Return once every record is acknowledged.

        Raises:
            DeliveryError: one was refused, or the time is over.
        """
        if self.count and not self.failure:
            self._empty = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(self._empty, timeout_s)
            except TimeoutError:
                raise DeliveryError(f"{self.count} outputs are unacknowledged after {timeout_s:g} s") from None
        if self.failure:
            raise DeliveryError(self.failure)


class Delivery:
    """A worker's producer. `run` must be going for acknowledgements to be seen."""

    def __init__(self, settings: Settings) -> None:
        delivery = settings.delivery
        self._producer = Producer(
            librdkafka(settings.kafka)
            | {
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": delivery.linger_ms,
                "compression.type": delivery.compression,
                "partitioner": "murmur2_random",  # as Java's, so that keys meet whoever wrote them
                "delivery.timeout.ms": delivery.ack_timeout_ms,
                "request.timeout.ms": min(settings.kafka.request_timeout_ms, delivery.ack_timeout_ms),
                "queue.buffering.max.messages": 500_000,
                "message.max.bytes": MESSAGE_MAX_BYTES,
            },
            logger=log,
        )

    def send(self, records: Iterable[OutRecord], pending: Pending) -> int:
        """Hand records to the producer, in order; waits only where its buffer is full. Returns how many."""
        sent = 0
        for record in records:
            self._produce(record, pending)
            sent += 1
        self._producer.poll(0)
        return sent

    async def run(self) -> None:
        """See acknowledgements until cancelled."""
        while True:
            self._producer.poll(0)
            await asyncio.sleep(BUSY_POLL_S if len(self._producer) else IDLE_POLL_S)

    def close(self, timeout_s: float) -> int:
        """Send what is left; returns how many records could not be sent in time."""
        return int(self._producer.flush(timeout_s))

    def _produce(self, record: OutRecord, pending: Pending) -> None:
        place: dict[str, Any] = {} if record.partition < 0 else {"partition": record.partition}
        headers: Any = record.headers
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    record.value,
                    record.key,
                    headers=headers,
                    on_delivery=pending.acknowledged,
                    **place,
                )
            except BufferError:  # the brokers are slower than we are: wait for room, so that memory stays bounded
                self._producer.poll(0.05)
            except KafkaException as error:
                raise DeliveryError(f"topic {record.topic}: {error.args[0].str()}") from error
            else:
                pending.count += 1
                return
