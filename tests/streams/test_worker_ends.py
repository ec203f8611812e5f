"""A worker whose app does not stop: it ends, and begins nothing beside what may still hold partitions."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from equipoise.streams import worker
from equipoise.streams.agents import trouble
from equipoise.streams.app import make_app
from equipoise.streams.delivery import FencedError
from equipoise.streams.settings import load

GRACE_S, EXIT_S = 0.2, 0.2


class App:
    """As much of Faust's as is used; `stop` is as deaf to being cancelled as theirs."""

    crashed, crash_reason = False, None

    def __init__(self, stop_s: float) -> None:
        self._stop_s = stop_s

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        await asyncio.sleep(self._stop_s)


async def _ready() -> None:
    pass


def _once(monkeypatch: pytest.MonkeyPatch, stop_s: float, failed: Exception | None, why: str = "") -> list[str]:
    ended: list[str] = []
    settings: Any = SimpleNamespace(
        delivery=SimpleNamespace(grace_s=GRACE_S), topics=SimpleNamespace(refresh_s=60, orders=[])
    )

    async def once() -> None:
        future = asyncio.get_running_loop().create_future()
        if failed is not None:
            future.set_exception(failed)
        stream = SimpleNamespace(runtime=SimpleNamespace(failed=future), topics=set(), start=_ready)
        monkeypatch.setattr(worker, "_install", lambda *_: (App(stop_s), stream))
        monkeypatch.setattr(worker, "trouble", lambda _: why)
        monkeypatch.setattr(worker, "EXIT_S", EXIT_S)
        monkeypatch.setattr(worker, "_end_at_once", lambda why, _: ended.append(why))
        try:
            await worker._run_once(settings, asyncio.Event(), worker._Shown(), None)
        finally:
            await asyncio.sleep(2 * (GRACE_S + EXIT_S))

    with pytest.raises(Exception) as raised:
        asyncio.run(once())
    return [type(raised.value).__name__, str(raised.value), *ended]


def test_what_is_drained_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _once(monkeypatch, 0.0, FencedError("fenced")) == ["FencedError", "fenced"]


def test_what_is_not_drained_in_time_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    name, told, *ended = _once(monkeypatch, 30.0, FencedError("fenced"))
    assert name == "StuckError"
    assert "not drained" in told
    assert ended == ["not drained"]


def test_any_other_failure_stays_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _once(monkeypatch, 30.0, ValueError("damaged"))[:2] == ["ValueError", "damaged"]


def test_a_consumer_that_stands_still_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    name, told, *ended = _once(monkeypatch, 0.0, None, "group: KafkaError()")
    assert (name, ended) == ("StuckError", [])
    assert "group: KafkaError()" in told


class Task:
    """A task that has ended, or not."""

    def __init__(self, why: BaseException | None = None, ended: bool = False) -> None:
        self._why, self._ended = why, ended

    def done(self) -> bool:
        return self._ended or self._why is not None

    def cancelled(self) -> bool:
        return False

    def exception(self) -> BaseException | None:
        return self._why


@pytest.mark.parametrize(
    ("pending", "group", "fetch", "told"),
    [
        (None, Task(), Task(), ""),
        (ValueError("refused"), Task(), Task(), "group: ValueError('refused')"),
        (None, Task(ValueError("gone")), Task(), "group: ValueError('gone')"),
        (None, Task(), Task(ended=True), "fetch: None"),
    ],
)
def test_trouble_is_what_aiokafka_waits_to_tell(pending: Any, group: Task, fetch: Task, told: str) -> None:
    coordinator = SimpleNamespace(_pending_exception=pending, _coordination_task=group)
    kafka = SimpleNamespace(_coordinator=coordinator, _fetcher=SimpleNamespace(_fetch_task=fetch))
    for consumer, wanted in ((kafka, told), (None, "")):
        app: Any = SimpleNamespace(consumer=SimpleNamespace(_thread=SimpleNamespace(_consumer=consumer)))
        assert trouble(app) == wanted


def test_nothing_is_written_where_a_worker_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def first() -> None:
        await make_app(load(flags={"kafka.group": "some-group"})).on_first_start()

    asyncio.run(first())
    assert not list(tmp_path.iterdir())
