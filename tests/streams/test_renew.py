"""A partition that goes on at the brokers and not here makes the worker begin again; waiting for them does not."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from equipoise.streams import renew
from equipoise.streams.renew import StalledError, Waits

PLACE = ("orders", 0)


def test_told_once_it_has_waited_for_longer_than_the_limit_and_again_after_as_long() -> None:
    waits = Waits(3)
    told = [bool(waits.look({PLACE: 7}, 1)) for _ in range(10)]
    assert told == [False, False, False, False, True, False, False, False, True, False]


def test_whatever_comes_begins_the_wait_anew() -> None:
    waits = Waits(3)
    assert not any(waits.look({PLACE: position // 3}, 1) for position in range(30))


def test_what_is_held_or_has_ended_does_not_wait() -> None:
    waits = Waits(3)
    assert not any(waits.look({} if number % 3 == 0 else {PLACE: 7}, 1) for number in range(30))


@pytest.mark.parametrize(("end", "stalled"), [(9, True), (8, False), (7, False), (None, False)])
def test_begins_again_only_where_the_brokers_say_that_there_is_more(
    monkeypatch: pytest.MonkeyPatch, end: int | None, stalled: bool
) -> None:
    settings = SimpleNamespace(delivery=SimpleNamespace(stall_s=0.01))
    runtime: Any = SimpleNamespace(tools=SimpleNamespace(settings=settings), awaited=lambda: {PLACE: 7})
    monkeypatch.setattr(renew, "LOOK_S", 0.02)
    monkeypatch.setattr(renew, "_ends", lambda _, places: {} if end is None else dict.fromkeys(places, end))

    async def watched() -> None:
        await asyncio.wait_for(renew.renew(runtime), 0.5)

    with pytest.raises(StalledError if stalled else TimeoutError):
        asyncio.run(watched())
