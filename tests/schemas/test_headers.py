from equipoise.schemas import codec, headers
from equipoise.schemas.enums import Cause


def test_the_source_travels_in_headers() -> None:
    assert headers.source_headers("orders", 3) == [
        ("equipoise-source-topic", b"orders"),
        ("equipoise-source-partition", b"3"),
    ]
    assert headers.offset_header(2**40) == ("equipoise-source-offset", b"1099511627776")


def test_a_dead_letter_has_every_header_that_its_record_demands() -> None:
    found = dict(headers.dead_letter_headers("orders", 3, 17, Cause.PRICE_OFF_TICK, "price: ½"))
    fields = codec.schema("DeadLetterHeaders")["fields"]
    assert set(found) == {field["header"] for field in fields if "default" not in field}
    assert found["__streams.errors.message"] == "price: ½".encode()
    assert (found["equipoise-cause"], found["__streams.errors.offset"]) == (b"PRICE_OFF_TICK", b"17")


def test_the_last_of_repeated_headers_counts() -> None:
    repeated = [("a", b"1"), ("b", b"2"), ("a", b"3")]
    assert headers.header(repeated, "a") == b"3"
    assert headers.header(repeated, "c") is None
    assert headers.header(None, "a") is None
