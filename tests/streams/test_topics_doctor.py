"""Topics and doctor on the embedded broker: right policies, sentences that say what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from equipoise.streams.broker import EmbeddedBroker
from equipoise.streams.cli import doctor
from equipoise.streams.cli import topics as topics_command
from equipoise.streams.settings import InputTopic, load
from equipoise.streams.topics import Topics, TopicsError, check_partitions, inputs, wanted
from tests.chaos.proxy import Proxy
from tests.containers import free_port

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    broker = EmbeddedBroker().start()
    try:
        yield broker.bootstrap
    finally:
        broker.close()


def _run(command: object, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(words))  # type: ignore[arg-type]
    return result.exit_code, result.output


def test_create_check_and_doctor(bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    where = ("--set", f"kafka.bootstrap={bootstrap}")
    status, said = _run(topics_command.command, "check", *where)
    assert status == 1
    assert "missing: orders, equipoise.imbalance" in said
    assert "equipoise topics create" in said
    assert _run(topics_command.command, "create", *where)[0] == 0
    assert _run(topics_command.command, "create", *where)[1].count("exists") == len(wanted(load()))
    assert _run(topics_command.command, "check", *where) == (0, "all topics are as they should be\n")
    topics = Topics(load(flags={"kafka.bootstrap": bootstrap}))
    policies = topics.cleanup_policies(["equipoise.state", "equipoise.spread-signals"])
    assert policies == {"equipoise.state": "compact", "equipoise.spread-signals": "delete"}
    status, said = _run(doctor.command, *where)
    assert (status, said.count("FAIL")) == (0, 0), said
    status, said = _run(doctor.command, *where, "--set", f"registry.url=http://127.0.0.1:{free_port()}")
    assert status == 1
    assert "registry.url" in said


def test_no_broker_is_one_sentence_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    where = ("--set", f"kafka.bootstrap=127.0.0.1:{free_port()}", "--set", "kafka.request_timeout_ms=600")
    status, said = _run(topics_command.command, "list", *where)
    assert (status, said.count("\n")) == (1, 1)
    assert "check kafka.bootstrap" in said
    status, said = _run(doctor.command, *where)
    assert status == 1
    assert "-> start a broker" in said


def test_a_broker_that_does_not_answer_is_why_no_topic_was_made(
    bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, port = bootstrap.split(":")
    with Proxy([(host, int(port))]) as proxy:
        topics = Topics(load(flags={"kafka.bootstrap": proxy.bootstrap, "kafka.request_timeout_ms": 500}))
        assert topics.partitions() is not None
        proxy.hold(True)
        monkeypatch.setattr(topics, "partitions", dict)
        told = topics.create()
        assert len(told) == len(wanted(load()))
        assert all("imed out" in why for why in told.values()), told
        assert topics.cleanup_policies(told) == {}


def test_patterns_take_venue_symbol_and_channel_from_the_name() -> None:
    pattern = r"(?P<venue>[A-Z]+)\.(?P<symbol>\w+)\.(?P<channel>book|trades)"
    settings = load(flags={"topics.orders": [{"name": "own"}, {"pattern": pattern, "format": "binance"}]})
    found = inputs(settings, {"own": 4, "BITX.btcusd.book": 4, "BITX.btcusd.trades": 4, "other": 1})
    assert [source.topic for source in found] == ["BITX.btcusd.book", "BITX.btcusd.trades", "own"]
    assert found[0].said == {"venue": "BITX", "symbol": "btcusd", "channel": "book"}
    assert found[2].asked == InputTopic(name="own")


@pytest.mark.parametrize(
    ("existing", "words"),
    [
        ({"orders": 4, "equipoise.state": 3}, "orders has 4, equipoise.state has 3"),
        ({"orders": 4}, "equipoise.state does not exist: run `equipoise topics create`"),
        ({"equipoise.state": 4}, "topic orders does not exist"),
    ],
)
def test_topics_that_do_not_fit_are_named(existing: dict[str, int], words: str) -> None:
    settings = load()
    with pytest.raises(TopicsError, match=words):
        check_partitions(settings, existing, inputs(settings, existing))
