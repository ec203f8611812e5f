"""Framing, byte by byte as Confluent's clients have it."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.schemas import wire
from equipoise.schemas.errors import WireFormatError

GUID = UUID("89791762-2336-4186-9674-299b90a802e2")
GUID_BYTES = bytes.fromhex("8979176223364186" + "9674299b90a802e2")
BODY = b"\x02X\x02Y"


def test_prefix_form_by_hand() -> None:
    assert wire.frame(258, BODY) == b"\x00\x00\x00\x01\x02" + BODY
    assert wire.unframe(b"\x00\x00\x00\x01\x02" + BODY) == (258, BODY)
    assert wire.frame(GUID, BODY) == b"\x01" + GUID_BYTES + BODY


def test_header_form_by_hand() -> None:
    assert wire.id_header(GUID) == ("__value_schema_id", b"\x01" + GUID_BYTES)
    assert wire.id_header(GUID, key=True) == ("__key_schema_id", b"\x01" + GUID_BYTES)
    headers = [("other", None), ("__value_schema_id", b"\x01" + GUID_BYTES)]
    assert wire.split(BODY, headers) == (GUID, BODY)


def test_the_header_wins_over_a_value_that_looks_prefixed() -> None:
    value = wire.frame(1, BODY)
    assert wire.split(value, [wire.id_header(GUID)]) == (GUID, value)
    assert wire.split(value, [wire.id_header(GUID, key=True)]) == (1, BODY)
    assert wire.split(value, [wire.id_header(GUID, key=True)], key=True) == (GUID, value)


@given(st.integers(0, wire.MAX_ID) | st.uuids(), st.binary())
def test_both_forms_round_trip(schema_id: wire.SchemaId, body: bytes) -> None:
    assert wire.unframe(wire.frame(schema_id, body)) == (schema_id, body)
    assert wire.split(body, [wire.id_header(schema_id)]) == (schema_id, body)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "null"),
        (b"", "0 bytes"),
        (b"\x00\x00\x00\x01", "4 bytes, expected ≥ 5"),
        (b"\x01" + GUID_BYTES[:-1], "16 bytes, expected ≥ 17"),
        (b"{}", "first byte 123"),
        (b"\x00\xff\x00\x00\x00", "schema id -"),
    ],
)
def test_what_is_not_framed_is_refused(value: bytes | None, message: str) -> None:
    with pytest.raises(WireFormatError, match=message):
        wire.split(value)


@pytest.mark.parametrize(
    ("found", "message"),
    [(b"", "first byte None"), (b"\x01" + GUID_BYTES + b"!", "1 bytes follow"), (b"\x01\x02", "2 bytes")],
)
def test_a_malformed_header_is_refused_and_named(found: bytes, message: str) -> None:
    with pytest.raises(WireFormatError, match=f"__value_schema_id: .*{message}"):
        wire.split(BODY, [("__value_schema_id", found)])


def test_a_null_value_with_a_header_is_refused() -> None:
    with pytest.raises(WireFormatError, match="null"):
        wire.split(None, [wire.id_header(GUID)])


@pytest.mark.parametrize("schema_id", [-1, 2**31])
def test_ids_out_of_range_are_refused(schema_id: int) -> None:
    with pytest.raises(WireFormatError, match=str(schema_id)):
        wire.frame(schema_id, BODY)


@given(st.binary(), st.none() | st.binary())
def test_any_bytes_give_a_split_or_a_typed_error(value: bytes, found: bytes | None) -> None:
    try:
        schema_id, body = wire.split(value, [("__value_schema_id", found)])
    except WireFormatError:
        return
    assert value.endswith(body)
    assert isinstance(schema_id, int | UUID)
