"""Topics of other shapes through the worker on the embedded broker: what is sent is used, once."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from equipoise.streams.broker import EmbeddedBroker
from equipoise.streams.records import RawRecord
from tests.sources.mappings import BINANCE
from tests.streams import live

pytestmark = [pytest.mark.broker, pytest.mark.slow]
PATTERN = r"(?P<channel>trades|book)-(?P<venue>[A-Z]+)-(?P<symbol>.+)"


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    broker = EmbeddedBroker().start()
    try:
        yield broker.bootstrap
    finally:
        broker.close()


def run(
    bootstrap: str, folder: Path, name: str, orders: list[dict[str, str]], sent: list[RawRecord]
) -> list[live.Payload]:
    """What a worker publishes that reads these topics."""
    listed = [{"venue": "X", "symbol": "A-B", "tick": "0.5", "lot": "0.01", "book_source": "L2"}]
    (folder / "instruments.json").write_text(json.dumps(listed))
    flags = live.settings_for(bootstrap, name, **{"instruments.file": folder / "instruments.json"})
    flags |= {"topics.orders": [{"name": topic} for topic in sorted({r.topic for r in sent})], "topics.partitions": 1}
    live.create_topics(flags)
    flags["topics.orders"] = orders
    live.publish(bootstrap, sent)
    with live.Worker(folder, flags) as worker:
        worker.wait_for("Worker ready")
        live.wait_committed(worker, bootstrap, name, sent)
        assert worker.stop() == 0, worker.log[-3000:]
    letters = [
        headers["__streams.errors.message"] for _, _, headers, _, _ in live.consume(bootstrap, f"{name}.dead-letters")
    ]
    assert letters == []
    return live.published(bootstrap, name)


def volumes(found: list[live.Payload]) -> tuple[int, int]:
    from equipoise.schemas import codec

    windows = [codec.decode("ImbalanceWindow", p.body) for p in found if p.schema == "ImbalanceWindow"]
    return sum(w["buy_volume"] for w in windows), sum(w["sell_volume"] for w in windows)


def test_cryptofeeds_topics_are_read_by_their_pattern(bootstrap: str, tmp_path: Path) -> None:
    start, records = time.time() - 600, {"trades-X-A-B": [], "book-X-A-B": []}
    for k in range(60):
        at = {
            "exchange": "X",
            "symbol": "A-B",
            "timestamp": start + k / 10,
            "receipt_timestamp": start + k / 10 + 0.005,
        }
        if k % 3 == 0:
            side = (
                {"book": {"bid": {"100.0": 1.0}, "ask": {"101.0": 2.0}}}
                if k == 0
                else {"delta": {"bid": [[99.5, 0.5]], "ask": []}}
            )
            records["book-X-A-B"].append(at | side)
        else:
            records["trades-X-A-B"].append(
                at | {"side": "buy" if k % 3 == 1 else "sell", "amount": 0.25, "price": 100.5, "id": str(k)}
            )
    sent = [
        RawRecord(topic, 0, offset, None, json.dumps(record).encode())
        for topic, own in records.items()
        for offset, record in enumerate(own)
    ]
    found = run(bootstrap, tmp_path, "feeds", [{"pattern": PATTERN, "format": "cryptofeed"}], sent)
    assert {payload.key for payload in found} == {"X:A-B"}
    buys, sells = volumes(found)
    assert 15 * 25 <= buys <= 20 * 25  # the last window is open
    assert 15 * 25 <= sells <= 20 * 25


def test_a_mapped_topic_is_read(bootstrap: str, tmp_path: Path) -> None:
    path = tmp_path / "orders.toml"
    path.write_text(BINANCE.replace("BINANCE", "X"))
    start = int(time.time() - 600) * 1000
    depth = {"e": "depthUpdate", "T": start, "s": "A-B", "U": 1, "u": 1, "b": [["100", "1"]], "a": [["101", "1"]]}
    trades = [
        {"e": "trade", "T": start + k * 100, "s": "A-B", "t": k, "p": "100.5", "q": "0.25", "m": k % 2 == 0}
        for k in range(41)
    ]
    values = [{"data": data} for data in [depth, *trades, trades[3]]]  # a fill twice
    sent = [RawRecord("shaped", 0, k, None, json.dumps(value).encode()) for k, value in enumerate(values)]
    found = run(bootstrap, tmp_path, "shaped-group", [{"name": "shaped", "format": str(path)}], sent)
    assert volumes(found) == (20 * 25, 20 * 25)
