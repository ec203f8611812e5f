"""Mempool records through the pool and on to the engine, as a worker would carry them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.processors.columns import empty_events
from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instruments
from equipoise.processors.pending import PendingPool, PendingSettings
from equipoise.processors.pending_records import PoolTarget
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Cause, Flag, Outcome, Side
from equipoise.schemas.local import BuiltIn, local_id
from equipoise.schemas.wire import frame
from equipoise.streams.intents import IntentDecoder, MempoolTask
from equipoise.streams.records import RawRecord
from equipoise.streams.simulator import Simulator, SimulatorSettings, default_markets

POOL = default_markets()[-1]


def listed():
    table = Instruments()
    table.add(POOL.instrument)
    return table


def make():
    pools = {POOL.pool: PoolTarget(POOL.instrument.key)}
    return MempoolTask("mempool", PendingPool(listed(), PendingSettings(pools=pools)), BuiltIn())


def framed(name, record):
    return frame(local_id(codec.schema(name)), codec.encode(name, record))


@pytest.fixture(scope="module")
def mined():
    """A minute of a pool: its chunks, and its mempool as Kafka records, Avro and JSON in turn."""
    simulator = Simulator(SimulatorSettings(seed=2, instruments=(POOL,), chunk_ms=1_000))
    chunks = list(simulator.chunks(60))
    pending = [record for chunk in chunks for record in chunk.pending]
    values = [
        framed("PendingTransaction", record) if number % 2 else json.dumps(record).encode()
        for number, record in enumerate(pending)
    ]
    return chunks, [RawRecord("mempool", 0, offset, None, value) for offset, value in enumerate(values)]


def as_kafka(intents):
    head = local_id(codec.schema("SwapIntent"))
    return [
        RawRecord("intents", 0, offset, intent.key.encode(), frame(head, intent.body))
        for offset, intent in enumerate(intents)
    ]


def test_every_record_has_an_outcome_and_intents_name_their_record(mined):
    _, records = mined
    task = make()
    step = task.feed(records)
    account = task.accounts()["mempool"]
    assert account["in"] == len(records) == task.settled()["mempool"]
    assert account["used"] + account["flagged"] == len(records)
    assert account["dead_lettered"] == 0
    assert step.dead == []
    assert len(step.intents) > 150
    assert {intent.key for intent in step.intents} == {POOL.instrument.key}
    offsets = [intent.offset for intent in step.intents]
    assert offsets == sorted(offsets)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_batches_restarts_and_repetitions_change_nothing(mined, cuts):
    _, records = mined
    whole = make()
    expected = whole.feed(records).intents
    task, got, at = make(), [], 0
    for cut in [*sorted(min(cut, len(records)) for cut in cuts), len(records)]:
        got += task.feed(records[max(at - 3, 0) : cut]).intents  # the last three once more: at least once
        at = max(cut, at)
        again = make()
        again.load(task.dump())
        task = again
    assert got == expected
    assert task.dump() == whole.dump()


def test_the_engine_holds_what_the_pool_expects(mined):
    chunks, records = mined
    task, table = make(), listed()
    engine = Engine(table, None, 2)
    decoder = IntentDecoder(table, BuiltIn())
    used = 0
    for chunk in chunks:
        engine.step(chunk.events)
        here = [r for r in records if arrival(r) < chunk.end_ns and r.offset >= task.position("mempool")]
        decoded = decoder.decode(as_kafka(task.feed(here).intents))
        assert decoded.refusals == []
        rows = decoded.events._replace(source=np.full(len(decoded.record), 1, np.int16))
        outputs = engine.step(rows)
        used += int(np.sum(outputs.outcome == Outcome.USED))
        assert np.all(outputs.outcome == Outcome.USED)
    assert used > 150
    closed = engine.step(later(chunks[-1].end_ns + 10_000_000_000)).windows
    buys, sells = expected_lots(task)
    assert (closed[-1]["pending_buy"], closed[-1]["pending_sell"]) == (buys, sells)
    assert buys + sells > 0


def later(ns):
    """A row without content on either source, which closes the windows before it."""
    rows = empty_events(2)
    rows.action[:], rows.flags[:], rows.event_ns[:], rows.arrival_ns[:] = Action.NOTHING, Flag.LAST, ns, ns
    rows.source[:] = [0, 1]
    return rows


def arrival(record):
    value = record.value
    found = json.loads(value) if value[:1] == b"{" else codec.decode("PendingTransaction", value[5:])
    return found["arrival_time_ns"]


def expected_lots(task):
    waiting = json.loads(task.dump()[""][4 + int.from_bytes(task.dump()[""][:4], "big") :])["pending"]
    lots = {Side.BID: 0, Side.ASK: 0}
    for entry in waiting:
        for leg, expected in zip(entry["legs"], entry["expected"], strict=True):
            lots[leg["side"]] += expected
    return lots[Side.BID], lots[Side.ASK]


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (None, Cause.NOT_AN_EVENT),
        (b"", Cause.UNKNOWN_SCHEMA),
        (b"{", Cause.TRUNCATED),
        (b"[]", Cause.UNKNOWN_SCHEMA),
        (b'{"hash": 1}', Cause.MISSING_FIELD),
        (b"x" * (2**20 + 1), Cause.TOO_LARGE),
        (b"\x00\x00\x00\x00\x07abc", Cause.UNKNOWN_SCHEMA),
    ],
)
def test_what_cannot_be_read_has_a_cause_and_stops_nothing(mined, value, cause):
    task = make()
    step = task.feed([RawRecord("mempool", 0, 0, None, value), *(mined[1][1:6])])
    account = task.accounts()["mempool"]
    assert account["causes"][cause.name] == 1
    assert account["in"] == 6
    assert len(step.dead) == (0 if cause is Cause.NOT_AN_EVENT else 1)
    assert step.intents != []


def test_a_truncated_transaction_is_a_dead_letter_as_it_came(mined):
    record = mined[1][1]
    cut = RawRecord("mempool", 0, 9, None, record.value[:-20])
    dead = make().feed([cut]).dead
    assert [(d.record, d.offset, d.cause) for d in dead] == [(cut, 9, Cause.TRUNCATED)]


INTENT = {
    "venue": "POOL", "symbol": "ETH-USD", "action": "INTENT", "intent_id": -77, "transaction": "0x1", "leg": 0,
    "side": "ASK", "amount": 9, "inclusion_probability": 0.5, "expected": 4, "replaces": None, "state": "SEEN",
    "event_time_ns": 1_767_571_200_000_000_000, "arrival_time_ns": None, "source": "",
}  # fmt: skip


def test_an_intent_is_one_row():
    decoded = IntentDecoder(listed(), BuiltIn()).decode(
        [RawRecord("intents", 0, 5, None, framed("SwapIntent", INTENT))]
    )
    row = {name: column.tolist() for name, column in decoded.events._asdict().items()}
    assert decoded.refusals == []
    assert (row["action"], row["side"], row["quantity"], row["order_id"]) == ([Action.INTENT], [Side.ASK], [4], [-77])
    assert (row["instrument"], row["flags"], row["event_ns"]) == ([0], [1], [INTENT["event_time_ns"]])


@pytest.mark.parametrize(
    ("change", "cause", "name"),
    [
        ({"symbol": "DOGE-USD"}, Cause.UNKNOWN_INSTRUMENT, "symbol"),
        ({"action": "ADD"}, Cause.UNKNOWN_WORD, "action"),
        ({"side": "NONE"}, Cause.UNKNOWN_WORD, "side"),
        ({"expected": -1}, Cause.QUANTITY_RANGE, "expected"),
        ({"event_time_ns": 0}, Cause.TIMESTAMP_RANGE, "event_time_ns"),
        ({"intent_id": None}, Cause.MISSING_FIELD, "intent_id"),
    ],
)
def test_a_bad_intent_is_refused_by_name(change, cause, name):
    value = json.dumps({**INTENT, **change}).encode()
    refusals = IntentDecoder(listed(), BuiltIn()).decode([RawRecord("intents", 0, 0, None, value)]).refusals
    assert [refusal.cause for refusal in refusals] == [cause]
    assert name in refusals[0].detail
