"""From what a task gave to Kafka records: topic, key, payload behind its schema id, headers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from numpy.typing import NDArray

from equipoise.processors.avro.bodies import BodyWriter
from equipoise.processors.columns import Outputs
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.headers import Headers, offset_header, source_headers
from equipoise.streams.settings import Topics

SPREAD: Final = "SpreadSignal"
FEE: Final = "FeeSignal"
WINDOW: Final = "ImbalanceWindow"
INTENT: Final = "SwapIntent"
WRITTEN: Final = (SPREAD, FEE, WINDOW, INTENT)
SIGNALS: Final = (SPREAD, FEE)  # in the order of Bodies
_writers: WeakKeyDictionary[Instruments, BodyWriter] = WeakKeyDictionary()


@dataclass(slots=True)
class OutRecord:
    """One record to be published. `partition` -1: the key decides, as Java clients would."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int = -1


class Frame(NamedTuple):
    """What goes with each payload of a schema: its id, before it or in a header."""

    prefix: bytes
    headers: Headers


def payloads(outputs: Outputs, instruments: Instruments) -> Iterator[tuple[str, Instrument, bytes, int, int]]:
    """Every payload of a step in order: schema, instrument, Avro body, source and offset that triggered it."""
    writer = writer_of(instruments)
    for (index, source, offset), body in zip(_places(outputs.windows), writer.windows(outputs), strict=True):
        yield WINDOW, instruments[index], body, source, offset
    for (index, source, offset), bodies in zip(_places(outputs.signals), writer.signals(outputs), strict=True):
        for schema, body in zip(SIGNALS, bodies, strict=True):
            if body:
                yield schema, instruments[index], body, source, offset


def _places(rows: NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """Instrument, and source and offset of what triggered it, of each row."""
    return zip(*(rows[name].tolist() for name in ("instrument", "source", "offset")), strict=True)


def writer_of(instruments: Instruments) -> BodyWriter:
    """The table's own writer: what it keeps of the table is made once."""
    if instruments not in _writers:
        _writers[instruments] = BodyWriter(instruments)
    return _writers[instruments]


class Outgoing:
    """Encodes the outputs of all tasks of a worker."""

    def __init__(self, topics: Topics, instruments: Instruments, frames: Mapping[str, Frame]) -> None:
        self.instruments = instruments
        names = {
            SPREAD: topics.spread_signals,
            FEE: topics.fee_signals,
            WINDOW: topics.imbalance,
            INTENT: topics.intents,
        }
        self._frames = {schema: (names[schema], *frame) for schema, frame in frames.items()}

    def records(self, outputs: Outputs, topics: list[str], partition: int, extra: Headers) -> Iterator[OutRecord]:
        """The record of each output.

        Args:
            outputs: of one step.
            topics: the topic of each source of the task.
            partition: the task's number.
            extra: headers that say what depends on the wall clock.
        """
        fronts, frames = [source_headers(topic, partition) for topic in topics], self._frames
        for schema, instrument, body, source, offset in payloads(outputs, self.instruments):
            topic, prefix, own = frames[schema]
            headers = [*fronts[source], offset_header(offset), *extra, *own]
            yield OutRecord(topic, instrument.key.encode(), prefix + body, headers)

    def record(self, schema: str, key: str, body: bytes, headers: Headers) -> OutRecord:
        """One framed record."""
        topic, prefix, own = self._frames[schema]
        return OutRecord(topic, key.encode(), prefix + body, [*headers, *own])
