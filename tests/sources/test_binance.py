"""Binance's raw messages: recorded counts and chains, then messages that are odd or bad."""

import gzip
import json
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.decoders import open_decoder
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.recording import open_recording

NOW_MS = 1_700_000_000_000

# INDEX.md: file, instrument, lines, depth, bookTicker, buys, sells
RECORDED = [
    ("usdm/btcusdt", "BTCUSDT", 93_954, 6_551, 66_089, 9_616, 11_697, "0.1", "0.001"),
    ("usdm/ethusdt", "ETHUSDT", 74_655, 6_586, 53_992, 6_984, 7_092, "0.01", "0.001"),
    ("cm/btcusd_perp", "BTCUSD_PERP", 48_270, 26_847, 19_136, 981, 1_305, "0.1", "1"),
    ("cm/ethusd_perp", "ETHUSD_PERP", 40_454, 22_909, 15_812, 724, 1_008, "0.01", "1"),
]


@pytest.mark.recorded
@pytest.mark.parametrize(("file", "symbol", "lines", "depth", "tickers", "buys", "sells", "tick", "lot"), RECORDED)
def test_recorded_messages_have_the_known_counts_and_no_gap(
    shared_data, file, symbol, lines, depth, tickers, buys, sells, tick, lot
):
    path = shared_data / "binance-hftbacktest" / f"{file}_20240808.gz"
    recording = open_recording("binance", [path], f"BINANCE:{symbol}", Instruments())
    assert (recording.instrument.tick, recording.instrument.lot) == (Decimal(tick), Decimal(lot))
    trades, causes, records, groups, levels = Counter(), Counter(), 0, [], 0
    for chunk in recording.chunks(20_000):
        events = chunk.decoded.events
        trades.update(events.side[events.action == Action.TRADE].tolist())
        causes.update(refusal.cause for refusal in chunk.decoded.refusals)
        records += len(chunk.records)
        diff = (events.action == Action.LEVEL) & (events.previous_sequence != NULL)
        levels += int((events.action == Action.LEVEL).sum())
        last = diff & (events.flags & Flag.LAST != 0)
        groups.append(np.stack([events.previous_sequence[last], events.sequence[last]]))
    chain = np.concatenate(groups, axis=1)
    assert records == lines
    assert trades == {Side.BID: buys, Side.ASK: sells}
    assert causes == {Cause.OTHER_BOOK_SOURCE: tickers}
    assert chain.shape[1] == depth
    assert np.array_equal(chain[0, 1:], chain[1, :-1])
    assert levels == _plain_count_of_levels(path)
    assert recording.bytes_read == recording.bytes_total


def _plain_count_of_levels(path):
    count = 0
    with gzip.open(path) as lines:
        for line in lines:
            message = json.loads(line.split(b" ", 1)[1])
            data = message.get("data", message)
            if data.get("e") == "depthUpdate":
                count += len(data["b"]) + len(data["a"])
            count += len(data.get("bids", ())) + len(data.get("asks", ()))
    return count


@pytest.mark.recorded
def test_a_bbo_instrument_takes_its_book_from_the_ticker(shared_data):
    path = shared_data / "binance-hftbacktest" / "cm" / "ethusd_perp_20240808.gz"
    instruments = Instruments()
    recording = open_recording("binance", [path], "BINANCE:ETHUSD_PERP", instruments, BookSource.BBO)
    actions, causes = Counter(), Counter()
    for chunk in recording.chunks():
        actions.update(chunk.decoded.events.action.tolist())
        causes.update(refusal.cause for refusal in chunk.decoded.refusals)
    assert actions == {Action.SNAPSHOT: 15_812, Action.LEVEL: 2 * 15_812, Action.TRADE: 724 + 1_008}
    assert causes == {Cause.OTHER_BOOK_SOURCE: 22_909 + 1}


@pytest.fixture
def instruments():
    table = Instruments()
    table.add(Instrument("BINANCE", "BTCUSDT", Decimal("0.1"), Decimal("0.001"), BookSource.L2))
    table.add(Instrument("BINANCE", "ETHUSDT", Decimal("0.01"), Decimal("0.001"), BookSource.BBO))
    return table


def decode(instruments, *messages, symbol=""):
    decoder = open_decoder("binance", instruments, Origin("raw", "BINANCE", symbol))
    values = [message if isinstance(message, bytes) else json.dumps(message).encode() for message in messages]
    return decoder.decode(
        [RawRecord("raw", 0, offset, None, value, (), NOW_MS + 5) for offset, value in enumerate(values)]
    )


def trade(number=1, **changes):
    return {"stream": "btcusdt@trade", "data": {
        "e": "trade", "E": NOW_MS, "T": NOW_MS, "s": "BTCUSDT", "t": number, "p": "100.10", "q": "0.002", "m": False,
    } | changes}  # fmt: skip


def depth(**changes):
    return {"e": "depthUpdate", "E": NOW_MS, "s": "BTCUSDT", "U": 11, "u": 15, "b": [["100.1", "1"]], "a": []} | changes


def test_spot_names_the_sequence_before_by_its_own_first(instruments):
    events = decode(instruments, depth(), depth(pu=9, T=NOW_MS - 1)).events
    assert events.previous_sequence.tolist() == [10, 9]
    assert events.sequence.tolist() == [15, 15]
    assert events.event_ns.tolist() == [NOW_MS * 10**6, (NOW_MS - 1) * 10**6]
    assert events.arrival_ns.tolist() == [(NOW_MS + 5) * 10**6] * 2


def test_an_empty_depth_message_still_carries_its_sequence(instruments):
    events = decode(instruments, depth(b=[])).events
    assert (events.action.tolist(), events.sequence.tolist()) == ([Action.NOTHING], [15])
    assert events.flags.tolist() == [Flag.LAST]


def test_a_partial_depth_stream_and_a_rest_snapshot_are_snapshots(instruments):
    partial = {"stream": "btcusdt@depth20@100ms", "data": depth(U=1)}
    rest = {"lastUpdateId": 20, "bids": [["100.0", "3"]], "asks": [["100.2", "4"]]}
    decoded = decode(instruments, partial, rest, symbol="BTCUSDT")
    assert decoded.events.action.tolist() == [7, 5, 7, 5, 5]
    assert decoded.events.sequence.tolist() == [15, 15, 20, 20, 20]
    assert decoded.events.flags.tolist() == [0, 1, 0, 0, 1]
    assert decode(instruments, rest).refusals[0].cause is Cause.MISSING_FIELD


def test_a_fill_seen_twice_counts_once(instruments):
    seen_again = trade(2, e="aggTrade", f=1, l=2)
    decoded = decode(instruments, trade(1), trade(2), trade(2), seen_again, trade(3, e="aggTrade", f=3, l=9), trade(9))
    assert [(r.record, r.cause) for r in decoded.refusals] == [(k, Cause.DUPLICATE_FILL) for k in (2, 3, 5)]
    assert "t: 2, trades up to 2 have been counted" in decoded.refusals[0].detail
    assert decoded.events.order_id.tolist() == [1, 2, 9]


def test_what_did_not_meet_the_book_is_no_flow(instruments):
    decoded = decode(instruments, trade(1, X="INSURANCE_FUND"), trade(2, X="ADL"), trade(3, X="NA"))
    assert decoded.events.flags.tolist() == [
        Flag.LAST | Flag.OFF_BOOK,
        Flag.LAST | Flag.OFF_BOOK | Flag.LIQUIDATION,
    ]
    assert decoded.refusals[0].cause is Cause.NOT_AN_EVENT


def test_a_ticker_with_an_empty_side_gives_one_level(instruments):
    ticker = {"e": "bookTicker", "u": 4, "s": "ETHUSDT", "b": "10.01", "B": "1", "a": "0", "A": "0", "T": NOW_MS}
    events = decode(instruments, ticker).events
    assert events.action.tolist() == [Action.SNAPSHOT, Action.LEVEL]
    assert events.side.tolist() == [Side.NONE, Side.BID]


@pytest.mark.parametrize(
    ("message", "cause", "words"),
    [
        (trade(p="100.15"), Cause.PRICE_OFF_TICK, "p: '100.15' is no multiple of the tick 0.1"),
        (trade(q="0.0005"), Cause.QUANTITY_OFF_LOT, "q: '0.0005' is no multiple of the lot 0.001"),
        (trade(q="-1"), Cause.QUANTITY_RANGE, "q: '-1', must be >= 0"),
        (trade(q="9223372036854775808"), Cause.QUANTITY_RANGE, "below 2^62 lots of 0.001"),
        (trade(p="1e30"), Cause.PRICE_RANGE, "below 2^53 ticks of 0.1"),
        (trade(p="1e999999"), Cause.PRICE_RANGE, "p: '1e999999'"),
        (trade(p="1e-999999"), Cause.PRICE_OFF_TICK, "p: '1e-999999'"),
        (trade(p="0" * 65), Cause.MISTYPED, "has 65 characters, must be <= 64"),
        (trade(p="1_0"), Cause.MISTYPED, "p: '1_0', expected a decimal number"),
        (trade(p="NaN"), Cause.MISTYPED, "expected a finite number"),
        (trade(p=None), Cause.MISSING_FIELD, "p: missing, the record has 'e, E, T, s, t"),
        (trade(p=[]), Cause.MISTYPED, "p: [] is list, expected a number"),
        (trade(m="true"), Cause.MISTYPED, "m: 'true', expected true or false"),
        (trade(T=0), Cause.TIMESTAMP_RANGE, "T: 0 ns"),
        (trade(T=4_102_444_800_000), Cause.TIMESTAMP_RANGE, "1990-01-01..2099-12-31"),
        (trade(s="DOGE"), Cause.UNKNOWN_INSTRUMENT, "'BINANCE:DOGE' is not listed"),
        (trade(s=5), Cause.MISTYPED, "s: 5, expected a text"),
        (depth(b=[["100.1"]]), Cause.MISTYPED, "b[]: ['100.1'], expected [price, size]"),
        (depth(b={}), Cause.MISTYPED, "b: {}, expected a list of levels"),
        (depth(u="15"), Cause.MISTYPED, "u: '15' is str"),
        (depth(s="ETHUSDT"), Cause.OTHER_BOOK_SOURCE, "the message is of source L2, the book of BBO"),
        ({"e": "kline"}, Cause.NOT_AN_EVENT, "e: 'kline' is neither"),
        ({"result": None, "id": 1}, Cause.NOT_AN_EVENT, "e: None"),
        ({"stream": "x", "data": 5}, Cause.MISTYPED, "stream, data: 'x', 5"),
        (b"[]", Cause.MISTYPED, "[] is list, expected an object"),
        (b'1723161255088176367x {"e":1}', Cause.MISTYPED, "recorder's stamp"),
        (b"17", Cause.TIMESTAMP_RANGE, "recorder's stamp: 17 ns"),
    ],
)
def test_a_bad_message_is_refused_and_leaves_no_row(instruments, message, cause, words):
    decoded = decode(instruments, depth(), message, trade())
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert list(decoded.record) == [0, 2]


def test_a_bad_level_takes_its_whole_message_back(instruments):
    decoded = decode(instruments, depth(b=[["100.1", "1"], ["100.2", "x"]]))
    assert len(decoded.events.action) == 0
    assert decoded.refusals[0].cause is Cause.MISTYPED
