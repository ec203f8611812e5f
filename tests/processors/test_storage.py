"""State rows: damage, other versions and other settings are refused in words."""

import pytest

from equipoise.processors.engine import Engine
from equipoise.processors.settings import EngineSettings, TimeSettings
from equipoise.processors.storage import StateError
from equipoise.schemas.enums import Action

from .rows import SECOND, add, events, table, trade


def rows() -> dict[str, bytes]:
    engine = Engine(table())
    intents = [{"action": Action.INTENT, "order_id": k, "side": 1 + k % 2, "quantity": 5} for k in range(4)]
    engine.step(events(add(1, 1, 99, 5), add(2, 1, 99, 6), add(3, 2, 101, 5), trade(1, 101, 1), *intents))
    return engine.dump()


def load(stored: dict[str, bytes], **settings: TimeSettings) -> Engine:
    engine = Engine(table(), EngineSettings(**settings))  # type: ignore[arg-type]
    engine.load(stored)
    return engine


def test_a_dump_of_a_loaded_engine_is_the_same() -> None:
    assert load(rows()).dump() == rows()


@pytest.mark.parametrize("name", ["", "T:S0"])
def test_every_damaged_byte_is_refused(name: str) -> None:
    stored = rows()
    whole = stored[name]
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        broken = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        with pytest.raises(StateError):
            load(stored | {name: broken})
    for length in (0, 10, len(whole) - 1):
        with pytest.raises(StateError):
            load(stored | {name: whole[:length]})


def test_other_settings_are_refused() -> None:
    with pytest.raises(StateError, match="other windows, half-lives or buckets"):
        load(rows(), time=TimeSettings(window_ns=2 * SECOND))


def test_fewer_topics_are_refused_and_more_are_not() -> None:
    wider = Engine(table(), sources=2)
    wider.load(rows())
    with pytest.raises(StateError, match="2 sources, now 1"):
        Engine(table(), sources=1).load(wider.dump())


def test_another_version_is_refused() -> None:
    stored = rows()
    newer = stored["T:S0"][:4] + b"\x63\x00" + stored["T:S0"][6:]
    with pytest.raises(StateError, match="version 99, this program reads 1"):
        load(stored | {"T:S0": newer})
