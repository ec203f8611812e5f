"""A group that assigns anew before anything is committed: what a fetch in between has taken must come again."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import faust
import pytest

from equipoise.streams import runtime
from equipoise.streams.app import install, make_app
from equipoise.streams.kernels import warm_up
from equipoise.streams.settings import Settings
from tests.containers import KafkaContainer
from tests.streams import live

pytestmark = [pytest.mark.docker, pytest.mark.slow]
ROUNDS, RECOVERY_S, LIMIT_S = 3, 2.5, 30.0  # a fetch under way lasts up to a second


@pytest.mark.parametrize("scheme", ["equipoise", "kafka"])
def test_a_fetch_that_spans_a_rebalance_loses_nothing(
    kafka: KafkaContainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """The group has committed 0, which aiokafka's own seek passes over."""
    name = f"rebalance-{scheme}"
    more = {"instruments.file": live.instruments_file(tmp_path), "delivery.checkpoint_ms": 600_000}
    settings = live.create_topics(live.settings_for(kafka.bootstrap, name, **more))
    records, begun, begin = live.raw_records(name, live.market(300)), [], runtime.begin

    def slow(*asked: object) -> object:
        begun.append(asked)
        if len(begun) == live.PARTITIONS + 1:  # the second assignment's first
            live.publish(kafka.bootstrap, records)
        if len(begun) > live.PARTITIONS:
            time.sleep(RECOVERY_S)
        return begin(*asked)

    monkeypatch.setattr(runtime, "begin", slow)
    warm_up(settings)
    asyncio.run(_assigned_anew(settings, scheme, records))


async def _assigned_anew(settings: Settings, scheme: str, records: list[live.RawRecord]) -> None:
    app = make_app(settings)
    if scheme == "kafka":
        app.transport = type(app.transport).__bases__[0](app.conf.broker_consumer, app)
    stream = await asyncio.to_thread(install, app, settings)
    assert stream is not None
    await app.start()
    try:
        for _ in range(ROUNDS):
            await _until(lambda: app.consumer_generation_id > 0 and not app.rebalancing)
            thread, before = app.consumer._thread, app.consumer_generation_id
            thread.thread_loop.call_soon_threadsafe(thread._consumer._coordinator.request_rejoin)
            await _until(partial(_differs, app, before))
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}
        await _until(lambda: stream.runtime is not None and stream.runtime.positions() == ends)
    finally:
        await app.stop()


def _differs(app: faust.App, generation: int) -> bool:
    return app.consumer_generation_id != generation


async def _until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not there():
        assert time.monotonic() < deadline, "nothing comes any more"
        await asyncio.sleep(0.05)
