"""Instruments from a file and from the compacted topic, while the worker runs.

An index once given stays; a definition may be replaced, a tombstone delists. Records of what is not
listed are flagged as UNKNOWN_INSTRUMENT and counted.
"""

import json
import logging
import threading
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import BookSource
from equipoise.schemas.errors import SchemasError
from equipoise.schemas.local import SchemaSource
from equipoise.schemas.wire import split
from equipoise.streams.clients import librdkafka
from equipoise.streams.retry import sentence
from equipoise.streams.settings import Settings

log = logging.getLogger(__name__)

_DECIMALS: Final = ("tick", "lot", "multiplier")
_TEXTS: Final = ("venue", "symbol", "contract", "underlying", "base", "quote", "settlement")
_NEVER: Final = 1 << 63
_RETRY_S: Final = 1.0
_TIMES: Final = ("session_ns", "effective_from_ns")


class ListingError(ValueError):
    """An instrument's definition cannot be used; the message names the field and the value."""


def instrument_from(fields: Mapping[str, Any]) -> Instrument:
    """An instrument from a table of a file or an Instrument record; numbers as exact decimal text.

    Raises:
        ListingError: a field is missing or not what it must be.
    """
    name = f"{fields.get('venue')}:{fields.get('symbol')}"
    values: dict[str, Any] = {key: fields[key] for key in (*_TEXTS, *_TIMES) if key in fields}
    for key in _DECIMALS:
        if key in fields:
            values[key] = _positive(name, key, fields[key])
    if "book_source" in fields:
        if fields["book_source"] not in BookSource.__members__:
            raise ListingError(f"{name}: book_source {fields['book_source']!r}, must be one of BBO, L2, L3, NONE")
        values["book_source"] = BookSource[fields["book_source"]]
    values["contract"] = values.get("contract", "linear").lower()
    missing = [key for key in ("venue", "symbol", "tick", "lot") if not values.get(key)]
    if missing:
        raise ListingError(f"{name}: {missing[0]} is missing")
    return Instrument(**values)


def _positive(name: str, key: str, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ListingError(f"{name}: {key} {value!r}, must be a decimal number") from None
    if not number.is_finite() or number <= 0:
        raise ListingError(f"{name}: {key} {value!r}, must be > 0")
    return number


def read_instruments(path: Path) -> list[Instrument]:
    """Instruments of a TOML (`[[instruments]]`) or JSON (a list, or {"instruments": […]}) file.

    Raises:
        ListingError: the file, or an instrument in it, cannot be used.
    """
    text = path.read_text()
    try:
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as why:
        raise ListingError(f"{path}: {why}") from why
    listed = found.get("instruments") if isinstance(found, dict) else found
    if not isinstance(listed, list):
        raise ListingError(f"{path}: no list of instruments; write [[instruments]] before each")
    return [instrument_from(fields) for fields in listed]


class Listing:
    """Follows the compacted topic in a thread; `loaded` once its present end has been reached."""

    def __init__(self, settings: Settings, instruments: Instruments, schemas: SchemaSource) -> None:
        self._settings = settings
        self._topic = settings.topics.instruments
        self._instruments = instruments
        self._schemas = schemas
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="equipoise-listing", daemon=True)
        self.loaded = threading.Event()

    def start(self) -> None:
        """List what the file has, and begin to follow the topic."""
        if self._settings.instruments.file:
            for instrument in read_instruments(self._settings.instruments.file):
                self._instruments.add(instrument)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._read()
            except KafkaException as why:
                log.warning("instruments topic %s: %s; trying again", self._topic, sentence(why))
                self._stop.wait(_RETRY_S)

    def _read(self) -> None:
        """All that the topic has, and what comes, until told to stop."""
        consumer = Consumer(
            librdkafka(self._settings.kafka)
            | {"group.id": f"{self._settings.kafka.group}-listing", "enable.auto.commit": False,
               "enable.partition.eof": True, "fetch.wait.max.ms": 500}
        )  # fmt: skip
        try:
            parts = consumer.list_topics(self._topic, timeout=10).topics[self._topic].partitions
            places = [TopicPartition(self._topic, number, OFFSET_BEGINNING) for number in parts]
            ends = _ends(consumer, places)
            consumer.assign(places)
            while not self._stop.is_set():
                if not ends:
                    self.loaded.set()
                message: Any = consumer.poll(0.25)
                if message is None:
                    continue
                error = message.error()
                if error is None:
                    self._take(message.key(), message.value(), message.headers() or ())
                    _reached(ends, message)
                elif error.code() == KafkaError._PARTITION_EOF:  # compaction, or markers, may leave nothing at the end
                    ends.pop(message.partition(), None)
        finally:
            consumer.close()

    def _take(self, key: bytes | None, value: bytes | None, headers: Any) -> None:
        name = (key or b"").decode(errors="replace")
        if value is None:
            if self._instruments.delist(name):
                log.info("%s is delisted: its records are flagged UNKNOWN_INSTRUMENT from here on", name)
            return
        try:
            instrument = instrument_from(self._fields(value, headers))
        except (ListingError, SchemasError, ValueError) as why:
            log.warning("instruments topic, key %r: %s", name, why)
            return
        if len(self._instruments) < self._settings.limits.instruments:
            self._instruments.add(instrument)
        else:
            log.warning("%s is not listed: limits.instruments is %d", name, self._settings.limits.instruments)

    def _fields(self, value: bytes, headers: Any) -> Mapping[str, Any]:
        if value[:1] == b"{":
            fields: Mapping[str, Any] = json.loads(value)
            return fields
        schema_id, body = split(value, headers)
        return codec.decode("Instrument", body, self._schemas.writer(schema_id))


def _ends(consumer: Consumer, places: Iterable[TopicPartition]) -> dict[int, int]:
    """Where each partition that holds anything ends. A fetch at the end would say so, and only after its whole wait."""
    found = {place.partition: consumer.get_watermark_offsets(place, timeout=10) for place in places}
    return {partition: high for partition, (low, high) in found.items() if low < high}


def _reached(ends: dict[int, int], message: Any) -> None:
    if message.offset() + 1 >= ends.get(message.partition(), _NEVER):
        del ends[message.partition()]
