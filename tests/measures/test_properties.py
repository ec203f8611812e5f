"""What every measure in the registry promises, ours and a user's alike."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from equipoise.processors.engine import Engine
from equipoise.processors.measures.measure import Measure, Order
from equipoise.processors.measures.registry import OURS
from equipoise.schemas.enums import BookSource
from tests.measures.market import market, mirrored, only, scaled, swapped_trades
from tests.measures.runs import plain, run, settings, values
from tests.processors.rows import joined, part, table

each = pytest.mark.parametrize("measure", OURS, ids=lambda measure: measure.name)
STEPS = 400 if os.environ.get("NUMBA_DISABLE_JIT") else 3000


def numbers(found: dict[int, np.ndarray]) -> np.ndarray:
    return np.array([row["value"] for row in found.values()])


@each
def test_every_output_has_a_value_within_its_range_or_a_reason(measure: Measure) -> None:
    found = values(plain(STEPS)[1], measure)
    assert len(found) > 20
    for k, output in enumerate(measure.outputs):
        of_windows = np.array([row["value"][k] for row in found.values()])
        reasons = np.array([row["reason"][k] for row in found.values()])
        known = ~np.isnan(of_windows)
        np.testing.assert_array_equal(known, reasons == 0)
        assert known.any(), f"{output.name} never had a value: {set(reasons.tolist())}"
        assert (of_windows[known] >= output.low).all(), output.name
        assert (of_windows[known] <= output.high).all(), output.name


@pytest.mark.parametrize("reload", [False, True])
def test_cut_anywhere(reload: bool) -> None:
    listed = table(BookSource.L2, BookSource.L2)
    events = market(2, STEPS // 2, late_ms=300)
    whole = joined([Engine(listed, settings(weigh=True)).step(events)])
    cuts = sorted(np.random.default_rng(0).choice(np.arange(1, len(events.price)), 30, replace=False).tolist())
    engine, outputs = Engine(listed, settings(weigh=True)), []
    for start, stop in zip([0, *cuts], [*cuts, len(events.price)], strict=True):
        outputs.append(engine.step(part(events, start, stop)))
        if reload:
            stored = engine.dump()
            engine = Engine(listed, settings(weigh=True))
            engine.load(stored)
    assert joined(outputs) == whole


@each
def test_asking_changes_nothing(measure: Measure) -> None:
    events, without = plain(STEPS)
    asked = run(events, settings(weigh=True))
    np.testing.assert_array_equal(numbers(values(asked, measure)), numbers(values(without, measure)))


@each
def test_other_instruments_change_nothing(measure: Measure) -> None:
    events, both = plain(STEPS)
    own, alone = values(both, measure), values(run(only(events, 0), settings()), measure)
    common = sorted(own.keys() & alone.keys())
    assert len(common) >= len(alone) - 1 > 20
    for start in common:
        np.testing.assert_array_equal(own[start]["value"], alone[start]["value"])


@each
def test_swapped_sides_negate_or_mirror(measure: Measure) -> None:
    events, outputs = plain(STEPS)
    straight, swapped = values(outputs, measure), values(run(mirrored(events), settings()), measure)
    places = {output.name: k for k, output in enumerate(measure.outputs)}
    claimed = [output for output in measure.outputs if output.sign]
    for output in claimed:
        here = numbers(straight)[:, places[output.name]]
        there = numbers(swapped)[:, places[output.mirror or output.name]]
        np.testing.assert_allclose(there, output.sign * here, rtol=1e-9, atol=1e-12, err_msg=output.name)


@each
def test_quantities_times_two_scale_as_said(measure: Measure) -> None:
    events, outputs = plain(STEPS)
    once, twice = values(outputs, measure), values(run(scaled(events, 2), settings(lots=2)), measure)
    for k, output in enumerate(measure.outputs):
        expected = numbers(once)[:, k] * 2.0**output.quantity_power
        np.testing.assert_allclose(numbers(twice)[:, k], expected, rtol=1e-12, atol=1e-15, err_msg=output.name)


@pytest.mark.parametrize(
    "measure", [m for m in OURS if m.order is Order.COMMUTATIVE], ids=lambda measure: measure.name
)  # fmt: skip
def test_commutative_measures_do_not_see_the_order_of_arrival(measure: Measure) -> None:
    events = market(3, STEPS, late_ms=400)
    one, other = (values(run(rows, settings()), measure) for rows in (events, swapped_trades(events, 1)))
    assert one.keys() == other.keys()
    for start, row in one.items():
        for field in ("value", "reason"):
            np.testing.assert_array_equal(row[field], other[start][field])
    assert run(events, settings()).windows["revision"].max() > 0


def everything() -> dict[str, list[str]]:
    outputs = run(market(4, 150), settings(weigh=True))
    return {name: [float(x).hex() for x in outputs.measures["value"][:, k]] for k, name in enumerate(outputs.names[1])}


@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="compares both, once")
def test_the_same_bits_with_the_jit_off() -> None:
    code = "import json; from tests.measures.test_properties import everything; print(json.dumps(everything()))"
    off = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=off, capture_output=True, text=True, check=True)
    uncompiled = json.loads(done.stdout)
    assert uncompiled == everything()
    assert len(uncompiled) == sum(len(measure.outputs) for measure in OURS)
