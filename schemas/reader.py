"""Reading signals in your own service, with any Kafka client or with the one of the extra [reader].

    from equipoise.schemas.reader import LatestRevision, decode_signal

    signal = decode_signal(message.value(), message.headers())
    if latest.offer(signal) and signal.usable(time.time_ns()):
        half_spread = my_base * signal.widen_factor

Delivery is at least once: a signal may come again, with the same bytes. `LatestRevision` lets each
(id, revision) through once. Nothing here commits offsets or keeps state across restarts.
"""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast
from uuid import uuid4

from equipoise.schemas import codec
from equipoise.schemas.errors import DecodingError, SchemasError
from equipoise.schemas.headers import CATCHING_UP, header
from equipoise.schemas.local import BuiltIn, SchemaSource
from equipoise.schemas.signals import RECORDS, FeeSignal, ImbalanceWindow, SpreadSignal
from equipoise.schemas.wire import split

if TYPE_CHECKING:
    from confluent_kafka import Message

AnySignal = SpreadSignal | FeeSignal | ImbalanceWindow
MessageHeaders = Iterable[tuple[str, bytes | None]] | None

_NAMES: Final = {f"equipoise.v{codec.VERSION}.{name}": name for name in RECORDS}
_OWN: Final = BuiltIn()
_log: Final = logging.getLogger(__name__)


def decode_signal(value: bytes | None, headers: MessageHeaders = None, schemas: SchemaSource = _OWN) -> AnySignal:
    """The signal in a Kafka message.

    Parameters
    ----------
    value, headers
        Of the message; the schema id stands in front of the value or in a header.
    schemas : SchemaSource
        The registry that the worker uses; by default this package's own schemas, for workers without one.

    Raises
    ------
    WireFormatError
        No schema id; also for a tombstone (null), which says that an instrument was delisted.
    UnknownSchemaError
        The schema id is not known to `schemas`.
    DecodingError
        Another record than a signal, or damaged bytes.
    """
    schema_id, body = split(value, headers)
    writer = schemas.writer(schema_id)
    name = _NAMES.get(str(writer.get("name")))
    if name is None:
        raise DecodingError(f"schema id {schema_id}: {writer.get('name')}, expected one of {', '.join(_NAMES)}")
    record = codec.decode(name, body, None if writer is codec.schema(name) else writer)
    signal: AnySignal = RECORDS[name].of(record, catching_up=header(headers, CATCHING_UP) is not None)
    return signal


class LatestRevision:
    """The latest revision of each signal, for the last `limit` ids.

    A spread signal, a fee signal and a window of one evaluation have one id: each counts for itself.
    Past the limit the id that was offered longest ago is forgotten: if it were delivered once more,
    it would count as new.
    """

    def __init__(self, limit: int = 100_000) -> None:
        if limit < 1:
            raise ValueError(f"limit: {limit}, expected ≥ 1")
        self._limit = limit
        self._signals: OrderedDict[tuple[type, str], AnySignal] = OrderedDict()

    def offer(self, signal: AnySignal) -> bool:
        """Keep the signal if it is new or revises what is kept; whether it was."""
        key = type(signal), signal.id
        kept = self._signals.get(key)
        if kept is not None and kept.revision >= signal.revision:
            return False
        self._signals[key] = signal
        self._signals.move_to_end(key)
        if len(self._signals) > self._limit:
            self._signals.popitem(last=False)
        return True

    def get(self, signal_id: str, record: type[AnySignal] = SpreadSignal) -> AnySignal | None:
        """The latest revision of that record with that id, None if there is none or it was forgotten."""
        return self._signals.get((record, signal_id))

    def __len__(self) -> int:
        return len(self._signals)

    def __iter__(self) -> Iterator[AnySignal]:
        return iter(list(self._signals.values()))


class SignalReader:
    """Signals of some topics, as they come; needs the extra [reader].

        with SignalReader("localhost:9092", ["equipoise.spread-signals"]) as reader:
            for signal in reader:
                if signal.usable(time.time_ns()):
                    ...

    Every reader sees all partitions, from the topics' ends, unless `group` names a consumer group or
    `config` says otherwise. Each (id, revision) comes once. Signals that a worker sent while it was
    catching up are withheld. A message that cannot be read is logged, counted in `unreadable`, and
    passed over. Iterating ends after `close`, or after `idle_s` seconds without a message if that is given.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Iterable[str],
        *,
        group: str | None = None,
        schemas: SchemaSource = _OWN,
        config: Mapping[str, Any] | None = None,
        idle_s: float | None = None,
        withhold_catching_up: bool = True,
    ) -> None:
        try:
            from confluent_kafka import Consumer
        except ImportError as error:
            raise ImportError("SignalReader needs: pip install 'equipoise[reader]'") from error
        settings: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "group.id": group or f"equipoise-reader-{uuid4()}",
            "enable.auto.commit": group is not None,
            "auto.offset.reset": "latest",
            **(config or {}),
        }
        self._consumer = Consumer(settings)
        self._consumer.subscribe(list(topics))
        self._schemas = schemas
        self._idle_s = idle_s
        self._withhold = withhold_catching_up
        self._open = True
        self.latest = LatestRevision()
        self.unreadable = 0

    def __iter__(self) -> Iterator[AnySignal]:
        waited = 0.0
        while self._open and (self._idle_s is None or waited < self._idle_s):
            messages = self._consumer.consume(num_messages=500, timeout=0.1)
            waited = 0.0 if messages else waited + 0.1
            yield from filter(None, map(self._signal, messages))

    def close(self) -> None:
        """Leave the group; iterating ends."""
        if self._open:
            self._open = False
            self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _signal(self, message: "Message") -> AnySignal | None:
        if problem := message.error():
            _log.warning("%s", problem)
            return None
        value = message.value()
        if value is None:  # delisted
            return None
        try:
            signal = decode_signal(value, cast(MessageHeaders, message.headers()), self._schemas)
        except SchemasError as error:
            self.unreadable += 1
            _log.warning("%s [%s] @%s: %s", message.topic(), message.partition(), message.offset(), error)
            return None
        if (self._withhold and signal.catching_up) or not self.latest.offer(signal):
            return None
        return signal
