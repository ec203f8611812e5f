"""Mappings: other field names, units and words; one that cannot work says where, and what is allowed."""

import io
import json
import re
from decimal import Decimal

import fastavro
import pytest

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, BookSource, Cause, Flag, Side, TradingStatus
from equipoise.schemas.errors import UnknownSchemaError
from equipoise.schemas.ids import order_id
from equipoise.schemas.wire import frame
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.decoders import FormatError, open_decoder
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.mapping_file import load_mapping, mapping_of
from equipoise.streams.sources.recording import open_recording

MS = 1_700_000_000_123
BINANCE = """
encoding = "json"
symbol = "data.s"
venue = { value = "BINANCE" }
event_time = { field = "data.T", unit = "ms" }

[[event]]
when = { "data.e" = ["trade"] }
action = { value = "TRADE" }
side = { field = "data.m", words = { true = "ASK", false = "BID" } }
price = "data.p"
quantity = "data.q"
fill_key = ["data.t"]
flags_when = { LIQUIDATION = { "data.X" = ["LIQ"] } }

[[event]]
when = { "data.e" = ["depthUpdate"] }
action = { value = "LEVEL" }
sequence = "data.u"
previous_sequence = { field = "data.U", add = -1 }

[[event.row]]
each = "data.b[]"
side = { value = "BID" }
price = "[0]"
quantity = "[1]"

[[event.row]]
each = "data.a[]"
side = { value = "ASK" }
price = "[0]"
quantity = "[1]"

[[event]]
when = { "data.e" = ["kline"] }
ignore = true
"""


@pytest.fixture
def instruments():
    table = Instruments()
    table.add(Instrument("BINANCE", "BTCUSDT", Decimal("0.1"), Decimal("0.001"), BookSource.L2))
    table.add(Instrument("K", "A", Decimal("0.05"), Decimal(10)))
    return table


def decoder(folder, text, instruments, origin=None, schemas=None):
    path = folder / "orders.toml"
    path.write_text(text)
    return open_decoder(str(path), instruments, origin or Origin("topic"), schemas)


def decode(made, *values):
    raw = [value if isinstance(value, bytes) else json.dumps(value).encode() for value in values]
    return made.decode([RawRecord("topic", 0, k, None, value, (), MS + 7) for k, value in enumerate(raw)])


def rows(decoded):
    return list(zip(*(column.tolist() for column in decoded.events[1:7]), strict=True))


def trade(**changes):
    return {"data": {"e": "trade", "T": MS, "s": "BTCUSDT", "t": 1, "p": "100.1", "q": "0.5", "m": True} | changes}


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


BAD = [
    ("encoding = 'xml'\n[[event]]", 1, "encoding: 'xml', expected one of json, avro"),
    ("[[evnt]]", 1, "evnt: unknown key; did you mean 'event'? Allowed: venue, symbol, action"),
    ("venue = { value = 'X' }", 0, "event: missing; at least one [[event]] is needed"),
    ("[[event]]\naction = { value = 'BUY' }", 2, "event[0].action.value: 'BUY', expected one of NOTHING, ADD"),
    ("[[event]]\nsid = 'x'", 2, "event[0].sid: unknown key; did you mean 'side'?"),
    (
        "[[event]]\nevent_time = 'T'\naction = 'a'",
        2,
        "event[0].event_time.unit: '', expected one of s, ms, us, ns, iso",
    ),
    ("event_time = { field = 'T', unit = 'min' }\n[[event]]", 1, "event_time.unit: 'min', expected one of s, ms"),
    ("[[event]]\nevent_time = { field = 'T', unit = 's' }", 1, "event[0]: action: missing here, in the event and at"),
    ("[[event]]\naction = { value = 'ADD' }", 1, "event[0]: event_time: missing here"),
    ("[[event]]\nprice = { field = 'p', unit = 'lot' }", 2, "unit: 'lot', expected 'tick' or a decimal > 0 as text"),
    (
        "[[event]]\nside = { field = 's', words = { B = 'BUY' } }",
        2,
        "side.words.B: 'BUY', expected one of NONE, BID, ASK",
    ),
    ("[[event]]\nside = { field = 's', value = 'BID' }", 2, "side: give either field (a path) or value (a constant)"),
    ("[[event]]\nside = 5", 2, "side: 5, expected a path, or a table with field or value"),
    ("[[event]]\nprice = 'a..b'", 2, "'a..b' is no path; write data.k, data.b[0] or data.b[]"),
    ("[[event]]\nprice = 'a[]'", 2, "'a[]': only `each` may end with []"),
    ("[[event]]\n[[event.row]]\neach = 'a'\nACT", 3, "event[0].row[0].each: 'a', must end with []"),
    ("[[event]]\nprice = '[0]'\nACT", 2, "price: '[0]' is of an element, and there is no `each`"),
    ("[[event]]\nmodify = 'replace'\nACT", 2, "modify: 'replace', expected one of remainder, delta, upsert"),
    ("[[event]]\nflags = ['HIDEN']\nACT", 2, "flags: 'HIDEN', expected some of HIDDEN, CROSS"),
    ("[[event]]\nsequence = { field = 'u', add = 0.5 }", 2, "sequence.add: 0.5, expected an integer"),
    ("[[event]]\nsnapshot = 1\nACT", 2, "snapshot: 1, expected true or false"),
    ("topic = '('\n[[event]]\nACT", 1, "topic: '(' is no regular expression"),
    ("sample = 'none.json'\n[[event]]\nACT", 1, "none.json: no such file"),
    ("[[event]", 0, "line 1"),
]
ACT = "action = { value = 'ADD' }\nevent_time = { field = 'T', unit = 'ms' }"


@pytest.mark.parametrize(("text", "line", "words"), BAD)
def test_a_bad_file_names_line_field_and_what_is_allowed(tmp_path, instruments, text, line, words):
    with pytest.raises(FormatError, match=re.escape(words)) as caught:
        decoder(tmp_path, text.replace("ACT", ACT), instruments)
    assert f"orders.toml:{line}: " in str(caught.value) if line else "orders.toml: " in str(caught.value)


def test_a_file_that_is_not_there_is_named(instruments):
    with pytest.raises(FormatError, match=r"nowhere\.toml: No such file"):
        open_decoder("nowhere.toml", instruments)
    with pytest.raises(
        FormatError, match="format: 'itch', expected one of canonical, binance, cryptofeed, or the path"
    ):
        open_decoder("itch", instruments)


def test_a_mapping_may_be_a_table_of_the_settings():
    import tomllib

    mapping = mapping_of(tomllib.loads(BINANCE))
    assert [len(event.rows) for event in mapping.events] == [1, 2, 0]


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ([trade(), {"data": {"e": "trade"}}], "event[0].symbol: 'data.s' is not in the"),
        (
            {"data": {"e": "trade", "s": "X", "T": 1, "m": True, "p": "1", "qty": "1", "t": 1}},
            "event[0].quantity: 'data.q'",
        ),
        (
            {"data": {"e": "depthUpdate", "s": "X", "T": 1, "u": 1, "U": 1, "b": [["1"]], "a": []}},
            "quantity: '[1]' is not",
        ),
        ({"data": {"e": "depthUpdate", "s": "X", "T": 1, "u": 1, "U": 1, "a": []}}, "event[1].each: 'data.b[]' is not"),
        ({"kind": "trade"}, "no record of the"),
        ({"data": {"e": "kline"}}, "no record of the"),
    ],
)
def test_a_mapping_is_checked_against_its_sample(tmp_path, instruments, sample, words):
    (tmp_path / "s.json").write_text(json.dumps(sample))
    with pytest.raises(FormatError, match=re.escape(words)):
        decoder(tmp_path, 'sample = "s.json"\n' + BINANCE, instruments)


def test_a_sample_that_fits_may_be_one_record_a_line(tmp_path, instruments):
    (tmp_path / "s.json").write_text(f"{json.dumps(trade())}\n{json.dumps(trade(t=2))}\n")
    decoder(tmp_path, 'sample = "s.json"\n' + BINANCE, instruments)
    (tmp_path / "s.json").write_text('{"data":')
    with pytest.raises(FormatError, match=r"s\.json: value: Input data was truncated"):
        decoder(tmp_path, 'sample = "s.json"\n' + BINANCE, instruments)


AVRO = """
encoding = "avro"
venue = { value = "K" }
symbol = "head.sym"
event_time = { field = "head.at", unit = "us" }
[[event]]
action = { field = "kind", words = { NEW = "ADD", GONE = "CANCEL" } }
side = { field = "buy", words = { true = "BID", false = "ASK" } }
price = "px"
quantity = { field = "qty", unit = "lot" }
order_id = "id"
"""
WRITER = {
    "type": "record", "name": "Order", "fields": [
        {"name": "note", "type": ["null", "string"]},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["NEW", "GONE", "LOST"]}},
        {"name": "head", "type": {"type": "record", "name": "Head", "fields": [
            {"name": "sym", "type": "string"},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        ]}},
        {"name": "buy", "type": "boolean"},
        {"name": "px", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4}]},
        {"name": "qty", "type": "long"},
        {"name": "id", "type": "string"},
    ],
}  # fmt: skip


class OneSchema:
    """A registry with one schema."""

    def __init__(self, schema):
        self.schema = codec.parse(json.dumps(schema))

    def writer(self, schema_id):
        if schema_id != 9:
            raise UnknownSchemaError(f"schema id: {schema_id} is not in the registry")
        return self.schema

    def register(self, subject, text):
        raise AssertionError

    def latest(self, subject):
        if subject != "topic-value":
            raise UnknownSchemaError(subject)
        return 9, self.schema


def avro(schema=WRITER, **changes):
    record = {
        "note": None, "kind": "NEW", "head": {"sym": "A", "at": MS * 1000}, "buy": True, "px": Decimal("2.0500"),
        "qty": 4, "id": "o-1",
    } | changes  # fmt: skip
    record["head"] = {"sym": "A", "at": record["head"]["at"]}
    out = io.BytesIO()
    plain = json.loads(json.dumps(schema).replace(', "logicalType": "timestamp-micros"', ""))
    fastavro.schemaless_writer(out, fastavro.parse_schema(plain, named_schemas={}), record)
    return frame(9, out.getvalue())


def test_avro_is_read_by_its_writers_schema(tmp_path, instruments):
    made = decoder(tmp_path, AVRO, instruments, schemas=OneSchema(WRITER))
    decoded = decode(made, avro(), avro(kind="GONE", buy=False))
    assert decoded.refusals == []
    assert rows(decoded)[0] == (Action.ADD, Side.BID, Flag.LAST, 41, 4, order_id("o-1"))
    assert decoded.events.event_ns.tolist() == [MS * 10**6] * 2


@pytest.mark.parametrize(
    ("value", "cause", "words"),
    [
        (avro(kind="LOST"), Cause.UNKNOWN_WORD, "kind (action): 'LOST', expected one of NEW, GONE"),
        (avro(px=None), Cause.MISSING_FIELD, "px (price): must be given with ADD"),
        (avro(px=Decimal("2.0501")), Cause.PRICE_OFF_TICK, "is no multiple of the tick 0.05"),
        (avro(qty=-1), Cause.QUANTITY_RANGE, "qty (quantity): -1 lots"),
        (avro(qty=2**63 - 1), Cause.QUANTITY_RANGE, "must be >= 0 and < 2^62"),
        (avro(head={"at": 0}), Cause.TIMESTAMP_RANGE, "head.at (event_time): 0 ns"),
        (avro()[:-1], Cause.TRUNCATED, "EOFError"),
        (avro() + b"x", Cause.MISTYPED, "1 bytes follow the record"),
        (frame(8, b""), Cause.UNKNOWN_SCHEMA, "schema id: 8 is not in the registry"),
        (b"{}", Cause.UNKNOWN_SCHEMA, "first byte 123"),
    ],
)  # fmt: skip
def test_bad_avro_is_refused_and_its_neighbours_are_used(tmp_path, instruments, value, cause, words):
    decoded = decode(decoder(tmp_path, AVRO, instruments, schemas=OneSchema(WRITER)), avro(), value, avro())
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert list(decoded.record) == [0, 2]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"px"', '"price"', "event[0].price: 'price' is not in the schema 9 of topic-value; nearest: "),
        (
            "head.sym",
            "head.symbol",
            "event[0].symbol: 'head.symbol' is not in the schema 9 of topic-value; nearest: head.sym",
        ),
        ('"us"', '"ms"', "event[0].event_time: 'head.at' is timestamp-micros, so its unit is 'us', not 'ms'"),
        ('"px"', '"kind"', "event[0].price: 'kind' is enum, expected a number, a decimal or a text"),
        ('order_id = "id"', 'sequence = "id"', "event[0].sequence: 'id' is string, expected int or long"),
        ('order_id = "id"', 'fill_key = ["ids"]', "event[0].fill_key: 'ids' is not in the schema"),
    ],
)
def test_a_mapping_is_checked_against_the_registrys_schema_at_start(tmp_path, instruments, old, new, words):
    with pytest.raises(FormatError, match=re.escape(words)):
        decoder(tmp_path, AVRO.replace(old, new, 1), instruments, schemas=OneSchema(WRITER))


def test_a_mapping_is_checked_against_a_schema_file(tmp_path, instruments):
    (tmp_path / "order.avsc").write_text(json.dumps(WRITER))
    decoder(tmp_path, 'schema = "order.avsc"\n' + AVRO, instruments)
    with pytest.raises(FormatError, match=r"'px2' is not in the .*order\.avsc; nearest: px"):
        decoder(tmp_path, 'schema = "order.avsc"\n' + AVRO.replace('"px"', '"px2"'), instruments)


def test_lists_of_records_in_avro(tmp_path, instruments):
    level = {
        "type": "record",
        "name": "Level",
        "fields": [{"name": "p", "type": "double"}, {"name": "n", "type": "int"}],
    }
    writer = {"type": "record", "name": "Book", "fields": [
        {"name": "at", "type": "long"}, {"name": "bids", "type": {"type": "array", "items": level}},
        {"name": "asks", "type": {"type": "array", "items": "Level"}},
    ]}  # fmt: skip
    text = """
encoding = "avro"
event_time = { field = "at", unit = "ms" }
[[event]]
snapshot = true
action = { value = "LEVEL" }
[[event.row]]
each = "bids[]"
side = { value = "BID" }
price = ".p"
quantity = { field = ".n", unit = "lot" }
[[event.row]]
each = "asks[]"
side = { value = "ASK" }
price = ".p"
quantity = { field = ".n", unit = "lot" }
"""
    made = decoder(tmp_path, text, instruments, Origin("topic", "K", "A"), OneSchema(writer))
    out = io.BytesIO()
    fastavro.schemaless_writer(out, codec.parse(json.dumps(writer)), {
        "at": MS, "bids": [{"p": 2.05, "n": 1}, {"p": 2.0, "n": 2}], "asks": [{"p": 2.1, "n": 3}],
    })  # fmt: skip
    decoded = decode(made, frame(9, out.getvalue()))
    assert [row[:2] + row[3:5] for row in rows(decoded)] == [
        (Action.SNAPSHOT, Side.NONE, NULL, NULL),
        (Action.LEVEL, Side.BID, 41, 1),
        (Action.LEVEL, Side.BID, 40, 2),
        (Action.LEVEL, Side.ASK, 42, 3),
    ]
    with pytest.raises(FormatError, match=r"'\.q' is not in the schema 9 of topic-value; nearest: p, n"):
        decoder(tmp_path, text.replace(".p", ".q"), instruments, Origin("topic", "K", "A"), OneSchema(writer))


def test_a_mapping_survives_its_own_reading(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(BINANCE)
    assert load_mapping(path).events[0].when[0][1] == {"trade"}
