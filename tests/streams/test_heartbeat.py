"""Heartbeats: a second after the last signal, again every second, STALE past the limit."""

from pathlib import Path

import pytest

from equipoise.schemas import codec
from equipoise.streams.heartbeat import MS, Heartbeats
from equipoise.streams.settings import Delivery
from tests.streams import live

T = 10**18


@pytest.fixture(scope="module")
def spread() -> bytes:
    records = live.raw_records("x", live.market(400))
    flags = live.settings_for("nowhere:1", "x")
    return next(payload.body for payload in live.offline(records, flags)[0] if payload.schema == "SpreadSignal")


def _due(beats: Heartbeats, ms: int) -> list[dict[str, object]]:
    return [codec.decode(schema, body) for schema, _, body in beats.due(T + ms * MS)]


def test_silence_is_told_until_a_signal_comes(spread: bytes, tmp_path: Path) -> None:
    beats = Heartbeats(Delivery(heartbeat_ms=1_000, stale_after_ms=2_500))
    beats.published("ImbalanceWindow", "V:S0", b"", T)
    beats.published("SpreadSignal", "V:S0", spread, T)
    assert _due(beats, 999) == []
    (first,) = _due(beats, 1_000)
    last = codec.decode("SpreadSignal", spread)
    assert (first["kind"], first["last_id"], first["silence_ns"]) == ("HEARTBEAT", last["id"], 1_000 * MS)
    assert first["bid_half_spread"] is None
    assert _due(beats, 1_999) == []
    assert _due(beats, 2_000)[0]["status"] == last["status"]
    (stale,) = _due(beats, 3_000)
    assert (stale["status"], stale["silence_ns"]) == ("STALE", 3_000 * MS)
    beats.published("SpreadSignal", "V:S0", spread, T + 3_100 * MS)
    assert _due(beats, 4_099) == []
    assert len(_due(beats, 4_100)) == 1
