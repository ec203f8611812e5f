"""Mappings of Avro topics: the writer's schema, and bytes that do not fit it."""

import io
import json
from decimal import Decimal

import fastavro
import pytest

from equipoise.processors.columns import NULL
from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Cause, Flag, Side
from equipoise.schemas.ids import order_id
from equipoise.schemas.wire import frame
from equipoise.streams.records import RawRecord, batch_of
from equipoise.streams.sources.decoders import FormatError
from equipoise.streams.sources.live import Origin
from tests.sources.mappings import AVRO, MS, WRITER, OneSchema, avro, decode, decoder, rows


@pytest.fixture
def instruments(mapped_instruments):
    return mapped_instruments


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


@pytest.mark.parametrize("size", [257, 1_000_000])
def test_a_decimal_of_a_megabyte_is_refused_before_anybody_computes_it(tmp_path, instruments, size):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, {"type": "bytes"}, b"\0" * (size - 1) + b"\1")
    body = avro()[5:]
    price = body.index(b"\x02\x04") + 1  # behind the branch: its length, two bytes
    value = frame(9, body[:price] + out.getvalue() + body[price + 3 :])
    made = decoder(tmp_path, AVRO, instruments, schemas=OneSchema(WRITER))
    records = [RawRecord("topic", 0, k, None, one) for k, one in enumerate((avro(), value, avro()))]
    for decoded in (made.decode(records), made.decode_batch(batch_of(records))):
        assert decoded.refusals[0].cause is Cause.TOO_LARGE
        assert f"a decimal of {size} bytes, must be <= 256" in decoded.refusals[0].detail
        assert list(decoded.record) == [0, 2]


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


def test_a_map_in_avro_may_be_read_by_its_keys(tmp_path, instruments):
    writer = {"type": "record", "name": "M", "fields": [
        {"name": "at", "type": "long"}, {"name": "f", "type": {"type": "map", "values": "string"}},
    ]}  # fmt: skip
    text = """
encoding = "avro"
event_time = { field = "at", unit = "ms" }
[[event]]
when = { "f.kind" = ["t"] }
action = { value = "TRADE" }
price = "f.p"
quantity = 'f."the size"'
"""
    made = decoder(tmp_path, text, instruments, Origin("topic", "K", "A"), OneSchema(writer))
    out = io.BytesIO()
    record = {"at": MS, "f": {"kind": "t", "p": "2.10", "the size": "30"}}
    fastavro.schemaless_writer(out, codec.parse(json.dumps(writer)), record)
    assert rows(decode(made, frame(9, out.getvalue()))) == [(Action.TRADE, 0, Flag.LAST, 42, 3, 0)]
