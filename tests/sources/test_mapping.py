"""Mappings: other field names, units and words."""

import json

import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side, TradingStatus
from equipoise.schemas.ids import order_id
from equipoise.streams.sources.decoders import open_decoder
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.recording import open_recording
from tests.sources.mappings import BINANCE, MS, decode, decoder, rows, trade


@pytest.fixture
def instruments(mapped_instruments):
    return mapped_instruments


def test_a_mapping_of_binance_reads_what_its_preset_reads(tmp_path, instruments):
    made = decoder(tmp_path, BINANCE, instruments)
    depth = {"data": {
        "e": "depthUpdate", "T": MS, "s": "BTCUSDT", "U": 11, "u": 15, "b": [["100.1", "1"]], "a": [["100.3", "0"]],
    }}  # fmt: skip
    values = [trade(), depth, trade(t=2, m=False)]
    ours = decode(made, *values)
    theirs = decode(open_decoder("binance", instruments, Origin("topic", "BINANCE")), *values)
    assert ours.refusals == theirs.refusals == []
    for mapped, preset in zip(ours.events, theirs.events, strict=True):
        assert mapped.tolist() == preset.tolist()


@pytest.mark.recorded
def test_a_mapping_file_reads_a_recording_as_its_preset_does(tmp_path, shared_data):
    import gzip

    import numpy as np

    source = shared_data / "binance-hftbacktest" / "cm" / "ethusd_perp_20240808.gz"
    with gzip.open(source) as lines:
        kept = [line.split(b" ", 1)[1] for line in lines if b'"e":"depth' in line or b'"e":"trade"' in line][:3000]
    path = tmp_path / "day.jsonl"
    path.write_bytes(b"".join(kept))
    (tmp_path / "map.toml").write_text(BINANCE.replace('"data.U", add = -1', '"data.pu"'))

    def table(preset):
        recording = open_recording(preset, [path], "BINANCE:ETHUSD_PERP", Instruments())
        (chunk,) = recording.chunks()
        assert chunk.decoded.refusals == []
        assert recording.instrument.book_source is BookSource.L2
        return np.stack([column.astype("i8") for column in chunk.decoded.events[:10]])

    assert np.array_equal(table(str(tmp_path / "map.toml")), table("binance"))


def test_what_no_event_fits_and_what_is_to_be_ignored_is_flagged(tmp_path, instruments):
    decoded = decode(decoder(tmp_path, BINANCE, instruments), {"data": {"e": "kline"}}, {"data": {"e": "x"}}, {"z": 1})
    assert [refusal.cause for refusal in decoded.refusals] == [Cause.NOT_AN_EVENT] * 3


def test_a_schema_id_before_json_is_skipped(tmp_path, instruments):
    text = json.dumps(trade()).encode()
    again = json.dumps(trade(t=2)).encode()
    decoded = decode(decoder(tmp_path, BINANCE, instruments), b"\0\0\0\0\x07" + text, b"\1" + b"g" * 16 + again)
    assert decoded.refusals == []
    assert decoded.events.order_id.tolist() == [1, 2]
    (refusal,) = decode(decoder(tmp_path, BINANCE, instruments), b"\0\0\0\0\x07\x02A").refusals
    assert refusal.cause is Cause.MISTYPED


def test_a_fill_seen_twice_counts_once_and_conditions_set_flags(tmp_path, instruments):
    decoded = decode(decoder(tmp_path, BINANCE, instruments), trade(X="LIQ"), trade())
    assert [(r.record, r.cause) for r in decoded.refusals] == [(1, Cause.DUPLICATE_FILL)]
    assert decoded.events.flags.tolist() == [Flag.LAST | Flag.LIQUIDATION]
    assert decoded.events.order_id.tolist() == [1]


ORDERS = """
topic = "flow-(?P<venue>[A-Z]+)-(?P<symbol>.+)"
event_time = { field = "at", unit = "iso" }
arrival_time = { field = "seen", unit = "us", optional = true }
modify = "MODIFY"
[[event]]
action = { field = "op", words = { n = "ADD", u = "MODIFY", d = "CANCEL", x = "EXECUTE", h = "STATUS" } }
side = { field = "bs", words = { B = "BID", S = "ASK" }, optional = true }
price = { field = "px", unit = "1e-9", optional = true }
quantity = { field = "qty", optional = true }
order_id = { field = "id", optional = true }
last_in_event = { field = "end", optional = true }
trading_status = { field = "state", words = { halt = "HALTED" }, optional = true }
"""


def order(**changes):
    return {
        "at": "2023-11-14T23:13:20.000000001+01:00",
        "op": "n",
        "bs": "B",
        "px": 2_050_000_000,
        "qty": 20,
        "id": "a",
    } | changes


@pytest.mark.parametrize(
    ("modify", "quantity", "expected"),
    [
        ("remainder", 30, (Action.MODIFY, 3, Flag.LAST)),
        ("delta", -30, (Action.MODIFY, -3, Flag.LAST | Flag.DELTA)),
        ("upsert", 30, (Action.MODIFY, 3, Flag.LAST | Flag.UPSERT)),
        ("upsert", 0, (Action.CANCEL, NULL, Flag.LAST)),
    ],
)
def test_orders_of_another_shape(tmp_path, instruments, modify, quantity, expected):
    made = decoder(tmp_path, ORDERS.replace("MODIFY", modify, 1), instruments, Origin("flow-K-A"))
    decoded = decode(made, order(seen=MS * 1000, end=False), order(op="u", qty=quantity), order(op="h", state="halt"))
    assert decoded.refusals == []
    assert rows(decoded)[0] == (Action.ADD, Side.BID, 0, 41, 2, order_id("a"))
    action, _, flags, _, lots, _ = rows(decoded)[1]
    assert (action, lots, flags) == expected
    assert rows(decoded)[2][4] == TradingStatus.HALTED
    assert decoded.events.event_ns.tolist()[0] == 1_700_000_000 * 10**9 + 1
    assert decoded.events.arrival_ns.tolist()[:2] == [MS * 10**6, NULL]


@pytest.mark.parametrize(
    ("changes", "cause", "words"),
    [
        ({"op": "z"}, Cause.UNKNOWN_WORD, "op (action): 'z', expected one of n, u, d, x, h"),
        ({"bs": "b"}, Cause.UNKNOWN_WORD, "bs (side): 'b', expected one of B, S"),
        ({"bs": None}, Cause.MISSING_FIELD, "bs (side): must be given with ADD"),
        ({"px": 2_050_000_001}, Cause.PRICE_OFF_TICK, "px (price): 2050000001 is no multiple of the tick"),
        ({"px": "2^63"}, Cause.MISTYPED, "px (price): '2^63', expected a decimal number"),
        ({"px": 10**30}, Cause.PRICE_RANGE, "must be below 2^53 ticks"),
        ({"qty": 25}, Cause.QUANTITY_OFF_LOT, "qty (quantity): 25 is no multiple of the lot 10"),
        ({"qty": -20}, Cause.QUANTITY_RANGE, "qty (quantity): -20, must be >= 0"),
        ({"qty": True}, Cause.MISTYPED, "qty (quantity): True is bool, expected a number"),
        ({"id": 1.5}, Cause.MISTYPED, "id (order_id): Decimal('1.5') is Decimal, expected integer or text"),
        ({"at": "1970-01-01T00:00:00Z"}, Cause.TIMESTAMP_RANGE, "at (event_time): 0 ns"),
        ({"at": "2100-01-01T00:00:00Z"}, Cause.TIMESTAMP_RANGE, "1990-01-01..2099-12-31"),
        ({"at": "2023-11-14 23:13:20"}, Cause.MISTYPED, "at (event_time): '2023-11-14 23:13:20', expected YYYY"),
        ({"at": None}, Cause.MISSING_FIELD, "at (event_time): null"),
        ({"seen": "x"}, Cause.MISTYPED, "seen (arrival_time): 'x'"),
        ({"end": "no"}, Cause.MISTYPED, "end (last_in_event): 'no', expected true or false"),
    ],
)
def test_a_bad_field_is_refused_by_its_path(tmp_path, instruments, changes, cause, words):
    made = decoder(tmp_path, ORDERS.replace("MODIFY", "delta", 1), instruments, Origin("flow-K-A"))
    decoded = decode(made, order(), order(**changes), order())
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert list(decoded.record) == [0, 2]


def test_a_missing_field_names_the_nearest(tmp_path, instruments):
    made = decoder(tmp_path, BINANCE, instruments)
    broken = {"data": {"e": "trade", "T": MS, "s": "BTCUSDT", "t": 1, "price": "1", "q": "1", "m": True}}
    (refusal,) = decode(made, broken).refusals
    assert refusal.cause is Cause.MISSING_FIELD
    assert refusal.detail.startswith("price: the record has no 'data.p'; nearest: data")
    assert "data.price" in refusal.detail


CHANNELS = """
topic = "(?P<channel>[a-z]+)-(?P<venue>[A-Z]+)-(?P<symbol>.+)"
event_time = { field = "t", unit = "ms" }
[[event]]
when = { "$channel" = "trades" }
action = { value = "TRADE" }
price = "p"
quantity = "q"
[[event]]
when = { "$channel" = "book" }
action = { value = "LEVEL" }
side = { field = "s", words = { b = "BID", a = "ASK" } }
price = "p"
quantity = "q"
"""


def test_the_channel_of_a_topics_name_chooses_the_event(tmp_path, instruments):
    (tmp_path / "s.json").write_text('{"t": 1, "p": 1, "q": 1, "s": "b"}')
    record = {"t": MS, "p": "2.05", "q": 10, "s": "b"}
    for channel, action in (("trades", Action.TRADE), ("book", Action.LEVEL)):
        made = decoder(tmp_path, 'sample = "s.json"' + CHANNELS, instruments, Origin(f"{channel}-K-A"))
        assert [row[:2] for row in rows(decode(made, record))] == [(action, Side.BID if channel == "book" else 0)]
    other = decoder(tmp_path, CHANNELS, instruments, Origin("status-K-A"))
    assert decode(other, record).refusals[0].cause is Cause.NOT_AN_EVENT


NESTED = """
event_time = { field = ".at", unit = "ms" }
venue = { value = "K" }
symbol = { field = ".i", words = { one = "A" } }
[[event]]
action = { value = "TRADE" }
[[event.row]]
each = "fills[]"
price = { field = ".p", unit = "tick" }
quantity = ".q"
sequence = ".n"
"""


def test_elements_may_each_have_their_own_stamp_and_instrument(tmp_path, instruments):
    made = decoder(tmp_path, NESTED, instruments)
    fills = [{"at": MS + k, "i": "one", "p": 41 + k, "q": 10, "n": k} for k in range(2)]
    decoded = decode(made, {"fills": fills}, {"fills": []}, {"fills": 7}, {"fills": [{**fills[0], "i": "two"}]})
    assert decoded.events.event_ns.tolist() == [MS * 10**6, (MS + 1) * 10**6]
    assert decoded.events.sequence.tolist() == [0, 1]
    assert decoded.events.price.tolist() == [41, 42]
    assert [(r.record, r.cause) for r in decoded.refusals] == [
        (1, Cause.NOT_AN_EVENT),
        (2, Cause.MISTYPED),
        (3, Cause.UNKNOWN_WORD),
    ]
