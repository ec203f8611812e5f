"""A worker under load that is asked to end: within its grace period, all it took sealed; and its metrics before."""

import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from equipoise.streams.records import RawRecord
from tests.containers import KafkaContainer, free_port
from tests.streams import live

pytestmark = [pytest.mark.docker, pytest.mark.slow]
GRACE_S = 20


def _metrics(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        lines = answer.read().decode().splitlines()
    found = {}
    for line in lines:
        if not line.startswith("#"):
            assert re.fullmatch(r"equipoise_\w+(\{[^{}]*\})? [-+.e0-9]+", line), line
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def _metrics_once_sealed(port: int) -> dict[str, float]:
    """After the first checkpoint was counted: others see its commit a moment before the worker hears of it."""
    deadline = time.monotonic() + 30
    while not (found := _metrics(port))["equipoise_checkpoint_seconds_count"] and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _sum(found: dict[str, float], prefix: str) -> float:
    return sum(value for name, value in found.items() if name.startswith(prefix))


@contextmanager
def _fed(bootstrap: str, records: list[RawRecord]) -> Iterator[None]:
    """The first half at once, so that there is a backlog; then a hundred a tick, for as long as the context lasts."""
    live.publish(bootstrap, records[: len(records) // 2])
    over = threading.Event()

    def feed() -> None:
        for first in range(len(records) // 2, len(records), 100):
            if over.wait(0.05):
                return
            live.publish(bootstrap, records[first : first + 100])

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("mode", ["at-least-once", "transactional"])
def test_asked_to_end_under_load(kafka: KafkaContainer, tmp_path: Path, mode: str) -> None:
    name, port = f"ends-{mode}", free_port()
    more = {"instruments.file": live.instruments_file(tmp_path), "delivery.mode": mode, "kafka.batch_max_records": 20}
    flags = live.settings_for(kafka.bootstrap, name, **more, **{"metrics.port": port, "delivery.grace_s": GRACE_S})
    live.create_topics(flags)
    events = live.market(60_000, pause_every=500)
    records = live.raw_records(name, events)
    places = {(record.topic, record.partition) for record in records}
    # the input goes on until the worker has ended, however fast it is
    with live.Worker(tmp_path, flags) as worker, _fed(kafka.bootstrap, records):
        worker.wait_for("metrics at")
        live.wait_committed_some(kafka.bootstrap, name, records)
        told = _metrics_once_sealed(port)
        asked_s = time.monotonic()
        assert worker.stop(GRACE_S + 10) == 0, worker.log[-3000:]
        assert time.monotonic() - asked_s < GRACE_S
        assert "not drained" not in worker.log
    assert 0 < _sum(told, "equipoise_records_total") <= _sum(told, "equipoise_records_read_total") <= len(records)
    assert told["equipoise_decision_seconds_count"] > 0
    assert told["equipoise_checkpoint_seconds_count"] > 0
    assert told['equipoise_decision_seconds_bucket{le="+Inf"}'] == told["equipoise_decision_seconds_count"]
    sealed = live.committed(kafka.bootstrap, name, places)
    done = [record for record in records if record.offset < sealed[record.topic, record.partition]]
    assert 0 < len(done) < len(records)
    # what was sealed is exactly what was published: the next worker repeats nothing
    wanted = live.by_stream(live.offline(done, flags, ends=False)[0])
    found = live.by_stream(live.published(kafka.bootstrap, name))
    for stream, payloads in found.items():
        assert payloads[: len(wanted.get(stream, []))] == wanted.get(stream, []), stream
