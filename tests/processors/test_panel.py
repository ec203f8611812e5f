"""The panel: what measures are shown, when they are asked, how they are kept, and what their values do."""

import os
from dataclasses import replace

import numpy as np
import pytest

from equipoise.processors.columns import Events, Outputs
from equipoise.processors.engine import Engine
from equipoise.processors.measures.measure import EMPTY, Measure, Order, Output, Parameter
from equipoise.processors.panel.settings import PanelSettings, active
from equipoise.processors.settings import EngineSettings
from equipoise.processors.storage import StateError
from equipoise.schemas.enums import BookSource, Reason

from .probes import EXACT, PROBE, number, tell
from .rows import MS, SECOND, T0, add, events, joined, part, table, trade, wild

ROWS = 300 if os.environ.get("NUMBA_DISABLE_JIT") else 1500
BOTH = EngineSettings(panel=PanelSettings((active(PROBE, {"lean": 0.5}), active(EXACT))))
T = T0 - T0 % SECOND


def cells(outputs: Outputs, row: int) -> dict[str, float]:
    return dict(zip(outputs.names.measures, outputs.measures[row]["value"].tolist(), strict=True))


def book_and_trades() -> Events:
    return events(
        add(1, 1, 99, 5, event_ns=T), add(2, 2, 101, 7, event_ns=T), add(3, 2, 103, 1, event_ns=T),
        trade(1, 101, 2, event_ns=T + MS), trade(2, 99, 3, event_ns=T + 2 * MS),
        trade(1, 101, 4, event_ns=T + SECOND + 100 * MS), trade(1, 111, 1, event_ns=T + 990 * MS),
        trade(1, 101, 9, event_ns=T + 2 * SECOND),
    )  # fmt: skip


def test_a_measure_is_shown_each_trade_and_group_and_asked_at_the_close() -> None:
    outputs = Engine(table(), BOTH).step(book_and_trades())
    assert outputs.names.measures == (
        "probe_trades", "probe_groups", "probe_sum", "probe_mixed", "probe_lean", "probe_close",
        "exact_delta", "exact_cells",
    )  # fmt: skip
    first, revised, second = (cells(outputs, row) for row in range(3))
    assert outputs.windows["revision"].tolist() == [0, 1, 0]
    assert (first["probe_trades"], first["probe_groups"], first["probe_close"]) == (2, 5, 1)
    assert first["exact_delta"] == 2 - 3
    assert first["exact_cells"] == 5
    assert revised == first | {"exact_delta": 0.0, "exact_cells": 6.0}  # sequenced values stay, exact ones follow
    assert (second["probe_trades"], second["probe_groups"], second["exact_delta"]) == (4, 7, 4)
    ring, best, ask = 101 + 99, 99, 103
    assert first["probe_mixed"] == ring + best + ask


def test_what_has_no_value_says_why() -> None:
    outputs = Engine(table(), BOTH).step(events(add(1, 1, 99, 5, event_ns=T), add(2, 1, 99, 5, event_ns=T + SECOND)))
    said = dict(zip(outputs.names.measures, outputs.measures[0].tolist(), strict=True))
    assert said["probe_sum"][1] == Reason.NO_TRADES
    assert said["probe_mixed"][1] == Reason.UNDEFINED
    assert said["exact_cells"][1] == Reason.UNDEFINED
    assert said["exact_delta"] == (0.0, Reason.NONE)
    assert np.isnan([said[name][0] for name in ("probe_sum", "probe_mixed", "exact_cells")]).all()


def test_a_weight_brings_a_measure_into_the_score() -> None:
    rows = book_and_trades()
    with_it = Engine(table(), BOTH).step(rows)
    without = Engine(table()).step(rows)
    assert with_it.names.components == (*without.names.components, "PROBE_LEAN")
    last = with_it.components[-1]
    assert last["weight"].tolist() == [0.0, 0.15, 0.15, 0.35, 0.25, 0.10, 0.5]
    assert last["contribution"].sum() == pytest.approx(with_it.signals["score"][-1], rel=1e-12)
    assert last["contribution"][6] != 0
    for name in ("value", "effective_weight", "last_good", "reason"):
        np.testing.assert_array_equal(last[name][:6], without.components[-1][name])
    final = with_it.signals["kind"] == 1
    lean = with_it.names.measures.index("probe_lean")
    np.testing.assert_array_equal(with_it.components["value"][final, 6], with_it.measures["value"][:, lean])


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_cut_anywhere(seed: int, reload: bool) -> None:
    listed = table(BookSource.L3, BookSource.L2, BookSource.L3, BookSource.BBO)
    rows = wild(seed, ROWS, listed)
    whole = joined([Engine(listed, BOTH).step(rows)])
    cuts = sorted(np.random.default_rng(seed).choice(np.arange(1, ROWS), ROWS // 40, replace=False).tolist())
    engine, outputs = Engine(listed, BOTH), []
    for start, stop in zip([0, *cuts], [*cuts, ROWS], strict=True):
        outputs.append(engine.step(part(rows, start, stop)))
        if reload:
            stored = engine.dump()
            engine = Engine(listed, BOTH)
            engine.load(stored)
    assert joined(outputs) == whole


def test_more_instruments_than_there_was_room_for() -> None:
    listed = table(*[BookSource.L3] * 40)
    rows = wild(3, ROWS, listed)
    whole = joined([Engine(listed, BOTH).step(rows)])
    engine = Engine(listed, BOTH)
    assert joined([engine.step(part(rows, r, r + 1)) for r in range(ROWS)]) == whole


def test_a_measure_may_come_and_go_but_not_change_its_meaning() -> None:
    listed = table()
    engine = Engine(listed, BOTH)
    engine.step(book_and_trades())
    stored = engine.dump()

    only = EngineSettings(panel=PanelSettings((active(EXACT), active(replace(PROBE, name="newer")))))
    other = Engine(listed, only)
    other.load(stored)
    outputs = other.step(events(trade(1, 101, 1, event_ns=T + 3 * SECOND), trade(1, 101, 1, event_ns=T + 4 * SECOND)))
    assert cells(outputs, 0)["exact_delta"] == 9
    assert cells(outputs, 1)["newer_trades"] == 1  # from nothing

    changed = EngineSettings(panel=PanelSettings((active(PROBE, factor=3.0),)))
    with pytest.raises(StateError, match=r"measure probe: was stored with factor .* \(now 3.0\)"):
        Engine(listed, changed).load(stored)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: active(PROBE, factor=10.0), r"measures\.probe\.factor: 10.0, must be in \[0.0, 9.0\]"),
        (lambda: active(PROBE, full=1.5), r"measures\.probe\.full: 1.5, must be a whole number of groups"),
        (lambda: active(PROBE, other=1.0), r"measures\.probe\.other: no such parameter; it has factor, full"),
        (lambda: active(PROBE, {"sum": 1.0}), r"weight of probe_sum: 1.0, must be 0"),
        (lambda: active(PROBE, {"lean": -1.0}), r"weight of probe_lean: -1.0, must be >= 0"),
        (lambda: active(PROBE, {"none": 1.0}), r"weight of probe: no output none"),
        (lambda: PanelSettings((active(PROBE), active(PROBE))), r"each name must be there once"),
        (lambda: replace(PROBE, name="Two words"), r"'Two words', must be a lower-case identifier"),
        (lambda: replace(PROBE, outputs=tuple(number(f"n{k}") for k in range(17))), r"outputs: 17, must be in"),
        (lambda: replace(EXACT, update=tell), r"exact.update: given, must be None"),
        (lambda: replace(PROBE, state=np.dtype([("x", "u1"), ("y", "i8")])), r"probe.state: not aligned"),
        (lambda: replace(PROBE, state=np.dtype([("sum", "i8")], align=True)), r"probe: field 'sum', must not be"),
        (lambda: replace(EXACT, outputs=(Output("a", "a", "1", component=True),)), r"a component must lie in"),
        (lambda: replace(EXACT, parameters=(Parameter("p", "s", 1, 2, 3, "-"),)), r"exact.p: 1, must be in \[2, 3\] s"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused(build, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build()


def test_a_measure_without_parameters_or_state_has_empty_records() -> None:
    assert isinstance(EXACT, Measure)
    assert (EXACT.state, EXACT.parameters_dtype, EXACT.order) == (EMPTY, EMPTY, Order.COMMUTATIVE)
