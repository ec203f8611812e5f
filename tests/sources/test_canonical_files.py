"""Canonical records in files: what the simulator writes is read back, row for row."""

import json

import numpy as np
import pytest

from equipoise.processors.instruments import Instruments
from equipoise.schemas.enums import Cause
from equipoise.streams.listing import read_instruments
from equipoise.streams.simulator import Simulator, SimulatorSettings
from equipoise.streams.simulator.files import SimulationFiles
from equipoise.streams.sources.files import RecordingError
from equipoise.streams.sources.recording import open_recording

SETTINGS = SimulatorSettings(seed=3)
SECONDS = 1.0


def listed(folder):
    table = Instruments()
    for one in read_instruments(folder / "instruments.toml"):
        table.add(one)
    return table


def rows_of(recording):
    chunks = list(recording.chunks(997))
    columns = zip(*(chunk.decoded.events for chunk in chunks), strict=True)
    return [np.concatenate(column) for column in columns], [r for chunk in chunks for r in chunk.decoded.refusals]


@pytest.mark.parametrize("kind", ["avro", "jsonl"])
def test_the_simulators_files_are_read_back(tmp_path, kind):
    SimulationFiles(Simulator(SETTINGS), tmp_path, kind).write(SECONDS)
    recording = open_recording("canonical", [tmp_path / f"orders.{kind}"], "SIM:BTC-USD", listed(tmp_path))
    found, refusals = rows_of(recording)
    simulated = zip(*(chunk.events for chunk in Simulator(SETTINGS).chunks(SECONDS)), strict=True)
    assert refusals == []
    for name, mine, theirs in zip(recording_columns(), found, simulated, strict=True):
        np.testing.assert_array_equal(mine, np.concatenate(theirs), err_msg=name)


def recording_columns():
    from equipoise.processors.columns import Events

    return Events._fields


def test_what_is_not_listed_is_flagged(tmp_path):
    SimulationFiles(Simulator(SETTINGS), tmp_path, "avro").write(SECONDS)
    table = Instruments()
    table.add(read_instruments(tmp_path / "instruments.toml")[0])
    _, refusals = rows_of(open_recording("canonical", [tmp_path / "orders.avro"], "SIM:BTC-USD", table))
    assert {refusal.cause for refusal in refusals} == {Cause.UNKNOWN_INSTRUMENT}


def test_an_instrument_must_be_listed(tmp_path):
    SimulationFiles(Simulator(SETTINGS), tmp_path, "avro").write(0.1)
    with pytest.raises(RecordingError, match="list the instrument"):
        open_recording("canonical", [tmp_path / "orders.avro"], "SIM:BTC-USD", Instruments())


def test_damage_is_named(tmp_path):
    SimulationFiles(Simulator(SETTINGS), tmp_path, "avro").write(SECONDS)
    file = tmp_path / "orders.avro"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RecordingError, match="not an Avro container of OrderEvent"):
        rows_of(open_recording("canonical", [file], "SIM:BTC-USD", listed(tmp_path)))


def test_a_bad_line_is_refused_by_itself(tmp_path):
    SimulationFiles(Simulator(SETTINGS), tmp_path, "jsonl").write(0.1)
    file = tmp_path / "orders.jsonl"
    lines = file.read_text().splitlines()
    lines[3] = json.dumps(json.loads(lines[3]) | {"action": "NONSENSE"})
    file.write_text("\n".join(lines))
    _, refusals = rows_of(open_recording("canonical", [file], "SIM:BTC-USD", listed(tmp_path)))
    assert [(refusal.record, refusal.cause) for refusal in refusals] == [(3, Cause.UNKNOWN_WORD)]
