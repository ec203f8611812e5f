"""The downstream service of the demo: reads every topic like anybody could, and keeps the view up to date."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import BookSource, Kind, Reason
from equipoise.schemas.errors import SchemasError
from equipoise.schemas.reader import LatestRevision, MessageHeaders, decode_signal
from equipoise.schemas.signals import FeeSignal, SpreadSignal
from equipoise.schemas.wire import split
from equipoise.streams.demo.accounts import Accounts
from equipoise.streams.demo.ladder import Ladders, ladder_view
from equipoise.streams.demo.latency import Latencies, source_of
from equipoise.streams.demo.losses import Losses
from equipoise.streams.demo.names import ORDERS, TRUTH
from equipoise.streams.demo.waiting import Waiting
from equipoise.streams.records import Headers, RawRecord
from equipoise.streams.settings import Topics
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.web.view import Board, View

log = logging.getLogger(__name__)

SLOW_S: Final = 0.25  # ladders, losses and the list of pending swaps are renewed this often
BATCH: Final = 2_000


def instrument_of(record: Mapping[str, Any]) -> Instrument:
    """An Instrument from the fields of its record."""
    return Instrument(
        record["venue"],
        record["symbol"],
        Decimal(record["tick"]),
        Decimal(record["lot"]),
        BookSource[record["book_source"]],
        underlying=record["underlying"],
        base=record["base"],
        quote=record["quote"],
    )


class Collector:
    """Feeds a Board from Kafka, in a thread of its own; `view` may be called from any other."""

    def __init__(self, bootstrap: str, topics: Topics, board: Board) -> None:
        self.board = board
        self.accounts = Accounts()
        self.instruments = Instruments()
        self.finished = False  # the feeder said that its recording is over
        self.error = ""
        self.sent: dict[str, int] = {}  # records by topic, once it has finished
        self.spreads = self.fees = self.windows = self.orders = self.dead = 0
        self.intents_topic = topics.intents
        self._bootstrap = bootstrap
        self._latest = LatestRevision()
        self._latencies = Latencies()
        self._ladders = Ladders()
        self._waiting = Waiting()
        self._losses: Losses | None = None
        self._decoder = CanonicalDecoder(self.instruments)
        self._gapped: dict[str, bool] = {}
        self._shift_ns = 0
        self._slow_at = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._handlers: dict[str, Callable[[Message], None]] = {
            topics.spread_signals: self._signal,
            topics.fee_signals: self._signal,
            topics.imbalance: self._signal,
            topics.intents: self._intent,
            topics.dead_letters: self._dead_letter,
            topics.state: self._state,
            TRUTH: self._truth,
        }

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def clock_ns(self) -> int:
        """Event time now: the wall clock, shifted by what a recording's stamps lie in the past."""
        return time.time_ns() - self._shift_ns

    def view(self, instrument: str = "", since: int = 0) -> View:
        """What is to be shown now."""
        with self._lock:
            return self.board.view(instrument, self.clock_ns(), since)

    @property
    def signals(self) -> int:
        """Signals received, each id and revision once."""
        return self.spreads + self.fees

    @property
    def losses(self) -> Losses | None:
        """The running totals, None before the feeder said hello."""
        return self._losses

    def _run(self) -> None:
        try:
            consumer = Consumer(
                {
                    "bootstrap.servers": self._bootstrap,
                    "group.id": "equipoise-demo-view",
                    "enable.auto.commit": False,
                    "log_level": 0,  # what matters comes as an error, or as silence that the session notices
                    "fetch.wait.max.ms": 20,
                }
            )
            names = [ORDERS, *self._handlers]
            known = consumer.list_topics(timeout=10).topics
            consumer.assign(
                [
                    TopicPartition(name, p, OFFSET_BEGINNING)
                    for name in names
                    if name in known
                    for p in known[name].partitions
                ]
            )
            while not self._stop.is_set():
                first = consumer.poll(0.05)
                messages = [] if first is None else [first, *consumer.consume(BATCH, 0)]
                self._take([message for message in messages if message.error() is None])
            consumer.close()
        except Exception as error:  # the thread's end has to be seen by those who watch it
            log.exception("collector")
            self.error = f"the view stopped reading: {error}"

    def _take(self, messages: list[Message]) -> None:
        with self._lock:
            orders = [message for message in messages if message.topic() == ORDERS]
            if orders:
                self._orders(orders)
            for message in messages:
                handler = self._handlers.get(message.topic() or "")
                if handler:
                    handler(message)
            now_s = time.monotonic()
            for ms in self._latencies.joined():
                self.board.foot.latency(now_s, ms)
            self.board.foot.read(now_s, self.orders)
            self.board.foot.signals = self.signals
            if now_s - self._slow_at > SLOW_S:
                self._slow_at = now_s
                self._slow()

    def _orders(self, messages: list[Message]) -> None:
        self.orders += len(messages)
        records = [_raw(message) for message in messages]
        for record in records:
            self._latencies.record(record.topic, record.partition, record.offset, record.timestamp_ms)
        events = self._decoder.decode(records).events
        if len(events.event_ns):
            self._ladders.apply(events)
            self.board.foot.event(int(events.event_ns.max()))

    def _signal(self, message: Message) -> None:
        headers = cast(MessageHeaders, message.headers())
        try:
            signal = decode_signal(message.value(), headers)
        except SchemasError as error:
            log.warning("%s @%s: %s", message.topic(), message.offset(), error)
            return
        if not self._latest.offer(signal):
            return
        if isinstance(signal, SpreadSignal):
            self.spreads += 1
            self._spread(signal, headers)
        elif isinstance(signal, FeeSignal):
            self.fees += 1
            self.board.fee(signal)
        else:
            self.windows += 1
            self.board.imbalance(signal)

    def _spread(self, signal: SpreadSignal, headers: MessageHeaders) -> None:
        self.board.spread(signal, self.clock_ns())
        if signal.kind is not Kind.LIVE:
            return
        if self._losses:
            self._losses.quote(signal)
        place = source_of(headers)
        if place and not signal.catching_up:
            self._latencies.signal(place, time.time_ns() / 1e6)
        gapped = Reason.SEQUENCE_GAP in signal.reasons
        self.board.foot.gaps += gapped and not self._gapped.get(signal.instrument, False)
        self._gapped[signal.instrument] = gapped

    def _intent(self, message: Message) -> None:
        _, body = split(message.value(), cast(MessageHeaders, message.headers()))
        self._waiting.take(codec.decode("SwapIntent", body))

    def _dead_letter(self, _message: Message) -> None:
        self.dead += 1
        self.board.foot.dead = self.dead

    def _state(self, message: Message) -> None:
        self.accounts.take(message.partition() or 0, message.key() or b"", message.value())
        self.board.foot.late = self.accounts.total("late")

    def _truth(self, message: Message) -> None:
        said = json.loads(message.value() or b"{}")
        if "hello" in said:
            self._hello(said)
        elif "takers" in said and self._losses:
            self._losses.takers(said["takers"])
        elif "burst" in said:
            self.board.burst(said["burst"], said["start_ns"], said["end_ns"], said["up"])
        elif "end" in said:
            self.finished, self.sent = True, said["sent"]

    def _hello(self, said: dict[str, Any]) -> None:
        self._shift_ns = said["shift_ns"]
        for record in said["hello"]:
            self.instruments.add(instrument_of(record))
            self.board.of(f"{record['venue']}:{record['symbol']}")
        if self.board.simulated:
            self._losses = Losses(list(self.instruments))

    def _slow(self) -> None:
        if self._losses:
            self._losses.settle(self.clock_ns())
        for index, instrument in enumerate(self.instruments):
            if self._losses and (totals := self._losses.view(index)):
                self.board.losses[instrument.key] = totals
            if index in self._ladders.books:
                reading = self.board.of(instrument.key).fresh(self.clock_ns())
                bid, ask = (reading.bid, reading.ask) if reading else (None, None)
                self.board.ladders[instrument.key] = ladder_view(self._ladders.books[index], instrument, bid, ask)
        if self._waiting.seen:
            self.board.pending = self._waiting.view()


def _raw(message: Message) -> RawRecord:
    return RawRecord(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        message.key(),
        message.value(),
        cast(Headers, message.headers() or ()),
        message.timestamp()[1],
    )
