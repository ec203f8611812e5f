"""`equipoise consume` prints what may be used, once, and says what it kept back."""

import json
import time

import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from equipoise.schemas import codec
from equipoise.schemas.headers import CATCHING_UP
from equipoise.schemas.local import local_id
from equipoise.schemas.wire import frame
from equipoise.streams.broker import create_topics
from equipoise.streams.cli import main
from tests.demo.records import FRAME, QUOTE_FIELDS

pytestmark = pytest.mark.broker
NOW = time.time_ns()
TOPIC = "consume-spread"


def signal(**fields) -> bytes:
    record = FRAME | {"as_of_ns": NOW, "valid_until_ns": NOW + 600 * 10**9} | fields
    return frame(local_id(codec.schema("SpreadSignal")), codec.encode("SpreadSignal", record))


@pytest.fixture(scope="module")
def topic(embedded_broker):
    create_topics(embedded_broker.bootstrap, {TOPIC: 1})
    producer = Producer({"bootstrap.servers": embedded_broker.bootstrap})
    for value, headers in (
        (signal(id="a"), []),
        (signal(id="a"), []),  # delivered again
        (signal(id="b", symbol="ETH-USD"), []),
        (signal(id="c", valid_until_ns=NOW - 1), []),
        (signal(id="d", status="HALTED", reasons=["HALTED"]), []),
        (signal(id="e"), [(CATCHING_UP, b"9000")]),
        (b"not a signal", []),
        (signal(id="a", revision=1, widen_factor=1.5), []),
    ):
        producer.produce(TOPIC, value, headers=headers)
    assert producer.flush(10) == 0
    return embedded_broker.bootstrap


def run(bootstrap: str, *flags: str):
    return CliRunner().invoke(
        main,
        ["consume", "--bootstrap", bootstrap, "--topic", TOPIC, "--from-beginning", "--seconds", "2", *flags],
        catch_exceptions=False,
    )


def test_only_what_may_be_used(topic) -> None:
    result = run(topic, "--json")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["id"], row["revision"]) for row in rows] == [("a", 0), ("b", 0), ("a", 1)]
    assert rows[0]["status"] == "OK"
    assert rows[0]["components"][3]["name"] == "OFI"
    assert rows[2]["widen_factor"] == 1.5
    assert "3 printed, 1 withheld (expired), 1 withheld (status), 1 unreadable" in result.stderr


def test_everything_with_the_reason(topic) -> None:
    result = run(topic, "--all", "--json")
    rows = {row["id"]: row["unusable"] for row in map(json.loads, result.stdout.splitlines())}
    assert rows["d"] == "status HALTED"
    assert rows["c"].startswith("expired")
    assert rows["e"].startswith("catching up")


def test_a_fee_with_the_id_of_a_spread_is_another_signal(embedded_broker) -> None:
    topics = {"consume-both-spread": "SpreadSignal", "consume-both-fee": "FeeSignal"}
    create_topics(embedded_broker.bootstrap, dict.fromkeys(topics, 1))
    producer = Producer({"bootstrap.servers": embedded_broker.bootstrap})
    frame_of = {name: value for name, value in FRAME.items() if name not in QUOTE_FIELDS}
    fees = {"fee_taker_buy": 300, "fee_taker_sell": 450, "surcharge": 150, "rebate": 0, "rebate_budget": None}
    valid = {"as_of_ns": NOW, "valid_until_ns": NOW + 600 * 10**9}
    fee = codec.encode("FeeSignal", frame_of | fees | valid)
    producer.produce("consume-both-spread", signal())
    producer.produce("consume-both-fee", frame(local_id(codec.schema("FeeSignal")), fee))
    assert producer.flush(10) == 0
    flags = [word for topic in topics for word in ("--topic", topic)]
    result = CliRunner().invoke(
        main,
        ["consume", "--bootstrap", embedded_broker.bootstrap, *flags, "--from-beginning", "--seconds", "2"],
        catch_exceptions=False,
    )
    assert "taker buys 3.0 bps, taker sells 4.5 bps" in result.stdout
    assert "bid 59,988.0" in result.stdout


def test_one_instrument_as_a_table(topic) -> None:
    result = run(topic, "--instrument", "SIM:ETH-USD")
    heading, line = result.stdout.splitlines()
    assert heading.startswith("event time")
    assert "SIM:ETH-USD" in line
    assert "bid 59,988.0 (−2 bps)  ask 60,012.0 (+2 bps)" in line


def test_count_ends_it(topic) -> None:
    started = time.monotonic()
    result = run(topic, "--count", "1", "--seconds", "60")
    assert len(result.stdout.splitlines()) == 2
    assert time.monotonic() - started < 30


def test_a_property_without_a_value_is_refused() -> None:
    result = CliRunner().invoke(main, ["consume", "-X", "security.protocol"])
    assert result.exit_code == 2
    assert "'security.protocol' is not NAME=VALUE" in result.stderr


def test_no_broker_and_no_topic_are_said_at_once(topic) -> None:
    result = CliRunner().invoke(main, ["consume", "--bootstrap", topic, "--topic", "no-such"])
    assert result.exit_code == 1
    assert f"no topic no-such at {topic}" in result.stderr
    result = CliRunner().invoke(main, ["consume", "--bootstrap", "127.0.0.1:1", "-X", "socket.timeout.ms=1000"])
    assert result.exit_code == 1
    assert "no broker answers at 127.0.0.1:1" in result.stderr
