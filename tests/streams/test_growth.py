"""What may change between two starts, and what may not: topics are added; an instrument stays on its partition."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.errors import RegistryUnavailableError
from equipoise.streams.claims import Claims, MisplacedError
from equipoise.streams.outgoing import payloads
from equipoise.streams.records import Decoded, RawRecord
from equipoise.streams.retry import Backoff, sentence
from equipoise.streams.settings import load
from equipoise.streams.settings.engine import engine_settings
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.task import Task
from tests.streams import live


def _task(topics: list[str], table: Instruments) -> Task:
    settings = engine_settings(load())
    at_once = replace(settings.time, idle_ns=1)  # a topic that says nothing would hold windows open for a while
    engine = Engine(table, replace(settings, time=at_once), len(topics))
    return Task(topics, engine, dict.fromkeys(topics, CanonicalDecoder(table)))


def test_a_topic_may_be_added_to_a_state() -> None:
    table, events = live.instruments(), live.market(600, pause_every=300)["book"]
    records = [record for record in live.raw_records("x", {"book": events}) if record.partition == 0]
    half = len(records) // 2
    one, other = _task(["x.book"], table), _task(["x.book"], table)
    one.feed(records[:half])
    other.feed(records[:half])
    grown = _task(["x.book", "x.extra"], table)
    grown.load(one.dump())
    assert grown.settled() == {"x.book": half, "x.extra": 0}
    expected, steps = other.feed(records[half:]), [grown.feed(records[half:]), grown.flush()]
    assert expected.outputs is not None
    found = [p[:3:2] for step in steps if step.outputs is not None for p in payloads(step.outputs, table)]
    wanted = [p[:3:2] for p in payloads(expected.outputs, table)]
    for schema in ("SpreadSignal", "FeeSignal", "ImbalanceWindow"):  # each has a topic, and so an order, of its own
        assert [p for p in found if p[0] == schema] == [p for p in wanted if p[0] == schema]


def test_an_instrument_on_two_partitions_is_refused_by_name() -> None:
    table = Instruments()
    index = table.add(Instrument("V", "S", Decimal(1), Decimal(1)))
    claims = Claims(table)
    claims.take("orders", 0, [index])
    claims.take("trades", 0, [index])
    with pytest.raises(MisplacedError, match="V:S is on partition 0 of orders and on partition 2 of trades"):
        claims.take("trades", 2, [index])
    claims.clear()
    claims.take("trades", 2, [index])


class _Away:
    """A decoder whose registry answers at the second call."""

    def __init__(self, table: Instruments) -> None:
        self.calls = 0
        self._decoder = CanonicalDecoder(table)

    def decode(self, records: list[RawRecord]) -> Decoded:
        self.calls += 1
        if self.calls == 1:
            raise RegistryUnavailableError("registry: no answer")
        return self._decoder.decode(records)


def test_a_registry_that_is_away_loses_nothing() -> None:
    table = live.instruments()
    records = [r for r in live.raw_records("x", {"book": live.market(100)["book"]}) if r.partition == 0]
    task = Task(["x.book"], Engine(table, engine_settings(load()), 1), {"x.book": _Away(table)})  # type: ignore[dict-item]
    with pytest.raises(RegistryUnavailableError):
        task.feed(records)
    assert task.accounts()["x.book"]["in"] == 0
    task.feed(records)
    assert task.accounts()["x.book"]["in"] == len(records)


def test_pauses_double_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    backoff = Backoff(1_000)

    async def tries() -> None:
        for _ in range(4):
            await backoff.wait("registry: no answer")

    asyncio.run(tries())
    assert slept == [0.25, 0.5, 1.0, 1.0]


def test_a_sentence_is_one_line() -> None:
    assert sentence(ValueError("first\nsecond")) == "first"
    assert sentence(KeyError()) == "KeyError"
