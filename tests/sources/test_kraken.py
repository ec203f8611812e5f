"""Kraken's messages, in the shapes of its documentation, and what a wrong checksum does to book and signal."""

import json
from decimal import Decimal

import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Outcome, Reason, Side, Status
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.decoders import open_decoder
from equipoise.streams.sources.live import Origin
from tests.sources.test_checksums import KRAKEN_ASKS, KRAKEN_BIDS, KRAKEN_CHECKSUM

STAMP = "2023-10-06T17:35:{:02d}.440295Z"


@pytest.fixture
def instruments():
    table = Instruments()
    table.add(Instrument("KRAKEN", "BTC/USD", Decimal("0.1"), Decimal("1e-8"), BookSource.L2))
    table.add(Instrument("KRAKEN", "ETH/USD", Decimal("0.01"), Decimal("1e-8"), BookSource.L3))
    return table


def levels(pairs):
    return [{"price": float(price), "qty": float(size)} for price, size in pairs]


def book(kind="update", bids=(), asks=(), second=0, **more):
    data = {"symbol": "BTC/USD", "bids": levels(bids), "asks": levels(asks), "timestamp": STAMP.format(second)} | more
    return {"channel": "book", "type": kind, "data": [data]}


def snapshot(second=0, **more):
    return book("snapshot", KRAKEN_BIDS, KRAKEN_ASKS, second, **{"checksum": KRAKEN_CHECKSUM} | more)


def trade(**changes):
    one = {"symbol": "BTC/USD", "side": "sell", "price": 45283.5, "qty": 0.0005, "ord_type": "market", "trade_id": 7,
           "timestamp": STAMP.format(1)} | changes  # fmt: skip
    return {"channel": "trade", "type": "update", "data": [one]}


def decode(decoder, *messages):
    return decoder.decode([RawRecord("t", 0, k, None, json.dumps(m).encode()) for k, m in enumerate(messages)])


def test_messages_become_rows(instruments):
    decoder = open_decoder("kraken", instruments)
    trades = trade()
    trades["data"].append(trades["data"][0] | {"trade_id": 8, "side": "buy"})
    decoded = decode(decoder, snapshot(), book(bids=[("45283.5", "0")], second=1), trades)
    events = decoded.events
    assert not decoded.refusals
    assert events.action.tolist() == [Action.SNAPSHOT, *[Action.LEVEL] * 20, Action.LEVEL, Action.TRADE, Action.TRADE]
    assert (events.price[1], events.quantity[1]) == (452_835, 10_000_000)
    assert events.side[-2:].tolist() == [Side.ASK, Side.BID]
    assert events.quantity[-1] == 50_000
    assert (events.flags & Flag.LAST).nonzero()[0].tolist() == [20, 21, 23]
    assert not (events.flags & Flag.BAD_CHECKSUM).any()


def test_what_falls_below_the_subscribed_depth_is_removed(instruments):
    decoded = decode(open_decoder("kraken", instruments), snapshot(), book(bids=[("45283.6", "2")]))
    rows = list(zip(decoded.events.price[21:].tolist(), decoded.events.quantity[21:].tolist(), strict=True))
    assert rows == [(452_836, 200_000_000), (452_766, 0)]


def reasons(outputs):
    bits = int(outputs.signals["reasons"][-1])
    return {reason for reason in Reason if bits >> reason & 1}


def test_a_wrong_checksum_makes_the_book_unknown_until_a_snapshot(instruments):
    engine, decoder = Engine(instruments), open_decoder("kraken", instruments)
    engine.step(decode(decoder, snapshot()).events)
    assert engine.best(0) == (452_835, 10_000_000, 452_852, 100_000)
    wrong = book(bids=[("45283.5", "5")], second=1, checksum=1)
    outputs = engine.step(decode(decoder, wrong, book(bids=[("45283.5", "6")], second=2)).events)
    assert outputs.signals["status"][-1] == Status.DEGRADED
    assert Reason.CHECKSUM_MISMATCH in reasons(outputs)
    assert outputs.signals["reference_mid_x2"][-1] == NULL
    assert outputs.signals["last_good_mid_x2"][-1] == 452_835 + 452_852
    assert set(outputs.outcome) == {Outcome.USED}
    again = Engine(instruments)  # what is unknown stays so across a restart
    again.load(engine.dump())
    for one in (engine, again):
        outputs = one.step(decode(open_decoder("kraken", instruments), book(asks=[("45285.2", "1")], second=3)).events)
        assert Reason.CHECKSUM_MISMATCH in reasons(outputs)
        outputs = one.step(decode(decoder, snapshot(4)).events)
        assert one.best(0) == (452_835, 10_000_000, 452_852, 100_000)
        assert Reason.CHECKSUM_MISMATCH not in reasons(outputs)
        assert outputs.signals["reference_mid_x2"][-1] == 452_835 + 452_852


def test_a_snapshot_with_a_wrong_checksum_is_not_believed(instruments):
    engine = Engine(instruments)
    outputs = engine.step(decode(open_decoder("kraken", instruments), snapshot(checksum=5)).events)
    assert Reason.CHECKSUM_MISMATCH in reasons(outputs)


def test_the_check_is_an_option(instruments):
    decoder = open_decoder("kraken", instruments, Origin(checksum=False))
    decoded = decode(decoder, snapshot(), book(bids=[("45283.5", "5")], checksum=1), book(checksum=None))
    assert not (decoded.events.flags & Flag.BAD_CHECKSUM).any()


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ({"channel": "heartbeat"}, Cause.NOT_AN_EVENT),
        (trade() | {"type": "snapshot"}, Cause.NOT_AN_EVENT),
        (trade() | {"data": []}, Cause.MISTYPED),
        (trade(side="hold"), Cause.UNKNOWN_WORD),
        (trade(symbol="DOGE/USD"), Cause.UNKNOWN_INSTRUMENT),
        (trade(symbol=5), Cause.MISTYPED),
        (trade(price=45283.55), Cause.PRICE_OFF_TICK),
        (trade(qty=-1), Cause.QUANTITY_RANGE),
        (trade(timestamp="today"), Cause.MISTYPED),
        (book(checksum="x"), Cause.MISTYPED),
        (book(timestamp=None), Cause.MISSING_FIELD),
        (book(bids=[]) | {"type": "other"}, Cause.UNKNOWN_WORD),
        (book(symbol="ETH/USD"), Cause.OTHER_BOOK_SOURCE),
        (book() | {"data": [{"symbol": "BTC/USD", "bids": [7], "timestamp": STAMP.format(0)}]}, Cause.MISTYPED),
    ],
)
def test_a_bad_message_is_refused_and_its_neighbours_are_used(instruments, message, cause):
    decoder = open_decoder("kraken", instruments)
    decoded = decode(decoder, snapshot(), message, trade(), trade(), book(bids=[("45283.4", "1.54582015")]))
    assert [(refusal.record, refusal.cause) for refusal in decoded.refusals] == [(1, cause), (3, Cause.DUPLICATE_FILL)]
    assert sorted(set(decoded.record.tolist())) == [0, 2, 4]
    assert not (decoded.events.flags & Flag.BAD_CHECKSUM).any()
