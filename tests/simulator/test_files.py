import json
import tomllib
from decimal import Decimal

import fastavro
import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from equipoise.schemas import codec
from equipoise.schemas.local import local_id
from equipoise.schemas.wire import prefix
from equipoise.streams.cli import main
from equipoise.streams.listing import read_instruments
from equipoise.streams.records import RawRecord
from equipoise.streams.simulator import Simulator, SimulatorSettings, default_markets, make_markets
from equipoise.streams.simulator.files import SimulationFiles
from equipoise.streams.sources.canonical import CanonicalDecoder

from .runs import simulate


def write(folder, file_format="avro", seconds=15.0, **settings):
    files = SimulationFiles(Simulator(SimulatorSettings(seed=7, rate=400, **settings)), folder, file_format)
    return files.write(seconds)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulation")
    return folder, write(folder)


def test_the_canonical_decoder_reads_the_rows_back(written):
    folder, summary = written
    with (folder / "orders.avro").open("rb") as file:
        records = list(fastavro.reader(file))
    head = prefix(local_id(codec.schema("OrderEvent")))
    simulator = Simulator(SimulatorSettings())
    raw = [
        RawRecord("orders", 0, offset, None, head + codec.encode("OrderEvent", record))
        for offset, record in enumerate(records)
    ]
    decoded = CanonicalDecoder(simulator.instruments).decode(raw)
    assert decoded.refusals == []
    expected = simulate(15, default_markets(), seed=7, rate=400)
    for name, column in decoded.events._asdict().items():
        assert np.array_equal(column, getattr(expected.events, name)), name
    assert summary["orders"] == len(records)


def test_pending_records_and_truth_agree_with_the_simulation(written):
    folder, summary = written
    expected = simulate(15, default_markets(), seed=7, rate=400)
    lines = (folder / "pending.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == expected.pending
    takers = pq.read_table(folder / "takers.parquet").to_pylist()
    assert [t["sequence"] for t in takers] == expected.takers["sequence"].tolist()
    assert [t["value_ticks"] * 256 for t in takers] == expected.takers["value"].tolist()
    assert {t["side"] for t in takers} == {"BID", "ASK"}
    assert sum(t["informed"] for t in takers) == summary["informed"] > 0
    bursts = pq.read_table(folder / "bursts.parquet").to_pylist()
    assert {b["instrument"] for b in bursts} == {m.instrument.key for m in default_markets()}
    ended = pq.read_table(folder / "transactions.parquet").to_pylist()
    assert [e["hash"] for e in ended] == expected.outcomes["hash"].tolist()
    assert {e["state"] for e in ended} <= {"INCLUDED", "DROPPED", "REPLACED"}


def test_the_instruments_are_described(written):
    tables = tomllib.loads((written[0] / "instruments.toml").read_text())["instruments"]
    assert [f"{t['venue']}:{t['symbol']}" for t in tables] == [m.instrument.key for m in default_markets()]
    assert Decimal(tables[1]["tick"]) == Decimal("0.25")
    assert tables[3]["book_source"] == "L2"
    assert read_instruments(written[0] / "instruments.toml") == [m.instrument for m in default_markets()]


def test_the_same_settings_write_the_same_bytes(written, tmp_path):
    write(tmp_path)
    for file in written[0].iterdir():
        assert file.read_bytes() == (tmp_path / file.name).read_bytes(), file.name


def test_json_lines_say_the_same(written, tmp_path):
    write(tmp_path, "jsonl")
    with (written[0] / "orders.avro").open("rb") as file:
        records = list(fastavro.reader(file))
    lines = (tmp_path / "orders.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == records


def test_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="format is 'csv'"):
        write(tmp_path, "csv")


def test_the_command_writes_and_counts(tmp_path):
    out = tmp_path / "market"
    words = ["simulate", "--out", str(out), "--seconds", "2", "--instruments", "5", "--rate", "500", "--seed", "3"]
    run = CliRunner().invoke(main, words)
    assert run.exit_code == 0, run.output
    summary = json.loads((out / "simulation.json").read_text())
    assert summary["seed"] == 3
    assert len(summary["markets"]) == 5
    assert summary["orders"] > 500
    assert f"{summary['orders']:,}" in run.output


@pytest.mark.parametrize("words", [["--seconds", "0"], ["--rate", "0"], ["--instruments", "0"], ["--format", "csv"]])
def test_the_command_names_a_bad_option(tmp_path, words):
    run = CliRunner().invoke(main, ["simulate", "--out", str(tmp_path), *words])
    assert run.exit_code == 2
    assert words[0] in run.output


def test_more_markets_than_the_default_ones_are_books():
    markets = make_markets(7)
    assert markets[:4] == default_markets()
    assert [m.instrument.symbol for m in markets[4:]] == ["X005-USD", "X006-USD", "X007-USD"]
    assert not any(m.pool for m in markets[4:])
    assert make_markets(2) == default_markets()[:2]
