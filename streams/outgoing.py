"""From what a task gave to Kafka records: topic, key, payload behind its schema id, headers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from equipoise.processors.columns import Outputs
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.headers import Headers, source_headers
from equipoise.schemas.row_writer import encode_fee_signal, encode_spread_signal, encode_window
from equipoise.streams.settings import Topics

SPREAD: Final = "SpreadSignal"
FEE: Final = "FeeSignal"
WINDOW: Final = "ImbalanceWindow"
INTENT: Final = "SwapIntent"
WRITTEN: Final = (SPREAD, FEE, WINDOW, INTENT)
EMITS: Final = ((1, SPREAD, encode_spread_signal), (2, FEE, encode_fee_signal))

Encode = Callable[[Any, Any, Instrument, tuple[str, ...]], bytes]


@dataclass(slots=True)
class OutRecord:
    """One record to be published. `partition` -1: the key decides, as Java clients would."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = -1


class Framing(Protocol):
    """Puts a schema id before a payload, or into a header."""

    def __call__(self, schema: str, body: bytes, headers: Headers) -> tuple[bytes, Headers]:
        """The value and headers to publish."""
        ...


def payloads(outputs: Outputs, instruments: Instruments) -> Iterator[tuple[str, Instrument, bytes, int, int]]:
    """Every payload of a step in order: schema, instrument, Avro body, source and offset that triggered it."""
    names = outputs.names
    for window, measures in zip(outputs.windows, outputs.measures.tolist(), strict=True):
        instrument = instruments[int(window["instrument"])]
        body = encode_window(window, instrument, measures, names.measures)
        yield WINDOW, instrument, body, int(window["source"]), int(window["offset"])
    for signal, components in zip(outputs.signals, outputs.components, strict=True):
        instrument = instruments[int(signal["instrument"])]
        for bit, schema, encode in EMITS:
            if signal["emits"] & bit:
                body = encode(signal, components, instrument, names.components)
                yield schema, instrument, body, int(signal["source"]), int(signal["offset"])


class Outgoing:
    """Encodes the outputs of all tasks of a worker."""

    def __init__(self, topics: Topics, instruments: Instruments, framing: Framing) -> None:
        self._instruments = instruments
        self._framing = framing
        self.topic_of: Mapping[str, str] = {
            SPREAD: topics.spread_signals,
            FEE: topics.fee_signals,
            WINDOW: topics.imbalance,
            INTENT: topics.intents,
        }

    def records(
        self, outputs: Outputs, topics: list[str], partition: int, extra: Headers
    ) -> Iterator[tuple[str, str, bytes, OutRecord]]:
        """Schema, instrument key, bare payload and record of each output.

        Args:
            outputs: of one step.
            topics: the topic of each source of the task.
            partition: the task's number.
            extra: headers that say what depends on the wall clock.
        """
        for schema, instrument, body, source, offset in payloads(outputs, self._instruments):
            headers = source_headers(topics[source], partition, offset)
            yield schema, instrument.key, body, self.record(schema, instrument.key, body, [*headers, *extra])

    def record(self, schema: str, key: str, body: bytes, headers: Headers) -> OutRecord:
        """One framed record."""
        value, framed = self._framing(schema, body, headers)
        return OutRecord(self.topic_of[schema], key.encode(), value, framed)
