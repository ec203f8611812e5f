"""Pending swaps through the whole worker: transactions in, intents between, their imbalance in the signals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from equipoise.schemas import codec
from equipoise.schemas.local import BuiltIn
from equipoise.schemas.wire import split
from equipoise.streams.broker import EmbeddedBroker
from equipoise.streams.replay import messages
from equipoise.streams.replay.publish import Publisher
from equipoise.streams.simulator import Simulator, SimulatorSettings, make_markets
from tests.streams import live

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture
def bootstrap() -> Iterator[str]:
    broker = EmbeddedBroker().start()
    try:
        yield broker.bootstrap
    finally:
        broker.close()


def test_pending_swaps_reach_the_signals(bootstrap: str, tmp_path: Path) -> None:
    flags = live.settings_for(bootstrap, "pool") | {
        "topics.orders": [{"name": "pool.orders"}],
        "topics.mempool": "pool.mempool",
        "topics.intents": "pool.intents",
    }
    settings = live.create_topics(flags)
    simulator = Simulator(SimulatorSettings(seed=5, instruments=make_markets(4)))
    publisher = Publisher(settings, BuiltIn())
    publisher.send(messages.instrument_message(one, settings.topics.instruments) for one in simulator.instruments)
    publisher.send(messages.simulated(simulator, 6.0, "pool.orders", "pool.mempool"))
    assert publisher.flush() == 0
    pending = publisher.sent["pool.mempool"]
    assert pending > 0
    with live.Worker(tmp_path, flags) as worker:
        live.wait_ends(worker, bootstrap, "pool", live.ends(bootstrap, ["pool.mempool", "pool.orders"]))
        live.wait_ends(worker, bootstrap, "pool", live.ends(bootstrap, ["pool.intents"]))
        assert worker.stop() == 0, worker.log[-3000:]
    assert f"pool.mempool[0]: in {pending} = " in worker.log
    intents = list(live.consume(bootstrap, "pool.intents"))
    assert intents
    books = {key: part for key, _, _, part, _ in live.consume(bootstrap, "pool.orders")}
    assert all(books[key] == part for key, _, _, part, _ in intents)
    seen = [codec.decode("SpreadSignal", payload.body) for payload in live.published(bootstrap, "pool")
            if payload.schema == "SpreadSignal"]  # fmt: skip
    values = [c["value"] for signal in seen for c in signal["components"] if c["name"] == "PENDING"]
    assert any(value is not None and value != 0 for value in values)
    for _, value, headers, _, _ in intents:
        record = codec.decode("SwapIntent", split(value, list(headers.items()))[1])
        assert record["action"] in ("INTENT", "RETRACT")
        assert headers["equipoise-source-topic"] == b"pool.mempool"
