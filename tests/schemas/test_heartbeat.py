import pytest

from equipoise.schemas import codec
from equipoise.schemas.errors import DecodingError, EncodingError
from tests.oracles.heartbeat import encode_heartbeat
from tests.schemas.records import FEE, SPREAD

BODIES = {"SpreadSignal": codec.encode("SpreadSignal", SPREAD), "FeeSignal": codec.encode("FeeSignal", FEE)}


@pytest.mark.parametrize("name", BODIES)
def test_a_heartbeat_names_the_last_signal_and_carries_no_number_of_the_policy(name: str) -> None:
    record = codec.decode(name, encode_heartbeat(name, BODIES[name], 5_000, 1_500, 10_000))
    assert (record["id"], record["kind"], record["trigger"]) == ("v:S/heartbeat/5000", "HEARTBEAT", "NONE")
    assert (record["last_id"], record["silence_ns"]) == ("v:S/live/7", 1_500)
    assert (record["as_of_ns"], record["valid_until_ns"]) == (1_000, 2_000)
    assert (record["status"], record["reasons"]) == ("DEGRADED", ["WARMING", "LATE_EVENTS"])
    kept = {
        "revision",
        "policy_version",
        "as_of_ns",
        "valid_until_ns",
        "last_good_mid",
        "last_good_mid_ns",
        "silence_ns",
    }
    numbers = {key for key, value in record.items() if isinstance(value, int | float)}
    assert numbers == kept
    assert record["components"] == []


def test_past_the_limit_it_says_stale() -> None:
    body = encode_heartbeat("SpreadSignal", BODIES["SpreadSignal"], 5_000, 10_000, 10_000)
    record = codec.decode("SpreadSignal", body)
    assert record["status"] == "STALE"
    assert record["reasons"] == ["WARMING", "STALE_INPUT", "LATE_EVENTS"]
    again = codec.decode("SpreadSignal", encode_heartbeat("SpreadSignal", body, 6_000, 11_000, 10_000))
    assert again["reasons"] == record["reasons"]
    assert (again["id"], again["last_id"]) == ("v:S/heartbeat/6000", "v:S/live/7")
    assert (again["last_good_mid"], again["last_good_mid_ns"]) == (1000.5, 990)


def test_what_cannot_be_a_heartbeat_is_refused() -> None:
    with pytest.raises(EncodingError, match="silence_ns: -1"):
        encode_heartbeat("SpreadSignal", BODIES["SpreadSignal"], 1, -1, 1)
    with pytest.raises(EncodingError, match="ImbalanceWindow"):
        encode_heartbeat("ImbalanceWindow", b"", 1, 1, 1)
    with pytest.raises(DecodingError):
        encode_heartbeat("FeeSignal", BODIES["FeeSignal"][:-1], 1, 1, 1)
