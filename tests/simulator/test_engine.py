"""The engine believes what the simulator sends, and both count the same."""

import numpy as np
import pytest

from equipoise.processors.engine import Engine
from equipoise.schemas.enums import Outcome, Reason, Side, Status
from equipoise.streams.simulator import Simulator, SimulatorSettings

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def fed():
    simulator = Simulator(SimulatorSettings(seed=4, rate=1_000, chunk_ms=1_000))
    engine = Engine(simulator.instruments, None, 1)
    chunks = list(simulator.chunks(30))
    outputs = [engine.step(chunk.events) for chunk in chunks]
    return simulator, chunks, outputs


def test_every_row_is_used_and_no_book_is_doubted(fed):
    _, _, outputs = fed
    assert all(np.all(o.outcome == Outcome.USED) for o in outputs)
    signals = np.concatenate([o.signals for o in outputs])
    doubts = sum(
        1 << reason for reason in Reason if reason not in (Reason.WARMING, Reason.NO_TRADES, Reason.NO_PENDING)
    )
    assert len(signals) > 500
    assert not np.any(signals["reasons"] & doubts)
    assert set(np.unique(signals["status"])) <= {Status.OK, Status.WARMING}


def test_the_engines_windows_hold_the_volume_of_the_labels(fed):
    simulator, chunks, outputs = fed
    takers = np.concatenate([c.labels.takers for c in chunks])
    windows = np.concatenate([o.windows for o in outputs])
    last = {(w["instrument"], w["start_ns"]): w for w in windows}  # the last revision
    compared = 0
    for (instrument, start), window in last.items():
        mine = (takers["instrument"] == instrument) & (takers["event_ns"] // SECOND * SECOND == start)
        for side, name in ((Side.BID, "buy_volume"), (Side.ASK, "sell_volume")):
            assert window[name] == takers["quantity"][mine & (takers["side"] == side)].sum()
            compared += 1
    assert compared > 2 * len(simulator.instruments) * 20
