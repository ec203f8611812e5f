"""Mappings that the tests share, and what they are read with."""

import io
import json
from decimal import Decimal

import fastavro

from equipoise.schemas import codec
from equipoise.schemas.errors import UnknownSchemaError
from equipoise.schemas.wire import frame
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.decoders import open_decoder
from equipoise.streams.sources.live import Origin

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
