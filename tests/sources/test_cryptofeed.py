"""cryptofeed's records, of the shapes that its `to_dict` and its Kafka backend make."""

import json
from decimal import Decimal

import pytest

from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.processors.settings import EngineSettings
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Outcome, Side
from equipoise.schemas.ids import order_id
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.decoders import open_decoder
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.recording import open_recording

NOW = 1_700_000_000


@pytest.fixture
def instruments():
    table = Instruments()
    table.add(Instrument("COINBASE", "BTC-USD", Decimal("0.01"), Decimal("1e-8"), BookSource.L2))
    table.add(Instrument("BITFINEX", "ETH-USD", Decimal("0.1"), Decimal("0.0001"), BookSource.L3))
    return table


def decode(instruments, *found, origin=None):
    decoder = open_decoder("cryptofeed", instruments, origin or Origin("book-COINBASE-BTC-USD"))
    values = [json.dumps(one).encode() for one in found]
    return decoder.decode([RawRecord("t", 0, k, b"book", value) for k, value in enumerate(values)])


def trade(**changes):
    return {
        "exchange": "COINBASE", "symbol": "BTC-USD", "side": "buy", "amount": 0.00012345, "price": 30123.45,
        "id": "551", "type": None, "timestamp": NOW + 0.123456, "receipt_timestamp": NOW + 0.25,
    } | changes  # fmt: skip


def book(**changes):
    head = {"exchange": "COINBASE", "symbol": "BTC-USD", "timestamp": NOW + 0.5, "receipt_timestamp": NOW + 0.6}
    return head | changes


def order_book(**changes):
    return book(exchange="BITFINEX", symbol="ETH-USD", **changes)


def rows(decoded):
    return list(zip(*(column.tolist() for column in decoded.events[1:7]), strict=True))


def test_trades_keep_every_digit_of_their_numbers_and_stamps(instruments):
    decoded = decode(instruments, trade(), trade(id=None, side="sell"), trade(id="None", side="sell"))
    assert rows(decoded) == [
        (Action.TRADE, Side.BID, Flag.LAST, 3_012_345, 12_345, 551),
        (Action.TRADE, Side.ASK, Flag.LAST, 3_012_345, 12_345, 0),
        (Action.TRADE, Side.ASK, Flag.LAST, 3_012_345, 12_345, 0),
    ]
    assert decoded.events.event_ns.tolist()[0] == NOW * 10**9 + 123_456_000
    assert decoded.events.arrival_ns.tolist()[0] == NOW * 10**9 + 250_000_000


def test_a_level_book_and_its_deltas(instruments):
    snapshot = book(book={"bid": {"30000.01": 1.5, "30000.0": 2}, "ask": {"30000.02": 0.25}})
    delta = book(delta={"bid": [[30000.01, 0.0]], "ask": [["30000.03", "0.1"]]})
    assert rows(decode(instruments, snapshot, delta)) == [
        (Action.SNAPSHOT, 0, 0, -(2**63), -(2**63), 0),
        (Action.LEVEL, Side.BID, 0, 3_000_001, 150_000_000, 0),
        (Action.LEVEL, Side.BID, 0, 3_000_000, 200_000_000, 0),
        (Action.LEVEL, Side.ASK, Flag.LAST, 3_000_002, 25_000_000, 0),
        (Action.LEVEL, Side.BID, 0, 3_000_001, 0, 0),
        (Action.LEVEL, Side.ASK, Flag.LAST, 3_000_003, 10_000_000, 0),
    ]


def test_an_order_book_and_its_deltas(instruments):
    snapshot = order_book(book={"bid": {"2000.1": {"77": 1.5, "a-b": 2}}, "ask": {}})
    delta = order_book(delta={"bid": [[77, 2000.1, 0.5], ["a-b", 2000.1, 0]], "ask": []})
    assert rows(decode(instruments, snapshot, delta))[1:] == [
        (Action.ADD, Side.BID, 0, 20_001, 15_000, 77),
        (Action.ADD, Side.BID, Flag.LAST, 20_001, 20_000, order_id("a-b")),
        (Action.MODIFY, Side.BID, Flag.UPSERT, 20_001, 5_000, 77),
        (Action.CANCEL, Side.BID, Flag.LAST, 20_001, -(2**63), order_id("a-b")),
    ]


def test_empty_books_and_deltas_are_used(instruments):
    decoded = decode(instruments, book(book={"bid": {}, "ask": {}}), book(delta={"bid": [], "ask": []}))
    assert decoded.events.action.tolist() == [Action.SNAPSHOT, Action.NOTHING]
    assert decoded.events.flags.tolist() == [Flag.LAST, Flag.LAST]


def test_a_fill_seen_twice_counts_once_per_instrument(instruments):
    decoded = decode(instruments, trade(), trade(), trade(exchange="BITFINEX", symbol="ETH-USD", price=2000, amount=1))
    assert [(r.record, r.cause) for r in decoded.refusals] == [(1, Cause.DUPLICATE_FILL)]
    assert "id: '551' has been counted" in decoded.refusals[0].detail


def test_venue_and_symbol_come_from_the_topic_where_the_record_has_none(instruments):
    bare = {key: value for key, value in trade().items() if key not in ("exchange", "symbol")}
    decoded = decode(instruments, bare, origin=Origin("trades-COINBASE-BTC-USD", "COINBASE", "BTC-USD", "trades"))
    assert decoded.events.instrument.tolist() == [0]
    assert decode(instruments, bare).refusals[0].cause is Cause.MISSING_FIELD


@pytest.mark.parametrize(
    ("bad", "cause", "words"),
    [
        (trade(side="bid"), Cause.UNKNOWN_WORD, "side: 'bid', expected buy or sell"),
        (trade(price=30123.455), Cause.PRICE_OFF_TICK, "price: Decimal('30123.455') is no multiple of the tick 0.01"),
        (trade(amount=-1), Cause.QUANTITY_RANGE, "amount: -1, must be >= 0"),
        (trade(timestamp=0), Cause.TIMESTAMP_RANGE, "timestamp: 0 ns"),
        (trade(timestamp=1e30), Cause.TIMESTAMP_RANGE, "timestamp: Decimal('1E+30') s"),
        (trade(timestamp="soon"), Cause.MISTYPED, "timestamp: 'soon'"),
        (trade(exchange="X"), Cause.UNKNOWN_INSTRUMENT, "'X:BTC-USD' is not listed"),
        (trade(exchange=5), Cause.MISSING_FIELD, "exchange, symbol: 5"),
        (trade(status="filled"), Cause.NOT_AN_EVENT, "neither a trade nor a book"),
        (book(bid=1, ask=2), Cause.NOT_AN_EVENT, "neither a trade nor a book"),
        (book(delta={"bid": [[1]]}), Cause.MISTYPED, "delta: expected [price, size]"),
        (book(delta={"bid": [[7, 30000, 1]]}), Cause.OTHER_BOOK_SOURCE, "the record is of L3, the book of L2"),
        (book(delta=[]), Cause.MISTYPED, "delta: [] is list, expected dict"),
        (book(delta={"bid": {}}), Cause.MISTYPED, "delta.bid: {} is dict, expected list"),
        (book(book={"bid": {"x": 1}}), Cause.MISTYPED, "book.BID: 'x', expected a decimal number"),
        (order_book(book={"bid": {"1": {"a": 1}, "2": 5}}), Cause.MISTYPED, "book.BID: 5 is int, expected dict"),
        (order_book(book={"bid": {"1": 5}}), Cause.OTHER_BOOK_SOURCE, "the record is of L2, the book of L3"),
    ],
)
def test_a_bad_record_is_refused_and_its_neighbours_are_used(instruments, bad, cause, words):
    decoded = decode(instruments, trade(id="1"), bad, trade(id="2"))
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert list(decoded.record) == [0, 2]


def test_a_file_of_records_is_a_recording(tmp_path):
    path = tmp_path / "consumed.jsonl"
    lines = [book(book={"bid": {"30000.01": 1.5}, "ask": {"30000.02": 0.25}}), trade(), trade(id="552", price=30123)]
    path.write_text("\n".join(map(json.dumps, lines)))
    recording = open_recording("cryptofeed", [path], "COINBASE:BTC-USD", Instruments())
    (chunk,) = recording.chunks()
    assert chunk.decoded.refusals == []
    assert (recording.instrument.tick, recording.instrument.book_source) == (Decimal("0.01"), BookSource.L2)
    assert chunk.decoded.events.action.tolist() == [7, 5, 5, 6, 6]


def test_the_book_follows_deltas_that_do_not_say_whether_an_order_is_new(instruments):
    engine = Engine(instruments, EngineSettings(trace_book=True))
    decoded = decode(
        instruments,
        order_book(book={"bid": {"2000.1": {"1": 1}}, "ask": {"2000.3": {"2": 1}}}),
        order_book(delta={"bid": [[3, 2000.2, 2], [1, 2000.1, 0.5]], "ask": [[2, 2000.3, 0], [2, 2000.4, 1]]}),
        order_book(delta={"bid": [[3, 2000.2, 1.5]], "ask": []}),
    )
    outputs = engine.step(decoded.events)
    assert set(outputs.outcome.tolist()) == {Outcome.USED}
    assert set(outputs.cause.tolist()) == {Cause.NONE}
    assert engine.trace[-1].tolist() == [20_002, 15_000, 20_004, 10_000]
