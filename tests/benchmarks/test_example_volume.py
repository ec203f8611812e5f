"""The example app sums what the data says, however its batches are cut, and starts again at the open window."""

import struct

import numpy as np
import pytest

from benchmarks.datasets import DataSet, expected
from equipoise.processors.columns import Events
from equipoise.streams.example_volume import Sums
from equipoise.streams.simulator.load import load_events, load_instruments

DATA = DataSet(60_000, rows_per_second=20_000)


def cut(start, sizes):
    """The data's rows from `start` on, in pieces of these sizes, the last one to the end."""
    whole = Events(*(np.concatenate(parts) for parts in zip(*load_events(DATA.load, DATA.records), strict=True)))
    for size in [*sizes, DATA.records]:
        yield Events(*(column[start : start + size] for column in whole))
        start = min(start + size, DATA.records)


@pytest.mark.parametrize("sizes", [[], [1, 19_999, 1, 12_345], [5_000] * 11])
def test_windows_are_those_of_the_data(sizes, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.datasets.folder", lambda _: tmp_path)
    sums, wanted = Sums(load_instruments(8)), expected(DATA)
    closed = [record for events in cut(0, sizes) for record in sums.add(events)]
    assert len(closed) == 16
    for key, value in closed:
        start_ns, signed, count = struct.unpack(">qqq", value)
        window = (start_ns - DATA.load.start_ns) // 1_000_000_000
        assert wanted[window, int(key[-5:])].tolist() == [signed, count]


def test_after_a_crash_the_open_window_comes_whole():
    first, undisturbed = Sums(load_instruments(8)), Sums(load_instruments(8))
    everything = [record for events in cut(0, []) for record in undisturbed.add(events)]
    before = [record for events in [next(cut(0, [33_333]))] for record in first.add(events)]
    assert first.first_offset == 20_000
    again = Sums(load_instruments(8))
    after = [record for events in cut(first.first_offset, [777]) for record in again.add(events)]
    assert before + after == everything
