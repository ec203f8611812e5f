"""Records read through a mapping: JSON, or Avro by the writer's schema."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, Final

from equipoise.processors.instruments import Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Cause
from equipoise.schemas.errors import SchemaInvalidError, UnknownSchemaError
from equipoise.schemas.local import BuiltIn, SchemaSource
from equipoise.streams.records import Decoded, RawRecord, RecordBatch
from equipoise.streams.sources.avro_any import AvroReader
from equipoise.streams.sources.bounds import RefusedError, shown
from equipoise.streams.sources.columnar import Columnar
from equipoise.streams.sources.each import EachRecord, parse_json, parse_object
from equipoise.streams.sources.fills import Fills
from equipoise.streams.sources.live import Origin, kafka_stamp_ns
from equipoise.streams.sources.mapped_plan import plan_of
from equipoise.streams.sources.mapped_row import RowParser, missing
from equipoise.streams.sources.mapped_table import MappedForm
from equipoise.streams.sources.mapping import Mapping, MappingError
from equipoise.streams.sources.mapping_check import check_sample, check_schema, fits
from equipoise.streams.sources.paths import MISSING, Path
from equipoise.streams.sources.rows import Rows

CHANNEL: Final = "$channel"  # in `when`: the channel that the topic's name says


class MappedDecoder(EachRecord):
    """Decoder of a topic that a mapping describes."""

    def __init__(self, mapped: "Mapped", instruments: Instruments, max_bytes: int) -> None:
        super().__init__(mapped.record, max_bytes)
        self.columnar = mapped.columnar(instruments, self.decode, max_bytes)

    def decode_batch(self, batch: RecordBatch) -> Decoded:
        """As `decode` of the same records; Avro takes the kernel's way where the mapping lets it."""
        if self.columnar is None:
            return self.decode([batch.record(i) for i in range(len(batch))])
        return self.columnar.decode(batch)


class Mapped:
    """A parser of one topic."""

    def __init__(
        self, mapping: Mapping, instruments: Instruments, origin: Origin, schemas: SchemaSource | None = None
    ) -> None:
        """Check the mapping against its sample or schema file, or the registry's latest schema of the topic.

        Raises:
            MappingError: they do not fit.
        """
        self._origin = _named(mapping, origin)
        self._mapping = _of_channel(mapping, self._origin.channel)
        self._avro = AvroReader(schemas or BuiltIn()) if mapping.avro else None
        fills = Fills()
        self._events = [
            (event, [(row.each, RowParser(row, instruments, self._origin, fills)) for row in event.rows])
            for event in self._mapping.events
        ]
        _check(mapping, self._origin, schemas)

    def columnar(
        self, instruments: Instruments, each: Callable[[Sequence[RawRecord]], Decoded], max_bytes: int
    ) -> Columnar | None:
        """What reads whole batches as this mapping does, leaving to `each` what it must; None: nothing can."""
        plan = None if self._avro is None else plan_of(self._mapping, self._origin)
        if plan is None or self._avro is None:
            return None
        return Columnar(MappedForm(plan, instruments), self._avro.writer, each, max_bytes)

    def record(self, record: RawRecord, rows: Rows) -> None:
        """One Kafka record. Raises RefusedError."""
        assert record.value is not None
        found = parse_object(record.value) if self._avro is None else self._avro.read(record)
        event, parsers = next((pair for pair in self._events if fits(pair[0], found)), (None, []))
        if event is None or event.ignore:
            raise RefusedError(Cause.NOT_AN_EVENT, f"record: {shown(', '.join(found))}, none of the mapping's events")
        rows.arrival_ns = kafka_stamp_ns(record)
        last = True
        for number, (each, parser) in enumerate(parsers):
            elements = [None] if each is None else _elements(each, found)
            if elements or not parser.varies:
                parser.head(found, elements[0] if elements else None, rows)
            if event.snapshot and number == 0:
                rows.row(Action.SNAPSHOT)
            for element in elements:
                if parser.varies:
                    parser.head(found, element, rows)
                last = parser.append(found, element, rows)
        if rows.instrument < 0:
            raise RefusedError(Cause.NOT_AN_EVENT, "record: its lists are empty, and only their elements say of what")
        if last:
            rows.last()


def _named(mapping: Mapping, origin: Origin) -> Origin:
    match = mapping.topic.fullmatch(origin.topic) if mapping.topic is not None else None
    said = match.groupdict() if match else {}
    return Origin(
        origin.topic,
        origin.venue or said.get("venue") or "",
        origin.symbol or said.get("symbol") or "",
        origin.channel or said.get("channel") or "",
    )


def _of_channel(mapping: Mapping, channel: str | None) -> Mapping:
    """The events of one channel, without the conditions on it; None: those of all."""
    events = []
    for event in mapping.events:
        on_channel = [words for path, words in event.when if path.text == CHANNEL]
        if channel is None or all(channel in words for words in on_channel):
            events.append(replace(event, when=tuple(one for one in event.when if one[0].text != CHANNEL)))
    return replace(mapping, events=tuple(events))


def _check(mapping: Mapping, origin: Origin, schemas: SchemaSource | None) -> None:
    """Against what is known of the topic at start: a sample has records of any channel, a schema is of this one."""
    if mapping.sample is not None:
        check_sample(_of_channel(mapping, None), _samples(mapping.sample), str(mapping.sample))
    own = _of_channel(mapping, origin.channel)
    if mapping.schema is not None:
        check_schema(own, _parsed(mapping.schema), str(mapping.schema))
    elif mapping.avro and origin.topic:
        _check_latest(own, origin.topic, schemas)


def _samples(path: FilePath) -> list[Any]:
    """The records of a file: one JSON value, a list of them, or one a line."""
    text = path.read_bytes()
    try:
        found = parse_json(text)
        return found if isinstance(found, list) else [found]
    except RefusedError as whole:
        try:
            return [parse_json(line) for line in text.splitlines() if line.strip()]
        except RefusedError:
            raise MappingError(f"{path}: {whole.detail}") from None


def _parsed(path: FilePath) -> codec.Schema:
    try:
        return codec.parse(path.read_text(encoding="utf-8"))
    except (SchemaInvalidError, OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: {error}") from None


def _check_latest(mapping: Mapping, topic: str, schemas: SchemaSource | None) -> None:
    """Against the registry, if there is one and it knows the topic's subject; a new topic may have none yet."""
    latest = getattr(schemas, "latest", None)
    if latest is None:
        return
    try:
        number, schema = latest(f"{topic}-value")
    except UnknownSchemaError:
        return
    check_schema(mapping, schema, f"schema {number} of {topic}-value")


def _elements(each: Path, found: Any) -> list[Any]:
    elements = each.find(found)
    if elements is MISSING:
        raise missing("each", each.text, found)
    if type(elements) is not list:
        raise RefusedError(Cause.MISTYPED, f"{each.text}: {shown(elements)}, expected a list")
    return elements
