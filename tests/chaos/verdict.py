"""What must be there in the end, from an undisturbed run over the same records, and whether it is."""

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException

from equipoise.streams.records import RawRecord
from equipoise.streams.recovery import Reader
from equipoise.streams.settings import Settings
from equipoise.streams.state_rows import select
from tests.streams import live

LIMIT_S, MARKERS_S, AGAIN_S = 120.0, 60.0, 0.5
Letter = tuple[str, int, int, str, bytes | None]  # topic, partition, offset, cause, value


@dataclass
class Answer:
    """The undisturbed run."""

    records: list[RawRecord]
    streams: dict[tuple[str, str], list[live.Payload]]
    letters: list[Letter]
    rows: dict[int, dict[str, bytes]]  # by partition
    settled: dict[tuple[str, int], int]


def undisturbed(records: list[RawRecord], flags: dict[str, Any]) -> Answer:
    """As a backtest runs, without an end of the input: a worker does not know of one either."""
    payloads, tasks, steps = live.offline(records, flags, ends=False)
    letters = [
        (dead.topic, dead.record.partition, dead.offset, dead.cause.name, dead.record.value)
        for step in steps
        for dead in step.dead
        if dead.record is not None
    ]
    settled = {(topic, number): at for number, task in tasks.items() for topic, at in task.settled().items()}
    return Answer(records, live.by_stream(payloads), letters, {n: task.dump() for n, task in tasks.items()}, settled)


def compare(answer: Answer, settings: Settings, mode: str) -> None:
    """Raises AssertionError with the first difference.

    What the brokers cannot tell at the moment, since another round kills one of them, is asked for again. So is what
    differs: a transaction that has ended is seen once its coordinator, which may be busy, has written its markers. What
    is lost, doubled or different stays so.
    """
    began = time.monotonic()
    while True:
        try:
            return _compare(answer, settings, mode)
        except (KafkaException, TimeoutError, AssertionError) as why:
            if time.monotonic() - began > (MARKERS_S if isinstance(why, AssertionError) else LIMIT_S):
                raise
        time.sleep(AGAIN_S)


def _compare(answer: Answer, settings: Settings, mode: str) -> None:
    bootstrap, name = settings.kafka.bootstrap, settings.kafka.group
    found = live.by_stream(live.published(bootstrap, name))
    assert found.keys() == answer.streams.keys(), (
        f"nothing came, or should not, of {found.keys() ^ answer.streams.keys()}"
    )
    for stream, wanted in answer.streams.items():
        (_exactly if mode == "tx" else _at_least)(stream, found[stream], wanted)
    letters = [
        (
            headers["__streams.errors.topic"].decode(),
            int(headers["__streams.errors.partition"]),
            int(headers["__streams.errors.offset"]),
            headers["equipoise-cause"].decode(),
            value,
        )
        for _, value, headers, _, _ in live.consume(bootstrap, settings.topics.dead_letters)
    ]
    if mode == "alo":
        letters = list(set(letters))
    assert sorted(letters) == sorted(answer.letters), "dead letters differ"
    _state(answer, settings)


def _exactly(stream: tuple[str, str], found: list[live.Payload], wanted: list[live.Payload]) -> None:
    ids = [(payload.id, payload.revision) for payload in found]
    double = {one for one in ids if ids.count(one) > 1} if len(set(ids)) < len(ids) else set()
    assert not double, f"{stream}: published more than once: {sorted(double)[:3]}"
    assert set(ids) == {(p.id, p.revision) for p in wanted}, f"{stream}: {len(ids)} published, {len(wanted)} wanted"
    assert found == wanted, f"{stream}: other bytes or another order"


def _at_least(stream: tuple[str, str], found: list[live.Payload], wanted: list[live.Payload]) -> None:
    bodies = defaultdict(set)
    for payload in found:
        bodies[payload.id, payload.revision].add(payload.body)
    double = [one for one, own in bodies.items() if len(own) > 1]
    assert not double, f"{stream}: two byte strings under one id and revision: {double[:3]}"
    missing = {(p.id, p.revision) for p in wanted} - bodies.keys()
    assert not missing, f"{stream}: lost {sorted(missing)[:3]}"
    assert set(found) == set(wanted), f"{stream}: other bytes, or signals that should not be"


def _state(answer: Answer, settings: Settings) -> None:
    """Every row of the last checkpoint, as an undisturbed run would write it."""
    with Reader(settings) as reader:
        for number, wanted in answer.rows.items():
            found = select(reader.records(settings.topics.state, number)).rows
            assert found.keys() == wanted.keys(), f"state of partition {number}: {found.keys() ^ wanted.keys()}"
            different = [name for name, row in wanted.items() if found[name] != row]
            assert not different, f"state of partition {number}: rows {different} differ"
