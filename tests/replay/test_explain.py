"""One signal of a backtest, recomputed: the same bytes, the records before it, and what is said when not."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from equipoise.processors.settings import EngineSettings, MeasureSettings
from equipoise.schemas.enums import Kind
from equipoise.streams.cli import main
from equipoise.streams.replay.backtest import Plan, backtest
from equipoise.streams.replay.explain import (
    ExplainError,
    Explanation,
    Range,
    differences,
    from_recording,
    in_folder,
)
from equipoise.streams.replay.explain_text import lines
from equipoise.streams.replay.trail import SignalId, SignalIdError
from tests.replay.made import SimulatedSource, simulated
from tests.replay.recorded import RECORDED


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimulatedSource, Path]:
    folder = tmp_path_factory.mktemp("explain")
    market = simulated(6.0)
    backtest(market, EngineSettings(), Plan(folder))
    return market, folder


def ids(folder: Path, kind: str) -> list[str]:
    table = pq.read_table(folder / "spread-signals.parquet", columns=["id", "kind"])
    return [row["id"] for row in table.to_pylist() if row["kind"] == kind]


def text(explanation: Explanation) -> str:
    return "\n".join(line for line in lines(explanation, False) if isinstance(line, str))


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_live_signal_comes_again(ran: tuple[SimulatedSource, Path], place: int) -> None:
    market, folder = ran
    wanted = ids(folder, "LIVE")[place]
    found = from_recording(market, EngineSettings(), wanted, in_folder(folder, wanted), keep=5)
    assert found.same
    shown = found.recomputed
    assert shown.count == SignalId.parse(wanted).ordinal  # every simulated row is used, and the ordinal counts those
    assert 1 <= len(shown.rows) <= 5
    assert shown.trigger == (0, found.published[0].offset)
    assert shown.rows[-1].offset == found.published[0].offset
    assert "the same bytes" in text(found)


def test_a_window_comes_again_with_its_rows(ran: tuple[SimulatedSource, Path]) -> None:
    market, folder = ran
    wanted = ids(folder, "FINAL")[4]
    found = from_recording(market, EngineSettings(), wanted, in_folder(folder, wanted), keep=10_000)
    assert found.same
    assert {one.schema for one in found.published} == {"SpreadSignal", "FeeSignal", "ImbalanceWindow"}
    window = next(one.record for one in found.published if one.schema == "ImbalanceWindow")
    assert found.recomputed.count == len(found.recomputed.rows) == window["events"]
    assert all(window["start_ns"] <= row.event_ns < window["end_ns"] for row in found.recomputed.rows)


def test_other_settings_give_other_bytes_and_say_which_fields(ran: tuple[SimulatedSource, Path]) -> None:
    market, folder = ran
    wanted = ids(folder, "FINAL")[4]
    published = in_folder(folder, wanted)
    other = EngineSettings(measures=MeasureSettings(bucket_ticks=3))
    found = from_recording(market, other, wanted, published, keep=0)
    assert not found.same
    window = next(one for one in published if one.schema == "ImbalanceWindow")
    again = found.recomputed.bodies[window.schema, window.revision]
    named = set(differences(window, again))
    assert {"bucket_width", "buckets"} <= named
    assert not named & {"id", "ofi", "cvd", "buy_volume", "mid_close"}  # the width of buckets changes none of them
    printed = text(found)
    assert "DIFFERENT BYTES" in printed
    assert "bucket_width: published 10, recomputed 3" in printed


def test_what_is_gone_is_said(ran: tuple[SimulatedSource, Path]) -> None:
    market, folder = ran
    wanted = ids(folder, "LIVE")[3]
    whole = from_recording(market, EngineSettings(), wanted, in_folder(folder, wanted), keep=1)
    lost = Explanation(whole.wanted, whole.published, whole.recomputed, [Range("orders", 2, 100, 160, 900)], ["orders"])
    assert lost.ranges[0].gone == 60
    assert "orders[2] NO LONGER HOLDS THE WHOLE RANGE" in text(lost)
    assert "60 are gone" in text(lost)


@pytest.mark.parametrize("wrong", ["", "V:S/live/x", "VS/live/1", "V:S/1", "V:S/later/1"])
def test_what_is_no_id_is_refused(wrong: str) -> None:
    with pytest.raises(SignalIdError, match="is neither VENUE:SYMBOL/live/ORDINAL"):
        SignalId.parse(wrong)


def test_ids_are_parsed_from_the_right() -> None:
    assert SignalId.parse("V:A/B/live/12") == SignalId("V:A/B", Kind.LIVE, 12)
    with pytest.raises(SignalIdError, match="a heartbeat says that nothing happened"):
        SignalId.parse("V:S/heartbeat/12")


def test_an_unknown_id_and_a_wrong_folder_are_named(ran: tuple[SimulatedSource, Path], tmp_path: Path) -> None:
    _, folder = ran
    with pytest.raises(ExplainError, match="no signal V:S/live/1"):
        in_folder(folder, "V:S/live/1")
    with pytest.raises(ExplainError, match=r"is .* the --out of a backtest"):
        in_folder(tmp_path, "V:S/live/1")


@pytest.mark.recorded
def test_the_command_explains_a_recording(shared_data: Path, tmp_path: Path) -> None:
    source = RECORDED["aapl"].source(shared_data)
    asked = [source.preset, *map(str, source.files)]
    runner = CliRunner()
    done = runner.invoke(main, ["backtest", *asked, "--instrument", source.instrument, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    wanted = ids(tmp_path, "LIVE")[100]
    words = ["explain", wanted, "--folder", str(tmp_path), "--replay", *asked]
    done = runner.invoke(main, words)
    assert done.exit_code == 0, done.output
    for said in (wanted, "contribution", "effective weight", "read again from offset 0", "the same bytes"):
        assert said in done.output
    done = runner.invoke(main, [*words, "--json"])
    parts = [json.loads(line) for line in done.output.splitlines()]
    assert all(part["same"] and part["published_bytes"] == part["recomputed_bytes"] for part in parts)
    done = runner.invoke(main, [*words, "--set", "policy.spread.skew_bps=0.5"])
    assert done.exit_code == 1
    assert "DIFFERENT BYTES" in done.output
    done = runner.invoke(main, ["explain", wanted, "--folder", str(tmp_path)])
    assert done.exit_code == 2
    assert "together" in done.output
