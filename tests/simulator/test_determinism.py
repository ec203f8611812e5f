import os
import subprocess
import sys

import pytest

from equipoise.streams.simulator import BurstSettings, FlowSettings, SimulatorSettings, default_markets
from equipoise.streams.simulator.variates import exp2_negative, exponential, natural_log

from .runs import digest, simulate

# Of 12 s of the default markets with seed 7. Changes only when the simulated market is changed on purpose.
GOLDEN = "77d788ab5f1a55ff78820b9701d975e7452912e32d2714108a19acb2a8171ce6"
# Of 0.4 s of them, short enough for kernels that are not compiled.
GOLDEN_SHORT = "cf6e9e9fe329b7f5fa90babfd5e6352157365ccde42b2ec0513091fddbc820cb"


def test_golden_digest():
    assert digest(simulate(12, default_markets(), seed=7)) == GOLDEN


@pytest.mark.slow
def test_golden_digest_without_a_compiler_and_on_a_generic_processor():
    code = (
        "from tests.simulator.runs import digest, simulate\n"
        "from equipoise.streams.simulator import default_markets\n"
        "print(digest(simulate(0.4, default_markets(), seed=7, rate=1_000)))"
    )
    for change in ({"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}):
        run = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **change}, capture_output=True, text=True, check=False
        )
        assert run.stdout.strip() == GOLDEN_SHORT, run.stderr


def test_same_seed_same_bytes_and_another_seed_others():
    first, again, other = (simulate(3, default_markets(), seed=s) for s in (5, 5, 6))
    assert digest(first) == digest(again)
    assert digest(first) != digest(other)


@pytest.mark.parametrize("chunk_ms", [3, 333, 10_000])
def test_the_cut_into_chunks_does_not_change_a_byte(chunk_ms):
    cut = simulate(6.5, default_markets(), chunk_ms=chunk_ms, seed=11)
    assert digest(cut) == digest(simulate(6.5, default_markets(), seed=11))


def test_our_functions_are_accurate():
    from math import exp, log

    for i in range(2_000):
        x = i / 37.0
        assert exp2_negative(x) == pytest.approx(exp(-x * log(2)), rel=1e-13)
        y = (i + 1) / 2_000.0
        assert natural_log(y) == pytest.approx(log(y), abs=1e-14)
    assert natural_log(2.0**-53) == pytest.approx(-53 * log(2), rel=1e-14)
    assert exponential(0) == 0.0
    assert 36 < exponential(2**63 - 1) < 38


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"seed": -1}, "seed is -1"),
        ({"rate": 0}, "rate is 0"),
        ({"chunk_ms": 0}, "chunk_ms is 0"),
        ({"start_ns": 0}, "start_ns is 0"),
        ({"instruments": ()}, "number of instruments is 0"),
        ({"instruments": default_markets()[:1] * 2}, "SIM:BTC-USD is named more than once"),
    ],
)
def test_bad_settings_are_named(change, name):
    with pytest.raises(ValueError, match=name):
        SimulatorSettings(**change)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (
            lambda: FlowSettings(self_excitation=0.9, cross_excitation=0.2),
            r"self_excitation \+ cross_excitation is 1.1",
        ),
        (lambda: FlowSettings(cross_excitation=-0.1), "cross_excitation is -0.1"),
        (lambda: FlowSettings(excitation_half_life_ms=0), "excitation_half_life_ms is 0"),
        (lambda: FlowSettings(private_share=2), "private_share is 2"),
        (lambda: BurstSettings(first_ms=(9, 3)), r"first_ms\[1\] is 3"),
        (lambda: BurstSettings(jump_ppm=(0, 3)), r"jump_ppm\[0\] is 0"),
        (lambda: BurstSettings(jump_ppm=(1, 200_000)), r"jump_ppm\[1\] is 200000"),
        (lambda: BurstSettings(every_ms=(4_000, 9_000)), "lasts_ms"),
    ],
)
def test_bad_flow_and_bursts_are_named(make, name):
    with pytest.raises(ValueError, match=name):
        make()
