"""What a topic's own place says about its records: its venue, symbol and channel, and Kafka's stamp."""

from dataclasses import dataclass

from equipoise.processors.columns import NULL
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.bounds import TIME_END_NS, TIME_FIRST_NS


@dataclass(frozen=True, slots=True)
class Origin:
    """For records that do not say it themselves: from the settings, or from groups of a topic's pattern."""

    topic: str = ""
    venue: str = ""
    symbol: str = ""
    channel: str = ""
    checksum: bool = True  # check the venue's checksums of the book, where records carry them


def kafka_stamp_ns(record: RawRecord) -> int:
    """The record's Kafka timestamp, NULL where it has none that could be an arrival."""
    stamp = record.timestamp_ms * 1_000_000
    return stamp if TIME_FIRST_NS <= stamp < TIME_END_NS else NULL
