"""OrderEvent records: rows and back without a difference, and refusals that name field, value and bound."""

import io
import json
from decimal import Decimal

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.processors.columns import EVENT_DTYPES, NULL, Events
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Cause, Flag, Side, TradingStatus
from equipoise.schemas.local import local_guid, local_id
from equipoise.schemas.wire import frame, id_header
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.canonical import FLAG_BITS, CanonicalDecoder, encode_bodies, encode_rows
from equipoise.streams.sources.decoders import open_decoder

NOW_NS = 1_700_000_000 * 10**9
OURS = codec.schema("OrderEvent")


@pytest.fixture(scope="module")
def table():
    instruments = Instruments()
    instruments.add(Instrument("X", "A", Decimal("0.01"), Decimal(1)))
    instruments.add(Instrument("Y", "B", Decimal("0.5"), Decimal("0.001")))
    return instruments


def raw(value, headers=(), offset=0):
    return RawRecord("orders", 0, offset, None, value, headers)


def event(**changes):
    base = {
        "venue": "X", "symbol": "A", "action": "ADD", "side": "BID", "price": 100, "quantity": 5, "order_id": 7,
        "event_time_ns": NOW_NS,
    }  # fmt: skip
    return base | changes


def avro(record, schema_id=None):
    return frame(local_id(OURS) if schema_id is None else schema_id, codec.encode("OrderEvent", record))


INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
PRICES = st.integers(-(2**53) + 1, 2**53 - 1)
QUANTITIES = st.integers(0, 2**62 - 1)
TIMES = st.integers(631_152_000 * 10**9, 4_102_444_800 * 10**9 - 1)


@st.composite
def rows(draw):
    action = draw(st.sampled_from([a for a in Action if a not in (Action.INTENT, Action.RETRACT)]))
    needs_id = action in (Action.ADD, Action.MODIFY, Action.CANCEL, Action.EXECUTE)
    needs_both = action in (Action.ADD, Action.LEVEL, Action.TRADE)
    sides = [Side.BID, Side.ASK] if needs_id or action is Action.LEVEL else list(Side)
    flags = draw(st.integers(0, 4095)) & (FLAG_BITS | Flag.LAST)
    quantity = draw(
        QUANTITIES if needs_both or action in (Action.MODIFY, Action.EXECUTE) else QUANTITIES | st.just(NULL)
    )
    if action is Action.MODIFY and flags & Flag.DELTA:
        quantity = draw(st.integers(-(2**62) + 1, 2**62 - 1))
    if action is Action.STATUS:
        quantity = int(draw(st.sampled_from(TradingStatus)))
    if action in (Action.ADD, Action.TRADE):
        quantity = max(quantity, 1)
    side = draw(st.sampled_from(sides))
    return (
        draw(st.sampled_from([0, 1])), action, side, flags, draw(PRICES if needs_both else PRICES | st.just(NULL)),
        quantity, draw(INT64.filter(bool) if needs_id else INT64), draw(INT64 | st.just(NULL)),
        draw(INT64 | st.just(NULL)), draw(TIMES), draw(TIMES | st.just(NULL)),
    )  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(rows(), max_size=12))
def test_rows_to_avro_and_to_json_and_back_are_the_same_rows(table, drawn):
    full = [(*row, 0, offset) for offset, row in enumerate(drawn)]
    columns = zip(*full, strict=True) if full else [()] * 13
    events = Events(*(np.array(column, dtype) for column, dtype in zip(columns, EVENT_DTYPES, strict=True)))
    decoder = CanonicalDecoder(table)
    prefix = [frame(local_id(OURS), body) for body in encode_bodies(events, table)]
    text = [json.dumps(record).encode() for record in encode_rows(events, table)]
    for values in (prefix, text):
        decoded = decoder.decode([raw(value, offset=offset) for offset, value in enumerate(values)])
        assert decoded.refusals == []
        assert list(decoded.record) == list(range(len(drawn)))
        for ours, theirs, name in zip(events, decoded.events, Events._fields, strict=True):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs), name


def test_the_header_form_is_read_by_guid_and_the_prefix_form_too(table):
    body = codec.encode("OrderEvent", event())
    forms = [raw(body, [id_header(local_guid(OURS))]), raw(frame(local_guid(OURS), body)), raw(avro(event()))]
    decoded = CanonicalDecoder(table).decode(forms)
    assert decoded.refusals == []
    assert decoded.events.order_id.tolist() == [7, 7, 7]


def test_a_writer_with_other_order_more_and_fewer_fields_is_resolved(table):
    fields = {field["name"]: field for field in json.loads(codec.schema_text("OrderEvent"))["fields"]}
    names = ["event_time_ns", "symbol", "venue", "side", "action", "price", "quantity", "order_id"]
    text = {"type": "record", "name": "OrderEvent", "namespace": "equipoise.v1", "fields": [
        {"name": "extra", "type": {"type": "map", "values": "double"}}, *(fields[name] for name in names),
    ]}  # fmt: skip
    writer = codec.parse(json.dumps(text))

    class Registry:
        def writer(self, schema_id):
            return {41: writer}[schema_id]

        def register(self, subject, text):
            raise AssertionError

    out = io.BytesIO()
    fastavro.schemaless_writer(out, writer, event(extra={"a": 1.0}))
    decoded = CanonicalDecoder(table, Registry()).decode([raw(frame(41, out.getvalue()))])
    assert decoded.refusals == []
    assert decoded.events.price.tolist() == [100]
    assert decoded.events.flags.tolist() == [Flag.LAST]


BAD_FIELDS = [
    ({"quantity": -1}, Cause.QUANTITY_RANGE, "quantity: -1 lots, must be >= 0"),
    ({"quantity": 2**62}, Cause.QUANTITY_RANGE, "must be >= 0 and < 2^62"),
    ({"quantity": 2**63 - 1}, Cause.QUANTITY_RANGE, "quantity: 9223372036854775807 lots"),
    ({"price": 2**53}, Cause.PRICE_RANGE, "price: 9007199254740992 ticks, must be > -2^53 and < 2^53"),
    ({"price": -(2**53)}, Cause.PRICE_RANGE, "price: -9007199254740992"),
    ({"event_time_ns": 0}, Cause.TIMESTAMP_RANGE, "event_time_ns: 0 ns since the epoch, must be in 1990"),
    ({"event_time_ns": 4_102_444_800 * 10**9}, Cause.TIMESTAMP_RANGE, "1990-01-01..2099-12-31"),
    ({"event_time_ns": NOW_NS // 10**6}, Cause.TIMESTAMP_RANGE, "event_time_ns: 1700000000000 ns"),
    ({"arrival_time_ns": 1}, Cause.TIMESTAMP_RANGE, "arrival_time_ns: 1 ns"),
    ({"symbol": "C"}, Cause.UNKNOWN_INSTRUMENT, "'X:C' is not listed"),
    ({"side": "NONE"}, Cause.MISSING_FIELD, "side: 'NONE', must be given with ADD"),
    ({"price": None}, Cause.MISSING_FIELD, "price: None, must be given with ADD"),
    ({"quantity": 0}, Cause.QUANTITY_RANGE, "quantity: 0, must be > 0 with ADD"),
    ({"action": "TRADE", "quantity": 0}, Cause.QUANTITY_RANGE, "quantity: 0, must be > 0 with TRADE"),
    ({"action": "CANCEL", "side": "NONE"}, Cause.MISSING_FIELD, "side: 'NONE', must be given with CANCEL"),
    ({"order_id": 0}, Cause.MISSING_FIELD, "order_id: 0, must be given with ADD"),
    ({"action": "INTENT"}, Cause.UNKNOWN_WORD, "action: INTENT is a SwapIntent's"),
    ({"flags": 512}, Cause.MISTYPED, "flags: 512, must have no other bits than 3582"),
]


@pytest.mark.parametrize(("changes", "cause", "words"), BAD_FIELDS)
@pytest.mark.parametrize("encode", [avro, lambda record: json.dumps(record).encode()], ids=["avro", "json"])
def test_a_bad_field_is_refused_by_name_value_and_bound_and_neighbours_are_used(table, changes, cause, words, encode):
    values = [encode(event()), encode(event(**changes)), encode(event(order_id=9))]
    decoded = CanonicalDecoder(table).decode([raw(value) for value in values])
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert list(decoded.record) == [0, 2]
    assert decoded.events.order_id.tolist() == [7, 9]


GOOD = avro(event())
BAD_BYTES = [
    (None, Cause.NOT_AN_EVENT, "tombstone"),
    (b"", Cause.UNKNOWN_SCHEMA, "0 bytes"),
    (GOOD[:3], Cause.UNKNOWN_SCHEMA, "3 bytes, expected ≥ 5"),
    (GOOD[:5], Cause.TRUNCATED, "at byte 0 of 0"),
    (GOOD[:-1], Cause.TRUNCATED, "OrderEvent"),
    (GOOD + b"\0", Cause.MISTYPED, "1 bytes follow the record"),
    (b"\x07" + GOOD[1:], Cause.UNKNOWN_SCHEMA, "first byte 7, expected 0"),
    (avro(event(), schema_id=77), Cause.UNKNOWN_SCHEMA, "77"),
    (GOOD[:5] + b"\x06\xff\xfe\xfd" + GOOD[7:], Cause.MISTYPED, "UnicodeDecodeError"),
    (GOOD[:5] + b"\x02X\x02A\x7f" + GOOD[10:], Cause.MISTYPED, "IndexError"),
    (b"\0" * 2_000_000, Cause.TOO_LARGE, "value: 2000000 bytes, must be <= 1048576"),
    (b'{"venue": "X", "symb', Cause.TRUNCATED, "truncated"),
    (b'{"venue": "X", "symbol": "\xff"}', Cause.MISTYPED, "0xff in a text, expected UTF-8"),
    (b'{"venue": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", Cause.MISTYPED, "nested too deep"),
    (b'{"price": NaN}', Cause.MISTYPED, "malformed"),
    (b'{"price": Infinity}', Cause.MISTYPED, "malformed"),
    (b"{}", Cause.MISSING_FIELD, "venue: missing"),
]


@pytest.mark.parametrize(("value", "cause", "words"), BAD_BYTES)
def test_bad_bytes_are_refused_and_neighbours_are_used(table, value, cause, words):
    decoded = CanonicalDecoder(table).decode([raw(GOOD), raw(value), raw(GOOD)])
    (refusal,) = decoded.refusals
    assert (refusal.record, refusal.cause) == (1, cause)
    assert words in refusal.detail
    assert list(decoded.record) == [0, 2]


@pytest.mark.parametrize(
    ("changes", "cause", "words"),
    [
        ({"price": 1.5}, Cause.MISTYPED, "price: Decimal('1.5') is Decimal, expected an integer"),
        ({"price": "100"}, Cause.MISTYPED, "price: '100' is str, expected an integer"),
        ({"price": True}, Cause.MISTYPED, "price: True is bool"),
        ({"quantity": 2**63}, Cause.QUANTITY_RANGE, "quantity: 9223372036854775808 lots, must be >= 0 and < 2^62"),
        ({"price": -(2**63)}, Cause.PRICE_RANGE, "price: -9223372036854775808 ticks"),
        ({"sequence": 2**63}, Cause.MISTYPED, "sequence: 9223372036854775808, must be > -2^63 and < 2^63"),
        ({"event_time_ns": 2**80}, Cause.TIMESTAMP_RANGE, "event_time_ns: 1208925819614629174706176 ns"),
        ({"quantity": 2**200}, Cause.QUANTITY_RANGE, "quantity: 16069380442589902755419620"),
        ({"side": "buy"}, Cause.UNKNOWN_WORD, "side: 'buy', expected one of NONE, BID, ASK"),
        ({"action": 1}, Cause.UNKNOWN_WORD, "action: 1, expected one of NOTHING, ADD"),
        ({"venue": {}}, Cause.MISTYPED, "venue, symbol: {}"),
        ({"last_in_event": 1}, Cause.MISTYPED, "last_in_event: 1, expected true or false"),
        ({"venue": "X" * 300}, Cause.UNKNOWN_INSTRUMENT, "..."),
    ],
)
def test_json_types_are_not_bent(table, changes, cause, words):
    decoded = CanonicalDecoder(table).decode([raw(json.dumps(event(**changes)).encode())])
    (refusal,) = decoded.refusals
    assert refusal.cause == cause
    assert words in refusal.detail


class OneSchema:
    def __init__(self, text):
        self.schema = codec.parse(json.dumps(text))

    def writer(self, schema_id):
        return self.schema

    def register(self, subject, text):
        raise AssertionError


EMPTY = {"type": "record", "name": "Empty", "fields": [{"name": "n", "type": "null"}]}
DEEP = "long"
for depth in range(70):
    DEEP = {"type": "record", "name": f"D{depth}", "fields": [{"name": "n", "type": DEEP}]}
TWICE = "long"
for depth in range(30):  # 2^30 fields, written out
    TWICE = {"type": "record", "name": f"T{depth}", "fields": [
        {"name": "a", "type": TWICE}, {"name": "b", "type": TWICE["name"] if depth else "long"}]}  # fmt: skip
NULLS = [{"name": f"n{k}", "type": "null"} for k in range(40)]
SPARSE = {"type": "record", "name": "Sparse", "fields": [*NULLS, {"name": "one", "type": "boolean"}]}
NODE = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}


@pytest.mark.parametrize(
    ("extra", "value", "words"),
    [
        (NODE, b"\x02" * 100_000 + b"\0", "Node' contains itself"),
        ({"type": "array", "items": "null"}, b"\xfe" + b"\xff" * 8 + b"\x01", "items that take no bytes"),
        ({"type": "map", "values": {"type": "array", "items": EMPTY}}, b"\0", "items that take no bytes"),
        ({"type": "array", "items": SPARSE}, b"\0", "an array of items that are 42 types in 1 bytes"),
        (DEEP, b"\0", "types within each other, 61 deep, must be <= 60"),
        (TWICE, b"\0", "more than 10000 types, written out"),
    ],
)
@pytest.mark.parametrize("through", ["canonical", "mapping"])
def test_a_schema_that_could_stop_or_kill_the_reader_is_refused(table, tmp_path, extra, value, words, through):
    fields = [{"name": "extra", "type": extra}, {"name": "order_id", "type": "long"}]
    schemas = OneSchema({"type": "record", "name": "OrderEvent", "namespace": "equipoise.v1", "fields": fields})
    if through == "mapping":
        through = str(tmp_path / "m.toml")
        (tmp_path / "m.toml").write_text(
            "encoding = 'avro'\nevent_time = { field = 'order_id', unit = 'ms' }\n[[event]]\naction = 'order_id'"
        )
    decoded = open_decoder(through, table, schemas=schemas).decode([raw(frame(5, value))])
    assert decoded.refusals[0].cause is Cause.UNKNOWN_SCHEMA
    assert words in decoded.refusals[0].detail


def test_of_a_json_key_that_stands_twice_the_last_counts(table):
    value = json.dumps(event()).encode()[:-1] + b', "price": 101}'
    assert CanonicalDecoder(table).decode([raw(value)]).events.price.tolist() == [101]


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_have_one_outcome(table, value, framed):
    record = raw(frame(local_id(OURS), value) if framed else value)
    decoded = CanonicalDecoder(table).decode([record])
    assert len(decoded.record) + len(decoded.refusals) == 1


@settings(max_examples=500, deadline=None)
@given(st.integers(5, len(GOOD) - 1), st.integers(0, 255), st.integers(5, len(GOOD)))
def test_a_changed_byte_or_a_cut_has_one_outcome(table, at, byte, end):
    value = (GOOD[:at] + bytes([byte]) + GOOD[at + 1 :])[:end]
    decoded = CanonicalDecoder(table).decode([raw(value)])
    assert len(decoded.record) + len(decoded.refusals) == 1


def test_the_format_of_the_settings_names_the_decoder(table):
    decoder = open_decoder("canonical", table, max_bytes=8)
    assert decoder.decode([raw(GOOD)]).refusals[0].cause is Cause.TOO_LARGE
