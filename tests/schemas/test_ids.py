from hashlib import blake2b

import pytest

from equipoise.schemas.enums import Kind
from equipoise.schemas.ids import instrument_key, intent_id, order_id, signal_id


def test_signal_ids() -> None:
    key = instrument_key("binance", "BTCUSDT")
    assert signal_id(key, Kind.LIVE, 7) == "binance:BTCUSDT/live/7"
    assert signal_id(key, Kind.FINAL, 10**18) == "binance:BTCUSDT/final/1000000000000000000"
    assert signal_id(key, Kind.HEARTBEAT, 3) == "binance:BTCUSDT/heartbeat/3"


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("17", 17), (str(2**63 - 1), 2**63 - 1)])
def test_a_decimal_order_id_stands_for_itself(text: str, number: int) -> None:
    assert order_id(text) == number


@pytest.mark.parametrize("text", ["", "00", "017", "-1", "2.5", str(2**63), "9" * 5000, "a1b2", "１７"])
def test_any_other_order_id_is_digested(text: str) -> None:
    expected = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
    assert order_id(text) == expected


def test_intents_of_one_transaction_differ() -> None:
    assert intent_id("0xab", 0) != intent_id("0xab", 1)
