"""What goes in: a market with duplicates, late and reordered records, and some that cannot be read."""

import json
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest

from confluent_kafka import Producer

from equipoise.streams.records import RawRecord
from tests.streams import live

START_NS = 1_763_000_000_000_000_000
BAD = (b"{", b'{"venue": "V", "symbol": "S0"}', b"\x00\x00\x00\xff\xff", b"[]")


def drawn(draw: random.Random, name: str, count: int) -> list[RawRecord]:
    """Records in the order in which they are published; both topics side by side."""
    market = live.market(count, seed=draw.randrange(1 << 30), start_ns=START_NS)
    disorder, twice, bad = draw.choice([0, 0, 3, 20]), draw.choice([0.0, 0.05]), draw.choice([0.0, 0.01])
    ends: dict[tuple[str, int], int] = defaultdict(int)
    topics = [
        [record for event in _reordered(draw, events, disorder) for record in _values(draw, event, twice, bad)]
        for events in market.values()
    ]
    found = []
    for row in zip_longest(*(_spread(topic, max(map(len, topics))) for topic in topics)):
        for topic, values in zip(market, row, strict=True):
            for number, key, value in values or ():
                place = f"{name}.{topic}", number
                found.append(RawRecord(*place, ends[place], key, value))
                ends[place] += 1
    return found


def _reordered(draw: random.Random, events: list, by: int) -> list:  # type: ignore[type-arg]
    return [event for _, _, event in sorted((n + draw.uniform(0, by), n, event) for n, event in enumerate(events))]


def _values(draw: random.Random, event: dict, twice: float, bad: float):  # type: ignore[no-untyped-def,type-arg]
    number, key = live.partition_of(event), f"{event['venue']}:{event['symbol']}".encode()
    if draw.random() < bad:
        yield number, key, draw.choice(BAD)
    for _ in range(1 + (draw.random() < twice)):
        yield number, key, json.dumps(event).encode()


def _spread(values: list, slots: int) -> list[list]:  # type: ignore[type-arg]
    """So that both topics are published at the same pace, whatever their lengths."""
    rows: list[list] = [[] for _ in range(slots)]  # type: ignore[type-arg]
    for number, value in enumerate(values):
        rows[number * slots // len(values)].append(value)
    return rows


class Feeder:
    """Publishes records evenly over some seconds, each once and in order."""

    def __init__(self, bootstrap: str, records: Sequence[RawRecord], seconds: float) -> None:
        # One request at a time: where the first batch of a partition is refused and the second taken, the broker takes
        # the first for a repetition, and says that it is there.
        one = {"enable.idempotence": True, "max.in.flight.requests.per.connection": 1}
        self._producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0} | one)
        self._records = records
        self._seconds = seconds
        self._began = time.monotonic()
        self._sent = 0
        self._lost = ""
        # records for partitions that are not known yet would fail
        for topic in {record.topic for record in records}:
            while len(self._producer.list_topics(topic, timeout=30).topics[topic].partitions) < live.PARTITIONS:
                time.sleep(0.1)

    def tick(self) -> bool:
        """Publish what is due; whether all is published."""
        share = min(1.0, (time.monotonic() - self._began) / self._seconds)
        due = int(share * len(self._records))
        for record in self._records[self._sent : due]:
            self._producer.produce(
                record.topic, record.value, record.key, partition=record.partition, on_delivery=self._delivered
            )
        self._sent = due
        self._producer.poll(0)
        if self._lost:
            raise RuntimeError(f"the input itself was not written: {self._lost}")
        return share == 1.0 and self._producer.flush(0) == 0

    def _delivered(self, error: object, _: object) -> None:
        if error is not None:
            self._lost = str(error)
