"""The benchmark finds wrong sums, and says what became of a process."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks import datasets, latency, process, restart, results, sums
from benchmarks.datasets import DataSet
from equipoise.processors.engine import Engine
from equipoise.schemas.enums import Action, Outcome, Side
from equipoise.streams.simulator.load import load_events, load_instruments
from equipoise.streams.telemetry import upper_ns

DATA = DataSet(250_000)


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    def folder(name):
        (tmp_path / name).mkdir(exist_ok=True)
        return tmp_path / name

    monkeypatch.setattr(datasets, "folder", folder)


def messages(table):
    """The records of 24 bytes that a contestant would send."""
    keys, values = [], []
    for window, instrument in np.ndindex(*table.shape[:2]):
        start = DATA.load.start_ns + window * 1_000_000_000
        keys.append(f"LOAD:I{instrument:05d}".encode())
        values.append(b"".join(int(n).to_bytes(8, "big", signed=True) for n in (start, *table[window, instrument])))
    return keys, values


def test_expected_sums_are_those_of_polars():
    frame = pl.concat(
        pl.DataFrame(rows._asdict()).select("instrument", "action", "side", "quantity", "event_ns")
        for rows in load_events(DATA.load, DATA.records)
    )
    taken = pl.when(pl.col("side") == Side.BID).then(-pl.col("quantity")).otherwise(pl.col("quantity"))
    summed = (
        frame.with_columns(
            window=(pl.col("event_ns") - DATA.load.start_ns) // 1_000_000_000,
            signed=pl.when(pl.col("action") == Action.EXECUTE).then(taken).otherwise(0),
        )
        .group_by("window", "instrument")
        .agg(pl.col("signed").sum(), pl.len().alias("count"))
    )
    found = datasets.expected(DATA)
    assert found.shape == (3, 8, 2)
    assert summed.height == 24
    for window, instrument, signed, count in summed.iter_rows():
        assert found[window, instrument].tolist() == [signed, count]


def test_right_sums_pass_and_wrong_ones_are_named():
    table = datasets.expected(DATA)
    keys, values = messages(table)
    assert sums.check(DATA, sums.closed_windows(DATA, keys, values)) == 16
    assert sums.check(DATA, sums.closed_windows(DATA, keys[:-8], values[:-8])) == 16  # nothing closes the last window
    with pytest.raises(sums.WrongSumsError, match="1 of 16"):
        sums.check(DATA, sums.closed_windows(DATA, keys[1:], values[1:]))
    wrong = table.copy()
    wrong[1, 3, 0] += 1
    with pytest.raises(sums.WrongSumsError, match="window 1 of instrument 3"):
        sums.check(DATA, sums.closed_windows(DATA, *messages(wrong)))
    with pytest.raises(sums.WrongSumsError, match="twice"):
        sums.closed_windows(DATA, [*keys, keys[0]], [*values, values[0]])


def test_data_that_closes_no_window_checks_nothing():
    with pytest.raises(sums.WrongSumsError, match="nothing was checked"):
        sums.check(DataSet(50_000), datasets.expected(DataSet(50_000)))


def test_a_run_gives_its_marks():
    said = "import time\nfor i in range(4): print('mark', i * 10, i * 1_000_000_000, i * 500_000_000)"
    ran = process.run([sys.executable, "-c", said], 30)
    assert ran.between(10, 30) == (10.0, 50_000.0)


def test_what_fails_says_why():
    with pytest.raises(process.FailedError, match=r"exit 3.*nothing there"):
        process.run([sys.executable, "-c", "import sys; print('nothing there', file=sys.stderr); sys.exit(3)"], 30)
    with pytest.raises(process.FailedError, match="killed after"):
        process.run([sys.executable, "-c", "import time; time.sleep(60)"], 0.5)


def test_figures_have_median_and_spread(tmp_path: Path):
    recorder = results.Recorder(tmp_path / "samples")
    for turn, value in enumerate((3.0, 1.0, 2.0)):
        recorder.add(f"a/{turn}", [results.Sample("a", "records/s", value)])
    recorder.add("b/0", [results.Sample("b", "records/s", None, "no java")])
    results.write(recorder.figures(), tmp_path / "results.json")
    found = results.read(tmp_path / "results.json")
    assert (found["a"]["median"], found["a"]["min"], found["a"]["max"]) == (2.0, 1.0, 3.0)
    assert found["b"]["median"] is None
    assert found["b"]["error"] == "no java"
    again = results.Recorder(tmp_path / "samples", resume=True)
    assert again.has("a/1")
    assert not again.has("b/0")
    assert again.figures() == recorder.figures()


def test_decision_latencies_of_a_stretch_leave_out_what_came_before_it():
    told = [["100", "10:5"], ["200", "10:5", "300:1"], ["300", "10:105", "300:2", "400:1"], ["400", "10:999"]]
    found = {name: value for name, _, value in latency.decisions(told, 200, 399)}
    assert found["decision-latency-p50"] == upper_ns(10) / 1e3
    assert found["decision-latency-p99"] == upper_ns(300) / 1e3
    assert found["decision-latency-p999"] == upper_ns(400) / 1e3


def test_the_book_of_many_orders_is_accepted_whole():
    """Every row adds an order, to one book, without a gap; so a restart has them all to read back."""
    parts = list(restart.million_orders(orders=70_000))
    assert sum(len(events.offset) for events in parts) == 70_001
    engine = Engine(load_instruments(1), None, 1)
    outcomes = np.concatenate([engine.step(events).outcome for events in parts])
    assert np.unique(outcomes).tolist() == [Outcome.USED]
