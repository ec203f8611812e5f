"""A market in two topics, workers as processes, and what an offline task makes of the same records."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.local import BuiltIn
from equipoise.schemas.wire import split
from equipoise.streams.outgoing import payloads
from equipoise.streams.records import RawRecord
from equipoise.streams.settings import Settings, load
from equipoise.streams.settings.engine import engine_settings
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.task import Step, Task
from equipoise.streams.topics import Topics

PARTITIONS = 4
SYMBOLS = [f"S{number}" for number in range(6)]
MS = 1_000_000
SCHEMAS = {"spread-signals": "SpreadSignal", "fee-signals": "FeeSignal", "imbalance": "ImbalanceWindow"}


class Payload(NamedTuple):
    """One published payload, apart from its schema id."""

    schema: str
    key: str
    id: str
    revision: int
    body: bytes


def settings_for(bootstrap: str, name: str, **flags: object) -> dict[str, object]:
    """Flags of a worker whose topics all carry `name`."""
    topics = ("imbalance", "spread_signals", "fee_signals", "dead_letters", "state", "instruments", "policy")
    return {
        "kafka.bootstrap": bootstrap,
        "kafka.group": name,
        "topics.orders": [{"name": f"{name}.book"}, {"name": f"{name}.trades"}],
        "topics.partitions": PARTITIONS,
        "topics.attestations": f"{name}.attestations",
        "delivery.start": "earliest",
        "delivery.checkpoint_ms": 200,
        **{f"topics.{topic}": f"{name}.{topic.replace('_', '-')}" for topic in topics},
        **flags,
    }


def market(records: int, seed: int = 7, pause_every: int = 0, start_ns: int = 0) -> dict[str, list[dict[str, object]]]:
    """Resting orders and cancels in one topic, trades in another, of the same instruments; by topic's end.

    After every `pause_every` events nothing happens for long enough that no later stamp is below an earlier one.
    It begins ten minutes ago, unless `start_ns` is given.
    """
    draw, live, found = random.Random(seed), defaultdict(list), {"book": [], "trades": []}
    now = start_ns or time.time_ns() // MS * MS - 600_000 * MS
    for number in range(records):
        symbol, now = draw.choice(SYMBOLS), now + draw.randrange(1, 4) * MS
        now += 100 * MS * bool(pause_every and number % pause_every == 0)
        own, side = live[symbol], draw.choice(["BID", "ASK"])
        event = {"venue": "V", "symbol": symbol, "event_time_ns": now, "arrival_time_ns": now + draw.randrange(9) * MS}
        if number % 5 == 4:
            event |= {"action": "TRADE", "side": side, "price": 10_000, "quantity": draw.randrange(1, 9)}
        elif own and draw.random() < 0.4:
            order, resting = own.pop(draw.randrange(len(own)))
            event |= {"action": "CANCEL", "side": resting, "order_id": order}
        else:
            away = draw.randrange(1, 8)
            price = 10_000 - away if side == "BID" else 10_000 + away
            event |= {"action": "ADD", "side": side, "price": price, "quantity": draw.randrange(1, 99)}
            event["order_id"] = number + 1
            own.append((number + 1, side))
        found["trades" if number % 5 == 4 else "book"].append(event)
    return found


def partition_of(event: dict[str, object]) -> int:
    return SYMBOLS.index(str(event["symbol"])) % PARTITIONS


def raw_records(name: str, events: dict[str, list[dict[str, object]]]) -> list[RawRecord]:
    """The events as JSON records, offsets counted per topic and partition."""
    ends: dict[tuple[str, int], int] = defaultdict(int)
    records = []
    for topic, own in events.items():
        for event in own:
            place = f"{name}.{topic}", partition_of(event)
            key = f"{event['venue']}:{event['symbol']}".encode()
            records.append(RawRecord(*place, ends[place], key, json.dumps(event).encode()))
            ends[place] += 1
    return records


def parts(
    records: list[RawRecord], events: dict[str, list[dict[str, object]]], cuts: list[int]
) -> list[list[RawRecord]]:
    """The records of the first so many events, of the next ones, and so on."""
    stamps = sorted(int(str(event["event_time_ns"])) for own in events.values() for event in own)
    bounds = [0, *(stamps[cut] for cut in cuts), stamps[-1] + 1]

    def stamp(record: RawRecord) -> int:
        return int(json.loads(record.value or b"")["event_time_ns"])

    return [[r for r in records if low <= stamp(r) < high] for low, high in pairwise(bounds)]


def instruments() -> Instruments:
    table = Instruments()
    for symbol in SYMBOLS:
        table.add(Instrument("V", symbol, Decimal("0.01"), Decimal(1)))
    return table


def instruments_file(folder: Path) -> Path:
    path = folder / "instruments.json"
    if not path.exists():  # a worker may be reading it
        path.write_text(json.dumps([{"venue": "V", "symbol": s, "tick": "0.01", "lot": "1"} for s in SYMBOLS]))
    return path


def offline(
    records: Iterable[RawRecord], flags: dict[str, object], *, ends: bool = True
) -> tuple[list[Payload], dict[int, Task], list[Step]]:
    """What tasks give that are fed everything at once: in order, per partition. `ends`: nothing more will come."""
    settings = load(flags=flags)
    table, found, tasks, steps = instruments(), [], {}, []
    topics = sorted(asked.name for asked in settings.topics.orders)
    by_partition: dict[int, list[RawRecord]] = defaultdict(list)
    for record in records:
        by_partition[record.partition].append(record)
    for number, own in sorted(by_partition.items()):
        decoders = dict.fromkeys(topics, CanonicalDecoder(table))
        task = tasks[number] = Task(topics, Engine(table, engine_settings(settings), len(topics)), decoders)
        fed = task.feed(sorted(own, key=lambda record: (record.topic, record.offset)))
        for step in (fed, task.flush()) if ends else (fed,):
            steps.append(step)
            if step.outputs is not None:
                for schema, instrument, body, _, _ in payloads(step.outputs, table):
                    found.append(payload(schema, instrument.key, body))
    return found, tasks, steps


def payload(schema: str, key: str, body: bytes) -> Payload:
    record = codec.decode(schema, body)
    return Payload(schema, key, record["id"], record["revision"], body)


def by_stream(found: Iterable[Payload]) -> dict[tuple[str, str], list[Payload]]:
    """Payloads in their order, by schema and instrument."""
    streams: dict[tuple[str, str], list[Payload]] = defaultdict(list)
    for payload in found:
        streams[payload.schema, payload.key].append(payload)
    return dict(streams)


def publish(bootstrap: str, records: Iterable[RawRecord]) -> None:
    one = {"enable.idempotence": True, "max.in.flight.requests.per.connection": 1}  # as streams/delivery.py says
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5} | one)
    for record in records:
        producer.produce(record.topic, record.value, record.key, partition=record.partition)
        producer.poll(0)
    assert producer.flush(30) == 0


def create_topics(flags: dict[str, object], existing: bool = False) -> Settings:
    settings = load(flags=flags)
    told = Topics(settings).create()
    if existing and not set(told.values()) <= {"created", "exists"}:  # the brokers may have had too much to do
        told = Topics(settings).create()
    assert set(told.values()) <= ({"created", "exists"} if existing else {"created"}), told
    return settings


def consume(bootstrap: str, topic: str) -> Iterator[tuple[bytes | None, bytes | None, dict[str, bytes], int, int]]:
    """Key, value, headers, partition and offset of everything in a topic now."""
    config = {"bootstrap.servers": bootstrap, "group.id": "tests", "enable.partition.eof": True}
    consumer = Consumer(config | {"enable.auto.commit": False, "fetch.wait.max.ms": 20})
    try:
        left = set(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in left])
        while left:
            message = consumer.poll(10)
            if message is None:
                raise TimeoutError(f"{topic}: no end of partitions {left}")
            if message.error() is None:
                yield (message.key(), message.value(), dict(message.headers() or ()), *_place(message))
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition())
            else:
                raise KafkaException(message.error())
    finally:
        consumer.close()


def _place(message: object) -> tuple[int, int]:
    return message.partition(), message.offset()  # type: ignore[attr-defined]


def published(bootstrap: str, name: str) -> list[Payload]:
    """Every signal and window of a worker, heartbeats apart, in order per partition."""
    found = []
    for topic, schema in SCHEMAS.items():
        for key, value, headers, _, _ in consume(bootstrap, f"{name}.{topic}"):
            schema_id, body = split(value, list(headers.items()))
            assert BuiltIn().writer(schema_id)
            record = codec.decode(schema, body)
            if record.get("kind") != "HEARTBEAT":
                found.append(Payload(schema, (key or b"").decode(), record["id"], record["revision"], body))
    return found


def committed(
    bootstrap: str, group: str, places: Iterable[tuple[str, int]], timeout_s: float = 60
) -> dict[tuple[str, int], int]:
    consumer, deadline = Consumer({"bootstrap.servers": bootstrap, "group.id": group}), time.monotonic() + timeout_s
    try:
        while True:
            try:
                found = consumer.committed([TopicPartition(*place) for place in places], timeout=10)
                return {(place.topic, place.partition): place.offset for place in found}
            except KafkaException:  # a new broker has no coordinator for some seconds
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
    finally:
        consumer.close()


class Worker:
    """`equipoise worker` as a process. Use it as a context: it is ended in the end."""

    def __init__(self, folder: Path, flags: dict[str, object], *more: str, **environment: str) -> None:
        self._log = folder / f"worker-{time.monotonic_ns()}.log"
        words = ["-c", "from equipoise.streams.cli import main; main()", "worker", "-v", *more]
        for name, value in flags.items():
            words += ["--set", f"{name}={json.dumps(value) if isinstance(value, list) else value}"]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, *words],
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_for(self, words: str, timeout_s: float = 120) -> None:
        """Until the log holds these words."""
        deadline = time.monotonic() + timeout_s
        while words not in self.log:
            assert self.process.poll() is None, f"worker ended:\n{self.log[-3000:]}"
            assert time.monotonic() < deadline, f"no {words!r} after {timeout_s} s:\n{self.log[-3000:]}"
            time.sleep(0.1)

    def stop(self, timeout_s: float = 30) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


def wait_committed(worker: "Worker", bootstrap: str, group: str, records: Iterable[RawRecord]) -> None:
    """Until everything is committed."""
    places: dict[tuple[str, int], int] = {}
    for record in records:
        place = record.topic, record.partition
        places[place] = max(places.get(place, 0), record.offset + 1)
    wait_ends(worker, bootstrap, group, places)


def wait_ends(
    worker: "Worker", bootstrap: str, group: str, places: dict[tuple[str, int], int], timeout_s: float = 240
) -> None:
    """Until these offsets are committed; so much time may pass without any progress."""
    deadline, before = time.monotonic() + timeout_s, None
    while (found := committed(bootstrap, group, places)) != places:
        if found != before:
            deadline, before = time.monotonic() + timeout_s, found
        assert worker.process.poll() is None, f"worker ended:\n{worker.log[-3000:]}"
        assert time.monotonic() < deadline, f"committed {found}, expected {places}:\n{worker.log[-3000:]}"
        time.sleep(0.3)


def wait_committed_some(bootstrap: str, group: str, records: list[RawRecord], timeout_s: float = 120) -> None:
    """Until something, but not everything, is committed."""
    places = {(record.topic, record.partition) for record in records}
    deadline = time.monotonic() + timeout_s
    while (done := sum(offset for offset in committed(bootstrap, group, places).values() if offset > 0)) == 0:
        assert time.monotonic() < deadline, "nothing is committed"
        time.sleep(0.05)
    assert done < len(records), "everything was committed before the kill: give it more records"


def ends(bootstrap: str, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    """The end of every partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "tests"})
    try:
        found = {}
        for topic in topics:
            for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
                found[topic, number] = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
        return found
    finally:
        consumer.close()
