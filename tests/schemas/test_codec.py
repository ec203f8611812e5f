"""Encoding and decoding of single records."""

from typing import Any

import pytest

from equipoise.schemas import codec
from equipoise.schemas.errors import DecodingError, EncodingError, SchemaInvalidError

ADD: dict[str, Any] = {
    "venue": "X", "symbol": "Y", "action": "ADD", "side": "BID", "price": 10, "quantity": 5, "order_id": 7,
    "event_time_ns": 1,
}  # fmt: skip


def test_defaults_are_filled_in() -> None:
    record = codec.decode("OrderEvent", codec.encode("OrderEvent", ADD))
    assert record == ADD | {
        "sequence": None, "previous_sequence": None, "last_in_event": True, "flags": 0, "trading_status": "UNKNOWN",
        "arrival_time_ns": None, "source": "", "participant": None, "ingest_signature": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [({"price": "a"}, "price"), ({"price": 2**63}, "price"), ({"side": "LEFT"}, "side"), ({"extra": 1}, "extra")],
)
def test_a_record_that_does_not_fit_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(EncodingError, match=field):
        codec.encode("OrderEvent", ADD | change)


def test_a_missing_field_is_refused_by_name() -> None:
    with pytest.raises(EncodingError, match="venue"):
        codec.encode("OrderEvent", {key: value for key, value in ADD.items() if key != "venue"})


def test_every_truncation_and_any_extension_is_refused() -> None:
    body = codec.encode("OrderEvent", ADD)
    for length in range(len(body)):
        with pytest.raises(DecodingError):
            codec.decode("OrderEvent", body[:length])
    with pytest.raises(DecodingError, match="1 bytes follow"):
        codec.decode("OrderEvent", body + b"\0")


def test_bytes_of_another_writer_resolve_to_ours() -> None:
    writer = codec.parse(
        """{"type": "record", "name": "OrderEvent", "namespace": "equipoise.v1", "fields": [
            {"name": "event_time_ns", "type": "long"}, {"name": "colour", "type": "string"},
            {"name": "side", "type": {"type": "enum", "name": "Side", "symbols": ["ASK", "BID"]}},
            {"name": "symbol", "type": "string"}, {"name": "venue", "type": "string"},
            {"name": "price", "type": "int"},
            {"name": "action", "type": {"type": "enum", "name": "Action", "symbols": ["TRADE"]}}]}"""
    )
    body = b"\x02" + b"\x06red" + b"\x02" + b"\x02Y" + b"\x02X" + b"\x14" + b"\x00"
    record = codec.decode("OrderEvent", body, writer)
    assert (record["venue"], record["symbol"], record["action"], record["side"]) == ("X", "Y", "TRADE", "BID")
    assert (record["price"], record["quantity"], record["event_time_ns"], record["last_in_event"]) == (
        10,
        None,
        1,
        True,
    )


def test_a_writer_without_a_needed_field_is_refused() -> None:
    writer = codec.parse('{"type": "record", "name": "OrderEvent", "fields": [{"name": "venue", "type": "string"}]}')
    with pytest.raises(DecodingError, match="symbol"):
        codec.decode("OrderEvent", b"\x02X", writer)


@pytest.mark.parametrize(
    "text", ["", "{", '{"type": "nothing"}', "3", '{"type": "record", "name": "A", "fields": [1]}']
)
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(SchemaInvalidError):
        codec.parse(text)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SchemaInvalidError, match="OrderEvents"):
        codec.schema("OrderEvents")
