"""From what a task gave to Kafka records: topic, key, payload behind its schema id, headers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from numpy.typing import NDArray

from equipoise.processors.avro.bodies import BodyWriter, Written
from equipoise.processors.columns import Outputs
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.processors.produce import END, lay_out, layout
from equipoise.schemas.headers import Headers
from equipoise.streams.blocks import Block, OutRecord
from equipoise.streams.frames import Common, Frame, common
from equipoise.streams.settings import Topics

SPREAD: Final = "SpreadSignal"
FEE: Final = "FeeSignal"
WINDOW: Final = "ImbalanceWindow"
INTENT: Final = "SwapIntent"
WRITTEN: Final = (SPREAD, FEE, WINDOW, INTENT)
SIGNALS: Final = (SPREAD, FEE)  # in the order of Bodies
WINDOWS: Final = (WINDOW,)
FEW: Final = 64  # records that there is room for at the least
_writers: WeakKeyDictionary[Instruments, BodyWriter] = WeakKeyDictionary()


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
        self._frames = {schema: frame._replace(topic=names[schema]) for schema, frame in frames.items()}
        self._room = layout(0, 0)
        self._common: dict[tuple[Any, ...], Common] = {}

    def blocks(self, outputs: Outputs, topics: Sequence[str], partition: int, extra: Headers) -> Iterator[Block]:
        """The records of the outputs; each block is good until the next one is asked for.

        Args:
            outputs: of one step.
            topics: the topic of each source of the task.
            partition: the task's number.
            extra: headers that say what depends on the wall clock.
        """
        writer = writer_of(self.instruments)
        for schemas, written in ((WINDOWS, writer.written_windows), (SIGNALS, writer.written_signals)):
            for some in written(outputs):
                yield self._laid_out(some, self._common_of(schemas, topics, partition, extra))

    def record(self, schema: str, key: str, body: bytes, headers: Headers) -> OutRecord:
        """One framed record."""
        prefix, own, topic = self._frames[schema]
        return OutRecord(topic, key.encode(), prefix + body, [*headers, *own])

    def _laid_out(self, some: Written, common: Common) -> Block:
        most = common.templates.headers.shape[2]
        if (wanted := some.ends.size) > len(self._room.records) or wanted * most > len(self._room.headers):
            self._room = layout(max(wanted, FEW), most)
        count = lay_out(some.rows, some.ends, some.data, some.texts, common.templates, self._room)
        records, headers, _ = self._room
        longest = common.longest_prefix + len(some.data) if common.longest_prefix else 0
        headers = headers[: records[count - 1, END] if count else 0]
        return Block(common.topics, records[:count], headers, most, longest, (some, common, self._room))

    def _common_of(self, schemas: tuple[str, ...], topics: Sequence[str], partition: int, extra: Headers) -> Common:
        """What a partition's records have in common."""
        names = tuple(name for name, _ in extra)
        key = tuple(topics), partition, names, schemas
        if key not in self._common:
            self._common[key] = common(topics, partition, names, [self._frames[schema] for schema in schemas])
        self._common[key].fill_in(extra)
        return self._common[key]
