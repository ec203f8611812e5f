"""Heartbeats: a second after the last signal, again every second, STALE past the limit; written as fastavro would."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.processors.columns import COMPONENT_DTYPE, MEASURE_DTYPE, SIGNAL_DTYPE, WINDOW_DTYPE, Names, Outputs
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec, enums
from equipoise.streams.heartbeat import MS, TOGETHER, Beat, Heartbeats
from equipoise.streams.settings import Delivery
from tests.oracles.heartbeat import heartbeat
from tests.schemas.test_rows import COMPONENTS, INSTRUMENTS, NAMES, avoid_nan, drawn, written

T = 10**18
EVERY = Delivery(heartbeat_ms=1_000, stale_after_ms=2_500)
BOTH, SPREAD, FEE = 3, 1, 2


def _listed(count: int) -> Instruments:
    table = Instruments()
    for number in range(count):
        table.add(Instrument("V", f"S{number}", Decimal("0.5"), Decimal(1)))
    return table


def _outputs(rows: np.ndarray[Any, Any], names: tuple[str, ...] = enums.COMPONENT_NAMES) -> Outputs:
    empty = np.zeros(0, np.uint8)
    components = np.zeros((len(rows), len(names)), COMPONENT_DTYPE)
    windows, measures = np.zeros(0, WINDOW_DTYPE), np.zeros((0, 0), MEASURE_DTYPE)
    return Outputs(rows, components, windows, measures, empty, empty, Names(names))


def _signals(*instruments: int, emits: int = BOTH, ordinal: int = 7) -> Outputs:
    rows = np.zeros(len(instruments), SIGNAL_DTYPE)
    rows["instrument"], rows["emits"], rows["ordinal"], rows["reference_mid_x2"] = instruments, emits, ordinal, 2_001
    return _outputs(rows)


def _due(beats: Heartbeats, ms: int) -> list[Beat]:
    return [beat for some in beats.due(T + ms * MS) for beat in some]


def _read(beats: Heartbeats, ms: int) -> list[dict[str, object]]:
    return [codec.decode(schema, body) for schema, _, body in _due(beats, ms)]


def test_silence_is_told_until_a_signal_comes() -> None:
    beats = Heartbeats(EVERY, _listed(1))
    beats.published(_signals(0, emits=SPREAD), T)
    assert _read(beats, 999) == []
    (first,) = _read(beats, 1_000)
    assert (first["kind"], first["last_id"], first["silence_ns"]) == ("HEARTBEAT", "V:S0/live/7", 1_000 * MS)
    assert (first["bid_half_spread"], first["reference_mid"], first["last_good_mid"]) == (None, None, 1_000.5)
    assert _read(beats, 1_999) == []
    assert _read(beats, 2_000)[0]["status"] == "OK"
    (stale,) = _read(beats, 3_000)
    assert (stale["status"], stale["reasons"], stale["silence_ns"]) == ("STALE", ["STALE_INPUT"], 3_000 * MS)
    beats.published(_signals(0, emits=SPREAD, ordinal=8), T + 3_100 * MS)
    assert _read(beats, 4_099) == []
    (after,) = _read(beats, 4_100)
    assert (after["status"], after["last_id"]) == ("OK", "V:S0/live/8")


def test_before_the_first_signal_there_is_none_and_no_text_is_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    laid_out = []
    monkeypatch.setattr("equipoise.processors.avro.texts._laid_out", lambda *given: laid_out.append(given))
    assert _due(Heartbeats(EVERY, _listed(2)), 5_000) == []
    assert laid_out == []


def test_each_kind_is_silent_by_itself() -> None:
    beats = Heartbeats(EVERY, _listed(2))
    beats.published(_signals(1), T)
    beats.published(_signals(1, emits=FEE), T + 500 * MS)
    beats.published(_signals(0, emits=0), T)  # published as nothing
    assert [(schema, key) for schema, key, _ in _due(beats, 1_000)] == [("SpreadSignal", "V:S1")]
    assert [(schema, key) for schema, key, _ in _due(beats, 1_500)] == [("FeeSignal", "V:S1")]


def test_thousands_come_some_at_a_time_also_of_instruments_listed_later() -> None:
    table = _listed(3)
    beats = Heartbeats(EVERY, table)
    beats.published(_signals(2, 0), T)
    for number in range(3, 1_000):
        table.add(Instrument("V", f"S{number}", Decimal("0.5"), Decimal(1)))
    beats.published(_signals(*range(999, 100, -1)), T)
    parts = list(beats.due(T + 1_000 * MS))
    assert {len(some) for some in parts[:-1]} == {TOGETHER}
    found = [(schema, key) for some in parts for schema, key, _ in some]
    wanted = [2, 0, *range(999, 100, -1)]
    assert found == [(schema, f"V:S{i}") for i in wanted for schema in ("SpreadSignal", "FeeSignal")]
    assert [codec.decode(*beat[::2])["last_id"] for beat in parts[-1]][-1] == "V:S101/live/7"


def test_a_clock_that_is_set_back_does_not_silence_them() -> None:
    beats = Heartbeats(EVERY, _listed(1))
    beats.published(_signals(0, emits=SPREAD), T)
    hour = 3_600_000
    assert [told["silence_ns"] for told in _read(beats, -hour)] == [0]
    assert _read(beats, 999 - hour) == []
    assert [told["silence_ns"] for told in _read(beats, 1_000 - hour)] == [1_000 * MS]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # rows of many columns, on a busy machine
@given(drawn(SIGNAL_DTYPE), COMPONENTS, INSTRUMENTS, st.integers(1_000, 5_000))
def test_they_are_written_as_fastavro_would(row: Any, components: Any, instrument: Instrument, ms: int) -> None:
    bodies = written(row, avoid_nan(components), instrument, NAMES)
    table = Instruments()
    row["instrument"] = table.add(instrument)
    beats = Heartbeats(EVERY, table)
    beats.published(_outputs(np.array([row]), NAMES), T)
    now_ns, silence_ns, stale_ns = T + ms * MS, ms * MS, EVERY.stale_after_ms * MS
    for (schema, key, body), last in zip(_due(beats, ms), bodies, strict=True):
        told = heartbeat(schema, codec.decode(schema, last), now_ns, silence_ns, stale_ns)
        assert (key, codec.decode(schema, body)) == (instrument.key, told)
        assert body == codec.encode(schema, told)


@pytest.mark.parametrize("known", [True, False])
def test_the_last_good_mid_is_the_last_signals_own_where_it_has_one(known: bool) -> None:
    rows = _signals(0).signals
    rows["reference_mid_x2"] = 2_001 if known else np.iinfo(np.int64).min
    rows["last_good_mid_x2"], rows["last_good_mid_ns"], rows["reference_mid_ns"] = 1_001, 5, 6
    beats = Heartbeats(EVERY, _listed(1))
    beats.published(_outputs(rows), T)
    told = _read(beats, 1_000)[0]
    assert (told["last_good_mid"], told["last_good_mid_ns"]) == ((1_000.5, 6) if known else (500.5, 5))
