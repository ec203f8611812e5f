"""What cannot be read goes out as it came, with headers that say why and where it lay."""

from typing import Final

from equipoise.schemas.headers import (
    ERROR_SCHEMA_ID,
    ERROR_TIMESTAMP_MS,
    ERROR_WORKER,
    VALUE_SCHEMA_ID,
    dead_letter_headers,
    header,
)
from equipoise.streams.blocks import OutRecord
from equipoise.streams.task import Dead

CUT_FROM: Final = "equipoise-cut-from-bytes"
_ID_LENGTH: Final = 5


def dead_letter(dead: Dead, topic: str, partition: int, worker: str, max_bytes: int) -> OutRecord:
    """The original key, value and headers, and after them the reason. Its key decides its partition.

    Args:
        dead: the refused record; one without its bytes gives an empty letter.
        topic: of the dead letters.
        partition: where the record lay.
        worker: who refused it.
        max_bytes: a longer value is cut, and a header says how long it was: a letter that the brokers refuse
            would stop the stream.
    """
    record = dead.record
    headers = list(record.headers) if record else []
    headers += dead_letter_headers(dead.topic, partition, dead.offset, dead.cause, dead.detail or dead.cause.name)
    headers.append((ERROR_WORKER, worker.encode()))
    if record is None:
        return OutRecord(topic, None, None, headers)
    headers.append((ERROR_TIMESTAMP_MS, b"%d" % record.timestamp_ms))
    if (value := record.value) and len(value) >= _ID_LENGTH and value[0] == 0 and not header(headers, VALUE_SCHEMA_ID):
        headers.append((ERROR_SCHEMA_ID, b"%d" % int.from_bytes(value[1:_ID_LENGTH], "big")))
    if record.value is not None and len(record.value) > max_bytes:
        headers.append((CUT_FROM, b"%d" % len(record.value)))
        return OutRecord(topic, record.key, record.value[:max_bytes], headers)
    return OutRecord(topic, record.key, record.value, headers)
