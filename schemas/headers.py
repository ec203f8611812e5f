"""Names of the Kafka headers that we write; values are UTF-8 text unless said otherwise.

What depends on the wall clock or on where a record lies travels here, never in a payload.
"""

from collections.abc import Iterable
from typing import Final

from equipoise.schemas.enums import Cause

SOURCE_TOPIC: Final = "equipoise-source-topic"
SOURCE_PARTITION: Final = "equipoise-source-partition"
SOURCE_OFFSET: Final = "equipoise-source-offset"
CATCHING_UP: Final = "equipoise-catching-up"  # present (value: lag in ms) while the worker's lag is over its limit

KEY_SCHEMA_ID: Final = "__key_schema_id"  # binary: byte 1 and a 16-byte GUID
VALUE_SCHEMA_ID: Final = "__value_schema_id"

# Dead letters: those of Kafka Streams 4.2 (KIP-1034), then our own.
ERROR_EXCEPTION: Final = "__streams.errors.exception"
ERROR_STACKTRACE: Final = "__streams.errors.stacktrace"
ERROR_MESSAGE: Final = "__streams.errors.message"
ERROR_TOPIC: Final = "__streams.errors.topic"
ERROR_PARTITION: Final = "__streams.errors.partition"
ERROR_OFFSET: Final = "__streams.errors.offset"
ERROR_CAUSE: Final = "equipoise-cause"
ERROR_SCHEMA_ID: Final = "equipoise-schema-id"
ERROR_TIMESTAMP_MS: Final = "equipoise-timestamp-ms"
ERROR_WORKER: Final = "equipoise-worker"

Headers = list[tuple[str, bytes]]


def source_headers(topic: str, partition: int) -> Headers:
    """In which log the record lies that triggered a signal; `offset_header` says where in it."""
    return [(SOURCE_TOPIC, topic.encode()), (SOURCE_PARTITION, b"%d" % partition)]


def offset_header(offset: int) -> tuple[str, bytes]:
    """The offset of the record that triggered a signal."""
    return SOURCE_OFFSET, b"%d" % offset


def dead_letter_headers(
    topic: str, partition: int, offset: int, cause: Cause, message: str, *, exception: str = "equipoise.Refusal"
) -> Headers:
    """The headers of a dead letter that the record DeadLetterHeaders documents; optional ones may be appended."""
    return [
        (ERROR_EXCEPTION, exception.encode()),
        (ERROR_MESSAGE, message.encode()),
        (ERROR_TOPIC, topic.encode()),
        (ERROR_PARTITION, b"%d" % partition),
        (ERROR_OFFSET, b"%d" % offset),
        (ERROR_CAUSE, cause.name.encode()),
    ]


def header(headers: Iterable[tuple[str, bytes | None]] | None, name: str) -> bytes | None:
    """The last header of that name, as Kafka clients read repeated ones; None where there is none."""
    found = None
    for key, value in headers or ():
        if key == name:
            found = value
    return found
