"""The whole worker on the embedded broker: the same signals as offline, restarted or not, nothing lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from equipoise.streams.broker import EmbeddedBroker
from tests.streams import live

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    broker = EmbeddedBroker().start()
    try:
        yield broker.bootstrap
    finally:
        broker.close()


def test_restarts_change_nothing_and_nothing_is_lost(bootstrap: str, tmp_path: Path) -> None:
    flags = live.settings_for(bootstrap, "restarts", **{"instruments.file": live.instruments_file(tmp_path)})
    live.create_topics(flags)
    events = live.market(6_000, pause_every=500)
    records = live.raw_records("restarts", events)
    expected, tasks, _ = live.offline(records, flags)
    seen: list[live.RawRecord] = []
    for part in live.parts(records, events, [1_000, 2_500]):
        live.publish(bootstrap, part)  # before the worker starts: published at full speed, a merge could only time out
        seen += part
        with live.Worker(tmp_path, flags) as worker:
            worker.wait_for("Worker ready")
            live.wait_committed(worker, bootstrap, "restarts", seen)
            assert worker.stop() == 0, worker.log[-3000:]
    found = live.by_stream(live.published(bootstrap, "restarts"))
    wanted = live.by_stream(expected)
    assert found.keys() == wanted.keys()
    for stream, payloads in wanted.items():
        once = list(dict.fromkeys(found[stream]))  # an output between checkpoint and stop may stand twice
        assert once == payloads, stream
    assert sum(a["in"] for task in tasks.values() for a in task.accounts().values()) == len(records)


def test_a_topic_may_be_dropped(bootstrap: str, tmp_path: Path) -> None:
    name = "dropped"
    flags = live.settings_for(bootstrap, name, **{"instruments.file": live.instruments_file(tmp_path)})
    live.create_topics(flags)
    events = live.market(4_000, pause_every=500)
    records = live.raw_records(name, events)
    first, rest = live.parts(records, events, [1_000])
    rest = [record for record in rest if record.topic == f"{name}.book"]
    seen: list[live.RawRecord] = []
    for part, topics in ((first, ["book", "trades"]), (rest, ["book"])):
        live.publish(bootstrap, part)
        seen += part
        own = flags | {"topics.orders": [{"name": f"{name}.{topic}"} for topic in topics]}
        with live.Worker(tmp_path, own) as worker:
            worker.wait_for("Worker ready")
            live.wait_committed(worker, bootstrap, name, seen)
            assert worker.stop() == 0, worker.log[-3000:]
        assert ("not read any more" in worker.log) == (len(topics) == 1)
