"""What is published of a recording or a simulation: Kafka messages, each with the moment at which it was due."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL, Events
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import Cause
from equipoise.schemas.rows import tick_text
from equipoise.streams.replay.source import ONE_TOPIC, Feed, Opened
from equipoise.streams.simulator.simulator import Simulator
from equipoise.streams.sources.canonical import encode_rows

ORDER: Final = "OrderEvent"
PENDING: Final = "PendingTransaction"
INSTRUMENT: Final = "Instrument"


class Message(NamedTuple):
    """One record to send. `body` is an Avro body of the record `schema`, or raw bytes where `schema` is empty."""

    due_ns: int  # when it arrived in the recording; never falls within a topic
    topic: str
    key: bytes
    schema: str
    body: bytes


@dataclass(slots=True)
class Unsent:
    """Source records that have no rows, and so nothing to send, by cause."""

    causes: dict[str, int] = field(default_factory=dict)

    def count(self, cause: Cause) -> None:
        """One more."""
        self.causes[cause.name] = self.causes.get(cause.name, 0) + 1


def canonical(opened: Opened, topic: str, source: str, unsent: Unsent) -> Iterator[Message]:
    """The rows of a recording as OrderEvents, topics interleaved by arrival; `source` names the feed in them."""
    for feeds in opened.chunks():
        for _, decoded, _ in feeds:
            for refusal in decoded.refusals:
                unsent.count(refusal.cause)
        parts = (_of_feed(feed, opened, topic, source) for feed in feeds)
        yield from heapq.merge(*parts, key=lambda message: message.due_ns)


def _of_feed(feed: Feed, opened: Opened, topic: str, source: str) -> list[Message]:
    name, decoded, _ = feed
    where = topic + name.removeprefix(ONE_TOPIC)
    return list(order_messages(decoded.events, opened.instruments, where, source))


def order_messages(events: Events, instruments: Instruments, topic: str, source: str) -> Iterator[Message]:
    """One OrderEvent a row, keyed by instrument."""
    keys = [instrument.key.encode() for instrument in instruments]
    due = due_ns(events)
    for record, index, when in zip(
        encode_rows(events, instruments, source), events.instrument.tolist(), due.tolist(), strict=True
    ):
        yield Message(when, topic, keys[index], ORDER, codec.encode(ORDER, record))


def due_ns(events: Events) -> NDArray[np.int64]:
    """Arrival, else event time, made ascending. Shape (n,)."""
    stamps: NDArray[np.int64] = np.where(events.arrival_ns == NULL, events.event_ns, events.arrival_ns)
    return np.maximum.accumulate(stamps) if len(stamps) else stamps


def raw(opened: Opened, topic: str) -> Iterator[Message]:
    """The source records as they were recorded, keyed by instrument; paced by their rows' arrival."""
    key = opened.key.encode()
    due = 0
    for chunk in opened.recording.chunks():
        arrivals = dict(
            zip(np.asarray(chunk.decoded.record).tolist(), due_ns(chunk.decoded.events).tolist(), strict=True)
        )
        for index, record in enumerate(chunk.records):
            due = max(due, arrivals.get(index, due))
            where = f"{topic}.{chunk.topics[record.channel]}" if opened.split else topic
            yield Message(due, where, key, "", record.value)


def simulated(simulator: Simulator, seconds: float, orders: str, mempool: str) -> Iterator[Message]:
    """A simulation's order events, and its pending transactions where `mempool` names a topic."""
    for chunk in simulator.chunks(seconds):
        parts: list[Iterable[Message]] = [order_messages(chunk.events, simulator.instruments, orders, "simulator")]
        if mempool:
            parts.append(_pending(chunk.pending, mempool))
        yield from heapq.merge(*parts, key=lambda message: message.due_ns)


def _pending(records: Iterable[dict[str, Any]], topic: str) -> Iterator[Message]:
    due = 0
    for record in records:
        due = max(due, record.get("arrival_time_ns") or record["event_time_ns"])
        yield Message(due, topic, str(record["hash"]).encode(), PENDING, codec.encode(PENDING, record))


def instrument_message(instrument: Instrument, topic: str) -> Message:
    """The definition of an instrument, for the compacted topic."""
    record = {
        "venue": instrument.venue,
        "symbol": instrument.symbol,
        "tick": tick_text(instrument.tick),
        "lot": tick_text(instrument.lot),
        "book_source": instrument.book_source.name,
        "contract": instrument.contract.upper(),
        "multiplier": tick_text(instrument.multiplier),
        "underlying": instrument.underlying,
        "base": instrument.base,
        "quote": instrument.quote,
        "settlement": instrument.settlement,
        "session_calendar": "24/7",
        "session_ns": instrument.session_ns,
        "effective_from_ns": instrument.effective_from_ns,
    }
    return Message(0, topic, instrument.key.encode(), INSTRUMENT, codec.encode(INSTRUMENT, record))


Clock = Callable[[], float]
Sleep = Callable[[float], object]


def paced(messages: Iterable[Message], speed: float, clock: Clock, sleep: Sleep) -> Iterator[Message]:
    """The same messages, none before its time at `speed` times the recorded speed; 0: at once."""
    start = first = None
    for message in messages:
        if speed:
            if start is None or first is None:
                start, first = clock(), message.due_ns
            wait = start + (message.due_ns - first) / 1e9 / speed - clock()
            if wait > 0:
                sleep(wait)
        yield message
