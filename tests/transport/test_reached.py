"""Brokers that are not there when an app starts are waited for."""

import asyncio
import time

import pytest

from equipoise.streams.app import make_app
from equipoise.streams.broker import EmbeddedBroker
from equipoise.streams.settings import load
from tests.containers import free_port

LIMIT_S = 60


@pytest.mark.broker
def test_an_app_waits_for_its_brokers() -> None:
    asyncio.run(_late(free_port()))


async def _late(port: int) -> None:
    app = make_app(load(flags={"kafka.bootstrap": f"127.0.0.1:{port}"}))
    starting = asyncio.create_task(app.start())
    await asyncio.sleep(1)
    assert not starting.done()
    assert not app.crashed
    broker = await asyncio.to_thread(EmbeddedBroker(port=port).start)
    try:
        deadline = time.monotonic() + LIMIT_S
        while getattr(app.consumer._thread._consumer, "_fetcher", None) is None:
            assert not app.crashed
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        await app.stop()
        starting.cancel()
    finally:
        await asyncio.to_thread(broker.close)
